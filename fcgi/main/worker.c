/* The accept loop.
 *
 * Pitfalls:
 * - Signals stay blocked and are read from a descriptor: one that interrupts libfcgi's read would fail a request, and
 *   a handler could run in the window between a look at its flag and accept.
 * - The slot is marked busy before accept, because libfcgi reads the parameters inside accept and a silent peer holds
 * it there; the master's deadline (R2) counts from that mark.
 * - finish can wait for the peer as well, so the slot stays busy until it is over.
 * - poll tells every idle worker about one connection; those that come late get ERR_BUSY.
 * - After EMFILE the connection is still there and poll would return at once, for ever: a pause (R93). */
#include "worker.h"

#include <sys/random.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer/numbers.h"
#include "base/clock.h"
#include "base/log.h"
#include "web/api/routes.h"
#include "web/dispatch.h"
#include "process.h"

enum { WORKER_DRAIN_MS = 5000, WORKER_PAUSE_MS = 100 };

struct worker {
    struct app app;
    struct decoder *decoder; /* NULL but in the main and the large pool */
    struct numbers_eye eye;
    struct fcgx *fcgx;
    struct score *score;
    const struct scoreboard *board;
    const struct worker_place *place;
    int signal_fd;
    int64_t requests_left;
    int64_t drain_us; /* when: the end of draining */
    bool draining, retiring;
    bool store_failed, accept_failed, loss_told; /* said so already */
    enum counts_group group;                     /* of the request in flight */
    char request_id[REQUEST_ID_MAX + 1];         /* of the request in flight, or the last one */
};

static void worker_on_phase(void *ctx, enum phase phase)
{
    score_phase(((struct worker *)ctx)->score, phase);
}

static void worker_on_route(void *ctx, const char *route, const char *request_id)
{
    struct worker *w = ctx;

    score_route(w->score, route, request_id);
    w->group = counts_group_of(route);
    (void)snprintf(w->request_id, sizeof(w->request_id), "%s", request_id);
}

static bool worker_is_steady(void *ctx)
{
    return scoreboard_steady(((struct worker *)ctx)->board);
}

static void worker_counts(void *ctx, struct counts *out)
{
    scoreboard_counts(((struct worker *)ctx)->board, out);
}

/* max plus or minus an eighth, so that workers started together do not end together. */
static int64_t worker_requests_limit(int max)
{
    uint32_t r = 0;

    if (max == 0)
        return INT64_MAX;
    if (getrandom(&r, sizeof(r), GRND_NONBLOCK) < 0)
        r = (uint32_t)getpid(); /* any number will do */
    return max - max / 8 + (int64_t)(r % (uint32_t)(max / 4 + 1));
}

/* The first thing a worker does: the child inherits the memory as it is now, the master's, which holds no visitor's
 * secrets, and never sees anything that is added later. */
static enum err worker_decoder_new(struct worker *w)
{
    struct why why = {""};
    enum err e = OK;

    if (w->place->pool == POOL_MAIN || w->place->pool == POOL_LARGE)
        e = decoder_new(&w->decoder, ROUTE_PICTURES_MAX_BYTES, &why);
    if (e != OK)
        log_text(LOG_ERROR, "decoder_start_failed", why.text);
    return e;
}

static enum err worker_new(struct worker *w, const struct service *service)
{
    enum err e;

    w->app = (struct app){.pool = w->place->pool,
                          .routes = &api_routes,
                          .conf = &service->conf,
                          .model = service->model,
                          .card = service->card,
                          .decoder = w->decoder,
                          .cnn = service->cnn,
                          .scratch = cnn_scratch_new(service->cnn),
                          .reply = reply_new(),
                          .body = buf_new(ROUTE_PICTURES_MAX_BYTES), /* the largest of all routes */
                          .on_phase = worker_on_phase,
                          .on_route = worker_on_route,
                          .is_steady = worker_is_steady,
                          .counts = worker_counts,
                          .ctx = w};
    if (w->decoder != NULL) {
        w->eye = service->eye;
        w->eye.scratch = w->app.scratch;
        w->app.eye = &w->eye;
        w->app.numbers = calloc(1, sizeof(*w->app.numbers));
    }
    if (w->app.scratch == NULL || w->app.reply == NULL || w->app.body == NULL ||
        (w->app.eye != NULL && w->app.numbers == NULL))
        return ERR_NOMEM;
    e = fcgx_new(&w->fcgx, w->place->listen_fd);
    if (e == OK)
        e = process_signals(&w->signal_fd);
    w->requests_left = worker_requests_limit(service->conf.max_requests);
    return e;
}

