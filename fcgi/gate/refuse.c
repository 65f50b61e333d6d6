/* What the gate answers by itself: problems, in the words and shape of a worker's. */
#include <stdio.h>

#include "base/log.h"
#include "web/http/page.h"
#include "gate_parts.h"

static const struct {
    enum problem_id problem;
    const char *name, *sentence;
} refusals[GATE_REFUSAL_COUNT] = {
    [GATE_UPLOADS] = {PROBLEM_TOO_MANY_UPLOADS, "uploads",
                      "Up to 4 large uploads of one account are taken at a time. Wait for one to end."},
    [GATE_FULL] = {PROBLEM_BUSY, "full", "More wait than can be served in time. Wait a few seconds, then try again."},
    [GATE_LATE] = {PROBLEM_BUSY, "late", "It was not your turn in time. Wait a few seconds, then try again."},
    [GATE_SLOW] = {PROBLEM_TIMEOUT, "slow", "Send it again, over a faster connection if there is one."},
    [GATE_NO_ROOM] = {PROBLEM_BUSY, "no_room", "Too many uploads are arriving. Wait a few seconds, then try again."},
    [GATE_TOO_LARGE] = {PROBLEM_TOO_LARGE, "too_large",
                        "One request may carry up to 10 MiB of pictures (8 KiB for anything else)."},
    [GATE_NO_POOL] = {PROBLEM_BUSY, "no_pool", "Wait a few seconds, then try again."},
};

static const char *param_of(const void *ctx, const char *name)
{
    return params_find(ctx, name);
}

static void refuse_log(const struct conn *c, const struct request *r, enum gate_refusal why)
{
    struct log_line l;

    log_begin(&l, LOG_WARN, "gate_refused");
    log_str(&l, "id", r->id);
    log_str(&l, "address", r->address);
    log_str(&l, "path", r->path);
    log_str(&l, "why", refusals[why].name);
    if (c->account != 0)
        log_int(&l, "user", (int64_t)c->account);
    log_int(&l, "body_bytes", (int64_t)buf_len(c->body));
    log_end(&l);
}

void refuse_write(struct conn *c, enum gate_refusal why)
{
    const struct problem *problem = &problems[refusals[why].problem];
    struct reply *reply = c->gate->reply;
    struct request r;
    const char *bytes;
    size_t n;

    c->gate->counts.refused[why]++;
    (void)request_read(&r, param_of, c->pairs); /* a request that is malformed can be refused too */
    refuse_log(c, &r, why);
    reply_reset(reply);
    if (request_wants_html(&r))
        page_problem(reply, &r, problem, refusals[why].sentence);
    else
        reply_problem(reply, &r, problem, refusals[why].sentence);
    if (problem->status == 429)
        reply_header(reply, "Retry-After", "2");
    buf_reset(c->out);
    c->out_sent = 0;
    bytes = reply_bytes(reply, &n);
    record_add(c->out, RECORD_STDOUT, bytes, n);
    bytes = reply_rest(reply, &n);
    record_add(c->out, RECORD_STDOUT, bytes, n);
    record_add_end(c->out, RECORD_STDOUT);
    record_add_end(c->out, RECORD_END);
    reply_reset(reply);
}
