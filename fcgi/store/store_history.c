/* The history. A page is read with one index, whose columns answer the filters; the limit of 10,000 rows for each user
 * bounds the cost even of a filter that nothing matches. */
#include "store_history.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store_internal.h"

enum {
    CLEAR_ROWS = 500,
    PAUSE_NS = 2000000 /* longer than waiting writers pause between two attempts at the lock */,
    PAGE_ROWS_MAX = 1000,
    PROBABILITIES_BYTES = STORE_HISTORY_CLASSES * 4
};

/* Floats as little-endian bytes, whatever the machine's byte order. */
static void floats_write(const float *from, uint8_t bytes[PROBABILITIES_BYTES])
{
    for (int i = 0; i < STORE_HISTORY_CLASSES; i++) {
        uint32_t bits;

        memcpy(&bits, &from[i], sizeof(bits));
        for (int k = 0; k < 4; k++)
            bytes[4 * i + k] = (uint8_t)(bits >> (8 * k));
    }
}

static void floats_read(const uint8_t *bytes, float *to)
{
    for (int i = 0; i < STORE_HISTORY_CLASSES; i++) {
        uint32_t bits = 0;

        for (int k = 0; k < 4; k++)
            bits |= (uint32_t)bytes[4 * i + k] << (8 * k);
        memcpy(&to[i], &bits, sizeof(bits));
    }
}

/* The columns of HISTORY_COLUMNS. The schema's checks hold the lengths; a damaged file may break them. */
static void history_item(sqlite3_stmt *st, void *item)
{
    struct store_history *row = item;
    const uint8_t *probabilities, *picture;

    memset(row, 0, sizeof(*row));
    row->id = sqlite3_column_int64(st, 0);
    row->created_at_s = sqlite3_column_int64(st, 1);
    store_column_text(st, 2, row->name, sizeof(row->name));
    row->status = (enum store_history_status)sqlite3_column_int(st, 3);
    row->digit = sqlite3_column_int(st, 4);
    row->label = sqlite3_column_int(st, 5);
    row->confidence = (float)sqlite3_column_double(st, 6);
    probabilities = sqlite3_column_blob(st, 7);
    if (probabilities != NULL && sqlite3_column_bytes(st, 7) == PROBABILITIES_BYTES)
        floats_read(probabilities, row->probabilities);
    picture = sqlite3_column_blob(st, 8);
    if (picture != NULL && sqlite3_column_bytes(st, 8) == DIGIT_PIXELS)
        memcpy(row->picture, picture, DIGIT_PIXELS);
    row->unsure_because = sqlite3_column_int(st, 9);
}

static bool row_is_sound(const struct store_history *row)
{
    if (row->digit < STORE_HISTORY_NONE || row->digit > 9 || row->status < STORE_HISTORY_DIGIT ||
        row->status > STORE_HISTORY_NOT_A_DIGIT)
        return false;
    if (row->unsure_because < 0 || row->unsure_because > STORE_HISTORY_UNSURE_MAX ||
        (row->unsure_because != 0 && row->status != STORE_HISTORY_UNSURE))
        return false;
    return (row->digit == STORE_HISTORY_NONE) == (row->status == STORE_HISTORY_NOT_A_DIGIT) && row->confidence >= 0 &&
           row->confidence <= 1;
}

/* Inside a transaction. */
static enum err history_insert(struct store *s, int64_t user_id, struct store_history *row)
{
    uint8_t probabilities[PROBABILITIES_BYTES];
    char name[STORE_HISTORY_NAME_MAX + 1];
    enum err e;

    store_text_keep(row->name, name, sizeof(name));
    memcpy(row->name, name, sizeof(name));
    floats_write(row->probabilities, probabilities);
    e = store_do(s, SQL_HISTORY_ADD, "history_add",
                 VALUES(value_int(user_id), value_int(row->created_at_s), value_text(row->name), value_int(row->status),
                        row->digit == STORE_HISTORY_NONE ? value_null() : value_int(row->digit),
                        value_real((double)row->confidence), value_bytes(probabilities, PROBABILITIES_BYTES),
                        value_bytes(row->picture, DIGIT_PIXELS), value_int(row->unsure_because)));
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    row->id = e == OK ? sqlite3_last_insert_rowid(s->db) : 0;
    return e;
}

enum err store_history_add(struct store *s, int64_t user_id, struct store_history *rows, int n, int max)
{
    const int64_t now_s = clock_wall_s();
    enum err e;

