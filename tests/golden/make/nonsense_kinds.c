/* What has no number in it. Ink is drawn on ink[h][w], 0 to 255. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/letters.h"
#include "nonsense.h"

static uint8_t *ink_new(struct nonsense *n, int w, int h)
{
    n->w = w;
    n->h = h;
    n->ink = need((size_t)w * (size_t)h);
    return n->ink;
}

static float random_in(struct nonsense *n, float low, float high)
{
    return low + (high - low) * rng_float(&n->r);
}

static int random_int(struct nonsense *n, int low, int high)
{
    return low + (int)rng_below(&n->r, (uint32_t)(high - low + 1));
}

/* A picture of a usual size. */
static void usual(struct nonsense *n)
{
    const int w = random_int(n, 200, 1000);

    (void)ink_new(n, w, (int)((float)w * random_in(n, 0.5F, 1.2F)));
}

static void dot(struct nonsense *n, float x, float y, float radius)
{
    for (int v = (int)(y - radius); v <= (int)(y + radius); v++)
        for (int u = (int)(x - radius); u <= (int)(x + radius); u++)
            if (u >= 0 && v >= 0 && u < n->w && v < n->h && hypotf((float)u - x, (float)v - y) <= radius)
                n->ink[v * n->w + u] = 255;
}

static void line(struct nonsense *n, float x0, float y0, float x1, float y1, float radius)
{
    const float steps = fmaxf(hypotf(x1 - x0, y1 - y0), 1);

    for (float t = 0; t <= steps; t++)
        dot(n, x0 + (x1 - x0) * t / steps, y0 + (y1 - y0) * t / steps, radius);
}

static void arc(struct nonsense *n, const float at[2], const float radii[2], const float angles[2], float radius)
{
    for (float a = angles[0]; a < angles[1]; a += 1 / fmaxf(fmaxf(radii[0], radii[1]), 1))
        dot(n, at[0] + radii[0] * cosf(a), at[1] + radii[1] * sinf(a), radius);
}

static void block(struct nonsense *n, int x, int y, int w, int h)
{
    for (int v = y > 0 ? y : 0; v < y + h && v < n->h; v++)
        for (int u = x > 0 ? x : 0; u < x + w && u < n->w; u++)
            n->ink[v * n->w + u] = 255;
}

static void make_blank(struct nonsense *n)
{
    usual(n);
}

static void make_stroke(struct nonsense *n)
{
    usual(n);
    const float w = (float)n->w, h = (float)n->h, y = random_in(n, 0.3F, 0.7F) * h;

    line(n, 0.1F * w, y, 0.9F * w, y + random_in(n, -0.1F, 0.1F) * h, fmaxf(w / 60, 1));
}

static void make_letters(struct nonsense *n)
{
    const int k = random_int(n, 3, 8);
    uint8_t px[LETTERS_SIDE * LETTERS_SIDE];

    (void)ink_new(n, LETTERS_SIDE * k, 2 * LETTERS_SIDE);
    for (int i = 0; i < k; i++) {
        letters_draw(&n->r, px);
        for (int y = 0; y < LETTERS_SIDE; y++)
            memcpy(n->ink + (LETTERS_SIDE / 2 + y) * n->w + i * LETTERS_SIDE, px + y * LETTERS_SIDE, LETTERS_SIDE);
    }
}

static void make_face(struct nonsense *n)
{
    usual(n);
    const float r = (float)(n->w < n->h ? n->w : n->h) * 0.4F, pen = fmaxf(r / 25, 1);
    const float x = (float)n->w / 2, y = (float)n->h / 2;

    arc(n, (float[]){x, y}, (float[]){r, r}, (float[]){0, 6.3F}, pen);
    arc(n, (float[]){x, y}, (float[]){r / 2, r / 2}, (float[]){0.4F, 2.7F}, pen);
    arc(n, (float[]){x - r / 3, y - r / 3}, (float[]){r / 8, r / 8}, (float[]){0, 6.3F}, pen);
    arc(n, (float[]){x + r / 3, y - r / 3}, (float[]){r / 8, r / 8}, (float[]){0, 6.3F}, pen);
    line(n, x, y - r / 8, x + r / 10, y + r / 8, pen);
}

static void make_specks(struct nonsense *n)
{
    (void)ink_new(n, 1000, 1000);
    for (int i = 0; i < 10000; i++)
        block(n, random_int(n, 0, 999), random_int(n, 0, 999), random_int(n, 1, 3), random_int(n, 1, 3));
}

static void make_checkerboard(struct nonsense *n)
{
    const int cell = random_int(n, 3, 100);

    usual(n);
    for (int y = 0; y * cell < n->h; y++)
        for (int x = y % 2; x * cell < n->w; x += 2)
            block(n, x * cell, y * cell, cell, cell);
}

/* The three finders and a random rest. */
static void make_qr(struct nonsense *n)
{
    const int modules = 21 + 4 * random_int(n, 0, 6), k = random_int(n, 3, 12);

    (void)ink_new(n, (modules + 8) * k, (modules + 8) * k);
    for (int y = 0; y < modules; y++)
        for (int x = 0; x < modules; x++) {
            const int left = x < modules - x - 1 ? x : modules - x - 1, top = y < modules - y - 1 ? y : modules - y - 1;
            const bool finder = left < 8 && top < 8 && !(x > 8 && y > 8);
            const int ring = abs(left - 3) > abs(top - 3) ? abs(left - 3) : abs(top - 3);

            if (finder ? ring < 2 || ring == 3 : rng_below(&n->r, 2) == 0)
                block(n, (x + 4) * k, (y + 4) * k, k, k);
        }
}

