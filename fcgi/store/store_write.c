/* Writing: one writer at a time across all processes, by our own lock.
 *
 * SQLite up to 3.51.2 (Debian 12 has 3.40.1) can lose a commit when a checkpoint of one connection resets the WAL while
 * another connection begins to write. So every write transaction and every checkpoint runs under one lock on a separate
 * file. Pitfalls: flock(2) belongs to the open file, so each process opens its own after fork; if the lock file is
 * deleted, two processes could hold two locks; the database must not be opened and closed outside SQLite, because
 * closing any descriptor of it drops SQLite's own locks. */
#include "store_internal.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/fs.h"
#include "base/log.h"

/* How often a lock file is reopened in a row. On a file system that gives a file a new inode number at each look, this
 * would never end. */
enum { STALE_MAX = 16 };

/* Logs an error outside SQLite, with errno's text. */
static enum err store_fail_errno(const char *op)
{
    int error = errno;

    log_text(LOG_ERROR, op, fs_lock_refused(error));
    errno = error; /* for whoever has a person to tell */
    return ERR_IO;
}

/* The owner of the database. If there is none yet (a restore on a new machine), that of its directory. */
static bool owner_find(const struct store *s, struct stat *st)
{
    char dir[STORE_PATH_MAX];
    char *slash;

    if (stat(s->path, st) == 0)
        return true;
    (void)snprintf(dir, sizeof(dir), "%s", s->path);
    slash = strrchr(dir, '/');
    if (slash == NULL)
        return false;
    slash[1] = '\0';
    return stat(dir, st) == 0;
}

/* Creates the lock file, which gets its name when it is complete: mode 0600 whatever the umask. If root creates it (as
 * root may run digitctl), it gets the database's owner, as SQLite does for its own files. */
static enum err lock_make(struct store *s)
{
    char path[STORE_PATH_MAX + 32];
    struct stat st;
    enum err e;
    int fd;

    (void)snprintf(path, sizeof(path), "%s.XXXXXX", s->lock_path);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return store_fail_errno("database_lock_open");
    (void)fs_make_private(fd);
    if (geteuid() == 0 && owner_find(s, &st) && !fs_give(fd, st.st_uid, st.st_gid))
        log_text(LOG_WARN, "database_lock_owner", strerror(errno));
    (void)close(fd);
    e = fs_name_new(path, s->lock_path);
    if (e == ERR_IO)
        e = store_fail_errno("database_lock_open");
    if (e != OK)
        (void)unlink(path);
    return e == ERR_EXISTS ? OK : e; /* another process was faster */
}

/* Opens the lock file anew. */
static enum err lock_open(struct store *s)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    enum err e;

    if (s->lock_fd >= 0)
        (void)close(s->lock_fd);
    s->lock_fd = open(s->lock_path, flags);
    if (s->lock_fd < 0 && errno == ENOENT) {
        e = lock_make(s);
        if (e != OK)
            return e;
        s->lock_fd = open(s->lock_path, flags);
    }
    return s->lock_fd < 0 ? store_fail_errno("database_lock_open") : OK;
}

/* Whether the open file is the one that others find at the path. */
static bool lock_is_current(const struct store *s)
{
    struct stat ours, theirs;

    return fstat(s->lock_fd, &ours) == 0 && stat(s->lock_path, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
           ours.st_ino == theirs.st_ino;
}

enum err store_lock(struct store *s, int wait_ms)
{
    int64_t now_us = clock_mono_us(), deadline_us = now_us + (int64_t)wait_ms * 1000;
    enum err e = s->lock_fd < 0 ? lock_open(s) : OK;
    int stale = 0;

    while (e == OK) {
        if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0) {
            if (lock_is_current(s))
                return OK;
            e = lock_open(s); /* somebody deleted it */
            if (e != OK || ++stale < STALE_MAX)
                continue;
        } else if (errno != EWOULDBLOCK && errno != EINTR) {
            return store_fail_errno("database_lock");
        }
        now_us = clock_mono_us();
        if (now_us >= deadline_us) {
            log_text(LOG_WARN, "database_busy", "the write lock could not be taken in time");
            return ERR_BUSY;
        }
        /* 0.2 to 0.7 ms, varied so that waiting processes do not stay in step. */
        (void)nanosleep(&(struct timespec){0, 200000 + (long)(now_us & 511) * 1000}, NULL);
    }
    return e;
}

void store_unlock(struct store *s)
{
    (void)flock(s->lock_fd, LOCK_UN);
}

enum err store_begin(struct store *s, int wait_ms)
{
    int64_t start_us = clock_mono_us(), left_ms;
    enum err e = store_present(s);

    if (e == OK)
        e = store_lock(s, wait_ms);
    if (e != OK)
        return e;
    e = store_present(s); /* it may have vanished while the lock was waited for */
    if (e == OK) {
        left_ms = wait_ms - (clock_mono_us() - start_us) / 1000;
        (void)sqlite3_busy_timeout(s->db, left_ms > 1 ? (int)left_ms : 1);
        e = store_run(s, SQL_BEGIN, "begin");
        (void)sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
    }
    if (e != OK)
        store_unlock(s);
    return e;
}

enum err store_begin_idle(struct store *s)
{
    enum err e;

    if (clock_mono_us() < s->try_after_us)
        return ERR_BUSY;
    e = store_begin(s, STORE_TOUCH_MS);
    if (e != OK)
        s->try_after_us = clock_mono_us() + STORE_TOUCH_PAUSE_US;
    return e;
}

enum err store_end(struct store *s, enum err e)
{
    if (e == OK)
        e = store_run(s, SQL_COMMIT, "commit");
    if (!sqlite3_get_autocommit(s->db))
        (void)store_run(s, SQL_ROLLBACK, "rollback");
    store_unlock(s);
    return e;
}

enum err store_change(struct store *s, enum store_sql which, const char *op, const struct store_value *values, size_t n)
{
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    e = store_do(s, which, op, values, n);
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    return store_end(s, e);
}

void store_change_idle(struct store *s, enum store_sql which, const char *op, const struct store_value *values,
                       size_t n)
{
    if (store_begin_idle(s) == OK)
        (void)store_end(s, store_do(s, which, op, values, n));
}
