/* FastCGI (https://fastcgi-archives.github.io/FastCGI_Specification.html): the only user of libfcgi.
 *
 * Traps kept in here: libfcgi has no read timeout (a silent peer blocks a worker: the master's deadline ends that),
 * replaces signal handlers in its init (callers install theirs after fcgx_new), its parameters die with the request,
 * and a body that was cut short looks like its end. */
#ifndef DIGITD_WEB_FCGX_H
#define DIGITD_WEB_FCGX_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct fcgx;

/* One per process, after fork. listen_fd: a bound, listening, non-blocking Unix socket; stays the caller's. */
enum err fcgx_new(struct fcgx **out, int listen_fd);
void fcgx_free(struct fcgx *f);

/* Takes the next request. ERR_BUSY: another worker was quicker or a signal came: wait with ppoll and try again.
 * Blocks while the peer is sending the parameters. */
enum err fcgx_accept(struct fcgx *f);

/* A parameter such as "REQUEST_METHOD", NULL when absent; valid until fcgx_finish. */
const char *fcgx_param(const struct fcgx *f, const char *name);

/* Reads the whole body, which must be exactly n bytes, onto out. ERR_TRUNCATED: fewer came; ERR_FORMAT: more; ERR_IO:
 * the connection or the protocol broke; ERR_LIMIT, ERR_NOMEM from out. */
enum err fcgx_read_body(struct fcgx *f, struct buf *out, size_t n);

/* Writes to the peer; ERR_IO when it has gone. */
enum err fcgx_write(struct fcgx *f, const void *bytes, size_t n);

/* Ends the request; parameters and body are gone. */
void fcgx_finish(struct fcgx *f);

#endif
