/* The seam between libfcgi's connection and the dispatcher (dispatch.c), which knows no socket. */
#include "app.h"

static const char *peer_param(const void *ctx, const char *name)
{
    return fcgx_param(ctx, name);
}

static enum err peer_read_body(void *ctx, struct buf *out, size_t n)
{
    return fcgx_read_body(ctx, out, n);
}

static enum err peer_write(void *ctx, const void *bytes, size_t n)
{
    return fcgx_write(ctx, bytes, n);
}

int app_serve(struct app *app, struct fcgx *f)
{
    const struct app_peer peer = {peer_param, peer_read_body, peer_write, f};

    return app_answer(app, &peer);
}
