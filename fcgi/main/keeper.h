/* The keeper: the one process that does the housekeeping of the database, and nothing else. */
#ifndef DIGITD_MAIN_KEEPER_H
#define DIGITD_MAIN_KEEPER_H

#include "worker.h"

/* Runs the keeper, after fork, like worker_main; it has no socket. Ends with status 0 on
 * WORKER_SIGNAL_DRAIN or WORKER_SIGNAL_RETIRE, also in the middle of copying the WAL back. */
int keeper_main(const struct service *service, struct scoreboard *board, const struct worker_place *place);

#endif
