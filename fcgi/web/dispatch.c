/* The path of every request: read it; check its Host; find its route; check where it comes from, the size and type of
 * its body, and its session or token; read the body. Then the handler, the reply, one log line.
 *
 * Each step returns false if it has replied and the request ends there. */
#include "dispatch.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/http/page.h"
#include "access.h"
#include "ask.h"
#include "call.h"
#include "csrf.h"
#include "route.h"

enum { SLOW_US = 1000000 };

/* A log line about this request that is not its last one. */
static void log_event(const struct call *c, enum log_level level, const char *event, const char *key, const char *value)
{
    struct log_line l;

    log_begin(&l, level, event);
    log_str(&l, "id", c->req->id);
    log_str(&l, "address", c->req->address);
    log_str(&l, key, value);
    log_end(&l);
}

static bool step_read(struct call *c, const struct dispatch_peer *peer)
{
    enum err e = request_read(c->req, peer->param, peer->ctx);

    if (e == ERR_LIMIT)
        call_problem(c, PROBLEM_BAD_REQUEST, "The address or a header of the request is too long.");
    else if (e != OK)
        call_problem(c, PROBLEM_BAD_REQUEST, "The server could not make sense of this request.");
    return e == OK;
}

/* R23. The health pool answers everyone whom nginx lets through: a probe seldom knows the site's name. */
static bool step_host(struct call *c)
{
    if (c->app->pool == POOL_HEALTH)
        return true;
    c->origin = conf_origin_of_host(c->app->conf, c->req->host, strlen(c->req->host));
    if (c->origin != NULL) {
        request_strip_path(c->req, c->origin->path);
        return true;
    }
    log_event(c, LOG_WARN, "host_refused", "not_in_site_url", c->req->host);
    call_problem(
        c, PROBLEM_MISDIRECTED,
        "The Host of the request is not in the setting site_url. If this is your site, add its address there.");
    return false;
}

/* The large pool answers what may hold a picture; and the gate asks the main pool about everything. */
static bool is_served_here(const struct call *c)
{
    const enum pool pool = c->app->pool;

    if (c->req->ask)
        return pool == POOL_MAIN;
    return c->route->pool == pool || (pool == POOL_LARGE && c->route->body == BODY_PICTURES);
}

static bool step_route(struct call *c)
{
    char allow[ROUTE_ALLOW_MAX];
    const char *screen = route_screen(c->app->routes, c->req->path);

    if (screen != NULL && c->req->method == METHOD_GET && request_wants_html(c->req)) {
        page_go(c->app->reply, c->req, screen);
        return false;
    }
    c->route = route_find(c->app->routes, c->req->path, c->req->method, allow, &c->id);
    if (c->route == NULL && allow[0] != '\0') {
        call_problem(c, PROBLEM_METHOD_NOT_ALLOWED, "The Allow header lists the methods it supports.");
        reply_header(c->app->reply, "Allow", allow);
        return false;
    }
    if (c->route != NULL && is_served_here(c))
        return true;
    if (c->route != NULL) /* nginx and the table disagree: a configuration error */
        log_event(c, LOG_ERROR, "wrong_pool", "pool", pool_name(c->app->pool));
    call_problem(c, PROBLEM_NOT_FOUND, "Check the address, or start from the front page.");
    return false;
}

static bool step_csrf(struct call *c)
{
    const char *refusal = csrf_refusal(c->app->conf, c->req, c->route->access == ACCESS_TOKEN);
    struct log_line l;

    if (refusal == NULL)
        return true;
    log_begin(&l, LOG_WARN, "csrf_refused");
    log_str(&l, "id", c->req->id);
    log_str(&l, "address", c->req->address);
    log_str(&l, "origin", c->req->origin);
    log_str(&l, "sec_fetch_site", c->req->sec_fetch_site);
    log_end(&l);
    call_problem(c, PROBLEM_CROSS_SITE, refusal);
    return false;
}

/* The gate asks before it takes a picture: its body, and perhaps its length, are still to come. */
static bool is_ask_without_body(const struct call *c)
{
    return c->req->ask && c->route->body == BODY_PICTURES;
}

/* R16, R17: before anything is read. */
static bool step_length(struct call *c)
{
    char detail[80];

    if (!is_ask_without_body(c) && c->route->body != BODY_NONE && !c->req->has_length) {
        call_problem(c, PROBLEM_LENGTH_REQUIRED, "Send a Content-Length header.");
        return false;
    }
    if (c->req->length > c->route->body_max_bytes) {
        (void)snprintf(detail, sizeof(detail), "A request to this path may carry up to %zu KiB.",
                       c->route->body_max_bytes / 1024);
        call_problem(c, PROBLEM_TOO_LARGE, detail);
        return false;
    }
    return true;
}

/* A form on the page. Every current browser says where a form comes from; a client that does not is not a browser, and
 * should use JSON. */
static bool is_plain_form(const struct call *c)
{
    return c->route->body == BODY_FORM && request_type_is(c->req, REQUEST_FORM_TYPE) &&
           (c->req->origin[0] != '\0' || c->req->sec_fetch_site[0] != '\0');
}

