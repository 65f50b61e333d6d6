/* JSON: what is refused, what is read, what is written, and that a failure while building is told at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above it */
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* R20. Breaks when anything but RFC 8259 is taken, a key may come twice, or text is not UTF-8. */
static void only_json_is_taken(void **state)
{
    static const struct {
        int line;
        const char *text;
        size_t n;
        enum err e;
    } cases[] = {
#define CASE(text, e) {__LINE__, text, sizeof(text) - 1, e}
        CASE("{}", OK),
        CASE("[]", OK),
        CASE(" {\"a\" : [1, -2.5e3, true, false, null, \"x\"]} \r\n\t", OK),
        CASE("\"\\u00e9\\ud83d\\ude00\\n\\/\"", OK),
        CASE("\"\xc3\xa9\"", OK),
        CASE("", ERR_FORMAT),
        CASE(" ", ERR_FORMAT),
        CASE("{", ERR_FORMAT),
        CASE("{}{}", ERR_FORMAT),
        CASE("{} x", ERR_FORMAT),
        CASE("{\"a\":1,}", ERR_FORMAT),
        CASE("[1,]", ERR_FORMAT),
        CASE("{a:1}", ERR_FORMAT),
        CASE("{'a':1}", ERR_FORMAT),
        CASE("{\"a\":1,\"a\":2}", ERR_FORMAT),
        CASE("{\"a\":1,\"\\u0061\":2}", ERR_FORMAT), /* the same key, written otherwise */
        CASE("[01]", ERR_FORMAT),
        CASE("[+1]", ERR_FORMAT),
        CASE("[.5]", ERR_FORMAT),
        CASE("[1.]", ERR_FORMAT),
        CASE("[NaN]", ERR_FORMAT),
        CASE("[Infinity]", ERR_FORMAT),
        CASE("[1e999]", ERR_FORMAT),
        CASE("[99999999999999999999]", ERR_FORMAT),
        CASE("[TRUE]", ERR_FORMAT),
        CASE("// x\n{}", ERR_FORMAT),
        CASE("\xef\xbb\xbf{}", ERR_FORMAT), /* a byte order mark */
        CASE("{}\0", ERR_FORMAT),
        CASE("[true\0]", ERR_FORMAT), /* jansson alone skips these two */
        CASE("1\0", ERR_FORMAT),
        CASE("\"\0\"", ERR_FORMAT),
        CASE("\"\\u0000\"", ERR_FORMAT),
        CASE("{\"a\\u0000b\":1}", ERR_FORMAT),
        CASE("\"\n\"", ERR_FORMAT),
        CASE("\"\\x41\"", ERR_FORMAT),
        CASE("\"\xff\"", ERR_FORMAT),
        CASE("\"\xc0\xaf\"", ERR_FORMAT),
        CASE("\"\xed\xa0\x80\"", ERR_FORMAT),
        CASE("\"\\ud800\"", ERR_FORMAT),
        CASE("\"\\udc00\\ud800\"", ERR_FORMAT),
#undef CASE
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json *v = (struct json *)(uintptr_t)1;
        struct why why = {""};
        enum err e = json_parse(&v, cases[i].text, cases[i].n, 16, &why);

        if (e != cases[i].e || (e == OK) != (v != NULL) || (e == OK) != (why.text[0] == '\0'))
            fail_msg("line %d: %s: %s", cases[i].line, err_str(e), why.text);
        if (e == OK)
            json_free(v);
    }
}

/* Breaks when a text that ends too early is taken, or read past its end. */
static void truncated_json_is_refused(void **state)
{
    static const char whole[] = "{\"a\":[1,2.5,{\"b\":\"\\u00e9\xc3\xa9\"}],\"c\":null}";
    char text[sizeof(whole)];
    struct json *v;

    (void)state;
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        memcpy(text, whole, n);
        memset(text + n, '}', sizeof(text) - n); /* what lies behind must not be read */
        assert_int_equal(json_parse(&v, text, n, 16, NULL), ERR_FORMAT);
        assert_null(v);
    }
    assert_int_equal(json_parse(&v, whole, sizeof(whole) - 1, 16, NULL), OK);
    json_free(v);
}

