/* Answers of both kinds, digits and numbers: adding, pages, counts, deleting. A page is read with one index of each
 * kind, whose columns answer the filters; the limit of 10,000 digits for each user bounds the cost even of a filter
 * that nothing matches. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "history_parts.h"

enum {
    CLEAR_DIGITS = 500,
    PAUSE_NS = 2000000 /* longer than waiting writers pause between two attempts at the lock */,
    PAGE_ROWS_MAX = 1000
};

static int digits_of(const struct store_answer *a)
{
    return a->number != NULL ? a->number->text.n : 1;
}

static void id_clear(const struct store_answer *a)
{
    if (a->number != NULL)
        a->number->id = 0;
    else
        a->row->id = 0;
}

static enum err answers_check(const struct store_answer *answers, int n, int max)
{
    for (int i = 0; i < n; i++) {
        const struct store_answer *a = &answers[i];

        if (a->number != NULL ? !number_is_sound(a->number) : !history_is_sound(a->row))
            return ERR_RANGE;
        if (digits_of(a) > max)
            return ERR_LIMIT;
    }
    return OK;
}

/* Finds the oldest answers up to newest, until they have as many digits as wanted: *last is the last of them, 0 if
 * there is none. */
static enum err oldest(struct store *s, int64_t user_id, int64_t newest, int64_t wanted, int64_t *last)
{
    sqlite3_stmt *st = s->sql[SQL_ANSWER_OLDEST];
    enum err e = OK;
    int rc = SQLITE_DONE;

    *last = 0;
    if (!store_bind(st, VALUES(value_int(user_id), value_int(newest), value_int(wanted))))
        e = ERR_NOMEM;
    while (e == OK && wanted > 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        *last = sqlite3_column_int64(st, 0);
        wanted -= sqlite3_column_int64(st, 1);
    }
    if (e == OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
        e = store_fail(s, rc, "answers_oldest");
    store_reset(st);
    return e;
}

/* Inside a transaction. The digits of a number go with it (ON DELETE CASCADE). */
static enum err drop_to(struct store *s, int64_t user_id, int64_t last)
{
    enum err e = store_do(s, SQL_HISTORY_DROP_TO, "history_drop_to", VALUES(value_int(user_id), value_int(last)));

    return e == OK ? store_do(s, SQL_NUMBER_DROP_TO, "number_drop_to", VALUES(value_int(user_id), value_int(last))) : e;
}

/* Inside a transaction that has added that many digits. */
static enum err trim(struct store *s, int64_t user_id, int added, int max)
{
    const int most = added > STORE_HISTORY_TRIM ? added : STORE_HISTORY_TRIM;
    int64_t over = 0, last = 0;
    enum err e = store_row(s, SQL_ANSWER_KEPT, "answers_kept", VALUES(value_int(user_id)));

    if (e == OK) {
        over = sqlite3_column_int64(s->sql[SQL_ANSWER_KEPT], 0) - max;
        store_reset(s->sql[SQL_ANSWER_KEPT]);
    }
    if (e == OK && over > 0)
        e = oldest(s, user_id, INT64_MAX, over < most ? over : most, &last);
    return e == OK && last > 0 ? drop_to(s, user_id, last) : e;
}

static enum err answer_insert(struct store *s, int64_t user_id, const struct store_answer *a, int64_t now_s)
{
    if (a->number != NULL) {
        a->number->created_at_s = now_s;
        return number_insert(s, user_id, a->number);
    }
    a->row->created_at_s = now_s;
    return history_insert(s, user_id, a->row);
}

enum err store_history_add(struct store *s, int64_t user_id, const struct store_answer *answers, int n, int max)
{
    const int64_t now_s = clock_wall_s();
    int added = 0;
    enum err e;

