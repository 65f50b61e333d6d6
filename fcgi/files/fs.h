/* What not every file system has: hard links, modes, owners, locks, sockets, directories that can be synced. FAT, SMB
 * and many FUSE file systems lack some of these. Each function here either does without or reports it. */
#ifndef DIGITD_FILES_FS_H
#define DIGITD_FILES_FS_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/err.h"

/* Renames the finished file `from` to `to`. Never replaces an existing file (ERR_EXISTS). ERR_IO sets errno and leaves
 * `from` as it was. If the system has no call for this, `to` is an empty file for a moment. */
enum err fs_name_new(const char *from, const char *to);

/* Makes an open file accessible to its owner only (0600). False: others can still access it, because its file system
 * keeps no modes. */
bool fs_make_private(int fd);

/* Gives an open file to a user and a group (which may own it already). False and errno if somebody else still owns it.
 */
bool fs_give(int fd, uid_t uid, gid_t gid);

/* Syncs the directory that contains path, if its file system supports that. False and errno on failure. */
bool fs_sync_directory_of(const char *path);

/* Explains the errno of a failed flock(2), or of a failed bind(2) of a local socket, to a person. */
const char *fs_lock_refused(int error);
const char *fs_socket_refused(int error);

#endif
