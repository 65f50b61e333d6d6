/* Reads the query of a request into a struct, by a table: ?digit=7&status=unsure. Pure. Values are not decoded: the
 * known ones need no percent-encoding. */
#ifndef DIGITD_WEB_QUERY_H
#define DIGITD_WEB_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct query_param {
    const char *name;
    const char *const *words; /* words[value], NULL-terminated; the member is an int. NULL: a number, an int64_t */
    int64_t min, max;         /* of a number */
    const char *allowed;      /* for the sentence: "0 or 1" */
    size_t offset;            /* of the member */
};

extern const char *const query_no_or_yes[]; /* "0", "1" */

/* Reads query ("" if there is none) into out; members without a parameter are not changed. Ignores parameters that are
 * not in params[n], n up to 64. ERR_FORMAT, with a sentence for the client in why, if a parameter has an unknown value
 * or is given twice. */
enum err query_read(const struct query_param *params, size_t n, const char *query, void *out, struct why *why);

#endif
