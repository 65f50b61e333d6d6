/* Signing up, logging in, and the session: from CGI parameters to reply bytes. A test that refuses something also looks
 * that nothing was stored and that the next request is answered. */
#include "fixture_pictures.h"

#include "web/session.h"

/* Breaks when any step of the main job does: the cookie, the account's members, the answer, the end of a session. */
static void test_journey(void **state)
{
    char first[256];
    int64_t id = 0, n = 0;
    const char *at;

    (void)state;
    assert_int_equal(post_credentials("/signup", "Me@Example.org ", GOOD), 201);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "me@example.org");
    assert_true(json_get_int(json_get(got.json, "user"), "id", &id) && id > 0);
    at = json_get_str(json_get(got.json, "user"), "created_at", &(size_t){0});
    assert_int_equal(strlen(at), 20); /* 2024-01-02T03:04:05Z */
    assert_true(at[4] == '-' && at[10] == 'T' && at[19] == 'Z');
    assert_int_equal(json_members(json_get(got.json, "user")), 3);
    assert_null(strstr(got.text, "$y$"));
    assert_true(strncmp(set_cookie, "digitd_session=", 15) == 0);
    assert_string_equal(strchr(set_cookie, ';'), "; Path=/; HttpOnly; SameSite=Lax");
    (void)snprintf(first, sizeof(first), "%s", cookie_jar);

    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "me@example.org");
    assert_int_equal(post_picture("image/png", NULL, seven, seven_n), 200);

    assert_int_equal(answer((struct ask){.method = "POST", .uri = "/logout"}), 204);
    assert_int_equal(got.text_n, 0);
    assert_string_equal(cookie_jar, "");
    (void)ask_as(NULL, "GET", "/session");
    expect_problem(__LINE__, 401, "log-in-first");
    answer((struct ask){.uri = "/session", .cookie = first}); /* R60: the old cookie is dead, not only gone */
    expect_problem(__LINE__, 401, "log-in-first");
    answer((struct ask){.method = "POST", .uri = "/logout", .cookie = first});
    expect_problem(__LINE__, 401, "log-in-first");

    assert_int_equal(post_credentials("/login", "ME@example.ORG", GOOD), 200);
    assert_true(json_get_int(json_get(got.json, "user"), "id", &n) && n == id);
    assert_string_not_equal(cookie_jar, first); /* R58 */
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);

    /* A log-in on top of a session ends that session. */
    (void)snprintf(first, sizeof(first), "%s", cookie_jar);
    assert_int_equal(post_credentials("/login", "me@example.org", GOOD), 200);
    answer((struct ask){.uri = "/session", .cookie = first});
    expect_problem(__LINE__, 401, "log-in-first");
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM sessions"), 1);
}

/* R57: what is in the database cannot log in. */
static void test_stored_token(void **state)
{
    char sql[256], token[64];
    uint8_t hash[DIGEST_BYTES];

    (void)state;
    sign_up("a@example.org");
    (void)snprintf(token, sizeof(token), "%s", strchr(cookie_jar, '=') + 1);
    digest_sha256(token, strlen(token), hash);
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM sessions WHERE instr(hex(token_hash), '%02X%02X%02X') = 1",
                   hash[0], hash[1], hash[2]);
    assert_int_equal(sql_int(db.store, sql), 1);
    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM sessions WHERE instr(token_hash || agent || address, '%.16s')", token);
    assert_int_equal(sql_int(db.store, sql), 0);
}

