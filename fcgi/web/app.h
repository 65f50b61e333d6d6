/* What a worker provides to a request. The accept loop (fcgi/main/worker.c) owns all of it. */
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

/* POOL_GATE: no workers, but the process that stands before the hash and the large pool. POOL_KEEPER: one process
 * without a socket, which does the housekeeping. */
enum pool { POOL_MAIN, POOL_HASH, POOL_LARGE, POOL_GATE, POOL_HEALTH, POOL_KEEPER, POOL_COUNT };

/* "main", "hash", "large", "gate", "health", "keeper". */
const char *pool_name(enum pool pool);

/* What a request spends its time on (R3). The worker's scoreboard slot shows the current phase. */
enum phase { PHASE_IDLE, PHASE_READ, PHASE_DECODE, PHASE_INFER, PHASE_DATABASE, PHASE_HASH, PHASE_REPLY, PHASE_COUNT };

struct numbers;     /* answer/numbers.h */
struct numbers_eye; /* there, too */
struct route_table;

struct app {
    enum pool pool;
    const struct route_table *routes;
    const struct conf *conf;
    const struct model *model; /* metadata and golden pictures */
    struct json *card;         /* the model card, never changed; NULL: none */
    const struct cnn *cnn;
    void *scratch;           /* for cnn_forward */
    struct numbers_eye *eye; /* what reads numbers, with the same scratch; like decoder */
    struct numbers *numbers; /* of one picture, reused; like decoder */
    struct decoder *decoder; /* NULL outside the main and the large pool, which alone read pictures */
    struct store *store;     /* NULL while it cannot be opened: routes that need it answer 503 */
    struct reply *reply;     /* reused */
    struct buf *body;        /* reused, wiped after each request; its maximum is the largest body of any route */

    /* May be NULL. Called when a request enters a phase, and when its route is known. ctx is the worker's. */
    void (*on_phase)(void *ctx, enum phase phase);
    void (*on_route)(void *ctx, const char *route, const char *request_id);
    /* Whether the service as a whole is up (no crash loop): for /readyz. NULL: it is. */
    bool (*is_steady)(void *ctx);
    /* The master's latest counts, for /metrics. NULL: none. */
    void (*counts)(void *ctx, struct counts *out);
    void *ctx;
};

#endif