static bool step_type(struct call *c)
{
    const bool json = c->route->body == BODY_JSON || c->route->body == BODY_FORM;

    if (json && !request_type_is(c->req, "application/json") && !is_plain_form(c)) {
        call_problem(c, PROBLEM_UNSUPPORTED_TYPE, "Send application/json.");
        return false;
    }
    if (c->route->body == BODY_PICTURES && !request_type_is(c->req, "multipart/form-data") &&
        !request_type_is(c->req, "image/")) {
        call_problem(c, PROBLEM_UNSUPPORTED_TYPE,
                     "Send multipart/form-data with parts named image, or one picture as it is (image/png ...).");
        return false;
    }
    return true;
}

static bool step_body(struct call *c, const struct dispatch_peer *peer)
{
    enum err e;

    if ((!c->req->has_length && method_is_safe(c->req->method)) || is_ask_without_body(c))
        return true;
    e = peer->read_body(peer->ctx, c->app->body, c->req->length);
    c->req->body = (const uint8_t *)buf_data(c->app->body);
    if (e == ERR_NOMEM)
        call_problem(c, PROBLEM_UNAVAILABLE, "Try again later.");
    else if (e == ERR_LIMIT)
        call_problem(c, PROBLEM_TOO_LARGE, "Send fewer or smaller pictures.");
    else if (e != OK)
        call_problem(c, PROBLEM_BAD_LENGTH, "The number of bytes received differs from Content-Length. Send it again.");
    return e == OK;
}

static void log_ms(struct log_line *l, const struct call *c, const char *key, enum phase phase)
{
    log_int(l, key, c->phase_us[phase] / 1000);
}

/* R3, R87: one line for each request. The path is logged only if there is no route for it. */
static void log_request(const struct call *c, bool sent)
{
    int64_t us = clock_mono_us() - c->began_us;
    int status = reply_status_get(c->app->reply);
    /* Probes come every few seconds; and what is passed on gets its line where it is answered. */
    bool quiet = (c->app->pool == POOL_HEALTH && status < 400) || c->passed_on;
    struct log_line l;

    log_begin(&l, quiet ? LOG_DEBUG : status >= 500 ? LOG_WARN : LOG_INFO, "request");
    log_str(&l, "id", c->req->id);
    log_str(&l, "method", method_name(c->req->method));
    log_str(&l, c->route == NULL ? "path" : "route", c->route == NULL ? c->req->path : c->route->path);
    log_int(&l, "status", status);
    log_int(&l, "ms", us / 1000);
    log_str(&l, "pool", pool_name(c->app->pool));
    if (c->user.id != 0)
        log_int(&l, "user", c->user.id);
    if (c->token_id != 0)
        log_int(&l, "token", c->token_id);
    if (!sent)
        log_str(&l, "gone", "the peer left before the reply");
    if (us > SLOW_US) {
        log_ms(&l, c, "read_ms", PHASE_READ);
        log_ms(&l, c, "decode_ms", PHASE_DECODE);
        log_ms(&l, c, "infer_ms", PHASE_INFER);
        log_ms(&l, c, "database_ms", PHASE_DATABASE);
        log_ms(&l, c, "hash_ms", PHASE_HASH);
        log_ms(&l, c, "reply_ms", PHASE_REPLY);
    }
    log_end(&l);
}

int dispatch_answer(struct app *app, const struct dispatch_peer *peer)
{
    struct request req = {.method = METHOD_OTHER};
    struct call c = {.app = app, .req = &req, .began_us = clock_mono_us()};
    const char *bytes;
    size_t n;
    bool sent;
    int status;

    c.phase_began_us = c.began_us;
    call_phase(&c, PHASE_READ);
    reply_reset(app->reply);
    buf_reset(app->body);
    if (step_read(&c, peer) && step_host(&c) && step_route(&c)) {
        if (app->on_route != NULL)
            app->on_route(app->ctx, c.route->path, req.id);
        if (step_csrf(&c) && step_length(&c) && access_check(&c) && step_type(&c) && step_body(&c, peer)) {
            if (req.ask)
                ask_answer(&c);
            else
                c.route->handler(&c);
        }
    }
    call_phase(&c, PHASE_REPLY);
    reply_account(app->reply, c.user.id);
    if (req.method == METHOD_HEAD)
        reply_drop_body(app->reply);
    bytes = reply_bytes(app->reply, &n);
    sent = peer->write(peer->ctx, bytes, n) == OK;
    bytes = reply_rest(app->reply, &n);
    if (sent && n > 0)
        sent = peer->write(peer->ctx, bytes, n) == OK;
    call_phase(&c, PHASE_IDLE);
    log_request(&c, sent);
    status = c.passed_on ? 0 : reply_status_get(app->reply);
    buf_reset(app->body);
    reply_reset(app->reply);
    explicit_bzero(&c, sizeof(c));
    return status;
}

static const char *peer_param(const void *ctx, const char *name)
{
    return fcgx_param(ctx, name);
}

static enum err peer_read_body(void *ctx, struct buf *out, size_t n)
{
    return fcgx_read_body(ctx, out, n);
}

static enum err peer_write(void *ctx, const void *bytes, size_t n)
{
    return fcgx_write(ctx, bytes, n);
}

int dispatch_serve(struct app *app, struct fcgx *f)
{
    const struct dispatch_peer peer = {peer_param, peer_read_body, peer_write, f};

    return dispatch_answer(app, &peer);
}
