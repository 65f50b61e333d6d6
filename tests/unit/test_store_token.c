/* API tokens and invitations. */
#include "fixture_account.h"

/* Breaks when a token is not what was made, opens another's account, or outlives its revocation. */
static void tokens_are_kept_and_revoked(void **state)
{
    struct store_user user;
    struct store_token made, found;
    struct seen seen = {0};
    int64_t now_s = clock_wall_s();

    (void)state;
    assert_int_equal(store_token_add(f.store, token_hash(1), ada, "night\nly \xe2\x80\xae run",
                                     STORE_SCOPE_CLASSIFY | STORE_SCOPE_HISTORY, now_s + 100, &made),
                     OK);
    assert_int_equal(store_token_user(f.store, token_hash(1), &user, &found), OK);
    assert_int_equal(user.id, ada);
    assert_string_equal(user.email, "ada@example.org");
    assert_string_equal(user.password_hash, "");
    assert_int_equal(found.id, made.id);
    assert_int_equal(found.user_id, ada);
    assert_string_equal(found.name, "night?ly ? run");
    assert_string_equal(made.name, found.name);
    assert_int_equal(found.scopes, STORE_SCOPE_CLASSIFY | STORE_SCOPE_HISTORY);
    assert_int_equal(found.expires_at_s, now_s + 100);
    assert_in_range(found.created_at_s, now_s, now_s + 2);
    assert_int_equal(found.last_used_at_s, 0);
    add_token(2, bob, 0);
    assert_int_equal(store_token_each(f.store, ada, see_token, &seen), OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.token.id, made.id);
    assert_in_range(seen.token.last_used_at_s, now_s, now_s + 2);
    assert_int_equal(store_token_revoke(f.store, bob, made.id), ERR_NOT_FOUND);
    assert_int_equal(ask_token(1), OK);
    assert_int_equal(store_token_revoke(f.store, ada, made.id), OK);
    assert_int_equal(store_token_user(f.store, token_hash(1), &user, &found), ERR_NOT_FOUND);
    assert_int_equal(user.id, 0);
    assert_int_equal(found.id, 0);
    assert_int_equal(ask_token(2), OK);
}

/* Breaks when a token can be made without a user, without a scope, twice, or without end. */
static void tokens_have_limits(void **state)
{
    struct store_token token;
    char name[200];

    (void)state;
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(store_token_add(f.store, token_hash(0), 12345, "", 1, 0, &token), ERR_NOT_FOUND);
    assert_int_equal(store_token_add(f.store, token_hash(0), ada, "", 0, 0, &token), ERR_RANGE);
    assert_int_equal(store_token_add(f.store, token_hash(0), ada, "", 4, 0, &token), ERR_RANGE);
    assert_int_equal(store_token_add(f.store, token_hash(0), ada, "", 1, -1, &token), ERR_RANGE);
    for (int i = 0; i < STORE_TOKENS_PER_USER; i++) {
        assert_int_equal(store_token_add(f.store, token_hash(i), ada, name, 1, 0, &token), OK);
        assert_int_equal(strlen(token.name), STORE_NAME_MAX);
    }
    assert_int_equal(store_token_add(f.store, token_hash(60), ada, "", 1, 0, &token), ERR_LIMIT);
    assert_int_equal(token.id, 0);
    assert_int_equal(tokens_of(ada), STORE_TOKENS_PER_USER);
    assert_int_equal(store_token_add(f.store, token_hash(0), bob, "", 1, 0, &token), ERR_EXISTS);
    assert_int_equal(store_token_revoke(f.store, ada, 1), OK);
    assert_int_equal(store_token_add(f.store, token_hash(60), ada, "", 1, 0, &token), OK);
}

/* Breaks when last_used is a write a request, or is never written. */
static void last_used_is_written_every_five_minutes(void **state)
{
    int before;

    (void)state;
    add_token(1, ada, 0);
    assert_int_equal(ask_token(1), OK);
    before = sql_int(f.store, "SELECT total_changes()");
    for (int i = 0; i < 50; i++)
        assert_int_equal(ask_token(1), OK);
    clock_step(290);
    assert_int_equal(ask_token(1), OK);
    assert_int_equal(sql_int(f.store, "SELECT total_changes()"), before);
    clock_step(20);
    for (int i = 0; i < 50; i++)
        assert_int_equal(ask_token(1), OK);
    assert_int_equal(sql_int(f.store, "SELECT total_changes()"), before + 1);
}

/* R91. Breaks when a token lasts longer than was said, or comes back to life because a clock was set; or when one that
 * never expires is lost to a wrong clock. */
