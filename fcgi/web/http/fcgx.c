/* One FastCGI request at a time over libfcgi 2.4.2.
 *
 * Its traps, and where they end:
 * - FCGX_Accept_r loops inside: a peer that breaks the protocol is dropped and accept is tried again; with a listening
 *   socket that does not block, that ends in EAGAIN, which is ERR_BUSY here. A blocking socket is refused.
 * - A peer that is silent while it should send parameters, body, or its close blocks the call. No socket timeout is
 * set, because libfcgi takes a short write for a whole one; the master's deadline ends the process instead.
 * - A connection that is cut between two parameters looks like the end of them: half a request. FCGX_GetError tells.
 * - A signal handler that interrupts a read fails the request: callers block signals (see fcgi/main/worker.c).
 * - Crafted lengths make it abort() on an assertion. That costs one worker.
 * - FCGI_KEEP_CONN would tie this process to one peer: the connection is closed after each request all the same.
 * - It frees its buffers, which hold the last request's cookie and password, as they are. So the allocator is told to
 *   overwrite what is freed (R49); small blocks it keeps as they are, so parameters are wiped here.
 * - Output is buffered; a peer that left is noticed late or, for a short reply, not at all. */
#include "fcgx.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <fcgiapp.h>

enum {
    FCGX_ROLE_RESPONDER = 1, /* specification, section 6.2; fcgiapp.h does not name it */
    FCGX_READ_BYTES = 16 * 1024,
    FCGX_WRITE_BYTES = 1 << 20, /* FCGX_PutStr counts in int */
    FREED_BYTE = 0xa5
};

struct fcgx {
    FCGX_Request request;
    bool open; /* between fcgx_accept and fcgx_finish */
};

enum err fcgx_new(struct fcgx **out, int listen_fd)
{
    struct fcgx *f;
    int flags = fcntl(listen_fd, F_GETFL);

    *out = NULL;
    if (flags < 0)
        return ERR_IO;
    if ((flags & O_NONBLOCK) == 0)
        return ERR_RANGE; /* accept would block with no way out */
    f = calloc(1, sizeof(*f));
    if (f == NULL)
        return ERR_NOMEM;
    (void)mallopt(M_PERTURB, FREED_BYTE);
    if (FCGX_Init() != 0 || FCGX_InitRequest(&f->request, listen_fd, FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
        free(f);
        return ERR_NOMEM; /* its only failure is an allocation */
    }
    *out = f;
    return OK;
}

void fcgx_free(struct fcgx *f)
{
    if (f == NULL)
        return;
    fcgx_finish(f);
    free(f);
}

enum err fcgx_accept(struct fcgx *f)
{
    int rc;

    fcgx_finish(f);
    rc = FCGX_Accept_r(&f->request);
    switch (-rc) {
    case 0:
        break;
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
        return ERR_BUSY;
    case ENOMEM:
    case ENOBUFS:
        return ERR_NOMEM;
    default: /* EMFILE, ENFILE: the connection stays in the backlog, and an attempt at once would spin */
        return ERR_IO;
    }
    f->open = true;
    if (f->request.role != FCGX_ROLE_RESPONDER || FCGX_GetError(f->request.in) != 0) {
        fcgx_finish(f);
        return ERR_BUSY;
    }
    return OK;
}

const char *fcgx_param(const struct fcgx *f, const char *name)
{
    return f->open ? FCGX_GetParam(name, f->request.envp) : NULL;
}

static enum err body_read(struct fcgx *f, struct buf *out, size_t n, char chunk[FCGX_READ_BYTES])
{
    size_t done = 0;
    enum err e;

    while (done < n) {
        size_t want = n - done < FCGX_READ_BYTES ? n - done : FCGX_READ_BYTES;
        int got = FCGX_GetStr(chunk, (int)want, f->request.in);

        if (got > 0) {
            e = buf_add(out, chunk, (size_t)got);
            if (e != OK)
                return e;
            done += (size_t)got;
        }
        if (got < (int)want)
            break; /* the end, or a failure that looks like it */
    }
    if (done == n && FCGX_GetStr(chunk, 1, f->request.in) > 0) /* also waits for the record that ends the stream */
        return ERR_FORMAT;
    if (FCGX_GetError(f->request.in) != 0) /* a connection cut short, FCGI_ABORT_REQUEST, a record out of place */
        return ERR_IO;
    return done < n ? ERR_TRUNCATED : OK;
}

enum err fcgx_read_body(struct fcgx *f, struct buf *out, size_t n)
{
    char chunk[FCGX_READ_BYTES];
    enum err e;

    if (!f->open)
        return ERR_IO;
    e = body_read(f, out, n, chunk);
    explicit_bzero(chunk, n < sizeof(chunk) ? n : sizeof(chunk));
    return e;
}

enum err fcgx_write(struct fcgx *f, const void *bytes, size_t n)
{
    const char *p = bytes;

    if (!f->open)
        return ERR_IO;
    while (n > 0) {
        int part = n < FCGX_WRITE_BYTES ? (int)n : FCGX_WRITE_BYTES;

        if (FCGX_PutStr(p, part, f->request.out) != part || FCGX_GetError(f->request.out) != 0)
            return ERR_IO;
        p += part;
        n -= (size_t)part;
    }
    return OK;
}

static void param_wipe(struct fcgx *f, const char *name)
{
    char *value = FCGX_GetParam(name, f->request.envp);

    if (value != NULL)
        explicit_bzero(value, strlen(value));
}

void fcgx_finish(struct fcgx *f)
{
    if (!f->open)
        return;
    param_wipe(f, "HTTP_COOKIE");
    param_wipe(f, "HTTP_AUTHORIZATION");
    f->open = false;
    FCGX_Finish_r(&f->request);
    FCGX_Free(&f->request, 1); /* closes what FCGI_KEEP_CONN left open; nothing to do otherwise */
}
