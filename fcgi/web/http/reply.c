/* Builds replies. The state only moves forward; a step out of order is recorded as a bug, and a constant 500 is sent
 * instead of a mixture of two replies. */
#include "reply.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "text.h"

enum { HEAD_BYTES_MAX = 8 * 1024, DETAIL_BYTES_MAX = 512, JSON_DIGITS = 9, LARGE_BYTES = 256 * 1024 };

enum state {
    STATE_START,  /* nothing yet */
    STATE_HEAD,   /* a status; headers and one body may come */
    STATE_SEALED, /* status and body stand (a problem, or no body at all); headers may come */
    STATE_BODY    /* all there */
};

struct reply {
    enum state state;
    int status;
    int64_t account;                     /* whose it is; 0: nobody's */
    bool bug, drop_body, has_body, rest; /* rest: reply_bytes ended where taken begins */
    bool problem;                        /* it tells a problem, whole */
    enum err failed;                     /* why the body could not be built */
    struct buf *head, *body, *out;
    struct buf *taken; /* the body instead of the other, where there is one */
};

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {303, "See Other"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

#define CONSTANT_HEAD "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n"
static const char constant_500[] =
    "Status: 500 Internal Server Error\r\n" CONSTANT_HEAD "\r\n"
    "{\"type\":\"problems/internal\",\"title\":\"Something went wrong on the server.\",\"status\":500}";
static const char constant_503[] =
    "Status: 503 Service Unavailable\r\n" CONSTANT_HEAD "Retry-After: 2\r\n\r\n"
    "{\"type\":\"problems/unavailable\",\"title\":\"The server cannot answer right now.\",\"status\":503}";

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return NULL;
}

static void reply_bug(struct reply *p, const char *what)
{
    if (!p->bug)
        log_text(LOG_ERROR, "reply_bug", what);
    p->bug = true;
}

struct reply *reply_new(void)
{
    struct reply *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->head = buf_new(HEAD_BYTES_MAX);
    p->body = buf_new(REPLY_BYTES_MAX);
    p->out = buf_new(REPLY_BYTES_MAX + 2 * HEAD_BYTES_MAX);
    if (p->head == NULL || p->body == NULL || p->out == NULL) {
        reply_free(p);
        return NULL;
    }
    return p;
}

void reply_free(struct reply *p)
{
    if (p == NULL)
        return;
    buf_free(p->taken);
    buf_free(p->head);
    buf_free(p->body);
    buf_free(p->out);
    free(p);
}

/* A worker lives long: returns the memory of a large body to the system, which the allocator would not do by itself. */
static void taken_drop(struct reply *p)
{
    const bool large = p->taken != NULL && buf_len(p->taken) > LARGE_BYTES;

    buf_free(p->taken);
    p->taken = NULL;
    if (large)
        (void)malloc_trim(0);
}

void reply_reset(struct reply *p)
{
    buf_reset(p->head);
    buf_reset(p->body);
    buf_reset(p->out);
    taken_drop(p);
    p->state = STATE_START;
    p->status = 0;
    p->account = 0;
    p->bug = p->drop_body = p->has_body = p->rest = p->problem = false;
    p->failed = OK;
}

void reply_status(struct reply *p, int status)
{
    if (p->state != STATE_START)
        reply_bug(p, "a second status");
    else if (reason_of(status) == NULL)
        reply_bug(p, "a status that is not in the table");
    p->state = STATE_HEAD;
    p->status = status;
}

void reply_header(struct reply *p, const char *name, const char *value)
{
    if (p->state == STATE_START || p->state == STATE_BODY)
        reply_bug(p, "a header outside the head");
    for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++)
        if (*c < 0x20 || *c == 0x7f)
            reply_bug(p, "a control character in a header");
    if (!p->bug)
        (void)buf_add_fmt(p->head, "%s: %s\r\n", name, value); /* a failure is remembered by the buffer */
}

/* Writes v (freed here) as the body. */
static void reply_body(struct reply *p, struct json *v)
{
    if (v == NULL)
        p->failed = ERR_NOMEM;
    else
        p->failed = json_write(v, JSON_DIGITS, p->body);
    json_free(v);
    p->has_body = true;
}

void reply_json(struct reply *p, struct json *v)
{
    if (p->state != STATE_HEAD) {
        reply_bug(p, "a body without a head");
        json_free(v);
        return;
    }
    reply_header(p, "Content-Type", "application/json");
    reply_body(p, v);
    p->state = STATE_BODY;
}

void reply_empty(struct reply *p, int status)
{
    reply_status(p, status);
    if (status != 204) /* RFC 9110 section 8.6: not with a 204 */
        reply_header(p, "Content-Length", "0");
    p->state = STATE_SEALED;
}

