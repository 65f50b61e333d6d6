/* What a worker brings to a request, and the one call that answers it. The accept loop (fcgi/main/worker.c) owns all of
 * it. */
#ifndef DIGITD_WEB_APP_H
#define DIGITD_WEB_APP_H

#include "../base/conf.h"
#include "../nn/cnn.h"
#include "../nn/model.h"
#include "../store/store.h"
#include "fcgx.h"
#include "reply.h"
#include "request.h"

enum pool { POOL_MAIN, POOL_HASH, POOL_HEALTH, POOL_COUNT };

/* Where the time of a request goes (R3). The worker's scoreboard slot shows the phase while it lasts. */
enum phase { PHASE_IDLE, PHASE_READ, PHASE_DECODE, PHASE_INFER, PHASE_DATABASE, PHASE_HASH, PHASE_REPLY, PHASE_COUNT };

struct app {
    enum pool pool;
    const struct conf *conf;
    const struct model *model; /* metadata and golden pictures */
    const struct cnn *cnn;
    void *scratch; /* for cnn_forward */
    struct store *store;
    struct reply *reply; /* reused */
    struct buf *body;    /* reused; maximum is the largest body of any route */

    /* Called when a request enters a phase, and with the route once that is known; ctx is the worker's. */
    void (*on_phase)(void *ctx, enum phase phase);
    void (*on_route)(void *ctx, const char *route, const char *request_id);
    /* Whether the service as a whole is up (no crash loop): for /readyz. */
    bool (*is_steady)(void *ctx);
    void *ctx;
};

/* Answers the request that fcgx_accept took: reads it, dispatches, writes the reply, logs one line. The caller calls
 * fcgx_finish. Never exits, never fails: whatever goes wrong is a reply. */
void app_serve(struct app *app, struct fcgx *f);

#endif
