/* POST /login, POST /logout, GET /session, GET /site.
 *
 * Pitfall: neither the reply nor its time may show whether the address is unknown or the password is wrong (R48): both
 * are counted alike, cost the same hashes, and take the same path out. */
#include <string.h>

#include "web/http/page.h"
#include "web/session.h"
#include "web/throttle.h"
#include "account.h"
#include "routes.h"

/* Replaces a stored hash that is cheaper than the setting, while the password is available (R47). */
static void hash_upgrade(struct call *c, const struct field *password)
{
    char hash[PASSWORD_HASH_MAX];
    enum err e;

    if (!password_needs_rehash(c->user.password_hash, c->app->conf->password_cost))
        return;
    call_phase(c, PHASE_HASH);
    e = password_hash(password->text, password->n, c->app->conf->password_cost, hash);
    call_phase(c, PHASE_DATABASE);
    if (e == OK)
        e = store_user_set_hash(c->app->store, c->user.id, c->user.password_hash, hash);
    if (e == OK)
        memcpy(c->user.password_hash, hash, sizeof(hash)); /* the session is begun for this one */
    explicit_bzero(hash, sizeof(hash));
    account_event(c, e == OK ? "hash_upgraded" : "hash_upgrade_failed", c->user.id);
}

/* Checks the password of email, which may be unknown. OK: c->user is filled. ERR_DENIED: unknown, wrong or disabled. */
static enum err user_check(struct call *c, const char *email, const struct field *password)
{
    struct store_user user = {.id = 0};
    struct password_costs costs;
    enum err found = ERR_NOT_FOUND, e;

    call_phase(c, PHASE_DATABASE);
    if (email[0] != '\0')
        found = store_user_by_email(c->app->store, email, &user);
    if (found != OK && found != ERR_NOT_FOUND)
        return found;
    e = store_user_costs(c->app->store, &costs);
    if (e != OK)
        return e;
    call_phase(c, PHASE_HASH);
    e = password_verify_alike(password->text, password->n, found == OK ? user.password_hash : NULL, &costs,
                              c->app->conf->password_cost);
    if (e == ERR_FORMAT || e == ERR_LIMIT || e == ERR_RANGE) /* what could never be a password is a wrong one */
        e = ERR_DENIED;
    if (e == OK && (found != OK || user.disabled))
        e = ERR_DENIED;
    if (e == OK)
        c->user = user;
    explicit_bzero(&user, sizeof(user));
    return e;
}

void api_login(struct call *c)
{
    struct json *v = NULL;
    struct field f[] = {{.name = "email"}, {.name = "password"}};
    char email[STORE_EMAIL_MAX + 1] = "";
    struct throttle t;
    enum err e;

    if (!fields_read(c, &v, f, 2))
        goto out;
    if (store_email_normalise(f[0].text, f[0].n, email) != OK)
        email[0] = '\0'; /* nobody has it */
    if (!throttle_enter(c, email[0] != '\0' ? email : f[0].text, &t))
        goto out;
    e = user_check(c, email, &f[1]);
    if (e == OK) {
        throttle_passed(c, &t);
        hash_upgrade(c, &f[1]);
        account_event(c, "login_ok", c->user.id);
        account_session_begin(c, 200);
    } else if (e == ERR_DENIED) {
        account_event(c, "login_failed", 0);
        if (throttle_failed(c, &t))
            call_problem(c, PROBLEM_WRONG_LOGIN, "Check both, then try again.");
    } else {
        call_store_failed(c, "login", e);
    }
out:
    json_free(v);
}

void api_logout(struct call *c)
{
    char cookie[SESSION_COOKIE_MAX];
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_session_end(c->app->store, c->session_hash);
    if (e != OK) {
        call_store_failed(c, "session_end", e);
        return;
    }
    account_event(c, "logged_out", c->user.id);
    session_cookie_clear(c->origin, cookie);
    if (request_wants_html(c->req))
        page_go(c->app->reply, c->req, PAGE_SIGNED_OUT);
    else
        reply_empty(c->app->reply, 204);
    reply_header(c->app->reply, "Set-Cookie", cookie);
}

void api_session(struct call *c)
{
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, account_user_json(&c->user));
}

/* What the page asks before anybody is logged in. */
void api_site(struct call *c)
{
    struct json *v = json_new_object();

    json_set_str(v, "sign_up", c->app->conf->sign_up);
    json_set_int(v, "password_min_length", c->app->conf->password_min_length);
    json_set_bool(v, "mail", account_mail_on(c->app->conf));
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, v);
}
