/* The route table, row by row, and what is looked up in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/store_account.h"
#include "web/api/routes.h"

/* What docs and openapi.json promise, written down a second time: a row that is added, dropped or changed has to be
 * changed here as well, by somebody who looked at who may call it. */
static const struct {
    const char *path;
    enum method method;
    enum access access;
    int scope;
    enum body body;
    size_t body_max_bytes;
    enum pool pool;
    bool store;
    const char *screen;
    void (*handler)(struct call *c);
} expected[] = {
    /* clang-format off */
    {"/signup", METHOD_POST, ACCESS_ANYONE, 0, BODY_FORM, 8192, POOL_HASH, true, "./#signup", api_signup},
    {"/login", METHOD_POST, ACCESS_ANYONE, 0, BODY_FORM, 8192, POOL_HASH, true, "./#login", api_login},
    {"/logout", METHOD_POST, ACCESS_SESSION, 0, BODY_NONE, 8192, POOL_MAIN, true, "./#read", api_logout},
    {"/session", METHOD_GET, ACCESS_TOKEN, 0, BODY_NONE, 8192, POOL_MAIN, true, "./#read", api_session},
    {"/site", METHOD_GET, ACCESS_ANYONE, 0, BODY_NONE, 8192, POOL_MAIN, false, "./#read", api_site},
    {"/account", METHOD_GET, ACCESS_SESSION, 0, BODY_NONE, 8192, POOL_MAIN, true, "./#account", api_account},
    {"/account", METHOD_PATCH, ACCESS_SESSION, 0, BODY_JSON, 8192, POOL_MAIN, true, "./#account", api_account_change},
    {"/account", METHOD_DELETE, ACCESS_SESSION, 0, BODY_JSON, 8192, POOL_HASH, true, "./#account", api_account_delete},
    {"/account/password", METHOD_POST, ACCESS_SESSION, 0, BODY_JSON, 8192, POOL_HASH, true, "./#account", api_password_change},
    {"/account/forgot", METHOD_POST, ACCESS_ANYONE, 0, BODY_JSON, 8192, POOL_MAIN, true, "./#forgot", api_password_forgot},
    {"/account/reset", METHOD_POST, ACCESS_ANYONE, 0, BODY_JSON, 8192, POOL_HASH, true, "./#login", api_password_reset},
    {"/account/confirm", METHOD_POST, ACCESS_ANYONE, 0, BODY_JSON, 8192, POOL_HASH, true, "./#login", api_confirm},
    {"/account/sessions", METHOD_GET, ACCESS_SESSION, 0, BODY_NONE, 8192, POOL_MAIN, true, "./#account", api_sessions},
    {"/account/sessions", METHOD_DELETE, ACCESS_SESSION, 0, BODY_NONE, 8192, POOL_MAIN, true, "./#account", api_sessions_end},
    {"/account/sessions/{id}", METHOD_DELETE, ACCESS_SESSION, 0, BODY_NONE, 8192, POOL_MAIN, true, "./#account", api_session_end},
    {"/account/tokens", METHOD_GET, ACCESS_SESSION, 0, BODY_NONE, 8192, POOL_MAIN, true, "./#account", api_tokens},
    {"/account/tokens", METHOD_POST, ACCESS_SESSION, 0, BODY_JSON, 8192, POOL_MAIN, true, "./#account", api_token_make},
    {"/account/tokens/{id}", METHOD_DELETE, ACCESS_SESSION, 0, BODY_NONE, 8192, POOL_MAIN, true, "./#account", api_token_revoke},
    {"/account/export", METHOD_GET, ACCESS_SESSION, 0, BODY_NONE, 8192, POOL_MAIN, true, NULL, api_account_export},
    {"/classify", METHOD_POST, ACCESS_TOKEN, STORE_SCOPE_CLASSIFY, BODY_PICTURES, 10485760, POOL_MAIN, true, "./#read", api_classify},
    {"/read", METHOD_POST, ACCESS_TOKEN, STORE_SCOPE_CLASSIFY, BODY_PICTURES, 10485760, POOL_MAIN, true, "./#read", api_read},
    {"/history", METHOD_GET, ACCESS_TOKEN, STORE_SCOPE_HISTORY, BODY_NONE, 8192, POOL_MAIN, true, "./#history", api_history},
    {"/history", METHOD_DELETE, ACCESS_TOKEN, STORE_SCOPE_HISTORY, BODY_NONE, 8192, POOL_MAIN, true, "./#history", api_history_clear},
    {"/history/{id}", METHOD_PATCH, ACCESS_TOKEN, STORE_SCOPE_HISTORY, BODY_JSON, 8192, POOL_MAIN, true, "./#history", api_history_correct},
    {"/history/{id}", METHOD_DELETE, ACCESS_TOKEN, STORE_SCOPE_HISTORY, BODY_NONE, 8192, POOL_MAIN, true, "./#history", api_history_drop},
    {"/history/export", METHOD_GET, ACCESS_TOKEN, STORE_SCOPE_HISTORY, BODY_NONE, 8192, POOL_MAIN, true, NULL, api_history_export},
    {"/model", METHOD_GET, ACCESS_ANYONE, 0, BODY_NONE, 8192, POOL_MAIN, false, "./#model", api_model},
    {"/healthz", METHOD_GET, ACCESS_ANYONE, 0, BODY_NONE, 8192, POOL_HEALTH, false, NULL, api_healthz},
    {"/readyz", METHOD_GET, ACCESS_ANYONE, 0, BODY_NONE, 8192, POOL_HEALTH, false, NULL, api_readyz},
    {"/metrics", METHOD_GET, ACCESS_ANYONE, 0, BODY_NONE, 8192, POOL_HEALTH, false, NULL, api_metrics},
    /* clang-format on */
};
#define N_EXPECTED (sizeof(expected) / sizeof(expected[0]))

