/* What POST /classify and POST /read have in common, which is nearly everything: the query, the pictures in the body,
 * the limits of a request, reading them in turn, and the answers as a page. The two handlers
 * (web/api/api_pictures.c) keep answers in the history. */
#ifndef DIGITD_WEB_PICTURES_H
#define DIGITD_WEB_PICTURES_H

#include "answer/numbers.h"
#include "web/call.h"
#include "web/http/multipart.h"

/* ?input=1&steps=1&save=1&invert=yes&center=box&plain=1. All 0 by default. */
struct pictures_query {
    int input;  /* 1: each result, or each of its digits, has its 28x28 */
    int steps;  /* 1: each result has the pictures between the steps */
    int save;   /* 1: each answer is kept in the history */
    int invert; /* enum normalise_invert */
    int center; /* enum normalise_center */
    int plain;  /* 1: texts are digits alone; only of /read */
};

/* Reads query ("" if there is none); numbers: that of /read. Ignores other parameters. ERR_FORMAT, with a sentence for
 * the client in why, if one of these has an unknown value or is given twice. */
enum err pictures_query_read(const char *query, bool numbers, struct pictures_query *out, struct why *why);

enum { PICTURES_STEPS_MAX = 8 }; /* pictures of a request with steps=1 */

/* What a request asks for. */
struct pictures {
    bool numbers; /* /read: all that each picture has; else /classify: the one digit */
    struct pictures_query query;
    int n;
    struct multipart_part parts[MULTIPART_PARTS_MAX]; /* point into the body */
};

/* Takes them from the request. false: it has replied. */
bool pictures_take(struct call *c, bool numbers, struct pictures *out);

/* What is called with each answer, and its result, which lives as long as v below. n is that of the worker: valid only
 * during the call. */
typedef void pictures_keep(void *ctx, const struct numbers *n, const struct reading *one, struct json *result);

/* Reads them in turn into the array "results" of v. A picture that cannot be read gets a result with the problem in it,
 * unless it is the only one: then it has replied with that problem, and returns false. keep may be NULL. */
bool pictures_read(struct call *c, const struct pictures *p, pictures_keep *keep, void *ctx, struct json *v);

/* Replies with v, an answer, as a page for browsers without scripts. Frees v. */
void pictures_page(struct call *c, struct json *v);

#endif
