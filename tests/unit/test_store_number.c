/* Numbers in the store: what is kept comes back, beside the digits of the history and under ids of the same sequence;
 * what users say of them is whole, whoever says something at the same time, and wherever the process dies. */
#include "fixture_file.h"

#include "store/admin/store_admin.h"
#include "store/store_account.h"
#include "fixture_kill.h"
#include "fixture_rows.h"

static const struct store_history_filter any = {-1, -1, -1};
static int64_t ada, bob;
static struct store_number *number; /* with room for all digits */

static int with_two(void **state)
{
    (void)setup(state);
    ada = add_user(f.store, "ada@example.org");
    bob = add_user(f.store, "bob@example.org");
    number = store_number_new(NUMBER_DIGITS_MAX);
    return number == NULL;
}

static int end(void **state)
{
    free(number);
    return teardown(state);
}

static int64_t add(int64_t user, const char *text)
{
    int64_t id;

    assert_int_equal(number_add(f.store, user, text, 7, 100000, &id), OK);
    assert_true(id > 0);
    return id;
}

static int64_t add_digit(int64_t user, int digit)
{
    struct store_history row = {.status = STORE_HISTORY_DIGIT, .digit = digit, .confidence = 0.5F};

    assert_int_equal(rows_add(f.store, user, &row, 1, 100000), OK);
    return row.id;
}

static enum err say(int64_t user, int64_t id, int place, int label)
{
    return store_number_change(f.store, user, id, &(struct number_change){.place = place, .label = label}, &why);
}

static enum err say_text(int64_t user, int64_t id, int place, const char *text)
{
    return store_number_change(f.store, user, id,
                               &(struct number_change){.place = place, .text = text, .n = strlen(text)}, &why);
}

static void expect(int line, int64_t id, const char *label, int checked, int confirmed)
{
    assert_int_equal(store_number_find(f.store, ada, id, number), OK);
    if (strcmp(number->text.label, label) != 0 || number->text.checked != checked ||
        number->text.confirmed != confirmed)
        fail_msg("line %d: \"%s\", %d checked, %d confirmed", line, number->text.label, number->text.checked,
                 number->text.confirmed);
    /* What pages and counts go by is what the digits say. */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM numbers AS n WHERE NOT loose AND (checked <> (SELECT "
                                      "count(*) FROM number_digits WHERE number_id = n.id AND (label IS NOT NULL OR "
                                      "no_digit OR split IS NOT NULL)) OR digits <> (SELECT count(*) FROM "
                                      "number_digits WHERE number_id = n.id))"),
                     0);
}

struct seen {
    int64_t id[2000];
    int n, numbers, stop_after;
};

static bool see(const struct store_answer *answer, void *ctx)
{
    struct seen *seen = ctx;

    assert_true((answer->row == NULL) != (answer->number == NULL));
    seen->numbers += answer->number != NULL;
    seen->id[seen->n++] = answer->number != NULL ? answer->number->id : answer->row->id;
    return seen->n != seen->stop_after;
}

static struct seen ask(int64_t user, const struct store_history_filter *filter, int64_t before, int limit)
{
    struct seen seen = {.n = 0};

    assert_int_equal(store_history_each(f.store, user, filter, before, limit, see, &seen), OK);
    return seen;
}

/* Breaks when a column is bound or read in another's place. */
static void numbers_come_back(void **state)
{
    struct store_number *sent = number_of("-3.14\n2 7", 9);
    const struct store_answer answer = {.number = sent};

    (void)state;
    (void)snprintf(sent->name, sizeof(sent->name), "a\x1b.png");
    sent->status = STORE_HISTORY_UNSURE;
    assert_int_equal(store_history_add(f.store, ada, &answer, 1, 100), OK);
    assert_int_equal(store_number_find(f.store, ada, sent->id, number), OK);
    assert_string_equal(number->name, "a?.png");
    assert_string_equal(number->text.text, "-3.14\n2 7");
    assert_int_equal(number->text.n, 5);
    assert_int_equal(number->status, STORE_HISTORY_UNSURE);
    assert_true(number->confidence == 0.5F);
    assert_in_range(number->created_at_s, clock_wall_s() - 60, clock_wall_s());
    assert_memory_equal(&number->text, &sent->text, sizeof(sent->text));
    assert_memory_equal(number->digit, sent->digit, 5 * sizeof(sent->digit[0]));
    assert_int_equal(number->digit[2].line, 0);
    assert_int_equal(number->digit[3].line, 1);
    free(sent);
}

