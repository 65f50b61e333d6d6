/* What every process that the master forks does first: a worker, the gate, the keeper. */
#ifndef DIGITD_MAIN_PROCESS_H
#define DIGITD_MAIN_PROCESS_H

#include "worker.h"

/* Dies with the master; no core dump and no ptrace, since passwords pass through here (R49). The pools whose work is
 * dear are niced: they leave the processor to the others. ERR_IO. */
enum err process_harden(const struct worker_place *place);

/* Ignores what a terminal sends to all, and opens a descriptor that tells of WORKER_SIGNAL_DRAIN and
 * WORKER_SIGNAL_RETIRE. Call it after fcgx_new, because libfcgi installs its own handlers. ERR_IO. */
enum err process_signals(int *fd);

/* Whether one of those has come and has not been read yet. May be called in a signal handler. */
bool process_is_called(void);

/* Opens app->store if it is not open. Without a database, a worker answers 503 to requests that need it, and tries
 * again at each request. *failed: that has been logged. */
void process_store_open(struct app *app, bool *failed);

#endif