static void tokens_expire_for_good(void **state)
{
    int64_t now_s = clock_wall_s();

    (void)state;
    add_token(1, ada, now_s + 3600);
    add_token(2, ada, now_s + 3600);
    add_token(3, ada, 0);
    clock_step(3590);
    assert_int_equal(ask_token(1), OK);
    clock_step(10);
    assert_int_equal(tokens_of(ada), 1);
    assert_int_equal(ask_token(1), ERR_NOT_FOUND); /* seen by a request */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM tokens"), 2);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK); /* the other one by housekeeping */
    clock_step(-3600);
    assert_int_equal(ask_token(1), ERR_NOT_FOUND);
    assert_int_equal(ask_token(2), ERR_NOT_FOUND);
    clock_step(10 * 86400);
    add_token(4, ada, clock_wall_s() + 3600); /* made while the clock was ahead */
    add_token(5, ada, clock_wall_s() + 3600);
    clock_step(-10 * 86400);
    assert_int_equal(ask_token(4), ERR_NOT_FOUND);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    clock_step(10 * 86400);
    assert_int_equal(ask_token(4), ERR_NOT_FOUND);
    assert_int_equal(ask_token(5), ERR_NOT_FOUND);
    assert_int_equal(ask_token(3), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM tokens"), 1);
}

static enum err sign_up_invited(const char *email, int invite)
{
    struct store_user user;
    enum err e = store_user_add_invited(f.store, email, FIXTURE_HASH, token_hash(invite), &user);

    assert_int_equal(e == OK, user.id != 0);
    return e;
}

/* Breaks when an invitation lets one too many in, is used up by a sign-up that failed, or makes an account when it is
 * good no more. */
static void invitations_are_counted(void **state)
{
    struct store_invite invite;
    struct seen seen = {0};

    (void)state;
    assert_int_equal(store_invite_add(f.store, token_hash(1), "for the\tclass", 2, 0, &invite), OK);
    assert_string_equal(invite.note, "for the?class");
    assert_int_equal(store_invite_add(f.store, token_hash(1), "", 2, 0, &invite), ERR_EXISTS);
    assert_int_equal(store_invite_add(f.store, token_hash(2), "", 0, 0, &invite), ERR_RANGE);
    assert_int_equal(store_invite_check(f.store, token_hash(2)), ERR_NOT_FOUND);
    assert_int_equal(store_invite_check(f.store, token_hash(1)), OK);
    assert_int_equal(sign_up_invited("ada@example.org", 1), ERR_EXISTS);
    assert_int_equal(sign_up_invited("not an address", 1), ERR_FORMAT);
    assert_int_equal(sign_up_invited("c@example.org", 2), ERR_DENIED);
    assert_int_equal(store_invite_each(f.store, see_invite, &seen), OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.invite.uses_left, 2);
    assert_int_equal(sign_up_invited("c@example.org", 1), OK);
    assert_int_equal(store_invite_check(f.store, token_hash(1)), OK);
    assert_int_equal(sign_up_invited("d@example.org", 1), OK);
    assert_int_equal(store_invite_check(f.store, token_hash(1)), ERR_NOT_FOUND);
    assert_int_equal(sign_up_invited("e@example.org", 1), ERR_DENIED);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 4);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM invites"), 0);
}

/* Breaks when a list of invitations loses one at the border of a batch, or one that was revoked still works. */
static void invitations_are_listed_and_revoked(void **state)
{
    struct store_invite invite;
    struct seen seen = {.stop_at = 3};

    (void)state;
    for (int i = 0; i < 30; i++)
        assert_int_equal(store_invite_add(f.store, token_hash(i), "x", 1, 0, &invite), OK);
    assert_int_equal(store_invite_each(f.store, see_invite, &seen), OK);
    assert_int_equal(seen.n, 3);
    assert_int_equal(store_invite_revoke(f.store, 7), OK);
    assert_int_equal(store_invite_revoke(f.store, 7), ERR_NOT_FOUND);
    assert_int_equal(store_invite_check(f.store, token_hash(6)), ERR_NOT_FOUND);
    seen = (struct seen){0};
    assert_int_equal(store_invite_each(f.store, see_invite, &seen), OK);
    assert_int_equal(seen.n, 29);
    for (int i = 0; i < 29; i++)
        assert_int_equal(seen.id[i], i < 6 ? i + 1 : i + 2);
}

/* R91. Breaks when an invitation outlives its date, or comes back because a clock was set. */
static void invitations_expire_for_good(void **state)
{
    struct store_invite invite;
    struct seen seen = {0};

    (void)state;
    for (int i = 1; i <= 3; i++)
        assert_int_equal(store_invite_add(f.store, token_hash(i), "", 5, clock_wall_s() + 3600, &invite), OK);
    clock_step(3600);
    assert_int_equal(store_invite_each(f.store, see_invite, &seen), OK);
    assert_int_equal(seen.n, 0);
    assert_int_equal(store_invite_check(f.store, token_hash(1)), ERR_NOT_FOUND);
    assert_int_equal(sign_up_invited("c@example.org", 2), ERR_DENIED);
    clock_step(-3600);
    assert_int_equal(store_invite_check(f.store, token_hash(1)), ERR_NOT_FOUND);
    assert_int_equal(sign_up_invited("c@example.org", 2), ERR_DENIED);
    assert_int_equal(store_invite_check(f.store, token_hash(3)), OK); /* nobody saw this one expired */
    clock_step(3600);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    clock_step(-3600);
    assert_int_equal(store_invite_check(f.store, token_hash(3)), ERR_NOT_FOUND);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, with_two, teardown)
    const struct CMUnitTest tests[] = {
        TEST(tokens_are_kept_and_revoked), TEST(tokens_have_limits),      TEST(last_used_is_written_every_five_minutes),
        TEST(tokens_expire_for_good),      TEST(invitations_are_counted), TEST(invitations_are_listed_and_revoked),
        TEST(invitations_expire_for_good),
    };

    return cmocka_run_group_tests_name("store_token", tests, NULL, NULL);
}
