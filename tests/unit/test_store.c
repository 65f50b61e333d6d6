/* The store's questions: addresses, accounts, housekeeping. */
#include "fixture_own.h"

/* Breaks when one address can make two accounts, or when an address could bend a header, a log line or a mail. */
static void emails_are_normalised(void **state)
{
    static const struct {
        int line;
        const char *in, *out;
        enum err e;
    } cases[] = {
        {__LINE__, "a@b", "a@b", OK},
        {__LINE__, "  Ada.Lovelace@Example.ORG\r\n", "ada.lovelace@example.org", OK},
        {__LINE__, "o'brien+x@mail-1.example", "o'brien+x@mail-1.example", OK},
        {__LINE__, "a@xn--bcher-kva.example", "a@xn--bcher-kva.example", OK},
        {__LINE__, "jos\xc3\xa9@x", "", ERR_FORMAT},  /* composed ... */
        {__LINE__, "jose\xcc\x81@x", "", ERR_FORMAT}, /* ... and decomposed: they look alike */
        {__LINE__,
         "a\xef\xbc\xa0"
         "b",
         "", ERR_FORMAT}, /* a full-width @ */
        {__LINE__,
         "a@b\xef\xbc\x8e"
         "c",
         "", ERR_FORMAT}, /* a full-width dot */
        {__LINE__, "", "", ERR_FORMAT},
        {__LINE__, "   ", "", ERR_FORMAT},
        {__LINE__, "@", "", ERR_FORMAT},
        {__LINE__, "@b", "", ERR_FORMAT},
        {__LINE__, "a@", "", ERR_FORMAT},
        {__LINE__, "ab", "", ERR_FORMAT},
        {__LINE__, "a@b@c", "", ERR_FORMAT},
        {__LINE__, "a b@c", "", ERR_FORMAT},
        {__LINE__, "a@b c", "", ERR_FORMAT},
        {__LINE__, "a@b\r\nBcc: x@y", "", ERR_FORMAT},
        {__LINE__, "a\x1b[2J@b", "", ERR_FORMAT},
        {__LINE__, "a\x7f@b", "", ERR_FORMAT},
        {__LINE__, "a,b@c", "", ERR_FORMAT},
        {__LINE__, "\"a\"@b", "", ERR_FORMAT},
        {__LINE__, "<a@b>", "", ERR_FORMAT},
        {__LINE__, "a@b/c", "", ERR_FORMAT},
        {__LINE__, "a@.b", "", ERR_FORMAT},
        {__LINE__, "a@b.", "", ERR_FORMAT},
        {__LINE__, "a@b..c", "", ERR_FORMAT},
        {__LINE__, "a@-b", "", ERR_FORMAT},
        {__LINE__, "a@b-.c", "", ERR_FORMAT},
        {__LINE__, "a\xe2\x80\xae@b", "", ERR_FORMAT}, /* U+202E turns the direction */
        {__LINE__, "a\xe2\x80\x8b@b", "", ERR_FORMAT}, /* U+200B has no width */
        {__LINE__, "a\xc2\xa0@b", "", ERR_FORMAT},     /* U+00A0 */
        {__LINE__, "a\xc2\x85@b", "", ERR_FORMAT},     /* a C1 control */
        {__LINE__, "a\xff@b", "", ERR_FORMAT},
        {__LINE__, "a\xc0\xaf@b", "", ERR_FORMAT},         /* overlong */
        {__LINE__, "a\xed\xa0\x80@b", "", ERR_FORMAT},     /* a surrogate */
        {__LINE__, "a\xf4\x90\x80\x80@b", "", ERR_FORMAT}, /* over U+10FFFF */
        {__LINE__, "a@b\xe2\x80", "", ERR_FORMAT},         /* cut short */
    };
    char out[STORE_EMAIL_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum err e = store_email_normalise(cases[i].in, strlen(cases[i].in), out);

        if (e != cases[i].e || strcmp(out, cases[i].out) != 0)
            fail_msg("line %d: \"%s\": %s, \"%s\"", cases[i].line, cases[i].in, err_str(e), out);
    }
    assert_int_equal(store_email_normalise("a\0@b", 4, out), ERR_FORMAT);
}

/* Breaks when a limit is off by one or an output is overrun. */
static void email_limits_are_exact(void **state)
{
    char in[400], out[STORE_EMAIL_MAX + 1];
    size_t n;

    (void)state;
    memset(in, 'a', sizeof(in));
    in[64] = '@';
    assert_int_equal(store_email_normalise(in, 66, out), OK);
    in[64] = 'a';
    in[65] = '@';
    assert_int_equal(store_email_normalise(in, 67, out), ERR_LIMIT); /* 65 bytes before the @ */
    in[65] = 'a';
    in[1] = '@';
    for (n = 2 + 63; n < sizeof(in); n += 64) /* labels of 63 bytes */
        in[n] = '.';
    assert_int_equal(store_email_normalise(in, STORE_EMAIL_MAX, out), OK);
    assert_int_equal(strlen(out), STORE_EMAIL_MAX);
    assert_int_equal(store_email_normalise(in, STORE_EMAIL_MAX + 1, out), ERR_LIMIT);
    in[2 + 63] = 'a';
    assert_int_equal(store_email_normalise(in, 2 + 64, out), ERR_LIMIT); /* a label of 64 */
}

