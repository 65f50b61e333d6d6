/* Runs statements: bind, step, read, reset. A statement that is not reset keeps a read transaction open, and with it
 * the WAL; so all rows are read before they are passed on. */
#include "store_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

struct store_value value_null(void)
{
    return (struct store_value){.kind = VALUE_NULL};
}

struct store_value value_int(int64_t integer)
{
    return (struct store_value){.kind = VALUE_INT, .of.integer = integer};
}

struct store_value value_real(double real)
{
    return (struct store_value){.kind = VALUE_REAL, .of.real = real};
}

struct store_value value_text(const char *text)
{
    return (struct store_value){.kind = VALUE_TEXT, .of.text = text};
}

struct store_value value_bytes(const uint8_t *bytes, int n)
{
    return (struct store_value){.kind = VALUE_BYTES, .n_bytes = n, .of.bytes = bytes};
}

struct store_value value_hash(const uint8_t *hash)
{
    return value_bytes(hash, DIGEST_BYTES);
}

static int bind_one(sqlite3_stmt *st, int column, const struct store_value *v)
{
    switch (v->kind) {
    case VALUE_INT:
        return sqlite3_bind_int64(st, column, v->of.integer);
    case VALUE_REAL:
        return sqlite3_bind_double(st, column, v->of.real);
    case VALUE_TEXT:
        return sqlite3_bind_text(st, column, v->of.text, -1, SQLITE_STATIC);
    case VALUE_BYTES:
        return sqlite3_bind_blob(st, column, v->of.bytes, v->n_bytes, SQLITE_STATIC);
    case VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(st, column);
}

bool store_bind(sqlite3_stmt *st, const struct store_value *values, size_t n)
{
    int rc = SQLITE_OK;

    /* SQLite takes a parameter that is not bound for NULL, which many conditions treat as "any". */
    if (n != (size_t)sqlite3_bind_parameter_count(st)) {
        log_text(LOG_ERROR, "database_values", sqlite3_sql(st));
        return false;
    }
    for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
        rc = bind_one(st, (int)i + 1, &values[i]);
    return rc == SQLITE_OK;
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

enum err store_do(struct store *s, enum store_sql which, const char *op, const struct store_value *values, size_t n)
{
    if (store_bind(s->sql[which], values, n))
        return store_run(s, which, op);
    store_reset(s->sql[which]);
    return ERR_NOMEM;
}

enum err store_row(struct store *s, enum store_sql which, const char *op, const struct store_value *values, size_t n)
{
    sqlite3_stmt *st = s->sql[which];
    enum err e = store_present(s);
    int rc;

    if (e != OK)
        return e;
    rc = store_bind(st, values, n) ? sqlite3_step(st) : SQLITE_NOMEM;
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
