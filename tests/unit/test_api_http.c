/* The worker as a whole, whatever the route: hosts, paths and methods, other sites, lengths, a lost database, the log,
 * and that html/openapi.json describes all of it. */
#include "fixture_pictures.h"

#include "web/http/problems.h"
#include "web/api/routes.h"

/* R23, and the cookie of an https site below a sub-path. */
static void test_hosts(void **state)
{
    static const char *const refused[] = {"evil.example",
                                          "localhost",
                                          "localhost:8081",
                                          "localhost:80800",
                                          "",
                                          "localhost:8080.evil.example",
                                          "localhost:8080, evil.example",
                                          "digits.example.org:80"};
    char text[512];
    struct ask a = {.method = "POST",
                    .uri = "/login",
                    .type = JSON,
                    .host = "digits.example.org",
                    .origin = "https://digits.example.org",
                    .body = text};

    (void)state;
    sign_up("a@example.org");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        (void)answer((struct ask){.uri = "/session", .host = refused[i]});
        expect_problem(__LINE__, 421, "misdirected");
        assert_non_null(strstr(got.text, "site_url"));
        assert_true(refused[i][0] == '\0' || strstr(got.text, refused[i]) == NULL);
    }
    (void)answer((struct ask){.uri = "/session", .no_host = true});
    expect_problem(__LINE__, 421, "misdirected");
    assert_int_equal(fixture_logged(&db, "host_refused"), sizeof(refused) / sizeof(refused[0]) + 1);
    assert_int_equal(answer((struct ask){.uri = "/session", .host = "LocalHost:8080"}), 200);

    (void)snprintf(text, sizeof(text), "{\"email\":\"a@example.org\",\"password\":\"" GOOD "\"}");
    assert_int_equal(answer(a), 200);
    assert_int_equal(strncmp(set_cookie, "__Host-digitd_session=", 22), 0);
    assert_string_equal(strchr(set_cookie, ';'), "; Path=/; HttpOnly; SameSite=Lax; Secure");
    assert_int_equal(answer((struct ask){.uri = "/sub/session", .host = "digits.example.org:443"}), 200);
    (void)answer((struct ask){.uri = "/session"}); /* the same cookie means nothing to the plain site */
    expect_problem(__LINE__, 401, "log-in-first");
    (void)answer((struct ask){.uri = "/sub/session"});
    expect_problem(__LINE__, 404, "not-found");
}

/* R15, R65. Breaks when a path or method is answered that is not in the table, or Allow is missing. */
static void test_routes(void **state)
{
    static const char *const unknown[] = {"/", "/nothing", "/login/", "/classify/x", "/.git/config", "/SESSION"};
    static const char browser[] = "text/html,application/xhtml+xml,*/*;q=0.8";
    int wrong_pool = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        (void)answer((struct ask){.uri = unknown[i]});
        expect_problem(__LINE__, 404, "not-found");
    }
    for (size_t i = 0; i < api_routes.n; i++) {
        static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"};
        char path[64];

        (void)snprintf(path, sizeof(path), "%.*s%s", (int)strcspn(api_routes.rows[i].path, "{"),
                       api_routes.rows[i].path, strchr(api_routes.rows[i].path, '{') == NULL ? "" : "1");
        for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
            if (openapi_operation(api_routes.rows[i].path, methods[m]) != NULL)
                continue;
            (void)answer((struct ask){.method = methods[m], .uri = path});
            expect_problem(__LINE__, 405, "method-not-allowed");
            assert_non_null(strstr(header("Allow"), method_name(api_routes.rows[i].method)));
            assert_null(strstr(header("Allow"), methods[m]));
        }
        if (api_routes.rows[i].pool == POOL_MAIN)
            continue;
        wrong_pool++;
        (void)answer((struct ask){.method = method_name(api_routes.rows[i].method), .uri = path, .main_pool = true});
        expect_problem(__LINE__, 404, "not-found");
    }
    assert_int_equal(wrong_pool, 9);
    assert_int_equal(fixture_logged(&db, "wrong_pool"), wrong_pool);
    (void)answer((struct ask){.uri = "/session", .health_pool = true});
    expect_problem(__LINE__, 404, "not-found");

    assert_int_equal(answer((struct ask){.uri = "/classify", .accept = browser}), 303);
    assert_string_equal(header("Location"), "./#read");
    assert_int_equal(answer((struct ask){.uri = "/model", .accept = browser}), 303);
    assert_string_equal(header("Location"), "./#model");
    assert_int_equal(answer((struct ask){.uri = "/account/password", .accept = browser}), 303);
    assert_string_equal(header("Location"), ".././#account"); /* from /account/, where nothing is */
    assert_int_equal(answer((struct ask){.uri = "/account/sessions/7", .accept = browser}), 303);
    assert_string_equal(header("Location"), "../.././#account");
    assert_int_equal(answer((struct ask){.method = "POST", .uri = "/logout", .accept = browser}), 401);
    assert_int_equal(answer((struct ask){.uri = "/model", .accept = "*/*"}), 200);
    assert_int_equal(answer((struct ask){.method = "HEAD", .uri = "/model"}), 200);
    assert_int_equal(got.text_n, 0);
    assert_true(strtoul(header("Content-Length"), NULL, 10) > 500);
    (void)answer((struct ask){.method = "HEAD", .uri = "/session"});
    assert_int_equal(got.status, 401);
    assert_int_equal(got.text_n, 0);
}

