/* The history in the store: what is kept comes back, belongs to one user, is bounded, and is found by an index. */
#include "fixture_two.h"

#include "store/store_account.h"
#include "fixture_rows.h"

static const struct store_history_filter any = {-1, -1, -1};

/* An answer that reads digit (-1: none), whose picture begins with mark. */
static struct store_history answer_of(int digit, enum store_history_status status, int mark)
{
    struct store_history row = {
        .name = "seven.png", .status = status, .digit = digit, .label = -1, .confidence = 0.75F};

    for (int i = 0; i < STORE_HISTORY_CLASSES; i++)
        row.probabilities[i] = (float)i / 45;
    for (int i = 0; i < DIGIT_PIXELS; i++)
        row.picture[i] = (uint8_t)(i + mark);
    return row;
}

/* Adds one and returns its id. */
static int64_t add(int64_t user, int digit, int max)
{
    struct store_history row = answer_of(digit, digit < 0 ? STORE_HISTORY_NOT_A_DIGIT : STORE_HISTORY_DIGIT, 1);

    assert_int_equal(rows_add(f.store, user, &row, 1, max), OK);
    assert_true(row.id > 0);
    return row.id;
}

struct seen {
    int64_t id[1000];
    int n, stop_after;
    struct store_history last;
};

static bool see(const struct store_answer *answer, void *ctx)
{
    struct seen *seen = ctx;

    assert_null(answer->number);
    seen->id[seen->n++] = answer->row->id;
    seen->last = *answer->row;
    return seen->n != seen->stop_after;
}

static struct seen ask(int64_t user, const struct store_history_filter *filter, int64_t before, int limit)
{
    struct seen seen = {.n = 0};

    assert_int_equal(store_history_each(f.store, user, filter, before, limit, see, &seen), OK);
    return seen;
}

/* Breaks when a column is bound or read in another's place, or a float's bytes are turned round. */
static void rows_come_back(void **state)
{
    struct store_history row = answer_of(7, STORE_HISTORY_UNSURE, 3), back = {0};
    const struct store_history *const two[] = {&row, &back};

    (void)state;
    (void)snprintf(row.name, sizeof(row.name), "a\x1b\xe2\x80\xae.png"); /* an escape; a turn of direction */
    row.unsure_because = 2;
    assert_int_equal(rows_add(f.store, ada, &row, 1, 10), OK);
    assert_int_equal(store_history_find(f.store, ada, row.id, &back), OK);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(two[i]->name, "a??.png");
        assert_int_equal(two[i]->status, STORE_HISTORY_UNSURE);
        assert_int_equal(two[i]->unsure_because, 2);
        assert_int_equal(two[i]->digit, 7);
        assert_int_equal(two[i]->label, STORE_HISTORY_NONE);
        assert_true(two[i]->confidence == 0.75F);
        assert_in_range(two[i]->created_at_s, clock_wall_s() - 60, clock_wall_s());
    }
    assert_memory_equal(back.picture, row.picture, sizeof(row.picture));
    assert_memory_equal(back.probabilities, row.probabilities, sizeof(row.probabilities));
    assert_int_equal(sql_int(f.store, "SELECT hex(substr(probabilities, 37, 4)) = 'CDCC4C3E' FROM history"),
                     1); /* 0.2 */
    (void)add(ada, -1, 10);
    assert_int_equal(ask(ada, &any, INT64_MAX, 1).last.digit, STORE_HISTORY_NONE);
    assert_int_equal(ask(ada, &any, INT64_MAX, 1).last.unsure_because, 0);
}

