/* The directory of the sockets, and the lock in it that keeps out a second digitd and `digitctl restore`. */
#ifndef DIGITD_FILES_RUN_DIR_H
#define DIGITD_FILES_RUN_DIR_H

#include <sys/types.h>

#include "base/err.h"

/* Creates dir with mode 0750 if it is missing; its parent must exist. ERR_IO. */
enum err run_dir_make(const char *dir, struct why *why);

/* Takes dir/digitd.lock, like lock_take. ERR_BUSY: digitd or a restore is running; ERR_IO. */
enum err run_dir_lock(const char *dir, int *fd, struct why *why);

/* Whether somebody holds it, like lock_look. */
enum err run_dir_look(const char *dir);

/* The process that holds it, if it is a digitd and not a restore, and the user it belongs to. ERR_NOT_FOUND: none runs;
 * ERR_BUSY: a restore does; ERR_IO. */
enum err run_dir_digitd(const char *dir, pid_t *pid, uid_t *uid);

#endif
