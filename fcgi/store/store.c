/* Opening and closing the database, and the settings that every connection must have.
 *
 * Pitfalls: a connection must not be used across fork(2). SQLite silently opens a file that it may not write as
 * read-only. The last connection to close would checkpoint outside our lock: NO_CKPT_ON_CLOSE. Debian builds SQLite
 * with URI names enabled, so a path is always passed in a form that cannot be one. */
#include "store_internal.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/fs.h"
#include "base/log.h"

/* The other parts of R70 are checked in store_check. secure_delete: a changed password's hash is overwritten.
 * cache_size: KiB at most, for the upper levels of every index of a large database. */
static const char connection_setup[] = "PRAGMA synchronous = FULL;"
                                       "PRAGMA foreign_keys = ON;"
                                       "PRAGMA trusted_schema = OFF;"
                                       "PRAGMA wal_autocheckpoint = 0;"
                                       "PRAGMA cell_size_check = ON;"
                                       "PRAGMA secure_delete = ON;"
                                       "PRAGMA cache_size = -16384;"
                                       "PRAGMA temp_store = MEMORY;";

/* What must be true of an open database. */
static const struct {
    const char *sql, *name;
    int want;
} connection_checks[] = {
    {"SELECT journal_mode = 'wal' FROM pragma_journal_mode", "journal_mode=wal", 1},
    {"PRAGMA synchronous", "synchronous=FULL", 2},
    {"PRAGMA foreign_keys", "foreign_keys=ON", 1},
    {"PRAGMA trusted_schema", "trusted_schema=OFF", 0},
    {"PRAGMA wal_autocheckpoint", "wal_autocheckpoint=0", 0},
    {"SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 "
     "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
     "STRICT tables", 0},
};

/* Switches that are no PRAGMAs. */
static const struct {
    int op, on;
} connection_switches[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}, {SQLITE_DBCONFIG_DQS_DML, 0}, /* "x" is a name, never a string */
    {SQLITE_DBCONFIG_DQS_DDL, 0},
};

/* Names the files after the path that SQLite resolved. */
static enum err store_name_files(struct store *s, struct why *why)
{
    const char *path = sqlite3_db_filename(s->db, "main");

    if (path == NULL || strlen(path) + sizeof("-lock") >= STORE_PATH_MAX)
        return err_why(why, ERR_LIMIT, "%s: the path is too long", s->path);
    memcpy(s->path, path, strlen(path) + 1);
    (void)snprintf(s->beside[BESIDE_WAL], STORE_PATH_MAX, "%s-wal", path);
    (void)snprintf(s->beside[BESIDE_SHM], STORE_PATH_MAX, "%s-shm", path);
    (void)snprintf(s->lock_path, STORE_PATH_MAX, "%s.lock", path);
    return OK;
}

/* Opens an existing file and configures the connection. Reads nothing yet. */
static enum err store_connect(struct store *s, struct why *why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(s->path, &s->db, flags, NULL), now;
    enum err e;

    if (rc != SQLITE_OK)
        return store_refuse(s, rc, why);
    e = store_name_files(s, why);
    if (e != OK)
        return e;
    if (sqlite3_db_readonly(s->db, "main") != 0)
        return err_why(why, ERR_IO, "%s: not writable by this user", s->path);
    (void)sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
    for (size_t i = 0; i < sizeof(connection_switches) / sizeof(connection_switches[0]); i++) {
        rc = sqlite3_db_config(s->db, connection_switches[i].op, connection_switches[i].on, &now);
        if (rc != SQLITE_OK || now != connection_switches[i].on)
            return err_why(why, ERR_UNSUPPORTED, "SQLite %s lacks an option that digitd needs", sqlite3_libversion());
    }
    return OK;
}

/* A struct store for path with an open connection; *out is NULL on failure. */
static enum err store_new(struct store **out, const char *path, struct why *why)
{
    struct store *s = calloc(1, sizeof(*s));
    enum err e = OK;

    *out = NULL;
    if (s == NULL)
        return err_why(why, ERR_NOMEM, "%s: out of memory", path);
    s->lock_fd = -1;
    /* "./" keeps "file:..." and ":memory:" plain names. */
    if (path[0] == '\0' ||
        snprintf(s->path, sizeof(s->path), "%s%s", path[0] == '/' ? "" : "./", path) >= (int)sizeof(s->path))
        e = err_why(why, ERR_LIMIT, "the path of the database is empty or too long");
    if (e == OK)
        e = store_connect(s, why);
    if (e != OK) {
        store_close(s);
        return e;
    }
    *out = s;
    return OK;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < SQL_COUNT; i++)
        (void)sqlite3_finalize(s->sql[i]);
    (void)sqlite3_close(s->db);
    if (s->lock_fd >= 0)
        (void)close(s->lock_fd);
    free(s);
}

/* Creates an empty file of mode 0600, whatever the umask, if there is none. Closing it ourselves is safe only here: the
 * file is new, so SQLite can hold no lock on it. */