/* Breaks when a row that the schema would refuse is tried, a stranger's name is taken, or a failure leaves half. */
static void what_is_refused(void **state)
{
    struct store_history row[3] = {answer_of(1, STORE_HISTORY_DIGIT, 1), answer_of(2, STORE_HISTORY_DIGIT, 1)};

    (void)state;
    assert_int_equal(rows_add(f.store, 12345, row, 2, 10), ERR_NOT_FOUND);
    assert_int_equal(row[0].id, 0);
    assert_int_equal(rows_add(f.store, ada, row, 0, 10), ERR_RANGE);
    assert_int_equal(rows_add(f.store, ada, row, STORE_HISTORY_ADD_MAX + 1, 10), ERR_RANGE);
    assert_int_equal(rows_add(f.store, ada, row, 2, 0), ERR_RANGE);
    row[2] = answer_of(-1, STORE_HISTORY_DIGIT, 1); /* a digit that is none */
    assert_int_equal(rows_add(f.store, ada, row, 3, 10), ERR_RANGE);
    row[2] = answer_of(3, STORE_HISTORY_NOT_A_DIGIT, 1);
    assert_int_equal(rows_add(f.store, ada, row, 3, 10), ERR_RANGE);
    row[2] = answer_of(10, STORE_HISTORY_DIGIT, 1);
    assert_int_equal(rows_add(f.store, ada, row, 3, 10), ERR_RANGE);
    row[2] = answer_of(3, STORE_HISTORY_DIGIT, 1);
    row[2].confidence = 1.5F;
    assert_int_equal(rows_add(f.store, ada, row, 3, 10), ERR_RANGE);
    row[2] = answer_of(3, STORE_HISTORY_DIGIT, 1);
    row[2].unsure_because = 1; /* a reason to doubt what is not doubted */
    assert_int_equal(rows_add(f.store, ada, row, 3, 10), ERR_RANGE);
    row[2] = answer_of(3, STORE_HISTORY_UNSURE, 1);
    row[2].unsure_because = STORE_HISTORY_UNSURE_MAX + 1;
    assert_int_equal(rows_add(f.store, ada, row, 3, 10), ERR_RANGE);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM history"), 0);
    assert_int_equal(store_history_each(f.store, ada, &any, INT64_MAX, 0, see, NULL), ERR_RANGE);
    assert_int_equal(store_history_label(f.store, ada, 1, STORE_HISTORY_NO_DIGIT + 1), ERR_RANGE);
    assert_int_equal(store_history_label(f.store, ada, 1, STORE_HISTORY_NONE - 1), ERR_RANGE);
}

/* R74. A disk that is full. Breaks when a row is told as kept that is not, or the store does not recover. */
static void full_disk(void **state)
{
    struct store_history rows[STORE_HISTORY_ADD_MAX];
    char sql[80];

    (void)state;
    for (int i = 0; i < STORE_HISTORY_ADD_MAX; i++)
        rows[i] = answer_of(i % 10, STORE_HISTORY_DIGIT, i);
    (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", sql_int(f.store, "PRAGMA page_count") + 3);
    sql_do(f.store, sql);
    assert_int_equal(rows_add(f.store, ada, rows, STORE_HISTORY_ADD_MAX, 1000), ERR_IO);
    for (int i = 0; i < STORE_HISTORY_ADD_MAX; i++)
        assert_int_equal(rows[i].id, 0);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM history"), 0);
    sql_do(f.store, "PRAGMA max_page_count = 1000000");
    assert_int_equal(rows_add(f.store, ada, rows, STORE_HISTORY_ADD_MAX, 1000), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM history"), STORE_HISTORY_ADD_MAX);
    assert_true(integrity_ok(f.store));
}

/* Breaks when one user sees, changes or deletes what is another's. */
static void one_user_one_history(void **state)
{
    const int64_t mine = add(ada, 1, 10), theirs = add(bob, 2, 10);
    struct store_history_counts counts;
    struct store_history row;
    struct seen seen = ask(ada, &any, INT64_MAX, 10);

    (void)state;
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.id[0], mine);
    assert_int_equal(store_history_find(f.store, ada, theirs, &row), ERR_NOT_FOUND);
    assert_int_equal(store_history_label(f.store, ada, theirs, 3), ERR_NOT_FOUND);
    assert_int_equal(store_history_drop(f.store, ada, theirs), ERR_NOT_FOUND);
    assert_int_equal(store_history_clear(f.store, ada), OK);
    assert_int_equal(ask(ada, &any, INT64_MAX, 10).n, 0);
    assert_int_equal(store_history_clear(f.store, ada), OK); /* of nothing */
    assert_int_equal(store_history_find(f.store, bob, theirs, &row), OK);
    assert_int_equal(row.label, STORE_HISTORY_NONE);
    assert_int_equal(store_history_count(f.store, bob, &counts), OK);
    assert_int_equal(counts.kept, 1);
}

/* Breaks when a page repeats or skips a row, is not newest first, or goes on after false. */
static void pages(void **state)
{
    struct seen all, page, stopped = {.stop_after = 2};
    int64_t before = INT64_MAX;
    int n = 0;

    (void)state;
    for (int i = 0; i < 25; i++)
        (void)add(i % 3 == 0 ? bob : ada, i % 10, 100);
    all = ask(ada, &any, INT64_MAX, 1000);
    assert_int_equal(all.n, 16);
    for (int i = 1; i < all.n; i++)
        assert_true(all.id[i] < all.id[i - 1]);
    do {
        page = ask(ada, &any, before, 5);
        for (int i = 0; i < page.n; i++)
            assert_int_equal(page.id[i], all.id[n++]);
        before = page.n > 0 ? page.id[page.n - 1] : 0;
    } while (page.n == 5);
    assert_int_equal(n, all.n);
    assert_int_equal(store_history_each(f.store, ada, &any, INT64_MAX, 10, see, &stopped), OK);
    assert_int_equal(stopped.n, 2);
}

/* Breaks when the schema would keep what the program never means: the last guard of what a network is trained with. */
static void schema_has_its_checks(void **state)
{
    static const char *const bad[] = {"label = 10",      "label = 3, no_digit = 1",        "no_digit = 2",
                                      "no_digit = NULL", "status = 1, unsure_because = 4", "unsure_because = 1",
                                      "status = 2"};
    static const char *const good[] = {"label = 3", "label = NULL, no_digit = 1", "status = 1, unsure_because = 3"};
    char sql[120];

    (void)state;
    (void)add(ada, 7, 10);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(sql, sizeof(sql), "UPDATE history SET %s", bad[i]);
        if ((sqlite3_exec(f.store->db, sql, NULL, NULL, NULL) & 0xff) != SQLITE_CONSTRAINT)
            fail_msg("%s: not refused", bad[i]);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        (void)snprintf(sql, sizeof(sql), "UPDATE history SET %s", good[i]);
        sql_do(f.store, sql);
    }
}

