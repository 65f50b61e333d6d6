/* Reading a request from its parameters. Each test says what would break it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/http/request.h"
#include "web/http/text.h"

struct pair {
    const char *name, *value;
};

/* ctx: pairs, the last with a NULL name. */
static const char *param(const void *ctx, const char *name)
{
    for (const struct pair *p = ctx; p->name != NULL; p++)
        if (strcmp(p->name, name) == 0)
            return p->value;
    return NULL;
}

#define ID "0123456789abcdef0123456789abcdef"

static void expect_at(int line, enum err want, enum err got)
{
    if (want != got)
        fail_msg("line %d: expected \"%s\", got \"%s\"", line, err_str(want), err_str(got));
}

/* Breaks when a parameter is read under another name, or lands in another member. */
static void test_reads_every_parameter(void **state)
{
    const struct pair pairs[] = {{"REQUEST_METHOD", "POST"},
                                 {"DOCUMENT_URI", "/classify"},
                                 {"QUERY_STRING", "input=1"},
                                 {"CONTENT_TYPE", "image/png"},
                                 {"CONTENT_LENGTH", "1234"},
                                 {"REQUEST_ID", ID},
                                 {"REMOTE_ADDR", "::1"},
                                 {"HTTP_HOST", "h"},
                                 {"HTTP_ORIGIN", "o"},
                                 {"HTTP_SEC_FETCH_SITE", "s"},
                                 {"HTTP_COOKIE", "c"},
                                 {"HTTP_AUTHORIZATION", "a"},
                                 {"HTTP_ACCEPT", "x"},
                                 {"HTTP_USER_AGENT", "u"},
                                 {NULL, NULL}};
    struct request r;

    (void)state;
    assert_int_equal(request_read(&r, param, pairs), OK);
    assert_int_equal(r.method, METHOD_POST);
    assert_string_equal(r.path, "/classify");
    assert_string_equal(r.query, "input=1");
    assert_string_equal(r.content_type, "image/png");
    assert_true(r.has_length);
    assert_int_equal(r.length, 1234);
    assert_string_equal(r.id, ID);
    assert_string_equal(r.address, "::1");
    assert_string_equal(r.host, "h");
    assert_string_equal(r.origin, "o");
    assert_string_equal(r.sec_fetch_site, "s");
    assert_string_equal(r.cookie, "c");
    assert_string_equal(r.authorization, "a");
    assert_string_equal(r.accept, "x");
    assert_string_equal(r.user_agent, "u");
}

/* Breaks when an absent header becomes NULL, or an id from outside is taken without a look. */
static void test_what_is_absent(void **state)
{
    static const char *const odd[] = {"", "short", "0123456789ABCDEF0123456789ABCDEF", ID "0", ID "\n", NULL};
    struct request r;

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        const struct pair pairs[] = {
            {"REQUEST_METHOD", "GET"}, {"DOCUMENT_URI", "/"}, {"REQUEST_ID", odd[i]}, {NULL, NULL}};

        (void)request_read(&r, param, pairs);
        assert_int_equal(strlen(r.id), REQUEST_ID_MAX);
        assert_int_equal(strspn(r.id, "0123456789abcdef"), REQUEST_ID_MAX);
        assert_string_not_equal(r.id, ID);
        assert_string_not_equal(r.id, "00000000000000000000000000000000");
        assert_string_equal(r.query, "");
        assert_string_equal(r.host, "");
        assert_string_equal(r.cookie, "");
        assert_false(r.has_length);
        assert_int_equal(r.length, 0);
    }
}

static enum err read_length(const char *length, struct request *r)
{
    const struct pair pairs[] = {
        {"REQUEST_METHOD", "POST"}, {"DOCUMENT_URI", "/login"}, {"CONTENT_LENGTH", length}, {NULL, NULL}};

    return request_read(r, param, pairs);
}