/* Breaks when a row is not what was put in, or one address makes two accounts. */
static void users_are_kept(void **state)
{
    struct store_user made, found;
    int64_t now_s = clock_wall_s();

    (void)state;
    assert_int_equal(store_user_by_email(f.store, "ada@example.org", &found), ERR_NOT_FOUND);
    assert_int_equal(store_user_add(f.store, "Ada@Example.org", FIXTURE_HASH, &made), OK);
    assert_string_equal(made.email, "ada@example.org");
    assert_true(made.id > 0);
    assert_in_range(made.created_at_s, now_s, now_s + 2);
    assert_string_equal(made.password_hash, "");
    assert_int_equal(store_user_by_email(f.store, "ADA@example.ORG", &found), OK);
    assert_int_equal(found.id, made.id);
    assert_int_equal(found.created_at_s, made.created_at_s);
    assert_string_equal(found.email, "ada@example.org");
    assert_string_equal(found.password_hash, FIXTURE_HASH);
    assert_false(found.disabled);
    assert_int_equal(store_user_add(f.store, " ada@EXAMPLE.org ", "other", &made), ERR_EXISTS);
    assert_int_equal(store_user_by_email(f.store, "ada@example.org", &found), OK);
    assert_string_equal(found.password_hash, FIXTURE_HASH); /* the second sign-up changed nothing */
    assert_int_equal(store_user_add(f.store, "not an address", "x", &made), ERR_FORMAT);
    assert_int_equal(store_user_by_email(f.store, "not an address", &found), ERR_NOT_FOUND);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 1);
}

/* Breaks when the number of a deleted account is given to the next one. */
static void ids_are_not_given_twice(void **state)
{
    int64_t first = add_user(f.store, "first@example.org");

    (void)state;
    sql_do(f.store, "DELETE FROM users");
    assert_true(add_user(f.store, "second@example.org") > first);
}

/* Breaks when a new hash is not kept, or lands in another row. */
static void hashes_are_replaced(void **state)
{
    struct store_user found;
    int64_t ada = add_user(f.store, "ada@example.org");

    (void)state;
    (void)add_user(f.store, "bob@example.org");
    assert_int_equal(store_user_set_hash(f.store, ada, FIXTURE_HASH, "$new"), OK);
    assert_int_equal(store_user_by_email(f.store, "ada@example.org", &found), OK);
    assert_string_equal(found.password_hash, "$new");
    assert_int_equal(store_user_by_email(f.store, "bob@example.org", &found), OK);
    assert_string_equal(found.password_hash, FIXTURE_HASH);
    assert_int_equal(store_user_set_hash(f.store, ada + 100, "$new", "$newer"), ERR_NOT_FOUND);
    assert_int_equal(store_user_set_hash(f.store, ada, FIXTURE_HASH, "$newer"),
                     ERR_NOT_FOUND); /* it was changed since */
}

/* Breaks when a client's bytes make a row that no JSON can carry, or overrun. */
static void client_text_is_cleaned(void **state)
{
    static const struct {
        int line;
        const char *in, *out;
        size_t room;
    } cases[] = {
        {__LINE__, NULL, "", 10},
        {__LINE__, "", "", 1},
        {__LINE__, "Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)", 50},
        {__LINE__, "abc", "ab", 3},
        {__LINE__, "a\xc3\xbc", "a", 3}, /* not half a character */
        {__LINE__, "a\xc3\xbc", "a\xc3\xbc", 4},
        {__LINE__, "a\nb\x1b\x7f", "a?b??", 20},
        {__LINE__, "\xff\xc3", "??", 20},
        {__LINE__, "x\xe2\x80\xaey", "x?y", 20},
    };
    char out[64], agent[600];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        store_text_keep(cases[i].in, out, cases[i].room);
        if (strcmp(out, cases[i].out) != 0)
            fail_msg("line %d: \"%s\"", cases[i].line, out);
    }
    memset(agent, '\xfe', sizeof(agent) - 1);
    agent[sizeof(agent) - 1] = '\0';
    assert_int_equal(store_session_add(f.store, token_hash(1), add_user(f.store, "a@b"), agent, agent, &fixture_rule),
                     OK);
    assert_int_equal(sql_int(f.store, "SELECT length(agent) FROM sessions WHERE agent NOT GLOB '*[^?]*'"),
                     STORE_AGENT_MAX);
    assert_int_equal(sql_int(f.store, "SELECT length(address) FROM sessions"), STORE_ADDRESS_MAX);
}

