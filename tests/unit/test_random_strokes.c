/* Sketches: what a reject rule learns from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/random_strokes.h"

enum { SIDE = RANDOM_STROKES_SIDE, PIXELS = SIDE * SIDE, SKETCHES = 5000 };

static void draw(uint64_t number, uint8_t px[PIXELS])
{
    struct rng r;

    rng_seed(&r, 7, RNG_TEST, number);
    random_strokes_draw(&r, px);
}

static size_t ink_in(const uint8_t px[PIXELS])
{
    size_t n = 0;
    for (size_t i = 0; i < PIXELS; i++)
        n += px[i] >= 128;
    return n;
}

/* Of the columns (or rows) that hold ink, the last less the first. */
static int extent(const uint8_t px[PIXELS], bool columns)
{
    int first = SIDE, last = -1;
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++)
            if (px[columns ? k * SIDE + i : i * SIDE + k] >= 128) {
                first = i < first ? i : first;
                last = i;
            }
    return last - first;
}

/* Breaks when a kind of stroke makes a skeleton that the pen refuses (the picture would be blank, and blank paper
 * learnt as often as that kind comes), overruns the pen's tables, or is not drawn to fill the picture. */
static void test_every_sketch_has_ink_and_fills_the_picture(void **state)
{
    uint8_t px[PIXELS];

    (void)state;
    for (uint64_t i = 0; i < SKETCHES; i++) {
        draw(i, px);
        const size_t ink = ink_in(px);
        const int wide = extent(px, true), high = extent(px, false), most = wide > high ? wide : high;
        if (ink < SIDE / 2 || ink > PIXELS * 3 / 4 || most < SIDE * 3 / 4)
            fail_msg("picture %d: %zu of %d px are ink, %d wide, %d high", (int)i, ink, PIXELS, wide, high);
    }
}

/* Breaks when a picture takes chance from anywhere but its generator (an example could not be made again), or is the
 * same whatever that says. */
static void test_the_generator_alone_decides(void **state)
{
    uint8_t px[3][PIXELS];
    int alike = 0;

    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        draw(i, px[0]);
        memset(px[1], 0xa5, PIXELS);
        draw(i, px[1]);
        assert_memory_equal(px[0], px[1], PIXELS);
        draw(i + 1, px[2]);
        alike += memcmp(px[0], px[2], PIXELS) == 0;
    }
    assert_int_equal(alike, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_sketch_has_ink_and_fills_the_picture),
        cmocka_unit_test(test_the_generator_alone_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
