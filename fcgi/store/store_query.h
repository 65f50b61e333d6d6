/* Running a statement: its values by type, its rows. Part of store_internal.h. */
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

/* A value for a statement's next parameter. Bytes and text are not copied: they must live until store_reset; NULL is
 * SQL's NULL. */
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

/* The last two arguments of what follows: the values in the order of the parameters, and how many there are. */
#define VALUES(...)                                                                                                    \
    (const struct store_value[]){__VA_ARGS__},                                                                         \
        sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value)
#define NO_VALUES NULL, 0

/* Binds all parameters. False: out of memory, or n is not how many the statement has (logged, as that is a bug). */
bool store_bind(sqlite3_stmt *st, const struct store_value *values, size_t n);
void store_reset(sqlite3_stmt *st);
/* Runs a bound statement that answers no rows, and resets it. A broken UNIQUE is ERR_EXISTS. */
enum err store_run(struct store *s, enum store_sql which, const char *op);
/* Binds and runs, inside a transaction of the caller's. */
enum err store_do(struct store *s, enum store_sql which, const char *op, const struct store_value *values, size_t n);
/* The same in a transaction of its own. ERR_NOT_FOUND: it changed no row. */
enum err store_change(struct store *s, enum store_sql which, const char *op, const struct store_value *values,
                      size_t n);
/* The same where nobody waits for it: it may be left out, and its failure is nobody's. */
void store_change_idle(struct store *s, enum store_sql which, const char *op, const struct store_value *values,
                       size_t n);
/* Binds and steps to the first row. OK: the caller reads it and then resets. Else it is reset. ERR_NOT_FOUND: none. */
enum err store_row(struct store *s, enum store_sql which, const char *op, const struct store_value *values, size_t n);
/* Reads all rows of a bound statement into rows, an array of items of so many bytes, and resets it: a callback that
 * takes its time (a terminal, a pager) must not hold a read open, which would hold the WAL. */
enum err store_rows(struct store *s, enum store_sql which, const char *op, size_t bytes,
                    void (*read)(sqlite3_stmt *st, void *item), struct buf *rows);
/* A text column, cut to fit; NULL is "". */
void store_column_text(sqlite3_stmt *st, int column, char *out, size_t room);

#endif
