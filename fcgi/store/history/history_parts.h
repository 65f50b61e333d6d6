/* Shared by the parts of this room: store_history.c has the rows of one digit, store_number.c the numbers,
 * store_answers.c what is asked of both. */
#ifndef DIGITD_STORE_HISTORY_HISTORY_PARTS_H
#define DIGITD_STORE_HISTORY_HISTORY_PARTS_H

#include "store/store_internal.h"
#include "store_history.h"
#include "store_number.h"

enum { PROBABILITIES_BYTES = STORE_HISTORY_CLASSES * 4 };

/* Floats as little-endian bytes, whatever the machine's byte order. */
void probabilities_write(const float *from, uint8_t bytes[PROBABILITIES_BYTES]);
/* A column of them; a damaged file's wrong length gives zeros. The same for a picture. */
void probabilities_read(sqlite3_stmt *st, int column, float *to);
void picture_read(sqlite3_stmt *st, int column, uint8_t to[DIGIT_PIXELS]);

/* Whether it keeps the rules of its kind. */
bool history_is_sound(const struct store_history *row);
bool number_is_sound(const struct store_number *number);

/* Inside a transaction: adds it under the next id, and sets that. ERR_NOT_FOUND: no such user. */
enum err history_insert(struct store *s, int64_t user_id, struct store_history *row);
enum err number_insert(struct store *s, int64_t user_id, struct store_number *number);

/* The columns of HISTORY_COLUMNS (store_sql.c), from the first on. */
void history_item(sqlite3_stmt *st, struct store_history *row);

#endif
