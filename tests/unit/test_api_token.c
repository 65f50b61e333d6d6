/* API tokens: what they open, what they do not, and how they end. */
#include "fixture_pictures.h"

#include "store/history/store_history.h"
#include "store/store_account.h"

static char secret[64]; /* of the last token made */

/* A program's request: no cookie, no Origin, the token. */
static int ask_with(const char *token, const char *method, const char *uri)
{
    char authorization[128];
    bool classify = strcmp(uri, "/classify") == 0;

    (void)snprintf(authorization, sizeof(authorization), "Bearer %s", token);
    return answer((struct ask){.method = method,
                               .uri = uri,
                               .cookie = "",
                               .no_origin = true,
                               .authorization = authorization,
                               .type = classify ? "image/png" : JSON,
                               .body = classify                     ? (const void *)seven
                                       : strcmp(method, "GET") == 0 ? NULL
                                                                    : "{}",
                               .body_n = classify ? seven_n : 0});
}

/* Makes one in the visitor's browser; returns its number. */
static int64_t make(const char *body)
{
    int64_t id = 0;

    if (post_json("/account/tokens", body) != 201)
        fail_msg("%s: %s", body, got.bytes);
    assert_true(json_get_int(json_get(got.json, "token"), "id", &id));
    (void)snprintf(secret, sizeof(secret), "%s", json_get_str(got.json, "secret", NULL));
    return id;
}

static void expect_bad_token(int line)
{
    expect_problem(line, 401, "bad-token");
    assert_non_null(strstr(got.head, "WWW-Authenticate: Cookie realm=\"digitd\"\r\n"));
    assert_non_null(strstr(got.head, "WWW-Authenticate: Bearer realm=\"digitd\", error=\"invalid_token\"\r\n"));
}

/* The life of a token. Breaks when it opens more than its scope, is shown twice, is kept as it is, or outlives its
 * revocation. */
static void test_life(void **state)
{
    char uri[64], sql[256];
    const struct json *row;
    int64_t id;

    (void)state;
    sign_up("a@example.org");
    id = make("{\"name\":\"backup script\",\"scopes\":[\"classify\"],\"expires_in_days\":90}");
    assert_int_equal(strncmp(secret, "dgt_", 4), 0);
    assert_int_equal(strlen(secret), 47);
    assert_int_equal(fixture_logged(&db, "token_made"), 1);
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM tokens WHERE instr(token_hash || name, '%s')", secret + 4);
    assert_int_equal(sql_int(db.store, sql), 0);

    assert_int_equal(answer((struct ask){.uri = "/account/tokens"}), 200);
    assert_null(strstr(got.text, "dgt_"));
    row = json_at(json_get(got.json, "tokens"), 0);
    assert_int_equal(json_members(row), 6);
    assert_string_equal(json_get_str(row, "name", NULL), "backup script");
    assert_string_equal(json_str(json_at(json_get(row, "scopes"), 0), NULL), "classify");
    assert_int_equal(json_len(json_get(row, "scopes")), 1);
    assert_int_equal(strlen(json_get_str(row, "expires_at", NULL)), 20);
    assert_null(json_get_str(row, "last_used_at", NULL));

    assert_int_equal(ask_with(secret, "POST", "/classify"), 200);
    assert_int_equal(json_len(json_get(got.json, "results")), 1);
    assert_int_equal(ask_with(secret, "GET", "/session"), 200);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "a@example.org");
    assert_int_equal(answer((struct ask){.uri = "/account/tokens"}), 200);
    assert_int_equal(strlen(json_get_str(json_at(json_get(got.json, "tokens"), 0), "last_used_at", NULL)), 20);

    (void)snprintf(uri, sizeof(uri), "/account/tokens/%lld", (long long)id);
    assert_int_equal(ask_as(NULL, "DELETE", uri), 204);
    assert_int_equal(fixture_logged(&db, "token_revoked"), 1);
    (void)ask_with(secret, "POST", "/classify");
    expect_bad_token(__LINE__);
    (void)ask_with(secret, "GET", "/session");
    expect_bad_token(__LINE__);
    (void)ask_as(NULL, "DELETE", uri);
    expect_problem(__LINE__, 404, "not-found");
    assert_int_equal(fixture_logged(&db, "token_refused"), 2);
}

/* Every row of the table: a token opens those of its scope and no other, and a log-in is still a log-in. Breaks when an
 * account can be taken over with a leaked token. */
