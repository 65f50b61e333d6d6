/* What training draws: random strokes, letters, digits in other hands, and remnants beside a digit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "data/hands.h"
#include "data/letters.h"
#include "data/random_strokes.h"
#include "data/remnants.h"

enum { SIDE = RANDOM_STROKES_SIDE, PIXELS = SIDE * SIDE, PICTURES = 5000, KINDS = 3 };
_Static_assert((int)SIDE == (int)LETTERS_SIDE && (int)SIDE == (int)HANDS_SIDE, "one size for all");

static void draw(int kind, uint64_t number, uint8_t px[PIXELS])
{
    struct rng r;

    rng_seed(&r, 7, RNG_TEST, number);
    switch (kind) {
    case 0:
        random_strokes_draw(&r, px);
        break;
    case 1:
        letters_draw(&r, px);
        break;
    default:
        hands_draw((int)(number % 10), &r, px);
    }
}

static size_t ink_in(const uint8_t px[PIXELS])
{
    size_t n = 0;
    for (size_t i = 0; i < PIXELS; i++)
        n += px[i] >= 24;
    return n;
}

/* Of the columns (or rows) that hold ink, the last less the first. */
static int extent(const uint8_t px[PIXELS], bool columns)
{
    int first = SIDE, last = -1;
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++)
            if (px[columns ? k * SIDE + i : i * SIDE + k] >= 24) {
                first = i < first ? i : first;
                last = i;
            }
    return last - first;
}

/* Breaks when a kind of stroke makes a skeleton that the pen refuses (the picture would be blank, and blank paper
 * learnt as often as that kind comes), overruns the pen's tables, or is not drawn to fill the picture. */
static void test_every_drawing_has_ink_and_fills_the_picture(void **state)
{
    uint8_t px[PIXELS];

    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (uint64_t i = 0; i < PICTURES; i++) {
            draw(kind, i, px);
            const size_t ink = ink_in(px);
            const int wide = extent(px, true), high = extent(px, false), most = wide > high ? wide : high;
            if (ink < SIDE / 3 || ink > PIXELS * 3 / 4 || most < SIDE * 3 / 5)
                fail_msg("kind %d, picture %d: %zu of %d px are ink, %d wide, %d high", kind, (int)i, ink, PIXELS, wide,
                         high);
        }
}

/* Breaks when a picture takes chance from anywhere but its generator (an example could not be made again), or is the
 * same whatever that says. */
static void test_the_generator_alone_decides(void **state)
{
    uint8_t px[3][PIXELS];
    int alike = 0;

    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (uint64_t i = 0; i < 200; i++) {
            draw(kind, i, px[0]);
            memset(px[1], 0xa5, PIXELS);
            draw(kind, i, px[1]);
            assert_memory_equal(px[0], px[1], PIXELS);
            draw(kind, i + 10, px[2]);
            alike += memcmp(px[0], px[2], PIXELS) == 0;
        }
    assert_int_equal(alike, 0);
}

/* How dark the middle row's darkest pixel in the columns from, to - 1 is. */
static int darkest(const uint8_t px[DIGIT_PIXELS], int row, int from, int to)
{
    int most = 0;

    for (int x = from; x < to; x++)
        most = px[row * DIGIT_SIDE_PX + x] > most ? px[row * DIGIT_SIDE_PX + x] : most;
    return most;
}

/* Breaks when the normaliser, or the order of the numbers drawn, makes a digit that is empty or not placed as MNIST's
 * are: what the network learns from would not be what it is given. */
static void test_drawn_digits_are_placed_like_mnist(void **state)
{
    struct dataset d;

    (void)state;
    assert_int_equal(hands_dataset(&d, 3, 500), OK);
    for (size_t i = 0; i < d.n; i++) {
        const uint8_t *px = d.images + i * DIGIT_PIXELS;
        double sum = 0, x = 0, y = 0;

        assert_int_equal(d.labels[i], i % 10);
        for (int k = 0; k < DIGIT_PIXELS; k++) {
            sum += px[k];
            x += px[k] * (k % DIGIT_SIDE_PX);
            y += px[k] * (k / DIGIT_SIDE_PX);
        }
        if (sum < 255 * 10 || fabs(x / sum - 14) > 1.6 || fabs(y / sum - 14) > 1.6)
            fail_msg("digit %zu: ink %.0f, middle %.2f, %.2f", i, sum / 255, x / sum, y / sum);
    }
    dataset_free(&d);
}

