/* What mail brings about: sign-ups that a link confirms, passwords that a link resets. `digitctl mail run` is played by
 * these tests: it takes the outbox's next row, makes a secret, and gives the store its hash. */
#include "fixture_app.h"

#include "store/store_account.h"
#include "store/store_mail.h"
#include "web/session.h"

#define OTHER "a loud orange mountain"

static int hashes;
static char secret[SESSION_TOKEN_CHARS + 1]; /* of the last link */

static void count_hashes(void *ctx, enum phase phase)
{
    (void)ctx;
    hashes += phase == PHASE_HASH;
}

static int mail_set_up(void **state)
{
    int rc = app_set_up(state);

    clock_hold(true); /* a rest is over when the test says so */
    memcpy(conf.mail_command, "/bin/true", 10);
    return rc;
}

/* Sends the next mail of the outbox, or finds that it cannot. */
static enum err mail_send(const char *to)
{
    struct store_mail mail;
    uint8_t hash[DIGEST_BYTES];
    enum err e = store_mail_next(db.store, &mail);

    assert_int_equal(e, OK);
    assert_string_equal(mail.email, to);
    assert_int_equal(session_token_make(secret), OK);
    session_token_hash(secret, SESSION_TOKEN_CHARS, hash);
    e = store_mail_link(db.store, mail.id, hash);
    assert_int_equal(store_mail_sent(db.store, mail.id), OK);
    return e;
}

static int post_link(const char *uri, const char *token, const char *password)
{
    char body[256];

    if (password == NULL)
        (void)snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
    else
        (void)snprintf(body, sizeof(body), "{\"token\":\"%s\",\"password\":\"%s\"}", token, password);
    return post_json(uri, body);
}

static int post_email(const char *uri, const char *email)
{
    char body[300];

    (void)snprintf(body, sizeof(body), "{\"email\":\"%s\"}", email);
    return post_json(uri, body);
}

static int forgot(const char *email)
{
    return post_email("/account/forgot", email);
}

static int ask_sign_up(const char *email)
{
    return post_email("/signup", email);
}

static int outbox(void)
{
    return sql_int(db.store, "SELECT count(*) FROM outbox");
}

/* Without a mail command nothing is promised, and the reply says what to do. */
static void test_off(void **state)
{
    (void)state;
    conf.mail_command[0] = '\0';
    sign_up("a@example.org");
    (void)forgot("a@example.org");
    expect_problem(__LINE__, 403, "mail-off");
    assert_non_null(strstr(got.text, "digitctl user reset"));
    (void)forgot("b@example.org");
    expect_problem(__LINE__, 403, "mail-off");
    assert_int_equal(outbox(), 0);
}

/* Breaks when a sign-up tells whether an address is taken: by its status, a word, a hash, or a row. */
static void test_sign_up_tells_nothing(void **state)
{
    static char first[2048];
    char *other;

    (void)state;
    conf.mail_command[0] = '\0';
    sign_up("a@example.org");
    memcpy(conf.mail_command, "/bin/true", 10);
    cookie_jar[0] = '\0';
    app.on_phase = count_hashes;
    hashes = 0;
    assert_int_equal(ask_sign_up("a@example.org"), 202);
    keep_reply(first, sizeof(first));
    assert_string_equal(set_cookie, "");
    assert_int_equal(ask_sign_up("b@example.org"), 202);
    assert_int_equal(hashes, 0);
    other = strstr(first, "a@example.org");
    assert_non_null(other);
    *other = 'b';
    assert_string_equal(got.bytes, first);
    assert_int_equal(outbox(), 2);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM users"), 1);
    assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200); /* nothing has happened to it */
    assert_int_equal(mail_send("a@example.org"), ERR_EXISTS);                 /* its owner gets another letter */
}

/* Breaks when a link works twice, too late, or before it was sent; or the account is not the one that was asked for. */
static void test_confirm(void **state)
{
    char old[sizeof(secret)];

    (void)state;
    app.on_phase = count_hashes;
    hashes = 0;
    assert_int_equal(ask_sign_up("A@example.org"), 202);
    (void)ask_sign_up("no address");
    expect_problem(__LINE__, 422, "bad-address");
    assert_int_equal(mail_send("a@example.org"), OK);
    (void)post_link("/account/confirm", "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE", GOOD);
    expect_problem(__LINE__, 403, "link-dead");
    (void)post_link("/account/reset", secret, OTHER); /* of another kind */
    expect_problem(__LINE__, 403, "link-dead");
    clock_step(24 * 3600 - 60);
    (void)post_link("/account/confirm", secret, NULL);
    expect_problem(__LINE__, 422, "bad-fields");
    (void)post_link("/account/confirm", secret, "short");
    expect_problem(__LINE__, 422, "bad-password");
    (void)post_link("/account/confirm", secret, "a@example.org");
    expect_problem(__LINE__, 422, "bad-password"); /* the link's address is known, and refused as a password */
    assert_int_equal(hashes, 0);                   /* what cannot succeed costs none */
    assert_int_equal(post_link("/account/confirm", secret, GOOD), 201);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "a@example.org");
    assert_int_equal(strncmp(set_cookie, "digitd_session=", 15), 0);
    assert_int_equal(strncmp(set_device, "digitd_device=", 14), 0);
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
    memcpy(old, secret, sizeof(old));
    (void)post_link("/account/confirm", old, OTHER);
    expect_problem(__LINE__, 403, "link-dead");
    assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);

    assert_int_equal(ask_sign_up("late@example.org"), 202);
    assert_int_equal(mail_send("late@example.org"), OK);
    clock_step(24 * 3600 + 60);
    (void)post_link("/account/confirm", secret, GOOD);
    expect_problem(__LINE__, 403, "link-dead");
    assert_int_equal(fixture_logged(&db, "sign_up_asked"), 2);
    assert_int_equal(fixture_logged(&db, "signed_up"), 1);
}

