/* The history: what was read for a user who wanted it kept. A part of store.h's door: the same rules and errors hold
 * (OK only after COMMIT; ERR_BUSY, ERR_IO, ERR_NOMEM everywhere). Every question names the user whose history it is
 * about, and rows of others are not there. */
#ifndef DIGITD_STORE_STORE_HISTORY_H
#define DIGITD_STORE_STORE_HISTORY_H

#include "base/digit_size.h"
#include "store.h"

enum {
    STORE_HISTORY_NAME_MAX = 255,
    STORE_HISTORY_CLASSES = 10,
    STORE_HISTORY_ADD_MAX = 64,   /* rows a call */
    STORE_HISTORY_NONE = -1,      /* as a digit or a label */
    STORE_HISTORY_TRIM_ROWS = 200 /* what one store_history_add deletes at most; more than it adds */
};

enum store_history_status { STORE_HISTORY_DIGIT, STORE_HISTORY_UNSURE, STORE_HISTORY_NOT_A_DIGIT };

struct store_history {
    int64_t id, created_at_s;
    char name[STORE_HISTORY_NAME_MAX + 1]; /* as the client called the picture; "" where it did not */
    enum store_history_status status;
    int digit; /* what was read; STORE_HISTORY_NONE exactly where it was no digit */
    int label; /* what the user says it is, or STORE_HISTORY_NONE */
    float confidence;
    float probabilities[STORE_HISTORY_CLASSES];
    uint8_t picture[DIGIT_PIXELS]; /* [28][28], what the network saw */
};

/* Adds rows[n], the oldest first, in one commit; sets their id and created_at_s. Then up to STORE_HISTORY_TRIM_ROWS of
 * the user's oldest beyond max go, so that a limit that was lowered is reached in small steps. name is cut and cleaned
 * as store_session_add's agent. ERR_NOT_FOUND: no such user; ERR_RANGE: n, or a row that breaks the rules above. On a
 * failure no id is set. */
enum err store_history_add(struct store *s, int64_t user_id, struct store_history *rows, int n, int max);

/* Which rows: each -1 for any. */
struct store_history_filter {
    int digit;     /* what it is by now: the label, where there is one, else what was read */
    int corrected; /* 1: with a label; 0: without */
    int status;    /* enum store_history_status */
};

/* Up to limit rows with an id under before (INT64_MAX: from the newest), the newest first; false stops. The row is
 * valid during the call; no read of the database is open then. */
enum err store_history_each(struct store *s, int64_t user_id, const struct store_history_filter *filter, int64_t before,
                            int limit, bool (*row)(const struct store_history *, void *), void *ctx);
/* ERR_NOT_FOUND: no such row of this user. */
enum err store_history_find(struct store *s, int64_t user_id, int64_t id, struct store_history *row);

struct store_history_counts {
    int64_t kept;
    int64_t corrected; /* with a label */
    int64_t right;     /* those that no label contradicts */
};
enum err store_history_count(struct store *s, int64_t user_id, struct store_history_counts *counts);

/* label: 0 to 9, or STORE_HISTORY_NONE to take it back. ERR_NOT_FOUND, ERR_RANGE. */
enum err store_history_label(struct store *s, int64_t user_id, int64_t id, int label);
enum err store_history_drop(struct store *s, int64_t user_id, int64_t id); /* ERR_NOT_FOUND */
/* All that the user has at this moment, in steps of which each is a commit, so that nobody waits long for the writer's
 * lock. After a failure some may be gone; asking again goes on. */
enum err store_history_clear(struct store *s, int64_t user_id);

#endif
