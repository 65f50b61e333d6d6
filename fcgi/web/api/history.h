/* The history over HTTP: what its handlers, /classify and the account's export share. */
#ifndef DIGITD_WEB_HISTORY_H
#define DIGITD_WEB_HISTORY_H

#include "answer/reading.h"
#include "store/store_history.h"
#include "web/call.h"

/* Members of a row: id, created_at, name, status, digit, label, confidence, probabilities, input. */
void history_set_row(struct json *obj, const struct store_history *row);

/* The member counts: kept, corrected, right. */
enum err history_set_counts(struct call *c, struct json *obj);

/* All rows of c->user that the filter lets through, the newest first, however many; a failure of row ends it and is
 * returned. Read page by page, so that no read of the database lasts: a row that is saved meanwhile is not among them.
 */
enum err history_walk(struct call *c, const struct store_history_filter *filter,
                      enum err (*row)(const struct store_history *, void *), void *ctx);

/* Writes an object: the members of v (freed here), and the rows as the array "history". Each row is built and written
 * by itself: as one tree, 20,000 would take a hundred megabytes. */
enum err history_write_json(struct call *c, const struct store_history_filter *filter, struct json *v, struct buf *out);

enum { HISTORY_EXPORT_BYTES_MAX = 64 * 1024 * 1024 }; /* CONF_HISTORY_MAX rows of 2 KB, the longest, are 40 MB */

/* ---- keeping the answers of one request (/classify?save=1) ---- */
struct history_keep {
    int n;
    struct json *results[STORE_HISTORY_ADD_MAX]; /* borrowed: each gets its id */
    struct store_history rows[STORE_HISTORY_ADD_MAX];
};

/* Notes an answer and the result that tells it. */
void history_keep_add(struct history_keep *keep, const struct reading *r, struct json *result);
/* Writes them; each result gets its id. Where they cannot be written each gets null, and reply the member not_saved, a
 * problem: what was read is not lost because it cannot be kept. */
void history_keep_save(struct call *c, struct history_keep *keep, struct json *reply);

#endif
