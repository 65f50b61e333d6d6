/* Mail that waits, links that act once. */
#include "fixture_own.h"

#include "store/history/store_history.h"
#include "store/store_account.h"
#include "store/store_mail.h"

static enum err put_sign_up(const char *email)
{
    return store_mail_put(f.store, STORE_MAIL_SIGN_UP, email, NULL);
}

static enum err put_reset(const char *email)
{
    return store_mail_put(f.store, STORE_MAIL_RESET, email, NULL);
}

/* The mail that is due next, which there must be. */
static struct store_mail next_mail(void)
{
    struct store_mail mail;

    assert_int_equal(store_mail_next(f.store, &mail), OK);
    return mail;
}

static bool mail_waits(void)
{
    struct store_mail mail;
    enum err e = store_mail_next(f.store, &mail);

    assert_true(e == OK || e == ERR_NOT_FOUND);
    return e == OK;
}

static enum err confirm(int link)
{
    struct store_user user;
    enum err e = store_link_confirm(f.store, token_hash(link), "$chosen", &user);

    assert_int_equal(e == OK, user.id != 0);
    return e;
}

static enum err ask_reset(int link)
{
    struct store_user user;

    return store_link_reset_user(f.store, token_hash(link), &user);
}

/* A sign-up whose mail has been sent with this link. */
static void sign_up_sent(const char *email, int link)
{
    int64_t id;

    assert_int_equal(put_sign_up(email), OK);
    id = next_mail().id;
    assert_int_equal(store_mail_link(f.store, id, token_hash(link)), OK);
    assert_int_equal(store_mail_sent(f.store, id), OK);
}

/* Breaks when a mail is lost, changed, sent out of order, or put where it can never be sent. */
static void mails_wait_in_order(void **state)
{
    struct store_mail mail;

    (void)state;
    assert_int_equal(store_mail_next(f.store, &mail), ERR_NOT_FOUND);
    assert_int_equal(put_sign_up("Ada@Example.org"), OK);
    assert_int_equal(put_reset("bob@example.org"), OK); /* nobody has it: a row all the same */
    assert_int_equal(put_reset("ada@example.org"), OK); /* of another kind: one does not take the other's place */
    mail = next_mail();
    assert_string_equal(mail.email, "ada@example.org");
    assert_int_equal(mail.kind, STORE_MAIL_SIGN_UP);
    assert_int_equal(mail.tries, 0);
    assert_int_equal(store_mail_sent(f.store, mail.id), OK);
    assert_int_equal(store_mail_sent(f.store, mail.id), OK);
    mail = next_mail();
    assert_string_equal(mail.email, "bob@example.org");
    assert_int_equal(mail.kind, STORE_MAIL_RESET);
    assert_int_equal(store_mail_sent(f.store, mail.id), OK);
    assert_int_equal(next_mail().kind, STORE_MAIL_RESET);
    assert_int_equal(put_reset("not an address"), ERR_FORMAT);
}

/* Breaks when somebody can fill a mailbox by asking often, or the end of a mail that is being sent ends its successor.
 */
static void newer_mails_take_the_place(void **state)
{
    struct store_mail first, second;

    (void)state;
    assert_int_equal(put_sign_up("ada@example.org"), OK);
    first = next_mail();
    assert_int_equal(store_mail_link(f.store, first.id, token_hash(1)), OK);
    assert_int_equal(put_sign_up("ADA@example.org"), OK); /* while the first is being sent */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM outbox"), 1);
    assert_int_equal(store_mail_sent(f.store, first.id), OK);
    second = next_mail();
    assert_true(second.id > first.id);
    assert_int_equal(store_mail_failed(f.store, first.id), OK); /* nothing of the second's */
    assert_int_equal(next_mail().tries, 0);
    assert_int_equal(store_mail_link(f.store, first.id, token_hash(2)), ERR_NOT_FOUND);
    assert_int_equal(store_mail_link(f.store, second.id, token_hash(2)), OK);
    assert_int_equal(confirm(1), ERR_NOT_FOUND); /* it was said not to have been sent */
    assert_int_equal(confirm(2), OK);
}

