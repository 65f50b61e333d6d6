/* Answers a request: reads it, finds its route, lets the handler reply, writes the reply, logs one line. It never exits
 * and never fails: every error becomes a reply. Returns the reply's status; 0 if it was only for the gate. */
#ifndef DIGITD_WEB_DISPATCH_H
#define DIGITD_WEB_DISPATCH_H

#include "web/http/fcgx.h"
#include "app.h"

/* Answers the request taken by fcgx_accept. The caller calls fcgx_finish. */
int dispatch_serve(struct app *app, struct fcgx *f);

/* The same with the connection as three functions, like those of fcgx.h. dispatch_serve uses libfcgi's; tests need no
 * socket. */
struct dispatch_peer {
    const char *(*param)(const void *ctx, const char *name);
    enum err (*read_body)(void *ctx, struct buf *out, size_t n);
    enum err (*write)(void *ctx, const void *bytes, size_t n);
    void *ctx;
};
int dispatch_answer(struct app *app, const struct dispatch_peer *peer);

#endif
