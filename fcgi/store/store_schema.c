/* The schema: a list of steps, each in one transaction, so that a crash leaves the version before or after it. The
 * steps are files that the assembler includes in the program; their paths start from the directory in which make runs.
 */
#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* const char name[]: the bytes of a file and a NUL. */
#define SCHEMA_EMBED(name, file)                                                                                       \
    __asm__(".pushsection .rodata\n" #name ":\n.incbin \"" file "\"\n.byte 0\n.popsection\n");                         \
    extern const char name[] __attribute__((visibility("hidden")))

SCHEMA_EMBED(schema_1, "fcgi/store/schema.sql");
SCHEMA_EMBED(schema_2, "fcgi/store/schema2.sql");
SCHEMA_EMBED(schema_3, "fcgi/store/schema3.sql");
SCHEMA_EMBED(schema_4, "fcgi/store/schema4.sql");
SCHEMA_EMBED(schema_5, "fcgi/store/schema5.sql");
SCHEMA_EMBED(schema_6, "fcgi/store/schema6.sql");

static const struct store_migration schema_steps[] = {
    {1, schema_1}, {2, schema_2}, {3, schema_3}, {4, schema_4}, {5, schema_5}, {6, schema_6},
};
#define N_STEPS (sizeof(schema_steps) / sizeof(schema_steps[0]))

int store_schema_version(void)
{
    return schema_steps[N_STEPS - 1].version;
}

/* Tries a lock like SQLite's on our own lock file, which nobody else locks that way. Returns the errno; 0: such locks
 * work. */
static int lock_try(const struct store *s)
{
    struct flock byte = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};
    int fd = open(s->lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), error = 0;

    if (fd < 0)
        return 0;
    if (fcntl(fd, F_SETLK, &byte) != 0 && errno != EAGAIN && errno != EACCES)
        error = errno;
    (void)close(fd);
    return error;
}

/* The errno if the file system lacks something that SQLite needs; 0: it was something else. SQLite cannot tell an
 * unsupported lock from one that somebody holds, so our own lock file is tried. */
static int lacks_locks(struct store *s, int rc)
{
    int error = s->db == NULL ? 0 : sqlite3_system_errno(s->db);

    switch (rc) {
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_UNLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK:
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMLOCK:
    case SQLITE_IOERR_SHMMAP:
        return error != ENOSPC && error != ENOMEM && error != EMFILE && error != ENFILE && error != EACCES ? error : 0;
    default:
        return (rc & 0xff) == SQLITE_BUSY ? lock_try(s) : 0;
    }
}

enum err store_refuse(struct store *s, int rc, struct why *why)
{
    const char *path = s->path;
    int lacking = lacks_locks(s, rc);

    if (lacking != 0)
        return err_why(why, ERR_IO,
                       "database: %s: its file system lacks the locks or the shared memory that SQLite needs (%s): put "
                       "it on a local disk",
                       path, strerror(lacking));
    switch (rc & 0xff) {
    case SQLITE_NOTADB:
        return err_why(why, ERR_FORMAT, "%s: not a SQLite database", path);
    case SQLITE_CORRUPT:
        return err_why(why, ERR_FORMAT, "%s: the database is damaged (%s)", path, sqlite3_errmsg(s->db));
    case SQLITE_NOMEM:
        return err_why(why, ERR_NOMEM, "%s: out of memory", path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_why(why, ERR_BUSY, "%s: another process keeps the database locked", path);
    default:
        if (s->db != NULL && sqlite3_system_errno(s->db) != 0)
            return err_why(why, ERR_IO, "%s: %s (%s)", path, sqlite3_errmsg(s->db),
                           strerror(sqlite3_system_errno(s->db)));
        return err_why(why, ERR_IO, "%s: %s", path, s->db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(s->db));
    }
}

int store_pragma_int(sqlite3 *db, const char *pragma, int *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, pragma, -1, &st, NULL);

    *out = 0;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *out = sqlite3_column_int(st, 0);
        rc = SQLITE_OK;
    }
    (void)sqlite3_finalize(st);
    return rc == SQLITE_DONE ? SQLITE_ERROR : rc;
}

/* Checks that the file is ours, or still empty, and not of a later version. */
static enum err schema_recognise(struct store *s, int newest, int *version, struct why *why)
{
    int application = 0, tables = 0, rc = store_pragma_int(s->db, "PRAGMA user_version", version);

    if (rc == SQLITE_OK)
        rc = store_pragma_int(s->db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK)
        rc = store_pragma_int(s->db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc != SQLITE_OK)
        return store_refuse(s, rc, why);
    if (application != STORE_APPLICATION_ID && (application != 0 || *version != 0 || tables != 0))
        return err_why(why, ERR_FORMAT, "%s: belongs to another program", s->path);
    if (*version < 0 || *version > newest)
        return err_why(why, ERR_UNSUPPORTED, "%s: has schema version %d; this digitd supports versions up to %d",
                       s->path, *version, newest);
    return OK;
}

static enum err migrate_step(struct store *s, const struct store_migration *step, struct why *why)
{
    int version = 0, rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    enum err e = OK;

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(s->db, step->sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = store_pragma_int(s->db, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK && version != step->version)
        e = err_why(why, ERR_FORMAT, "%s: the update to schema version %d ended at version %d", s->path, step->version,
                    version);
    if (rc == SQLITE_OK && e == OK)
        rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        e = store_refuse(s, rc, why);
    if (!sqlite3_get_autocommit(s->db))
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return e;
}

enum err store_migrate(struct store *s, const struct store_migration *steps, size_t n, struct why *why)
{
    int version;
    enum err e = schema_recognise(s, steps[n - 1].version, &version, why);

    for (size_t i = 0; e == OK && i < n; i++)
        if (steps[i].version > version)
            e = migrate_step(s, &steps[i], why);
    return e;
}

enum err store_schema_migrate(struct store *s, struct why *why)
{
    return store_migrate(s, schema_steps, N_STEPS, why);
}
