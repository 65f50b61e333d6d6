/* The history: answers that a user wanted to keep. An answer is a digit or a number of several (store_number.h); both
 * have ids of one sequence. The rules and errors of store.h hold here too (OK only after COMMIT; ERR_BUSY, ERR_IO,
 * ERR_NOMEM everywhere). Every function takes the user whose history it is about, and never sees rows of others. */
#ifndef DIGITD_STORE_HISTORY_STORE_HISTORY_H
#define DIGITD_STORE_HISTORY_STORE_HISTORY_H

#include "base/digit_size.h"
#include "store/store.h"

enum {
    STORE_HISTORY_NAME_MAX = 255,
    STORE_HISTORY_CLASSES = 10,
    STORE_HISTORY_ADD_MAX = 64,   /* answers in one call */
    STORE_HISTORY_NONE = -1,      /* as a digit or a label */
    STORE_HISTORY_NO_DIGIT = 10,  /* as a label: it shows no digit */
    STORE_HISTORY_UNSURE_MAX = 3, /* the highest unsure_because */
    STORE_HISTORY_TRIM = 200      /* the most digits that one store_history_add deletes, unless it adds more */
};

/* A digit has one of the first three, a number STORE_HISTORY_READ or STORE_HISTORY_UNSURE. */
enum store_history_status { STORE_HISTORY_DIGIT, STORE_HISTORY_UNSURE, STORE_HISTORY_NOT_A_DIGIT, STORE_HISTORY_READ };

/* An answer that is one digit, or none. */
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

struct store_number;

/* An answer of either kind: the other pointer is NULL. */
struct store_answer {
    struct store_history *row;
    struct store_number *number;
};

/* Adds answers[n], the oldest first, in one commit; sets their id and created_at_s. Then deletes the user's oldest
 * answers beyond max digits (a number counts as many as it has), but at most STORE_HISTORY_TRIM digits or as many as
 * were added, so that a lowered limit is reached in small steps. A name is cut and cleaned like store_session_add's
 * agent. ERR_NOT_FOUND: no such user; ERR_LIMIT: a number has more than max digits; ERR_RANGE: bad n, or an answer that
 * breaks the rules of its kind. On failure no id is set. */
enum err store_history_add(struct store *s, int64_t user_id, const struct store_answer *answers, int n, int max);

/* Which answers; -1 means any. */
struct store_history_filter {
    int digit;   /* the label if there is one, else what was read; of a number, any of its digits */
    int checked; /* 1: with a label; 0: without */
    int status;  /* enum store_history_status */
};

/* Calls answer for limit answers with an id below before (INT64_MAX: from the newest), the newest first, until it
 * returns false; for fewer only where there are no more. The answer is valid only during the call; no read transaction
 * is open then. */
enum err store_history_each(struct store *s, int64_t user_id, const struct store_history_filter *filter, int64_t before,
                            int limit, bool (*answer)(const struct store_answer *, void *), void *ctx);
/* ERR_NOT_FOUND: this user has no such answer, or it is a number. */
enum err store_history_find(struct store *s, int64_t user_id, int64_t id, struct store_history *row);

/* Digits, with those of numbers. */
struct store_history_counts {
    int64_t kept;
    int64_t checked; /* with a label, or in a number whose whole text is one */
    int64_t right;   /* checked, and the label is what was read */
};
enum err store_history_count(struct store *s, int64_t user_id, struct store_history_counts *counts);

/* label: 0 to 9, STORE_HISTORY_NO_DIGIT, or STORE_HISTORY_NONE to take it back. ERR_NOT_FOUND, as above; ERR_RANGE. */
enum err store_history_label(struct store *s, int64_t user_id, int64_t id, int label);
enum err store_history_drop(struct store *s, int64_t user_id, int64_t id); /* of either kind. ERR_NOT_FOUND */
/* Deletes all answers that the user has now, in several commits, so that nobody waits long for the writer's lock. After
 * a failure some may be gone; call again to continue. */
enum err store_history_clear(struct store *s, int64_t user_id);

/* Deletes the user and all their data, including waiting mail, in one commit. Before that the history is deleted in
 * steps: after a failure some of it, or all, may be gone. ERR_NOT_FOUND. */
enum err store_user_delete(struct store *s, int64_t user_id);

#endif
