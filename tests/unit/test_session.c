/* Tokens, the cookies, and the rule against other sites' pages (csrf.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "store/store_account.h"
#include "web/csrf.h"
#include "web/session.h"
#include "web/token.h"

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

/* R57. Breaks when a token is short, repeats, has a character that a cookie cannot carry, or one that is not random. */
static void test_token(void **state)
{
    enum { TOKENS = 256 };
    static char tokens[TOKENS][SESSION_TOKEN_CHARS + 1];

    (void)state;
    for (int i = 0; i < TOKENS; i++) {
        assert_int_equal(session_token_make(tokens[i]), OK);
        assert_int_equal(strlen(tokens[i]), 43);
        assert_int_equal(strspn(tokens[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(tokens[i], tokens[j]);
    }
    for (int at = 0; at < SESSION_TOKEN_CHARS; at++) {
        char seen[TOKENS + 1];
        size_t n = 0;

        for (int i = 0; i < TOKENS; i++)
            if (memchr(seen, tokens[i][at], n) == NULL)
                seen[n++] = tokens[i][at];
        /* Of 64 some 63 come up, of the last one's 16 (256 bits are 42 times 6, and 4) all; fewer by chance: never. */
        assert_in_range(n, at == SESSION_TOKEN_CHARS - 1 ? 12 : 45, 64);
    }
}

/* R57. Breaks when what the database is to keep of a token is anything but its SHA-256 (FIPS 180-4's example). */
static void test_token_hash(void **state)
{
    static const uint8_t abc[DIGEST_BYTES] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                              0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                              0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t hash[DIGEST_BYTES];

    (void)state;
    session_token_hash("abcd", 3, hash);
    assert_memory_equal(hash, abc, sizeof(hash));
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

/* R52: the device's cookie lasts, and is found beside the session's. Breaks when the two names are taken for each
 * other.
 */
static void test_device_cookie(void **state)
{
    char out[SESSION_COOKIE_MAX];
    const char *token;
    size_t n;

    (void)state;
    session_device_set(&plain, TOKEN, out);
    assert_string_equal(out, "digitd_device=" TOKEN "; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000");
    session_device_set(&secure, TOKEN, out);
    assert_string_equal(out,
                        "__Host-digitd_device=" TOKEN "; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000; Secure");
    assert_int_equal(session_device_read("digitd_session=x; digitd_device=" TOKEN, &plain, &token, &n), OK);
    assert_true(n == SESSION_TOKEN_CHARS && memcmp(token, TOKEN, n) == 0);
    assert_int_equal(session_device_read("digitd_session=" TOKEN, &plain, &token, &n), ERR_NOT_FOUND);
    assert_int_equal(session_cookie_read("digitd_device=" TOKEN, &plain, &token, &n), ERR_NOT_FOUND);
    assert_int_equal(session_device_read("digitd_device=" TOKEN, &secure, &token, &n), ERR_NOT_FOUND);
    /* Twice: nobody knows which is the browser's, and nothing is lost by having none. */
    assert_int_equal(session_device_read("digitd_device=" TOKEN "; digitd_device=" TOKEN, &plain, &token, &n),
                     ERR_NOT_FOUND);
}

/* RFC 6750 section 2.1. Breaks when a scheme in front (Basic) is taken for ours, or a text of another shape for a
 * token. */
static void test_bearer(void **state)
{
    static const struct {
        int line;
        const char *header;
        enum err e;
    } cases[] = {
        {__LINE__, "Bearer dgt_" TOKEN, OK},
        {__LINE__, "bearer dgt_" TOKEN, OK},
        {__LINE__, "BEARER   dgt_" TOKEN, OK},
        {__LINE__, "", ERR_NOT_FOUND},
        {__LINE__, "Basic ZGd0Xzpkd3Q=", ERR_NOT_FOUND},
        {__LINE__, "Bearerdgt_" TOKEN, ERR_NOT_FOUND},
        {__LINE__, "dgt_" TOKEN, ERR_NOT_FOUND},
        {__LINE__, "Bearer", ERR_FORMAT},
        {__LINE__, "Bearer ", ERR_FORMAT},
        {__LINE__, "Bearer " TOKEN, ERR_FORMAT},
        {__LINE__, "Bearer dgt_", ERR_FORMAT},
        {__LINE__, "Bearer dgt_" TOKEN "x", ERR_FORMAT},
        {__LINE__, "Bearer dgt_" TOKEN " ", ERR_FORMAT},
        {__LINE__, "Bearer DGT_" TOKEN, ERR_FORMAT},
        {__LINE__, "Bearer dgt_abc\"efghijklmnopqrstuvwxyz0123456789-_ABCDE", ERR_FORMAT},
        {__LINE__, "Bearer\tdgt_" TOKEN, ERR_NOT_FOUND},
    };
    char made[TOKEN_CHARS + 1], header[80];
    const char *token, *name;
    int scope, all = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum err e = token_read(cases[i].header, &token);

        if (e != cases[i].e)
            fail_msg("line %d: \"%s\": %s, not %s", cases[i].line, cases[i].header, err_str(e), err_str(cases[i].e));
        assert_true((e == OK) == (token != NULL));
        assert_true(token == NULL || strcmp(token, "dgt_" TOKEN) == 0);
        assert_true(token_is_bearer(cases[i].header) == (e != ERR_NOT_FOUND));
    }
    assert_int_equal(token_make(made), OK);
    assert_int_equal(strlen(made), 47);
    (void)snprintf(header, sizeof(header), "Bearer %s", made);
    assert_int_equal(token_read(header, &token), OK);
    for (int i = 0; (name = store_scope_name(i, &scope)) != NULL; i++) {
        assert_int_equal(store_scope_of(name), scope);
        assert_int_equal(all & scope, 0);
        all |= scope;
    }
    assert_int_equal(all, 3);
    assert_int_equal(store_scope_of("admin"), 0);
    assert_int_equal(store_scope_of(""), 0);
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
                                              .cookie = cookies[k],
                                              .authorization = ""};
                    bool safe = m == METHOD_GET || m == METHOD_HEAD || m == METHOD_OPTIONS;
                    bool program = s == 0 && o == 0 && k == 0; /* no browser's header at all */
                    bool browser = s == 1 && (o == 0 || origins[o].ours);
                    bool older = s == 0 && origins[o].ours; /* a browser without Sec-Fetch-Site */
                    bool want = safe || program || browser || older;
                    const char *why = csrf_refusal(&conf, &r, true);

                    if ((why == NULL) != want)
                        fail_msg("%s site \"%s\" origin \"%s\" cookie \"%s\": %s", method_name(r.method), sites[s],
                                 origins[o].origin, cookies[k], why == NULL ? "let through" : why);
                    let += why == NULL;
                    refused += why != NULL;
                }
    assert_int_equal(let + refused, 8 * 7 * 13 * 3);
    assert_int_equal(let, 3 * 7 * 13 * 3 + 5 * (1 + 3 * 3 + 2 * 3));
}

/* A token without a cookie is let through from anywhere, on the routes that take one: no page can have added it. Breaks
 * when Basic (which a link can carry), a cookie beside it, or another route is let through as well. */
static void test_csrf_token(void **state)
{
    static struct conf conf;
    struct request r = {.method = METHOD_POST,
                        .sec_fetch_site = "cross-site",
                        .origin = "https://evil.example",
                        .cookie = "",
                        .authorization = "Bearer dgt_" TOKEN};

    (void)state;
    conf.origins[0] = plain;
    conf.n_origins = 1;
    assert_null(csrf_refusal(&conf, &r, true));
    assert_non_null(csrf_refusal(&conf, &r, false));
    r.cookie = "digitd_session=" TOKEN;
    assert_non_null(csrf_refusal(&conf, &r, true));
    r.cookie = "";
    r.authorization = "Basic ZGd0Xzpkd3Q=";
    assert_non_null(csrf_refusal(&conf, &r, true));
    r.authorization = "";
    assert_non_null(csrf_refusal(&conf, &r, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),        cmocka_unit_test(test_token),       cmocka_unit_test(test_token_hash),
        cmocka_unit_test(test_set_cookie),    cmocka_unit_test(test_read_cookie), cmocka_unit_test(test_csrf_matrix),
        cmocka_unit_test(test_device_cookie), cmocka_unit_test(test_bearer),      cmocka_unit_test(test_csrf_token),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