/* R20. Breaks when the limit is off by one, or brackets inside a string count. */
static void depth_is_limited(void **state)
{
    char text[100000];
    struct json *v;

    (void)state;
    assert_int_equal(json_parse(&v, "[[[[]]]]", 8, 4, NULL), OK);
    json_free(v);
    assert_int_equal(json_parse(&v, "[[[[]]]]", 8, 3, NULL), ERR_LIMIT);
    assert_int_equal(json_parse(&v, "{\"a\":{\"b\":[{}]}}", 16, 4, NULL), OK);
    json_free(v);
    assert_int_equal(json_parse(&v, "[\"[[[[\\\"[[[\"]", 13, 1, NULL), OK);
    json_free(v);
    assert_int_equal(json_parse(&v, "[[],[],[],[]]", 13, 2, NULL), OK); /* broad, not deep */
    json_free(v);
    memset(text, '[', sizeof(text));
    assert_int_equal(json_parse(&v, text, sizeof(text), 16, NULL), ERR_LIMIT);
}

static bool collect_key(const char *key, struct json *value, void *ctx)
{
    char *keys = ctx;

    (void)value;
    memcpy(keys + strlen(keys), key, strlen(key) + 1);
    return strlen(keys) < 4;
}

/* Breaks when a member is taken for another type, or a missing one for a value. */
static void members_are_read_by_type(void **state)
{
    static const char text[] =
        "{\"s\":\"caf\xc3\xa9\",\"i\":-7,\"d\":2.5,\"t\":true,\"f\":false,\"n\":null,\"o\":{\"x\":1},\"a\":[3,4]}";
    struct json *v;
    char keys[16] = "";
    int64_t i = 99;
    double d = 99;
    bool t = false;
    size_t n = 99;

    (void)state;
    assert_int_equal(json_parse(&v, text, sizeof(text) - 1, 3, NULL), OK);
    assert_true(json_is_object(v) && !json_is_array(v) && json_is_array(json_get(v, "a")));
    assert_int_equal(json_members(v), 8);
    assert_string_equal(json_get_str(v, "s", &n), "caf\xc3\xa9");
    assert_int_equal(n, 5);
    assert_null(json_get_str(v, "i", NULL));
    assert_null(json_get_str(v, "nothing", NULL));
    assert_true(json_get_int(v, "i", &i) && i == -7);
    assert_false(json_get_int(v, "d", &i) || json_get_int(v, "s", &i) || json_get_int(v, "n", &i));
    assert_int_equal(i, -7); /* a refusal leaves it */
    assert_true(json_get_num(v, "d", &d) && d == 2.5 && json_get_num(v, "i", &d) && d == -7);
    assert_true(json_get_bool(v, "t", &t) && t && json_get_bool(v, "f", &t) && !t);
    assert_false(json_get_bool(v, "i", &t));
    assert_int_equal(json_len(json_get(v, "a")), 2);
    assert_true(json_int(json_at(json_get(v, "a"), 1), &i) && i == 4);
    assert_null(json_at(json_get(v, "a"), 2));
    assert_null(json_get(json_get(v, "a"), "x"));
    json_each(v, collect_key, keys);
    assert_string_equal(keys, "sidt"); /* in the order of the text, until told to stop */
    assert_false(json_is_object(NULL) || json_is_array(NULL));
    assert_null(json_get(NULL, "x"));
    assert_int_equal(json_len(NULL), 0);
    assert_null(json_str(NULL, &n));
    assert_int_equal(n, 0);
    json_free(v);
    json_free(NULL);
}

/* Breaks when the order, a number or an escape is not what was set. */
static void built_json_is_written(void **state)
{
    struct buf *out = buf_new(10000);
    struct json *v = json_new_object(), *a, *again;

    (void)state;
    json_set_str(v, "z", "\"\\\n\x1f\xc3\xa9");
    json_set_int(v, "a", INT64_MIN);
    json_set_num(v, "p", 0.1);
    json_set_bool(v, "b", true);
    json_set_null(v, "n");
    a = json_set_array(v, "list");
    json_add_int(a, 1);
    json_add_num(a, 1e-9);
    json_add_str(a, "x");
    json_set_bool(json_add_object(a), "in", false);
    json_add_int(json_add_array(a), 2);
    json_set_strn(json_set_object(v, "o"), "k", "abcdef", 3);
    json_set_own(v, "own", json_new_array());
    assert_int_equal(json_write(v, 4, out), OK);
    assert_string_equal(buf_data(out),
                        "{\"z\":\"\\\"\\\\\\n\\u001F\xc3\xa9\",\"a\":-9223372036854775808,\"p\":0.1,\"b\":true,"
                        "\"n\":null,\"list\":[1,1e-9,\"x\",{\"in\":false},[2]],\"o\":{\"k\":\"abc\"},"
                        "\"own\":[]}");
    assert_int_equal(json_parse(&again, buf_data(out), buf_len(out), 16, NULL), OK); /* and it reads back */
    json_free(again);
    json_free(v);
    buf_free(out);
}

static enum err write_to(struct json *v, size_t max)
{
    struct buf *out = buf_new(max);
    enum err e = json_write(v, 17, out);

