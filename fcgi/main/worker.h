/* One worker: a process that answers one request at a time from the socket of its pool. */
#ifndef DIGITD_MAIN_WORKER_H
#define DIGITD_MAIN_WORKER_H

#include <sys/types.h>

#include <signal.h>

#include "scoreboard.h"
#include "service.h"

#define WORKER_SIGNAL_RETIRE SIGUSR2 /* finish the request in flight and end; others take what waits */

/* Where a worker stands. */
struct worker_place {
    enum pool pool;
    int index;     /* in its pool; main 0 keeps the house */
    int slot;      /* in the scoreboard */
    int listen_fd; /* of its pool */
    pid_t master;
};

/* The life of a worker, after fork; returns its exit status. The caller has blocked SIGTERM and WORKER_SIGNAL_RETIRE
 * and has closed what a worker must not hold. SIGTERM: answers what waits in the backlog for a few seconds, then ends.
 */
int worker_main(const struct service *service, struct scoreboard *board, const struct worker_place *place);

#endif
