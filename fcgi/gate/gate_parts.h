/* Shared by the files of the gate: a request on its way, and what they have in common. */
#ifndef DIGITD_GATE_GATE_PARTS_H
#define DIGITD_GATE_GATE_PARTS_H

#include <sys/un.h>

#include "web/http/problems.h"
#include "told.h"
#include "gate.h"
#include "params.h"
#include "queue.h"
#include "record.h"

enum {
    GATE_UPLOADS_PER_ACCOUNT = 4,           /* at a time */
    GATE_HELD_MAX_BYTES = 96 * 1024 * 1024, /* of all bodies; a buffer may be up to twice its contents */
    GATE_READ_BYTES = 64 * 1024,
    GATE_PARAMS_MAX_BYTES = 64 * 1024, /* nginx takes 32 KiB of headers */
    GATE_HASH_BODY_MAX_BYTES = 8 * 1024,
    GATE_PICTURES_MAX_BYTES = 10 * 1024 * 1024,
    GATE_OUT_MAX_BYTES = 1024 * 1024,
    GATE_OUT_HIGH_BYTES = 256 * 1024, /* of an answer that nginx has not taken yet: the worker has to wait */
    GATE_WAITING_MAX = 1024           /* in one queue; and a quarter of all places at most */
};

enum stage {
    STAGE_PARAMS, /* they are coming */
    STAGE_BODY,   /* it is coming */
    STAGE_WORKER, /* a worker has it, or is to get it */
    STAGE_QUEUE,  /* it waits for its turn */
    STAGE_WASTE,  /* an answer is here, and a body that nobody needs still comes */
    STAGE_ANSWER, /* the whole answer is here and leaves */
    STAGE_LINGER  /* it has left; until nginx closes, because what it still sends would reset the connection */
};

enum errand { ERRAND_NONE, ERRAND_ASK, ERRAND_READ, ERRAND_HASH, ERRAND_LARGE };

/* One of a request's two connections. */
struct end {
    struct conn *conn; /* NULL: not a request's */
    int fd;            /* -1: none */
    uint32_t wants;    /* as epoll knows it */
};

struct conn {
    struct gate *gate;
    struct conn *before, *after;
    struct end client, worker;
    enum stage stage;
    int64_t stage_us; /* when it began */
    enum gate_queue kind;
    uint64_t account; /* of pictures, once known */
    struct record_reader reader;
    struct buf *params, *pairs, *body;
    bool params_ended, body_ended, too_large; /* too_large: it has more body than its kind may */
    struct queue_entry entry;
    enum errand errand; /* what it is about now, and the request for it */
    struct buf *head;   /* what goes before the body */
    size_t sent;
    bool sent_all, with_body, heard;
    struct told told;
    struct buf *out;
    size_t out_sent;
    bool out_open; /* out is for the client indeed */
};

struct gate {
    struct gate_settings s;
    int epoll;
    struct end listen, signals;
    struct sockaddr_un main, pool[GATE_QUEUE_COUNT];
    struct conn *first, *gone;           /* gone: freed when no event can name them any more */
    int n_conns, conns_max, waiting_max; /* waiting: in one queue */
    struct queue queue[GATE_QUEUE_COUNT];
    int running[GATE_QUEUE_COUNT], workers[GATE_QUEUE_COUNT];
    struct rate_mean mean[GATE_QUEUE_COUNT];
    struct rate_tries *tries;
    struct reply *reply;
    struct gate_counts counts;
    enum gate_order order;
    int64_t now_us, paused_us, ends_us; /* of this round; until when nobody is accepted; when a drain ends */
    bool accept_failed;
    uint8_t bytes[GATE_READ_BYTES];
};

/* conn.c: what a request has. conn_new takes fd; conn_remove takes a request out of the gate and leaves it to the end
 * of the round, and to conn_free. */
struct conn *conn_new(struct gate *g, int fd);
void conn_remove(struct conn *c);
void conn_free(struct conn *c);
/* conn_watch says to epoll what both ends wait for, as conn_enter does. */
void conn_enter(struct conn *c, enum stage stage);
void conn_watch(struct conn *c);
bool conn_has_output(const struct conn *c);
void conn_free_body(struct conn *c);
/* How many uploads of this account are on their way; and what their bodies come to. */
int conn_uploads(const struct gate *g, uint64_t account, size_t *bytes);

/* client.c: reads from nginx, and writes to it. client_receive fills pairs, kind and body as far as they have come.
 * false: there is no more to do with this connection. client_send: writes what it can; true when all has left, and
 * false with *broken where nobody takes it. */
bool client_receive(struct conn *c);
bool client_send(struct conn *c, bool *broken);
/* errand.c: the worker's side. errand_begin makes the request, errand_try connects: ERR_BUSY: not now; ERR_IO: there is
 * no such pool; or the failure of c->head. errand_end: closes, and frees the pool's place. */
enum heard { HEARD_SOME, HEARD_TOLD, HEARD_END, HEARD_BROKEN };
void errand_begin(struct conn *c, enum errand errand);
enum err errand_try(struct conn *c);
void errand_send(struct conn *c);
enum heard errand_receive(struct conn *c); /* until there is nothing more for now, or something is to be decided */
void errand_end(struct conn *c);
void refuse_write(struct conn *c, enum gate_refusal why); /* refuse.c: an answer of the gate's own */
/* steps.c: decides what happens next. */
void step_client(struct conn *c, uint32_t events);
void step_worker(struct conn *c, uint32_t events);
void step_tick(struct conn *c);
void step_close(struct conn *c);
void step_start(struct gate *g); /* gives work to every worker that is free */

#endif
