/* Shared by the account handlers: passwords, the session that a login begins, log lines. */
#include "account.h"

#include <string.h>

#include "base/log.h"
#include "store/store_mail.h"
#include "web/http/page.h"
#include "web/session.h"
#include "web/throttle.h"

void account_event_of(const struct call *c, const char *event, const char *key, int64_t number)
{
    struct log_line l;

    log_begin(&l, LOG_INFO, event);
    log_str(&l, "id", c->req->id);
    log_str(&l, "address", c->req->address);
    if (c->user.id != 0 && strcmp(key, "user") != 0)
        log_int(&l, "user", c->user.id);
    if (number != 0)
        log_int(&l, key, number);
    log_end(&l);
}

void account_event(const struct call *c, const char *event, int64_t user_id)
{
    account_event_of(c, event, "user", user_id);
}

bool account_mail_on(const struct conf *conf)
{
    return conf->mail_command[0] != '\0';
}

bool account_address(struct call *c, const struct field *f, char email[STORE_EMAIL_MAX + 1])
{
    if (store_email_normalise(f->text, f->n, email) == OK)
        return true;
    call_problem(c, PROBLEM_BAD_ADDRESS,
                 "Enter an address such as you@example.org: letters without accents, up to 254 characters.");
    return false;
}

bool account_new_password(struct call *c, const struct field *f, const char *email)
{
    struct why why = {""};
    enum err e = password_check_new(f->text, f->n, c->app->conf->password_min_length, email, &why);

    if (e == ERR_NOMEM)
        call_store_failed(c, "password_check", e);
    else if (e != OK)
        call_problem(c, PROBLEM_BAD_PASSWORD, why.text[0] != '\0' ? why.text : "Choose another password.");
    return e == OK;
}

bool account_hash(struct call *c, const struct field *password, char hash[PASSWORD_HASH_MAX])
{
    enum err e;

    call_phase(c, PHASE_HASH);
    e = password_hash(password->text, password->n, c->app->conf->password_cost, hash);
    if (e != OK)
        call_store_failed(c, "password_hash", e);
    call_phase(c, PHASE_DATABASE);
    return e == OK;
}

bool account_current_password(struct call *c, const struct field *f)
{
    struct store_user user = {.id = 0};
    struct throttle t;
    enum err e;

    if (!throttle_enter(c, c->user.email, &t))
        return false;
    e = store_user_by_id(c->app->store, c->user.id, &user);
    if (e == OK) {
        call_phase(c, PHASE_HASH);
        e = password_verify(f->text, f->n, user.password_hash, c->app->conf->password_cost);
        if (e == ERR_FORMAT || e == ERR_LIMIT || e == ERR_RANGE)
            e = ERR_DENIED;
        call_phase(c, PHASE_DATABASE);
    }
    if (e == OK)
        memcpy(c->user.password_hash, user.password_hash, sizeof(user.password_hash));
    explicit_bzero(&user, sizeof(user));
    if (e == OK) {
        throttle_passed(c, &t);
    } else if (e == ERR_DENIED) {
        account_event(c, "password_wrong", c->user.id);
        if (throttle_failed(c, &t))
            call_problem(c, PROBLEM_WRONG_PASSWORD, "Check it, then try again.");
    } else if (e == ERR_NOT_FOUND) { /* deleted a moment ago */
        call_problem(c, PROBLEM_LOG_IN_FIRST, "Log in, then try again.");
    } else {
        call_store_failed(c, "user_by_id", e);
    }
    return e == OK;
}

/* Ends the browser's old session (ASVS 5.0, 7.2.4). A failure does no harm: the session expires. */
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

/* Remembers the browser as one of this user's devices (R52). If it has a device cookie, the value stays, because it may
 * also be a device of another account. A failure costs only that. */
static void device_remember(struct call *c)
{
    char device[SESSION_TOKEN_CHARS + 1] = "", cookie[SESSION_COOKIE_MAX] = "";
    uint8_t hash[DIGEST_BYTES];
    const char *token;
    size_t n;
    enum err e = session_device_read(c->req->cookie, c->origin, &token, &n);

    if (e == OK)
        memcpy(device, token, n);
    else
        e = session_token_make(device);
    session_token_hash(device, SESSION_TOKEN_CHARS, hash);
    if (e == OK)
        e = store_device_add(c->app->store, hash, c->user.id);
    if (e == OK) {
        session_device_set(c->origin, device, cookie);
        reply_header(c->app->reply, "Set-Cookie", cookie);
    }
    explicit_bzero(device, sizeof(device));
    explicit_bzero(cookie, sizeof(cookie));
}

/* If a password was checked, it must still be the account's: one that was changed meanwhile gets no session. */
static enum err session_add(struct call *c, const uint8_t hash[DIGEST_BYTES])
{
    const struct store_session_rule rule = store_session_rule_of(c->app->conf);
    const char *address = c->req->address, *agent = c->req->user_agent;

    if (c->user.password_hash[0] == '\0')
        return store_session_add(c->app->store, hash, c->user.id, address, agent, &rule);
    return store_session_add_checked(c->app->store, hash, c->user.id, c->user.password_hash, address, agent, &rule);
}

void account_session_begin(struct call *c, int status)
{
    char token[SESSION_TOKEN_CHARS + 1] = "", cookie[SESSION_COOKIE_MAX] = "";
    uint8_t hash[DIGEST_BYTES];
    enum err e;

    call_phase(c, PHASE_DATABASE);
    old_session_end(c);
    e = session_token_make(token);
    if (e == OK) {
        session_token_hash(token, SESSION_TOKEN_CHARS, hash);
        e = session_add(c, hash);
    }
    if (e == OK) {
        session_cookie_set(c->origin, token, cookie);
        if (request_wants_html(c->req)) {
            page_go(c->app->reply, c->req, PAGE_SIGNED_IN);
            reply_header(c->app->reply, "Set-Cookie", cookie);
            device_remember(c);
        } else {
            reply_status(c->app->reply, status);
            reply_header(c->app->reply, "Set-Cookie", cookie);
            device_remember(c);
            reply_json(c->app->reply, account_user_json(&c->user));
        }
    } else if (e == ERR_NOT_FOUND) {
        call_problem(c, PROBLEM_LOG_IN_FIRST, "The account has just been changed. Log in, then try again.");
    } else {
        call_store_log(c, "session_add", e);
        call_store_problem(c, e, "You could not be logged in just now. Try logging in later.");
    }
    explicit_bzero(token, sizeof(token));
    explicit_bzero(cookie, sizeof(cookie));
}
