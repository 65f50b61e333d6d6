/* A reply is built whole before a byte leaves: HEAD (status, headers), then BODY. A header after the body, or a second
 * status, or a problem over a problem, is a caught bug: the reply becomes a 500 and a log line. Every reply carries
 * Cache-Control: no-store, and Vary: Accept, since a browser without scripts gets pages where others get JSON. The
 * security headers (nosniff, CSP, COOP ...) and X-Request-Id are nginx's work on every location (conf/nginx), these
 * included, so that none is sent twice. Header values are checked for control characters. */
#ifndef DIGITD_WEB_REPLY_H
#define DIGITD_WEB_REPLY_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "request.h"

enum { REPLY_BYTES_MAX = 4 * 1024 * 1024 };

struct reply;

struct reply *reply_new(void); /* one a worker; NULL when out of memory */
void reply_free(struct reply *p);
void reply_reset(struct reply *p);

void reply_status(struct reply *p, int status);
void reply_header(struct reply *p, const char *name, const char *value);
/* Ends the head, writes v (taken over) as application/json. */
void reply_json(struct reply *p, struct json *v);
/* Ends the head with a body of another type: takes body over, however large it may be, and frees it at the next
 * reply_reset. NULL, or a buffer that failed, becomes a 503. */
void reply_take(struct reply *p, const char *type, struct buf *body);
/* A reply without a body (204, 303). Headers may follow. */
void reply_empty(struct reply *p, int status);

/* An error as RFC 9457 application/problem+json: type (relative, "problems/NAME"), title, status, detail, instance (the
 * request id). Replaces whatever was built before but another problem, cookies included; brings WWW-Authenticate with a
 * 401 and Retry-After with a 503; other headers (Allow) may follow. */
struct problem {
    int status;
    const char *name;  /* stable, e.g. "too-large" */
    const char *title; /* one sentence, the same for every case of this problem */
};
void reply_problem(struct reply *p, const struct request *r, const struct problem *problem, const char *detail);

/* The same problem told in another type, for a person: takes body over, as reply_take does. */
void reply_problem_as(struct reply *p, const struct problem *problem, const char *type, struct buf *body);

/* The same members as a JSON object, for a part of a larger reply. */
struct json *problem_json(const struct request *r, const struct problem *problem, const char *detail);

/* Leaves the body out and its Content-Length in: the answer to HEAD (RFC 9110 section 9.3.2). */
void reply_drop_body(struct reply *p);

/* The CGI reply ("Status: ...") to be written out; never fails: what could not be built becomes a constant 500 or 503.
 * After it comes what reply_rest says, which is empty but for a body that was taken over. */
const char *reply_bytes(struct reply *p, size_t *n);
const char *reply_rest(const struct reply *p, size_t *n);
int reply_status_get(const struct reply *p);

#endif
