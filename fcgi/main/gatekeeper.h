/* The gate as one of the master's processes. */
#ifndef DIGITD_MAIN_GATEKEEPER_H
#define DIGITD_MAIN_GATEKEEPER_H

#include "scoreboard.h"
#include "worker.h"

/* Runs the gate, after fork, as worker_main runs a worker; returns its exit status. */
int gatekeeper_main(const struct service *service, struct scoreboard *board, const struct worker_place *place);

#endif