struct json *problem_json(const struct request *r, const struct problem *problem, const char *detail)
{
    struct json *v = json_new_object();
    char type[64] = "problems/", text[DETAIL_BYTES_MAX];

    (void)strncat(type, problem->name, sizeof(type) - strlen(type) - 1);
    json_set_str(v, "type", type);
    json_set_str(v, "title", problem->title);
    json_set_int(v, "status", problem->status);
    if (detail != NULL && detail[0] != '\0') {
        (void)text_clean(detail, strlen(detail), text, sizeof(text));
        json_set_str(v, "detail", text);
    }
    json_set_str(v, "instance", r->id);
    return v;
}

/* What every problem has before its body. */
static void problem_head(struct reply *p, const struct problem *problem, const char *type)
{
    bool bug = p->bug;

    if (p->problem) { /* two problems for one request: nobody knows which was meant */
        reply_bug(p, "a second problem");
        bug = true;
    }
    reply_reset(p);
    p->bug = bug;
    reply_status(p, problem->status);
    reply_header(p, "Content-Type", type);
    /* RFC 9110 section 15.5.2 requires a challenge. No browser knows this scheme, so none opens a dialog. */
    if (problem->status == 401)
        reply_header(p, "WWW-Authenticate", "Cookie realm=\"digitd\"");
    if (problem->status == 503)
        reply_header(p, "Retry-After", "2");
}

void reply_problem(struct reply *p, const struct request *r, const struct problem *problem, const char *detail)
{
    problem_head(p, problem, "application/problem+json");
    reply_body(p, problem_json(r, problem, detail));
    p->problem = true;
    p->state = STATE_SEALED;
}

/* The body is the one of p from here on. */
static void body_take(struct reply *p, struct buf *body)
{
    p->failed = body == NULL ? ERR_NOMEM : buf_status(body);
    p->taken = body;
    p->has_body = true;
}

void reply_take(struct reply *p, const char *type, struct buf *body)
{
    if (p->state != STATE_HEAD) {
        reply_bug(p, "a body without a head");
        buf_free(body);
        return;
    }
    reply_header(p, "Content-Type", type);
    body_take(p, body);
    p->state = STATE_BODY;
}

void reply_problem_as(struct reply *p, const struct problem *problem, const char *type, struct buf *body)
{
    problem_head(p, problem, type);
    body_take(p, body);
    p->problem = true;
    p->state = STATE_SEALED;
}

void reply_account(struct reply *p, int64_t id)
{
    p->account = id;
}

void reply_drop_body(struct reply *p)
{
    p->drop_body = true;
}

/* OK when head and body stand as they were meant. */
static enum err reply_check(struct reply *p)
{
    if (p->state == STATE_START || p->state == STATE_HEAD)
        reply_bug(p, "a reply that was never finished");
    if (p->bug)
        return ERR_FORMAT;
    return p->failed != OK ? p->failed : buf_status(p->head);
}

/* Of the body, whichever it is. */
static size_t body_bytes(const struct reply *p)
{
    return buf_len(p->taken != NULL ? p->taken : p->body);
}

const char *reply_rest(const struct reply *p, size_t *n)
{
    *n = p->rest ? buf_len(p->taken) : 0;
    return p->rest ? buf_data(p->taken) : "";
}

const char *reply_bytes(struct reply *p, size_t *n)
{
    enum err e = reply_check(p);
    const char *constant = e == ERR_FORMAT ? constant_500 : constant_503;

    buf_reset(p->out);
    p->rest = false;
    if (e == OK) {
        (void)buf_add_fmt(p->out, "Status: %d %s\r\n", p->status, reason_of(p->status));
        (void)buf_add(p->out, buf_data(p->head), buf_len(p->head));
        (void)buf_add_str(p->out, "Cache-Control: no-store\r\nVary: Accept\r\n");
        if (p->account != 0)
            (void)buf_add_fmt(p->out, "Digitd-Account: %" PRId64 "\r\n", p->account);
        if (p->has_body)
            (void)buf_add_fmt(p->out, "Content-Length: %zu\r\n", body_bytes(p));
        (void)buf_add_str(p->out, "\r\n");
        if (p->has_body && !p->drop_body && p->taken == NULL)
            (void)buf_add(p->out, buf_data(p->body), buf_len(p->body));
        if (buf_status(p->out) == OK) {
            p->rest = p->taken != NULL && !p->drop_body;
            *n = buf_len(p->out);
            return buf_data(p->out);
        }
    }
    *n = strlen(constant);
    return constant;
}

int reply_status_get(const struct reply *p)
{
    enum err e = p->failed != OK ? p->failed : buf_status(p->head);

    if (p->bug || p->state == STATE_START || p->state == STATE_HEAD || e == ERR_FORMAT)
        return 500;
    return e != OK ? 503 : p->status;
}