static void make_spiral(struct nonsense *n)
{
    usual(n);
    const float turns = random_in(n, 3, 12), most = (float)(n->w < n->h ? n->w : n->h) * 0.45F;

    for (float t = 0; t < 1; t += 0.0001F)
        dot(n, (float)n->w / 2 + most * t * cosf(6.2832F * turns * t),
            (float)n->h / 2 + most * t * sinf(6.2832F * turns * t), fmaxf(most / turns / 8, 1));
}

/* Blades and light, as a camera sees a lawn. */
static void make_grass(struct nonsense *n)
{
    const uint32_t seed = (uint32_t)rng_u64(&n->r);

    (void)ink_new(n, 900, 600);
    for (int i = 0; i < n->w * n->h; i++) {
        const float x = (float)(i % n->w), y = (float)(i / n->w);
        const float v =
            120 + 50 * smooth_noise(x, y / 4, 6, seed) + 40 * smooth_noise(x, y, 60, seed + 1) + 20 * rng_normal(&n->r);

        n->ink[i] = (uint8_t)fminf(fmaxf(v, 0), 255);
    }
}

static void make_noise(struct nonsense *n)
{
    (void)ink_new(n, 5000, 5000);
    for (int i = 0; i < n->w * n->h; i++)
        n->ink[i] = (uint8_t)rng_below(&n->r, 256);
}

static void make_barcode(struct nonsense *n)
{
    const int k = random_int(n, 2, 6);

    (void)ink_new(n, 130 * k, 60 * k);
    for (int x = 10, bar = 1; x < 120; bar = !bar) {
        const int w = random_int(n, 1, 4);

        if (bar)
            block(n, x * k, 5 * k, w * k, 50 * k);
        x += w;
    }
}

static void make_crossword(struct nonsense *n)
{
    const int cells = random_int(n, 7, 15), k = random_int(n, 16, 50), pen = 1 + k / 20;

    (void)ink_new(n, (cells + 1) * k, (cells + 1) * k);
    for (int y = 0; y <= cells; y++) {
        block(n, k / 2, k / 2 + y * k, cells * k + pen, pen);
        block(n, k / 2 + y * k, k / 2, pen, cells * k + pen);
        for (int x = 0; x < cells && y < cells; x++)
            if (rng_below(&n->r, 5) == 0)
                block(n, k / 2 + x * k, k / 2 + y * k, k, k);
    }
}

static void make_staff(struct nonsense *n)
{
    const int k = random_int(n, 6, 24);

    (void)ink_new(n, 60 * k, 40 * k);
    for (int row = 0; row < 3; row++)
        for (int i = 0; i < 5; i++)
            block(n, 2 * k, (5 + 12 * row + i) * k, 56 * k, 1 + k / 10);
    for (int i = 0; i < 30; i++) {
        const float x = (float)(k * random_int(n, 4, 56)),
                    y = (float)k * (5 + 12 * (float)rng_below(&n->r, 3) + (float)rng_below(&n->r, 9) / 2);

        dot(n, x, y, (float)k / 2);
        line(n, x + (float)k / 2, y, x + (float)k / 2, y - 3 * (float)k, 1);
    }
}

static void make_maze(struct nonsense *n)
{
    const int k = random_int(n, 12, 40), cells = random_int(n, 8, 20), pen = 1 + k / 8;

    (void)ink_new(n, (cells + 2) * k, (cells + 2) * k);
    for (int y = 0; y <= cells; y++)
        for (int x = 0; x <= cells; x++) {
            if (x < cells && (y == 0 || y == cells || rng_below(&n->r, 2)))
                block(n, (x + 1) * k, (y + 1) * k, k + pen, pen);
            if (y < cells && (x == 0 || x == cells || rng_below(&n->r, 2)))
                block(n, (x + 1) * k, (y + 1) * k, pen, k + pen);
        }
}

/* Dots that grow from left to right. */
static void make_halftone(struct nonsense *n)
{
    const float pitch = random_in(n, 4, 14);

    usual(n);
    for (float y = 0; y < (float)n->h; y += pitch)
        for (float x = 0; x < (float)n->w; x += pitch)
            dot(n, x, y, 0.7F * pitch * x / (float)n->w);
}

static void make_stripes(struct nonsense *n)
{
    const float pitch = random_in(n, 6, 80), lean = random_in(n, -1, 1);

    usual(n);
    for (int i = 0; i < n->w * n->h; i++)
        n->ink[i] = fmodf((float)(i % n->w) + lean * (float)(i / n->w) + 4000, pitch) < pitch / 2 ? 255 : 0;
}

const struct nonsense_kind nonsense_kinds[] = {
    {"blank", make_blank},
    {"stroke", make_stroke},
    {"letters", make_letters},
    {"face", make_face},
    {"specks", make_specks},
    {"checkerboard", make_checkerboard},
    {"qr", make_qr},
    {"spiral", make_spiral},
    {"grass", make_grass},
    {"barcode", make_barcode},
    {"crossword", make_crossword},
    {"staff", make_staff},
    {"maze", make_maze},
    {"halftone", make_halftone},
    {"stripes", make_stripes},
    {"noise", make_noise},
    {NULL, NULL},
};
