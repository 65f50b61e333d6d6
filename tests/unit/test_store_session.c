/* store: sessions, which begin, end, expire and are capped, and a stolen database that opens none. */
#include "fixture_own.h"

/* Breaks when a token opens another's session, or a session outlives its log-out (R60, in a second connection too). */
static void sessions_begin_and_end(void **state)
{
    struct store *other = fixture_open(&f);
    struct store_user user;
    int64_t ada = add_user(f.store, "ada@example.org"), bob = add_user(f.store, "bob@example.org");

    (void)state;
    add_session(f.store, 1, ada);
    add_session(f.store, 2, bob);
    assert_int_equal(store_session_user(other, token_hash(1), &fixture_rule, &user), OK);
    assert_int_equal(user.id, ada);
    assert_string_equal(user.email, "ada@example.org");
    assert_string_equal(user.password_hash, "");
    assert_int_equal(store_session_user(other, token_hash(2), &fixture_rule, &user), OK);
    assert_int_equal(user.id, bob);
    assert_int_equal(store_session_user(other, token_hash(3), &fixture_rule, &user), ERR_NOT_FOUND);
    assert_int_equal(user.id, 0);
    assert_int_equal(store_session_end(f.store, token_hash(1)), OK);
    assert_int_equal(ask_session(other, 1), ERR_NOT_FOUND);
    assert_int_equal(ask_session(other, 2), OK);
    assert_int_equal(store_session_end(f.store, token_hash(1)), OK); /* there was none */
    store_close(other);
}

/* Breaks when a token can be used twice, or nobody's session be made. */
static void sessions_need_a_user_and_a_new_token(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org");

    (void)state;
    add_session(f.store, 1, ada);
    assert_int_equal(store_session_add(f.store, token_hash(1), ada, "", "", &fixture_rule), ERR_EXISTS);
    assert_int_equal(store_session_add(f.store, token_hash(2), ada + 1, "", "", &fixture_rule), ERR_NOT_FOUND);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sessions"), 1);
}

/* R59. Breaks when the idle limit is off, or use does not renew it. */
static void sessions_expire_when_idle(void **state)
{
    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    clock_step(24 * 3600 - 10);
    assert_int_equal(ask_session(f.store, 1), OK); /* renews it */
    clock_step(24 * 3600 - 10);
    assert_int_equal(ask_session(f.store, 1), OK);
    clock_step(24 * 3600);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sessions"), 0);
}

/* R59. Breaks when use can keep a session for ever. */
static void sessions_expire_absolutely(void **state)
{
    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    for (int hour = 6; hour < 14 * 24; hour += 6) {
        clock_step(6 * 3600);
        assert_int_equal(ask_session(f.store, 1), OK);
    }
    clock_step(6 * 3600);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);
}

/* Breaks when reading a digit is a write, or last_seen is never written. */
static void last_seen_is_written_every_five_minutes(void **state)
{
    int before;

    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    before = sql_int(f.store, "SELECT total_changes()");
    for (int i = 0; i < 100; i++)
        assert_int_equal(ask_session(f.store, 1), OK);
    clock_step(290);
    assert_int_equal(ask_session(f.store, 1), OK);
    assert_int_equal(sql_int(f.store, "SELECT total_changes()"), before);
    clock_step(20);
    for (int i = 0; i < 100; i++)
        assert_int_equal(ask_session(f.store, 1), OK);
    assert_int_equal(sql_int(f.store, "SELECT total_changes()"), before + 1);
}

/* R91. Breaks when what somebody saw expired is only judged, not deleted: set back, the clock would revive it. */
static void clock_set_back_revives_nothing(void **state)
{
    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    add_session(f.store, 2, add_user(f.store, "bob@example.org"));
    clock_step(30 * 3600);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);            /* seen by a request */
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK); /* the other one by housekeeping */
    clock_step(-30 * 3600);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);
    assert_int_equal(ask_session(f.store, 2), ERR_NOT_FOUND);
}