/* Breaks when a stranger who signs up with somebody's address, before, between or after the owner's own sign-up, gets a
 * password of theirs into the account, or makes a link of the owner's void. */
static void test_strangers_choose_nothing(void **state)
{
    char links[3][sizeof(secret)];

    (void)state;
    for (int owners = 0; owners < 3; owners++) { /* which of three sign-ups is the owner's */
        static const char *const emails[] = {"a@example.org", "b@example.org", "c@example.org"};
        const char *email = emails[owners];

        for (int i = 0; i < 3; i++) {
            assert_int_equal(i == owners ? ask_sign_up(email) : post_credentials("/signup", email, OTHER), 202);
            if (i == 1) /* the second came while the first was waiting */
                continue;
            assert_int_equal(mail_send(email), OK);
            memcpy(links[i], secret, sizeof(secret));
        }
        assert_int_equal(outbox(), 0);
        assert_int_equal(post_link("/account/confirm", links[owners == 0 ? 0 : 2], GOOD), 201);
        (void)post_link("/account/confirm", links[owners == 0 ? 2 : 0], OTHER);
        expect_problem(__LINE__, 403, "link-dead");
        cookie_jar[0] = '\0';
        (void)post_credentials("/login", email, OTHER);
        expect_problem(__LINE__, 401, "wrong-login");
        assert_int_equal(post_credentials("/login", email, GOOD), 200);
    }
}

/* An account made otherwise after the letter went out, by digitctl, say: the address is taken. */
static void test_confirm_taken(void **state)
{
    struct store_user user;

    (void)state;
    assert_int_equal(ask_sign_up("a@example.org"), 202);
    assert_int_equal(mail_send("a@example.org"), OK);
    assert_int_equal(store_user_add(db.store, "a@example.org", "*", &user), OK);
    (void)post_link("/account/confirm", secret, GOOD);
    expect_problem(__LINE__, 409, "address-taken");
}

/* An invitation is checked when it is given and taken when the account is made. */
static void test_invited_by_mail(void **state)
{
    static const char code[] = "one use";
    struct store_invite row;
    uint8_t hash[DIGEST_BYTES];
    char first[sizeof(secret)];

    (void)state;
    memcpy(conf.sign_up, "invitation", 11);
    session_token_hash(code, strlen(code), hash);
    assert_int_equal(store_invite_add(db.store, hash, "test", 1, 0, &row), OK);
    assert_int_equal(post_json("/signup", "{\"email\":\"a@x\",\"invitation\":\"one use\"}"), 202);
    assert_int_equal(mail_send("a@x"), OK);
    memcpy(first, secret, sizeof(first));
    assert_int_equal(post_json("/signup", "{\"email\":\"b@x\",\"invitation\":\"one use\"}"), 202);
    assert_int_equal(mail_send("b@x"), OK);
    assert_int_equal(post_link("/account/confirm", first, GOOD), 201);
    (void)post_link("/account/confirm", secret, GOOD);
    expect_problem(__LINE__, 403, "bad-invitation");
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM users"), 1);
}

/* Breaks when a reset tells who has an account, works twice or late, leaves a session, or takes a bad password. */
static void test_reset(void **state)
{
    static char first[2048];
    char *other, cookie[256];

    (void)state;
    conf.mail_command[0] = '\0';
    sign_up("a@example.org");
    memcpy(conf.mail_command, "/bin/true", 10);
    (void)snprintf(cookie, sizeof(cookie), "%s", cookie_jar);
    assert_int_equal(forgot("A@example.org"), 202);
    keep_reply(first, sizeof(first));
    assert_int_equal(forgot("b@example.org"), 202);
    other = strstr(first, "a@example.org");
    assert_non_null(other);
    *other = 'b';
    assert_string_equal(got.bytes, first);
    assert_int_equal(outbox(), 2);
    (void)forgot("no address");
    expect_problem(__LINE__, 422, "bad-address");

    assert_int_equal(mail_send("a@example.org"), OK);
    assert_int_equal(mail_send("b@example.org"), ERR_NOT_FOUND);
    (void)forgot("a@example.org");
    assert_int_equal(mail_send("a@example.org"), OK);
    app.on_phase = count_hashes;
    hashes = 0;
    (void)post_link("/account/reset", "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE", OTHER);
    expect_problem(__LINE__, 403, "link-dead");
    (void)post_link("/account/confirm", secret, OTHER); /* of another kind */
    expect_problem(__LINE__, 403, "link-dead");
    (void)post_link("/account/reset", secret, "short");
    expect_problem(__LINE__, 422, "bad-password");
    assert_int_equal(hashes, 0); /* what cannot succeed costs none */
    for (int k = 0; k < 7; k++)
        (void)post_credentials("/login", "a@example.org", "not the password");
    expect_problem(__LINE__, 429, "too-many-tries");
    assert_int_equal(ask_as(cookie, "GET", "/session"), 200);

    assert_int_equal(post_link("/account/reset", secret, OTHER), 204);
    assert_string_equal(set_cookie, "");
    assert_int_equal(ask_as(cookie, "GET", "/session"), 401);
    cookie_jar[0] = '\0';
    assert_int_equal(post_credentials("/login", "a@example.org", OTHER), 200); /* and the rest is over */
    (void)post_credentials("/login", "a@example.org", GOOD);
    expect_problem(__LINE__, 401, "wrong-login");
    (void)post_link("/account/reset", secret, GOOD);
    expect_problem(__LINE__, 403, "link-dead");
    assert_int_equal(fixture_logged(&db, "password_reset"), 1);
}

