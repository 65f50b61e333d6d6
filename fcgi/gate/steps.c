/* What happens next to a request: the only file that decides, and the only one that knows the queues.
 *
 *   passwords: parameters, body, [whose? a worker of the main pool], queue, the hash pool, answer
 *   pictures:  parameters, whose?, body, the main pool, [queue, the large pool], answer
 *
 * At each step the gate may refuse, and a worker's refusal is an answer.
 *
 * Pitfalls:
 * - nginx's FastCGI reads an answer to its end only when the connection ends. So the answer is followed by a shutdown
 * of this side, and what still comes is thrown away until nginx closes.
 * - A hash or a large picture whose client has left still has its worker until that is done: the place is free when the
 *   worker closes, or whoever comes and goes would have the pool to himself. */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate_parts.h"

enum { PARAMS_S = 10, POOL_S = 10, WASTE_S = 3, ANSWER_S = 30, LINGER_S = 10, DEADLINE_MORE_S = 5 };
static const int wait_s[GATE_QUEUE_COUNT] = {[GATE_PASSWORDS] = 10, [GATE_PICTURES] = 15};

#define SECOND_US INT64_C(1000000)

void step_close(struct conn *c)
{
    if (c->client.fd >= 0)
        (void)close(c->client.fd);
    c->client.fd = -1;
    if ((c->errand == ERRAND_HASH || c->errand == ERRAND_LARGE) && c->worker.fd >= 0) {
        buf_reset(c->out); /* or there would be no room for the rest, and its worker would wait until its deadline */
        c->out_sent = 0;
        conn_watch(c);
        return; /* the place is taken until its worker is done */
    }
    errand_end(c);
    queue_drop(&c->gate->queue[c->kind], &c->entry);
    conn_remove(c);
}

/* Writes what there is for the client; when the whole answer has left, that is its end. */
static void send_on(struct conn *c)
{
    bool broken;

    if (client_send(c, &broken) && c->stage == STAGE_ANSWER) {
        (void)shutdown(c->client.fd, SHUT_WR);
        conn_enter(c, STAGE_LINGER);
    }
    if (broken)
        step_close(c);
    else
        conn_watch(c);
}

static void answer_leave(struct conn *c)
{
    c->out_open = true;
    conn_enter(c, STAGE_ANSWER);
    send_on(c);
}

/* Half of the places are taken. Others need the rest more than those who only wait for the end of their own body. */
static bool is_crowded(const struct gate *g)
{
    return g->n_conns > g->conns_max / 2;
}

/* The whole answer is here. Many clients do not look for one before they have sent their body, and take a connection
 * that ends before for an error: so the rest of it comes first, and is thrown away, unless that takes too long. */
static void answered(struct conn *c)
{
    conn_free_body(c);
    c->out_open = false;
    if (c->body_ended || c->too_large || is_crowded(c->gate))
        answer_leave(c);
    else
        conn_enter(c, STAGE_WASTE);
}

static void refuse(struct conn *c, enum gate_refusal why)
{
    errand_end(c);
    queue_drop(&c->gate->queue[c->kind], &c->entry);
    refuse_write(c, why);
    answered(c);
}

static void errand_connect(struct conn *c)
{
    const enum err e = errand_try(c);

    if (e == OK)
        conn_watch(c);
    else if (e != ERR_BUSY) /* which is tried again at the next tick */
        refuse(c, e == ERR_IO ? GATE_NO_POOL : GATE_NO_ROOM);
}

static void send_to(struct conn *c, enum errand errand)
{
    errand_begin(c, errand);
    conn_enter(c, STAGE_WORKER);
    errand_connect(c);
}

/* ---- the queues */

static struct conn *conn_of(struct queue_entry *e)
{
    return (struct conn *)(void *)((char *)e - offsetof(struct conn, entry));
}

void step_start(struct gate *g)
{
    for (int q = 0; q < GATE_QUEUE_COUNT; q++)
        while (g->running[q] < g->workers[q] && g->queue[q].n > 0)
            send_to(conn_of(queue_take(&g->queue[q], g->now_us)), q == GATE_PASSWORDS ? ERRAND_HASH : ERRAND_LARGE);
}

/* How long it would be until c has its turn, if nobody came who goes before it. */
static double wait_of(const struct conn *c, enum gate_queue q)
{
    const struct gate *g = c->gate;
    const double ahead = (double)queue_ahead(&g->queue[q], &c->entry, g->now_us) + g->running[q];

    return ahead < g->workers[q] ? 0 : ahead * g->mean[q].us / g->workers[q];
}

/* Whose password cannot have its turn in time is told so now: he would only wait, and others behind him. Of pictures
 * nobody knows how long those before will take: one may be a hundred times as large as another. */
static void wait_turn(struct conn *c, enum gate_queue q)
{
    struct gate *g = c->gate;
    struct queue *queue = &g->queue[q];

    queue_add(queue, &c->entry);
    conn_enter(c, STAGE_QUEUE);
    if (q == GATE_PASSWORDS && wait_of(c, q) > (double)(wait_s[q] * SECOND_US))
        refuse(c, GATE_FULL);
    else if (queue->n > (size_t)g->waiting_max)
        refuse(conn_of(queue_final(queue, g->now_us)), GATE_FULL);
    step_start(g);
}

/* ---- the client's side */

/* The whole body is here. A cookie of ours may say that somebody is known; nobody else is asked about. */
static void body_done(struct conn *c)
{
    const char *cookie = params_find(c->pairs, "HTTP_COOKIE");

    if (c->kind == GATE_PICTURES)
        send_to(c, ERRAND_READ);
    else if (cookie != NULL && strstr(cookie, "digitd_") != NULL)
        send_to(c, ERRAND_ASK);
    else
        wait_turn(c, GATE_PASSWORDS);
}

