/* The account's further parts: the list of sessions, changes to an account, its end. */
#include "fixture_account.h"

/* Breaks when the list lacks a session, shows another's or one that has expired, is out of order, or cannot tell which
 * one is asking. */
static void sessions_are_listed(void **state)
{
    struct seen seen = {0};

    (void)state;
    assert_int_equal(store_session_add(f.store, token_hash(1), ada, "192.0.2.1", "first", &fixture_rule), OK);
    clock_step(1000);
    assert_int_equal(store_session_add(f.store, token_hash(2), ada, "2001:db8::2", "second", &fixture_rule), OK);
    add_session(f.store, 3, bob);
    clock_step(1000);
    assert_int_equal(ask_session(f.store, 1), OK); /* seen last */
    assert_int_equal(store_session_each(f.store, ada, &fixture_rule, token_hash(2), see_session, &seen), OK);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.id[0], 1);
    assert_int_equal(seen.id[1], 2);
    assert_int_equal(seen.session.id, 2);
    assert_string_equal(seen.session.address, "2001:db8::2");
    assert_string_equal(seen.session.agent, "second");
    assert_int_equal(seen.session.created_at_s, seen.session.last_seen_at_s);
    seen = (struct seen){.stop_at = 1};
    assert_int_equal(store_session_each(f.store, ada, &fixture_rule, NULL, see_session, &seen), OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.session.id, 0); /* none is current */
    clock_step(fixture_rule.idle_s - 500);
    assert_int_equal(sessions_of(ada), 1); /* the second has been idle for too long */
    assert_int_equal(sessions_of(12345), 0);
}

/* R60. Breaks when one user can end another's session, or "all" ends too few or too many. */
static void sessions_are_ended_by_their_user(void **state)
{
    int64_t n = -1;

    (void)state;
    for (int i = 1; i <= 4; i++)
        add_session(f.store, i, ada);
    add_session(f.store, 5, bob);
    assert_int_equal(store_session_end_id(f.store, bob, 1), ERR_NOT_FOUND);
    assert_int_equal(ask_session(f.store, 1), OK);
    assert_int_equal(store_session_end_id(f.store, ada, 1), OK);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);
    assert_int_equal(store_session_end_id(f.store, ada, 1), ERR_NOT_FOUND);
    assert_int_equal(store_session_end_all(f.store, ada, token_hash(3), &n), OK);
    assert_int_equal(n, 2);
    assert_int_equal(ask_session(f.store, 2), ERR_NOT_FOUND);
    assert_int_equal(ask_session(f.store, 3), OK);
    assert_int_equal(store_session_end_all(f.store, ada, NULL, NULL), OK);
    assert_int_equal(ask_session(f.store, 3), ERR_NOT_FOUND);
    assert_int_equal(ask_session(f.store, 5), OK);
    assert_int_equal(store_session_end_all(f.store, ada, NULL, &n), OK);
    assert_int_equal(n, 0);
}

/* R55. Breaks when a log-in that checked the old password gets a session after the password was changed. */
static void late_log_ins_get_no_session(void **state)
{
    const struct store_session_rule *rule = &fixture_rule;

    (void)state;
    assert_int_equal(store_session_add_checked(f.store, token_hash(1), ada, FIXTURE_HASH, "", "", rule), OK);
    assert_int_equal(store_user_change_password(f.store, ada, FIXTURE_HASH, "$new"), OK);
    assert_int_equal(store_session_add_checked(f.store, token_hash(2), ada, FIXTURE_HASH, "", "", rule), ERR_NOT_FOUND);
    assert_int_equal(store_session_add_checked(f.store, token_hash(3), ada, "$new", "", "", rule), OK);
    assert_int_equal(store_user_set_hash(f.store, ada, FIXTURE_HASH, "$upgraded"), ERR_NOT_FOUND); /* nor undoes it */
    assert_int_equal(sessions_of(ada), 1);
}

/* R55. Breaks when a change whose current password was checked before a reset undoes that reset: who knows the old
 * password alone, and is quick, would take the account back. */
