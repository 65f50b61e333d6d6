/* The ten sample digits on paper, for tests that lay something over, around or beside them. */
#ifndef DIGITD_TESTS_FIXTURE_SCENE_H
#define DIGITD_TESTS_FIXTURE_SCENE_H

#include <math.h>

#include "canvas.h"

enum { W = 400, H = 320, K = 8, X = 90, Y = 50 };

struct scene {
    uint8_t *px;
    uint32_t random;
};

static inline uint8_t *at(const struct scene *s, int x, int y)
{
    return s->px + y * W + x;
}

static inline void darken(const struct scene *s, int x, int y, int tone)
{
    if (x < 0 || y < 0 || x >= W || y >= H)
        return;
    if (*at(s, x, y) > tone)
        *at(s, x, y) = (uint8_t)tone;
}

static inline int dice(struct scene *s, int sides)
{
    s->random = s->random * 1664525u + 1013904223u;
    return (int)((s->random >> 8) % (uint32_t)sides);
}

static inline void add_grain(struct scene *s, int most)
{
    for (int i = 0; i < W * H; i++) {
        const int v = s->px[i] + dice(s, 2 * most + 1) - most;

        s->px[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

/* A straight line from side to side, rising by slope; across or down. */
static inline void draw_line(const struct scene *s, double middle, double slope, int thick, int tone, bool across)
{
    const int n = across ? W : H;

    for (int i = 0; i < n; i++) {
        const int v = (int)floor(middle + slope * (i - n / 2) + 0.5);

        for (int k = 0; k < thick; k++)
            darken(s, across ? i : v + k, across ? v + k : i, tone);
    }
}

static inline void light(struct scene *s, double (*how)(double u, double v))
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            *at(s, x, y) = (uint8_t)(*at(s, x, y) * how((double)x / W, (double)y / H));
}

/* Lays each digit on paper, lets clutter do its work, and compares with the digit alone. most: tenths of a grey level,
 * mean over 784 pixels; other digits are 30 levels away and more. negative: light ink on dark. */
static inline void check(void (*clutter)(struct scene *s, int digit), int most, bool negative)
{
    for (int digit = 0; digit < 10; digit++) {
        uint8_t sample[PIXELS], plain[PIXELS], out[PIXELS];
        struct scene s = {.px = canvas(W, H, 220), .random = 1};
        double d;

        read_sample(digit, sample);
        paste(s.px, W, sample, K, X, Y, 40);
        run(s.px, W, H, plain);
        clutter(&s, digit);
        for (int i = 0; negative && i < W * H; i++)
            s.px[i] = (uint8_t)(255 - s.px[i]);
        assert_int_equal(run(s.px, W, H, out).inverted, !negative);
        d = moved_difference(plain, out);
        if (d * 10 > most)
            fail_msg("digit %d differs by %.2f", digit, d);
        free(s.px);
    }
}

#endif