/* R17. Breaks when strtoul's habits (spaces, signs, hexadecimal, wrapping round) reach the length. */
static void test_length(void **state)
{
    static const struct {
        int line;
        const char *text;
        enum err e;
        bool has;
        size_t length;
    } cases[] = {
        {__LINE__, NULL, OK, false, 0},
        {__LINE__, "", OK, false, 0},
        {__LINE__, "0", OK, true, 0},
        {__LINE__, "007", OK, true, 7},
        {__LINE__, "10485760", OK, true, 10485760},
        {__LINE__, "18446744073709551615", OK, true, SIZE_MAX},
        {__LINE__, "18446744073709551617", OK, true, SIZE_MAX}, /* 2^64 + 1 must not become 1 */
        {__LINE__, "99999999999999999999999999999999", OK, true, SIZE_MAX},
        {__LINE__, "-1", ERR_FORMAT, false, 0},
        {__LINE__, "+1", ERR_FORMAT, false, 0},
        {__LINE__, " 1", ERR_FORMAT, false, 0},
        {__LINE__, "1 ", ERR_FORMAT, false, 0},
        {__LINE__, "0x10", ERR_FORMAT, false, 0},
        {__LINE__, "1e3", ERR_FORMAT, false, 0},
        {__LINE__, "1,1", ERR_FORMAT, false, 0},
        {__LINE__, "x", ERR_FORMAT, false, 0},
    };
    struct request r;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_at(cases[i].line, cases[i].e, read_length(cases[i].text, &r));
        if (r.has_length != cases[i].has || r.length != cases[i].length)
            fail_msg("line %d: %s -> %d %zu", cases[i].line, cases[i].text, r.has_length, r.length);
    }
}

/* R22, R88. Breaks when a control byte passes into a header that is later logged, compared or echoed. */
static void test_control_bytes(void **state)
{
    static const char *const names[] = {"REQUEST_METHOD", "DOCUMENT_URI", "QUERY_STRING",    "HTTP_HOST",
                                        "HTTP_ORIGIN",    "HTTP_COOKIE",  "HTTP_USER_AGENT", "REMOTE_ADDR"};
    char value[8] = "/a?b";
    struct request r;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (int c = 1; c < 0x100; c++) {
            const struct pair pairs[] = {
                {names[i], value}, {"REQUEST_METHOD", "GET"}, {"DOCUMENT_URI", "/"}, {NULL, NULL}};
            bool bad = (c < 0x20 && (c != '\t' || strcmp(names[i], "DOCUMENT_URI") == 0)) || c == 0x7f;

            value[2] = (char)c;
            if ((request_read(&r, param, pairs) == ERR_FORMAT) != bad)
                fail_msg("byte 0x%02x in %s", c, names[i]);
        }
}

