/* Every few seconds: deletes what has expired, and copies the WAL back into the database (store_housekeep).
 *
 * It is a process of its own because a copy can take as long as the disk wants it to: minutes, for a large WAL on a
 * slow disk. A worker would be missing for that long, and its deadline, which is for requests, would end every copy
 * before it is whole. While the keeper copies without the writer's lock, its slot says that it is idle, so the master
 * lets it finish; whatever else it does is ended after a minute. */
#include "keeper.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process.h"

enum { KEEPER_EVERY_MS = 3000 /* R73: the WAL is truncated within 5 s after the last reader that held it */ };

struct keeper {
    struct app app; /* for its settings and its store */
    struct score *score;
    int signal_fd;
    bool store_failed, keeping_failed; /* said so already */
};

static void keeper_busy(void *ctx, bool busy)
{
    struct keeper *k = ctx;

    if (!busy) {
        score_end(k->score, false);
        return;
    }
    score_begin(k->score, clock_mono_us());
    score_route(k->score, "(housekeeping)", "");
    score_phase(k->score, PHASE_DATABASE);
}

static void keeper_keep(struct keeper *k)
{
    const struct store_session_rule rule = store_session_rule_of(k->app.conf);
    enum err e;

    keeper_busy(k, true);
    process_store_open(&k->app, &k->store_failed);
    if (k->app.store != NULL)
        store_on_long_copy(k->app.store, keeper_busy, k, process_is_called);
    e = k->app.store == NULL ? OK : store_housekeep(k->app.store, &rule, NULL);
    keeper_busy(k, false);
    if (e != OK && !k->keeping_failed)
        log_text(LOG_WARN, "housekeeping_failed", err_str(e));
    k->keeping_failed = e != OK;
}

int keeper_main(const struct service *service, struct scoreboard *board, const struct worker_place *place)
{
    struct keeper k = {.app = {.pool = place->pool, .conf = &service->conf},
                       .score = scoreboard_slot(board, place->slot),
                       .signal_fd = -1};
    enum err e = process_harden(place);

    if (e == OK)
        e = scoreboard_restrict(board, place->slot);
    if (e == OK)
        e = process_signals(&k.signal_fd);
    if (e != OK) {
        log_text(LOG_ERROR, "worker_start_failed", err_str(e));
        return EXIT_FAILURE;
    }
    process_store_open(&k.app, &k.store_failed);
    score_up(k.score);
    /* Either signal ends it: there is no request to finish. */
    while (poll(&(struct pollfd){.fd = k.signal_fd, .events = POLLIN}, 1, KEEPER_EVERY_MS) == 0)
        keeper_keep(&k);
    store_close(k.app.store);
    (void)close(k.signal_fd);
    return EXIT_SUCCESS;
}