/* Breaks when the two kinds have ids of their own, or an id comes back. */
static void ids_are_one_sequence(void **state)
{
    struct store_history row = {.status = STORE_HISTORY_DIGIT, .digit = 1, .confidence = 1};
    struct store_number *one = number_of("12", 1);
    const struct store_answer mixed[] = {{.row = &row}, {.number = one}};
    int64_t last = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_history_add(f.store, ada, mixed, 2, 100), OK);
        assert_int_equal(row.id, last + 1);
        assert_int_equal(one->id, last + 2);
        last = one->id;
    }
    assert_int_equal(store_history_drop(f.store, ada, one->id), OK);
    assert_int_equal(store_history_clear(f.store, ada), OK);
    assert_int_equal(add_digit(bob, 1), last + 1);
    assert_int_equal(add(bob, "45"), last + 2);
    assert_int_equal(store_history_find(f.store, bob, last + 2, &row), ERR_NOT_FOUND);
    assert_int_equal(store_number_find(f.store, bob, last + 1, number), ERR_NOT_FOUND);
    free(one);
}

static void expect_refused(int line, struct store_number *n)
{
    const struct store_answer answer = {.number = n};

    if (store_history_add(f.store, ada, &answer, 1, 100) != ERR_RANGE || n->id != 0)
        fail_msg("line %d: not refused", line);
}

/* Breaks when a number that does not hold together is kept, or one of two that came together. */
static void what_is_refused(void **state)
{
    struct store_number *good = number_of("12", 1), *n = number_of("12", 1);
    const struct store_answer both[] = {{.number = good}, {.number = n}};

    (void)state;
    memcpy(n->text.text, "1x", 3);
    expect_refused(__LINE__, n);
    memcpy(n->text.text, "123", 4); /* not as many as there are digits */
    expect_refused(__LINE__, n);
    memcpy(n->text.text, "12", 3);
    n->digit[1].line = STORE_NUMBER_LINES_MAX;
    expect_refused(__LINE__, n);
    n->digit[1].line = 0;
    n->digit[1].box[2] = -1;
    expect_refused(__LINE__, n);
    n->digit[1].box[2] = 1;
    n->digit[1].confidence = 1.5F;
    expect_refused(__LINE__, n);
    n->digit[1].confidence = 1;
    n->status = STORE_HISTORY_DIGIT;
    assert_int_equal(store_history_add(f.store, ada, both, 2, 100), ERR_RANGE);
    assert_true(good->id == 0 && n->id == 0);
    n->status = STORE_HISTORY_READ;
    assert_int_equal(store_history_add(f.store, 12345, both, 2, 100), ERR_NOT_FOUND);
    assert_int_equal(store_history_add(f.store, ada, both, 2, 1), ERR_LIMIT); /* more digits than may be kept */
    assert_int_equal(sql_int(f.store, "SELECT (SELECT count(*) FROM numbers) + (SELECT count(*) FROM number_digits)"),
                     0);
    assert_int_equal(store_history_add(f.store, ada, both, 2, 4), OK);
    free(good);
    free(n);
}

