/* Copes with file systems that lack something. Pitfalls, each observed: exFAT in user space accepts a chmod and does
 * nothing, so only fstat(2) shows the result; FAT answers it with ENOSYS or EPERM; link(2) can fail with a dozen
 * errors, so the alternative is tried after any of them. */
#include "fs.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

/* Reserves the name with an empty file of our own, which the finished file then replaces. */
static enum err name_reserve(const char *from, const char *to)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error;

    if (fd < 0)
        return errno == EEXIST ? ERR_EXISTS : ERR_IO;
    (void)close(fd);
    if (rename(from, to) == 0)
        return OK;
    error = errno;
    (void)unlink(to);
    errno = error;
    return ERR_IO;
}

enum err fs_name_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return OK;
    if (errno == EEXIST)
        return ERR_EXISTS;
    if (link(from, to) == 0) {
        (void)unlink(from);
        return OK;
    }
    return errno == EEXIST ? ERR_EXISTS : name_reserve(from, to);
}

static bool is_private(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0 && (st.st_mode & S_IRUSR) != 0 &&
           (st.st_mode & S_IWUSR) != 0;
}

bool fs_make_private(int fd)
{
    if (is_private(fd))
        return true;
    (void)fchmod(fd, 0600); /* what it answers says nothing: see above */
    return is_private(fd);
}

bool fs_give(int fd, uid_t uid, gid_t gid)
{
    struct stat st;

    if (fchown(fd, uid, gid) == 0)
        return true;
    if ((errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP) || fstat(fd, &st) != 0)
        return false;
    errno = EPERM;
    return st.st_uid == uid; /* a mount whose files are all one user's */
}

bool fs_sync_directory_of(const char *path)
{
    char dir[PATH_BYTES];
    int fd, error = 0;

    if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir)) {
        errno = ENAMETOOLONG;
        return false;
    }
    fd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    /* If directories cannot be synced, the file system writes names to disk in its own way. */
    if (fsync(fd) != 0 && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
        error = errno;
    (void)close(fd);
    errno = error;
    return error == 0;
}

const char *fs_lock_refused(int error)
{
    switch (error) {
    case ENOLCK:
    case ENOSYS:
    case EOPNOTSUPP:
    case EINVAL:
        return "its file system does not support locks: put it on a local disk";
    default:
        return strerror(error);
    }
}

const char *fs_socket_refused(int error)
{
    switch (error) {
    case EPERM: /* from mknod(2), if the file system has no such kind of file; the others are from FUSE */
    case ENOSYS:
    case EOPNOTSUPP:
    case EINVAL:
    case EIO:
    case ENODEV:
        return "its file system does not support sockets: put run_dir on a local disk";
    default:
        return strerror(error);
    }
}
