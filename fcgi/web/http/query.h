/* The query of a request, read into a struct by a table: ?digit=7&status=unsure. Pure. Values are compared as they
 * stand: those that are known need no percent-encoding. */
#ifndef DIGITD_WEB_QUERY_H
#define DIGITD_WEB_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct query_param {
    const char *name;
    const char *const *words; /* words[value], ended by NULL: the member is an int. NULL: a number, an int64_t */
    int64_t min, max;         /* of a number */
    const char *allowed;      /* for the sentence: "0 or 1" */
    size_t offset;            /* of the member */
};

extern const char *const query_no_or_yes[]; /* "0", "1" */

/* Reads query ("" where there is none) into out, whose members stay as they are where their parameter is missing. A
 * parameter that is none of params[n], n up to 64, is passed over. ERR_FORMAT, with the sentence for the client in why,
 * where one has another value than those it knows, or comes twice. */
enum err query_read(const struct query_param *params, size_t n, const char *query, void *out, struct why *why);

#endif
