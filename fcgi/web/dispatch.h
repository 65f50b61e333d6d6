/* The one call that answers a request: reads it, finds its route, lets the handler reply, writes the reply, logs one
 * line. It never exits and never fails: whatever goes wrong is a reply, whose status it returns. */
#ifndef DIGITD_WEB_DISPATCH_H
#define DIGITD_WEB_DISPATCH_H

#include "web/http/fcgx.h"
#include "app.h"

/* Answers the request that fcgx_accept took. The caller calls fcgx_finish. */
int dispatch_serve(struct app *app, struct fcgx *f);

/* The same, with the connection as three functions of the kind that fcgx.h has: what dispatch_serve does with
 * libfcgi's, and the tests without a socket. */
struct dispatch_peer {
    const char *(*param)(const void *ctx, const char *name);
    enum err (*read_body)(void *ctx, struct buf *out, size_t n);
    enum err (*write)(void *ctx, const void *bytes, size_t n);
    void *ctx;
};
int dispatch_answer(struct app *app, const struct dispatch_peer *peer);

#endif