static void worker_free(struct worker *w)
{
    store_close(w->app.store);
    fcgx_free(w->fcgx);
    free(w->app.scratch);
    free(w->app.numbers);
    reply_free(w->app.reply);
    buf_free(w->app.body);
    decoder_free(w->decoder);
    if (w->signal_fd >= 0)
        (void)close(w->signal_fd);
}

static void worker_signals_read(struct worker *w)
{
    struct signalfd_siginfo info;

    while (read(w->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == WORKER_SIGNAL_RETIRE)
            w->retiring = true;
        else if (!w->draining) {
            w->draining = true;
            w->drain_us = clock_mono_us() + WORKER_DRAIN_MS * INT64_C(1000);
        }
    }
}

/* Takes one request, if it is still there, and answers it. */
static void worker_serve(struct worker *w)
{
    enum err e;
    int status;

    score_begin(w->score, clock_mono_us());
    e = fcgx_accept(w->fcgx);
    if (e == OK) {
        process_store_open(&w->app, &w->store_failed);
        w->group = GROUP_OTHER;
        status = dispatch_serve(&w->app, w->fcgx);
        score_phase(w->score, PHASE_REPLY);
        score_count(w->score, w->group, status);
        fcgx_finish(w->fcgx);
        w->requests_left--;
    }
    score_end(w->score, e == OK);
    if (e == OK || e == ERR_BUSY) {
        w->accept_failed = false;
        return;
    }
    if (!w->accept_failed)
        log_text(LOG_ERROR, "accept_failed", err_str(e));
    w->accept_failed = true;
    (void)poll(&(struct pollfd){.fd = w->signal_fd, .events = POLLIN}, 1, WORKER_PAUSE_MS);
}

/* Whether this worker continues. If it has lost its decoder, it exits normally, and the master replaces it within
 * milliseconds: a new decoder must not be forked from a process that has the database open. This does not count as a
 * crash (R8); otherwise a few bad pictures would take the site down. While draining it would not be replaced, so it
 * stays and asks for pictures to be sent again. */
static bool worker_goes_on(struct worker *w)
{
    if (w->decoder == NULL || !decoder_lost(w->decoder))
        return true;
    if (!w->loss_told) {
        decoder_log_loss(w->decoder, w->request_id);
        score_decoder_lost(w->score);
    }
    w->loss_told = true;
    return w->draining;
}

static int worker_loop(struct worker *w)
{
    while (w->requests_left > 0 && worker_goes_on(w)) {
        struct pollfd fds[3] = {{.fd = w->signal_fd, .events = POLLIN},
                                {.fd = w->place->listen_fd, .events = POLLIN},
                                {.fd = w->decoder == NULL ? -1 : decoder_fd(w->decoder), .events = POLLIN}};

        w->request_id[0] = '\0';
        if (poll(fds, 3, w->draining ? 0 : -1) < 0 && errno != EINTR)
            return EXIT_FAILURE;
        if (fds[0].revents != 0)
            worker_signals_read(w);
        if (w->retiring || (w->draining && clock_mono_us() > w->drain_us))
            break;
        if (fds[2].revents != 0) { /* before a request is taken that it could not answer */
            decoder_heard(w->decoder);
            continue;
        }
        if (fds[1].revents != 0)
            worker_serve(w);
        else if (w->draining)
            break; /* nobody waits any more */
    }
    return EXIT_SUCCESS;
}

int worker_main(const struct service *service, struct scoreboard *board, const struct worker_place *place)
{
    struct worker w = {.board = board, .place = place, .score = scoreboard_slot(board, place->slot), .signal_fd = -1};
    enum err e = process_harden(place);
    int status = EXIT_FAILURE;

    if (e == OK)
        e = scoreboard_restrict(board, place->slot);
    if (e == OK)
        e = worker_decoder_new(&w);
    if (e == OK)
        e = worker_new(&w, service);
    if (e != OK)
        log_text(LOG_ERROR, "worker_start_failed", err_str(e));
    else {
        process_store_open(&w.app, &w.store_failed);
        score_up(w.score);
        status = worker_loop(&w);
    }
    worker_free(&w);
    return status;
}
