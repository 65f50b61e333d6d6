/* The master: owns the listening sockets and the workers, reads no byte of any client. */
#ifndef DIGITD_MAIN_MASTER_H
#define DIGITD_MAIN_MASTER_H

#include "service.h"

struct master;

/* Takes the run directory (made, locked), prepares the database, opens the three sockets. Takes *service over, zeroing
 * it, also on failure. conf_path (may be NULL) must live as long as the master: a reload reads it again. One line in
 * why: ERR_BUSY where another instance runs, others as they come. */
enum err master_new(struct master **out, struct service *service, const char *conf_path, struct why *why);
void master_free(struct master *m);

/* Starts the workers and keeps them until SIGTERM or SIGINT; then removes the sockets, lets the workers finish for up
 * to 10 s, kills what is left, and returns 0. In a worker, which is a fork of this call, it returns the exit status. */
int master_run(struct master *m);

/* Opens log_file (standard error when it is empty) and points the log at it. An earlier one is closed. */
enum err master_log_open(const struct conf *c, struct why *why);

#endif