    buf_free(out);
    json_free(v);
    return e;
}

/* Breaks when what could not be set is left out in silence: at the root, deep inside, in an array, under NULL. */
static void failures_are_told_at_the_end(void **state)
{
    struct json *v = json_new_object();

    (void)state;
    json_set_str(v, "bad", "\xff");
    assert_int_equal(write_to(v, 100), ERR_FORMAT);
    v = json_new_object();
    json_set_num(json_set_object(json_set_object(v, "a"), "b"), "bad", NAN);
    json_set_int(v, "good", 1);
    assert_int_equal(write_to(v, 100), ERR_FORMAT);
    v = json_new_object();
    json_add_num(json_set_array(v, "a"), INFINITY);
    assert_int_equal(write_to(v, 100), ERR_FORMAT);
    v = json_new_array();
    json_add_str(v, "\xed\xa0\x80");
    assert_int_equal(write_to(v, 100), ERR_FORMAT);
    json_set_int(NULL, "x", 1); /* falls through */
    json_set_own(NULL, "x", json_new_array());
    assert_null(json_set_object(NULL, "x"));
    assert_int_equal(write_to(NULL, 100), ERR_FORMAT);
    v = json_new_object();
    json_set_str(v, "long", "0123456789");
    assert_int_equal(write_to(v, 10), ERR_LIMIT);
}

/* Breaks when a stream has a comma too many or too few, or forgets to close what was opened. */
static void streams_are_written(void **state)
{
    struct json *v = json_new_object(), *row = json_new_object();
    struct buf *out = buf_new(1000);
    struct json_stream s;

    (void)state;
    json_set_int(v, "a\"", 1);
    json_set_null(v, "b");
    json_set_num(row, "p", 0.1);
    json_stream_begin(&s, out, 4);
    json_stream_open_object(&s, NULL);
    json_stream_put_members(&s, v);
    json_stream_open_array(&s, "empty");
    json_stream_close(&s);
    json_stream_open_array(&s, "rows");
    json_stream_put(&s, NULL, row);
    json_stream_put(&s, NULL, row);
    json_stream_open_object(&s, NULL);
    json_stream_put(&s, "r", row);
    assert_int_equal(json_stream_end(&s), OK);
    assert_string_equal(buf_data(out), "{\"a\\\"\":1,\"b\":null,\"empty\":[],\"rows\":[{\"p\":0.1},{\"p\":0.1},"
                                       "{\"r\":{\"p\":0.1}}]}");
    json_free(v);
    json_free(row);
    buf_free(out);
}

/* One mistake a row; what follows it does not hide it. */
static void streams_keep_their_first_failure(void **state)
{
    static const char *const steps[] = {
        "",                     /* nothing at all */
        "{v",                   /* no key in an object */
        "[k",                   /* a key in an array */
        "vv",                   /* two values at the top */
        "[]]",                  /* closed too often */
        "[[[[[[[[[", "k", "{m", /* members that could not all be made */
        "[x",                   /* a value that could not be made */
    };
    struct json *v = json_new_object(), *bad = json_new_object();
    struct buf *out = buf_new(1000), *small = buf_new(3);
    struct json_stream s;

    (void)state;
    json_set_str(bad, "good", "x");
    json_set_str(bad, "bad", "\xff");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        json_stream_begin(&s, out, 4);
        for (const char *p = steps[i]; *p != '\0'; p++) {
            if (*p == '{')
                json_stream_open_object(&s, NULL);
            else if (*p == '[')
                json_stream_open_array(&s, NULL);
            else if (*p == ']')
                json_stream_close(&s);
            else if (*p == 'm')
                json_stream_put_members(&s, bad);
            else
                json_stream_put(&s, *p == 'k' ? "k" : NULL, *p == 'x' ? bad : v);
        }
        if (json_stream_end(&s) != ERR_FORMAT)
            fail_msg("\"%s\" is taken: %s", steps[i], buf_data(out));
        buf_reset(out);
    }
    json_stream_begin(&s, small, 4);
    json_stream_open_array(&s, NULL);
    json_stream_put(&s, NULL, v);
    assert_int_equal(json_stream_end(&s), ERR_LIMIT);
    json_free(v);
    json_free(bad);
    buf_free(out);
    buf_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_json_is_taken),    cmocka_unit_test(truncated_json_is_refused),
        cmocka_unit_test(depth_is_limited),      cmocka_unit_test(members_are_read_by_type),
        cmocka_unit_test(built_json_is_written), cmocka_unit_test(failures_are_told_at_the_end),
        cmocka_unit_test(streams_are_written),   cmocka_unit_test(streams_keep_their_first_failure),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
