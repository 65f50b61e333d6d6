/* Parts of POST /classify (api_classify.c): its query, and its answers as a page. */
#ifndef DIGITD_WEB_API_CLASSIFY_H
#define DIGITD_WEB_API_CLASSIFY_H

#include "base/err.h"
#include "base/json.h"
#include "web/call.h"

/* ?input=1&steps=1&save=1&invert=yes&center=box. All 0 by default. */
struct classify_query {
    int input;  /* 1: each result contains the 28x28 */
    int steps;  /* 1: each result contains the pictures between the steps */
    int save;   /* 1: each answer is kept in the history */
    int invert; /* enum normalise_invert */
    int center; /* enum normalise_center */
};

/* Reads query ("" if there is none). Ignores other parameters. ERR_FORMAT, with a sentence for the client in why, if
 * one of these has an unknown value or is given twice. */
enum err classify_query_read(const char *query, struct classify_query *out, struct why *why);

/* Replies with v, the answer of POST /classify, as a page. Frees v. */
void classify_page(struct call *c, struct json *v);

#endif
