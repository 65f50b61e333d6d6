/* The parameters of a request: name-value pairs (FastCGI specification, section 3.4), taken apart once. Pure. */
#ifndef DIGITD_GATE_PARAMS_H
#define DIGITD_GATE_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends each pair of bytes[n] to out as "name", NUL, "value", NUL. ERR_FORMAT: lengths that do not fit, or a NUL in a
 * name or value, which would hide what follows it; or the failure of out. */
enum err params_split(const uint8_t *bytes, size_t n, struct buf *out);

/* The value of a name in what params_split made; NULL: there is none. Of two, the first, like libfcgi. */
const char *params_find(const struct buf *pairs, const char *name);

#endif
