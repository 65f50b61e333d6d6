/* image/grey: which channel shows the ink. */
#include "image/grey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A picture of 1,000 pixels of paper and so many of ink. */
static enum grey_channel choose(struct grey_colour paper, struct grey_colour ink, int inked)
{
    struct grey_counts c = {0};

    for (int i = 0; i < 1000; i++)
        grey_count(&c, i < inked ? &ink : &paper);
    return grey_choose(&c);
}

#define RGB(r, g, b) ((struct grey_colour){r, g, b, GREY_OPAQUE})

/* Fails when a colour that the luminance hardly shows is not looked at in its own channel; or when ordinary pens on
 * ordinary papers leave the luminance, which has the least noise. */
static void test_channels(void **state)
{
    (void)state;
    assert_int_equal(choose(RGB(255, 255, 255), RGB(255, 255, 0), 50), GREY_BLUE);      /* yellow on white */
    assert_int_equal(choose(RGB(255, 0, 0), RGB(0, 130, 0), 50), GREY_RED);             /* green on red, as light */
    assert_int_equal(choose(RGB(130, 130, 130), RGB(255, 60, 150), 50), GREY_RED);      /* pink on grey, as light */
    assert_int_equal(choose(RGB(0, 0, 0), RGB(0, 0, 255), 1), GREY_BLUE);               /* a blue hair on black */
    assert_int_equal(choose(RGB(235, 235, 235), RGB(40, 60, 160), 50), GREY_LUMINANCE); /* blue pen */
    assert_int_equal(choose(RGB(235, 235, 235), RGB(200, 40, 50), 50), GREY_LUMINANCE); /* red pen */
    assert_int_equal(choose(RGB(245, 225, 90), RGB(30, 50, 160), 50), GREY_LUMINANCE);  /* blue on yellow paper */
    assert_int_equal(choose(RGB(180, 140, 100), RGB(90, 85, 85), 50), GREY_LUMINANCE);  /* pencil on brown paper */
    assert_int_equal(choose(RGB(255, 255, 255), RGB(0, 0, 0), 50), GREY_LUMINANCE);
    assert_int_equal(choose(RGB(255, 255, 255), RGB(255, 255, 255), 0), GREY_LUMINANCE);
}

/* Fails when white ink on nothing is lost over the white that stands for nothing; or when a transparent margin wins
 * over what is drawn. */
static void test_cover(void **state)
{
    const struct grey_colour nothing = {0, 0, 0, 0};
    struct grey_counts c = {0};

    (void)state;
    assert_int_equal(choose(nothing, RGB(255, 255, 255), 20), GREY_COVER);
    assert_int_equal(choose(nothing, RGB(0, 0, 0), 20), GREY_LUMINANCE);
    assert_int_equal(choose(nothing, (struct grey_colour){30, 30, 90, 60}, 20), GREY_LUMINANCE);
    assert_int_equal(grey_of(&grey_mixes[GREY_COVER], &RGB(255, 255, 255)), 0);
    assert_int_equal(grey_of(&grey_mixes[GREY_COVER], &nothing), 255);
    for (int i = 0; i < 1000; i++) {
        const struct grey_colour round_corner = nothing, paper = RGB(250, 250, 250), pencil = RGB(180, 180, 180);

        grey_count(&c, i < 20 ? &round_corner : i < 50 ? &pencil : &paper);
    }
    assert_int_equal(grey_choose(&c), GREY_LUMINANCE);
}

/* Of 1,000 pixels so many are an ink's edge beside transparent ones, and so many its inside; the rest are transparent.
 */
static bool is_keyed(struct grey_colour edge, int edges, struct grey_colour inside, int insides)
{
    const struct grey_colour nothing = {0, 0, 0, 0};
    struct grey_key k = {0};

    for (int i = 0; i < 1000; i++)
        grey_key_count(&k, i < edges ? &edge : i < edges + insides ? &inside : &nothing, i < edges);
    return grey_is_keyed(&k);
}

/* Fails when light ink whose black was made transparent is not told, also where its edges are most of it; or when ink
 * that is drawn on nothing is taken for such: dark, dark blue, grey, white, or with a soft edge of opacity; or dark ink
 * of which the white was made transparent. */
static void test_keyed(void **state)
{
    const struct grey_colour over = grey_over_black(&(struct grey_colour){200, 100, 50, GREY_OPAQUE / 2});

    (void)state;
    assert_true(is_keyed(RGB(60, 60, 60), 60, RGB(250, 250, 250), 60));
    assert_true(is_keyed(RGB(20, 20, 20), 150, RGB(200, 200, 200), 40));
    assert_true(is_keyed(RGB(10, 40, 60), 40, RGB(90, 220, 255), 80));
    assert_false(is_keyed(RGB(0, 0, 0), 60, RGB(0, 0, 0), 60));
    assert_false(is_keyed(RGB(20, 40, 160), 60, RGB(20, 40, 160), 60));
    assert_false(is_keyed(RGB(100, 100, 100), 60, RGB(100, 100, 100), 60));
    assert_false(is_keyed(RGB(255, 255, 255), 60, RGB(255, 255, 255), 60));
    assert_false(is_keyed(RGB(190, 190, 190), 60, RGB(20, 20, 20), 60));
    assert_false(is_keyed((struct grey_colour){0, 0, 0, 60}, 60, RGB(250, 250, 250), 60));
    assert_false(is_keyed(RGB(60, 60, 60), 0, RGB(250, 250, 250), 1000)); /* nothing is transparent */
    assert_int_equal(over.cover, GREY_OPAQUE);
    assert_int_equal(over.red, 200 * 63 / 127);
    assert_int_equal(over.green, 100 * 63 / 127);
    assert_int_equal(over.blue, 50 * 63 / 127);
}

/* Fails when a grey picture changes by a bit, in any channel. */
static void test_grey_stays(void **state)
{
    (void)state;
    for (int v = 0; v < 256; v++)
        for (int channel = GREY_LUMINANCE; channel <= GREY_BLUE; channel++)
            assert_int_equal(grey_of(&grey_mixes[channel], &RGB(v, v, v)), v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_cover),
        cmocka_unit_test(test_keyed),
        cmocka_unit_test(test_grey_stays),
    };

    return cmocka_run_group_tests_name("grey", tests, NULL, NULL);
}