/* R59. Breaks when expired rows stay, live ones go, or one call holds the lock for all of them. */
static void housekeeping_purges_in_steps(void **state)
{
    int64_t bytes = -1;

    (void)state;
    (void)add_user(f.store, "ada@example.org");
    sql_do(f.store, "INSERT INTO sessions (token_hash, user_id, created_at, last_seen_at, address, agent)"
                    " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
                    " SELECT randomblob(32), 1, unixepoch() - 90000, unixepoch() - 90000, '', '' FROM n");
    add_session(f.store, 1, add_user(f.store, "bob@example.org"));
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sessions"), 5001 - STORE_PURGE_ROWS * STORE_PURGE_STEPS);
    assert_int_equal(bytes, 0); /* and the WAL is truncated */
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sessions"), 1);
    assert_int_equal(ask_session(f.store, 1), OK);
}

/* Breaks when a statement reads a whole table: it would get slower with every user. */
static void no_statement_scans_a_table(void **state)
{
    (void)state;
    for (int i = 0; i < SQL_COUNT; i++) {
        char sql[2048];
        sqlite3_stmt *st = NULL;

        (void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", store_sql_text[i]);
        assert_int_equal(sqlite3_prepare_v2(f.store->db, sql, -1, &st, NULL), SQLITE_OK);
        while (sqlite3_step(st) == SQLITE_ROW) {
            const char *detail = (const char *)sqlite3_column_text(st, 3);

            if (strncmp(detail, "SCAN (", 6) == 0) /* a subquery, of which each part has a line of its own */
                continue;
            if (strncmp(detail, "SCAN", 4) == 0 && i != SQL_MAIL_COUNT) /* that one has STORE_OUTBOX_MAX rows at most */
                fail_msg("%s: %s", store_sql_text[i], detail);
        }
        (void)sqlite3_finalize(st);
    }
}

/* Breaks when an answer keeps a read open (the WAL could not be truncated) or a transaction. */
static void answers_leave_nothing_open(void **state)
{
    struct store_user user;
    struct store *other = fixture_open(&f);

    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    assert_int_equal(ask_session(other, 1), OK);
    assert_int_equal(ask_session(other, 2), ERR_NOT_FOUND);
    assert_int_equal(store_user_by_email(other, "ada@example.org", &user), OK);
    assert_int_equal(store_user_by_email(other, "bob@example.org", &user), ERR_NOT_FOUND);
    assert_int_equal(store_user_add(other, "ada@example.org", "x", &user), ERR_EXISTS);
    assert_true(sqlite3_get_autocommit(other->db));
    assert_non_null(sqlite3_next_stmt(other->db, NULL));
    for (sqlite3_stmt *st = NULL; (st = sqlite3_next_stmt(other->db, st)) != NULL;)
        assert_false(sqlite3_stmt_busy(st));
    store_close(other);
}

static void assert_column_text(sqlite3_stmt *st, int column, const char *text)
{
    assert_string_equal((const char *)sqlite3_column_text(st, column), text);
}

/* Breaks when a value reaches another column or another type than it was given for, or when a statement runs with a
 * parameter that nobody bound. */
static void values_are_bound_as_their_kinds(void **state)
{
    static const uint8_t hash[DIGEST_BYTES] = {1, 2, 3};
    sqlite3_stmt *st = NULL;

    (void)state;
    assert_int_equal(sqlite3_prepare_v2(f.store->db,
                                        "SELECT ?1, typeof(?1), ?2, typeof(?2), ?3, typeof(?3), length(?4), typeof(?4),"
                                        " typeof(?5), typeof(?6)",
                                        -1, &st, NULL),
                     SQLITE_OK);
    assert_true(store_bind(st, VALUES(value_int(INT64_MIN), value_real(0.5), value_text("\xc3\xa9"), value_hash(hash),
                                      value_null(), value_text(NULL))));
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int64(st, 0), INT64_MIN);
    assert_column_text(st, 1, "integer");
    assert_true(sqlite3_column_double(st, 2) == 0.5);
    assert_column_text(st, 3, "real");
    assert_column_text(st, 4, "\xc3\xa9");
    assert_column_text(st, 5, "text");
    assert_int_equal(sqlite3_column_int(st, 6), DIGEST_BYTES);
    assert_column_text(st, 7, "blob");
    assert_column_text(st, 8, "null");
    assert_column_text(st, 9, "null");
    store_reset(st);
    assert_false(store_bind(st, VALUES(value_int(1), value_int(2))));
    assert_false(store_bind(st, NO_VALUES));
    assert_int_equal(fixture_logged(&f, "database_values"), 2);
    (void)sqlite3_finalize(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emails_are_normalised),
        cmocka_unit_test(email_limits_are_exact),
        cmocka_unit_test_setup_teardown(users_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_are_not_given_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(hashes_are_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(client_text_is_cleaned, setup, teardown),
        cmocka_unit_test_setup_teardown(housekeeping_purges_in_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(no_statement_scans_a_table, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_leave_nothing_open, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_bound_as_their_kinds, setup, teardown),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
