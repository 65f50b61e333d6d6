/* Numbers. What the user says of one is read, changed and written in one transaction, so that of two who correct it at
 * the same time both are heard. */
#include "store_number.h"

#include <stdlib.h>
#include <string.h>

#include "history_parts.h"

_Static_assert((int)NUMBER_UNCHECKED == (int)STORE_HISTORY_NONE && (int)NUMBER_NO_DIGIT == (int)STORE_HISTORY_NO_DIGIT,
               "labels of both kinds agree");

struct store_number *store_number_new(int n)
{
    if (n < 1 || n > NUMBER_DIGITS_MAX)
        return NULL;
    return calloc(1, sizeof(struct store_number) + (size_t)n * sizeof(struct store_number_digit));
}

bool number_is_sound(const struct store_number *number)
{
    struct number_text text;

    if (number->status != STORE_HISTORY_READ && number->status != STORE_HISTORY_UNSURE)
        return false;
    if (!(number->confidence >= 0 && number->confidence <= 1))
        return false;
    if (!number_text_read(&text, number->text.text) || text.n != number->text.n)
        return false;
    for (int i = 0; i < text.n; i++) {
        const struct store_number_digit *d = &number->digit[i];

        if (d->line < 0 || d->line >= STORE_NUMBER_LINES_MAX || !(d->confidence >= 0 && d->confidence <= 1))
            return false;
        for (int k = 0; k < 4; k++)
            if (d->box[k] < 0)
                return false;
    }
    return true;
}

static enum err digit_insert(struct store *s, const struct store_number *number, int place)
{
    const struct store_number_digit *d = &number->digit[place];
    uint8_t probabilities[PROBABILITIES_BYTES];

    probabilities_write(d->probabilities, probabilities);
    return store_do(s, SQL_NUMBER_ADD_DIGIT, "number_add_digit",
                    VALUES(value_int(number->id), value_int(place), value_int(d->line),
                           value_int(number->text.place[place].digit), value_real((double)d->confidence),
                           value_bytes(probabilities, PROBABILITIES_BYTES), value_bytes(d->picture, DIGIT_PIXELS),
                           value_int(d->box[0]), value_int(d->box[1]), value_int(d->box[2]), value_int(d->box[3])));
}

enum err number_insert(struct store *s, int64_t user_id, struct store_number *number)
{
    char name[STORE_HISTORY_NAME_MAX + 1];
    enum err e;

    store_text_keep(number->name, name, sizeof(name));
    memcpy(number->name, name, sizeof(name));
    e = store_do(s, SQL_NUMBER_ADD, "number_add",
                 VALUES(value_int(user_id), value_int(number->created_at_s), value_text(number->name),
                        value_int(number->status == STORE_HISTORY_UNSURE), value_real((double)number->confidence),
                        value_text(number->text.text), value_int(number->text.n), value_int(number->text.holds)));
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    number->id = e == OK ? sqlite3_last_insert_rowid(s->db) : 0;
    for (int i = 0; e == OK && i < number->text.n; i++)
        e = digit_insert(s, number, i);
    return e;
}

/* The columns of SQL_NUMBER_FIND. Returns how many digits there are to be. */
static int number_item(sqlite3_stmt *st, struct store_number *number)
{
    struct number_text *t = &number->text;

    memset(number, 0, sizeof(*number));
    number->id = sqlite3_column_int64(st, 0);
    number->created_at_s = sqlite3_column_int64(st, 1);
    store_column_text(st, 2, number->name, sizeof(number->name));
    number->status = sqlite3_column_int(st, 3) == 0 ? STORE_HISTORY_READ : STORE_HISTORY_UNSURE;
    number->confidence = (float)sqlite3_column_double(st, 4);
    store_column_text(st, 5, t->text, sizeof(t->text));
    store_column_text(st, 6, t->sent, sizeof(t->sent));
    t->loose = sqlite3_column_int(st, 7) != 0;
    return sqlite3_column_int(st, 8);
}