/* R63, R64: the rule is on the way of every unsafe route (its matrix is in test_session.c). */
static void test_other_sites(void **state)
{
    static const char *const paths[] = {"/signup", "/login", "/logout", "/classify"};
    static const struct {
        const char *origin, *site;
        bool no_origin;
    } cases[] = {{"http://evil.example", NULL, false},
                 {"null", NULL, false},
                 {"http://localhost:8081", "same-site", false},
                 {"http://127.0.0.1:8080", "cross-site", false},
                 {SITE, "cross-site", false},
                 {NULL, NULL, true}};
    int before;

    (void)state;
    sign_up("a@example.org");
    before = rows();
    for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++)
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            (void)answer((struct ask){.method = "POST",
                                      .uri = paths[p],
                                      .type = p < 2 ? JSON : "image/png",
                                      .origin = cases[i].origin,
                                      .no_origin = cases[i].no_origin,
                                      .site = cases[i].site,
                                      .body = "{\"email\":\"b@example.org\",\"password\":\"" GOOD "\"}"});
            expect_problem(__LINE__, 403, "cross-site");
        }
    assert_int_equal(fixture_logged(&db, "csrf_refused"), 24);
    assert_int_equal(rows(), before);
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
    /* A program without a browser's headers, and without a cookie, may log in. */
    assert_int_equal(answer((struct ask){.method = "POST",
                                         .uri = "/login",
                                         .type = JSON,
                                         .no_origin = true,
                                         .cookie = "",
                                         .body = "{\"email\":\"a@example.org\",\"password\":\"" GOOD "\"}"}),
                     200);
}

/* R16, R17, without nginx: nothing is processed. */
static void test_lengths(void **state)
{
    static const char body[] = "{\"email\":\"b@example.org\",\"password\":\"" GOOD "\"}";
    static const struct {
        int line;
        const char *uri, *length;
        int status;
        const char *name;
    } cases[] = {
        {__LINE__, "/signup", "", 411, "length-required"},
        {__LINE__, "/classify", "", 411, "length-required"},
        {__LINE__, "/signup", "-1", 400, "bad-request"},
        {__LINE__, "/signup", "x", 400, "bad-request"},
        {__LINE__, "/signup", "1e3", 400, "bad-request"},
        {__LINE__, "/signup", "0", 400, "bad-length"},
        {__LINE__, "/signup", "10", 400, "bad-length"},
        {__LINE__, "/signup", "8192", 400, "bad-length"},
        {__LINE__, "/signup", "8193", 413, "too-large"},
        {__LINE__, "/signup", "99999999999999999999", 413, "too-large"},
        {__LINE__, "/classify", "10485760", 400, "bad-length"},
        {__LINE__, "/classify", "10485761", 413, "too-large"},
        {__LINE__, "/logout", "8193", 413, "too-large"},
        {__LINE__, "/logout", "1", 400, "bad-length"},
        {__LINE__, "/logout", "", 400, "bad-length"}, /* bytes that nobody announced */
    };
    char *large = malloc(8192 + 1);
    int before;

    (void)state;
    sign_up("a@example.org");
    before = rows();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)answer((struct ask){.method = "POST",
                                  .uri = cases[i].uri,
                                  .type = strcmp(cases[i].uri, "/classify") == 0 ? "image/png" : JSON,
                                  .length = cases[i].length,
                                  .body = body});
        expect_problem(cases[i].line, cases[i].status, cases[i].name);
    }
    assert_int_equal(rows(), before);
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
    /* 8 KiB exactly are read: spaces after the object are JSON. */
    assert_non_null(large);
    memset(large, ' ', 8192);
    memcpy(large, body, strlen(body));
    large[8192] = '\0';
    assert_int_equal(post_json("/signup", large), 201);
    assert_int_equal(answer((struct ask){.method = "POST", .uri = "/logout", .type = JSON, .body = "{}"}), 204);
    free(large);
}