/* Whoever holds most makes room: the last upload of that account that is still coming. Of several accounts with as
 * much, c's own. */
static struct conn *body_victim(struct conn *c)
{
    struct conn *victim = c;
    size_t most, bytes;

    (void)conn_uploads(c->gate, c->account, &most);
    for (struct conn *i = c->gate->first; i != NULL; i = i->after)
        if (i->kind == GATE_PICTURES && i->stage == STAGE_BODY && conn_uploads(c->gate, i->account, &bytes) > 0 &&
            bytes > most) {
            victim = i;
            most = bytes;
        }
    return victim;
}

/* More of the body is here. */
static void body_step(struct conn *c)
{
    struct gate *g = c->gate;

    while (g->counts.held_bytes > GATE_HELD_MAX_BYTES && c->stage == STAGE_BODY)
        refuse(body_victim(c), GATE_NO_ROOM); /* which leaves that stage */
    if (c->stage != STAGE_BODY)
        return; /* it was c */
    if (c->too_large)
        refuse(c, GATE_TOO_LARGE);
    else if (buf_status(c->body) != OK)
        refuse(c, GATE_NO_ROOM);
    else if (c->body_ended)
        body_done(c);
}

/* A password's client is counted before anything else; of pictures, first it must be known whose they are. */
static void params_step(struct conn *c)
{
    const char *address = params_find(c->pairs, "REMOTE_ADDR");

    if (c->kind == GATE_PICTURES) {
        send_to(c, ERRAND_ASK);
        return;
    }
    c->entry.who = rate_client(address == NULL ? "" : address);
    rate_tries_add(c->gate->tries, c->entry.who, c->gate->now_us);
    conn_enter(c, STAGE_BODY);
    body_step(c);
}

void step_client(struct conn *c, uint32_t events)
{
    if ((events & EPOLLOUT) != 0 && c->stage >= STAGE_WORKER)
        send_on(c);
    if (c->client.fd < 0)
        return;
    if ((events & EPOLLIN) != 0) {
        if (!client_receive(c))
            step_close(c);
        else if (c->stage == STAGE_PARAMS && c->params_ended)
            params_step(c);
        else if (c->stage == STAGE_BODY)
            body_step(c);
        else if (c->stage == STAGE_WASTE && c->body_ended)
            answer_leave(c);
    } else if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        step_close(c); /* whoever wanted the answer has left */
    }
}

/* ---- the worker's side */

/* A worker has said whose it is, or that it is large. */
static void told_step(struct conn *c)
{
    size_t bytes;

    errand_end(c);
    buf_reset(c->out);
    if (c->told.kind == TOLD_LARGE) {
        c->entry.who = c->account;
        wait_turn(c, GATE_PICTURES);
    } else if (c->kind == GATE_PASSWORDS) {
        c->entry.known = c->told.account != 0;
        wait_turn(c, GATE_PASSWORDS);
    } else if (conn_uploads(c->gate, c->told.account, &bytes) >= GATE_UPLOADS_PER_ACCOUNT) {
        refuse(c, GATE_UPLOADS);
    } else {
        c->account = c->told.account;
        conn_enter(c, STAGE_BODY);
        body_step(c);
    }
}

/* The worker has closed. Where it said nothing it died over the request, and nginx makes a 503 of a connection that
 * ends so. */
static void ended_step(struct conn *c)
{
    struct gate *g = c->gate;

    if ((c->errand == ERRAND_HASH || c->errand == ERRAND_LARGE) && c->heard)
        rate_mean_add(&g->mean[c->kind], clock_mono_us() - c->stage_us);
    errand_end(c);
    if (c->heard && c->client.fd >= 0)
        answered(c);
    else
        step_close(c);
    step_start(g);
}

void step_worker(struct conn *c, uint32_t events)
{
    enum heard heard = HEARD_SOME;

    if (!c->sent_all && (events & (EPOLLOUT | EPOLLERR)) != 0)
        errand_send(c);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        heard = errand_receive(c);
    if (heard == HEARD_TOLD)
        told_step(c);
    else if (heard == HEARD_END)
        ended_step(c);
    else if (heard == HEARD_BROKEN)
        step_close(c);
}

/* ---- time */

static void worker_tick(struct conn *c, int64_t us)
{
    if (c->worker.fd < 0 && us > POOL_S * SECOND_US) {
        refuse(c, GATE_NO_POOL);
    } else if (c->worker.fd < 0) {
        errand_connect(c);
    } else if (us > (c->gate->s.deadline_s + DEADLINE_MORE_S) * SECOND_US) { /* the master should have ended it */
        errand_end(c);
        step_close(c);
    }
}

void step_tick(struct conn *c)
{
    const int64_t us = c->gate->now_us - c->stage_us;

    switch (c->stage) {
    case STAGE_PARAMS:
        if (us > PARAMS_S * SECOND_US)
            step_close(c);
        break;
    case STAGE_BODY:
        if (rate_is_late(c->stage_us, c->gate->now_us, buf_len(c->body)))
            refuse(c, GATE_SLOW);
        break;
    case STAGE_WORKER:
        worker_tick(c, us);
        break;
    case STAGE_QUEUE:
        if (us > wait_s[c->kind] * SECOND_US)
            refuse(c, GATE_LATE);
        break;
    case STAGE_WASTE:
        if (us > WASTE_S * SECOND_US || is_crowded(c->gate))
            answer_leave(c);
        break;
    case STAGE_ANSWER:
        if (us > ANSWER_S * SECOND_US)
            step_close(c);
        break;
    case STAGE_LINGER:
        if (us > LINGER_S * SECOND_US)
            step_close(c);
        break;
    }
}