/* The columns of PLACE_COLUMNS. */
static void place_item(sqlite3_stmt *st, struct number_place *p)
{
    p->digit = sqlite3_column_int(st, 1);
    p->label = sqlite3_column_int(st, 2);
    store_column_text(st, 3, p->split, sizeof(p->split));
}

static void digit_item(sqlite3_stmt *st, struct store_number_digit *d)
{
    memset(d, 0, sizeof(*d));
    d->line = sqlite3_column_int(st, 4);
    d->confidence = (float)sqlite3_column_double(st, 5);
    probabilities_read(st, 6, d->probabilities);
    picture_read(st, 7, d->picture);
    for (int i = 0; i < 4; i++)
        d->box[i] = sqlite3_column_int(st, 8 + i);
}

/* Reads the digits of a number, one after the other from place 0 on; without pictures, only what is said of them. */
static enum err digits_read(struct store *s, struct store_number *number, bool pictures)
{
    const enum store_sql which = pictures ? SQL_NUMBER_DIGITS : SQL_NUMBER_PLACES;
    sqlite3_stmt *st = s->sql[which];
    enum err e = OK;
    int rc = SQLITE_DONE, n = 0;

    if (!store_bind(st, VALUES(value_int(number->id))))
        e = ERR_NOMEM;
    while (e == OK && (rc = sqlite3_step(st)) == SQLITE_ROW && n < NUMBER_DIGITS_MAX &&
           sqlite3_column_int(st, 0) == n) {
        place_item(st, &number->text.place[n]);
        if (pictures)
            digit_item(st, &number->digit[n]);
        n++;
    }
    if (e == OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
        e = store_fail(s, rc, "number_digits");
    store_reset(st);
    number->text.n = n;
    return e;
}

/* The number's row is held until its digits are read, so that both are of one state. */
static enum err number_read(struct store *s, int64_t user_id, int64_t id, struct store_number *number, bool pictures)
{
    enum err e = store_row(s, SQL_NUMBER_FIND, "number_find", VALUES(value_int(user_id), value_int(id)));
    int digits;

    if (e != OK)
        return e;
    digits = number_item(s->sql[SQL_NUMBER_FIND], number);
    e = digits_read(s, number, pictures);
    store_reset(s->sql[SQL_NUMBER_FIND]);
    if (e == OK && number->text.n != digits)
        e = ERR_IO; /* a damaged file: its schema cannot say this */
    if (e == OK)
        number_text_settle(&number->text);
    return e;
}

enum err store_number_find(struct store *s, int64_t user_id, int64_t id, struct store_number *number)
{
    return number_read(s, user_id, id, number, true);
}

/* Writes what differs from before. */
static enum err label_write(struct store *s, const struct store_number *number, const struct number_place *before)
{
    const struct number_text *t = &number->text;
    enum err e = store_do(s, SQL_NUMBER_LABEL, "number_label",
                          VALUES(value_int(number->id), value_text(t->sent), value_int(t->loose), value_int(t->checked),
                                 value_int(t->confirmed), value_int(t->holds)));

    for (int i = 0; e == OK && i < t->n; i++)
        if (t->place[i].label != before[i].label || strcmp(t->place[i].split, before[i].split) != 0)
            e = store_do(s, SQL_NUMBER_LABEL_PLACE, "number_label_place",
                         VALUES(value_int(number->id), value_int(i), value_int(t->place[i].label),
                                value_text(t->place[i].split)));
    return e;
}

enum err store_number_change(struct store *s, int64_t user_id, int64_t id, const struct number_change *change,
                             struct why *why)
{
    struct store_number number; /* without digits */
    struct number_place before[NUMBER_DIGITS_MAX];
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    e = number_read(s, user_id, id, &number, false);
    if (e == OK) {
        memcpy(before, number.text.place, sizeof(before));
        e = number_text_change(&number.text, change, why);
    }
    if (e == OK)
        e = label_write(s, &number, before);
    return store_end(s, e);
}
