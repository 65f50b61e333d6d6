/* A stream of random numbers a picture; its first number says what kind it is. Which kinds there are, and how many of
 * each, is a choice like the distortions of training. */
#include "examples.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "augment.h"
#include "pen.h"

enum { SIDE = EXAMPLE_SIDE, DIGIT = 28, AREA = DIGIT * DIGIT, TRIES = 50, FULL_TURN_DEG = 360 };
static const float two_pi = 6.2831853F;

/* As in training, and a little more. */
static const struct augment distortion = {.shift_px = 1,
                                          .rotate_deg = 15,
                                          .scale = 0.12F,
                                          .shear = 0.2F,
                                          .elastic_px = 0.7F,
                                          .elastic_cell_px = 7,
                                          .stroke = 0.6F};

static uint8_t to_grey(float v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5F);
}

/* px[28][28] in 0..1 four times as large: what a drawing area or a camera sends. */
static struct raster enlarge(const float *from, uint8_t *px)
{
    for (int i = 0; i < SIDE * SIDE; i++) {
        const float x = ((float)(i % SIDE) + 0.5F) / 4 - 0.5F, y = ((float)(i / SIDE) + 0.5F) / 4 - 0.5F;
        const int x0 = x < 0 ? 0 : (int)x, y0 = y < 0 ? 0 : (int)y;
        const int x1 = x0 + 1 < DIGIT ? x0 + 1 : x0, y1 = y0 + 1 < DIGIT ? y0 + 1 : y0;
        const float fx = fmaxf(x - (float)x0, 0), fy = fmaxf(y - (float)y0, 0);
        const float top = from[y0 * DIGIT + x0] * (1 - fx) + from[y0 * DIGIT + x1] * fx;
        const float low = from[y1 * DIGIT + x0] * (1 - fx) + from[y1 * DIGIT + x1] * fx;

        px[i] = to_grey(255 * (top * (1 - fy) + low * fy));
    }
    return (struct raster){SIDE, SIDE, px};
}

struct raster example_digit(const struct example_source *s, uint64_t seed, uint64_t i, uint8_t px[SIDE * SIDE])
{
    const uint8_t *from = s->d->images + (size_t)s->index[i % s->n] * AREA;
    float distorted[AREA];
    struct rng r;

    if (i < s->n) {
        memcpy(px, from, AREA);
        return (struct raster){DIGIT, DIGIT, px};
    }
    rng_seed(&r, seed, RNG_EXAMPLE_DIGIT, i);
    augment_picture(&distortion, &r, from, distorted);
    if (i >= 2 * s->n)
        return enlarge(distorted, px);
    for (int k = 0; k < AREA; k++)
        px[k] = to_grey(255 * distorted[k]);
    return (struct raster){DIGIT, DIGIT, px};
}

/* ---- digits spoilt ---- */

static const uint8_t *any_digit(const struct example_source *s, struct rng *r, int *label)
{
    const uint32_t at = s->index[rng_below(r, (uint32_t)s->n)];

    *label = s->d->labels[at];
    return s->d->images + (size_t)at * AREA;
}

/* The brighter of what is there and a digit, in a picture of w columns. */
static void put_digit(uint8_t *px, int w, int left, int top, const uint8_t *digit)
{
    for (int i = 0; i < AREA; i++) {
        uint8_t *to = px + (top + i / DIGIT) * w + left + i % DIGIT;

        *to = digit[i] > *to ? digit[i] : *to;
    }
}

/* Two or three digits in a row, as somebody writes a number. */
static struct raster draw_row(const struct example_source *s, struct rng *r, uint8_t *px)
{
    const int count = 2 + (int)rng_below(r, 2), step = 15 + (int)rng_below(r, 7), w = DIGIT + (count - 1) * step;
    int label;

    for (int k = 0; k < count; k++)
        put_digit(px, w, k * step, 0, any_digit(s, r, &label));
    return (struct raster){w, DIGIT, px};
}

/* One digit over another, a little off. */
static struct raster draw_over(const struct example_source *s, struct rng *r, uint8_t *px)
{
    enum { ROOM = 4, WIDE = DIGIT + 2 * ROOM };
    const int left = (int)rng_below(r, 2 * ROOM + 1), top = (int)rng_below(r, 2 * ROOM + 1);
    int first, second;

    put_digit(px, WIDE, ROOM, ROOM, any_digit(s, r, &first));
    const uint8_t *other = any_digit(s, r, &second);
    for (int i = 0; second == first && i < TRIES; i++)
        other = any_digit(s, r, &second);
    put_digit(px, WIDE, left, top, other);
    return (struct raster){WIDE, WIDE, px};
}

/* A quarter turn, or a mirror: of digits that are none afterwards. */
static struct raster draw_turned(const struct example_source *s, struct rng *r, uint8_t *px)
{
    const int how = (int)rng_below(r, 3); /* to the left, to the right, mirrored */
    const char *which = how < 2 ? "23456789" : "34679";
    int label;
    const uint8_t *digit = any_digit(s, r, &label);

