/* POST /signup, /login, /logout; GET /session.
 *
 * Traps: log-in must not tell an unknown address from a wrong password, not by its reply and not by its time (R48):
 * both cost one hash and leave by one door. The body, which holds the password, is wiped by the dispatcher, and what
 * the JSON library allocates, by base/json. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../base/log.h"
#include "call.h"
#include "session.h"

enum { JSON_DEPTH_MAX = 16 };

/* What sign-up and log-in are sent; borrowed from the JSON. */
struct credentials {
    const char *email, *password;
    size_t email_n, password_n;
};

static bool only_known(const char *key, struct json *value, void *ctx)
{
    (void)value;
    if (strcmp(key, "email") != 0 && strcmp(key, "password") != 0)
        *(bool *)ctx = false;
    return *(bool *)ctx;
}

/* Reads {"email","password"}, and nothing else: a misspelt member is told, not ignored. false: it has replied. *v is
 * the caller's to free in any case. */
static bool credentials_read(struct call *c, struct json **v, struct credentials *in)
{
    struct why why = {""};
    char detail[sizeof(why.text) + 64];
    bool known = true;
    enum err e = json_parse(v, (const char *)c->req->body, c->req->length, JSON_DEPTH_MAX, &why);

    if (e == ERR_NOMEM) {
        call_problem(c, PROBLEM_UNAVAILABLE, "Try again later.");
        return false;
    }
    if (e != OK) {
        (void)snprintf(detail, sizeof(detail), "The body cannot be read as JSON: %s.", why.text);
        call_problem(c, PROBLEM_BAD_JSON, detail);
        return false;
    }
    in->email = json_get_str(*v, "email", &in->email_n);
    in->password = json_get_str(*v, "password", &in->password_n);
    json_each(*v, only_known, &known);
    if (!json_is_object(*v) || in->email == NULL || in->password == NULL || !known) {
        call_problem(c, PROBLEM_BAD_FIELDS,
                     "Send an object with the members \"email\" and \"password\", both strings, and no others.");
        return false;
    }
    return true;
}

/* {"user":{...}}, taken over by reply_json. */
static struct json *user_json(const struct store_user *user)
{
    struct json *v = json_new_object(), *u = json_set_object(v, "user");
    time_t t = (time_t)user->created_at_s;
    struct tm utc;
    char created[32] = "";

    if (gmtime_r(&t, &utc) != NULL)
        (void)strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &utc); /* RFC 3339 */
    json_set_int(u, "id", user->id);
    json_set_str(u, "email", user->email);
    json_set_str(u, "created_at", created);
    return v;
}

static void account_event(const struct call *c, const char *event, int64_t user_id)
{
    struct log_line l;

    log_begin(&l, LOG_INFO, event);
    log_str(&l, "id", c->req->id);
    log_str(&l, "address", c->req->address);
    if (user_id != 0)
        log_int(&l, "user", user_id);
    log_end(&l);
}

/* The session that the browser had until now ends (ASVS 5.0, 7.2.4). A failure costs nothing: it expires. */
static void old_session_end(struct call *c)
{
    const char *token;
    uint8_t hash[DIGEST_BYTES];
    size_t n;

    if (session_cookie_read(c->req->cookie, c->origin, &token, &n) != OK)
        return;
    session_token_hash(token, n, hash);
    (void)store_session_end(c->app->store, hash);
}

/* A new session for c->user, and the reply that carries it. */
static void session_begin(struct call *c, int status)
{
    const struct store_session_rule rule = session_rule(c->app->conf);
    char token[SESSION_TOKEN_CHARS + 1] = "", cookie[SESSION_COOKIE_MAX] = "";
    uint8_t hash[DIGEST_BYTES];
    enum err e;

    call_phase(c, PHASE_DATABASE);
    old_session_end(c);
    e = session_token_make(token);
    if (e == OK) {
        session_token_hash(token, SESSION_TOKEN_CHARS, hash);
        e = store_session_add(c->app->store, hash, c->user.id, c->req->address, c->req->user_agent, &rule);
    }
    if (e != OK) {
        call_store_failed(c, "session_add", e);
        goto out;
    }
    session_cookie_set(c->origin, token, cookie);
    reply_status(c->app->reply, status);
    reply_header(c->app->reply, "Set-Cookie", cookie);
    reply_json(c->app->reply, user_json(&c->user));
out:
    explicit_bzero(token, sizeof(token));
    explicit_bzero(cookie, sizeof(cookie));
}

