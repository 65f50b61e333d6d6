/* What POST /classify (api_classify.c) is made of: its query, and its answers as a page. */
#ifndef DIGITD_WEB_API_CLASSIFY_H
#define DIGITD_WEB_API_CLASSIFY_H

#include "base/err.h"
#include "base/json.h"
#include "web/call.h"

/* ?input=1&steps=1&save=1&invert=yes&center=box. All 0 by default. */
struct classify_query {
    int input;  /* 1: each result carries the 28x28 */
    int steps;  /* 1: each result carries the pictures between the steps */
    int save;   /* 1: each answer is kept in the history */
    int invert; /* enum normalise_invert */
    int center; /* enum normalise_center */
};

/* Reads query ("" where there is none). A parameter that is none of these is passed over. ERR_FORMAT, with the sentence
 * for the client in why, where one of them has another value than those it knows, or comes twice. */
enum err classify_query_read(const char *query, struct classify_query *out, struct why *why);

/* Replies with what POST /classify answers, v (freed here), as a page. */
void classify_page(struct call *c, struct json *v);

#endif