/* JSON that is not JSON, members that are not ours, addresses and passwords that will not do. */
static void test_bad_accounts(void **state)
{
    static const struct {
        int line;
        const char *body;
        int status;
        const char *name;
    } cases[] = {
        {__LINE__, "", 400, "bad-json"},
        {__LINE__, "not json", 400, "bad-json"},
        {__LINE__, "{\"email\":", 400, "bad-json"},
        {__LINE__, "{\"email\":\"b@x\",\"password\":\"" GOOD "\"} x", 400, "bad-json"},
        {__LINE__, "{\"email\":\"b@x\",\"email\":\"c@x\",\"password\":\"" GOOD "\"}", 400, "bad-json"},
        {__LINE__, "{\"email\":\"b\\u0000@x\",\"password\":\"" GOOD "\"}", 400, "bad-json"},
        {__LINE__, "{\"email\":\"b@\xff\",\"password\":\"" GOOD "\"}", 400, "bad-json"},
        {__LINE__, "{'email':'b@x'}", 400, "bad-json"},
        {__LINE__, "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", 400, "bad-json"}, /* 17 deep */
        {__LINE__, "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", 422, "bad-fields"}, /* 16 deep */
        {__LINE__, "[]", 422, "bad-fields"},
        {__LINE__, "\"x\"", 422, "bad-fields"},
        {__LINE__, "null", 422, "bad-fields"},
        {__LINE__, "{}", 422, "bad-fields"},
        {__LINE__, "{\"email\":\"b@x\"}", 422, "bad-fields"},
        {__LINE__, "{\"email\":1,\"password\":2}", 422, "bad-fields"},
        {__LINE__, "{\"email\":\"b@x\",\"password\":null}", 422, "bad-fields"},
        {__LINE__, "{\"email\":\"b@x\",\"password\":\"" GOOD "\",\"admin\":true}", 422, "bad-fields"},
    };
    static const char *const addresses[] = {"", "no-at-sign", "a b@example.org", "@example.org", "a@", "a@b@c"};
    static const char *const passwords[] = {"", "short", "password", "aaaaaaaaaaaa", "first@example.org"};
    char longest[700];
    int before;

    (void)state;
    sign_up("first@example.org");
    before = rows();
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            (void)post_json(k == 0 ? "/signup" : "/login", cases[i].body);
            expect_problem(cases[i].line, cases[i].status, cases[i].name);
        }
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        (void)post_credentials("/signup", addresses[i], GOOD);
        expect_problem(__LINE__, 422, "bad-address");
    }
    memset(longest, 'x', sizeof(longest));
    (void)snprintf(longest + 400, 20, "@example.org");
    (void)post_credentials("/signup", longest, GOOD);
    expect_problem(__LINE__, 422, "bad-address");
    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
        (void)post_credentials("/signup", "first@example.org", passwords[i]);
        expect_problem(__LINE__, 422, "bad-password");
    }
    (void)post_credentials("/signup", "long@example.org", longest);
    expect_problem(__LINE__, 422, "bad-password");
    (void)post_credentials("/signup", "FIRST@example.org", GOOD);
    expect_problem(__LINE__, 409, "address-taken");
    (void)answer((struct ask){.method = "POST", .uri = "/login", .type = "text/plain", .body = "{}"});
    expect_problem(__LINE__, 415, "unsupported-type");
    (void)answer((struct ask){.method = "POST", .uri = "/signup", .body = "{}"});
    expect_problem(__LINE__, 415, "unsupported-type");
    assert_int_equal(rows(), before);
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);

    memcpy(conf.sign_up, "closed", 7);
    (void)post_credentials("/signup", "new@example.org", GOOD);
    expect_problem(__LINE__, 403, "sign-up-closed");
    assert_int_equal(post_credentials("/login", "first@example.org", GOOD), 200);
}