/* Breaks when a path without its slash is taken, or a long one is cut instead of refused. */
static void test_path_and_method(void **state)
{
    char longest[REQUEST_PATH_MAX + 2], header[REQUEST_HEADER_MAX + 2];
    struct request r;

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[REQUEST_PATH_MAX + 1] = '\0';
    memset(header, 'a', sizeof(header));
    header[REQUEST_HEADER_MAX + 1] = '\0';
    const struct {
        int line;
        const char *method, *path, *agent;
        enum err e;
    } cases[] = {
        {__LINE__, "GET", "/", "", OK},
        {__LINE__, "BREW", "/", "", OK},
        {__LINE__, "GET", "", "", ERR_FORMAT},
        {__LINE__, "GET", NULL, "", ERR_FORMAT},
        {__LINE__, "GET", "session", "", ERR_FORMAT},
        {__LINE__, "", "/", "", ERR_FORMAT},
        {__LINE__, NULL, "/", "", ERR_FORMAT},
        {__LINE__, "GET", longest + 1, "", ERR_FORMAT},
        {__LINE__, "GET", longest, "", OK},
        {__LINE__, "GET", "/", header, OK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct pair pairs[] = {{"REQUEST_METHOD", cases[i].method},
                                     {"DOCUMENT_URI", cases[i].path},
                                     {"HTTP_USER_AGENT", cases[i].agent},
                                     {NULL, NULL}};
        bool too_long = cases[i].path == longest || cases[i].agent == header;

        /* One byte more than the most is over the limit; without it, it is good. */
        expect_at(cases[i].line, too_long ? ERR_LIMIT : cases[i].e, request_read(&r, param, pairs));
        if (too_long) {
            longest[REQUEST_PATH_MAX] = header[REQUEST_HEADER_MAX] = '\0';
            expect_at(cases[i].line, OK, request_read(&r, param, pairs));
            longest[REQUEST_PATH_MAX] = header[REQUEST_HEADER_MAX] = 'a';
        }
    }
    assert_int_equal(r.method, METHOD_GET);
}

/* Breaks when a program that accepts anything is sent to a screen, or a browser is shown JSON. */
static void test_wants_html(void **state)
{
    static const struct {
        int line;
        const char *accept;
        bool html;
    } cases[] = {
        {__LINE__, "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true},
        {__LINE__, "text/html", true},
        {__LINE__, "TEXT/HTML", true},
        {__LINE__, "text/html;q=0.9, application/json;q=0.8", true},
        {__LINE__, "text/html;q=0.8, application/json;q=0.9", false},
        {__LINE__, "text/html ; charset=utf-8 ; q=0.001", true},
        {__LINE__, "text/html;q=0", false},
        {__LINE__, "text/html;q=0.000", false},
        {__LINE__, "application/json, text/html", false},
        {__LINE__, "application/json, application/problem+json", false},
        {__LINE__, "*/*", false},
        {__LINE__, "", false},
        {__LINE__, ",,;q=,", false},
        {__LINE__, "text/htmlx", false},
        {__LINE__, "text/html;q", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request r = {.accept = cases[i].accept};

        if (request_wants_html(&r) != cases[i].html)
            fail_msg("line %d: %s", cases[i].line, cases[i].accept);
    }
}

static bool is_type(const char *content_type, const char *type)
{
    struct request r = {.content_type = content_type};

    return request_type_is(&r, type);
}

/* Breaks when parameters or letter case count, or a longer type passes for a shorter one. */
static void test_type(void **state)
{
    (void)state;
    assert_true(is_type("application/json", "application/json"));
    assert_true(is_type("Application/JSON; charset=utf-8", "application/json"));
    assert_true(is_type("application/json;charset=utf-8", "application/json"));
    assert_false(is_type("application/jsonp", "application/json"));
    assert_false(is_type("application/json+x", "application/json"));
    assert_false(is_type("text/plain; application/json", "application/json"));
    assert_false(is_type("", "application/json"));
    assert_true(is_type("image/png", "image/"));
    assert_true(is_type("IMAGE/webp", "image/"));
    assert_false(is_type("image/", "image/"));
    assert_false(is_type("images/png", "image/"));
    assert_false(is_type("", "image/"));
}

/* Breaks when a sub-path is taken off where it is only the beginning of a name. */
static void test_strip_path(void **state)
{
    static const char *const cases[][3] = {{"/digits/", "/digits/login", "/login"},
                                           {"/digits/", "/login", "/login"},
                                           {"/digits/", "/digitslogin", "/digitslogin"},
                                           {"/digits/", "/digits/", "/"},
                                           {"/", "/login", "/login"},
                                           {"/a/b/", "/a/b/c/d", "/c/d"}};
    struct request r;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(r.path, sizeof(r.path), "%s", cases[i][1]);
        request_strip_path(&r, cases[i][0]);
        assert_string_equal(r.path, cases[i][2]);
    }
}

/* R19, RFC 3629. Breaks when a byte that is no UTF-8, or half a character, gets into a reply. */
static void test_text_clean(void **state)
{
#define R "\xef\xbf\xbd"
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xff", R},
        {"a\xc3", "a" R},
        {"\xc0\xaf", R R},             /* overlong */
        {"\xe0\x80\xaf", R R R},       /* overlong */
        {"\xed\xa0\x80", R R R},       /* surrogate */
        {"\xf4\x90\x80\x80", R R R R}, /* over U+10FFFF */
        {"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
        {"a\r\nb\x7f\x1b[0m", "a" R R "b" R R "[0m"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = text_clean(cases[i][0], strlen(cases[i][0]), out, sizeof(out));

        assert_string_equal(out, cases[i][1]);
        assert_int_equal(n, strlen(cases[i][1]));
    }
    assert_int_equal(text_clean("ab\xc3\xa9", 4, out, 4), 2); /* the accented letter does not fit with its NUL */
    assert_string_equal(out, "ab");
    assert_int_equal(text_clean("x", 1, out, 1), 0);
#undef R
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_every_parameter),
        cmocka_unit_test(test_what_is_absent),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_control_bytes),
        cmocka_unit_test(test_path_and_method),
        cmocka_unit_test(test_wants_html),
        cmocka_unit_test(test_type),
        cmocka_unit_test(test_strip_path),
        cmocka_unit_test(test_text_clean),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
