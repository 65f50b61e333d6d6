/* Answers of one digit. */
#include "store_history.h"

#include <string.h>

#include "history_parts.h"

void probabilities_write(const float *from, uint8_t bytes[PROBABILITIES_BYTES])
{
    for (int i = 0; i < STORE_HISTORY_CLASSES; i++) {
        uint32_t bits;

        memcpy(&bits, &from[i], sizeof(bits));
        for (int k = 0; k < 4; k++)
            bytes[4 * i + k] = (uint8_t)(bits >> (8 * k));
    }
}

/* The schema's checks hold the lengths of blobs; a damaged file may break them. */
void probabilities_read(sqlite3_stmt *st, int column, float *to)
{
    const uint8_t *bytes = sqlite3_column_blob(st, column);

    if (bytes == NULL || sqlite3_column_bytes(st, column) != PROBABILITIES_BYTES)
        return;
    for (int i = 0; i < STORE_HISTORY_CLASSES; i++) {
        uint32_t bits = 0;

        for (int k = 0; k < 4; k++)
            bits |= (uint32_t)bytes[4 * i + k] << (8 * k);
        memcpy(&to[i], &bits, sizeof(bits));
    }
}

void picture_read(sqlite3_stmt *st, int column, uint8_t to[DIGIT_PIXELS])
{
    const uint8_t *picture = sqlite3_column_blob(st, column);

    if (picture != NULL && sqlite3_column_bytes(st, column) == DIGIT_PIXELS)
        memcpy(to, picture, DIGIT_PIXELS);
}

void history_item(sqlite3_stmt *st, struct store_history *row)
{
    memset(row, 0, sizeof(*row));
    row->id = sqlite3_column_int64(st, 0);
    row->created_at_s = sqlite3_column_int64(st, 1);
    store_column_text(st, 2, row->name, sizeof(row->name));
    row->status = (enum store_history_status)sqlite3_column_int(st, 3);
    row->digit = sqlite3_column_int(st, 4);
    row->label = sqlite3_column_int(st, 5);
    row->confidence = (float)sqlite3_column_double(st, 6);
    probabilities_read(st, 7, row->probabilities);
    picture_read(st, 8, row->picture);
    row->unsure_because = sqlite3_column_int(st, 9);
}

bool history_is_sound(const struct store_history *row)
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

enum err history_insert(struct store *s, int64_t user_id, struct store_history *row)
{
    uint8_t probabilities[PROBABILITIES_BYTES];
    char name[STORE_HISTORY_NAME_MAX + 1];
    enum err e;

    store_text_keep(row->name, name, sizeof(name));
    memcpy(row->name, name, sizeof(name));
    probabilities_write(row->probabilities, probabilities);
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

enum err store_history_label(struct store *s, int64_t user_id, int64_t id, int label)
{
    if (label < STORE_HISTORY_NONE || label > STORE_HISTORY_NO_DIGIT)
        return ERR_RANGE;
    return store_change(s, SQL_HISTORY_LABEL, "history_label",
                        VALUES(value_int(user_id), value_int(id), value_int(label)));
}