static void test_every_row(void **state)
{
    (void)state;
    assert_int_equal(api_routes.n, N_EXPECTED);
    for (size_t i = 0; i < api_routes.n; i++) {
        assert_string_equal(api_routes.rows[i].path, expected[i].path);
        assert_int_equal(api_routes.rows[i].method, expected[i].method);
        assert_int_equal(api_routes.rows[i].access, expected[i].access);
        assert_int_equal(api_routes.rows[i].scope, expected[i].scope);
        assert_int_equal(api_routes.rows[i].body, expected[i].body);
        assert_int_equal(api_routes.rows[i].body_max_bytes, expected[i].body_max_bytes);
        assert_int_equal(api_routes.rows[i].pool, expected[i].pool);
        assert_int_equal(api_routes.rows[i].store, expected[i].store);
        assert_true(api_routes.rows[i].handler == expected[i].handler);
        if (expected[i].screen == NULL)
            assert_null(api_routes.rows[i].screen);
        else
            assert_string_equal(api_routes.rows[i].screen, expected[i].screen);
    }
}

/* What must hold for any row, whatever is added later. */
static void test_rules_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_routes.n; i++) {
        const struct route *row = &api_routes.rows[i];

        assert_true(row->path[0] == '/' && row->path[strlen(row->path) - 1] != '/');
        assert_true(row->method != METHOD_OTHER && row->method != METHOD_HEAD && row->method != METHOD_OPTIONS);
        assert_true(row->access == ACCESS_ANYONE || row->store); /* sessions are in the database */
        assert_true(row->pool != POOL_HEALTH || row->access == ACCESS_ANYONE);
        assert_true(!method_is_safe(row->method) || row->body == BODY_NONE);
        assert_true(row->scope == 0 || row->access == ACCESS_TOKEN);
        /* R56: what is about the account itself is for its owner in a browser, whatever token leaks. */
        assert_true(strncmp(row->path, "/account", 8) != 0 || row->access != ACCESS_TOKEN);
        assert_true(strchr(row->path, '{') == NULL || strcmp(strchr(row->path, '{'), "{id}") == 0);
        assert_true(row->body_max_bytes <= ROUTE_PICTURES_MAX_BYTES);
        assert_true(row->screen == NULL || strncmp(row->screen, "./#", 3) == 0); /* relative: a sub-path works */
        for (size_t j = 0; j < i; j++)
            assert_false(api_routes.rows[j].method == row->method && strcmp(api_routes.rows[j].path, row->path) == 0);
    }
}

