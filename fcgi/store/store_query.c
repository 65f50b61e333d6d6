/* Running a statement: bound, stepped, read, reset. A statement that is not reset holds a read of the database open,
 * and with it the WAL; so whatever answers rows is read to its end before anybody else gets to see them. */
#include "store_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool bind_all(sqlite3_stmt *st, const char *kinds, va_list ap)
{
    int rc = SQLITE_OK, column = 1;

    for (const char *k = kinds; *k != '\0' && rc == SQLITE_OK; k++, column++) {
        if (*k == 'i')
            rc = sqlite3_bind_int64(st, column, va_arg(ap, int64_t));
        else if (*k == 't')
            rc = sqlite3_bind_text(st, column, va_arg(ap, const char *), -1, SQLITE_STATIC);
        else
            rc = sqlite3_bind_blob(st, column, va_arg(ap, const uint8_t *), DIGEST_BYTES, SQLITE_STATIC);
    }
    return rc == SQLITE_OK;
}

bool store_bind(sqlite3_stmt *st, const char *kinds, ...)
{
    va_list ap;
    bool bound;

    va_start(ap, kinds);
    bound = bind_all(st, kinds, ap);
    va_end(ap);
    return bound;
}

void store_reset(sqlite3_stmt *st)
{
    (void)sqlite3_reset(st); /* repeats the failure of the step, which was dealt with */
    (void)sqlite3_clear_bindings(st);
}

enum err store_run(struct store *s, enum store_sql which, const char *op)
{
    int rc = sqlite3_step(s->sql[which]);
    enum err e = OK;

    if (rc == SQLITE_CONSTRAINT_UNIQUE)
        e = ERR_EXISTS;
    else if (rc != SQLITE_DONE)
        e = store_fail(s, rc, op);
    store_reset(s->sql[which]);
    return e;
}

static enum err do_bound(struct store *s, enum store_sql which, const char *op, const char *kinds, va_list ap)
{
    if (bind_all(s->sql[which], kinds, ap))
        return store_run(s, which, op);
    store_reset(s->sql[which]);
    return ERR_NOMEM;
}

enum err store_do(struct store *s, enum store_sql which, const char *op, const char *kinds, ...)
{
    va_list ap;
    enum err e;

    va_start(ap, kinds);
    e = do_bound(s, which, op, kinds, ap);
    va_end(ap);
    return e;
}

enum err store_change(struct store *s, enum store_sql which, const char *op, const char *kinds, ...)
{
    enum err e = store_begin(s, STORE_BUSY_MS);
    va_list ap;

    if (e != OK)
        return e;
    va_start(ap, kinds);
    e = do_bound(s, which, op, kinds, ap);
    va_end(ap);
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    return store_end(s, e);
}

void store_change_idle(struct store *s, enum store_sql which, const char *op, const char *kinds, ...)
{
    va_list ap;
    enum err e;

    if (store_begin_idle(s) != OK)
        return;
    va_start(ap, kinds);
    e = do_bound(s, which, op, kinds, ap);
    va_end(ap);
    (void)store_end(s, e);
}

enum err store_row(struct store *s, enum store_sql which, const char *op, const char *kinds, ...)
{
    sqlite3_stmt *st = s->sql[which];
    enum err e = store_present(s);
    va_list ap;
    int rc;

    if (e != OK)
        return e;
    va_start(ap, kinds);
    rc = bind_all(st, kinds, ap) ? sqlite3_step(st) : SQLITE_NOMEM;
    va_end(ap);
    if (rc == SQLITE_ROW)
        return OK;
    e = rc == SQLITE_DONE ? ERR_NOT_FOUND : store_fail(s, rc, op);
    store_reset(st);
    return e;
}

enum err store_rows(struct store *s, enum store_sql which, const char *op, size_t bytes,
                    void (*read)(sqlite3_stmt *st, void *item), struct buf *rows)
{
    union {
        char bytes[2048];
        int64_t align;
    } item;
    sqlite3_stmt *st = s->sql[which];
    enum err e = bytes <= sizeof(item.bytes) ? store_present(s) : ERR_LIMIT;
    int rc = SQLITE_DONE;

    buf_reset(rows);
    while (e == OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        memset(&item, 0, bytes);
        read(st, &item);
        e = buf_add(rows, item.bytes, bytes);
    }
    if (e == OK && rc != SQLITE_DONE)
        e = store_fail(s, rc, op);
    store_reset(st);
    return e;
}

void store_column_text(sqlite3_stmt *st, int column, char *out, size_t room)
{
    const unsigned char *text = sqlite3_column_text(st, column);

    (void)snprintf(out, room, "%s", text == NULL ? "" : (const char *)text);
}
