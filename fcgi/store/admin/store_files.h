/* Creates and syncs files safely, for backup and restore. */
#ifndef DIGITD_STORE_ADMIN_STORE_FILES_H
#define DIGITD_STORE_ADMIN_STORE_FILES_H

#include <sys/types.h>

#include "base/err.h"

enum { STORE_COPY_PATH_MAX = 1100 };

/* fsync of a file; of the directory that path lies in. */
enum err store_sync_file(const char *path, struct why *why);
enum err store_sync_directory_of(const char *path, struct why *why);
/* A copy in the making. Whatever ends this process, also SIGKILL, a child of its own then removes the file, unless it
 * has been renamed. What even that could not remove (the power failed, the child was killed as well) is removed by the
 * next store_temporary in that directory. */
struct store_temporary {
    char name[STORE_COPY_PATH_MAX]; /* empty: none */
    int fd;                         /* -1: closed; the caller may close it */
    int dir_fd;                     /* its lock says that a copy is being made here; -1: none */
    int guard_fd;                   /* closing it tells the child; -1: there is none */
    pid_t guard;
};
#define STORE_TEMPORARY_NONE ((struct store_temporary){.fd = -1, .dir_fd = -1, .guard_fd = -1})

/* Creates an empty file of mode 0600 (if its file system keeps modes) in the directory of path. In any case, call
 * store_temporary_end afterwards, which closes what is open and removes the file, and what SQLite keeps beside it, if
 * it still has its name. */
enum err store_temporary(const char *path, struct store_temporary *t, struct why *why);
void store_temporary_end(struct store_temporary *t);

/* Their parts in store_guard.c: starts the child for t->name (if that cannot be, the copy is made without); has it end;
 * removes a copy. */
void store_guard_start(struct store_temporary *t);
void store_guard_end(struct store_temporary *t);
void store_guard_remove(const char *name);

#endif
