/* The paths of an account, from CGI parameters to reply bytes: what each asks for, what it changes, and that nobody
 * else reaches it. */
#include "fixture_app.h"

#include "store/store_account.h"
#include "store/store_mail.h"

#define OTHER "a loud orange mountain"

static int get_session(const char *cookie)
{
    return ask_as(cookie, "GET", "/session");
}

/* The visitor's cookie, kept while others log in. */
static void keep_cookie(char out[256])
{
    (void)snprintf(out, 256, "%s", cookie_jar);
}

static int64_t id_of(const char *email)
{
    struct store_user user;

    assert_int_equal(store_user_by_email(db.store, email, &user), OK);
    return user.id;
}

static int post_as(const char *cookie, const char *method, const char *uri, const char *body)
{
    return answer((struct ask){.method = method, .uri = uri, .type = JSON, .cookie = cookie, .body = body});
}

/* What the page asks first: breaks when a setting does not reach it. */
static void test_site(void **state)
{
    (void)state;
    assert_int_equal(answer((struct ask){.uri = "/site"}), 200);
    assert_string_equal(got.text, "{\"sign_up\":\"open\",\"password_min_length\":8,\"mail\":false}");
    memcpy(conf.sign_up, "invitation", 11);
    memcpy(conf.mail_command, "/bin/true", 10);
    conf.password_min_length = 15;
    assert_int_equal(answer((struct ask){.uri = "/site"}), 200);
    assert_string_equal(got.text, "{\"sign_up\":\"invitation\",\"password_min_length\":15,\"mail\":true}");
}

static void test_account(void **state)
{
    int64_t n = 0;

    (void)state;
    sign_up("b@example.org");
    sign_up("a@example.org");
    cookie_jar[0] = '\0';
    assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
    assert_int_equal(answer((struct ask){.uri = "/account"}), 200);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "a@example.org");
    assert_true(json_get_int(json_get(got.json, "counts"), "sessions", &n) && n == 2);
    assert_true(json_get_int(json_get(got.json, "counts"), "tokens", &n) && n == 0);
    assert_null(strstr(got.text, "b@example.org"));
}

/* R55, R58. Breaks when a password is changed without the old one, another session outlives it, the token stays the
 * same, or the old password still opens the account. */
static void test_password_change(void **state)
{
    static const struct {
        int line;
        const char *body;
        int status;
        const char *name;
    } cases[] = {
        {__LINE__, "{\"current\":\"not the password\",\"new\":\"" OTHER "\"}", 403, "wrong-password"},
        {__LINE__, "{\"current\":\"\",\"new\":\"" OTHER "\"}", 403, "wrong-password"},
        {__LINE__, "{\"new\":\"" OTHER "\"}", 422, "bad-fields"},
        {__LINE__, "{\"current\":\"" GOOD "\"}", 422, "bad-fields"},
        {__LINE__, "{\"current\":\"" GOOD "\",\"new\":\"" OTHER "\",\"email\":\"b@x\"}", 422, "bad-fields"},
        {__LINE__, "{\"current\":\"" GOOD "\",\"new\":null}", 422, "bad-fields"},
        {__LINE__, "{\"current\":\"" GOOD "\",\"new\":\"short\"}", 422, "bad-password"},
        {__LINE__, "{\"current\":\"" GOOD "\",\"new\":\"password\"}", 422, "bad-password"},
        {__LINE__, "{\"current\":\"" GOOD "\",\"new\":\"a@example.org\"}", 422, "bad-password"},
        {__LINE__, "[]", 422, "bad-fields"},
        {__LINE__, "{", 400, "bad-json"},
    };
    char first[256], second[256];

    (void)state;
    sign_up("a@example.org");
    keep_cookie(first);
    cookie_jar[0] = '\0';
    assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
    keep_cookie(second);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)post_as(second, "POST", "/account/password", cases[i].body);
        expect_problem(cases[i].line, cases[i].status, cases[i].name);
    }
    assert_int_equal(get_session(first), 200);
    assert_int_equal(fixture_logged(&db, "password_wrong"), 2);
    assert_int_equal(fixture_logged(&db, "password_changed"), 0);

    assert_int_equal(post_as(second, "POST", "/account/password", "{\"current\":\"" GOOD "\",\"new\":\"" OTHER "\"}"),
                     200);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "a@example.org");
    assert_string_not_equal(cookie_jar, second);
    assert_int_equal(get_session(cookie_jar), 200);
    assert_int_equal(get_session(first), 401);
    assert_int_equal(get_session(second), 401);
    assert_int_equal(fixture_logged(&db, "password_changed"), 1);
    (void)post_credentials("/login", "a@example.org", GOOD);
    expect_problem(__LINE__, 401, "wrong-login");
    assert_int_equal(post_credentials("/login", "a@example.org", OTHER), 200);
}

