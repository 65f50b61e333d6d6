/* The route table, row by row, and what is looked up in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/route.h"

/* What docs and openapi.json promise, written down a second time: a row that is added, dropped or changed has to be
 * changed here as well, by somebody who looked at who may call it. */
static const struct {
    const char *path;
    enum method method;
    enum access access;
    enum body body;
    size_t body_max_bytes;
    enum pool pool;
    bool store;
    const char *screen;
    void (*handler)(struct call *c);
} expected[] = {
    {"/signup", METHOD_POST, ACCESS_ANYONE, BODY_JSON, 8192, POOL_HASH, true, "./#signup", api_signup},
    {"/login", METHOD_POST, ACCESS_ANYONE, BODY_JSON, 8192, POOL_HASH, true, "./#login", api_login},
    {"/logout", METHOD_POST, ACCESS_SESSION, BODY_NONE, 8192, POOL_MAIN, true, "./#read", api_logout},
    {"/session", METHOD_GET, ACCESS_SESSION, BODY_NONE, 8192, POOL_MAIN, true, "./#read", api_session},
    {"/classify", METHOD_POST, ACCESS_SESSION, BODY_PICTURES, 10485760, POOL_MAIN, true, "./#read", api_classify},
    {"/model", METHOD_GET, ACCESS_ANYONE, BODY_NONE, 8192, POOL_MAIN, false, "./#model", api_model},
    {"/healthz", METHOD_GET, ACCESS_ANYONE, BODY_NONE, 8192, POOL_HEALTH, false, NULL, api_healthz},
    {"/readyz", METHOD_GET, ACCESS_ANYONE, BODY_NONE, 8192, POOL_HEALTH, false, NULL, api_readyz},
};
#define N_EXPECTED (sizeof(expected) / sizeof(expected[0]))

static void test_every_row(void **state)
{
    (void)state;
    assert_int_equal(n_routes, N_EXPECTED);
    for (size_t i = 0; i < n_routes; i++) {
        assert_string_equal(routes[i].path, expected[i].path);
        assert_int_equal(routes[i].method, expected[i].method);
        assert_int_equal(routes[i].access, expected[i].access);
        assert_int_equal(routes[i].body, expected[i].body);
        assert_int_equal(routes[i].body_max_bytes, expected[i].body_max_bytes);
        assert_int_equal(routes[i].pool, expected[i].pool);
        assert_int_equal(routes[i].store, expected[i].store);
        assert_true(routes[i].handler == expected[i].handler);
        if (expected[i].screen == NULL)
            assert_null(routes[i].screen);
        else
            assert_string_equal(routes[i].screen, expected[i].screen);
    }
}

/* What must hold for any row, whatever is added later. */
static void test_rules_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *row = &routes[i];

        assert_true(row->path[0] == '/' && row->path[strlen(row->path) - 1] != '/');
        assert_true(row->method != METHOD_OTHER && row->method != METHOD_HEAD && row->method != METHOD_OPTIONS);
        assert_true(row->access == ACCESS_ANYONE || row->store); /* sessions are in the database */
        assert_true(row->pool != POOL_HEALTH || row->access == ACCESS_ANYONE);
        assert_true(!method_is_safe(row->method) || row->body == BODY_NONE);
        assert_true(row->body_max_bytes <= ROUTE_PICTURES_MAX_BYTES);
        assert_true(row->screen == NULL || strncmp(row->screen, "./#", 3) == 0); /* relative: a sub-path works */
        for (size_t j = 0; j < i; j++)
            assert_false(routes[j].method == row->method && strcmp(routes[j].path, row->path) == 0);
    }
}

static void expect_allow(int line, const char *path, enum method method, const char *want)
{
    char allow[ROUTE_ALLOW_MAX];

    if (route_find(path, method, allow) != NULL)
        fail_msg("line %d: %s was found", line, path);
    if (strcmp(allow, want) != 0)
        fail_msg("line %d: Allow is \"%s\", not \"%s\"", line, allow, want);
}

/* R15. Breaks when a path or a method that is not listed is found. */
static void test_find(void **state)
{
    static const char *const unknown[] = {"/",     "",        "/Login",    "/login/",    "/login/x", "//login",
                                          "/logi", "/loginx", "/../login", "/session?x", "login"};
    char allow[ROUTE_ALLOW_MAX];

    (void)state;
    for (size_t i = 0; i < n_routes; i++)
        for (int m = METHOD_GET; m <= METHOD_OTHER; m++) {
            const struct route *row = route_find(routes[i].path, (enum method)m, allow);
            bool head = m == METHOD_HEAD && routes[i].method == METHOD_GET;

            assert_true((row == &routes[i]) == (m == (int)routes[i].method || head));
            assert_true(row != NULL || strlen(allow) > 0);
        }
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        expect_allow(__LINE__, unknown[i], METHOD_POST, "");
        expect_allow(__LINE__, unknown[i], METHOD_GET, "");
    }
    expect_allow(__LINE__, "/login", METHOD_GET, "POST");
    expect_allow(__LINE__, "/session", METHOD_DELETE, "GET, HEAD");
    expect_allow(__LINE__, "/classify", METHOD_OPTIONS, "POST");
    expect_allow(__LINE__, "/model", METHOD_OTHER, "GET, HEAD");
}

static void test_screens(void **state)
{
    (void)state;
    assert_string_equal(route_screen("/classify"), "./#read");
    assert_string_equal(route_screen("/login"), "./#login");
    assert_null(route_screen("/healthz"));
    assert_null(route_screen("/nothing"));
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
