/* Lock files. Pitfall: root may open one in a directory that belongs to somebody else, who could have placed a link to
 * any file there. So symbolic links are not followed, and a file with a hard link is refused before it is written to.
 */
#include "lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"

enum { LOCK_MODE = 0640 };

/* The file, made where it is missing; -1 and errno. */
static int lock_open(const char *path, const char *like)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    struct stat st;
    int fd;

    do {
        fd = open(path, flags | O_CREAT | O_EXCL, LOCK_MODE);
        if (fd >= 0 && geteuid() == 0 && stat(like, &st) == 0 && !fs_give(fd, st.st_uid, st.st_gid)) {
            int error = errno;

            (void)close(fd);
            errno = error;
            return -1;
        }
        if (fd < 0 && errno == EEXIST)
            fd = open(path, flags);
    } while (fd < 0 && errno == ENOENT && access(like, F_OK) == 0); /* deleted between the two */
    return fd;
}

/* Writes the process id into the file that is ours by now. */
static int lock_sign(int fd)
{
    char text[32];
    struct stat st;
    int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

    if (fstat(fd, &st) != 0)
        return -1;
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
        errno = EMLINK;
        return -1;
    }
    return ftruncate(fd, 0) == 0 && write(fd, text, (size_t)n) == n ? 0 : -1;
}

enum err lock_take(const char *path, const char *like, int *fd, struct why *why)
{
    enum err e = OK;

    *fd = lock_open(path, like);
    if (*fd < 0)
        return err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
        e = errno == EWOULDBLOCK ? err_why(why, ERR_BUSY, "%s: locked by another process", path)
                                 : err_why(why, ERR_IO, "%s: %s", path, fs_lock_refused(errno));
    else if (lock_sign(*fd) != 0)
        e = err_why(why, ERR_IO, "%s: %s", path, errno == EMLINK ? "not a lock file" : strerror(errno));
    if (e == OK)
        return OK;
    (void)close(*fd);
    *fd = -1;
    return e;
}

enum err lock_look(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    enum err e = OK;

    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (flock(fd, LOCK_SH | LOCK_NB) != 0)
        e = errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
    (void)close(fd);
    return e;
}