/* Between the check of the current password and the change: what a reset by its link does. */
static void reset_meanwhile(void *ctx, enum phase phase)
{
    static int hashes;
    static const uint8_t link[DIGEST_BYTES] = {1};
    char hash[PASSWORD_HASH_MAX];

    (void)ctx;
    if (phase != PHASE_HASH || ++hashes != 2)
        return;
    assert_int_equal(password_hash(GOOD " of the owner", sizeof(GOOD " of the owner") - 1, 5, hash), OK);
    assert_int_equal(store_link_reset_add(db.store, link, id_of("a@example.org")), OK);
    assert_int_equal(store_link_reset_use(db.store, link, hash), OK);
}

/* R55. Breaks when somebody who has the old password and a session, and is just changing it, undoes the owner's reset.
 */
static void test_late_password_change(void **state)
{
    char thief[256];

    (void)state;
    sign_up("a@example.org");
    keep_cookie(thief);
    app.on_phase = reset_meanwhile;
    (void)post_as(thief, "POST", "/account/password", "{\"current\":\"" GOOD "\",\"new\":\"" OTHER "\"}");
    app.on_phase = NULL;
    expect_problem(__LINE__, 401, "log-in-first");
    assert_string_equal(set_cookie, "");
    assert_int_equal(fixture_logged(&db, "password_changed"), 0);
    assert_int_equal(get_session(thief), 401);
    assert_int_equal(post_credentials("/login", "a@example.org", GOOD " of the owner"), 200);
    (void)post_credentials("/login", "a@example.org", OTHER);
    expect_problem(__LINE__, 401, "wrong-login");
}

static struct json *session_at(size_t i)
{
    return json_at(json_get(got.json, "sessions"), i);
}

static int64_t int_of(const struct json *obj, const char *key)
{
    int64_t n = -1;

    assert_true(json_get_int(obj, key, &n));
    return n;
}

/* R60. Breaks when a session shows the wrong place or device, one that was ended still opens the account, or a stranger
 * can end it. */
static void test_sessions(void **state)
{
    char stranger[256], laptop[256], phone[256], uri[64];
    int64_t of_laptop, of_phone;
    bool current = false;

    (void)state;
    sign_up("b@example.org");
    keep_cookie(stranger);
    sign_up("a@example.org");
    keep_cookie(laptop);
    clock_step(600);
    assert_int_equal(answer((struct ask){.method = "POST",
                                         .uri = "/login",
                                         .type = JSON,
                                         .cookie = "",
                                         .agent = "phone\xff <b>",
                                         .body = "{\"email\":\"a@example.org\",\"password\":\"" GOOD "\"}"}),
                     200);
    keep_cookie(phone);
    assert_int_equal(ask_as(laptop, "GET", "/account/sessions"), 200);
    assert_int_equal(json_len(json_get(got.json, "sessions")), 2);
    of_laptop = of_phone = 0;
    for (size_t i = 0; i < 2; i++) {
        struct json *s = session_at(i);

        assert_int_equal(json_members(s), 6);
        assert_string_equal(json_get_str(s, "address", NULL), "192.0.2.7");
        assert_int_equal(strlen(json_get_str(s, "created_at", NULL)), 20);
        assert_int_equal(strlen(json_get_str(s, "last_seen_at", NULL)), 20);
        assert_true(json_get_bool(s, "current", &current));
        assert_string_equal(json_get_str(s, "agent", NULL), current ? "test" : "phone? <b>");
        *(current ? &of_laptop : &of_phone) = int_of(s, "id");
    }
    assert_true(of_laptop > 0 && of_phone > 0);

    (void)snprintf(uri, sizeof(uri), "/account/sessions/%lld", (long long)of_phone);
    (void)ask_as(stranger, "DELETE", uri);
    expect_problem(__LINE__, 404, "not-found");
    assert_int_equal(get_session(phone), 200);
    assert_int_equal(ask_as(laptop, "DELETE", uri), 204);
    assert_int_equal(get_session(phone), 401);
    assert_int_equal(get_session(laptop), 200);
    (void)ask_as(laptop, "DELETE", uri);
    expect_problem(__LINE__, 404, "not-found");
    (void)ask_as(laptop, "DELETE", "/account/sessions/999999999999999999");
    expect_problem(__LINE__, 404, "not-found");
    assert_int_equal(fixture_logged(&db, "session_ended"), 1);
    (void)snprintf(uri, sizeof(uri), "/account/sessions/%lld", (long long)of_laptop);
    assert_int_equal(ask_as(laptop, "DELETE", uri), 204); /* one's own */
    assert_int_equal(get_session(laptop), 401);
}