static enum err store_create_file(const char *path, struct why *why)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && errno == EEXIST) {
        if (stat(path, &st) == 0 && (st.st_mode & 0077) != 0)
            log_text(LOG_WARN, "database_mode", "users other than its owner can read the database");
        return OK;
    }
    if (fd < 0)
        return err_why(why, ERR_IO, "%s: cannot be created: %s", path, strerror(errno));
    if (!fs_make_private(fd))
        log_text(LOG_WARN, "database_mode",
                 "other users can read the database: its file system does not support modes");
    (void)close(fd);
    return OK;
}

/* Runs sql, which must answer nothing that matters. */
static enum err store_exec(struct store *s, const char *sql, struct why *why)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? OK : store_refuse(s, rc, why);
}

/* Reports damage at start-up if that takes no time. Uses the plain form of the pragma: in the table-valued form, SQLite
 * 3.46 and later takes the number for a table's name. */
static enum err store_quick_check(struct store *s, struct why *why)
{
    sqlite3_stmt *check = NULL;
    const char *text = NULL;
    struct stat st;
    bool fine;
    int rc;

    if (stat(s->path, &st) != 0 || st.st_size > STORE_QUICK_CHECK_BYTES)
        return OK;
    rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &check, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(check);
    if (rc == SQLITE_ROW)
        text = (const char *)sqlite3_column_text(check, 0);
    fine = text != NULL && strcmp(text, "ok") == 0;
    (void)sqlite3_finalize(check);
    if (rc != SQLITE_ROW)
        return store_refuse(s, rc, why);
    return fine ? OK : err_why(why, ERR_FORMAT, "%s: the database is damaged", s->path);
}

enum err store_prepare(const char *path, struct why *why)
{
    struct store *s = NULL;
    bool left; /* housekeeping copies the rest: a start must not wait for a slow disk */
    enum err e = store_create_file(path, why);

    if (e == OK)
        e = store_new(&s, path, why);
    if (e != OK)
        return e;
    e = store_lock(s, STORE_BUSY_MS);
    if (e != OK) {
        e = e == ERR_BUSY ? err_why(why, e, "%s: locked by another process", s->lock_path)
                          : err_why(why, e, "database: %s: %s", s->lock_path, fs_lock_refused(errno));
        goto out;
    }
    e = store_exec(s, connection_setup, why);
    if (e == OK)
        e = store_exec(s, "PRAGMA journal_mode = WAL", why); /* the result is checked by store_open */
    if (e == OK)
        e = store_schema_migrate(s, why);
    if (e == OK)
        e = store_quick_check(s, why);
    if (e == OK && store_checkpoint_locked(s, &left) != OK)
        e = err_why(why, ERR_IO, "%s: its write-ahead log cannot be copied back", s->path);
    store_unlock(s);
out:
    store_close(s);
    return e;
}

/* R70: checks that connection_setup took effect, and what the file must be. */
static enum err store_check(struct store *s, struct why *why)
{
    int value, rc;

    for (size_t i = 0; i < sizeof(connection_checks) / sizeof(connection_checks[0]); i++) {
        rc = store_pragma_int(s->db, connection_checks[i].sql, &value);
        if (rc != SQLITE_OK)
            return store_refuse(s, rc, why);
        if (value != connection_checks[i].want)
            return err_why(why, ERR_FORMAT, "%s: %s is not in effect", s->path, connection_checks[i].name);
    }
    rc = store_pragma_int(s->db, "PRAGMA user_version", &value);
    if (rc != SQLITE_OK)
        return store_refuse(s, rc, why);
    if (value != store_schema_version())
        return err_why(why, ERR_UNSUPPORTED, "%s: has schema version %d; this program needs %d", s->path, value,
                       store_schema_version());
    return OK;
}

static enum err store_prepare_statements(struct store *s, struct why *why)
{
    int rc = SQLITE_OK;

    for (int i = 0; rc == SQLITE_OK && i < SQL_COUNT; i++)
        rc = sqlite3_prepare_v3(s->db, store_sql_text[i], -1, SQLITE_PREPARE_PERSISTENT, &s->sql[i], NULL);
    return rc == SQLITE_OK ? OK : store_refuse(s, rc, why);
}

enum err store_open(struct store **out, const char *path, struct why *why)
{
    struct stat st;
    struct store *s = NULL;
    enum err e;

    *out = NULL;
    if (stat(path, &st) != 0)
        return err_why(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    e = store_new(&s, path, why);
    if (e == OK)
        e = store_exec(s, connection_setup, why);
    if (e == OK)
        e = store_check(s, why);
    if (e == OK)
        e = store_prepare_statements(s, why);
    if (e == OK)
        e = store_present(s) == OK ? OK
                                   : err_why(why, ERR_NOT_FOUND, "%s: disappeared while it was being opened", path);
    if (e == OK)
        *out = s;
    else
        store_close(s);
    return e;
}
