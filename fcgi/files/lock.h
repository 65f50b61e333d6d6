/* Locks that a process holds for as long as it lives: flock(2) on a file of its own. The file stays behind: one that is
 * deleted would let two processes hold two locks. */
#ifndef DIGITD_FILES_LOCK_H
#define DIGITD_FILES_LOCK_H

#include "base/err.h"

/* Takes the lock for as long as *fd stays open in this process (children must close theirs) and writes the process id
 * into the file, for people. Where root makes the file it belongs to whom the file or directory `like` belongs to, so
 * that a service of another user can open it later. ERR_BUSY: another process has it; ERR_IO. *fd is -1 then. */
enum err lock_take(const char *path, const char *like, int *fd, struct why *why);

/* Whether a process holds it: OK for no, ERR_BUSY for yes, ERR_NOT_FOUND: no such file; ERR_IO: it cannot be told.
 * Takes the lock for a moment, shared. */
enum err lock_look(const char *path);

#endif
