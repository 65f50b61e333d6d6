/* digitctl token add|list|revoke. A token is shown once, when it is made: only its hash is stored. */
#include <stdio.h>
#include <string.h>

#include "ctl_parts.h"

enum { TOKEN_DAYS = 90, SCOPES_TEXT_MAX = 64 };

/* "classify,history" -> STORE_SCOPE_... or-ed; 0 if it is empty or contains an unknown name. */
static int scopes_read(const char *text)
{
    int scopes = 0;

    for (size_t n;; text += n + 1) {
        char name[16] = "";
        int scope;

        n = strcspn(text, ",");
        if (n < sizeof(name))
            memcpy(name, text, n);
        scope = store_scope_of(name);
        if (scope == 0)
            return 0;
        scopes |= scope;
        if (text[n] == '\0')
            return scopes;
    }
}

static const char *scopes_text(int scopes, char out[SCOPES_TEXT_MAX])
{
    const char *name;
    size_t n = 0;
    int scope;

    out[0] = '\0';
    for (int i = 0; (name = store_scope_name(i, &scope)) != NULL; i++)
        if ((scopes & scope) != 0)
            n += (size_t)snprintf(out + n, SCOPES_TEXT_MAX - n, "%s%s", n > 0 ? "," : "", name);
    return out;
}

static void token_set(struct json *v, const struct store_token *row)
{
    struct json *scopes;
    const char *name;
    int scope;

    json_set_int(v, "id", row->id);
    json_set_str(v, "name", row->name);
    scopes = json_set_array(v, "scopes");
    for (int i = 0; (name = store_scope_name(i, &scope)) != NULL; i++)
        if ((row->scopes & scope) != 0)
            json_add_str(scopes, name);
    json_set_time(v, "created_at", row->created_at_s);
    json_set_time(v, "expires_at", row->expires_at_s);
    json_set_time(v, "last_used_at", row->last_used_at_s);
}

static enum ctl_status token_show(const struct ctl *c, const struct store_token *row, const char *secret)
{
    char ends[TIME_CHARS_MAX], scopes[SCOPES_TEXT_MAX];
    struct json *v;

    if (!c->opt.json) {
        ctl_say("%s", secret);
        ctl_note("token %lld, \"%s\" of %s: scope %s, expires %s; it is shown only once", (long long)row->id, row->name,
                 c->user.email, scopes_text(row->scopes, scopes), ctl_time(row->expires_at_s, ends));
        return CTL_DONE;
    }
    v = json_new_object();
    token_set(json_set_object(v, "token"), row);
    json_set_str(v, "secret", secret);
    return ctl_print(v);
}

enum ctl_status ctl_token_add(struct ctl *c)
{
    const char *name = c->opt.name == NULL ? "" : c->opt.name;
    int scopes = scopes_read(c->opt.scope == NULL ? "classify" : c->opt.scope);
    char secret[SECRET_TOKEN_CHARS + 1] = "";
    uint8_t hash[DIGEST_BYTES];
    struct store_token row;
    enum ctl_status status;
    enum err e;

    if (strspn(name, " \t") == strlen(name) || strlen(name) > STORE_NAME_MAX)
        return ctl_fail(CTL_USAGE, "token add needs --name, a name of up to %d bytes such as \"backup script\"",
                        STORE_NAME_MAX);
    if (scopes == 0)
        return ctl_fail(CTL_USAGE, "--scope must be classify, history or classify,history");
    e = secret_token_make(secret);
    if (e == OK) {
        digest_sha256(secret, SECRET_TOKEN_CHARS, hash);
        e = store_token_add(c->store, hash, c->user.id, name, scopes, ctl_days_end(c->opt.days, TOKEN_DAYS), &row);
    }
    if (e == OK)
        status = token_show(c, &row, secret);
    else if (e == ERR_LIMIT)
        status =
            ctl_fail(CTL_FAILED, "%s already has %d tokens: revoke one first", c->user.email, STORE_TOKENS_PER_USER);
    else
        status = ctl_fail_err(e, "the token", NULL);
    explicit_bzero(secret, sizeof(secret));
    return status;
}

static bool token_row(const struct store_token *row, void *ctx)
{
    struct listing *l = ctx;
    char ends[TIME_CHARS_MAX], used[TIME_CHARS_MAX], scopes[SCOPES_TEXT_MAX];
    struct json *v;

    if (!l->json) {
        ctl_say("%-7lld %-16s expires %-20s  last used %-20s  %s", (long long)row->id, scopes_text(row->scopes, scopes),
                ctl_time(row->expires_at_s, ends), ctl_time(row->last_used_at_s, used), row->name);
        return true;
    }
    v = json_new_object();
    token_set(v, row);
    return listing_print(l, v);
}

enum ctl_status ctl_token_list(struct ctl *c)
{
    struct listing l = {.json = c->opt.json, .status = CTL_DONE};

    return listing_end(&l, store_token_each(c->store, c->user.id, token_row, &l), "the tokens");
}

enum ctl_status ctl_token_revoke(struct ctl *c)
{
    int64_t id;
    enum err e;

    if (!ctl_id_read(c->arg[1], &id))
        return ctl_fail(CTL_USAGE, "\"%.40s\" is not a token number; `token list` shows them", c->arg[1]);
    e = store_token_revoke(c->store, c->user.id, id);
    if (e == ERR_NOT_FOUND)
        return ctl_fail(CTL_NOT_FOUND, "%s has no token %lld", c->user.email, (long long)id);
    if (e != OK)
        return ctl_fail_err(e, "the token", NULL);
    if (c->opt.json) {
        struct json *v = json_new_object();

        json_set_int(v, "revoked", id);
        return ctl_print(v);
    }
    ctl_say("token %lld of %s was revoked", (long long)id, c->user.email);
    return CTL_DONE;
}