static void expect_allow(int line, const char *path, enum method method, const char *want)
{
    char allow[ROUTE_ALLOW_MAX];
    int64_t id;

    if (route_find(&api_routes, path, method, allow, &id) != NULL)
        fail_msg("line %d: %s was found", line, path);
    if (strcmp(allow, want) != 0)
        fail_msg("line %d: Allow is \"%s\", not \"%s\"", line, allow, want);
}

/* R15. Breaks when a path or a method that is not listed is found. */
static void test_find(void **state)
{
    static const char *const unknown[] = {"/",
                                          "",
                                          "/Login",
                                          "/login/",
                                          "/login/x",
                                          "//login",
                                          "/logi",
                                          "/loginx",
                                          "/../login",
                                          "/session?x",
                                          "login",
                                          "/account/sessions/",
                                          "/account/sessions/0",
                                          "/account/sessions/01",
                                          "/account/sessions/-1",
                                          "/account/sessions/1x",
                                          "/account/sessions/1/",
                                          "/account/sessions/{id}",
                                          "/account/sessions/1234567890123456789",
                                          "/account/tokens/ 1",
                                          "/account/x"};
    char allow[ROUTE_ALLOW_MAX];
    int64_t id = -1;

    (void)state;
    for (size_t i = 0; i < api_routes.n; i++) {
        const char *brace = strchr(api_routes.rows[i].path, '{');
        char path[64];

        (void)snprintf(path, sizeof(path), "%.*s%s", brace == NULL ? 63 : (int)(brace - api_routes.rows[i].path),
                       api_routes.rows[i].path, brace == NULL ? "" : "17");
        for (int m = METHOD_GET; m <= METHOD_OTHER; m++) {
            const struct route *row = route_find(&api_routes, path, (enum method)m, allow, &id);
            bool head = m == METHOD_HEAD && api_routes.rows[i].method == METHOD_GET;

            if (m == (int)api_routes.rows[i].method || head)
                assert_ptr_equal(row, &api_routes.rows[i]);
            else
                assert_ptr_not_equal(row, &api_routes.rows[i]);
            assert_true(row != NULL || strlen(allow) > 0);
            assert_int_equal(id, row != NULL && brace != NULL ? 17 : 0);
        }
    }
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        expect_allow(__LINE__, unknown[i], METHOD_POST, "");
        expect_allow(__LINE__, unknown[i], METHOD_GET, "");
    }
    expect_allow(__LINE__, "/login", METHOD_GET, "POST");
    expect_allow(__LINE__, "/session", METHOD_DELETE, "GET, HEAD");
    expect_allow(__LINE__, "/classify", METHOD_OPTIONS, "POST");
    expect_allow(__LINE__, "/model", METHOD_OTHER, "GET, HEAD");
    expect_allow(__LINE__, "/account", METHOD_POST, "GET, HEAD, PATCH, DELETE");
    expect_allow(__LINE__, "/account/tokens", METHOD_DELETE, "GET, HEAD, POST");
    expect_allow(__LINE__, "/account/tokens/9", METHOD_GET, "DELETE");
    assert_non_null(route_find(&api_routes, "/account/tokens/999999999999999999", METHOD_DELETE, allow, &id));
    assert_int_equal(id, 999999999999999999);
}

static void test_screens(void **state)
{
    (void)state;
    assert_string_equal(route_screen(&api_routes, "/classify"), "./#read");
    assert_string_equal(route_screen(&api_routes, "/login"), "./#login");
    assert_string_equal(route_screen(&api_routes, "/account/sessions/3"), "./#account");
    assert_null(route_screen(&api_routes, "/account/export")); /* a link to it is a download */
    assert_null(route_screen(&api_routes, "/healthz"));
    assert_null(route_screen(&api_routes, "/nothing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row),
        cmocka_unit_test(test_rules_of_the_table),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_screens),
    };

    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
