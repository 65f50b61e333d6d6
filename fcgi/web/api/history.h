/* The history over HTTP: shared by its handlers, those that read pictures, and the account export. */
#ifndef DIGITD_WEB_HISTORY_H
#define DIGITD_WEB_HISTORY_H

#include "answer/numbers.h"
#include "answer/reading.h"
#include "store/history/store_history.h"
#include "store/history/store_number.h"
#include "web/call.h"

/* The label of what shows no digit, in JSON and CSV: the word that is also the status of what was read so. */
extern const char *const history_no_digit;

const char *history_status_name(enum store_history_status status);
int64_t history_answer_id(const struct store_answer *answer);
/* What the user says that a number is: a text, or history_no_digit; NULL: not checked. */
const char *history_number_label(const struct number_text *t);

/* Members of an answer of either kind: id, kind, created_at, name, status, label, confidence. Of a digit, besides:
 * unsure_because, digit, probabilities, input. Of a number: text, digits, each with place, row, digit, label,
 * confidence, unsure (by the threshold of the model), probabilities, box, input. */
void history_set_answer(struct json *obj, const struct store_answer *answer, const struct model *model);
/* The most that these take as text. */
size_t history_answer_bytes(const struct store_answer *answer);

/* The member counts: kept, checked, corrected (as checked, for programs that know the older name), right. They count
 * digits. */
enum err history_set_counts(struct call *c, struct json *obj);

/* Calls answer for all answers of c->user that pass the filter, the newest first, until it fails; returns that error.
 * Reads page by page, so that no read transaction lasts long; what is saved meanwhile is not included. */
enum err history_walk(struct call *c, const struct store_history_filter *filter,
                      enum err (*answer)(const struct store_answer *, void *), void *ctx);

/* Writes an object with the members of v, which it frees, and the answers as the array "history". They are built and
 * written one by one: as one tree, 20,000 would take a hundred megabytes. */
enum err history_write_json(struct call *c, const struct store_history_filter *filter, struct json *v, struct buf *out);

enum { HISTORY_EXPORT_BYTES_MAX = 64 * 1024 * 1024 }; /* CONF_HISTORY_MAX digits of 2 KB are 40 MB */

/* ---- keeping the answers of one request (/classify?save=1, /read?save=1). keep->n is to be 0 at first. ---- */
struct history_keep {
    int n;
    struct json *results[STORE_HISTORY_ADD_MAX]; /* borrowed: each gets its id */
    struct store_history rows[STORE_HISTORY_ADD_MAX];
    struct store_number *numbers[STORE_HISTORY_ADD_MAX]; /* instead of the row, unless NULL */
    bool lost[STORE_HISTORY_ADD_MAX];                    /* there was no memory for it */
};

/* Remembers an answer and its result. */
void history_keep_add(struct history_keep *keep, const struct reading *r, struct json *result);
/* Remembers what was read in a picture: a number; or an answer as above, where it is one digit and no mark, or none.
 * one is what /classify says. What is too much to read is not kept. */
void history_keep_add_number(struct history_keep *keep, const struct numbers *n, const struct reading *one,
                             struct json *result);
/* Saves the answers in one commit, sets the id in each result, and forgets them. If some or all cannot be saved, their
 * id is null and reply gets the member not_saved, a problem: the answers are not lost because the history could not be
 * written. */
void history_keep_save(struct call *c, struct history_keep *keep, struct json *reply);
/* Forgets them. */
void history_keep_free(struct history_keep *keep);

#endif
