/* Failures below a statement: maps SQLite's errors to ours and logs each with SQLite's message, and detects files that
 * were moved or deleted while open (R75). */
#include "store_internal.h"

#include <sys/stat.h>

#include "base/log.h"

enum err store_fail(struct store *s, int rc, const char *op)
{
    struct log_line l;
    enum err e;

    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        e = ERR_BUSY;
        break;
    case SQLITE_NOMEM:
        e = ERR_NOMEM;
        break;
    default: /* FULL, IOERR, READONLY, CORRUPT, NOTADB, CANTOPEN, and whatever else: never taken for an answer */
        e = ERR_IO;
        break;
    }
    if (e == ERR_IO)
        s->suspect = true;
    log_begin(&l, e == ERR_BUSY ? LOG_WARN : LOG_ERROR, e == ERR_BUSY ? "database_busy" : "database_error");
    log_str(&l, "op", op);
    log_int(&l, "code", sqlite3_extended_errcode(s->db));
    log_int(&l, "errno", sqlite3_system_errno(s->db));
    log_str(&l, "detail", sqlite3_errmsg(s->db));
    log_end(&l);
    return e;
}

/* The WAL and the shared index are never deleted by SQLite while a connection is open; by a person they may be, and
 * what is written then is lost with the last connection. */
static bool beside_gone(struct store *s, enum store_beside which)
{
    struct stat st;

    if (stat(s->beside[which], &st) != 0)
        return s->beside_ino[which] != 0;
    if (s->beside_ino[which] == 0)
        s->beside_ino[which] = st.st_ino;
    return s->beside_ino[which] != st.st_ino;
}

enum err store_present(struct store *s)
{
    int moved = 1;

    if (s->suspect)
        (void)sqlite3_db_release_memory(s->db); /* what is kept would be believed for ever */
    s->suspect = false;
    (void)sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved == 0 && !beside_gone(s, BESIDE_WAL) && !beside_gone(s, BESIDE_SHM)) {
        if (s->missing)
            log_text(LOG_WARN, "database_back", s->path);
        s->missing = false;
        return OK;
    }
    if (!s->missing)
        log_text(LOG_ERROR, "database_vanished", s->path);
    s->missing = true;
    return ERR_IO;
}