    if (n < 1 || n > STORE_HISTORY_ADD_MAX || max < 1)
        return ERR_RANGE;
    for (int i = 0; i < n; i++)
        id_clear(&answers[i]);
    e = answers_check(answers, n, max);
    if (e == OK)
        e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    for (int i = 0; e == OK && i < n; i++) {
        added += digits_of(&answers[i]);
        e = answer_insert(s, user_id, &answers[i], now_s);
    }
    if (e == OK)
        e = trim(s, user_id, added, max);
    e = store_end(s, e);
    for (int i = 0; e != OK && i < n; i++)
        id_clear(&answers[i]);
    return e;
}

/* A row of a page: an answer of one digit, or the id of a number. */
struct page_item {
    struct store_history row;
    int digits; /* 0: no number */
};

static void page_item(sqlite3_stmt *st, void *item)
{
    struct page_item *i = item;

    history_item(st, &i->row);
    i->digits = sqlite3_column_int(st, 10);
}

/* Hands out a page, *wanted of it at most, and takes from *wanted what was handed out; 0 where nobody wants more. A
 * number that was deleted since the page was read is passed over. *before: the last of the page. */
static enum err page_give(struct store *s, int64_t user_id, const struct buf *page, int *wanted, int64_t *before,
                          bool (*answer)(const struct store_answer *, void *), void *ctx)
{
    struct store_number *number = NULL;
    struct page_item item;
    enum err e = OK;

    for (size_t at = 0; e == OK && *wanted > 0 && at < buf_len(page); at += sizeof(item)) {
        struct store_answer a = {.row = &item.row};

        memcpy(&item, buf_data(page) + at, sizeof(item));
        *before = item.row.id;
        if (item.digits > 0) {
            if (number == NULL && (number = store_number_new(NUMBER_DIGITS_MAX)) == NULL)
                return ERR_NOMEM;
            e = store_number_find(s, user_id, item.row.id, number);
            a = (struct store_answer){.number = number};
        }
        if (e == OK)
            *wanted = answer(&a, ctx) ? *wanted - 1 : 0;
        else if (e == ERR_NOT_FOUND)
            e = OK;
    }
    free(number);
    return e;
}

enum err store_history_each(struct store *s, int64_t user_id, const struct store_history_filter *filter, int64_t before,
                            int limit, bool (*answer)(const struct store_answer *, void *), void *ctx)
{
    struct buf *page;
    enum err e = OK;
    bool full = true; /* there may be more than the page has */

    if (limit < 1 || limit > PAGE_ROWS_MAX)
        return ERR_RANGE;
    page = buf_new((size_t)limit * sizeof(struct page_item));
    if (page == NULL)
        return ERR_NOMEM;
    while (e == OK && limit > 0 && full) { /* again only for what was passed over */
        buf_reset(page);
        (void)store_bind(s->sql[SQL_ANSWER_PAGE],
                         VALUES(value_int(user_id), value_int(before), value_int(filter->digit),
                                value_int(filter->checked), value_int(filter->status), value_int(limit)));
        e = store_rows(s, SQL_ANSWER_PAGE, "history_each", sizeof(struct page_item), page_item, page);
        full = buf_len(page) == (size_t)limit * sizeof(struct page_item);
        if (e == OK)
            e = page_give(s, user_id, page, &limit, &before, answer, ctx);
    }
    buf_free(page);
    return e;
}

enum err store_history_count(struct store *s, int64_t user_id, struct store_history_counts *counts)
{
    sqlite3_stmt *st = s->sql[SQL_ANSWER_COUNT];
    enum err e = store_row(s, SQL_ANSWER_COUNT, "history_count", VALUES(value_int(user_id)));

    memset(counts, 0, sizeof(*counts));
    if (e == OK) {
        counts->kept = sqlite3_column_int64(st, 0);
        counts->checked = sqlite3_column_int64(st, 1);
        counts->right = sqlite3_column_int64(st, 2);
        store_reset(st);
    }
    return e;
}

enum err store_history_drop(struct store *s, int64_t user_id, int64_t id)
{
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    e = store_do(s, SQL_HISTORY_DROP, "history_drop", VALUES(value_int(user_id), value_int(id)));
    if (e == OK && sqlite3_changes(s->db) == 0) {
        e = store_do(s, SQL_NUMBER_DROP, "number_drop", VALUES(value_int(user_id), value_int(id)));
        if (e == OK && sqlite3_changes(s->db) == 0)
            e = ERR_NOT_FOUND;
    }
    return store_end(s, e);
}

/* One commit of a clearing. ERR_NOT_FOUND: there is nothing left. */
static enum err clear_step(struct store *s, int64_t user_id, int64_t newest)
{
    int64_t last = 0;
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    e = oldest(s, user_id, newest, CLEAR_DIGITS, &last);
    if (e == OK)
        e = last > 0 ? drop_to(s, user_id, last) : ERR_NOT_FOUND;
    return store_end(s, e);
}

static bool id_take(const struct store_answer *a, void *ctx)
{
    *(int64_t *)ctx = a->number != NULL ? a->number->id : a->row->id;
    return false;
}

enum err store_history_clear(struct store *s, int64_t user_id)
{
    static const struct store_history_filter any = {-1, -1, -1};
    int64_t newest = 0; /* what is saved meanwhile stays, or this might never end */
    enum err e = store_history_each(s, user_id, &any, INT64_MAX, 1, id_take, &newest);

    while (e == OK && newest > 0) {
        e = clear_step(s, user_id, newest);
        (void)nanosleep(&(struct timespec){0, PAUSE_NS}, NULL);
    }
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err store_user_delete(struct store *s, int64_t user_id)
{
    enum err e = store_history_clear(s, user_id);

    if (e == OK)
        e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    /* What depends only on the address; the rest is deleted by ON DELETE CASCADE, with anything saved a moment ago. */
    e = store_do(s, SQL_USER_DROP_MAIL, "user_drop_mail", VALUES(value_int(user_id)));
    if (e == OK)
        e = store_do(s, SQL_USER_DROP_SIGN_UP_LINKS, "user_drop_sign_up_links", VALUES(value_int(user_id)));
    if (e == OK)
        e = store_do(s, SQL_USER_DELETE, "user_delete", VALUES(value_int(user_id)));
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    return store_end(s, e);
}
