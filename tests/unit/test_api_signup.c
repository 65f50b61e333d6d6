/* Who may sign up, and with which passwords. */
#include "fixture_app.h"

#include "store/store_account.h"
#include "web/session.h"

/* A new invitation with so many uses. */
static void invite(const char *code, int uses, int64_t expires_at_s)
{
    struct store_invite row;
    uint8_t hash[DIGEST_BYTES];

    session_token_hash(code, strlen(code), hash);
    assert_int_equal(store_invite_add(db.store, hash, "test", uses, expires_at_s, &row), OK);
}

static int sign_up_with(const char *email, const char *code)
{
    char body[256];

    cookie_jar[0] = '\0';
    (void)snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"" GOOD "\",\"invitation\":\"%s\"}", email,
                   code);
    return post_json("/signup", body);
}

/* Breaks when sign-up by invitation lets somebody in without a code, by a used or expired one, or takes a use for
 * nothing. */
static void test_invitations(void **state)
{
    (void)state;
    assert_int_equal(sign_up_with("open@example.org", "whatever"), 201); /* not asked for, not looked at */
    memcpy(conf.sign_up, "invitation", 11);
    invite("a good code", 2, 0);
    invite("soon over", 1, clock_wall_s() + 60);
    (void)post_credentials("/signup", "a@example.org", GOOD);
    expect_problem(__LINE__, 403, "bad-invitation");
    (void)sign_up_with("a@example.org", "");
    expect_problem(__LINE__, 403, "bad-invitation");
    (void)sign_up_with("a@example.org", "  ");
    expect_problem(__LINE__, 403, "bad-invitation");
    (void)sign_up_with("a@example.org", "a bad code");
    expect_problem(__LINE__, 403, "bad-invitation");
    (void)post_json("/signup", "{\"email\":\"a@x\",\"password\":\"" GOOD "\",\"invitation\":1}");
    expect_problem(__LINE__, 422, "bad-fields");
    (void)sign_up_with("open@example.org", "a good code"); /* taken: costs no use */
    expect_problem(__LINE__, 409, "address-taken");
    assert_int_equal(sql_int(db.store, "SELECT uses_left FROM invites WHERE id = 1"), 2);
    assert_int_equal(sign_up_with("a@example.org", " a good code\\n"), 201); /* as it was pasted */
    assert_int_equal(sign_up_with("b@example.org", "a good code"), 201);
    (void)sign_up_with("c@example.org", "a good code");
    expect_problem(__LINE__, 403, "bad-invitation");
    clock_step(120);
    (void)sign_up_with("c@example.org", "soon over");
    expect_problem(__LINE__, 403, "bad-invitation");
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM users"), 3);
    memcpy(conf.sign_up, "closed", 7);
    (void)sign_up_with("c@example.org", "a good code");
    expect_problem(__LINE__, 403, "sign-up-closed");
}

/* R42: no rules of composition, no rotation, no hint; R56: no account but those that people made. */
static void test_plain_rules(void **state)
{
    static const char *const fine[] = {"correct horse battery",
                                       "12 345 678 901 234",
                                       "\xc3\xa4\xc3\xb6\xc3\xbc \xce\xb1\xce\xb2\xce\xb3 \xd7\x90\xd7\x91",
                                       "no upper case here",
                                       "                 x",
                                       "tr0ub4dor and 3 more"};
    char email[64];

    (void)state;
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM users"), 0);
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        (void)snprintf(email, sizeof(email), "user%zu@example.org", i);
        cookie_jar[0] = '\0';
        if (post_credentials("/signup", email, fine[i]) != 201)
            fail_msg("\"%s\": %s", fine[i], got.text);
    }
    (void)post_json("/signup", "{\"email\":\"h@x\",\"password\":\"" GOOD "\",\"hint\":\"violet\"}");
    expect_problem(__LINE__, 422, "bad-fields");
    clock_step(INT64_C(5) * 365 * 86400);
    assert_int_equal(post_credentials("/login", "user0@example.org", fine[0]), 200);
    assert_int_equal(ask_as(NULL, "GET", "/account"), 200);
}

/* R41, R45: 64 code points always do, 127 at most; however they were typed, they are the same password. */
static void test_long_and_composed(void **state)
{
    static const char composed[] = "caf\xc3\xa9 au lait matin", decomposed[] = "cafe\xcc\x81 au lait matin";
    char longest[4 * 128 + 1] = "";

    (void)state;
    for (int i = 0; i < 127; i++) { /* each of four bytes */
        const char point[] = {'\xf0', '\x9f', '\x8c', (char)(0x80 + (i * 37) % 64), '\0'};

        (void)strncat(longest, point, sizeof(longest) - strlen(longest) - 1);
    }
    assert_int_equal(post_credentials("/signup", "long@example.org", longest), 201);
    assert_int_equal(post_credentials("/login", "long@example.org", longest), 200);
    longest[4 * 126] = '\0'; /* never cut silently */
    (void)post_credentials("/login", "long@example.org", longest);
    expect_problem(__LINE__, 401, "wrong-login");
    assert_int_equal(post_credentials("/signup", "c@example.org", composed), 201);
    assert_int_equal(post_credentials("/login", "c@example.org", decomposed), 200);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_invitations),
        TEST(test_plain_rules),
        TEST(test_long_and_composed),
    };

    return cmocka_run_group_tests_name("api_signup", tests, NULL, NULL);
}
