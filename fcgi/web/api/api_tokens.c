/* GET and POST /account/tokens, DELETE /account/tokens/{id}. A token's secret is sent in one reply and stored nowhere.
 */
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "web/session.h"
#include "web/token.h"
#include "account.h"
#include "routes.h"

enum { EXPIRES_DAYS_MAX = 3650, DAY_S = 86400 };

void api_tokens(struct call *c)
{
    struct json *v = json_new_object();
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = account_add_tokens(c, json_set_array(v, "tokens"), NULL);
    if (e != OK) {
        json_free(v);
        call_store_failed(c, "tokens", e);
        return;
    }
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, v);
}

/* The scopes in a list, or-ed; 0 if it is empty or contains an unknown name. */
static int scopes_read(const struct json *list)
{
    int scopes = 0;

    for (size_t i = 0; i < json_len(list); i++) {
        const char *name = json_str(json_at(list, i), NULL);
        int scope = name == NULL ? 0 : store_scope_of(name);

        if (scope == 0)
            return 0;
        scopes |= scope;
    }
    return scopes;
}

static bool is_blank(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return *text == '\0';
}

/* What a token is to be. false: it has replied. */
static bool wish_read(struct call *c, const struct field f[3], int *scopes, int64_t *expires_at_s)
{
    const char *sentence = NULL;

    *scopes = scopes_read(f[1].list);
    if (is_blank(f[0].text) || f[0].n > STORE_NAME_MAX)
        sentence = "Give the token a name of up to 60 bytes, such as \"backup script\".";
    else if (*scopes == 0)
        sentence = "The scopes are one or both of \"classify\" and \"history\".";
    else if (f[2].given && (f[2].number < 1 || f[2].number > EXPIRES_DAYS_MAX))
        sentence = "A token may last 1 to 3650 days, or for ever where expires_in_days is left out.";
    if (sentence != NULL) {
        call_problem(c, PROBLEM_BAD_FIELDS, sentence);
        return false;
    }
    *expires_at_s = f[2].given ? clock_wall_s() + f[2].number * DAY_S : 0;
    return true;
}

static void reply_made(struct call *c, const struct store_token *row, const char *secret)
{
    struct json *v = json_new_object();

    account_set_token(json_set_object(v, "token"), row);
    json_set_str(v, "secret", secret);
    reply_status(c->app->reply, 201);
    reply_json(c->app->reply, v);
}

void api_token_make(struct call *c)
{
    struct json *v = NULL;
    struct field f[] = {{.name = "name"},
                        {.name = "scopes", .kind = FIELD_LIST},
                        {.name = "expires_in_days", .kind = FIELD_NUMBER, .optional = true}};
    struct store_token row = {.id = 0};
    char secret[TOKEN_CHARS + 1] = "";
    uint8_t hash[DIGEST_BYTES];
    int64_t expires_at_s;
    int scopes;
    enum err e;

    if (!fields_read(c, &v, f, 3) || !wish_read(c, f, &scopes, &expires_at_s))
        goto out;
    e = token_make(secret);
    if (e == OK) {
        session_token_hash(secret, TOKEN_CHARS, hash);
        call_phase(c, PHASE_DATABASE);
        e = store_token_add(c->app->store, hash, c->user.id, f[0].text, scopes, expires_at_s, &row);
    }
    if (e == OK) {
        account_event_of(c, "token_made", "token", row.id);
        reply_made(c, &row, secret);
    } else if (e == ERR_LIMIT) {
        call_problem(c, PROBLEM_TOO_MANY_TOKENS, "Revoke one you no longer use.");
    } else {
        call_store_failed(c, "token_add", e);
    }
    explicit_bzero(secret, sizeof(secret));
out:
    json_free(v);
}

void api_token_revoke(struct call *c)
{
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_token_revoke(c->app->store, c->user.id, c->id);
    if (e == ERR_NOT_FOUND) {
        call_problem(c, PROBLEM_NOT_FOUND, "This token has already been revoked.");
        return;
    }
    if (e != OK) {
        call_store_failed(c, "token_revoke", e);
        return;
    }
    account_event_of(c, "token_revoked", "token", c->id);
    reply_empty(c->app->reply, 204);
}
