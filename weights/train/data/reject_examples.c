/* Each picture has its own stream of random numbers. Which kinds there are and how many of each is a choice, like the
 * distortions of training.
 *
 * The trap: whatever is done to digits must be done to non-digits as often. If only digits were enlarged, the head
 * would learn that blurred pictures are digits. */
#include "reject_examples.h"

#include <math.h>
#include <string.h>

#include "augment.h"
#include "hands.h"
#include "letters.h"
#include "random_strokes.h"
#include "remnants.h"

enum { SIDE = RANDOM_STROKES_SIDE, DIGIT = DIGIT_SIDE_PX, AREA = DIGIT_PIXELS, TRIES = 50 };
enum { HANDS_PERCENT = 40, REMNANTS_PERCENT = 15 }; /* of the digits */
static const float two_pi = 6.2831853F;

/* As in training, slightly stronger. */
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

static struct raster same_size(const float *from, uint8_t *px)
{
    for (int i = 0; i < AREA; i++)
        px[i] = to_grey(255 * from[i]);
    return (struct raster){DIGIT, DIGIT, px};
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

static const uint8_t *any_digit(const struct reject_example_source *s, struct rng *r, int *label)
{
    const uint32_t at = s->index[rng_below(r, (uint32_t)s->n)];

    *label = s->d->labels[at];
    return s->d->images + (size_t)at * AREA;
}

/* ---- spoilt digits ---- */

/* Draws a digit into a picture of w columns; the brighter pixel wins. */
static void put_digit(uint8_t *px, int w, int left, int top, const uint8_t *digit)
{
    for (int i = 0; i < AREA; i++) {
        uint8_t *to = px + (top + i / DIGIT) * w + left + i % DIGIT;

        *to = digit[i] > *to ? digit[i] : *to;
    }
}

/* Two or three digits in a row, like a written number. */
static struct raster draw_row(const struct reject_example_source *s, struct rng *r, uint8_t *px)
{
    const int count = 2 + rng_index(r, 2), step = 15 + rng_index(r, 7), w = DIGIT + (count - 1) * step;
    int label;

    for (int k = 0; k < count; k++)
        put_digit(px, w, k * step, 0, any_digit(s, r, &label));
    return (struct raster){w, DIGIT, px};
}

/* One digit over another, a little off. */
static struct raster draw_over(const struct reject_example_source *s, struct rng *r, uint8_t *px)
{
    enum { ROOM = 4, WIDE = DIGIT + 2 * ROOM };
    const int left = rng_index(r, 2 * ROOM + 1), top = rng_index(r, 2 * ROOM + 1);
    int first, second;

    put_digit(px, WIDE, ROOM, ROOM, any_digit(s, r, &first));
    const uint8_t *other = any_digit(s, r, &second);
    for (int i = 0; second == first && i < TRIES; i++)
        other = any_digit(s, r, &second);
    put_digit(px, WIDE, left, top, other);
    return (struct raster){WIDE, WIDE, px};
}

/* A digit rotated by a quarter turn or mirrored, of those that are not digits afterwards. */
static struct raster draw_turned(const struct reject_example_source *s, struct rng *r, uint8_t *px)
{
    const int how = rng_index(r, 3); /* to the left, to the right, mirrored */
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

/* The upper part of a digit that is not a digit without its lower part. */
static struct raster draw_cut(const struct reject_example_source *s, struct rng *r, uint8_t *px)
{
    const int rows = 13 + rng_index(r, 5); /* of a digit that begins in row 4 */
    int label;
    const uint8_t *digit = any_digit(s, r, &label);

    for (int i = 0; !strchr("459", '0' + label) && i < TRIES; i++)
        digit = any_digit(s, r, &label);
    memcpy(px, digit, (size_t)rows * DIGIT);
    return (struct raster){DIGIT, DIGIT, px};
}

/* Four quarters, each from any digit and from another corner of it. */
static struct raster draw_quarters(const struct reject_example_source *s, struct rng *r, uint8_t *px)
{
    const int half = DIGIT / 2, turn = 1 + rng_index(r, 3);
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
    const float cx = 0.3F + 0.4F * rng_float(r), cy = 0.3F + 0.4F * rng_float(r), lobes = (float)(2 + rng_index(r, 5));
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
    const int side = rng_index(r, 2) ? SIDE : DIGIT, count = 1 + rng_index(r, 3);

    for (int i = 0; i < count; i++)
        add_blob(r, side, px);
    return (struct raster){side, side, px};
}

/* Waves upon waves, hard or soft, with or without grain. */
static struct raster draw_pattern(struct rng *r, uint8_t *px)
{
    enum { WAVES = 4 };
    const int side = DIGIT << rng_index(r, 3), count = 1 + rng_index(r, WAVES);
    const float hard = rng_index(r, 2) ? 1000 : 40 + 100 * rng_float(r), level = rng_signed(r);
    const float grain = rng_index(r, 2) ? 60 * rng_float(r) : 0, most = 2 + 12 * rng_float(r);
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

/* A digit of MNIST's, or one in two hands that MNIST has not; now and then with remnants beside it. */
static enum err draw_digit(const struct reject_example_source *s, struct rng *r, uint8_t out[AREA])
{
    int label;
    const uint8_t *digit = any_digit(s, r, &label);
    enum err e = OK;

    memcpy(out, digit, AREA);
    if (rng_index(r, 100) < HANDS_PERCENT)
        e = hands_make(label, r, out);
    if (e == OK && rng_index(r, 100) < REMNANTS_PERCENT)
        e = remnants_add(any_digit(s, r, &label), r, out);
    return e;
}

/* A non-digit, before the normaliser. */
static struct raster draw_other(const struct reject_example_source *s, struct rng *r, uint8_t *px)
{
    memset(px, 0, SIDE * SIDE);
    switch (rng_index(r, 18)) {
    case 0:
        return draw_row(s, r, px);
    case 1:
        return draw_over(s, r, px);
    case 2:
        return draw_turned(s, r, px);
    case 3:
        return draw_quarters(s, r, px);
    case 4:
        return draw_cut(s, r, px);
    case 5:
        return draw_blobs(r, px);
    case 6:
        return draw_pattern(r, px);
    case 7:
    case 8:
    case 9:
    case 10:
        letters_draw(r, px);
        return (struct raster){SIDE, SIDE, px};
    default:
        random_strokes_draw(r, px);
        return (struct raster){SIDE, SIDE, px};
    }
}

enum err reject_example_make(const struct reject_example_source *s, bool digit, uint64_t seed, uint64_t i,
                             uint8_t out[AREA])
{
    uint8_t px[SIDE * SIDE];
    float distorted[AREA];
    struct normalise_steps steps;
    struct rng r;
    enum err e;

    rng_seed(&r, seed, RNG_EXAMPLE, 2 * i + digit);
    if (digit) {
        e = draw_digit(s, &r, out);
    } else {
        const struct raster drawn = draw_other(s, &r, px);
        e = normalise(&drawn, out, &steps);
    }
    if (e != OK)
        return e;
    const uint32_t how = rng_below(&r, 4);
    if (how < 2)
        return OK;
    augment_picture(&distortion, &r, out, distorted);
    const struct raster again = how == 2 ? same_size(distorted, px) : enlarge(distorted, px);
    return normalise(&again, out, &steps);
}
