/* Creates and syncs files safely, for backup and restore. */
#ifndef DIGITD_STORE_ADMIN_STORE_FILES_H
#define DIGITD_STORE_ADMIN_STORE_FILES_H

#include <stddef.h>

#include "base/err.h"

/* fsync of a file; of the directory that path lies in. */
enum err store_sync_file(const char *path, struct why *why);
enum err store_sync_directory_of(const char *path, struct why *why);
/* Creates an empty file of mode 0600 (if its file system keeps modes) next to path, open as *fd, with its name in
 * name[room]. The caller closes and removes it. */
enum err store_temporary(const char *path, char *name, size_t room, int *fd, struct why *why);

#endif