static void test_every_route(void **state)
{
    int opened = 0, refused = 0;

    (void)state;
    sign_up("a@example.org");
    (void)make("{\"name\":\"all\",\"scopes\":[\"history\",\"classify\"]}");
    for (size_t i = 0; i < api_routes.n; i++) {
        const char *brace = strchr(api_routes.rows[i].path, '{');
        char uri[64];

        (void)snprintf(uri, sizeof(uri), "%.*s%s", (int)strcspn(api_routes.rows[i].path, "{"), api_routes.rows[i].path,
                       brace == NULL ? "" : "1");
        if (api_routes.rows[i].access == ACCESS_ANYONE)
            continue;
        (void)ask_with(secret, method_name(api_routes.rows[i].method), uri);
        if (api_routes.rows[i].access == ACCESS_TOKEN) {
            assert_true(got.status != 401 && got.status != 403); /* 404 and 422 are the handler's words */
            opened++;
        } else {
            expect_problem(__LINE__, 403, "token-scope");
            assert_non_null(strstr(got.head, "error=\"insufficient_scope\""));
            refused++;
        }
    }
    assert_true(opened >= 7 && refused >= 10);
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM tokens"), 1);
}

static void test_scope(void **state)
{
    (void)state;
    sign_up("a@example.org");
    (void)make("{\"name\":\"h\",\"scopes\":[\"history\"]}");
    (void)ask_with(secret, "POST", "/classify");
    expect_problem(__LINE__, 403, "token-scope");
    assert_non_null(strstr(got.head, "WWW-Authenticate: Bearer realm=\"digitd\", error=\"insufficient_scope\"\r\n"));
    assert_int_equal(ask_with(secret, "GET", "/session"), 200);
}

/* With a token the cookie is not looked at, and Basic is the business of a server in front. */
static void test_beside_a_cookie(void **state)
{
    char good[80], bad[80];

    (void)state;
    sign_up("b@example.org");
    (void)make("{\"name\":\"b\",\"scopes\":[\"classify\"]}");
    (void)snprintf(good, sizeof(good), "Bearer %s", secret);
    sign_up("a@example.org");
    assert_int_equal(answer((struct ask){.uri = "/session", .authorization = good}), 200);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "b@example.org");
    (void)snprintf(bad, sizeof(bad), "Bearer dgt_%s", "0123456789012345678901234567890123456789012");
    (void)answer((struct ask){.uri = "/session", .authorization = bad});
    expect_bad_token(__LINE__);
    (void)answer((struct ask){.uri = "/session", .authorization = "Bearer nonsense"});
    expect_bad_token(__LINE__);
    (void)answer((struct ask){.uri = "/session", .authorization = "Bearer"});
    expect_bad_token(__LINE__);
    assert_int_equal(answer((struct ask){.uri = "/session", .authorization = "Basic YTpi"}), 200);
    assert_string_equal(json_get_str(json_get(got.json, "user"), "email", NULL), "a@example.org");
}

/* A program's request may say that it comes from anywhere, since no page can add a token; but not with a cookie beside
 * it, and never for a Host that is not ours (R23, R63). */
static void test_from_elsewhere(void **state)
{
    char authorization[80];
    struct ask a = {.method = "POST",
                    .uri = "/classify",
                    .type = "image/png",
                    .origin = "https://evil.example",
                    .site = "cross-site",
                    .cookie = "",
                    .authorization = authorization,
                    .body = seven,
                    .body_n = seven_n};

    (void)state;
    sign_up("a@example.org");
    (void)make("{\"name\":\"x\",\"scopes\":[\"classify\"]}");
    (void)snprintf(authorization, sizeof(authorization), "Bearer %s", secret);
    assert_int_equal(answer(a), 200);
    a.host = "evil.example";
    (void)answer(a);
    expect_problem(__LINE__, 421, "misdirected");
    a.host = NULL;
    a.cookie = cookie_jar;
    (void)answer(a);
    expect_problem(__LINE__, 403, "cross-site");
    a.cookie = "";
    (void)snprintf(authorization, sizeof(authorization), "Basic %s", secret);
    (void)answer(a);
    expect_problem(__LINE__, 403, "cross-site");
}

/* Breaks when a token outlives its last day, its owner's account, or a disabled owner. */
static void test_ends(void **state)
{
    struct store_user user;
    char short_lived[64];

    (void)state;
    sign_up("a@example.org");
    (void)make("{\"name\":\"short\",\"scopes\":[\"classify\"],\"expires_in_days\":1}");
    memcpy(short_lived, secret, sizeof(secret));
    (void)make("{\"name\":\"long\",\"scopes\":[\"classify\"]}");
    clock_step(86400 - 60);
    assert_int_equal(ask_with(short_lived, "GET", "/session"), 200);
    clock_step(120);
    (void)ask_with(short_lived, "GET", "/session");
    expect_bad_token(__LINE__);
    clock_step(INT64_C(400) * 86400);
    assert_int_equal(ask_with(secret, "GET", "/session"), 200);
    assert_int_equal(store_user_by_email(db.store, "a@example.org", &user), OK);
    assert_int_equal(store_user_set_disabled(db.store, user.id, true), OK);
    (void)ask_with(secret, "GET", "/session");
    expect_bad_token(__LINE__);
    assert_int_equal(store_user_set_disabled(db.store, user.id, false), OK);
    assert_int_equal(store_user_delete(db.store, user.id), OK);
    (void)ask_with(secret, "GET", "/session");
    expect_bad_token(__LINE__);
}

