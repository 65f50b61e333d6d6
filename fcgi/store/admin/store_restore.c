/* Replaces the database with a backup. The pitfall is the WAL: SQLite would replay the old database's WAL into the new
 * database and ruin it; and deleting the WAL would lose what the old database had not written back. So the old WAL is
 * written back first, and files are renamed in an order in which a crash leaves the complete old or new database under
 * its name:
 *
 *   the backup is copied beside the database, checked there, migrated there
 * the old database gets a second name, .before-restore, and so does a WAL that could not be written back (a copy, if
 * the file system has no hard links)
 *   the old WAL loses its name; the copy takes the database's name in one step */
#include "store_admin.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/fs.h"
#include "store_files.h"
#include "store/store_internal.h"

#define KEPT ".before-restore"

enum { HEADER_BYTES = 100, COPY_BYTES = 65536, NAME_MAX_BYTES = STORE_PATH_MAX + 40 };

/* Files beside a database that belong to its state. */
static const char *const state_ends[] = {"-wal", "-journal"};
enum { N_STATE_ENDS = sizeof(state_ends) / sizeof(state_ends[0]) };

struct restore {
    struct store lock; /* of the database; not open but for its lock */
    const char *path;  /* lock.path: symbolic links followed */
    const char *backup;
    struct store_temporary temporary;
    const char *copy;  /* its name */
    struct stat owner; /* whose the files are to be */
    bool existed;
    struct why *why;
};

/* path with symbolic links resolved, even if the file does not exist. */
static enum err restore_resolve(struct restore *r, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    char dir[STORE_PATH_MAX] = ".", *real = realpath(path, NULL);
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    int len = -1;

    r->existed = real != NULL;
    if (real != NULL) {
        len = snprintf(r->lock.path, STORE_PATH_MAX, "%s", real);
    } else if (errno == ENOENT && n < sizeof(dir) && base[0] != '\0') {
        if (n > 0)
            memcpy(dir, path, n);
        dir[n > 0 ? n : 1] = '\0';
        real = realpath(dir, NULL);
        if (real != NULL)
            len = snprintf(r->lock.path, STORE_PATH_MAX, "%s/%s", real, base);
    }
    if (real == NULL)
        return err_why(r->why, ERR_IO, "%s: %s", path, strerror(errno));
    if (stat(real, &r->owner) != 0 || (r->existed && !S_ISREG(r->owner.st_mode)))
        len = -1;
    free(real);
    if (len < 0 || len >= STORE_PATH_MAX - 40)
        return err_why(r->why, ERR_IO, "%s: not a regular file, or its path is too long", path);
    (void)snprintf(r->lock.lock_path, STORE_PATH_MAX, "%.*s.lock", STORE_PATH_MAX - 40, r->lock.path);
    return OK;
}

static enum err copy_bytes(struct restore *r, int from, const char *from_path, int to, const char *to_path)
{
    char bytes[COPY_BYTES];
    ssize_t n;

    while ((n = read(from, bytes, sizeof(bytes))) > 0)
        for (ssize_t done = 0, k; done < n; done += k) {
            k = write(to, bytes + done, (size_t)(n - done));
            if (k <= 0)
                return err_why(r->why, ERR_IO, "%s: %s", to_path, strerror(errno));
        }
    return n == 0 ? OK : err_why(r->why, ERR_IO, "%s: %s", from_path, strerror(errno));
}

