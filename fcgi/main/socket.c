/* Our own listening sockets, because libfcgi would unlink whatever file is in the way and leave the mode to chance.
 *
 * Pitfalls: the umask sets the mode of a Unix socket at bind, so the mode is never wider for a moment; the umask
 * belongs to the whole process, which has only one thread here. bind fails if the name exists, so that is checked
 * first; the lock keeps two masters from checking at the same time. */
#include "socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "files/fs.h"

/* Frees path: removes a socket if nobody answers on it. */
static enum err socket_make_room(const char *path, const struct sockaddr_un *address, struct why *why)
{
    struct stat st;
    int fd, rc, error;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? OK : err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return err_why(why, ERR_EXISTS, "%s: exists and is not a socket", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_why(why, ERR_IO, "socket: %s", strerror(errno));
    rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    error = errno;
    (void)close(fd);
    if (rc == 0 || error != ECONNREFUSED) /* EAGAIN: its backlog is full, so it lives; EACCES: not ours to judge */
        return err_why(why, ERR_BUSY, "%s: %s", path, rc == 0 ? "another program is listening on it" : strerror(error));
    if (unlink(path) != 0 && errno != ENOENT)
        return err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
    return OK;
}

enum err socket_listen(const char *path, int mode, int backlog, int *fd, struct why *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    enum err e;
    mode_t before;
    int rc;

    *fd = -1;
    if (strlen(path) > SOCKET_PATH_MAX)
        return err_why(why, ERR_LIMIT, "%s: the path of a socket may have at most %d bytes", path, SOCKET_PATH_MAX);
    memcpy(address.sun_path, path, strlen(path) + 1);
    e = socket_make_room(path, &address, why);
    if (e != OK)
        return e;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return err_why(why, ERR_IO, "socket: %s", strerror(errno));
    before = umask((mode_t)(0777 & ~mode));
    rc = bind(*fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(before);
    if (rc != 0 || listen(*fd, backlog) != 0) {
        (void)err_why(why, ERR_IO, "%s: %s", path, rc != 0 ? fs_socket_refused(errno) : strerror(errno));
        (void)close(*fd);
        *fd = -1;
        return ERR_IO;
    }
    return OK;
}
