/* Creates, syncs and renames files safely. Never use this on an open database: closing any descriptor of it drops
 * SQLite's own locks. */
#include "store_files.h"

#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files/fs.h"
#include "store/store_internal.h"

enum err store_sync_file(const char *path, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err e = OK;

    if (fd < 0 || fsync(fd) != 0)
        e = err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return e;
}

enum err store_sync_directory_of(const char *path, struct why *why)
{
    return fs_sync_directory_of(path)
               ? OK
               : err_why(why, ERR_IO, "%s: cannot sync its directory: %s", path, strerror(errno));
}

/* No file of a person has such a name, so one that nobody is making can be removed. */
#define COPY_PREFIX ".digitd-copy."

enum { LOCK_TRIES = 100, LOCK_NAP_NS = 10000000 };

/* What an earlier copy has left in the directory, if nobody is making one there: that is what the lock on the directory
 * says. Where there are no such locks, nobody knows, and it stays. */
static void leftovers_remove(int dir_fd)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (d == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strncmp(e->d_name, COPY_PREFIX, sizeof(COPY_PREFIX) - 1) == 0)
            (void)unlinkat(dir_fd, e->d_name, 0);
    (void)closedir(d);
}

/* Cleans the directory and marks it as one in which a copy is being made. -1: that cannot be. */
static int directory_enter(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        leftovers_remove(fd);
    for (int i = 0; flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK && i < LOCK_TRIES; i++)
        (void)nanosleep(&(struct timespec){0, LOCK_NAP_NS}, NULL); /* another one is cleaning */
    return fd;
}

enum err store_temporary(const char *path, struct store_temporary *t, struct why *why)
{
    const char *slash = strrchr(path, '/');
    const int n = slash == NULL ? 0 : (int)(slash - path) + 1; /* the directory, with its slash */
    int len;

    *t = STORE_TEMPORARY_NONE;
    /* "./" keeps "file:..." a plain name. */
    len = snprintf(t->name, sizeof(t->name), "%s%.*s", path[0] == '/' ? "" : "./", n, path);
    if (path[0] == '\0' || len < 0 || (size_t)len + sizeof(COPY_PREFIX "XXXXXX-journal") > sizeof(t->name)) {
        t->name[0] = '\0';
        return err_why(why, ERR_LIMIT, "the path is empty or too long");
    }
    t->dir_fd = directory_enter(t->name);
    (void)snprintf(t->name + len, sizeof(t->name) - (size_t)len, "%s", COPY_PREFIX "XXXXXX");
    t->fd = mkostemp(t->name, O_CLOEXEC);
    if (t->fd < 0) {
        t->name[0] = '\0';
        return err_why(why, ERR_IO, "%s: cannot be created: %s", path, strerror(errno));
    }
    store_guard_start(t);
    (void)fs_make_private(t->fd); /* where that cannot be, who made the file looks at its mode and says so */
    return OK;
}

void store_temporary_end(struct store_temporary *t)
{
    if (t->fd >= 0)
        (void)close(t->fd);
    if (t->name[0] != '\0')
        store_guard_remove(t->name);
    store_guard_end(t);
    if (t->dir_fd >= 0)
        (void)close(t->dir_fd);
    *t = STORE_TEMPORARY_NONE;
}