/* Whether a backup is a database of this program, judged by its header (the SQLite file format, 1.3), and complete. */
static enum err backup_recognise(struct restore *r, int fd)
{
    unsigned char h[HEADER_BYTES];
    char wal[NAME_MAX_BYTES];
    struct stat st, database;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return err_why(r->why, ERR_FORMAT, "%s: not a regular file", r->backup);
    if (stat(r->path, &database) == 0 && database.st_dev == st.st_dev && database.st_ino == st.st_ino)
        return err_why(r->why, ERR_RANGE, "%s: this is the database itself", r->backup);
    if (pread(fd, h, sizeof(h), 0) != (ssize_t)sizeof(h) || memcmp(h, "SQLite format 3", 16) != 0)
        return err_why(r->why, ERR_FORMAT, "%s: not a SQLite database", r->backup);
    if ((h[68] << 24 | h[69] << 16 | h[70] << 8 | h[71]) != STORE_APPLICATION_ID)
        return err_why(r->why, ERR_FORMAT, "%s: belongs to another program", r->backup);
    (void)snprintf(wal, sizeof(wal), "%.*s-wal", STORE_PATH_MAX, r->backup);
    if (stat(wal, &st) == 0 && st.st_size > 0)
        return err_why(r->why, ERR_FORMAT,
                       "%s: has a -wal file beside it, so it is only part of a database, not a backup", r->backup);
    return OK;
}

static enum err restore_copy(struct restore *r)
{
    int from = open(r->backup, O_RDONLY | O_CLOEXEC), to;
    enum err e;

    if (from < 0)
        return err_why(r->why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", r->backup, strerror(errno));
    e = backup_recognise(r, from);
    if (e == OK)
        e = store_temporary(r->path, &r->temporary, r->why);
    to = r->temporary.fd;
    if (e == OK)
        e = copy_bytes(r, from, r->backup, to, r->copy);
    if (e == OK && ((geteuid() == 0 && !fs_give(to, r->owner.st_uid, r->owner.st_gid)) || fsync(to) != 0))
        e = err_why(r->why, ERR_IO, "%s: %s", r->copy, strerror(errno));
    (void)close(from);
    if (to >= 0)
        (void)close(to);
    r->temporary.fd = -1;
    return e;
}

static void first_finding(void *ctx, const char *finding)
{
    struct why *why = ctx;

    if (why->text[0] == '\0')
        (void)err_why(why, ERR_FORMAT, "%s", finding);
}

/* A why that speaks of the copy speaks of the backup. */
static enum err copy_refused(struct restore *r, enum err e, const struct why *why)
{
    size_t n = strlen(r->copy);
    const char *text = strncmp(why->text, r->copy, n) == 0 && why->text[n] == ':' ? why->text + n + 2 : why->text;

    return err_why(r->why, e, "%s: %s", r->backup, text);
}

/* Runs all checks of a start-up on the copy, which also migrates its schema. */
static enum err restore_check(struct restore *r)
{
    struct why why = {""}, finding = {""};
    struct store *s = NULL;
    enum err e = store_prepare(r->copy, &why);

    if (e == OK)
        e = store_open(&s, r->copy, &why);
    if (e != OK)
        return copy_refused(r, e, &why);
    e = store_check_integrity(s, first_finding, &finding);
    if (e == OK && finding.text[0] != '\0')
        e = copy_refused(r, ERR_FORMAT, &finding);
    if (e == OK && store_lock(s, STORE_BUSY_MS) == OK) {
        if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
            e = err_why(r->why, ERR_IO, "%s: %s", r->copy, sqlite3_errmsg(s->db));
        store_unlock(s);
    } else if (e == OK) {
        e = err_why(r->why, ERR_BUSY, "%s: locked by another process", r->copy);
    }
    store_close(s);
    return e;
}

static void beside_unlink(const char *path, const char *end)
{
    char name[NAME_MAX_BYTES];

    (void)snprintf(name, sizeof(name), "%.*s%s", STORE_PATH_MAX, path, end);
    (void)unlink(name);
}

/* Writes the old database's WAL back, if the database is intact enough for that. ERR_BUSY: somebody has it open. */
static enum err old_fold(struct restore *r)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(r->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_close(db);
    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
        return err_why(r->why, ERR_BUSY, "%s: another process has it open", r->path);
    return OK; /* a database too damaged for this is just what a restore is for */
}

/* For file systems without hard links: makes a copy, which gets its name when it is complete. */
static enum err keep_copy(struct restore *r, const char *path, const char *to)
{
    struct store_temporary t;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    enum err e;

