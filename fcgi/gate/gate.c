/* The loop: waits for connections, for bytes, for a tenth of a second, and for orders.
 *
 * Pitfalls:
 * - After EMFILE the connection stays in the backlog, and a level-triggered epoll would tell at once, for ever: a
 * pause.
 * - A successor shares the listening socket: whoever comes late to accept gets EAGAIN. */
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate_parts.h"

enum {
    EVENTS = 256,
    TICK_MS = 100,
    PAUSE_MS = 100,
    DRAIN_S = 4, /* the workers need some seconds more, and the master waits for 10 */
    RETIRE_S = 60,
    CONNS_MAX = 4096,
    OTHER_DESCRIPTORS = 32
};

static void end_add(struct gate *g, struct end *end, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};

    *end = (struct end){NULL, fd, EPOLLIN};
    (void)epoll_ctl(g->epoll, EPOLL_CTL_ADD, fd, &event);
}

static enum err address_make(struct sockaddr_un *to, const char *run_dir, const char *pool)
{
    int n;

    to->sun_family = AF_UNIX;
    n = snprintf(to->sun_path, sizeof(to->sun_path), "%s/%s.sock", run_dir, pool);
    return n > 0 && (size_t)n < sizeof(to->sun_path) ? OK : ERR_LIMIT;
}

/* Each request may have two descriptors. The usual soft limit of 1,024 would be few; it is that of select, which is not
 * used here. */
static int conns_limit(void)
{
    const rlim_t all = 2 * CONNS_MAX + OTHER_DESCRIPTORS;
    struct rlimit l = {0, 0};

    if (getrlimit(RLIMIT_NOFILE, &l) != 0)
        return CONNS_MAX;
    if (l.rlim_cur < all) {
        l.rlim_cur = l.rlim_max < all ? l.rlim_max : all;
        (void)setrlimit(RLIMIT_NOFILE, &l);
        (void)getrlimit(RLIMIT_NOFILE, &l);
    }
    if (l.rlim_cur >= all)
        return CONNS_MAX;
    return l.rlim_cur > OTHER_DESCRIPTORS + 2 ? (int)(l.rlim_cur - OTHER_DESCRIPTORS) / 2 : 1;
}

enum err gate_new(struct gate **out, const struct gate_settings *s)
{
    struct gate *g = calloc(1, sizeof(*g));
    uint64_t seed = 0;
    enum err e = ERR_NOMEM;

    *out = NULL;
    if (g == NULL)
        return ERR_NOMEM;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
        seed = (uint64_t)clock_mono_us(); /* harder to guess than nothing */
    g->s = *s;
    g->workers[GATE_PASSWORDS] = s->hash_workers;
    g->workers[GATE_PICTURES] = s->large_workers;
    g->conns_max = conns_limit();
    g->waiting_max = g->conns_max / 4 < GATE_WAITING_MAX ? g->conns_max / 4 : GATE_WAITING_MAX;
    g->reply = reply_new();
    g->tries = rate_tries_new(seed);
    g->queue[GATE_PASSWORDS].tries = g->tries;
    g->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (g->reply != NULL && g->tries != NULL)
        e = g->epoll < 0 ? ERR_IO : OK;
    if (e == OK)
        e = address_make(&g->main, s->run_dir, "main");
    if (e == OK)
        e = address_make(&g->pool[GATE_PASSWORDS], s->run_dir, "hash");
    if (e == OK)
        e = address_make(&g->pool[GATE_PICTURES], s->run_dir, "large");
    if (e != OK) {
        gate_free(g);
        return e;
    }
    end_add(g, &g->listen, s->listen_fd);
    end_add(g, &g->signals, s->signal_fd);
    *out = g;
    return OK;
}

/* Those that were closed in this round. */
static void bury(struct gate *g)
{
    while (g->gone != NULL) {
        struct conn *c = g->gone;

        g->gone = c->after;
        conn_free(c);
    }
}

void gate_free(struct gate *g)
{
    if (g == NULL)
        return;
    for (struct conn *c = g->first, *after; c != NULL; c = after) {
        after = c->after;
        errand_end(c);
        step_close(c);
    }
    bury(g);
    if (g->epoll >= 0)
        (void)close(g->epoll);
    reply_free(g->reply);
    rate_tries_free(g->tries);
    free(g);
}

/* Whether the listening socket is looked at. */
static void listen_set(struct gate *g, bool on)
{
    struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.ptr = &g->listen};

    if ((g->listen.wants != 0) == on)
        return;
    g->listen.wants = event.events;
    (void)epoll_ctl(g->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, g->listen.fd, &event);
}

static void accept_all(struct gate *g)
{
    while (g->n_conns < g->conns_max) {
        int fd = accept4(g->listen.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            g->accept_failed = false;
            (void)conn_new(g, fd);
            continue;
        }
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
            return;
        if (!g->accept_failed)
            log_text(LOG_ERROR, "accept_failed", strerror(errno));
        g->accept_failed = true;
        g->paused_us = g->now_us + PAUSE_MS * INT64_C(1000);
        return;
    }
}

static void orders_take(struct gate *g)
{
    const enum gate_order order = g->s.orders(g->s.ctx);

    if (order == GATE_GO || g->order == GATE_DRAIN)
        return;
    if (order == GATE_DRAIN && g->order == GATE_GO)
        accept_all(g); /* nginx has already handed these over */
    g->order = order;
    g->ends_us = g->now_us + (order == GATE_DRAIN ? DRAIN_S : RETIRE_S) * INT64_C(1000000);
}

static void event_take(struct gate *g, struct end *end, uint32_t events)
{
    struct conn *c = end->conn;

    if (end == &g->signals)
        orders_take(g);
    else if (end == &g->listen)
        accept_all(g);
    else if (end->fd < 0)
        return; /* closed in this round */
    else if (end == &c->client)
        step_client(c, events);
    else
        step_worker(c, events);
    if (c != NULL)
        conn_watch(c);
}

static void tick(struct gate *g)
{
    for (struct conn *c = g->first, *after; c != NULL; c = after) {
        after = c->after;
        step_tick(c);
    }
    step_start(g);
}

/* Waits for what comes next. Returns how many events there are. */
static int rest(struct gate *g, struct epoll_event events[EVENTS])
{
    int n;

    listen_set(g, g->order == GATE_GO && g->n_conns < g->conns_max && g->now_us >= g->paused_us);
    for (int q = 0; q < GATE_QUEUE_COUNT; q++)
        g->counts.waiting[q] = g->queue[q].n;
    g->s.rests(g->s.ctx, true, &g->counts);
    n = epoll_wait(g->epoll, events, EVENTS, g->n_conns > 0 || g->paused_us > g->now_us ? TICK_MS : -1);
    g->s.rests(g->s.ctx, false, &g->counts);
    g->now_us = clock_mono_us();
    return n;
}

enum err gate_run(struct gate *g)
{
    struct epoll_event events[EVENTS];
    int64_t ticked_us = 0;

    g->now_us = clock_mono_us();
    while (g->order == GATE_GO || (g->n_conns > 0 && g->now_us < g->ends_us)) {
        const int n = rest(g, events);

        if (n < 0 && errno != EINTR)
            return ERR_IO;
        for (int i = 0; i < n; i++)
            event_take(g, events[i].data.ptr, events[i].events);
        if (g->now_us - ticked_us >= TICK_MS * INT64_C(1000)) {
            ticked_us = g->now_us;
            tick(g);
        }
        bury(g);
    }
    return OK;
}
