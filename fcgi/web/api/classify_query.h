/* The query of POST /classify: ?input=1&steps=1&save=1&invert=yes&center=box. Pure. */
#ifndef DIGITD_WEB_CLASSIFY_QUERY_H
#define DIGITD_WEB_CLASSIFY_QUERY_H

#include "base/err.h"

/* All 0 by default. */
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

#endif
