/* The reply state machine: what leaves, byte for byte, and what a step out of order becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/log.h"
#include "web/http/problems.h"
#include "web/http/reply.h"

static const struct request request = {.id = "0123456789abcdef0123456789abcdef"};
static struct reply *p;
static int log_pipe[2];

static int set_up(void **state)
{
    (void)state;
    p = reply_new();
    if (p == NULL || pipe(log_pipe) != 0)
        return -1;
    log_init(log_pipe[1], LOG_DEBUG);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    reply_free(p);
    log_init(2, LOG_INFO);
    (void)close(log_pipe[0]);
    (void)close(log_pipe[1]);
    return 0;
}

static struct json *object(const char *key, const char *value)
{
    struct json *v = json_new_object();

    json_set_str(v, key, value);
    return v;
}

static void expect_bytes(const char *want)
{
    size_t n;
    const char *got = reply_bytes(p, &n);

    assert_int_equal(n, strlen(got));
    assert_string_equal(got, want);
}

/* The lines that the log got since the last look. */
static const char *logged(void)
{
    static char text[2048];
    ssize_t n;

    log_text(LOG_INFO, "mark", "");
    n = read(log_pipe[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n] = '\0';
    return text;
}

static void expect_bug(int line)
{
    size_t n;
    const char *bytes = reply_bytes(p, &n);

    if (reply_status_get(p) != 500 || strncmp(bytes, "Status: 500 ", 12) != 0 || strstr(bytes, "secret") != NULL)
        fail_msg("line %d: %s", line, bytes);
    if (strstr(logged(), "event=reply_bug") == NULL)
        fail_msg("line %d: no log line", line);
    reply_reset(p);
}

/* Breaks when a header is lost, the order changes, or Content-Length is not that of the body. */
static void test_json(void **state)
{
    (void)state;
    reply_status(p, 201);
    reply_header(p, "Set-Cookie", "a=b");
    reply_json(p, object("user", "\xc3\xa9"));
    assert_int_equal(reply_status_get(p), 201);
    expect_bytes("Status: 201 Created\r\nSet-Cookie: a=b\r\nContent-Type: application/json\r\n"
                 "Cache-Control: no-store\r\nVary: Accept\r\nContent-Length: 13\r\n\r\n{\"user\":\"\xc3\xa9\"}");
    assert_null(strstr(logged(), "reply_bug"));
}

static void test_empty(void **state)
{
    (void)state;
    reply_empty(p, 204);
    reply_account(p, 42); /* R125 */
    reply_header(p, "Set-Cookie", "a=");
    expect_bytes("Status: 204 No Content\r\nSet-Cookie: a=\r\nCache-Control: no-store\r\nVary: "
                 "Accept\r\nDigitd-Account: 42\r\n\r\n");
    reply_reset(p);
    reply_empty(p, 303);
    reply_header(p, "Location", "./#read");
    expect_bytes("Status: 303 See Other\r\nContent-Length: 0\r\nLocation: ./#read\r\nCache-Control: no-store\r\nVary: "
                 "Accept\r\n\r\n");
    assert_int_equal(reply_status_get(p), 303);
}

/* RFC 9110 section 9.3.2. Breaks when HEAD gets a body, or another length than GET. */
static void test_head(void **state)
{
    (void)state;
    reply_status(p, 200);
    reply_json(p, object("a", "b"));
    reply_drop_body(p);
    expect_bytes("Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nVary: Accept\r\n"
                 "Content-Length: 9\r\n\r\n");
}

/* Breaks when a body that was taken over is not sent, is sent for HEAD or after an error, or is not freed. */
static void test_taken(void **state)
{
    const char *rest;
    size_t n;

    (void)state;
    for (int k = 0; k < 2; k++) {
        struct buf *body = buf_new(100);

        reply_status(p, 200);
        assert_int_equal(buf_add(body, "a,\0b\r\n", 6), OK);
        reply_take(p, "text/csv", body);
        if (k == 1)
            reply_drop_body(p);
        expect_bytes("Status: 200 OK\r\nContent-Type: text/csv\r\nCache-Control: no-store\r\nVary: Accept\r\n"
                     "Content-Length: 6\r\n\r\n");
        rest = reply_rest(p, &n);
        assert_int_equal(n, k == 0 ? 6 : 0);
        assert_memory_equal(rest, "a,\0b\r\n", n);
        reply_reset(p);
    }
    reply_status(p, 200);
    reply_take(p, "text/csv", NULL);
    assert_int_equal(reply_status_get(p), 503);
    (void)reply_bytes(p, &n);
    (void)reply_rest(p, &n);
    assert_int_equal(n, 0);
    reply_reset(p);
    reply_take(p, "text/csv", buf_new(1)); /* without a status */
    expect_bug(__LINE__);
    reply_status(p, 200);
    reply_take(p, "text/csv", buf_new(1));
    reply_problem(p, &request, &problems[PROBLEM_BUSY], "Wait.");
    (void)reply_bytes(p, &n);
    (void)reply_rest(p, &n);
    assert_int_equal(n, 0);
}

/* R25. Breaks when a member of RFC 9457 is missing, or what was built before shines through. */
static void test_problem(void **state)
{
    (void)state;
    reply_status(p, 200);
    reply_header(p, "Set-Cookie", "secret");
    reply_json(p, object("secret", "secret"));
    reply_problem(p, &request, &problems[PROBLEM_METHOD_NOT_ALLOWED], "Look.");
    reply_header(p, "Allow", "POST");
    assert_int_equal(reply_status_get(p), 405);
    expect_bytes("Status: 405 Method Not Allowed\r\nContent-Type: application/problem+json\r\nAllow: POST\r\n"
                 "Cache-Control: no-store\r\nVary: Accept\r\nContent-Length: 167\r\n\r\n"
                 "{\"type\":\"problems/method-not-allowed\",\"title\":\"This address does not support that method.\","
                 "\"status\":405,\"detail\":\"Look.\",\"instance\":\"0123456789abcdef0123456789abcdef\"}");
    reply_reset(p);
    reply_problem(p, &request, &problems[PROBLEM_LOG_IN_FIRST], "\xff\r\n");
    size_t n;
    const char *bytes = reply_bytes(p, &n);
    assert_non_null(strstr(bytes, "\r\nWWW-Authenticate: Cookie realm=\"digitd\"\r\n"));
    assert_non_null(strstr(bytes, "\"detail\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
    assert_null(strstr(bytes, "Allow"));
}

/* Every row has all it needs, once; 503 says when to come back, 401 how. */
static void test_every_problem(void **state)
{
    (void)state;
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem *row = &problems[i];
        const char *bytes;
        size_t n;

        assert_non_null(row->name);
        assert_true(strlen(row->name) == strspn(row->name, "abcdefghijklmnopqrstuvwxyz-"));
        assert_true(row->title[strlen(row->title) - 1] == '.');
        for (int j = 0; j < i; j++)
            assert_string_not_equal(row->name, problems[j].name);
        reply_reset(p);
        reply_problem(p, &request, row, "x");
        assert_int_equal(reply_status_get(p), row->status);
        bytes = reply_bytes(p, &n);
        assert_int_equal(strstr(bytes, "\r\nRetry-After: ") != NULL, row->status == 503);
        assert_int_equal(strstr(bytes, "\r\nWWW-Authenticate: ") != NULL, row->status == 401);
    }
    assert_null(strstr(logged(), "reply_bug")); /* a status without a reason phrase would be one */
}

static void test_steps_out_of_order(void **state)
{
    (void)state;
    expect_bug(__LINE__); /* nothing built */

    reply_status(p, 200);
    expect_bug(__LINE__); /* a head alone */

    reply_header(p, "X", "y");
    expect_bug(__LINE__); /* a header before the status */

    reply_status(p, 200);
    reply_status(p, 201);
    reply_json(p, object("secret", ""));
    expect_bug(__LINE__);

    reply_status(p, 200);
    reply_json(p, object("secret", ""));
    reply_header(p, "Set-Cookie", "secret");
    expect_bug(__LINE__);

    reply_status(p, 200);
    reply_json(p, object("secret", ""));
    reply_json(p, object("secret", ""));
    expect_bug(__LINE__);

    reply_json(p, object("secret", ""));
    expect_bug(__LINE__);

    reply_empty(p, 204);
    reply_json(p, object("secret", ""));
    expect_bug(__LINE__);

    reply_problem(p, &request, &problems[PROBLEM_NOT_FOUND], "secret");
    reply_json(p, object("secret", ""));
    expect_bug(__LINE__);

    reply_status(p, 299);
    reply_json(p, object("secret", ""));
    expect_bug(__LINE__);

    reply_problem(p, &request, &problems[PROBLEM_BUSY], "secret");
    reply_problem(p, &request, &problems[PROBLEM_UNAVAILABLE], "secret");
    expect_bug(__LINE__);

    /* A bug stays one when a problem follows it: nobody knows what was meant. */
    reply_status(p, 200);
    reply_status(p, 200);
    reply_problem(p, &request, &problems[PROBLEM_NOT_FOUND], "secret");
    expect_bug(__LINE__);
}

/* R22: response splitting. Breaks when a CR or LF reaches a header. */
static void test_header_values(void **state)
{
    static const char *const bad[] = {"a\rb", "a\nSet-Cookie: secret", "\x01", "a\x7f", "\r\n\r\nsecret"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        reply_status(p, 200);
        reply_header(p, "X", bad[i]);
        reply_json(p, object("a", "b"));
        expect_bug(__LINE__);
    }
}

/* What cannot be built is a whole constant reply, not half of one; the next reply is not touched by it. */
static void test_failures(void **state)
{
    char *large = malloc(REPLY_BYTES_MAX + 1);
    struct json *v = json_new_object();
    size_t n;
    const char *bytes;

    (void)state;
    assert_non_null(large);
    memset(large, 'a', REPLY_BYTES_MAX);
    large[REPLY_BYTES_MAX] = '\0';
    reply_status(p, 200);
    reply_json(p, object("a", large));
    assert_int_equal(reply_status_get(p), 503);
    bytes = reply_bytes(p, &n);
    assert_int_equal(strncmp(bytes, "Status: 503 Service Unavailable\r\n", 33), 0);
    assert_non_null(strstr(bytes, "\r\nRetry-After: 2\r\n"));
    assert_non_null(strstr(bytes, problems[PROBLEM_UNAVAILABLE].title));
    free(large);

    reply_reset(p);
    json_set_str(v, "secret", "\xff"); /* not UTF-8: the writer's mistake */
    reply_status(p, 200);
    reply_json(p, v);
    assert_int_equal(reply_status_get(p), 500);
    bytes = reply_bytes(p, &n);
    assert_int_equal(strncmp(bytes, "Status: 500 ", 12), 0);
    assert_non_null(strstr(bytes, problems[PROBLEM_INTERNAL].title));
    assert_null(strstr(bytes, "secret"));

    reply_reset(p);
    reply_status(p, 200);
    reply_json(p, NULL);
    assert_int_equal(reply_status_get(p), 503);

    reply_reset(p);
    reply_status(p, 200);
    reply_json(p, object("a", "b"));
    assert_int_equal(reply_status_get(p), 200);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_json),
        TEST(test_empty),
        TEST(test_head),
        TEST(test_taken),
        TEST(test_problem),
        TEST(test_every_problem),
        TEST(test_steps_out_of_order),
        TEST(test_header_values),
        TEST(test_failures),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