/* Control bytes and lengths that nginx would have stopped. */
static void test_bad_requests(void **state)
{
    static char longest[10000];

    (void)state;
    memset(longest, 'a', sizeof(longest) - 1);
    longest[0] = '/';
    (void)answer((struct ask){.uri = longest});
    expect_problem(__LINE__, 400, "bad-request");
    (void)answer((struct ask){.uri = "/session", .cookie = longest});
    expect_problem(__LINE__, 400, "bad-request");
    (void)answer((struct ask){.uri = "/session", .agent = "a\r\nlevel=error event=forged"});
    expect_problem(__LINE__, 400, "bad-request");
    (void)answer((struct ask){.uri = "/a\nevent=forged"});
    expect_problem(__LINE__, 400, "bad-request");
    (void)answer((struct ask){.uri = "", .method = "GET"});
    expect_problem(__LINE__, 400, "bad-request");
    assert_int_equal(answer((struct ask){.uri = "/model"}), 200);
}

static void test_health(void **state)
{
    (void)state;
    assert_int_equal(answer((struct ask){.uri = "/healthz", .host = "10.0.0.1"}), 200);
    assert_string_equal(got.text, "{\"status\":\"ok\"}");
    assert_int_equal(answer((struct ask){.uri = "/readyz", .no_host = true}), 200);
    steady = false;
    (void)answer((struct ask){.uri = "/readyz"});
    expect_problem(__LINE__, 503, "not-ready");
    assert_string_equal(header("Retry-After"), "2");
    steady = true;
    app.store = NULL;
    (void)answer((struct ask){.uri = "/readyz"});
    expect_problem(__LINE__, 503, "not-ready");
    assert_int_equal(answer((struct ask){.uri = "/healthz"}), 200);
    assert_int_equal(fixture_logged(&db, "not_ready"), 2);
}

/* R74: without a database, 503 where it is needed and nowhere else; never a log-in. */
static void test_no_database(void **state)
{
    (void)state;
    sign_up("a@example.org");
    app.store = NULL;
    (void)ask_as(NULL, "GET", "/session");
    expect_problem(__LINE__, 503, "unavailable");
    (void)post_picture("image/png", NULL, seven, seven_n);
    expect_problem(__LINE__, 503, "unavailable");
    (void)post_credentials("/login", "a@example.org", GOOD);
    expect_problem(__LINE__, 503, "unavailable");
    (void)post_credentials("/signup", "b@example.org", GOOD);
    expect_problem(__LINE__, 503, "unavailable");
    assert_int_equal(answer((struct ask){.uri = "/model"}), 200);
    app.store = db.store;
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
}

/* R87 to R89: each request one line with its id, route, status and time; none of them tells a secret. */
static void test_log(void **state)
{
    static char text[1 << 16];
    char token[64];
    ssize_t n;
    int lines = 0, with_user = 0;

    (void)state;
    sign_up("canary-address@example.org");
    (void)snprintf(token, sizeof(token), "%s", strchr(cookie_jar, '=') + 1);
    (void)post_credentials("/login", "canary-address@example.org", "canary-password");
    (void)post_picture("image/png", "input=1&canary-query=1", seven, seven_n);
    (void)answer((struct ask){.uri = "/no \"such\" \xe2\x80\xae path", .agent = "agent\x1b"});
    (void)answer((struct ask){.uri = "/nothing/\xe2\x80\xae\"x y\""});
    n = pread(db.log_fd, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    assert_int_equal(fixture_logged(&db, "request"), 5);
    assert_int_equal(fixture_logged(&db, "signed_up"), 1);
    assert_int_equal(fixture_logged(&db, "login_failed"), 1);
    assert_null(strstr(text, token));
    assert_null(strstr(text, GOOD));
    assert_null(strstr(text, "canary"));
    assert_null(strstr(text, "$y$"));
    assert_non_null(strstr(text, "route=\"/classify\" status=200 ms="));
    assert_non_null(strstr(text, "path=\"/nothing/\\xe2\\x80\\xae\\\"x y\\\"\" status=404"));
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_int_equal(strncmp(line, "ts=", 3), 0);
        assert_int_equal(strspn(line, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                                      "abcdefghijklmnopqrstuvwxyz{|}~"),
                         strlen(line));
        lines++;
        with_user += strstr(line, " event=request ") != NULL && strstr(line, " user=") != NULL;
        if (strstr(line, " event=request ") != NULL)
            assert_non_null(strstr(line, " id=\"" ID "\""));
    }
    assert_true(lines >= 7);
    assert_int_equal(with_user, 2);
}

