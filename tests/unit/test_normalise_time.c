/* normalise/normalise: what the worst pictures cost. Processor time against that of a plain page of the same size, so
 * that neither a slow machine nor a sanitizer changes the answer. */
#include "normalise/normalise.h"

#include <time.h>

#include "pictures.h"

enum { AREA = 1000 * 1000, TRIES = 3, TIMES_MOST = 20 };

enum pattern { PLAIN, CHECKER, DOTS, SPOTS, NOISE };

static void draw(uint8_t *px, int w, enum pattern pattern)
{
    uint32_t random = 1;

    for (int i = 0; i < AREA; i++) {
        const int x = i % w, y = i / w;

        random = random * 1664525u + 1013904223u;
        px[i] = pattern == PLAIN     ? (uint8_t)(200 + (random >> 24) % 9)
                : pattern == CHECKER ? (uint8_t)((x ^ y) & 1 ? 255 : 0)
                : pattern == DOTS    ? (uint8_t)(x % 2 == 0 && y % 2 == 0 ? 0 : 255)
                : pattern == SPOTS   ? (uint8_t)(x % 8 < 4 && y % 8 < 4 ? 0 : 255)
                                     : (uint8_t)(random >> 24);
    }
}

/* The least of some tries, in clock ticks, 1 at least. */
static double took(const uint8_t *px, int w)
{
    double least = 0;

    for (int i = 0; i < TRIES; i++) {
        uint8_t out[784];
        struct normalise_steps s;
        const clock_t began = clock();
        double ticks;

        assert_int_equal(normalise(&(struct raster){.w = w, .h = AREA / w, .px = px}, out, &s), OK);
        ticks = (double)(clock() - began) + 1;
        least = i == 0 || ticks < least ? ticks : least;
    }
    return least;
}

/* Fails when the search for lines goes over millions of runs again and again (60 times a plain page, 3 by now): a file
 * of 756 bytes would keep a worker busy for a second. Fails when each of 16,000 spots is held against all the others
 * (230 times a plain page, 12 by now). */
static void test_textures(void **state)
{
    static const int WIDTHS[] = {1000, 100, 10000};
    uint8_t *px = malloc(AREA);

    (void)state;
    assert_non_null(px);
    for (size_t i = 0; i < sizeof(WIDTHS) / sizeof(WIDTHS[0]); i++) {
        double plain;

        draw(px, WIDTHS[i], PLAIN);
        plain = took(px, WIDTHS[i]);
        for (enum pattern pattern = CHECKER; pattern <= NOISE; pattern++) {
            double times;

            draw(px, WIDTHS[i], pattern);
            times = took(px, WIDTHS[i]) / plain;
            if (times > TIMES_MOST)
                fail_msg("width %d, pattern %d: %.1f times a plain page", WIDTHS[i], (int)pattern, times);
            print_message("width %d, pattern %d: %.1f times a plain page\n", WIDTHS[i], (int)pattern, times);
        }
    }
    free(px);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_textures)};

    return cmocka_run_group_tests_name("normalise_time", tests, NULL, NULL);
}
