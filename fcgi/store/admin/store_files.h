/* Files that are made, synced and named with care, for backup and restore. */
#ifndef DIGITD_STORE_ADMIN_STORE_FILES_H
#define DIGITD_STORE_ADMIN_STORE_FILES_H

#include <stddef.h>

#include "base/err.h"

/* fsync of a file; of the directory that path lies in. */
enum err store_sync_file(const char *path, struct why *why);
enum err store_sync_directory_of(const char *path, struct why *why);
/* A new empty file of mode 0600 (where its file system keeps modes) beside path, open as *fd; its name in name[room].
 * Both are the caller's. */
enum err store_temporary(const char *path, char *name, size_t room, int *fd, struct why *why);

#endif
