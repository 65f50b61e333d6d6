/* Reads a whole weights file and parses it. */
#include "model.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model_parts.h"

/* The file must not grow while it is read; nothing beyond its first size is read. */
static enum err read_whole(int fd, uint8_t *to, size_t n, const char *path, struct why *why)
{
    for (size_t done = 0; done < n;) {
        const ssize_t got = read(fd, to + done, n - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
        if (got == 0)
            return err_why(why, ERR_TRUNCATED, "%s: shrank while it was being read", path);
        done += (size_t)got;
    }
    return OK;
}

/* O_NONBLOCK: a FIFO by that name must not hold up the start. */
enum err model_load(struct model **out, const char *path, struct why *why)
{
    enum err e = OK;
    uint8_t *bytes = NULL;
    struct stat st;

    *out = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0) {
        e = err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        e = err_why(why, ERR_FORMAT, "%s: not a regular file", path);
        goto out;
    }
    if (st.st_size > MODEL_FILE_MAX) {
        e = err_why(why, ERR_LIMIT, "%s: larger than %d MiB", path, MODEL_FILE_MAX / (1024 * 1024));
        goto out;
    }
    const size_t n = (size_t)st.st_size;
    bytes = malloc(n + 1);
    if (!bytes) {
        e = err_why(why, ERR_NOMEM, "%s: out of memory", path);
        goto out;
    }
    e = read_whole(fd, bytes, n, path, why);
    if (e == OK)
        e = model_parse(out, bytes, n, path, why);
out:
    free(bytes);
    if (fd >= 0)
        close(fd);
    return e;
}