    for (int i = 0; !strchr(which, '0' + label) && i < TRIES; i++)
        digit = any_digit(s, r, &label);
    for (int i = 0; i < AREA; i++) {
        const int x = i % DIGIT, y = i / DIGIT, end = DIGIT - 1;

        px[i] = digit[how == 0 ? x * DIGIT + end - y : how == 1 ? (end - x) * DIGIT + y : y * DIGIT + end - x];
    }
    return (struct raster){DIGIT, DIGIT, px};
}

/* Four quarters, each of any digit and from another corner of it. */
static struct raster draw_quarters(const struct example_source *s, struct rng *r, uint8_t *px)
{
    const int half = DIGIT / 2, turn = 1 + (int)rng_below(r, 3);
    int label;

    for (int q = 0; q < 4; q++) {
        const int from = (q + turn) % 4;
        const uint8_t *digit = any_digit(s, r, &label) + from / 2 * half * DIGIT + from % 2 * half;
        uint8_t *to = px + q / 2 * half * DIGIT + q % 2 * half;

        for (int i = 0; i < half * half; i++)
            to[i / half * DIGIT + i % half] = digit[i / half * DIGIT + i % half];
    }
    return (struct raster){DIGIT, DIGIT, px};
}

/* ---- strokes ---- */

/* A skeleton for the pen, and the points put so far: where strokes may begin. */
struct sketch {
    int n, x[PEN_NODES_MAX], y[PEN_NODES_MAX];
    size_t used;
    char text[1024];
};

static void put_point(struct sketch *k, const char *how, int x, int y)
{
    const size_t room = sizeof(k->text) - k->used;
    const int put = snprintf(k->text + k->used, room, "%s%d %d ", how, x, y);

    if (put < 0 || (size_t)put >= room || k->n == PEN_NODES_MAX) {
        k->text[k->used] = '\0';
        return;
    }
    k->used += (size_t)put;
    k->x[k->n] = x;
    k->y[k->n++] = y;
}

static int below(struct rng *r, int n)
{
    return (int)rng_below(r, (uint32_t)n);
}

/* Anywhere, or where another stroke was: at one of its points, or half-way between two. */
static void begin_stroke(struct sketch *k, struct rng *r)
{
    if (k->n < 2 || below(r, 10) < 3) {
        const int x = below(r, 101);

        put_point(k, "M", x, below(r, 101));
        return;
    }
    const int a = below(r, k->n - 1), b = below(r, 2) ? a + 1 : a;

    put_point(k, "M", (k->x[a] + k->x[b]) / 2, (k->y[a] + k->y[b]) / 2);
}

/* A part of an ellipse, open by 70 degrees or more. */
static void add_arc(struct sketch *k, struct rng *r)
{
    const int steps = 4 + below(r, 3), sweep = (below(r, 2) ? 1 : -1) * (100 + below(r, 190));
    const int wide = 15 + below(r, 36), high = 15 + below(r, 36), from = below(r, FULL_TURN_DEG);
    const bool joins = k->n > 1 && below(r, 2);
    const int at = joins ? below(r, k->n) : 0;
    float x = 50 + (float)below(r, 31) - 15, y = 50 + (float)below(r, 31) - 15;
    const float first = two_pi * (float)from / FULL_TURN_DEG;

    if (joins) { /* the middle is where the arc begins at that point */
        x = (float)k->x[at] - (float)wide * cosf(first);
        y = (float)k->y[at] - (float)high * sinf(first);
    }
    for (int i = 0; i <= steps; i++) {
        const float angle = first + two_pi * (float)(sweep * i) / (float)(FULL_TURN_DEG * steps);

        put_point(k, i == 0 ? "M" : "S", (int)(x + (float)wide * cosf(angle)), (int)(y + (float)high * sinf(angle)));
    }
}

/* A straight line that stands, lies or leans; a corner; a curve through two to four points. */
static void add_line(struct sketch *k, struct rng *r)
{
    const int how = below(r, 6), far = (below(r, 2) ? 1 : -1) * (30 + below(r, 71));

    begin_stroke(k, r);
    if (how == 0)
        put_point(k, "L", k->x[k->n - 1] + far, k->y[k->n - 1]);
    if (how == 1)
        put_point(k, "L", k->x[k->n - 1], k->y[k->n - 1] + far);
    for (int i = how < 2 ? 0 : how < 4 ? 1 : how == 4 ? 2 : 2 + below(r, 3); i > 0; i--) {
        const int x = below(r, 101);

        put_point(k, how == 5 ? "S" : "L", x, below(r, 101));
    }
}

/* Up to five lines and arcs. By chance a few of these are digits. */
static struct raster draw_strokes(struct rng *r, uint8_t *px)
{
    struct sketch sketch = {.n = 0};
    struct pen_figure figure;
    struct pen_hand hand;
    float box[4];

