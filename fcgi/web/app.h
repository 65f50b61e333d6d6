/* What a worker brings to a request. The accept loop (fcgi/main/worker.c) owns all of it. */
#ifndef DIGITD_WEB_APP_H
#define DIGITD_WEB_APP_H

#include "base/conf.h"
#include "image/decoder.h"
#include "net/cnn.h"
#include "net/model.h"
#include "store/store.h"
#include "web/http/reply.h"
#include "web/http/request.h"
#include "counts.h"

enum pool { POOL_MAIN, POOL_HASH, POOL_HEALTH, POOL_COUNT };

/* "main", "hash", "health". */
const char *pool_name(enum pool pool);

/* Where the time of a request goes (R3). The worker's scoreboard slot shows the phase while it lasts. */
enum phase { PHASE_IDLE, PHASE_READ, PHASE_DECODE, PHASE_INFER, PHASE_DATABASE, PHASE_HASH, PHASE_REPLY, PHASE_COUNT };

struct route_table;

struct app {
    enum pool pool;
    const struct route_table *routes;
    const struct conf *conf;
    const struct model *model; /* metadata and golden pictures */
    struct json *card;         /* of the model, never changed; NULL: there is none */
    const struct cnn *cnn;
    void *scratch;           /* for cnn_forward */
    struct decoder *decoder; /* of the main pool's workers; NULL in the others, whose routes read no picture */
    struct store *store;     /* NULL while it cannot be opened: what needs it answers 503 */
    struct reply *reply;     /* reused */
    struct buf *body;        /* reused, wiped after each request; maximum is the largest body of any route */

    /* May be NULL. Called when a request enters a phase, and with the route once that is known; ctx is the worker's. */
    void (*on_phase)(void *ctx, enum phase phase);
    void (*on_route)(void *ctx, const char *route, const char *request_id);
    /* Whether the service as a whole is up (no crash loop): for /readyz. NULL: it is. */
    bool (*is_steady)(void *ctx);
    /* What the master last counted: for /metrics. NULL: nothing is. */
    void (*counts)(void *ctx, struct counts *out);
    void *ctx;
};

#endif
