/* The history: answers that a user wanted to keep. The rules and errors of store.h hold here too (OK only after COMMIT;
 * ERR_BUSY, ERR_IO, ERR_NOMEM everywhere). Every function takes the user whose history it is about, and never sees rows
 * of others. */
#ifndef DIGITD_STORE_STORE_HISTORY_H
#define DIGITD_STORE_STORE_HISTORY_H

#include "base/digit_size.h"
#include "store.h"

enum {
    STORE_HISTORY_NAME_MAX = 255,
    STORE_HISTORY_CLASSES = 10,
    STORE_HISTORY_ADD_MAX = 64,   /* rows in one call */
    STORE_HISTORY_NONE = -1,      /* as a digit or a label */
    STORE_HISTORY_NO_DIGIT = 10,  /* as a label: it shows no digit */
    STORE_HISTORY_UNSURE_MAX = 3, /* the highest unsure_because */
    STORE_HISTORY_TRIM_ROWS = 200 /* the most that one store_history_add deletes; more than it adds */
};

enum store_history_status { STORE_HISTORY_DIGIT, STORE_HISTORY_UNSURE, STORE_HISTORY_NOT_A_DIGIT };

struct store_history {
    int64_t id, created_at_s;
    char name[STORE_HISTORY_NAME_MAX + 1]; /* the client's name for the picture; "" if it gave none */
    enum store_history_status status;
    int digit;          /* what was read; STORE_HISTORY_NONE if and only if it was not a digit */
    int label;          /* what the user says it is: 0 to 9, STORE_HISTORY_NO_DIGIT; STORE_HISTORY_NONE: not checked */
    int unsure_because; /* enum unsure (net/cnn.h); 0: not unsure, or saved before this was kept */
    float confidence;
    float probabilities[STORE_HISTORY_CLASSES];
    uint8_t picture[DIGIT_PIXELS]; /* [28][28], what the network saw */
};

/* Adds rows[n], the oldest first, in one commit; sets their id and created_at_s. Also deletes up to
 * STORE_HISTORY_TRIM_ROWS of the user's oldest rows beyond max, so that a lowered limit is reached in small steps. name
 * is cut and cleaned like store_session_add's agent. ERR_NOT_FOUND: no such user; ERR_RANGE: bad n, or a row that
 * breaks the rules above. On failure no id is set. */
enum err store_history_add(struct store *s, int64_t user_id, struct store_history *rows, int n, int max);

/* Which rows; -1 means any. */
struct store_history_filter {
    int digit;   /* the label if there is one, else what was read */
    int checked; /* 1: with a label; 0: without */
    int status;  /* enum store_history_status */
};

/* Calls row for up to limit rows with an id below before (INT64_MAX: from the newest), the newest first, until it
 * returns false. The row is valid only during the call; no read transaction is open then. */
enum err store_history_each(struct store *s, int64_t user_id, const struct store_history_filter *filter, int64_t before,
                            int limit, bool (*row)(const struct store_history *, void *), void *ctx);
/* ERR_NOT_FOUND: no such row of this user. */
enum err store_history_find(struct store *s, int64_t user_id, int64_t id, struct store_history *row);

struct store_history_counts {
    int64_t kept;
    int64_t checked; /* with a label */
    int64_t right;   /* checked, and the label is what was read */
};
enum err store_history_count(struct store *s, int64_t user_id, struct store_history_counts *counts);

/* label: 0 to 9, STORE_HISTORY_NO_DIGIT, or STORE_HISTORY_NONE to take it back. ERR_NOT_FOUND, ERR_RANGE. */
enum err store_history_label(struct store *s, int64_t user_id, int64_t id, int label);
enum err store_history_drop(struct store *s, int64_t user_id, int64_t id); /* ERR_NOT_FOUND */
/* Deletes all rows that the user has now, in several commits, so that nobody waits long for the writer's lock. After a
 * failure some rows may be gone; call again to continue. */
enum err store_history_clear(struct store *s, int64_t user_id);

#endif