/* What `digitctl user reset` prints works without mail, for an hour. */
static void test_reset_without_mail(void **state)
{
    uint8_t hash[DIGEST_BYTES];
    struct store_user user;

    (void)state;
    conf.mail_command[0] = '\0';
    sign_up("a@example.org");
    assert_int_equal(store_user_by_email(db.store, "a@example.org", &user), OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(session_token_make(secret), OK);
        session_token_hash(secret, SESSION_TOKEN_CHARS, hash);
        assert_int_equal(store_link_reset_add(db.store, hash, user.id), OK);
        clock_step(i == 0 ? 3600 + 60 : 3600 - 60);
        (void)post_link("/account/reset", secret, OTHER);
        if (i == 0)
            expect_problem(__LINE__, 403, "link-dead");
        else
            assert_int_equal(got.status, 204);
    }
    assert_int_equal(post_credentials("/login", "a@example.org", OTHER), 200);
}

/* Mails to an address are counted, whether anybody has it. Breaks when somebody can be sent hundreds, or the two kinds
 * of address differ. */
static void test_throttle(void **state)
{
    static char replies[10][1024];

    (void)state;
    conf.mail_command[0] = '\0';
    sign_up("a@example.org");
    memcpy(conf.mail_command, "/bin/true", 10);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 10; k++) {
            const char *email = i == 0 ? "a@example.org" : "b@example.org";

            if (k % 2 == 0)
                (void)forgot(email);
            else
                (void)ask_sign_up(email);
            if (k < 6)
                assert_int_equal(got.status, 202);
            else {
                expect_problem(__LINE__, 429, "too-many-tries");
                assert_string_equal(header("Retry-After"), "1");
                if (i == 0)
                    keep_reply(replies[k], sizeof(replies[k]));
                else
                    assert_string_equal(got.bytes, replies[k]);
            }
        }
    assert_int_equal(outbox(), 4);                                            /* one of a kind and address */
    assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200); /* a count of its own */
    clock_step(1);
    assert_int_equal(forgot("a@example.org"), 202);
    (void)forgot("a@example.org");
    assert_string_equal(header("Retry-After"), "2");
}

/* A full outbox is a 503, not a promise. */
static void test_outbox_full(void **state)
{
    (void)state;
    sql_do(db.store,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO "
           "outbox (kind, email, created_at, due_at) SELECT 1, 'x' || i || '@x', unixepoch(), unixepoch() FROM n");
    assert_int_equal(forgot("a@example.org"), 503);
    assert_int_equal(ask_sign_up("a@example.org"), 503);
    assert_int_equal(outbox(), 10000);
}

/* R87, R89: the log tells that, not for whom, and no link. */
static void test_log(void **state)
{
    static char text[1 << 16];
    ssize_t n;

    (void)state;
    assert_int_equal(post_credentials("/signup", "canary@example.org", GOOD), 202);
    assert_int_equal(mail_send("canary@example.org"), OK);
    assert_int_equal(post_link("/account/confirm", secret, GOOD), 201);
    assert_int_equal(forgot("canary@example.org"), 202);
    n = pread(db.log_fd, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    assert_non_null(strstr(text, "event=sign_up_asked"));
    assert_non_null(strstr(text, "event=signed_up"));
    assert_non_null(strstr(text, "event=reset_asked"));
    assert_null(strstr(text, "canary"));
    assert_null(strstr(text, secret));
    assert_null(strstr(text, GOOD));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, mail_set_up, app_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_off),           TEST(test_sign_up_tells_nothing),
        TEST(test_confirm),       TEST(test_strangers_choose_nothing),
        TEST(test_confirm_taken), TEST(test_invited_by_mail),
        TEST(test_reset),         TEST(test_reset_without_mail),
        TEST(test_throttle),      TEST(test_outbox_full),
        TEST(test_log),
    };

    return cmocka_run_group_tests_name("api_mail", tests, NULL, NULL);
}
