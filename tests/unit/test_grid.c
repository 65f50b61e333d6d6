/* The normaliser's small copy of a picture: the extremes around each cell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "normalise/tools/grid.h"
#include "random_nets.h"

static uint8_t extreme_around(const struct grid *g, int cx, int cy, int radius, bool greatest)
{
    uint8_t best = g->v[cy * g->w + cx];

    for (int y = cy > radius ? cy - radius : 0; y < g->h && y <= cy + radius; y++)
        for (int x = cx > radius ? cx - radius : 0; x < g->w && x <= cx + radius; x++) {
            const uint8_t v = g->v[y * g->w + x];

            best = (v > best) == greatest && v != best ? v : best;
        }
    return best;
}

/* Breaks when a window reaches too far or not far enough, at an edge, over the seam of two strips of columns, or when
 * it is wider than the picture; and when what lies after the last cell is written to. */
static void test_spread(void **state)
{
    static const int shapes[][2] = {{1, 1}, {1, 40}, {33, 1}, {31, 9}, {32, 32}, {65, 17}, {112, 80}, {256, 256}};
    static const int radii[] = {0, 1, 2, 5, 7, 40, 300};
    struct grid *g = malloc(sizeof(*g)), *was = malloc(sizeof(*was));
    uint64_t seed = 5;

    (void)state;
    assert_true(g && was);
    for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++)
        for (size_t r = 0; r < sizeof(radii) / sizeof(*radii); r++)
            for (int greatest = 0; greatest <= 1; greatest++) {
                const int w = shapes[s][0], h = shapes[s][1], every = w * h > 1000 ? 97 : 1;

                for (size_t i = 0; i < sizeof(g->v); i++)
                    g->v[i] = (uint8_t)random_bits(&seed);
                g->w = w;
                g->h = h;
                *was = *g;
                grid_spread(g, radii[r], greatest == 1);
                for (int i = 0; i < w * h; i += every)
                    if (g->v[i] != extreme_around(was, i % w, i / w, radii[r], greatest == 1))
                        fail_msg("%dx%d, radius %d, cell %d", w, h, radii[r], i);
                assert_memory_equal(g->v + w * h, was->v + w * h, sizeof(g->v) - (size_t)(w * h));
            }
    free(g);
    free(was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spread)};

    return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
