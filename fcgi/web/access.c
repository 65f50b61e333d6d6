/* Who sent the request. With `Authorization: Bearer` only the token counts and cookies are ignored, so that a request
 * never has two owners. Other schemes are for a server in front (Basic, if nginx asks for a password) and mean nothing
 * here. */
#include "access.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/store_account.h"
#include "route.h"
#include "session.h"
#include "token.h"

/* RFC 9110 section 11.6.1, RFC 6750 section 3: what would be accepted instead. reply_problem has named the cookie with
 * a 401. */
static void challenge(struct call *c, const char *bearer)
{
    reply_header(c->app->reply, "WWW-Authenticate", bearer);
}

static void log_refused(const struct call *c, const char *why)
{
    struct log_line l;

    log_begin(&l, LOG_WARN, "token_refused");
    log_str(&l, "id", c->req->id);
    log_str(&l, "address", c->req->address);
    log_str(&l, "why", why);
    if (c->token_id != 0)
        log_int(&l, "token", c->token_id);
    log_end(&l);
}

/* Replies; false. */
static bool refuse_scope(struct call *c, const char *sentence)
{
    log_refused(c, "scope");
    call_problem(c, PROBLEM_TOKEN_SCOPE, sentence);
    challenge(c, "Bearer realm=\"digitd\", error=\"insufficient_scope\"");
    return false;
}

bool access_scope(struct call *c, int scope, const char *sentence)
{
    if (c->token_id == 0 || (scope & ~c->token_scopes) == 0)
        return true;
    return refuse_scope(c, sentence);
}

static bool access_token(struct call *c)
{
    struct store_token row = {.id = 0};
    uint8_t hash[DIGEST_BYTES];
    const char *token;
    enum err e = token_read(c->req->authorization, &token);

    if (e == OK) {
        session_token_hash(token, TOKEN_CHARS, hash);
        call_phase(c, PHASE_DATABASE);
        e = store_token_user(c->app->store, hash, &c->user, &row);
        call_phase(c, PHASE_READ);
    }
    if (e == ERR_FORMAT || e == ERR_NOT_FOUND) {
        log_refused(c, "unknown");
        call_problem(c, PROBLEM_BAD_TOKEN, "It is unknown, revoked or expired. Create a new one on the Account page.");
        challenge(c, "Bearer realm=\"digitd\", error=\"invalid_token\"");
        return false;
    }
    if (e != OK) {
        call_store_failed(c, "token", e);
        return false;
    }
    c->token_id = row.id;
    c->token_scopes = row.scopes;
    if (c->route->access == ACCESS_TOKEN)
        return access_scope(c, c->route->scope, "Create a token with the scope this path needs.");
    return refuse_scope(c, "Log in on the page instead; tokens do not work for this path.");
}

static bool access_session(struct call *c)
{
    const struct store_session_rule rule = store_session_rule_of(c->app->conf);
    const char *token;
    size_t n;
    enum err e = session_cookie_read(c->req->cookie, c->origin, &token, &n);

    if (e == ERR_FORMAT) {
        call_problem(c, PROBLEM_BAD_COOKIE, "Clear the cookies of this site and log in again.");
        return false;
    }
    if (e == OK) {
        session_token_hash(token, n, c->session_hash);
        call_phase(c, PHASE_DATABASE);
        e = store_session_user(c->app->store, c->session_hash, &rule, &c->user);
        call_phase(c, PHASE_READ);
    }
    if (e == ERR_NOT_FOUND) {
        call_problem(c, PROBLEM_LOG_IN_FIRST, "Log in, then try again.");
        if (c->route->access == ACCESS_TOKEN)
            challenge(c, "Bearer realm=\"digitd\"");
    } else if (e != OK) {
        call_store_failed(c, "session", e);
    }
    return e == OK;
}

/* A browser has one session for all of its tabs, so a tab may still show an account that another tab has left (R125).
 * A client that names nobody means whoever it logged in as. */
static bool access_meant(struct call *c)
{
    char id[24];

    (void)snprintf(id, sizeof(id), "%" PRId64, c->user.id);
    if (c->req->account[0] == '\0' || strcmp(c->req->account, id) == 0)
        return true;
    call_problem(c, PROBLEM_OTHER_ACCOUNT, "Nothing was done. Load the page again to see who is logged in.");
    return false;
}

bool access_check(struct call *c)
{
    if (c->route->store && c->app->store == NULL) {
        call_problem(c, PROBLEM_UNAVAILABLE, "Nothing was changed. Try again later.");
        return false;
    }
    if (c->route->access == ACCESS_ANYONE)
        return true;
    return (token_is_bearer(c->req->authorization) ? access_token(c) : access_session(c)) && access_meant(c);
}
