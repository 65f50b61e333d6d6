/* Tokens, the cookie, and the rule against other sites' pages (csrf.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/base64.h"
#include "web/csrf.h"
#include "web/session.h"

#define TOKEN "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE"

static const struct conf_origin plain = {.https = false, .origin = "http://localhost:8080", .host = "localhost:8080"};
static const struct conf_origin secure = {.https = true, .origin = "https://d.example", .host = "d.example"};

/* RFC 4648 section 10. */
static void test_base64(void **state)
{
    static const char *const cases[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xfb\xff\xbf", "+/+/"}};
    char out[BASE64_CHARS(8) + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        base64_encode((const uint8_t *)cases[i][0], strlen(cases[i][0]), out);
        assert_string_equal(out, cases[i][1]);
        assert_int_equal(BASE64_CHARS(strlen(cases[i][0])), strlen(cases[i][1]));
    }
    base64_encode_url((const uint8_t *)"\xfb\xff\xbf\xfb", 4, out);
    assert_string_equal(out, "-_-_-w");
}

/* R57. Breaks when a token is short, repeats, or has a character that a cookie cannot carry. */
static void test_token(void **state)
{
    char tokens[64][SESSION_TOKEN_CHARS + 1];

    (void)state;
    for (int i = 0; i < 64; i++) {
        assert_int_equal(session_token_make(tokens[i]), OK);
        assert_int_equal(strlen(tokens[i]), 43);
        assert_int_equal(strspn(tokens[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(tokens[i], tokens[j]);
    }
}

/* R62: what browsers are told, letter by letter. */
static void test_set_cookie(void **state)
{
    char out[SESSION_COOKIE_MAX];

    (void)state;
    session_cookie_set(&plain, TOKEN, out);
    assert_string_equal(out, "digitd_session=" TOKEN "; Path=/; HttpOnly; SameSite=Lax");
    session_cookie_set(&secure, TOKEN, out);
    assert_string_equal(out, "__Host-digitd_session=" TOKEN "; Path=/; HttpOnly; SameSite=Lax; Secure");
    session_cookie_clear(&plain, out);
    assert_string_equal(out, "digitd_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    session_cookie_clear(&secure, out);
    assert_string_equal(out, "__Host-digitd_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure");
}

/* R62. Breaks when the other site's kind of cookie is read, a name is found inside another, or the first of two wins.
 */
static void test_read_cookie(void **state)
{
    static const struct {
        int line;
        const char *header;
        const struct conf_origin *origin;
        enum err e;
    } cases[] = {
        {__LINE__, "digitd_session=" TOKEN, &plain, OK},
        {__LINE__, "__Host-digitd_session=" TOKEN, &secure, OK},
        {__LINE__, "a=b; digitd_session=" TOKEN "; c=d", &plain, OK},
        {__LINE__, "a=b;digitd_session=" TOKEN ";c=d", &plain, OK},
        {__LINE__, "digitd_session=" TOKEN "; ", &plain, OK},
        {__LINE__, "__Host-digitd_session=x; digitd_session=" TOKEN, &plain, OK},
        {__LINE__, "", &plain, ERR_NOT_FOUND},
        {__LINE__, ";;; ;", &plain, ERR_NOT_FOUND},
        {__LINE__, "digitd_session", &plain, ERR_NOT_FOUND},
        {__LINE__, "digitd_session=", &plain, ERR_NOT_FOUND},
        {__LINE__, "digitd_session=" TOKEN, &secure, ERR_NOT_FOUND},
        {__LINE__, "__Host-digitd_session=" TOKEN, &plain, ERR_NOT_FOUND},
        {__LINE__, "__host-digitd_session=" TOKEN, &secure, ERR_NOT_FOUND},
        {__LINE__, "xdigitd_session=" TOKEN, &plain, ERR_NOT_FOUND},
        {__LINE__, "digitd_sessions=" TOKEN, &plain, ERR_NOT_FOUND},
        {__LINE__, "a=digitd_session=" TOKEN, &plain, ERR_NOT_FOUND},
        {__LINE__, "digitd_session=" TOKEN "x", &plain, ERR_NOT_FOUND},
        {__LINE__, "digitd_session=short", &plain, ERR_NOT_FOUND},
        {__LINE__, "digitd_session=" TOKEN "; digitd_session=" TOKEN, &plain, ERR_FORMAT},
        {__LINE__, "digitd_session=; a=b; digitd_session=" TOKEN, &plain, ERR_FORMAT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *token;
        size_t n;
        enum err e = session_cookie_read(cases[i].header, cases[i].origin, &token, &n);

        if (e != cases[i].e)
            fail_msg("line %d: \"%s\": %s, not %s", cases[i].line, cases[i].header, err_str(e), err_str(cases[i].e));
        if (e == OK && (n != SESSION_TOKEN_CHARS || memcmp(token, TOKEN, n) != 0))
            fail_msg("line %d: the token is %.*s", cases[i].line, (int)n, token);
        if (e != OK && token != NULL)
            fail_msg("line %d: a token in spite of %s", cases[i].line, err_str(e));
    }
}

/* R63, R64: every combination of method, Sec-Fetch-Site, Origin and cookie, against the rule said a second way: the
 * list of what is let through. Breaks when anything else is. */
static void test_csrf_matrix(void **state)
{
    static const char *const sites[] = {"", "same-origin", "same-site", "cross-site", "none", "Same-Origin", "x"};
    static const struct {
        const char *origin;
        bool ours;
    } origins[] = {
        {"", false},
        {"http://localhost:8080", true},
        {"https://d.example", true},
        {"null", false},
        {"http://localhost:8081", false},
        {"http://127.0.0.1:8080", false},
        {"https://localhost:8080", false},
        {"http://localhost", false},
        {"http://localhost:8080/", false},
        {"http://localhost:8080.evil.example", false},
        {"http://localhost:8080 http://localhost:8080", false},
        {"HTTP://localhost:8080", false},
        {"https://sub.d.example", false},
    };
    static const char *const cookies[] = {"", ("digitd_session=" TOKEN), "other=1"};
    static struct conf conf;
    int let = 0, refused = 0;

    (void)state;
    conf.origins[0] = plain;
    conf.origins[1] = secure;
    conf.n_origins = 2;
    for (int m = METHOD_GET; m <= METHOD_OTHER; m++)
        for (size_t s = 0; s < sizeof(sites) / sizeof(sites[0]); s++)
            for (size_t o = 0; o < sizeof(origins) / sizeof(origins[0]); o++)
                for (size_t k = 0; k < sizeof(cookies) / sizeof(cookies[0]); k++) {
                    const struct request r = {.method = (enum method)m,
                                              .sec_fetch_site = sites[s],
                                              .origin = origins[o].origin,
                                              .cookie = cookies[k]};
                    bool safe = m == METHOD_GET || m == METHOD_HEAD || m == METHOD_OPTIONS;
                    bool program = s == 0 && o == 0 && k == 0; /* no browser's header at all */
                    bool browser = s == 1 && (o == 0 || origins[o].ours);
                    bool older = s == 0 && origins[o].ours; /* a browser without Sec-Fetch-Site */
                    bool want = safe || program || browser || older;
                    const char *why = csrf_refusal(&conf, &r);

                    if ((why == NULL) != want)
                        fail_msg("%s site \"%s\" origin \"%s\" cookie \"%s\": %s", method_name(r.method), sites[s],
                                 origins[o].origin, cookies[k], why == NULL ? "let through" : why);
                    let += why == NULL;
                    refused += why != NULL;
                }
    assert_int_equal(let + refused, 8 * 7 * 13 * 3);
    assert_int_equal(let, 3 * 7 * 13 * 3 + 5 * (1 + 3 * 3 + 2 * 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),      cmocka_unit_test(test_token),       cmocka_unit_test(test_set_cookie),
        cmocka_unit_test(test_read_cookie), cmocka_unit_test(test_csrf_matrix),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
