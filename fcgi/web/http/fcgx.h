/* FastCGI (https://fastcgi-archives.github.io/FastCGI_Specification.html): the only user of libfcgi.
 *
 * Pitfalls handled here: libfcgi has no read timeout (a silent peer blocks a worker until the master's deadline), its
 * init replaces signal handlers (install yours after fcgx_new), its parameters are freed with the request, and a body
 * that was cut short looks complete. */
#ifndef DIGITD_WEB_FCGX_H
#define DIGITD_WEB_FCGX_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct fcgx;

/* One for each process, after fork. listen_fd: a bound, listening, non-blocking Unix socket; remains the caller's. */
enum err fcgx_new(struct fcgx **out, int listen_fd);
void fcgx_free(struct fcgx *f);

/* Takes the next request. ERR_BUSY: another worker was faster, or a signal arrived: wait with ppoll and try again.
 * Blocks while the peer is sending the parameters. */
enum err fcgx_accept(struct fcgx *f);

/* A parameter such as "REQUEST_METHOD"; NULL if missing. Valid until fcgx_finish. */
const char *fcgx_param(const struct fcgx *f, const char *name);

/* Reads the whole body, which must be exactly n bytes, and appends it to out. ERR_TRUNCATED: too short; ERR_FORMAT: too
 * long; ERR_IO: the connection failed or broke the protocol; ERR_LIMIT, ERR_NOMEM from out. */
enum err fcgx_read_body(struct fcgx *f, struct buf *out, size_t n);

/* Writes to the peer; ERR_IO if it is gone. */
enum err fcgx_write(struct fcgx *f, const void *bytes, size_t n);

/* Ends the request and frees its parameters and body. */
void fcgx_finish(struct fcgx *f);

#endif
