/* What not every file system has: second names, modes, owners, locks, sockets, a directory that can be synced. FAT, SMB
 * and many that run in user space (FUSE) lack some. Each call here either does without or says so. */
#ifndef DIGITD_FILES_FS_H
#define DIGITD_FILES_FS_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/err.h"

/* Gives the finished file `from` the name `to` in its place. What has that name is never replaced: ERR_EXISTS; ERR_IO
 * and errno, with `from` as it was. Where the system has no call for it, `to` is an empty file for a moment. */
enum err fs_name_new(const char *from, const char *to);

/* Makes an open file its owner's alone (0600). False: others can get at it, since its file system keeps no modes. */
bool fs_make_private(int fd);

/* Gives an open file to a user and a group, whose it may be already. False and errno where it stays another's. */
bool fs_give(int fd, uid_t uid, gid_t gid);

/* fsync of the directory that path lies in, as far as its file system has that. False and errno. */
bool fs_sync_directory_of(const char *path);

/* The errno of a flock(2) that failed, or of a bind(2) of a local socket, as words for a person. */
const char *fs_lock_refused(int error);
const char *fs_socket_refused(int error);

#endif