static int filtered(int digit, int checked, int status)
{
    const struct store_history_filter filter = {digit, checked, status};

    return ask(ada, &filter, INT64_MAX, 100).n;
}

/* Breaks when a filter looks at the wrong column, or a label does not count as what the digit is. */
static void filters_and_counts(void **state)
{
    struct store_history unsure = answer_of(7, STORE_HISTORY_UNSURE, 1);
    const int64_t one = add(ada, 1, 100), seven = add(ada, 7, 100), none = add(ada, -1, 100);
    struct store_history_counts counts;

    (void)state;
    (void)add(ada, 0, 100);
    assert_int_equal(rows_add(f.store, ada, &unsure, 1, 100), OK);
    assert_int_equal(filtered(7, -1, -1), 2);
    assert_int_equal(filtered(0, -1, -1), 1);
    assert_int_equal(filtered(-1, 1, -1), 0);
    assert_int_equal(filtered(-1, 0, -1), 5);
    assert_int_equal(filtered(-1, -1, STORE_HISTORY_UNSURE), 1);
    assert_int_equal(filtered(-1, -1, STORE_HISTORY_NOT_A_DIGIT), 1);
    assert_int_equal(filtered(-1, -1, STORE_HISTORY_DIGIT), 3);
    assert_int_equal(store_history_count(f.store, ada, &counts), OK);
    assert_true(counts.kept == 5 && counts.checked == 0 && counts.right == 0);

    assert_int_equal(store_history_label(f.store, ada, one, 7), OK);   /* it was wrong */
    assert_int_equal(store_history_label(f.store, ada, seven, 7), OK); /* it was right */
    assert_int_equal(store_history_label(f.store, ada, none, 4), OK);  /* it was a digit */
    assert_int_equal(filtered(7, -1, -1), 3);
    assert_int_equal(filtered(1, -1, -1), 0);
    assert_int_equal(filtered(4, 1, STORE_HISTORY_NOT_A_DIGIT), 1);
    assert_int_equal(filtered(-1, 1, -1), 3);
    assert_int_equal(store_history_count(f.store, ada, &counts), OK);
    assert_true(counts.kept == 5 && counts.checked == 3 && counts.right == 1);
    assert_int_equal(store_history_label(f.store, ada, one, STORE_HISTORY_NONE), OK);
    assert_int_equal(filtered(1, 0, -1), 1);
    assert_int_equal(store_history_drop(f.store, ada, none), OK);
    assert_int_equal(store_history_drop(f.store, ada, none), ERR_NOT_FOUND);
    assert_int_equal(store_history_count(f.store, ada, &counts), OK);
    assert_true(counts.kept == 4 && counts.checked == 1 && counts.right == 1);
    assert_int_equal(store_history_count(f.store, bob, &counts), OK);
    assert_true(counts.kept == 0 && counts.checked == 0 && counts.right == 0);
}

