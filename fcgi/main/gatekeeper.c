/* Gives the gate its orders and shows the master that it is alive: a round of its loop that never ended would be killed
 * at the deadline, like a worker's request (R2). */
#include "gatekeeper.h"

#include <sys/signalfd.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/gate.h"
#include "process.h"

struct gatekeeper {
    struct score *score;
    pid_t master;
    int signal_fd;
};

/* Who retires has a successor from the start, if it was the master's order. If somebody else's, the master knows of its
 * end alone, and that has to come soon. */
static enum gate_order gatekeeper_orders(void *ctx)
{
    const struct gatekeeper *k = ctx;
    enum gate_order order = GATE_GO;
    struct signalfd_siginfo info;

    while (read(k->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        if (order != GATE_DRAIN)
            order = info.ssi_signo == WORKER_SIGNAL_RETIRE && info.ssi_pid == (uint32_t)k->master ? GATE_RETIRE
                                                                                                  : GATE_DRAIN;
    return order;
}

static void gatekeeper_rests(void *ctx, bool rests, const struct gate_counts *counts)
{
    const struct gatekeeper *k = ctx;

    if (rests) {
        score_end(k->score, false);
        score_gate(k->score, counts);
        return;
    }
    score_begin(k->score, clock_mono_us());
    score_route(k->score, "(gate)", "");
}

int gatekeeper_main(const struct service *service, struct scoreboard *board, const struct worker_place *place)
{
    struct gatekeeper k = {.score = scoreboard_slot(board, place->slot), .master = place->master, .signal_fd = -1};
    struct gate *gate = NULL;
    enum err e = process_harden(place);

    if (e == OK)
        e = scoreboard_restrict(board, place->slot);
    if (e == OK)
        e = process_signals(&k.signal_fd);
    if (e == OK) {
        const struct gate_settings settings = {.listen_fd = place->listen_fd,
                                               .signal_fd = k.signal_fd,
                                               .run_dir = service->conf.run_dir,
                                               .hash_workers = service_pool_size(&service->conf, POOL_HASH),
                                               .large_workers = service_pool_size(&service->conf, POOL_LARGE),
                                               .deadline_s = service->conf.request_deadline_s,
                                               .orders = gatekeeper_orders,
                                               .rests = gatekeeper_rests,
                                               .ctx = &k};

        e = gate_new(&gate, &settings);
    }
    if (e == OK) {
        score_up(k.score);
        e = gate_run(gate);
    }
    if (e != OK)
        log_text(LOG_ERROR, "gate_failed", err_str(e));
    gate_free(gate);
    if (k.signal_fd >= 0)
        (void)close(k.signal_fd);
    return e == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