/* Breaks when a stranger with an invitation of their own takes the place of a sign-up that waits with another one. */
static void invitations_wait_apart(void **state)
{
    struct store_invite invite;
    struct store_user user;
    int64_t id;

    (void)state;
    for (int i = 100; i <= 101; i++)
        assert_int_equal(store_invite_add(f.store, token_hash(i), "", 1, 0, &invite), OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(store_mail_put(f.store, STORE_MAIL_SIGN_UP, "ada@example.org", token_hash(100 + i % 2)), OK);
    assert_int_equal(put_sign_up("ada@example.org"), OK);
    assert_int_equal(put_sign_up("ada@example.org"), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM outbox"), 3);
    for (int i = 1; i <= 2; i++) {
        id = next_mail().id;
        assert_int_equal(store_mail_link(f.store, id, token_hash(i)), OK);
        assert_int_equal(store_mail_sent(f.store, id), OK);
    }
    assert_int_equal(store_invite_revoke(f.store, invite.id), OK); /* the stranger's */
    assert_int_equal(confirm(2), ERR_DENIED);
    assert_int_equal(store_link_confirm(f.store, token_hash(1), "$ada", &user), OK);
}

/* Breaks when the outbox can grow without end, or a full one refuses what would only take another's place. */
static void the_outbox_is_bounded(void **state)
{
    (void)state;
    sql_do(f.store, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
                    "INSERT INTO outbox (kind, email, created_at, due_at) "
                    "SELECT 1, 'u' || i || '@example.org', unixepoch(), unixepoch() FROM n");
    assert_int_equal(put_reset("ada@example.org"), ERR_LIMIT);
    assert_int_equal(put_reset("u77@example.org"), OK);
    assert_int_equal(store_mail_sent(f.store, next_mail().id), OK);
    assert_int_equal(put_reset("ada@example.org"), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM outbox"), STORE_OUTBOX_MAX);
}

/* Breaks when a mail that cannot be sent is tried without pause, blocks the others, leaves a link at work, or is tried
 * for ever. */
static void failed_mails_pause_and_end(void **state)
{
    static const int pause_s[] = {60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600};
    int64_t id, waited_s = 0;
    int tries = 0;

    (void)state;
    assert_int_equal(put_sign_up("ada@example.org"), OK);
    id = next_mail().id;
    assert_int_equal(put_reset("bob@example.org"), OK);
    assert_int_equal(store_mail_link(f.store, id, token_hash(1)), OK);
    assert_int_equal(store_mail_failed(f.store, id), OK);
    assert_int_equal(confirm(1), ERR_NOT_FOUND); /* its link is void */
    assert_true(next_mail().id != id);           /* the other one's turn */
    assert_int_equal(store_mail_sent(f.store, next_mail().id), OK);
    for (tries = 1; tries < 11; tries++) {
        clock_step(pause_s[tries - 1] - 10);
        assert_false(mail_waits());
        clock_step(15);
        assert_int_equal(next_mail().id, id);
        assert_int_equal(next_mail().tries, tries);
        waited_s += pause_s[tries - 1] + 5;
        assert_int_equal(store_mail_failed(f.store, id), OK);
    }
    clock_step(STORE_MAIL_KEPT_S - waited_s);
    assert_int_equal(next_mail().id, id);
    assert_int_equal(store_mail_failed(f.store, id), OK);
    clock_step(86400);
    assert_false(mail_waits());
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM outbox"), 0);
}

/* Breaks when mail that nobody sends keeps password hashes for ever, or waits years because a clock was set back. */
static void forgotten_mails_go(void **state)
{
    int64_t id;

    (void)state;
    assert_int_equal(put_sign_up("ada@example.org"), OK);
    clock_step(STORE_MAIL_KEPT_S - 10);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    assert_true(mail_waits());
    clock_step(10);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    assert_false(mail_waits());
    assert_int_equal(put_reset("ada@example.org"), OK);
    id = next_mail().id;
    clock_step(-100 * 86400);
    assert_int_equal(next_mail().id, id);
    assert_int_equal(store_mail_failed(f.store, id), OK); /* nobody can tell how old it is */
    assert_false(mail_waits());
    clock_step(100 * 86400);
    assert_false(mail_waits());
}

/* Breaks when a sign-up's link makes no account, makes two, or makes one of a taken address. */
static void sign_ups_are_confirmed_once(void **state)
{
    struct store_user user, found;
    char email[STORE_EMAIL_MAX + 1];
    int64_t id;

    (void)state;
    sign_up_sent("Ada@example.org", 1);
    assert_int_equal(store_user_by_email(f.store, "ada@example.org", &found), ERR_NOT_FOUND);
    assert_int_equal(confirm(2), ERR_NOT_FOUND);
    assert_int_equal(store_link_reset_use(f.store, token_hash(1), "$evil"), ERR_NOT_FOUND); /* of another kind */
    assert_int_equal(store_link_sign_up(f.store, token_hash(2), email), ERR_NOT_FOUND);
    assert_string_equal(email, "");
    assert_int_equal(store_link_sign_up(f.store, token_hash(1), email), OK); /* looking uses nothing */
    assert_string_equal(email, "ada@example.org");
    assert_int_equal(store_link_confirm(f.store, token_hash(1), "$ada", &user), OK);
    assert_string_equal(user.email, "ada@example.org");
    assert_int_equal(store_link_sign_up(f.store, token_hash(1), email), ERR_NOT_FOUND);
    assert_int_equal(store_user_by_email(f.store, "ada@example.org", &found), OK);
    assert_int_equal(found.id, user.id);
    assert_string_equal(found.password_hash, "$ada");
    assert_int_equal(confirm(1), ERR_NOT_FOUND);
    assert_int_equal(put_sign_up("ada@example.org"), OK); /* the same answer as for a free address */
    id = next_mail().id;
    assert_int_equal(store_mail_link(f.store, id, token_hash(3)), ERR_EXISTS);
    assert_int_equal(confirm(3), ERR_NOT_FOUND);
    assert_int_equal(store_mail_sent(f.store, id), OK);
}

/* Breaks when an older letter can make a deleted account rise again, or take an address that was taken since. */
static void old_letters_are_void(void **state)
{
    struct store_user user;

    (void)state;
    sign_up_sent("ada@example.org", 1);
    sign_up_sent("ada@example.org", 2);
    assert_int_equal(confirm(1), OK);
    assert_int_equal(confirm(2), ERR_NOT_FOUND);
    sign_up_sent("bob@example.org", 3);
    assert_int_equal(store_user_add(f.store, "bob@example.org", "$made", &user), OK); /* by digitctl, say */
    assert_int_equal(confirm(3), ERR_EXISTS);
    assert_int_equal(store_user_delete(f.store, user.id), OK);
    assert_int_equal(confirm(3), ERR_NOT_FOUND);
}

/* Breaks when confirmation forgets the invitation, or takes a use for an account that was not made. */
static void confirmation_takes_the_invitation(void **state)
{
    struct store_invite invite;
    int64_t id;

    (void)state;
    assert_int_equal(store_invite_add(f.store, token_hash(100), "", 1, 0, &invite), OK);
    for (int i = 1; i <= 2; i++) { /* both were good when they signed up */
        assert_int_equal(
            store_mail_put(f.store, STORE_MAIL_SIGN_UP, i == 1 ? "a@example.org" : "b@example.org", token_hash(100)),
            OK);
        id = next_mail().id;
        assert_int_equal(store_mail_link(f.store, id, token_hash(i)), OK);
        assert_int_equal(store_mail_sent(f.store, id), OK);
    }
    assert_int_equal(confirm(1), OK);
    assert_int_equal(confirm(2), ERR_DENIED);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 1);
}

/* Breaks when a reset link works twice, for another account, or leaves what the old password opened. */
static void resets_act_once(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org"), id;
    struct store_user user;

    (void)state;
    (void)add_user(f.store, "bob@example.org");
    add_session(f.store, 50, ada);
    assert_int_equal(put_reset("ada@example.org"), OK);
    id = next_mail().id;
    assert_int_equal(store_mail_link(f.store, id, token_hash(1)), OK);
    assert_int_equal(store_mail_sent(f.store, id), OK);
    assert_int_equal(store_link_reset_add(f.store, token_hash(2), ada), OK);
    assert_int_equal(store_link_reset_add(f.store, token_hash(3), 12345), ERR_NOT_FOUND);
    assert_int_equal(store_link_reset_user(f.store, token_hash(1), &user), OK);
    assert_int_equal(user.id, ada);
    assert_string_equal(user.email, "ada@example.org");
    assert_int_equal(confirm(1), ERR_NOT_FOUND);                                /* of another kind */
    assert_int_equal(store_link_reset_user(f.store, token_hash(1), &user), OK); /* looking uses nothing */
    assert_int_equal(store_link_reset_use(f.store, token_hash(1), "$new"), OK);
    assert_int_equal(store_link_reset_use(f.store, token_hash(1), "$newer"), ERR_NOT_FOUND);
    assert_int_equal(ask_reset(2), ERR_NOT_FOUND);
    assert_int_equal(ask_session(f.store, 50), ERR_NOT_FOUND);
    assert_int_equal(store_user_by_email(f.store, "ada@example.org", &user), OK);
    assert_string_equal(user.password_hash, "$new");
    assert_int_equal(store_user_by_email(f.store, "bob@example.org", &user), OK);
    assert_string_equal(user.password_hash, FIXTURE_HASH);
}

/* Breaks when a reset of an unknown or disabled account makes a link. */
static void resets_need_an_account(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org"), id;

    (void)state;
    assert_int_equal(put_reset("nobody@example.org"), OK);
    id = next_mail().id;
    assert_int_equal(store_mail_link(f.store, id, token_hash(1)), ERR_NOT_FOUND);
    assert_int_equal(ask_reset(1), ERR_NOT_FOUND);
    assert_int_equal(store_mail_sent(f.store, id), OK);
    assert_int_equal(store_user_set_disabled(f.store, ada, true), OK);
    assert_int_equal(put_reset("ada@example.org"), OK);
    assert_int_equal(store_mail_link(f.store, next_mail().id, token_hash(1)), ERR_NOT_FOUND);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM links"), 0);
}

/* R91. Breaks when a link lasts longer than was said or comes back because a clock was set, or when a second run's link
 * leaves the first one's at work. */
static void links_expire_for_good(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org"), id;
    char email[STORE_EMAIL_MAX + 1];

    (void)state;
    assert_int_equal(put_sign_up("bob@example.org"), OK);
    id = next_mail().id;
    assert_int_equal(store_mail_link(f.store, id, token_hash(1)), OK);
    assert_int_equal(store_mail_link(f.store, id, token_hash(2)), OK); /* the run before ended without a word */
    assert_int_equal(confirm(1), ERR_NOT_FOUND);
    assert_int_equal(store_link_reset_add(f.store, token_hash(3), ada), OK);
    assert_int_equal(store_link_reset_add(f.store, token_hash(4), ada), OK);
    assert_int_equal(store_link_reset_add(f.store, token_hash(5), ada), OK);
    clock_step(STORE_RESET_S - 5);
    assert_int_equal(ask_reset(3), OK);
    clock_step(5);
    assert_int_equal(ask_reset(3), ERR_NOT_FOUND);
    assert_int_equal(store_link_reset_use(f.store, token_hash(4), "$new"), ERR_NOT_FOUND);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM links WHERE kind = 1"), 1); /* two were seen */
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);                /* the fifth */
    clock_step(STORE_CONFIRM_S - STORE_RESET_S);
    assert_int_equal(store_link_sign_up(f.store, token_hash(2), email), ERR_NOT_FOUND);
    clock_step(-STORE_CONFIRM_S);
    assert_int_equal(confirm(2), ERR_NOT_FOUND);
    for (int i = 3; i <= 5; i++)
        assert_int_equal(ask_reset(i), ERR_NOT_FOUND);
    clock_step(86400);
    assert_int_equal(store_link_reset_add(f.store, token_hash(6), ada), OK); /* made while the clock was ahead */
    clock_step(-86400);
    assert_int_equal(ask_reset(6), ERR_NOT_FOUND);
    clock_step(86400);
    assert_int_equal(ask_reset(6), ERR_NOT_FOUND);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM links"), 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(mails_wait_in_order),
        TEST(newer_mails_take_the_place),
        TEST(invitations_wait_apart),
        TEST(the_outbox_is_bounded),
        TEST(failed_mails_pause_and_end),
        TEST(forgotten_mails_go),
        TEST(sign_ups_are_confirmed_once),
        TEST(old_letters_are_void),
        TEST(confirmation_takes_the_invitation),
        TEST(resets_act_once),
        TEST(resets_need_an_account),
        TEST(links_expire_for_good),
    };

    return cmocka_run_group_tests_name("store_mail", tests, NULL, NULL);
}