/* R91. Breaks when a session made while the clock was ahead lasts that much longer; or a small correction ends all. */
static void sessions_from_the_future_end(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org");

    (void)state;
    add_session(f.store, 1, ada);
    clock_step(-60);
    assert_int_equal(ask_session(f.store, 1), OK); /* as time services correct a clock */
    clock_step(60 - 10 * 86400);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);
    clock_step(10 * 86400);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);
    add_session(f.store, 2, ada);
    clock_step(-10 * 86400);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sessions"), 0);
    clock_step(10 * 86400);
}

/* R61. Breaks when the number is unbounded, the wrong ones go, or another's go. */
static void sessions_per_user_are_capped(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org"), bob = add_user(f.store, "bob@example.org");

    (void)state;
    add_session(f.store, 100, bob);
    for (int i = 0; i < 25; i++) {
        add_session(f.store, i, ada);
        clock_step(i % 2 == 0 ? -100 : 100); /* the order is that of making, whatever the clock does */
    }
    for (int i = 0; i < 25; i++)
        assert_int_equal(ask_session(f.store, i), i < 5 ? ERR_NOT_FOUND : OK);
    assert_int_equal(ask_session(f.store, 100), OK);
}

/* R60. Breaks when a disabled account's cookie still works, or such an account gets a session. */
static void disabled_users_have_no_session(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org");
    struct store_user user;

    (void)state;
    add_session(f.store, 1, ada);
    sql_do(f.store, "UPDATE users SET disabled = 1");
    assert_int_equal(store_session_user(f.store, token_hash(1), &fixture_rule, &user), ERR_NOT_FOUND);
    assert_int_equal(user.id, 0);
    assert_int_equal(store_session_add(f.store, token_hash(2), ada, "", "", &fixture_rule), ERR_NOT_FOUND);
    assert_int_equal(store_user_by_email(f.store, "ada@example.org", &user), OK);
    assert_true(user.disabled);
}

/* Breaks when deleting an account leaves its sessions. */
static void sessions_go_with_their_user(void **state)
{
    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    sql_do(f.store, "DELETE FROM users");
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sessions"), 0);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);
}

static bool file_holds(const char *path, const void *bytes, size_t n)
{
    static char text[4 << 20];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text));

    (void)close(fd);
    return len > 0 && memmem(text, (size_t)len, bytes, n) != NULL;
}

/* R57. Breaks when the token itself reaches a file, or the hash of a stolen database opens a session. */
static void stolen_database_cannot_log_in(void **state)
{
    static const char token[] = "Zk9sT3-tOKen_that_must_not_be_anywhere_0123";
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    uint8_t hash[DIGEST_BYTES], again[DIGEST_BYTES];
    struct store_user user;
    char path[160];
    int hashes = 0;

    (void)state;
    digest_sha256(token, strlen(token), hash);
    assert_int_equal(
        store_session_add(f.store, hash, add_user(f.store, "ada@example.org"), "::1", "agent", &fixture_rule), OK);
    assert_int_equal(store_session_user(f.store, hash, &fixture_rule, &user), OK);
    store_close(f.store);
    f.store = NULL;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", f.path, ends[i]);
        assert_false(file_holds(path, token, strlen(token)));
        hashes += file_holds(path, hash, sizeof(hash));
    }
    assert_true(hashes > 0); /* the search does find what is there */
    f.store = fixture_open(&f);
    digest_sha256(hash, sizeof(hash), again); /* what a cookie made of the hash would be looked up by */
    assert_int_equal(store_session_user(f.store, again, &fixture_rule, &user), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sessions_begin_and_end, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_need_a_user_and_a_new_token, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_expire_when_idle, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_expire_absolutely, setup, teardown),
        cmocka_unit_test_setup_teardown(last_seen_is_written_every_five_minutes, setup, teardown),
        cmocka_unit_test_setup_teardown(clock_set_back_revives_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_from_the_future_end, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_per_user_are_capped, setup, teardown),
        cmocka_unit_test_setup_teardown(disabled_users_have_no_session, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_go_with_their_user, setup, teardown),
        cmocka_unit_test_setup_teardown(stolen_database_cannot_log_in, setup, teardown),
    };

    return cmocka_run_group_tests_name("store_session", tests, NULL, NULL);
}
