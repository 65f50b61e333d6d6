/* The card beside a weights file: which one is taken, and what happens to the others. */
#include "answer/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/test_card.XXXXXX";
static char weights[64], card[64];
#define SHA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(weights, sizeof(weights), "%s/n.v2.safetensors", dir);
    snprintf(card, sizeof(card), "%s/n.v2.card.json", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(card);
    return rmdir(dir);
}

static void put(const char *text, size_t n)
{
    FILE *f = fopen(card, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Breaks when the file beside is not found by the weights' name, or its content is lost. */
static void test_found(void **state)
{
    static const char text[] = "{\"sha256\":\"" SHA "\",\"test\":{\"right\":9961}}";
    struct json *v = NULL;
    struct why why = {0};
    int64_t right = 0;

    (void)state;
    put(text, strlen(text));
    assert_int_equal(card_load(&v, weights, SHA, &why), OK);
    assert_true(json_get_int(json_get(v, "test"), "right", &right) && right == 9961);
    json_free(v);
}

/* Breaks when the card of another network, or a broken one, is shown as this one's, or a failure leaves *out behind. */
static void test_refused(void **state)
{
    static const struct {
        int line;
        const char *text;
        enum err e;
    } cases[] = {
        {__LINE__, "{\"sha256\":\"aaaa\"}", ERR_FORMAT},
        {__LINE__, "{\"sha256\":7}", ERR_FORMAT},
        {__LINE__, "{}", ERR_FORMAT},
        {__LINE__, "[]", ERR_FORMAT},
        {__LINE__, "{\"sha256\":\"" SHA "\"", ERR_FORMAT},
        {__LINE__, "", ERR_FORMAT},
        {__LINE__, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", ERR_LIMIT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json *v = (struct json *)&v;
        struct why why = {0};
        enum err e;

        put(cases[i].text, strlen(cases[i].text));
        e = card_load(&v, weights, SHA, &why);
        if (e != cases[i].e || v != NULL || strstr(why.text, card) == NULL)
            fail_msg("line %d: %s, \"%s\"", cases[i].line, err_str(e), why.text);
    }
}

/* Breaks when a missing card is anything but "not found", or a huge file is read whole. */
static void test_missing_and_huge(void **state)
{
    struct json *v = NULL;
    struct why why = {0};

    (void)state;
    unlink(card);
    assert_int_equal(card_load(&v, weights, SHA, &why), ERR_NOT_FOUND);
    put("{", 1);
    assert_int_equal(truncate(card, 5 * 1024 * 1024), 0);
    assert_int_equal(card_load(&v, weights, SHA, &why), ERR_LIMIT);
    assert_null(v);
}

/* Breaks when a network without a name goes without one, here or on the command line. */
static void test_name(void **state)
{
    static const struct {
        const char *path, *name;
    } cases[] = {{"/x/n.v2.safetensors", "n.v2"}, {"n.safetensors", "n"}, {"/x.y/n", "n"}};
    struct model m = {.meta = json_new_object(), .sha256 = SHA};
    struct json *v = json_new_object();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        card_identify(v, &m, cases[i].path);
        assert_string_equal(json_get_str(v, "name", NULL), cases[i].name);
    }
    json_set_str(m.meta, "name", "seven");
    card_identify(v, &m, cases[0].path);
    assert_string_equal(json_get_str(v, "name", NULL), "seven");
    assert_string_equal(json_get_str(v, "sha256", NULL), SHA);
    json_free(v);
    json_free(m.meta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_missing_and_huge),
        cmocka_unit_test(test_name),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
