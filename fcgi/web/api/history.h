/* The history over HTTP: shared by its handlers, /classify and the account export. */
#ifndef DIGITD_WEB_HISTORY_H
#define DIGITD_WEB_HISTORY_H

#include "answer/reading.h"
#include "store/store_history.h"
#include "web/call.h"

/* The label of what shows no digit, in JSON and CSV: the word that is also the status of what was read so. */
extern const char *const history_no_digit;

/* Members of a row: id, created_at, name, status, unsure_because, digit, label, confidence, probabilities, input. */
void history_set_row(struct json *obj, const struct store_history *row);

/* The member counts: kept, checked, corrected (as checked, for programs that know the older name), right. */
enum err history_set_counts(struct call *c, struct json *obj);

/* Calls row for all rows of c->user that pass the filter, the newest first, until it fails; returns that error. Reads
 * page by page, so that no read transaction lasts long; rows saved meanwhile are not included. */
enum err history_walk(struct call *c, const struct store_history_filter *filter,
                      enum err (*row)(const struct store_history *, void *), void *ctx);

/* Writes an object with the members of v, which it frees, and the rows as the array "history". Rows are built and
 * written one by one: as one tree, 20,000 would take a hundred megabytes. */
enum err history_write_json(struct call *c, const struct store_history_filter *filter, struct json *v, struct buf *out);

enum { HISTORY_EXPORT_BYTES_MAX = 64 * 1024 * 1024 }; /* CONF_HISTORY_MAX rows of 2 KB, the longest, are 40 MB */

/* ---- keeping the answers of one request (/classify?save=1) ---- */
struct history_keep {
    int n;
    struct json *results[STORE_HISTORY_ADD_MAX]; /* borrowed: each gets its id */
    struct store_history rows[STORE_HISTORY_ADD_MAX];
};

/* Remembers an answer and its result. */
void history_keep_add(struct history_keep *keep, const struct reading *r, struct json *result);
/* Saves the answers and sets the id in each result. If they cannot be saved, each id is null and reply gets the member
 * not_saved, a problem: the answers are not lost because the history could not be written. */
void history_keep_save(struct call *c, struct history_keep *keep, struct json *reply);

#endif
