/* Careful with files: a failed write, fsync or close is a failed save. */
#include "files.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/fs.h"

enum { PATH_BYTES = 4096 };

#define FETCH_MNIST "weights/fetch-mnist"

const char *weights_find(const char *named)
{
    if (strcmp(named, WEIGHTS_DEFAULT) == 0 && access(named, F_OK) != 0)
        return DIGITD_SHARE "/digits.safetensors";
    return named;
}

const char *fetch_mnist_find(void)
{
    return access(FETCH_MNIST, F_OK) == 0 ? FETCH_MNIST : DIGITD_SHARE "/fetch-mnist";
}

enum err file_read(uint8_t **out, size_t *n, const char *path, size_t max, struct why *why)
{
    enum err e = OK;
    struct stat st;
    size_t have = 0;
    *out = NULL;
    *n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_why(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        e = err_why(why, ERR_IO, "%s: not a regular file", path);
        goto out;
    }
    if ((uint64_t)st.st_size > max) {
        e = err_why(why, ERR_LIMIT, "%s: %lld bytes are more than %zu", path, (long long)st.st_size, max);
        goto out;
    }
    size_t size = (size_t)st.st_size;
    *out = malloc(size + 1);
    if (!*out) {
        e = err_why(why, ERR_NOMEM, "%s: out of memory", path);
        goto out;
    }
    while (have < size) {
        ssize_t got = read(fd, *out + have, size - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            e = err_why(why, ERR_IO, "%s: %s", path, got < 0 ? strerror(errno) : "it shrank while it was read");
            goto out;
        }
        have += (size_t)got;
    }
    *n = size;
out:
    close(fd);
    if (e != OK) {
        free(*out);
        *out = NULL;
    }
    return e;
}

static bool write_all(int fd, const struct file_part *part)
{
    const uint8_t *p = part->bytes;
    for (size_t left = part->n; left > 0;) {
        ssize_t put = write(fd, p, left);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        p += put;
        left -= (size_t)put;
    }
    return true;
}

enum err file_write(const char *path, const struct file_part *parts, size_t n_parts, struct why *why)
{
    char temporary[PATH_BYTES];
    if (snprintf(temporary, sizeof(temporary), "%s.tmp-%ld", path, (long)getpid()) >= (int)sizeof(temporary))
        return err_why(why, ERR_LIMIT, "%.60s...: name too long", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_why(why, ERR_IO, "%s: %s", temporary, strerror(errno));
    bool ok = true;
    for (size_t i = 0; ok && i < n_parts; i++)
        ok = write_all(fd, &parts[i]);
    ok = ok && fsync(fd) == 0;
    int saved = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        saved = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = false;
        saved = errno;
    }
    if (!ok) {
        unlink(temporary);
        return err_why(why, ERR_IO, "%s: %s", path, strerror(saved));
    }
    return fs_sync_directory_of(path)
               ? OK
               : err_why(why, ERR_IO, "%s: written, but its directory cannot be synced: %s", path, strerror(errno));
}

/* Whether name is base.tmp-PID of a process that is no more. */
static bool is_stale(const char *name, const char *base)
{
    size_t n = strlen(base);
    char *end;
    if (strncmp(name, base, n) != 0 || strncmp(name + n, ".tmp-", 5) != 0 || name[n + 5] < '1' || name[n + 5] > '9')
        return false;
    long pid = strtol(name + n + 5, &end, 10);
    return *end == '\0' && pid <= INT_MAX && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

void file_sweep(const char *path)
{
    char for_base[PATH_BYTES], for_dir[PATH_BYTES];
    snprintf(for_base, sizeof(for_base), "%s", path);
    snprintf(for_dir, sizeof(for_dir), "%s", path);
    const char *base = basename(for_base);
    DIR *d = opendir(dirname(for_dir));
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_stale(e->d_name, base))
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
}

enum err dir_make(const char *path, struct why *why)
{
    char part[PATH_BYTES];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof(part))
        return err_why(why, ERR_LIMIT, "\"%.60s\" is no directory name", path);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return err_why(why, ERR_IO, "%s: %s", part, strerror(errno));
    }
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return err_why(why, ERR_IO, "%s: not a directory", path);
    return OK;
}
