/* multipart/form-data (RFC 7578, RFC 2046 section 5.1), the way browsers and programs send pictures. Pure; copies
 * nothing: parts point into the body. The time is linear in the length of the body.
 *
 * Strict where a lenient parser could read the body differently: nothing before the first delimiter (except an empty
 * line) or after the last (except a CRLF), no nesting, no transfer encoding, no folded header lines. */
#ifndef DIGITD_WEB_MULTIPART_H
#define DIGITD_WEB_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { MULTIPART_BOUNDARY_MAX = 70, MULTIPART_PARTS_MAX = 64, MULTIPART_HEADERS_MAX = 4096 };

struct multipart_part {
    const uint8_t *bytes; /* [n] */
    size_t n;
    const char
        *filename; /* [filename_n], as it was sent, inside the quotes if it had some; NULL where there was none */
    size_t filename_n;
    bool filename_quoted;
};

/* Reads the boundary parameter of a Content-Type, quoted or not. ERR_FORMAT, with a sentence in why, if there is none,
 * or two, or one that violates RFC 2046 (1 to 70 of the permitted characters, no space at the end). */
enum err multipart_boundary(const char *content_type, char boundary[MULTIPART_BOUNDARY_MAX + 1], struct why *why);

/* Splits body[n] into parts[max]; each must be named name. *n_parts is 0 on failure, and may be 0 for a valid body.
 * ERR_FORMAT, ERR_TRUNCATED (no last delimiter), ERR_LIMIT (more than max parts, or headers longer than
 * MULTIPART_HEADERS_MAX), each with a sentence for the visitor in why. */
enum err multipart_parse(const uint8_t *body, size_t n, const char *boundary, const char *name,
                         struct multipart_part *parts, int max, int *n_parts, struct why *why);

/* The file name as text that can be shown: escapes undone (\" and \\ from curl, %22 for a quote from browsers), valid
 * UTF-8, cut to fit; "" if there is none. Never open it as a path. Returns its length. */
size_t multipart_filename(const struct multipart_part *part, char *out, size_t size);

#endif