/* Looks the address up, so that a taken one costs no hash; the UNIQUE column decides in the end (R54). */
static bool address_is_free(struct call *c, const char *email)
{
    struct store_user user;
    enum err e;

    call_phase(c, PHASE_DATABASE);
    e = store_user_by_email(c->app->store, email, &user);
    explicit_bzero(&user, sizeof(user));
    if (e == OK)
        call_problem(c, PROBLEM_ADDRESS_TAKEN, "Log in with it, or sign up with another one.");
    else if (e != ERR_NOT_FOUND)
        call_store_failed(c, "user_by_email", e);
    return e == ERR_NOT_FOUND;
}

static void user_add(struct call *c, const char *email, const struct credentials *in)
{
    char hash[PASSWORD_HASH_MAX];
    enum err e;

    call_phase(c, PHASE_HASH);
    e = password_hash(in->password, in->password_n, c->app->conf->password_cost, hash);
    if (e != OK) {
        call_store_failed(c, "password_hash", e);
        return;
    }
    call_phase(c, PHASE_DATABASE);
    e = store_user_add(c->app->store, email, hash, &c->user);
    explicit_bzero(hash, sizeof(hash));
    if (e == ERR_EXISTS) {
        call_problem(c, PROBLEM_ADDRESS_TAKEN, "Log in with it, or sign up with another one.");
        return;
    }
    if (e != OK) {
        call_store_failed(c, "user_add", e);
        return;
    }
    account_event(c, "signed_up", c->user.id);
    session_begin(c, 201);
}

void api_signup(struct call *c)
{
    struct json *v = NULL;
    struct credentials in;
    struct why why = {""};
    char email[STORE_EMAIL_MAX + 1];
    enum err e;

    if (strcmp(c->app->conf->sign_up, "open") != 0) {
        call_problem(c, PROBLEM_SIGN_UP_CLOSED, "Ask the people who run this site for an account.");
        return;
    }
    if (!credentials_read(c, &v, &in))
        goto out;
    if (store_email_normalise(in.email, in.email_n, email) != OK) {
        call_problem(c, PROBLEM_BAD_ADDRESS,
                     "Give an address such as you@example.org: plain letters without accents, up to 254 characters.");
        goto out;
    }
    e = password_check_new(in.password, in.password_n, c->app->conf->password_min_length, email, &why);
    if (e == ERR_NOMEM)
        call_store_failed(c, "password_check", e);
    else if (e != OK)
        call_problem(c, PROBLEM_BAD_PASSWORD, why.text[0] != '\0' ? why.text : "Choose another password.");
    if (e != OK)
        goto out;
    if (address_is_free(c, email))
        user_add(c, email, &in);
out:
    json_free(v);
}

/* A stored hash that is cheaper than the setting is made again while the password is at hand (R47). */
static void hash_upgrade(struct call *c, const struct credentials *in)
{
    char hash[PASSWORD_HASH_MAX];
    enum err e;

    if (!password_needs_rehash(c->user.password_hash, c->app->conf->password_cost))
        return;
    call_phase(c, PHASE_HASH);
    e = password_hash(in->password, in->password_n, c->app->conf->password_cost, hash);
    call_phase(c, PHASE_DATABASE);
    if (e == OK)
        e = store_user_set_hash(c->app->store, c->user.id, c->user.password_hash, hash);
    explicit_bzero(hash, sizeof(hash));
    account_event(c, e == OK ? "hash_upgraded" : "hash_upgrade_failed", c->user.id);
}

/* Checks the password of email, which may be unknown. OK: c->user is filled. ERR_DENIED: unknown, wrong or disabled. */
static enum err user_check(struct call *c, const char *email, const struct credentials *in)
{
    struct store_user user = {.id = 0};
    enum err found = ERR_NOT_FOUND, e;

    call_phase(c, PHASE_DATABASE);
    if (email[0] != '\0')
        found = store_user_by_email(c->app->store, email, &user);
    if (found != OK && found != ERR_NOT_FOUND)
        return found;
    call_phase(c, PHASE_HASH);
    e = password_verify(in->password, in->password_n, found == OK ? user.password_hash : NULL,
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
    struct credentials in;
    char email[STORE_EMAIL_MAX + 1] = "";
    enum err e;

    if (!credentials_read(c, &v, &in))
        goto out;
    if (store_email_normalise(in.email, in.email_n, email) != OK)
        email[0] = '\0'; /* nobody has it */
    e = user_check(c, email, &in);
    if (e == OK) {
        hash_upgrade(c, &in);
        account_event(c, "login_ok", c->user.id);
        session_begin(c, 200);
    } else if (e == ERR_DENIED) {
        account_event(c, "login_failed", 0);
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
    reply_empty(c->app->reply, 204);
    reply_header(c->app->reply, "Set-Cookie", cookie);
}

void api_session(struct call *c)
{
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, user_json(&c->user));
}