/* Breaks when "no digit" is lost, stays beside a digit, is listed as the digit that was read, or counts wrongly. */
static void no_digit(void **state)
{
    const int64_t seven = add(ada, 7, 100), none = add(ada, -1, 100);
    struct store_history_counts counts;
    struct store_history row;

    (void)state;
    assert_int_equal(store_history_label(f.store, ada, seven, STORE_HISTORY_NO_DIGIT), OK); /* it was none */
    assert_int_equal(store_history_label(f.store, ada, none, STORE_HISTORY_NO_DIGIT), OK);  /* it was right */
    assert_int_equal(store_history_find(f.store, ada, seven, &row), OK);
    assert_true(row.label == STORE_HISTORY_NO_DIGIT && row.digit == 7);
    assert_int_equal(filtered(7, -1, -1), 0);
    assert_int_equal(filtered(-1, 1, -1), 2);
    assert_int_equal(filtered(-1, 0, -1), 0);
    assert_int_equal(store_history_count(f.store, ada, &counts), OK);
    assert_true(counts.kept == 2 && counts.checked == 2 && counts.right == 1);
    assert_int_equal(store_history_label(f.store, ada, seven, 7), OK);
    assert_int_equal(store_history_find(f.store, ada, seven, &row), OK);
    assert_int_equal(row.label, 7);
    assert_int_equal(filtered(7, 1, -1), 1);
    assert_int_equal(store_history_label(f.store, ada, none, STORE_HISTORY_NONE), OK);
    assert_int_equal(store_history_find(f.store, ada, none, &row), OK);
    assert_int_equal(row.label, STORE_HISTORY_NONE);
    assert_int_equal(store_history_count(f.store, ada, &counts), OK);
    assert_true(counts.kept == 2 && counts.checked == 1 && counts.right == 1);
}

/* Breaks when the newest go instead of the oldest, another's go, or a limit that was lowered is reached in one leap. */
static void oldest_make_room(void **state)
{
    struct store_history rows[STORE_HISTORY_ADD_MAX];
    struct seen seen;
    int64_t newest;

    (void)state;
    (void)add(bob, 1, 100);
    for (int i = 0; i < 7; i++)
        newest = add(ada, i, 5);
    seen = ask(ada, &any, INT64_MAX, 100);
    assert_int_equal(seen.n, 5);
    assert_int_equal(seen.id[0], newest);
    assert_int_equal(seen.id[4], newest - 4);
    for (int k = 0; k < 6; k++) {
        for (int i = 0; i < STORE_HISTORY_ADD_MAX; i++)
            rows[i] = answer_of(i % 10, STORE_HISTORY_DIGIT, i);
        assert_int_equal(rows_add(f.store, ada, rows, STORE_HISTORY_ADD_MAX, 10000), OK);
    }
    newest = add(ada, 9, 10); /* 390 rows, 10 allowed */
    assert_int_equal(ask(ada, &any, INT64_MAX, 1000).n, 390 - STORE_HISTORY_TRIM);
    assert_int_equal(ask(ada, &any, INT64_MAX, 1).id[0], newest);
    (void)add(ada, 9, 10);
    assert_int_equal(ask(ada, &any, INT64_MAX, 1000).n, 10);
    assert_int_equal(ask(bob, &any, INT64_MAX, 1000).n, 1);
}

/* Breaks when clearing stops after its first step. */
static void clearing_takes_all(void **state)
{
    (void)state;
    sql_do(f.store,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1203) "
           "INSERT INTO history (user_id, created_at, name, status, digit, confidence, probabilities, picture) "
           "SELECT 1 + (i > 1201), 1, '', 0, 7, 0.5, zeroblob(40), zeroblob(784) FROM n");
    assert_int_equal(store_history_clear(f.store, ada), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM history"), 2);
    assert_int_equal(ask(bob, &any, INT64_MAX, 10).n, 2);
}

static int commits(void *ctx)
{
    ++*(int *)ctx;
    return 0;
}