/* Breaks when the schema would keep what the program never means. */
static void schema_has_its_checks(void **state)
{
    static const char *const bad[] = {
        "UPDATE numbers SET status = 2",
        "UPDATE numbers SET digits = 0",
        "UPDATE numbers SET digits = 257",
        "UPDATE numbers SET checked = 3",
        "UPDATE numbers SET confirmed = 1",
        "UPDATE numbers SET loose = 1",
        "UPDATE numbers SET label = ''",
        "UPDATE numbers SET text = ''",
        "UPDATE numbers SET holds = 1024",
        "UPDATE numbers SET text = printf('%.2113c', '1')",
        "UPDATE number_digits SET label = 10",
        "UPDATE number_digits SET label = 3, no_digit = 1",
        "UPDATE number_digits SET label = 3, split = '47'",
        "UPDATE number_digits SET no_digit = 1, split = '47'",
        "UPDATE number_digits SET split = '4'",
        "UPDATE number_digits SET split = '4567'",
        "UPDATE number_digits SET split = 'ab'",
        "UPDATE number_digits SET place = 256",
        "UPDATE number_digits SET place = 1 WHERE place = 0",
        "UPDATE number_digits SET picture = x'00'",
        "UPDATE number_digits SET x = -1",
        "UPDATE number_digits SET place = NULL",
    };

    (void)state;
    (void)add(ada, "12");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if ((sqlite3_exec(f.store->db, bad[i], NULL, NULL, NULL) & 0xff) != SQLITE_CONSTRAINT)
            fail_msg("%s: not refused", bad[i]);
    assert_int_equal(sqlite3_exec(f.store->db, "UPDATE number_digits SET number_id = 99", NULL, NULL, NULL) & 0xff,
                     SQLITE_CONSTRAINT);
    sql_do(f.store, "UPDATE numbers SET label = '1', loose = 1, checked = 2, confirmed = 1");
    sql_do(f.store, "UPDATE number_digits SET split = '470' WHERE place = 1");
}

/* Breaks when a page repeats or skips an answer of either kind, or is not newest first. */
static void pages_merge_both_kinds(void **state)
{
    struct seen all, page, stopped = {.stop_after = 3};
    int64_t before = INT64_MAX;
    int n = 0;

    (void)state;
    for (int i = 0; i < 60; i++) {
        const int64_t whose = i % 4 == 0 ? bob : ada;

        (void)(i * 7 % 5 < 2 ? add(whose, "2024") : add_digit(whose, i % 10));
    }
    all = ask(ada, &any, INT64_MAX, 1000);
    assert_int_equal(all.n, 45);
    assert_int_equal(all.numbers, 18);
    for (int i = 1; i < all.n; i++)
        assert_true(all.id[i] < all.id[i - 1]);
    do {
        page = ask(ada, &any, before, 4);
        for (int i = 0; i < page.n; i++)
            assert_int_equal(page.id[i], all.id[n++]);
        before = page.n > 0 ? page.id[page.n - 1] : 0;
    } while (page.n == 4);
    assert_int_equal(n, all.n);
    assert_int_equal(store_history_each(f.store, ada, &any, INT64_MAX, 10, see, &stopped), OK);
    assert_int_equal(stopped.n, 3);
}

static int filtered(int digit, int checked, int status)
{
    const struct store_history_filter filter = {digit, checked, status};

    return ask(ada, &filter, INT64_MAX, 100).n;
}

