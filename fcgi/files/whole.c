/* Pitfall: root may write in a directory that belongs to somebody else, who could have placed a link there. So a file
 * is made under a new name, and its own name is only ever taken by a rename. */
#include "whole.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"

enum { PATH_BYTES = 4096, PIECE_BYTES = 65536 };

static enum err read_all(struct buf *to, int fd, const char *path, struct why *why)
{
    char piece[PIECE_BYTES];
    ssize_t n;

    while ((n = read(fd, piece, sizeof(piece))) > 0) {
        enum err e = buf_add(to, piece, (size_t)n);

        if (e != OK)
            return err_why(why, e, "%s: %s", path, e == ERR_LIMIT ? "too large" : err_str(e));
    }
    return n == 0 ? OK : err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
}

/* O_NONBLOCK: a FIFO by that name must not hold anybody up. */
enum err whole_read(struct buf **out, const char *path, size_t max, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    enum err e = OK;

    *out = NULL;
    if (fd < 0)
        return err_why(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        e = err_why(why, ERR_FORMAT, "%s: not a regular file", path);
    if (e == OK && (*out = buf_new(max)) == NULL)
        e = err_why(why, ERR_NOMEM, "%s: out of memory", path);
    if (e == OK)
        e = read_all(*out, fd, path, why);
    (void)close(fd);
    if (e != OK) {
        buf_free(*out);
        *out = NULL;
    }
    return e;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = write(fd, bytes + done, n - done);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        done += (size_t)k;
    }
    return true;
}

enum err whole_write(const char *path, const struct buf *bytes, const char *like, struct why *why)
{
    char name[PATH_BYTES];
    struct stat st;
    bool fine;
    int fd;

    if (snprintf(name, sizeof(name), "%s.XXXXXX", path) >= (int)sizeof(name))
        return err_why(why, ERR_LIMIT, "%.60s...: the path is too long", path);
    fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return err_why(why, ERR_IO, "%s: cannot be created: %s", path, strerror(errno));
    (void)fs_make_private(fd); /* mkostemp made it so, where there are modes */
    fine = write_all(fd, buf_data(bytes), buf_len(bytes));
    if (fine && geteuid() == 0 && stat(like, &st) == 0)
        fine = fs_give(fd, st.st_uid, st.st_gid);
    fine = fine && fsync(fd) == 0;
    if (close(fd) != 0)
        fine = false;
    if (fine && rename(name, path) == 0)
        return fs_sync_directory_of(path) ? OK : err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
    (void)err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
    (void)unlink(name);
    return ERR_IO;
}
