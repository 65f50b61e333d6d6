/* A reply is built whole before a byte leaves: HEAD (status, headers), then BODY. A header after the body, or a second
 * status, is a caught bug: the reply becomes a 500 and a log line. Every reply carries Cache-Control: no-store and the
 * security headers that nginx does not add to dynamic paths. Header values are constants or are checked for CR, LF,
 * NUL. */
#ifndef DIGITD_WEB_REPLY_H
#define DIGITD_WEB_REPLY_H

#include <stddef.h>

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/json.h"
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
/* Status and head without a body (204, 303). */
void reply_empty(struct reply *p, int status);

/* An error as RFC 9457 application/problem+json: type (relative, "problems/NAME"), title, status, detail, instance (the
 * request id). Replaces whatever was built before. */
struct problem {
    int status;
    const char *name;  /* stable, e.g. "too-large" */
    const char *title; /* one sentence, the same for every case of this problem */
};
void reply_problem(struct reply *p, const struct request *r, const struct problem *problem, const char *detail);

/* The same members as a JSON object, for a part of a larger reply. */
struct json *problem_json(const struct request *r, const struct problem *problem, const char *detail);

/* The CGI reply ("Status: ...") to be written out; never fails: what could not be built becomes a constant 500 or 503.
 */
const char *reply_bytes(struct reply *p, size_t *n);
int reply_status_get(const struct reply *p);

#endif