/* R60: log out everywhere means here as well. */
static void test_logout_everywhere(void **state)
{
    char stranger[256], cookies[3][256];

    (void)state;
    sign_up("b@example.org");
    keep_cookie(stranger);
    sign_up("a@example.org");
    for (int i = 0; i < 3; i++) {
        cookie_jar[0] = '\0';
        assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
        keep_cookie(cookies[i]);
    }
    assert_int_equal(ask_as(cookies[1], "DELETE", "/account/sessions"), 204);
    assert_string_equal(set_cookie, "digitd_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    for (int i = 0; i < 3; i++)
        assert_int_equal(get_session(cookies[i]), 401);
    assert_int_equal(get_session(stranger), 200);
    assert_int_equal(fixture_logged(&db, "logged_out_everywhere"), 1);
}

/* R60: a disabled account is out at once, in all its browsers. */
static void test_disabled(void **state)
{
    char cookie[256];

    (void)state;
    sign_up("a@example.org");
    keep_cookie(cookie);
    assert_int_equal(store_user_set_disabled(db.store, id_of("a@example.org"), true), OK);
    assert_int_equal(get_session(cookie), 401);
    assert_int_equal(store_user_set_disabled(db.store, id_of("a@example.org"), false), OK);
    assert_int_equal(get_session(cookie), 401);
    assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
}

/* R61. Breaks when the 21st session does not push out the oldest. */
static void test_session_cap(void **state)
{
    char first[256], second[256];

    (void)state;
    sign_up("a@example.org");
    keep_cookie(first);
    for (int i = 0; i < 20; i++) {
        cookie_jar[0] = '\0';
        assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
        if (i == 0)
            keep_cookie(second);
    }
    assert_int_equal(get_session(first), 401);
    assert_int_equal(get_session(second), 200);
}

/* Breaks when the permission to learn is there before it was given, is another's, cannot be taken back, or is taken
 * from a body that says something else; when a token can give it. */
static void test_learn(void **state)
{
    static const char *const bad[] = {"{}",
                                      "{\"learn\":1}",
                                      "{\"learn\":\"true\"}",
                                      "{\"learn\":null}",
                                      "{\"learn\":true,\"more\":1}",
                                      "{\"Learn\":true}",
                                      "[true]",
                                      "true"};
    char first[256], second[256];
    bool learn = true;

    (void)state;
    sign_up("b@example.org");
    keep_cookie(first);
    sign_up("a@example.org");
    keep_cookie(second);
    assert_int_equal(ask_as(second, "GET", "/account"), 200);
    assert_true(json_get_bool(got.json, "learn", &learn) && !learn);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)post_as(second, "PATCH", "/account", bad[i]);
        expect_problem(__LINE__, 422, "bad-fields");
    }
    (void)post_as(second, "PATCH", "/account", "{\"learn\":tru}");
    expect_problem(__LINE__, 400, "bad-json");
    (void)ask_as(second, "PATCH", "/account");
    expect_problem(__LINE__, 411, "length-required");
    cookie_jar[0] = '\0';
    (void)post_as("digitd_session=nobody", "PATCH", "/account", "{\"learn\":true}");
    expect_problem(__LINE__, 401, "log-in-first");
    assert_int_equal(sql_int(db.store, "SELECT sum(learn) FROM users"), 0);

    assert_int_equal(post_as(second, "PATCH", "/account", "{\"learn\":true}"), 200);
    assert_string_equal(got.text, "{\"learn\":true}");
    assert_int_equal(sql_int(db.store, "SELECT sum(learn) FROM users WHERE email = 'a@example.org'"), 1);
    assert_int_equal(sql_int(db.store, "SELECT sum(learn) FROM users"), 1);
    assert_int_equal(ask_as(first, "GET", "/account"), 200);
    assert_true(json_get_bool(got.json, "learn", &learn) && !learn);
    assert_int_equal(post_as(second, "PATCH", "/account", "{\"learn\":false}"), 200);
    assert_string_equal(got.text, "{\"learn\":false}");
    assert_int_equal(sql_int(db.store, "SELECT sum(learn) FROM users"), 0);
    assert_int_equal(fixture_logged(&db, "learn_allowed"), 1);
    assert_int_equal(fixture_logged(&db, "learn_forbidden"), 1);
}

