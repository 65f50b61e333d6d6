/* The directory of the sockets, and the lock in it that keeps a second digitd, or `digitctl restore`, out. */
#ifndef DIGITD_FILES_RUN_DIR_H
#define DIGITD_FILES_RUN_DIR_H

#include "base/err.h"

/* Makes dir with mode 0750 if it is not there (its parent must be). ERR_IO. */
enum err run_dir_make(const char *dir, struct why *why);

/* Takes dir/digitd.lock as lock_take does. ERR_BUSY: digitd runs here, or a restore does; ERR_IO. */
enum err run_dir_lock(const char *dir, int *fd, struct why *why);

/* Whether anybody has it, as lock_look tells. */
enum err run_dir_look(const char *dir);

#endif