/* R48: unknown, wrong, disabled, and what could never be right, are one reply, byte for byte. */
static void test_one_same_401(void **state)
{
    char *first, longest[600];

    (void)state;
    sign_up("a@example.org");
    cookie_jar[0] = '\0';
    (void)post_credentials("/login", "a@example.org", "not the password");
    expect_problem(__LINE__, 401, "wrong-login");
    first = strdup(got.bytes);
    assert_non_null(first);
    (void)post_credentials("/login", "b@example.org", "not the password");
    assert_string_equal(got.bytes, first);
    (void)post_credentials("/login", "not an address", "not the password");
    assert_string_equal(got.bytes, first);
    (void)post_credentials("/login", "a@example.org", "");
    assert_string_equal(got.bytes, first);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    (void)post_credentials("/login", "a@example.org", longest);
    assert_string_equal(got.bytes, first);
    (void)post_credentials("/login", longest, GOOD);
    assert_string_equal(got.bytes, first);
    sql_do(db.store, "UPDATE users SET disabled = 1");
    (void)post_credentials("/login", "a@example.org", GOOD);
    assert_string_equal(got.bytes, first);
    assert_int_equal(fixture_logged(&db, "login_failed"), 7);
    assert_int_equal(fixture_logged(&db, "login_ok"), 0);
    free(first);
}

/* R47. Breaks when a good log-in leaves a cheaper hash as it is. */
static void test_hash_upgrade(void **state)
{
    struct store_user user;

    (void)state;
    sign_up("a@example.org");
    conf.password_cost = 6;
    assert_int_equal(store_user_by_email(db.store, "a@example.org", &user), OK);
    assert_true(password_needs_rehash(user.password_hash, 6));
    (void)post_credentials("/login", "a@example.org", "not the password");
    assert_int_equal(store_user_by_email(db.store, "a@example.org", &user), OK);
    assert_true(password_needs_rehash(user.password_hash, 6));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
        assert_int_equal(store_user_by_email(db.store, "a@example.org", &user), OK);
        assert_false(password_needs_rehash(user.password_hash, 6));
    }
    assert_int_equal(fixture_logged(&db, "hash_upgraded"), 1);
}

/* R59: idle 24 hours and 14 days in all, by the settings. */
static void test_sessions_expire(void **state)
{
    (void)state;
    sign_up("a@example.org");
    clock_step(24 * 3600 - 60);
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
    clock_step(24 * 3600 + 60);
    (void)ask_as(NULL, "GET", "/session");
    expect_problem(__LINE__, 401, "log-in-first");

    assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
    for (int day = 0; day < 13; day++) {
        clock_step(23 * 3600);
        assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
    }
    clock_step(23 * 3600);
    clock_step(23 * 3600 - 3600);
    (void)ask_as(NULL, "GET", "/session");
    expect_problem(__LINE__, 401, "log-in-first");
}

/* R62. Breaks when the first, or the last, of two cookies of our name wins. */
static void test_cookie_twice(void **state)
{
    char twice[600];

    (void)state;
    sign_up("a@example.org");
    (void)snprintf(twice, sizeof(twice), "%s; %s", cookie_jar, cookie_jar);
    (void)answer((struct ask){.uri = "/session", .cookie = twice});
    expect_problem(__LINE__, 400, "bad-cookie");
    (void)snprintf(twice, sizeof(twice), "other=1; %s; __Host-%s", cookie_jar, cookie_jar);
    assert_int_equal(answer((struct ask){.uri = "/session", .cookie = twice}), 200);
}

/* R49: what a request leaves behind in the worker's own memory. */
static void test_wiped(void **state)
{
    (void)state;
    sign_up("a@example.org");
    for (int i = 0; i < 2; i++) {
        const char *was = buf_data(app.body);

        (void)post_credentials("/login", "a@example.org", i == 0 ? "not the password" : GOOD);
        assert_ptr_equal(buf_data(app.body), was);
        assert_int_equal(buf_len(app.body), 0);
        for (int k = 0; k < 48; k++) /* each body was longer */
            assert_int_equal(was[k], 0);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_journey),      TEST(test_stored_token),    TEST(test_bad_accounts), TEST(test_one_same_401),
        TEST(test_hash_upgrade), TEST(test_sessions_expire), TEST(test_cookie_twice), TEST(test_wiped),
    };

    return cmocka_run_group_tests_name("api_login", tests, seven_read, seven_free);
}
