/* What tests of a user's history share: questions, and rows of their own. */
#ifndef DIGITD_TESTS_FIXTURE_HISTORY_H
#define DIGITD_TESTS_FIXTURE_HISTORY_H

#include "fixture_pictures.h"

#include "fixture_rows.h"

static inline int get(const char *uri, const char *query)
{
    return answer((struct ask){.uri = uri, .query = query});
}

static inline int64_t count(const char *name)
{
    int64_t n = -1;

    (void)json_get_int(json_get(got.json, "counts"), name, &n);
    return n;
}

static inline int listed(void)
{
    return (int)json_len(json_get(got.json, "history"));
}

/* Puts rows into the history of the user of this number, each told from the last by its digit and its name. */
static inline void fill(int64_t user, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        struct store_history row = {
            .status = i % 5 == 1 ? STORE_HISTORY_UNSURE : STORE_HISTORY_DIGIT, .digit = i % 10, .confidence = 0.5F};

        (void)snprintf(row.name, sizeof(row.name), "%s", name);
        memset(row.picture, i, sizeof(row.picture));
        assert_int_equal(rows_add(db.store, user, &row, 1, 20000), OK);
    }
}

#endif