/* Breaks when a filter looks at what was read where somebody has said otherwise, or counts forget a digit. */
static void filters_and_counts(void **state)
{
    const int64_t year = add(ada, "2021"), none = add(ada, "77"), more = add(ada, "1.5");
    struct store_history_counts counts;

    (void)state;
    (void)add_digit(ada, 4);
    sql_do(f.store, "UPDATE numbers SET status = 1 WHERE text = '77'");
    assert_int_equal(filtered(2, -1, -1), 1);
    assert_int_equal(filtered(4, -1, -1), 1);
    assert_int_equal(filtered(-1, -1, STORE_HISTORY_READ), 2);
    assert_int_equal(filtered(-1, -1, STORE_HISTORY_UNSURE), 1);
    assert_int_equal(filtered(-1, -1, STORE_HISTORY_DIGIT), 1);
    assert_int_equal(filtered(-1, -1, STORE_HISTORY_NOT_A_DIGIT), 0);
    assert_int_equal(filtered(-1, 1, -1), 0);
    assert_int_equal(store_history_count(f.store, ada, &counts), OK);
    assert_true(counts.kept == 9 && counts.checked == 0 && counts.right == 0);

    assert_int_equal(say_text(ada, year, -1, "2024"), OK);
    assert_int_equal(say(ada, none, -1, NUMBER_NO_DIGIT), OK);
    assert_int_equal(say_text(ada, more, -1, "1.55"), OK);
    assert_int_equal(filtered(4, -1, -1), 2);
    assert_int_equal(filtered(1, -1, -1), 1); /* 1.55; 2024 has none any more */
    assert_int_equal(filtered(7, -1, -1), 0);
    assert_int_equal(filtered(-1, 1, -1), 3);
    assert_int_equal(filtered(-1, 0, -1), 1);
    assert_int_equal(filtered(5, 1, STORE_HISTORY_READ), 1);
    assert_int_equal(store_history_count(f.store, ada, &counts), OK);
    assert_true(counts.kept == 9 && counts.checked == 4 + 2 + 2 && counts.right == 3 + 0 + 1);
    assert_int_equal(store_history_count(f.store, bob, &counts), OK);
    assert_true(counts.kept == 0 && counts.checked == 0 && counts.right == 0);
}

/* Breaks when what was said is not what is told afterwards, or a refusal changes something. */
static void labels_are_kept(void **state)
{
    const int64_t id = add(ada, "12:34");

    (void)state;
    assert_int_equal(say(ada, id, 1, 7), OK);
    expect(__LINE__, id, "17:34", 1, 0);
    assert_int_equal(say_text(ada, id, 3, "47"), OK);
    expect(__LINE__, id, "17:347", 2, 0);
    assert_string_equal(number->text.place[3].split, "47");
    assert_int_equal(say(ada, id, 0, NUMBER_NO_DIGIT), OK);
    expect(__LINE__, id, "7:347", 3, 0);
    assert_int_equal(say(ada, id, 2, 3), OK);
    expect(__LINE__, id, "7:347", 4, 1);
    assert_int_equal(say(ada, id, 3, NUMBER_UNCHECKED), OK);
    expect(__LINE__, id, "7:34", 3, 1);
    assert_int_equal(say_text(ada, id, -1, "12/34"), OK);
    expect(__LINE__, id, "12/34", 4, 4);
    assert_int_equal(say_text(ada, id, -1, "99999"), OK);
    expect(__LINE__, id, "99999", 4, 0);
    assert_true(number->text.loose);
    assert_int_equal(say(ada, id, 0, 1), ERR_DENIED);
    assert_int_equal(say_text(ada, id, -1, "nine"), ERR_FORMAT);
    assert_int_equal(say(ada, id, 4, 1), ERR_DENIED);
    expect(__LINE__, id, "99999", 4, 0);
    assert_int_equal(say(ada, id, -1, NUMBER_NO_DIGIT), OK);
    expect(__LINE__, id, "", 4, 0);
    assert_int_equal(say(ada, id, -1, NUMBER_UNCHECKED), OK);
    expect(__LINE__, id, "12:34", 0, 0);
    assert_int_equal(say(ada, id, 4, 1), ERR_RANGE);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM numbers WHERE label IS NULL AND NOT loose"), 1);
}

/* Breaks when one user sees, changes or deletes what is another's. */
static void one_user_one_history(void **state)
{
    const int64_t theirs = add(bob, "20:24"), mine = add(ada, "7 7");

    (void)state;
    assert_int_equal(store_number_find(f.store, ada, theirs, number), ERR_NOT_FOUND);
    assert_int_equal(say(ada, theirs, 0, 3), ERR_NOT_FOUND);
    assert_int_equal(say(ada, 987654, 0, 3), ERR_NOT_FOUND);
    assert_int_equal(store_history_label(f.store, ada, mine, 3), ERR_NOT_FOUND); /* a number has other labels */
    assert_int_equal(store_history_drop(f.store, ada, theirs), ERR_NOT_FOUND);
    assert_int_equal(store_history_clear(f.store, ada), OK);
    assert_int_equal(ask(ada, &any, INT64_MAX, 10).n, 0);
    assert_int_equal(store_number_find(f.store, bob, theirs, number), OK);
    assert_int_equal(number->text.checked, 0);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM number_digits"), 4);
    assert_int_equal(store_user_delete(f.store, bob), OK);
    assert_int_equal(sql_int(f.store, "SELECT (SELECT count(*) FROM numbers) + (SELECT count(*) FROM number_digits)"),
                     0);
}

