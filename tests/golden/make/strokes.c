/* Resampling, thinning, thickening. */
#include "strokes.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"

/* Ink of a stroke that is to be thinned: MNIST has strokes that are grey all over, which 128 would cut up. */
enum { FAINT = 72 };

static float cubic(float d)
{
    d = fabsf(d);
    if (d < 1)
        return (1.5F * d - 2.5F) * d * d + 1;
    return d < 2 ? ((-0.5F * d + 2.5F) * d - 4) * d + 2 : 0;
}

/* The picture at x, y: pixel i covers i to i + 1. */
static float sample(const uint8_t mnist[DIGIT_PIXELS], float x, float y)
{
    const int ix = (int)floorf(x - 0.5F), iy = (int)floorf(y - 0.5F);
    float sum = 0;

    for (int ky = iy - 1; ky <= iy + 2; ky++)
        for (int kx = ix - 1; kx <= ix + 2; kx++)
            if (kx >= 0 && ky >= 0 && kx < DIGIT_SIDE_PX && ky < DIGIT_SIDE_PX)
                sum += cubic(x - 0.5F - (float)kx) * cubic(y - 0.5F - (float)ky) * mnist[ky * DIGIT_SIDE_PX + kx];
    return sum;
}

void strokes_place(const uint8_t mnist[DIGIT_PIXELS], const struct placing *at, int w, int h, uint8_t *out)
{
    const float co = cosf(at->turn) / at->scale, si = sinf(at->turn) / at->scale, middle = DIGIT_SIDE_PX / 2.0F;
    const int fine = at->scale < 1 ? (int)ceilf(2 / at->scale) : 1; /* samples across a pixel */

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            float sum = 0;

            for (int k = 0; k < fine * fine; k++) {
                const float dx = (float)x + ((float)(k % fine) + 0.5F) / (float)fine - at->x;
                const float dy = (float)y + ((float)(k / fine) + 0.5F) / (float)fine - at->y;

                sum += sample(mnist, middle + co * dx + si * dy, middle - si * dx + co * dy);
            }
            sum = sum / (float)(fine * fine) + 0.5F;
            out[(size_t)y * (size_t)w + (size_t)x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
        }
}

/* The eight neighbours of i, clockwise from above: 0 or 1 each. i is not on the rim. */
static void neighbours(const uint8_t *px, size_t i, size_t w, int p[8])
{
    const size_t at[8] = {i - w, i - w + 1, i + 1, i + w + 1, i + w, i + w - 1, i - 1, i - w - 1};

    for (int k = 0; k < 8; k++)
        p[k] = px[at[k]] != 0;
}

/* Whether Zhang and Suen's pass (0: the south-east rim goes, 1: the north-west) takes a pixel away. */
static bool may_go(const int p[8], int pass)
{
    int count = 0, rises = 0;

    for (int k = 0; k < 8; k++) {
        count += p[k];
        rises += !p[k] && p[(k + 1) % 8];
    }
    if (count < 2 || count > 6 || rises != 1)
        return false;
    return pass == 0 ? !(p[0] && p[2] && p[4]) && !(p[2] && p[4] && p[6])
                     : !(p[0] && p[2] && p[6]) && !(p[0] && p[4] && p[6]);
}

static void to_black_and_white(uint8_t *px, size_t n, uint8_t ink)
{
    for (size_t i = 0; i < n; i++)
        px[i] = px[i] >= ink ? 255 : 0;
}

/* 1 2 1 across and down: the soft edge of a pen. */
static void soften(uint8_t *px, int w, int h)
{
    const size_t row = (size_t)w, n = row * (size_t)h;
    uint8_t *from = need(n);

    memcpy(from, px, n);
    for (int y = 1; y + 1 < h; y++)
        for (int x = 1; x + 1 < w; x++) {
            const uint8_t *p = from + (size_t)y * row + (size_t)x, *up = p - row, *low = p + row;

            px[(size_t)y * row + (size_t)x] = (uint8_t)((up[-1] + 2 * up[0] + up[1] + 2 * p[-1] + 4 * p[0] + 2 * p[1] +
                                                         low[-1] + 2 * low[0] + low[1] + 8) /
                                                        16);
        }
    free(from);
}

void strokes_thin(uint8_t *px, int w, int h, int rounds)
{
    const size_t n = (size_t)w * (size_t)h;
    uint8_t *gone = need(n);

    to_black_and_white(px, n, FAINT);
    for (int pass = 0; pass < 2 * rounds; pass++) {
        for (int y = 1; y + 1 < h; y++)
            for (int x = 1; x + 1 < w; x++) {
                const size_t i = (size_t)y * (size_t)w + (size_t)x;
                int p[8];

                if (px[i] == 0)
                    continue;
                neighbours(px, i, (size_t)w, p);
                gone[i] = may_go(p, pass % 2);
            }
        for (size_t i = 0; i < n; i++)
            if (gone[i])
                px[i] = gone[i] = 0;
    }
    free(gone);
    soften(px, w, h);
}

void strokes_thicken(uint8_t *px, int w, int h, float radius)
{
    const size_t n = (size_t)w * (size_t)h;
    const int reach = (int)radius;
    uint8_t *from = need(n);

    to_black_and_white(px, n, 128);
    memcpy(from, px, n);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int dy = -reach; dy <= reach && from[(size_t)y * (size_t)w + (size_t)x]; dy++)
                for (int dx = -reach; dx <= reach; dx++)
                    if ((float)(dx * dx + dy * dy) <= radius * radius && x + dx >= 0 && y + dy >= 0 && x + dx < w &&
                        y + dy < h)
                        px[(size_t)(y + dy) * (size_t)w + (size_t)(x + dx)] = 255;
    free(from);
    soften(px, w, h);
}
