/* Runs statements: binds values by type, reads rows. Part of store_internal.h. */
#ifndef DIGITD_STORE_STORE_QUERY_H
#define DIGITD_STORE_STORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/err.h"
#include "store_sql.h"

struct store;

/* A value for a statement's next parameter. Bytes and text are not copied: they must stay valid until store_reset. NULL
 * is SQL's NULL. */
struct store_value {
    enum store_value_kind { VALUE_NULL, VALUE_INT, VALUE_REAL, VALUE_TEXT, VALUE_BYTES } kind;
    int n_bytes; /* of bytes */
    union {
        int64_t integer;
        double real;
        const char *text;
        const uint8_t *bytes;
    } of;
};
struct store_value value_null(void);
struct store_value value_int(int64_t integer);
struct store_value value_real(double real);
struct store_value value_text(const char *text);
struct store_value value_bytes(const uint8_t *bytes, int n);
struct store_value value_hash(const uint8_t *hash); /* DIGEST_BYTES */

/* The last two arguments of the functions below: the values in the order of the parameters, and their number. */
#define VALUES(...)                                                                                                    \
    (const struct store_value[]){__VA_ARGS__},                                                                         \
        sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value)
#define NO_VALUES NULL, 0

/* Binds all parameters. False: out of memory, or n is not the statement's number of parameters (a bug, so it is
 * logged). */
bool store_bind(sqlite3_stmt *st, const struct store_value *values, size_t n);
void store_reset(sqlite3_stmt *st);
/* Runs a bound statement that returns no rows, and resets it. A UNIQUE violation is ERR_EXISTS. */
enum err store_run(struct store *s, enum store_sql which, const char *op);
/* Binds and runs, inside the caller's transaction. */
enum err store_do(struct store *s, enum store_sql which, const char *op, const struct store_value *values, size_t n);
/* The same in its own transaction. ERR_NOT_FOUND: no row was changed. */
enum err store_change(struct store *s, enum store_sql which, const char *op, const struct store_value *values,
                      size_t n);
/* The same as a background write: it may be skipped, and a failure is ignored. */
void store_change_idle(struct store *s, enum store_sql which, const char *op, const struct store_value *values,
                       size_t n);
/* Binds and steps to the first row. After OK the caller reads the row and resets the statement; otherwise it is reset
 * already. ERR_NOT_FOUND: no row. */
enum err store_row(struct store *s, enum store_sql which, const char *op, const struct store_value *values, size_t n);
/* Reads all rows of a bound statement into rows, an array of items of the given size, and resets the statement. So a
 * slow callback (a terminal, a pager) keeps no read open, which would keep the WAL from shrinking. */
enum err store_rows(struct store *s, enum store_sql which, const char *op, size_t bytes,
                    void (*read)(sqlite3_stmt *st, void *item), struct buf *rows);
/* A text column, cut to fit; NULL is "". */
void store_column_text(sqlite3_stmt *st, int column, char *out, size_t room);

#endif