static void late_changes_change_nothing(void **state)
{
    struct store_user user;

    (void)state;
    assert_int_equal(store_link_reset_add(f.store, token_hash(1), ada), OK);
    assert_int_equal(store_link_reset_use(f.store, token_hash(1), "$reset"), OK);
    add_session(f.store, 2, ada);
    assert_int_equal(store_user_change_password(f.store, ada, FIXTURE_HASH, "$late"), ERR_NOT_FOUND);
    assert_int_equal(store_user_by_id(f.store, ada, &user), OK);
    assert_string_equal(user.password_hash, "$reset");
    assert_int_equal(ask_session(f.store, 2), OK);
    assert_int_equal(store_user_change_password(f.store, ada, "$reset", "$own"), OK);
}

/* R55. Breaks when a password change leaves a session, a device or a link that the old password's owner may hold; or
 * touches somebody else's. */
static void password_changes_end_the_rest(void **state)
{
    struct store_user user;

    (void)state;
    for (int i = 0; i < 2; i++) {
        int64_t id = i == 0 ? ada : bob;

        add_session(f.store, 10 + i, id);
        add_token(20 + i, id, 0);
        assert_int_equal(store_device_add(f.store, token_hash(30 + i), id), OK);
        assert_int_equal(store_link_reset_add(f.store, token_hash(40 + i), id), OK);
        assert_int_equal(
            store_mail_put(f.store, STORE_MAIL_RESET, i == 0 ? "ada@example.org" : "bob@example.org", NULL), OK);
    }
    assert_int_equal(store_user_change_password(f.store, ada, FIXTURE_HASH, "$new"), OK);
    assert_int_equal(store_user_by_id(f.store, ada, &user), OK);
    assert_string_equal(user.password_hash, "$new");
    assert_int_equal(ask_session(f.store, 10), ERR_NOT_FOUND);
    assert_int_equal(ask_session(f.store, 11), OK);
    assert_int_equal(ask_token(20), OK); /* programs go on: their tokens are revoked one by one */
    assert_int_equal(store_device_check(f.store, token_hash(30), "ada@example.org"), ERR_NOT_FOUND);
    assert_int_equal(store_device_check(f.store, token_hash(31), "bob@example.org"), OK);
    assert_int_equal(store_link_reset_user(f.store, token_hash(40), &user), ERR_NOT_FOUND);
    assert_int_equal(store_link_reset_user(f.store, token_hash(41), &user), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM outbox"), 1);
    assert_int_equal(store_user_change_password(f.store, 12345, FIXTURE_HASH, "$new"), ERR_NOT_FOUND);
}

/* Breaks when an account that was deleted leaves anything in any table, or takes anything of another's. */
static void deleting_takes_everything(void **state)
{
    static const char *const tables[] = {"sessions", "tokens", "devices", "links", "history", "outbox", "users"};
    char sql[80];

    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *email = i == 0 ? "ada@example.org" : "bob@example.org";
        int64_t id = i == 0 ? ada : bob;

        add_session(f.store, 10 + i, id);
        add_token(20 + i, id, 0);
        assert_int_equal(store_device_add(f.store, token_hash(30 + i), id), OK);
        assert_int_equal(store_link_reset_add(f.store, token_hash(40 + i), id), OK);
        assert_int_equal(store_mail_put(f.store, STORE_MAIL_RESET, email, NULL), OK);
    }
    sql_do(f.store, "INSERT INTO links (link_hash, kind, email, created_at, expires_at) "
                    "SELECT randomblob(32), 0, email, 1, 2 FROM users");
    sql_do(f.store,
           "INSERT INTO history (user_id, created_at, name, status, digit, confidence, probabilities, picture) "
           "SELECT id, 1, 'a.png', 0, 7, 0.5, randomblob(40), randomblob(784) FROM users");
    assert_int_equal(store_user_delete(f.store, ada), OK);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", tables[i]);
        assert_int_equal(sql_int(f.store, sql), strcmp(tables[i], "links") == 0 ? 2 : 1);
    }
    assert_int_equal(ask_session(f.store, 11), OK);
    assert_int_equal(ask_token(20), ERR_NOT_FOUND);
    assert_int_equal(ask_token(21), OK);
    assert_int_equal(store_user_delete(f.store, ada), ERR_NOT_FOUND);
    assert_true(integrity_ok(f.store));
}