/* Breaks when two who correct the same number at the same time do not both find it corrected. */
static void at_the_same_time(void **state)
{
    enum { HANDS = 8, TIMES = 10 };
    const int64_t id = add(ada, "00000000");
    pid_t pid[HANDS];

    (void)state;
    store_close(f.store);
    f.store = NULL;
    for (int hand = 0; hand < HANDS; hand++) {
        pid[hand] = fork();
        if (pid[hand] == 0) {
            f.store = fixture_open(&f);
            for (int i = 1; i <= TIMES; i++)
                if (say(ada, id, hand, i % 9 + 1) != OK)
                    _exit(1);
            _exit(0);
        }
    }
    for (int hand = 0; hand < HANDS; hand++)
        child_ok(pid[hand]);
    f.store = fixture_open(&f);
    expect(__LINE__, id, "22222222", 8, 0);
}

/* Breaks when the oldest do not make room, a number goes in part, or many digits at once let a history grow. */
static void oldest_make_room(void **state)
{
    struct store_number *large = number_of("00000000000000000000000000000000000000000000000000", 1); /* 50 digits */
    struct store_answer many[STORE_HISTORY_ADD_MAX];
    struct store_history_counts counts;
    int64_t id;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(number_add(f.store, ada, "1234", 1, 10, &id), OK);
    assert_int_equal(ask(ada, &any, INT64_MAX, 100).n, 2); /* eight digits: a third would not fit */
    (void)add_digit(ada, 7);
    assert_int_equal(number_add(f.store, ada, "12", 1, 10, &id), OK);
    assert_int_equal(ask(ada, &any, INT64_MAX, 100).n, 3); /* the older of the two went, whole */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM number_digits"), 6);
    assert_int_equal(number_add(f.store, ada, "12345678901", 1, 10, &id), ERR_LIMIT);
    assert_int_equal(ask(ada, &any, INT64_MAX, 100).n, 3);
    for (int i = 0; i < STORE_HISTORY_ADD_MAX; i++)
        many[i].number = large, many[i].row = NULL;
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_history_add(f.store, bob, many, 60, 3000), OK); /* 3,000 digits each time */
    assert_int_equal(store_history_count(f.store, bob, &counts), OK);
    assert_int_equal(counts.kept, 3000);
    assert_int_equal(number_add(f.store, bob, "12", 1, 100, &id), OK); /* a limit that was lowered */
    assert_int_equal(store_history_count(f.store, bob, &counts), OK);
    assert_int_equal(counts.kept, 3002 - STORE_HISTORY_TRIM);
    free(large);
}

static int commits(void *ctx)
{
    ++*(int *)ctx;
    return 0;
}

/* Breaks when a long history is deleted in one commit, for as long as which nobody else can write. */
static void clearing_in_steps(void **state)
{
    int n = 0;

    (void)state;
    for (int i = 0; i < 30; i++)
        (void)add(ada, "0123456789 0123456789 0123456789 0123456789"); /* 1,200 digits */
    (void)add_digit(ada, 3);
    (void)add(bob, "42");
    (void)sqlite3_commit_hook(f.store->db, commits, &n);
    assert_int_equal(store_history_clear(f.store, ada), OK);
    (void)sqlite3_commit_hook(f.store->db, NULL, NULL);
    assert_int_equal(n, 3); /* of at most 520 digits: a number goes as a whole */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM number_digits"), 2);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM history"), 0);
}