    if (from < 0)
        return errno == ENOENT ? OK : err_why(r->why, ERR_IO, "%s: %s", path, strerror(errno));
    e = store_temporary(to, &t, r->why);
    if (e == OK)
        e = copy_bytes(r, from, path, t.fd, to);
    if (e == OK && ((geteuid() == 0 && !fs_give(t.fd, r->owner.st_uid, r->owner.st_gid)) || fsync(t.fd) != 0))
        e = err_why(r->why, ERR_IO, "%s: %s", to, strerror(errno));
    (void)close(from);
    if (e == OK && (e = fs_name_new(t.name, to)) != OK)
        (void)err_why(r->why, e, "%s: %s", to, strerror(errno));
    store_temporary_end(&t);
    return e;
}

/* Gives path+end the additional name path.before-restore+end, or removes that name. */
static enum err keep(struct restore *r, const char *end)
{
    char from[NAME_MAX_BYTES], to[NAME_MAX_BYTES];
    struct stat st;

    (void)snprintf(from, sizeof(from), "%s%s", r->path, end);
    (void)snprintf(to, sizeof(to), "%.*s%s%s", STORE_PATH_MAX, r->path, KEPT, end);
    if (lstat(to, &st) == 0)
        return err_why(r->why, ERR_EXISTS, "%s: left by an earlier restore; move it away first", to);
    return link(from, to) == 0 || errno == ENOENT ? OK : keep_copy(r, from, to);
}

static void unkeep(struct restore *r, const char *end)
{
    char from[NAME_MAX_BYTES], to[NAME_MAX_BYTES];

    (void)snprintf(from, sizeof(from), "%.*s%s%s", STORE_PATH_MAX, r->path, KEPT, end);
    (void)snprintf(to, sizeof(to), "%s%s", r->path, end);
    if (fs_name_new(from, to) == ERR_EXISTS)
        (void)unlink(from);
}

static enum err restore_swap(struct restore *r)
{
    int kept = 0;
    enum err e = keep(r, "");

    if (e != OK)
        return e;
    for (; e == OK && kept < N_STATE_ENDS; kept += e == OK)
        e = keep(r, state_ends[kept]);
    if (e == OK)
        e = store_sync_directory_of(r->path, r->why);
    if (e == OK) {
        for (int i = 0; i < N_STATE_ENDS; i++)
            beside_unlink(r->path, state_ends[i]);
        beside_unlink(r->path, "-shm");
        if (rename(r->copy, r->path) != 0)
            e = err_why(r->why, ERR_IO, "%s: %s", r->path, strerror(errno));
    }
    if (e == OK)
        return store_sync_directory_of(r->path, r->why);
    while (kept-- > 0)
        unkeep(r, state_ends[kept]);
    unkeep(r, "");
    return e;
}

enum err store_restore(const char *path, const char *backup, struct why *why)
{
    struct restore r = {.lock = {.lock_fd = -1}, .temporary = STORE_TEMPORARY_NONE, .backup = backup, .why = why};
    enum err e;

    r.path = r.lock.path;
    r.copy = r.temporary.name;
    e = restore_resolve(&r, path);
    if (e == OK)
        e = restore_copy(&r);
    if (e == OK)
        e = restore_check(&r);
    if (e == OK) {
        e = store_lock(&r.lock, STORE_BUSY_MS);
        if (e != OK)
            (void)err_why(why, e, "%s: %s", r.lock.lock_path, err_str(e));
    }
    if (e == OK) {
        e = r.existed ? old_fold(&r) : OK;
        if (e == OK)
            e = restore_swap(&r);
        store_unlock(&r.lock);
    }
    if (r.lock.lock_fd >= 0)
        (void)close(r.lock.lock_fd);
    store_temporary_end(&r.temporary); /* it has another name by now, where all went well */
    return e;
}