/* R60. Breaks when a disabled account keeps a session or a token at work, or enabling brings the sessions back. */
static void disabled_accounts_are_shut(void **state)
{
    struct store_user user;

    (void)state;
    add_session(f.store, 1, ada);
    add_token(2, ada, 0);
    assert_int_equal(store_link_reset_add(f.store, token_hash(3), ada), OK);
    assert_int_equal(store_user_set_disabled(f.store, ada, true), OK);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);
    assert_int_equal(ask_token(2), ERR_NOT_FOUND);
    assert_int_equal(store_link_reset_use(f.store, token_hash(3), "$new"), ERR_NOT_FOUND);
    assert_int_equal(store_user_by_id(f.store, ada, &user), OK);
    assert_true(user.disabled);
    assert_string_equal(user.password_hash, FIXTURE_HASH);
    assert_int_equal(store_user_set_disabled(f.store, ada, false), OK);
    assert_int_equal(ask_session(f.store, 1), ERR_NOT_FOUND);
    assert_int_equal(ask_token(2), OK);
    assert_int_equal(store_user_set_disabled(f.store, 12345, true), ERR_NOT_FOUND);
    assert_int_equal(store_user_by_id(f.store, 12345, &user), ERR_NOT_FOUND);
}

static bool file_holds(const char *end, const char *text)
{
    static char bytes[8 << 20];
    char path[200];
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof(path), "%s%s", f.path, end);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes));
    assert_true(n < (ssize_t)sizeof(bytes));
    (void)close(fd);
    return n > 0 && memmem(bytes, (size_t)n, text, strlen(text)) != NULL;
}

static bool files_hold(const char *text)
{
    return file_holds("", text) || file_holds("-wal", text);
}

/* Breaks when a hash that was replaced, or an account that was deleted, can still be read from the database's files:
 * who steals a disk would find what its owner had taken away. Many rows beside it, so that pages are split and merged.
 */
static void what_is_deleted_is_gone(void **state)
{
    struct store_user user;
    char email[60];

    (void)state;
    for (int i = 0; i < 400; i++) {
        (void)snprintf(email, sizeof(email), "canary-%d@example.org", i);
        assert_int_equal(store_user_add(f.store, email, "$y$canary-hash", &user), OK);
        assert_int_equal(store_mail_put(f.store, STORE_MAIL_RESET, email, NULL), OK);
        assert_int_equal(
            store_session_add(f.store, token_hash(1000 + i), user.id, "canary::1", "canary-agent", &fixture_rule), OK);
    }
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    assert_true(files_hold("canary-hash") && files_hold("canary-7@") && files_hold("canary-agent"));
    for (int i = 0; i < 400; i++)
        assert_int_equal(store_user_change_password(f.store, bob + 1 + i, "$y$canary-hash", FIXTURE_HASH), OK);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    assert_false(files_hold("canary-hash"));
    assert_false(files_hold("canary-agent"));
    assert_true(files_hold("canary-7@"));
    for (int i = 0; i < 400; i++)
        assert_int_equal(store_user_delete(f.store, bob + 1 + i), OK);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    assert_false(files_hold("canary"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, with_two, teardown)
    const struct CMUnitTest tests[] = {
        TEST(sessions_are_listed),         TEST(sessions_are_ended_by_their_user), TEST(late_log_ins_get_no_session),
        TEST(late_changes_change_nothing), TEST(password_changes_end_the_rest),    TEST(deleting_takes_everything),
        TEST(disabled_accounts_are_shut),  TEST(what_is_deleted_is_gone),
    };

    return cmocka_run_group_tests_name("store_account", tests, NULL, NULL);
}