static char route_seen[64], id_seen[64];

static void slow_decode(void *ctx, enum phase phase)
{
    (void)ctx;
    /* Told on entering a phase: the time that passes now is that phase's. */
    if (phase == PHASE_DECODE)
        clock_step(3);
    if (phase == PHASE_INFER)
        clock_step(2);
}

static void keep_route(void *ctx, const char *route, const char *id)
{
    (void)ctx;
    (void)snprintf(route_seen, sizeof(route_seen), "%s", route);
    (void)snprintf(id_seen, sizeof(id_seen), "%s", id);
}

/* R3: where the time of a slow request went; nothing of it in a quick one. */
static void test_phases(void **state)
{
    static char text[1 << 16];
    const char *line;
    ssize_t n;

    (void)state;
    sign_up("a@example.org");
    app.on_phase = slow_decode;
    app.on_route = keep_route;
    assert_int_equal(post_picture("image/png", NULL, seven, seven_n), 200);
    assert_string_equal(route_seen, "/classify");
    assert_string_equal(id_seen, ID);
    n = pread(db.log_fd, text, sizeof(text) - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    line = strstr(text, "route=\"/classify\"");
    assert_non_null(line);
    assert_non_null(strstr(line, " ms=50"));
    assert_non_null(strstr(line, " decode_ms=30"));
    assert_non_null(strstr(line, " infer_ms=20"));
    assert_non_null(strstr(line, " read_ms=0 "));
    assert_non_null(strstr(line, " hash_ms=0 "));
    assert_null(strstr(strstr(text, "route=\"/signup\""), "decode_ms=0"));
}

static bool count_methods(const char *path, struct json *methods, void *ctx)
{
    char allow[ROUTE_ALLOW_MAX], real[64];
    int64_t id;

    (void)snprintf(real, sizeof(real), "%.*s%s", (int)strcspn(path, "{"), path, strchr(path, '{') == NULL ? "" : "1");
    *(size_t *)ctx += json_members(methods);
    (void)route_find(&api_routes, real, METHOD_OTHER, allow, &id);
    if (allow[0] == '\0')
        fail_msg("html/openapi.json has %s, the route table has not", path);
    return true;
}

/* html/openapi.json has the routes of the table and the names of the problems, no more and no fewer. (That each status
 * a test meets is described, answer() looks at.) Breaks when one of the two is changed without the other. */
static void test_openapi(void **state)
{
    struct json *names = json_get(json_get(openapi(), "components"), "schemas");
    size_t n = 0, found = 0;

    (void)state;
    for (size_t i = 0; i < api_routes.n; i++)
        if (openapi_operation(api_routes.rows[i].path, method_name(api_routes.rows[i].method)) == NULL)
            fail_msg("html/openapi.json lacks %s", api_routes.rows[i].path);
    json_each(json_get(openapi(), "paths"), count_methods, &n);
    assert_int_equal(n, api_routes.n);
    names = json_get(json_get(json_get(json_get(names, "Problem"), "properties"), "type"), "enum");
    for (int i = 0; i < PROBLEM_COUNT; i++)
        for (size_t k = 0; k < json_len(names); k++)
            found += strcmp(json_str(json_at(names, k), NULL) + strlen("problems/"), problems[i].name) == 0;
    assert_int_equal(found, PROBLEM_COUNT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, app_set_up, app_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_hosts),  TEST(test_routes),      TEST(test_other_sites), TEST(test_lengths), TEST(test_bad_requests),
        TEST(test_health), TEST(test_no_database), TEST(test_log),         TEST(test_phases),  TEST(test_openapi),
    };

    return cmocka_run_group_tests_name("api_http", tests, seven_read, seven_free);
}