static void test_bad_wishes(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"name\":\"x\"}",
        "{\"name\":\"x\",\"scopes\":\"classify\"}",
        "{\"name\":\"x\",\"scopes\":[]}",
        "{\"name\":\"x\",\"scopes\":[\"admin\"]}",
        "{\"name\":\"x\",\"scopes\":[\"classify\",\"admin\"]}",
        "{\"name\":\"x\",\"scopes\":[1]}",
        "{\"name\":\"x\",\"scopes\":{\"classify\":true}}",
        "{\"name\":\"\",\"scopes\":[\"classify\"]}",
        "{\"name\":\"  \",\"scopes\":[\"classify\"]}",
        "{\"name\":\"1234567890123456789012345678901234567890123456789012345678901\",\"scopes\":[\"classify\"]}",
        "{\"name\":\"x\",\"scopes\":[\"classify\"],\"expires_in_days\":0}",
        "{\"name\":\"x\",\"scopes\":[\"classify\"],\"expires_in_days\":-1}",
        "{\"name\":\"x\",\"scopes\":[\"classify\"],\"expires_in_days\":3651}",
        "{\"name\":\"x\",\"scopes\":[\"classify\"],\"expires_in_days\":9223372036854775807}",
        "{\"name\":\"x\",\"scopes\":[\"classify\"],\"expires_in_days\":1.5}",
        "{\"name\":\"x\",\"scopes\":[\"classify\"],\"expires_in_days\":null}",
        "{\"name\":\"x\",\"scopes\":[\"classify\"],\"user_id\":1}",
    };
    char stranger[256], uri[64];
    int64_t id;

    (void)state;
    sign_up("b@example.org");
    (void)snprintf(stranger, sizeof(stranger), "%s", cookie_jar);
    sign_up("a@example.org");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)post_json("/account/tokens", bad[i]);
        expect_problem(__LINE__, 422, "bad-fields");
    }
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM tokens"), 0);
    id = make("{\"name\":\"tok\\u0007\xe2\x80\xae\",\"scopes\":[\"classify\",\"classify\"],\"expires_in_days\":3650}");
    (void)snprintf(uri, sizeof(uri), "/account/tokens/%lld", (long long)id);
    (void)ask_as(stranger, "DELETE", uri); /* another's is as good as none */
    expect_problem(__LINE__, 404, "not-found");
    assert_int_equal(ask_with(secret, "GET", "/session"), 200);
    for (int i = 1; i < STORE_TOKENS_PER_USER; i++)
        (void)make("{\"name\":\"x\",\"scopes\":[\"classify\"]}");
    (void)post_json("/account/tokens", "{\"name\":\"x\",\"scopes\":[\"classify\"]}");
    expect_problem(__LINE__, 409, "too-many-tokens");
}

/* R87, R89: the log says which token, never what it is. */
static void test_log(void **state)
{
    static char text[1 << 16];
    ssize_t n;

    (void)state;
    sign_up("a@example.org");
    (void)make("{\"name\":\"canary-name\",\"scopes\":[\"classify\"]}");
    assert_int_equal(ask_with(secret, "POST", "/classify"), 200);
    secret[10] ^= 1;
    (void)ask_with(secret, "POST", "/classify");
    secret[10] ^= 1;
    n = pread(db.log_fd, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    assert_non_null(strstr(text, "event=token_made"));
    assert_non_null(strstr(text, "event=token_refused"));
    assert_non_null(strstr(text, "route=\"/classify\" status=200"));
    assert_non_null(strstr(text, " token=1"));
    assert_null(strstr(text, "dgt_"));
    assert_null(strstr(text, secret + 20));
    assert_null(strstr(text, "canary"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_life),           TEST(test_every_route), TEST(test_scope),      TEST(test_beside_a_cookie),
        TEST(test_from_elsewhere), TEST(test_ends),        TEST(test_bad_wishes), TEST(test_log),
    };

    return cmocka_run_group_tests_name("api_token", tests, seven_read, seven_free);
}