    if (n < 1 || n > STORE_HISTORY_ADD_MAX || max < 1)
        return ERR_RANGE;
    for (int i = 0; i < n; i++)
        rows[i].id = 0;
    for (int i = 0; i < n; i++)
        if (!row_is_sound(&rows[i]))
            return ERR_RANGE;
    e = store_begin(s, STORE_BUSY_MS);
    if (e == OK) {
        for (int i = 0; e == OK && i < n; i++) {
            rows[i].created_at_s = now_s;
            e = history_insert(s, user_id, &rows[i]);
        }
        if (e == OK)
            e = store_do(s, SQL_HISTORY_TRIM, "history_trim",
                         VALUES(value_int(user_id), value_int(max), value_int(STORE_HISTORY_TRIM_ROWS)));
        e = store_end(s, e);
    }
    for (int i = 0; e != OK && i < n; i++)
        rows[i].id = 0;
    return e;
}

enum err store_history_each(struct store *s, int64_t user_id, const struct store_history_filter *filter, int64_t before,
                            int limit, bool (*row)(const struct store_history *, void *), void *ctx)
{
    const struct store_history *item;
    struct buf *rows;
    enum err e;

    if (limit < 1 || limit > PAGE_ROWS_MAX)
        return ERR_RANGE;
    rows = buf_new((size_t)limit * sizeof(*item));
    if (rows == NULL)
        return ERR_NOMEM;
    (void)store_bind(s->sql[SQL_HISTORY_PAGE],
                     VALUES(value_int(user_id), value_int(before), value_int(filter->digit), value_int(filter->checked),
                            value_int(filter->status), value_int(limit)));
    e = store_rows(s, SQL_HISTORY_PAGE, "history_each", sizeof(*item), history_item, rows);
    item = (const void *)buf_data(rows);
    for (size_t i = 0; e == OK && i < buf_len(rows) / sizeof(*item); i++)
        if (!row(&item[i], ctx))
            break;
    buf_free(rows);
    return e;
}

enum err store_history_find(struct store *s, int64_t user_id, int64_t id, struct store_history *row)
{
    enum err e = store_row(s, SQL_HISTORY_FIND, "history_find", VALUES(value_int(user_id), value_int(id)));

    memset(row, 0, sizeof(*row));
    if (e == OK) {
        history_item(s->sql[SQL_HISTORY_FIND], row);
        store_reset(s->sql[SQL_HISTORY_FIND]);
    }
    return e;
}

enum err store_history_count(struct store *s, int64_t user_id, struct store_history_counts *counts)
{
    sqlite3_stmt *st = s->sql[SQL_HISTORY_COUNT];
    enum err e = store_row(s, SQL_HISTORY_COUNT, "history_count", VALUES(value_int(user_id)));

    memset(counts, 0, sizeof(*counts));
    if (e == OK) {
        counts->kept = sqlite3_column_int64(st, 0);
        counts->checked = sqlite3_column_int64(st, 1);
        counts->right = sqlite3_column_int64(st, 2);
        store_reset(st);
    }
    return e;
}

enum err store_history_label(struct store *s, int64_t user_id, int64_t id, int label)
{
    if (label < STORE_HISTORY_NONE || label > STORE_HISTORY_NO_DIGIT)
        return ERR_RANGE;
    return store_change(s, SQL_HISTORY_LABEL, "history_label",
                        VALUES(value_int(user_id), value_int(id), value_int(label)));
}

enum err store_history_drop(struct store *s, int64_t user_id, int64_t id)
{
    return store_change(s, SQL_HISTORY_DROP, "history_drop", VALUES(value_int(user_id), value_int(id)));
}

static bool id_take(const struct store_history *row, void *ctx)
{
    *(int64_t *)ctx = row->id;
    return false;
}

enum err store_history_clear(struct store *s, int64_t user_id)
{
    static const struct store_history_filter any = {-1, -1, -1};
    int64_t newest = 0; /* what is saved meanwhile stays, or this might never end */
    enum err e = store_history_each(s, user_id, &any, INT64_MAX, 1, id_take, &newest);

    while (e == OK && newest > 0) {
        e = store_change(s, SQL_HISTORY_CLEAR, "history_clear",
                         VALUES(value_int(user_id), value_int(newest), value_int(CLEAR_ROWS)));
        (void)nanosleep(&(struct timespec){0, PAUSE_NS}, NULL);
    }
    return e == ERR_NOT_FOUND ? OK : e;
}