    add_arc(&sketch, r);
    if (below(r, 5) > 0) {
        const int lines = 1 + below(r, 4), arcs = below(r, 3) == 0 ? 1 + below(r, 2) : 0;

        if (below(r, 2))
            sketch = (struct sketch){.n = 0};
        for (int i = 0; i < lines; i++)
            add_line(&sketch, r);
        for (int i = 0; i < arcs || (sketch.n < 3 && i < 1); i++)
            add_arc(&sketch, r);
    }
    pen_hand_make(&hand, r);
    const float radius = SIDE * (0.01F + 0.05F * rng_float(r));
    if (pen_write(sketch.text, &hand, r, &figure) != OK)
        return (struct raster){SIDE, SIDE, px}; /* not met: sketches are short */
    pen_box(&figure, box);
    const float scale = (SIDE - 4 * radius) / fmaxf(fmaxf(box[2] - box[0], box[3] - box[1]), 0.01F);
    pen_move(&figure, scale, 2 * radius - scale * box[0], 2 * radius - scale * box[1], radius);
    pen_draw(&figure, SIDE, SIDE, px);
    return (struct raster){SIDE, SIDE, px};
}

/* ---- areas ---- */

/* A wave over a picture of side 1: -1 to 1. */
struct wave {
    float x, y, phase;
};

/* Up to `most` waves a side, in any direction. */
static struct wave wave_make(struct rng *r, float most)
{
    const float angle = two_pi * rng_float(r), turns = two_pi * most * rng_float(r);

    return (struct wave){turns * cosf(angle), turns * sinf(angle), two_pi * rng_float(r)};
}

static float wave_at(const struct wave *w, float x, float y)
{
    return sinf(w->x * x + w->y * y + w->phase);
}

/* One area, from a diamond to a box, dented, grey in waves. */
static void add_blob(struct rng *r, int side, uint8_t *px)
{
    const float cx = 0.3F + 0.4F * rng_float(r), cy = 0.3F + 0.4F * rng_float(r), lobes = (float)(2 + below(r, 5));
    const float wide = 0.12F + 0.38F * rng_float(r), high = 0.12F + 0.38F * rng_float(r), dent = 0.5F * rng_float(r);
    const float phase = two_pi * rng_float(r), power = 1 + 7 * rng_float(r);
    const float base = 60 + 195 * rng_float(r), depth = 120 * rng_float(r);
    const struct wave grey = wave_make(r, 8);

    for (int i = 0; i < side * side; i++) {
        const float x = (float)(i % side) / (float)side, y = (float)(i / side) / (float)side;
        const float u = (x - cx) / wide, v = (y - cy) / high;
        const float edge = 1 - dent * (0.5F + 0.5F * sinf(lobes * atan2f(v, u) + phase));

        if (powf(fabsf(u), power) + powf(fabsf(v), power) < edge)
            px[i] = to_grey(base + depth * wave_at(&grey, x, y));
    }
}

static struct raster draw_blobs(struct rng *r, uint8_t *px)
{
    const int side = below(r, 2) ? SIDE : DIGIT, count = 1 + below(r, 3);

    for (int i = 0; i < count; i++)
        add_blob(r, side, px);
    return (struct raster){side, side, px};
}

/* Waves upon waves, hard or soft, with or without grain. */
static struct raster draw_pattern(struct rng *r, uint8_t *px)
{
    enum { WAVES = 4 };
    const int side = DIGIT << below(r, 3), count = 1 + below(r, WAVES);
    const float hard = below(r, 2) ? 1000 : 40 + 100 * rng_float(r), level = rng_signed(r);
    const float grain = below(r, 2) ? 60 * rng_float(r) : 0, most = 2 + 12 * rng_float(r);
    struct wave wave[WAVES];

    for (int k = 0; k < count; k++)
        wave[k] = wave_make(r, most);
    for (int i = 0; i < side * side; i++) {
        float sum = level;

        for (int k = 0; k < count; k++)
            sum += wave_at(&wave[k], (float)(i % side) / (float)side, (float)(i / side) / (float)side);
        px[i] = to_grey(127 + hard * sum + grain * rng_normal(r));
    }
    return (struct raster){side, side, px};
}

struct raster example_other(const struct example_source *s, uint64_t seed, uint64_t i, uint8_t px[SIDE * SIDE])
{
    struct rng r;

    rng_seed(&r, seed, RNG_EXAMPLE_OTHER, i);
    memset(px, 0, SIDE * SIDE);
    switch (below(&r, 12)) {
    case 0:
        return draw_row(s, &r, px);
    case 1:
        return draw_over(s, &r, px);
    case 2:
        return draw_turned(s, &r, px);
    case 3:
        return draw_quarters(s, &r, px);
    case 4:
        return draw_blobs(&r, px);
    case 5:
        return draw_pattern(&r, px);
    default:
        return draw_strokes(&r, px);
    }
}
