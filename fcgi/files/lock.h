/* Locks that a process holds as long as it lives: flock(2) on a separate file. The file is never deleted: otherwise two
 * processes could hold locks on two different files. */
#ifndef DIGITD_FILES_LOCK_H
#define DIGITD_FILES_LOCK_H

#include "base/err.h"

/* Takes the lock until *fd is closed in this process (children must close their copies) and writes the process id into
 * the file, for people. If root creates the file, it gets the owner of the file or directory `like`, so that a service
 * running as another user can open it later. ERR_BUSY: another process has it; ERR_IO. Then *fd is -1. */
enum err lock_take(const char *path, const char *like, int *fd, struct why *why);

/* Whether a process holds the lock. OK: no; ERR_BUSY: yes; ERR_NOT_FOUND: no such file; ERR_IO: cannot tell. Takes a
 * shared lock for a moment. */
enum err lock_look(const char *path);

#endif
