/* A database that another writer holds: what is answered says "busy" and when to come back, once. */
#include "fixture_pictures.h"

#include "fixture_ask.h"

static struct store *other;

static void hold(void)
{
    other = fixture_open(&db);
    assert_int_equal(store_lock(other, 0), OK);
}

static void let_go(void)
{
    store_unlock(other);
    store_close(other);
}

/* The last reply is this sentence as a 503 that says "busy", and is the only one that was made. */
static void expect_busy(int line, const char *sentence)
{
    expect_problem(line, 503, "busy");
    assert_string_equal(header("Retry-After"), "2");
    assert_string_equal(json_get_str(got.json, "detail", NULL), sentence);
    assert_int_equal(fixture_logged(&db, "reply_bug"), 0);
}

/* Breaks when a log-in that meets a busy database is told "unavailable", as if something were broken. */
static void log_in(void **state)
{
    (void)state;
    sign_up("a@example.org");
    cookie_jar[0] = '\0';
    hold();
    (void)post_credentials("/login", "a@example.org", GOOD);
    let_go();
    expect_busy(__LINE__, "You could not be logged in just now. Try logging in later.");
    assert_int_equal(fixture_logged(&db, "store_failed"), 1);
    assert_int_equal(post_credentials("/login", "a@example.org", GOOD), 200);
}

/* Breaks when deleting an account replies twice, or says that nothing was changed. */
static void delete_account(void **state)
{
    (void)state;
    sign_up("a@example.org");
    hold();
    (void)answer(
        (struct ask){.method = "DELETE", .uri = "/account", .type = JSON, .body = "{\"password\":\"" GOOD "\"}"});
    let_go();
    expect_busy(__LINE__, "The account is still there, but some of its history may be deleted. Try again later.");
    assert_int_equal(fixture_logged(&db, "store_failed"), 1);
    assert_int_equal(ask_as(NULL, "GET", "/session"), 200);
}

/* The same of emptying the history. */
static void clear_history(void **state)
{
    (void)state;
    sign_up("a@example.org");
    assert_int_equal(post_picture("image/png", "save=1", seven, seven_n), 200);
    hold();
    (void)ask_as(NULL, "DELETE", "/history");
    let_go();
    expect_busy(__LINE__, "Some answers may be deleted, others not. Try again later.");
    assert_int_equal(fixture_logged(&db, "store_failed"), 1);
}

/* And of a route with the usual sentence. */
static void make_token(void **state)
{
    (void)state;
    sign_up("a@example.org");
    hold();
    (void)post_json("/account/tokens", "{\"name\":\"x\",\"scopes\":[\"classify\"],\"expires_in_days\":1}");
    let_go();
    expect_busy(__LINE__, "Wait a few seconds, then try again.");
    assert_int_equal(fixture_logged(&db, "store_failed"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(log_in, app_set_up, app_tear_down),
        cmocka_unit_test_setup_teardown(delete_account, app_set_up, app_tear_down),
        cmocka_unit_test_setup_teardown(clear_history, app_set_up, app_tear_down),
        cmocka_unit_test_setup_teardown(make_token, app_set_up, app_tear_down),
    };

    return cmocka_run_group_tests_name("api_busy", tests, seven_read, seven_free);
}
