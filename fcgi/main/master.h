/* The master: owns the listening sockets and the workers. Never reads a byte from a client. */
#ifndef DIGITD_MAIN_MASTER_H
#define DIGITD_MAIN_MASTER_H

#include "service.h"

struct master;

/* Creates and locks the run directory, prepares the database, opens the sockets. Takes ownership of *service and
 * zeroes it, even on failure. conf_path (may be NULL) must live as long as the master, because a reload reads it again.
 * One line in why. ERR_BUSY: another instance is running; other errors are passed on. */
enum err master_new(struct master **out, struct service *service, const char *conf_path, struct why *why);
void master_free(struct master *m);

/* Starts the workers and keeps them running until SIGTERM or SIGINT. Then removes the sockets, gives the gate and the
 * workers up to 10 s to finish, kills the rest, and returns 0. In a worker, which is forked inside this call, it
 * returns the exit status. */
int master_run(struct master *m);

/* Opens log_file (standard error if empty) and logs to it. Closes the previous one. */
enum err master_log_open(const struct conf *c, struct why *why);

#endif