/* Breaks when remnants are not put, cover the digit, or are not scaled and placed together with it. */
static void test_remnants_stand_beside_the_digit(void **state)
{
    uint8_t digit[DIGIT_PIXELS] = {0}, with[DIGIT_PIXELS];
    int changed = 0;

    (void)state;
    for (int y = 4; y < 24; y++) /* a 1 */
        for (int x = 13; x < 16; x++)
            digit[y * DIGIT_SIDE_PX + x] = 255;
    for (uint64_t i = 0; i < 300; i++) {
        struct rng r;
        long before = 0, after = 0;

        rng_seed(&r, 7, RNG_TEST, i);
        memcpy(with, digit, sizeof(with));
        assert_int_equal(remnants_add(digit, &r, with), OK);
        for (int k = 0; k < DIGIT_PIXELS; k++) {
            before += digit[k];
            after += with[k];
        }
        changed += memcmp(digit, with, sizeof(with)) != 0;
        /* the stem is still the largest thing: it crosses the middle row */
        if (darkest(with, 14, 0, DIGIT_SIDE_PX) < 150 || after < before / 3 || after > 3 * before)
            fail_msg("remnants %d: ink %ld -> %ld", (int)i, before / 255, after / 255);
    }
    assert_true(changed > 290);
    memset(with, 0, sizeof(with)); /* nothing to stand beside */
    struct rng r;
    rng_seed(&r, 7, RNG_TEST, 0);
    assert_int_equal(remnants_add(digit, &r, with), OK);
    assert_int_equal(darkest(with, 14, 0, DIGIT_SIDE_PX), 0);
}

/* Breaks when a change, or another compiler, draws other digits or remnants from the same seed: what the recipe in a
 * weights file makes again would learn from other pictures. The C library's sines and logarithms go into them. glibc's
 * come to the same bytes: 2.36 for x86-64 (with and without FMA), arm64 and armhf, 2.41 for x86-64. Where a processor
 * can fuse a product and a sum, clang would, but for -ffp-contract=off. */
static void test_any_compiler_draws_the_same(void **state)
{
    enum { N = 1000 };
    static uint8_t beside[N][DIGIT_PIXELS];
    struct dataset d;
    char hands[DIGEST_HEX + 1], remnants[DIGEST_HEX + 1];

    (void)state;
    assert_int_equal(hands_dataset(&d, 7, N), OK);
    memcpy(beside, d.images, sizeof(beside));
    for (size_t i = 0; i < N; i++) {
        struct rng r;

        rng_seed(&r, 7, RNG_TEST, i);
        assert_int_equal(remnants_add(d.images + (i + 1) % N * DIGIT_PIXELS, &r, beside[i]), OK);
    }
    digest_sha256_hex(d.images, N * DIGIT_PIXELS, hands);
    digest_sha256_hex(beside, sizeof(beside), remnants);
    dataset_free(&d);
    assert_string_equal(hands, "8f96116fce8d4c0b82f81f0d1fdb9aac6bc410ec44ba47d1c1cb4e6a9ed5f4bd");
    assert_string_equal(remnants, "dac3eb98cd31834b3edbe01ffe3c8900ed1d7a7b1d87eabaffdd06cb35f597c6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_drawing_has_ink_and_fills_the_picture),
        cmocka_unit_test(test_the_generator_alone_decides),
        cmocka_unit_test(test_drawn_digits_are_placed_like_mnist),
        cmocka_unit_test(test_remnants_stand_beside_the_digit),
        cmocka_unit_test(test_any_compiler_draws_the_same),
    };

    return cmocka_run_group_tests_name("drawn", tests, NULL, NULL);
}