/* R74. A disk that is full. Breaks when a number is kept in part, or told as kept. */
static void full_disk(void **state)
{
    struct store_number *n = number_of("0123456789", 1);
    struct store_history row = {.status = STORE_HISTORY_DIGIT, .digit = 1, .confidence = 1};
    const struct store_answer both[] = {{.row = &row}, {.number = n}};
    char sql[80];
    int64_t id;

    (void)state;
    (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", sql_int(f.store, "PRAGMA page_count") + 1);
    sql_do(f.store, sql);
    assert_int_equal(store_history_add(f.store, ada, both, 2, 100), ERR_IO);
    assert_true(row.id == 0 && n->id == 0);
    assert_int_equal(sql_int(f.store, "SELECT (SELECT count(*) FROM numbers) + (SELECT count(*) FROM number_digits) + "
                                      "(SELECT count(*) FROM history)"),
                     0);
    sql_do(f.store, "PRAGMA max_page_count = 1000000");
    assert_int_equal(store_history_add(f.store, ada, both, 2, 100), OK);
    assert_true(integrity_ok(f.store));
    id = n->id;
    sql_do(f.store, "PRAGMA query_only = ON");
    assert_int_equal(say(ada, id, 0, 3), ERR_IO);
    sql_do(f.store, "PRAGMA query_only = OFF");
    expect(__LINE__, id, "0123456789", 0, 0);
    free(n);
}

/* R75. A damaged file. Breaks when a number that lacks a digit is told as if it were whole. */
static void damaged_numbers(void **state)
{
    const int64_t id = add(ada, "123");

    (void)state;
    sql_do(f.store, "DELETE FROM number_digits WHERE place = 1");
    assert_int_equal(store_number_find(f.store, ada, id, number), ERR_IO);
    assert_int_equal(say(ada, id, 0, 3), ERR_IO);
    assert_int_equal(store_history_drop(f.store, ada, id), OK); /* it can be got rid of */
}

/* R76. Breaks when a backup lacks a number or what was said of it, or a restored site gives an id a second time. */
static void backups_have_numbers(void **state)
{
    const int64_t id = add(ada, "12:34"), gone = add(ada, "56");
    char copy[200];

    (void)state;
    assert_int_equal(say(ada, id, 3, 9), OK);
    assert_int_equal(store_history_drop(f.store, ada, gone), OK);
    (void)snprintf(copy, sizeof(copy), "%s.copy", f.path);
    assert_int_equal(store_backup(f.store, copy, &why), OK);
    assert_int_equal(store_history_clear(f.store, ada), OK);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(store_restore(f.path, copy, &why), OK);
    f.store = fixture_open(&f);
    expect(__LINE__, id, "12:39", 1, 0);
    assert_int_equal(number->digit[3].picture[0], 3);
    assert_int_equal(add_digit(ada, 1), gone + 1);
    assert_true(integrity_ok(f.store));
}

static int64_t killed_id;

static int correct_and_add(void)
{
    int64_t id;

    if (store_open(&f.store, f.path, &why) != OK || say_text(1, killed_id, -1, "98:76") != OK)
        return 1;
    return number_add(f.store, 1, "31", 1, 100, &id) == OK ? 0 : 1;
}

/* Breaks when a process that is killed before whichever change to a file leaves half a number, or half a correction. */
static void killed_everywhere(void **state)
{
    bool killed = true;
    int old = 0, new = 0;

    (void)state;
    killed_id = add(ada, "12:34");
    store_close(f.store);
    f.store = NULL;
    for (int n = 0; killed; n += test_is_long() || !SANITIZED ? 1 : 3) {
        killed = killed_before_change(correct_and_add, n);
        f.store = fixture_open(&f);
        assert_true(integrity_ok(f.store));
        assert_int_equal(store_number_find(f.store, ada, killed_id, number), OK);
        if (number->text.checked == 0) {
            expect(__LINE__, killed_id, "12:34", 0, 0);
            old++;
        } else {
            expect(__LINE__, killed_id, "98:76", 4, 0);
            new ++;
        }
        assert_int_equal(say(ada, killed_id, -1, NUMBER_UNCHECKED), OK);
        for (struct seen all = ask(ada, &any, INT64_MAX, 100); all.n > 1; all.n--)
            assert_int_equal(store_history_drop(f.store, ada, all.id[all.n - 2]), OK);
        store_close(f.store);
        f.store = NULL;
    }
    assert_true(old > 2 && new > 2); /* it was cut before and after the commit */
}

/* R77. Breaks when a history of version 4 loses a row or a label by the migration, or its next answer's id is taken. */
static void history_of_version_4_is_kept(void **state)
{
    static const char *const files[] = {"fcgi/store/schema.sql", "fcgi/store/schema2.sql", "fcgi/store/schema3.sql",
                                        "fcgi/store/schema4.sql"};
    struct store_history row;
    sqlite3 *db = NULL;

    (void)state;
    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        sql_file(db, files[i]);
    assert_int_equal(
        sqlite3_exec(
            db,
            "PRAGMA journal_mode = WAL;"
            "INSERT INTO users (email, password_hash, created_at, learn) VALUES ('ada@example.org', 'x', 1, 1);"
            "INSERT INTO history (id, user_id, created_at, name, status, digit, label, confidence, probabilities, "
            "picture) VALUES (3, 1, 1, 'a', 1, 7, 4, 0.5, zeroblob(40), zeroblob(784)),"
            "(9, 1, 1, 'b', 2, NULL, NULL, 0.5, zeroblob(40), zeroblob(784)); DELETE FROM history WHERE id = 9",
            NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(chmod(f.path, 0600), 0);
    assert_int_equal(store_prepare(f.path, &why), OK);
    f.store = fixture_open(&f);
    assert_int_equal(store_history_find(f.store, 1, 3, &row), OK);
    assert_true(row.label == 4 && row.digit == 7);
    assert_int_equal(add(1, "20:24"), 10);
    assert_int_equal(add_digit(1, 5), 11);
    assert_int_equal(ask(1, &any, INT64_MAX, 10).n, 3);
    assert_true(integrity_ok(f.store));
}

/* Deletes an answer when it is given the first. */
struct deleting {
    int64_t id, got[4];
    int n;
};

static bool delete_next(const struct store_answer *a, void *ctx)
{
    struct deleting *d = ctx;

    if (d->n == 0)
        assert_int_equal(store_history_drop(f.store, ada, d->id), OK);
    assert_true(d->n < 4);
    d->got[d->n++] = a->number != NULL ? a->number->id : a->row->id;
    return true;
}

/* Whoever asks for so many, and gets fewer, believes that there are no more: an export would end there. */
static void deleted_meanwhile(void **state)
{
    const int64_t first = add(ada, "11"), second = add_digit(ada, 2), third = add(ada, "33"), fourth = add(ada, "44");
    struct deleting d = {.id = third};

    (void)state;
    assert_int_equal(store_history_each(f.store, ada, &any, INT64_MAX, 3, delete_next, &d), OK);
    assert_int_equal(d.n, 3);
    assert_true(d.got[0] == fourth && d.got[1] == second && d.got[2] == first);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, with_two, end)
    const struct CMUnitTest tests[] = {
        TEST(numbers_come_back),
        TEST(ids_are_one_sequence),
        TEST(what_is_refused),
        TEST(schema_has_its_checks),
        TEST(pages_merge_both_kinds),
        TEST(deleted_meanwhile),
        TEST(filters_and_counts),
        TEST(labels_are_kept),
        TEST(one_user_one_history),
        TEST(at_the_same_time),
        TEST(oldest_make_room),
        TEST(clearing_in_steps),
        TEST(full_disk),
        TEST(damaged_numbers),
        TEST(backups_have_numbers),
        TEST(killed_everywhere),
        cmocka_unit_test_setup_teardown(history_of_version_4_is_kept, setup_empty, teardown),
    };

    return cmocka_run_group_tests_name("store_number", tests, NULL, NULL);
}
