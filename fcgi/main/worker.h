/* One worker: a process that answers requests from its pool's socket, one at a time. */
#ifndef DIGITD_MAIN_WORKER_H
#define DIGITD_MAIN_WORKER_H

#include <sys/types.h>

#include <signal.h>

#include "scoreboard.h"
#include "service.h"

/* SIGTERM is the master's alone: a supervisor may send it to every process, and the gate must end before the workers.
 */
#define WORKER_SIGNAL_DRAIN  SIGUSR1 /* answer the backlog, then exit */
#define WORKER_SIGNAL_RETIRE SIGUSR2 /* finish the current request and exit; other workers take waiting ones */

/* A worker's place. */
struct worker_place {
    enum pool pool;
    int index;     /* in its pool */
    int slot;      /* in the scoreboard */
    int listen_fd; /* of its pool; -1: none */
    pid_t master;
};

/* Runs a worker, after fork; returns its exit status. The caller has blocked both signals and has
 * closed all descriptors that a worker must not have. On WORKER_SIGNAL_DRAIN the worker answers the backlog for a few
 * seconds, then exits. */
int worker_main(const struct service *service, struct scoreboard *board, const struct worker_place *place);

#endif
