/* Adds answers of one digit to a history. */
#ifndef DIGITD_TESTS_FIXTURE_ROWS_H
#define DIGITD_TESTS_FIXTURE_ROWS_H

#include "store/history/store_history.h"

static inline enum err rows_add(struct store *s, int64_t user, struct store_history *rows, int n, int max)
{
    struct store_answer answers[STORE_HISTORY_ADD_MAX + 1];

    for (int i = 0; i < n; i++)
        answers[i] = (struct store_answer){.row = &rows[i]};
    return store_history_add(s, user, answers, n, max);
}

#endif
