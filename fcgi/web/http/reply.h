/* A reply is built completely before the first byte is sent: HEAD (status, headers), then BODY. A header after the
 * body, a second status, or a problem over a problem is a bug; the reply becomes a 500, with a log line. Every reply
 * has Cache-Control: no-store, and Vary: Accept, because a browser without scripts gets pages instead of JSON. nginx
 * adds the security headers (nosniff, CSP, COOP ...) and X-Request-Id in every location (conf/nginx), so none is sent
 * twice. Header values are checked for control characters. */
#ifndef DIGITD_WEB_REPLY_H
#define DIGITD_WEB_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "request.h"

enum { REPLY_BYTES_MAX = 4 * 1024 * 1024 };

struct reply;

struct reply *reply_new(void); /* one for each worker; NULL if out of memory */
void reply_free(struct reply *p);
void reply_reset(struct reply *p);

void reply_status(struct reply *p, int status);
void reply_header(struct reply *p, const char *name, const char *value);
/* Ends the head and writes v as application/json; takes ownership of v. */
void reply_json(struct reply *p, struct json *v);
/* Ends the head with a body of another type and of any size: takes ownership of body and frees it at the next
 * reply_reset. NULL, or a buffer that failed, becomes a 503. */
void reply_take(struct reply *p, const char *type, struct buf *body);
/* Whose reply it is: a header Digitd-Account with this id. 0: nobody's, and there is none. Last, since a problem drops
 * it. */
void reply_account(struct reply *p, int64_t id);

/* A reply without a body (204, 303). Headers may follow. */
void reply_empty(struct reply *p, int status);

/* An error as RFC 9457 application/problem+json: type (relative, "problems/NAME"), title, status, detail, instance (the
 * request id). Replaces everything built before, including cookies, but not another problem. Adds WWW-Authenticate to a
 * 401 and Retry-After to a 503; other headers (Allow) may follow. */
struct problem {
    int status;
    const char *name;  /* stable, e.g. "too-large" */
    const char *title; /* one sentence, the same for every case of this problem */
};
void reply_problem(struct reply *p, const struct request *r, const struct problem *problem, const char *detail);

/* The same problem as another type, for a person. Takes ownership of body, like reply_take. */
void reply_problem_as(struct reply *p, const struct problem *problem, const char *type, struct buf *body);

/* The same members as a JSON object, for use in a larger reply. */
struct json *problem_json(const struct request *r, const struct problem *problem, const char *detail);

/* Removes the body but keeps its Content-Length: the answer to HEAD (RFC 9110 section 9.3.2). */
void reply_drop_body(struct reply *p);

/* The CGI reply ("Status: ...") to write. Never fails: if the reply could not be built, it is a constant 500 or 503.
 * Write reply_rest after it, which is empty unless reply_take or reply_problem_as was used. */
const char *reply_bytes(struct reply *p, size_t *n);
const char *reply_rest(const struct reply *p, size_t *n);
int reply_status_get(const struct reply *p);

#endif
