/* The pen, and the non-digits that are made with it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/nondigits.h"
#include "data/pen.h"

enum { SIDE = NONDIGIT_SIDE, PIXELS = SIDE * SIDE };

static const struct pen_hand plain = {.width = 1};

static struct pen_figure written(const char *skeleton)
{
    struct pen_figure f;
    struct rng r;

    rng_seed(&r, 1, RNG_TEST, 0);
    assert_int_equal(pen_write(skeleton, &plain, &r, &f), OK);
    return f;
}

/* Breaks when the reader takes what is no skeleton, or runs past its tables. */
static void test_skeletons_that_are_none(void **state)
{
    static const struct {
        const char *text;
        enum err e;
    } cases[] = {
        {"", ERR_FORMAT},
        {"10 10", ERR_FORMAT},
        {"L 1 1 2 2", ERR_FORMAT},
        {"M 1 1", ERR_FORMAT},
        {"M 1 1 L 5", ERR_FORMAT},
        {"M 1 1 L a b", ERR_FORMAT},
        {"M 1 1 Q 1 1", ERR_FORMAT},
        {"M 0 0 L 5000 1", ERR_FORMAT},
    };
    struct pen_figure f;
    struct rng r;
    char many[2048] = "M0 0 L";

    (void)state;
    rng_seed(&r, 1, RNG_TEST, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (pen_write(cases[i].text, &plain, &r, &f) != cases[i].e)
            fail_msg("\"%s\"", cases[i].text);
        assert_int_equal(f.strokes, 0);
    }
    for (size_t i = 6; i < 6 + 4 * PEN_NODES_MAX; i += 4)
        memcpy(many + i, " 1 2", 5);
    assert_int_equal(pen_write(many, &plain, &r, &f), ERR_LIMIT);
    for (size_t i = 0; i < 4 * (PEN_STROKES_MAX + 1); i++)
        memcpy(many + 8 * i, "M0 0L1 1", 9);
    assert_int_equal(pen_write(many, &plain, &r, &f), ERR_LIMIT);
}

/* Breaks when curves miss the skeleton's points, overshoot, or closed ones have a corner where they meet. */
static void test_curves_go_through_the_points(void **state)
{
    const struct pen_figure circle = written("M50 0 S100 50 50 100 0 50 50 0"),
                            corner = written("M0 0 L100 0 L100 100");
    const int n = circle.first[1];
    float box[4];

    (void)state;
    assert_int_equal(circle.strokes, 1);
    for (int i = 0; i < n; i++) {
        const float r = hypotf(circle.p[i].x - 0.5F, circle.p[i].y - 0.5F);

        if (!(r > 0.43F && r < 0.51F))
            fail_msg("point %d is %g from the middle", i, (double)r);
    }
    /* At the top, where it is closed, the circle is level on both sides. */
    assert_true(fabsf(circle.p[1].y) < 0.03F && fabsf(circle.p[n - 2].y) < 0.03F);
    pen_box(&corner, box);
    assert_true(fabsf(box[0]) < 1e-6F && fabsf(box[1]) < 1e-6F && fabsf(box[2] - 1) < 1e-6F &&
                fabsf(box[3] - 1) < 1e-6F);
}

/* Breaks when the pen's width, place or anti-aliasing are off: the ink of a stroke of length l and radius r with round
 * ends is 2 r l + pi r^2. */
static void test_ink_is_the_area_of_the_stroke(void **state)
{
    static const float radii[] = {0.25F, 0.5F, 1, 2.3F, 7};
    static uint8_t ink[PIXELS];

    (void)state;
    for (size_t k = 0; k < sizeof(radii) / sizeof(*radii); k++) {
        struct pen_figure f = written("M0 0 L100 60");
        const float length = 60 * sqrtf(1 + 0.36F), r = radii[k], area = 2 * r * length + 3.14159F * r * r;
        double sum = 0;

        memset(ink, 0, sizeof(ink));
        pen_move(&f, 60, 20, 20, r);
        pen_draw(&f, SIDE, SIDE, ink);
        for (int i = 0; i < PIXELS; i++)
            sum += ink[i] / 255.0;
        if (fabs(sum - (double)area) > 0.04 * (double)area + 1)
            fail_msg("radius %g: ink %g, area %g", (double)r, sum, (double)area);
    }
}

/* Breaks (under ASan) when what lies outside is drawn all the same. */
static void test_outside_is_left_out(void **state)
{
    static uint8_t ink[PIXELS];
    struct pen_figure f = written("M0 0 L100 100 L0 100");
    int lit = 0;

    (void)state;
    memset(ink, 0, sizeof(ink));
    pen_move(&f, 1000, -500, -500, 3);
    pen_draw(&f, SIDE, SIDE, ink);
    for (int i = 0; i < PIXELS; i++)
        lit += ink[i] > 128;
    assert_in_range(lit, SIDE * 5, SIDE * 11); /* the diagonal alone, about 8.5 px across each row */
}

static int spread(const uint8_t *px)
{
    int low = 255, high = 0;

    for (int i = 0; i < PIXELS; i++) {
        low = px[i] < low ? px[i] : low;
        high = px[i] > high ? px[i] : high;
    }
    return high - low;
}

/* Breaks when a skeleton of the tables is not one (nothing is drawn then), when pictures depend on what was drawn
 * before, or do not depend on the seed or the index. */
static void test_nondigits(void **state)
{
    static uint8_t a[PIXELS], b[PIXELS];

    (void)state;
    for (int k = 0; k < NONDIGIT_KINDS; k++)
        for (uint64_t i = 0; i < 60; i++) {
            const enum nondigit_kind kind = (enum nondigit_kind)k;

            nondigit_draw(kind, 7, i, a);
            if (kind >= NONDIGIT_LETTER && spread(a) < 40)
                fail_msg("%s %s (%d) is not to be seen", nondigit_name(kind), nondigit_label(kind, 7, i), (int)i);
            nondigit_draw(kind, 7, i + 1, b);
            if (memcmp(a, b, PIXELS) == 0)
                fail_msg("%s: %d and the next are alike", nondigit_name(kind), (int)i);
            nondigit_draw(kind, 8, i, b);
            if (memcmp(a, b, PIXELS) == 0)
                fail_msg("%s: %d is the same for two seeds", nondigit_name(kind), (int)i);
            nondigit_draw(kind, 7, i, b);
            assert_memory_equal(a, b, PIXELS);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_skeletons_that_are_none),
        cmocka_unit_test(test_curves_go_through_the_points),
        cmocka_unit_test(test_ink_is_the_area_of_the_stroke),
        cmocka_unit_test(test_outside_is_left_out),
        cmocka_unit_test(test_nondigits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