/* Breaks when an account with a long history is deleted in one commit, for as long as which nobody else can write. */
static void accounts_end_in_steps(void **state)
{
    int n = 0;

    (void)state;
    sql_do(f.store,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1600) "
           "INSERT INTO history (user_id, created_at, name, status, digit, confidence, probabilities, picture) "
           "SELECT 1, 1, '', 0, 7, 0.5, zeroblob(40), zeroblob(784) FROM n");
    (void)add(bob, 1, 10);
    (void)sqlite3_commit_hook(f.store->db, commits, &n);
    assert_int_equal(store_user_delete(f.store, ada), OK);
    (void)sqlite3_commit_hook(f.store->db, NULL, NULL);
    assert_int_equal(n, 5); /* four of up to 500 rows, and the account */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM history"), 1);
    assert_int_equal(store_user_delete(f.store, ada), ERR_NOT_FOUND);
}

/* What SQLite means to do for a statement, as one line. */
static const char *plan_of(enum store_sql which)
{
    static char plan[600];
    char sql[1200];
    sqlite3_stmt *st = NULL;

    (void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", store_sql_text[which]);
    assert_int_equal(sqlite3_prepare_v2(f.store->db, sql, -1, &st, NULL), SQLITE_OK);
    plan[0] = '\0';
    while (sqlite3_step(st) == SQLITE_ROW) {
        (void)strncat(plan, (const char *)sqlite3_column_text(st, 3), sizeof(plan) - strlen(plan) - 2);
        (void)strncat(plan, ";", 2);
    }
    (void)sqlite3_finalize(st);
    return plan;
}

/* Breaks when a question reads a table, or sorts: with ten million rows that is felt. */
static void every_question_has_an_index(void **state)
{
    static const enum store_sql all[] = {
        SQL_ANSWER_PAGE,      SQL_ANSWER_OLDEST,      SQL_ANSWER_KEPT,   SQL_ANSWER_COUNT,
        SQL_HISTORY_FIND,     SQL_HISTORY_LABEL,      SQL_HISTORY_DROP,  SQL_HISTORY_DROP_TO,
        SQL_NUMBER_ADD_DIGIT, SQL_NUMBER_FIND,        SQL_NUMBER_DIGITS, SQL_NUMBER_PLACES,
        SQL_NUMBER_LABEL,     SQL_NUMBER_LABEL_PLACE, SQL_NUMBER_DROP,   SQL_NUMBER_DROP_TO};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        /* A subquery is scanned, whose parts have lines of their own. */
        if ((strstr(plan_of(all[i]), "SCAN") != NULL && strstr(plan_of(all[i]), "SCAN (") == NULL) ||
            strstr(plan_of(all[i]), "TEMP B-TREE") != NULL)
            fail_msg("%s: %s", store_sql_text[all[i]], plan_of(all[i]));
    assert_string_equal(plan_of(SQL_ANSWER_PAGE),
                        "MERGE (UNION ALL);LEFT;SEARCH history USING INDEX history_by_user (user_id=? AND id<?);RIGHT;"
                        "SEARCH numbers USING COVERING INDEX numbers_by_user (user_id=? AND id<?);");
    assert_string_equal(plan_of(SQL_ANSWER_KEPT),
                        "SEARCH history USING COVERING INDEX history_by_user (user_id=?);SCALAR SUBQUERY 1;"
                        "SEARCH numbers USING COVERING INDEX numbers_by_user (user_id=?);");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_come_back, with_two, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused, with_two, teardown),
        cmocka_unit_test_setup_teardown(full_disk, with_two, teardown),
        cmocka_unit_test_setup_teardown(one_user_one_history, with_two, teardown),
        cmocka_unit_test_setup_teardown(pages, with_two, teardown),
        cmocka_unit_test_setup_teardown(schema_has_its_checks, with_two, teardown),
        cmocka_unit_test_setup_teardown(filters_and_counts, with_two, teardown),
        cmocka_unit_test_setup_teardown(no_digit, with_two, teardown),
        cmocka_unit_test_setup_teardown(oldest_make_room, with_two, teardown),
        cmocka_unit_test_setup_teardown(clearing_takes_all, with_two, teardown),
        cmocka_unit_test_setup_teardown(accounts_end_in_steps, with_two, teardown),
        cmocka_unit_test_setup_teardown(every_question_has_an_index, with_two, teardown),
    };

    return cmocka_run_group_tests_name("store_history", tests, NULL, NULL);
}