/* R55. Breaks when a wrong password deletes, or a row of the user's outlives the account. */
static void test_delete(void **state)
{
    char cookie[256], stranger[256];

    (void)state;
    sign_up("b@example.org");
    keep_cookie(stranger);
    sign_up("a@example.org");
    keep_cookie(cookie);
    assert_int_equal(post_as(cookie, "POST", "/account/tokens", "{\"name\":\"x\",\"scopes\":[\"classify\"]}"), 201);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM devices"), 2);
    (void)post_as(cookie, "DELETE", "/account", "{\"password\":\"not the password\"}");
    expect_problem(__LINE__, 403, "wrong-password");
    (void)post_as(cookie, "DELETE", "/account", "{}");
    expect_problem(__LINE__, 422, "bad-fields");
    (void)ask_as(cookie, "DELETE", "/account");
    expect_problem(__LINE__, 411, "length-required");
    assert_int_equal(get_session(cookie), 200);

    assert_int_equal(post_as(cookie, "DELETE", "/account", "{\"password\":\"" GOOD "\"}"), 204);
    assert_string_equal(set_cookie, "digitd_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    assert_int_equal(get_session(cookie), 401);
    assert_int_equal(get_session(stranger), 200);
    assert_int_equal(fixture_logged(&db, "account_deleted"), 1);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM users"), 1);
    assert_int_equal(sql_int(db.store, "SELECT (SELECT count(*) FROM sessions) * 100 + (SELECT count(*) FROM devices)"),
                     101);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM tokens"), 0);
    (void)post_credentials("/login", "a@example.org", GOOD);
    expect_problem(__LINE__, 401, "wrong-login");
    sign_up("a@example.org"); /* the address is free again, for a new number */
    assert_int_equal(id_of("a@example.org"), 3);
}

/* Breaks when the file lacks what is kept, or has a secret, a hash or another's data in it. */
static void test_export(void **state)
{
    char token[64];
    const char *secret;
    bool learn = true;

    (void)state;
    sign_up("b@example.org");
    sign_up("a@example.org");
    (void)snprintf(token, sizeof(token), "%s", strchr(cookie_jar, '=') + 1);
    assert_int_equal(post_as(NULL, "POST", "/account/tokens", "{\"name\":\"x\",\"scopes\":[\"history\"]}"), 201);
    secret = json_get_str(got.json, "secret", NULL);
    assert_int_equal(strlen(secret), 47);
    assert_int_equal(answer((struct ask){.uri = "/account/export", .accept = "text/html"}), 200);
    assert_string_equal(header("Content-Disposition"), "attachment; filename=\"digitd-account.json\"");
    assert_int_equal(json_members(got.json), 6);
    assert_int_equal(json_get_bool(got.json, "learn", &learn) && !learn, true);
    assert_int_equal(json_len(json_get(got.json, "history")), 0);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "a@example.org");
    assert_int_equal(json_len(json_get(got.json, "sessions")), 1);
    assert_int_equal(json_len(json_get(got.json, "tokens")), 1);
    assert_string_equal(json_get_str(json_at(json_get(got.json, "tokens"), 0), "name", NULL), "x");
    assert_null(strstr(got.text, "b@example.org"));
    assert_null(strstr(got.text, token));
    assert_null(strstr(got.text, "dgt_"));
    assert_null(strstr(got.text, "$y$"));
    assert_int_equal(fixture_logged(&db, "exported"), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_site),     TEST(test_account),     TEST(test_password_change), TEST(test_late_password_change),
        TEST(test_sessions), TEST(test_session_cap), TEST(test_disabled),        TEST(test_logout_everywhere),
        TEST(test_delete),   TEST(test_export),      TEST(test_learn),
    };

    return cmocka_run_group_tests_name("api_account", tests, NULL, NULL);
}
