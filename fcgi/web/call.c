/* What every step and handler needs: recording where the time goes, and replying to errors. */
#include "call.h"

#include "base/clock.h"
#include "base/log.h"
#include "web/http/page.h"

void call_phase(struct call *c, enum phase phase)
{
    int64_t now_us = clock_mono_us();

    c->phase_us[c->phase] += now_us - c->phase_began_us;
    c->phase_began_us = now_us;
    c->phase = phase;
    if (c->app->on_phase != NULL)
        c->app->on_phase(c->app->ctx, phase);
}

void call_problem(struct call *c, enum problem_id id, const char *detail)
{
    if (request_wants_html(c->req))
        page_problem(c->app->reply, c->req, &problems[id], detail);
    else
        reply_problem(c->app->reply, c->req, &problems[id], detail);
}

void call_store_log(const struct call *c, const char *what, enum err e)
{
    struct log_line l;

    log_begin(&l, e == ERR_BUSY ? LOG_WARN : LOG_ERROR, "store_failed");
    log_str(&l, "id", c->req->id);
    log_str(&l, "what", what);
    log_str(&l, "error", err_str(e));
    log_end(&l);
}

void call_store_problem(struct call *c, enum err e, const char *detail)
{
    call_problem(c, e == ERR_BUSY ? PROBLEM_BUSY : PROBLEM_UNAVAILABLE, detail);
}

void call_store_failed(struct call *c, const char *what, enum err e)
{
    call_store_log(c, what, e);
    call_store_problem(c, e,
                       e == ERR_BUSY ? "Wait a few seconds, then try again." : "Nothing was changed. Try again later.");
}
