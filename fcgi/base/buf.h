/* A growing byte buffer with a hard maximum (after OpenSSH's sshbuf): the only place that reallocates.
 *
 * A failed append leaves the contents unchanged, and the buffer remembers the failure, so a writer can append many
 * times and check once. A NUL always follows the bytes; it is not counted. */
#ifndef DIGITD_BASE_BUF_H
#define DIGITD_BASE_BUF_H

#include <stddef.h>

#include "err.h"

struct buf;

/* An empty buffer that never holds more than max bytes; NULL when out of memory. */
struct buf *buf_new(size_t max);

/* Frees b (NULL is fine). */
void buf_free(struct buf *b);

/* Wipes the bytes and clears the failure. Keeps the memory. */
void buf_reset(struct buf *b);

/* Append. ERR_LIMIT beyond the maximum, ERR_NOMEM, or the remembered failure. */
enum err buf_add(struct buf *b, const void *bytes, size_t n);
enum err buf_add_str(struct buf *b, const char *s);
enum err buf_add_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The bytes, valid until the next append; their number; the first failure or OK. */
const char *buf_data(const struct buf *b);
size_t buf_len(const struct buf *b);
enum err buf_status(const struct buf *b);

#endif
