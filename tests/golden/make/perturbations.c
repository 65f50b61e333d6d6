/* The kinds. "Larger" is 112 px, four for one of MNIST's, where strokes are about 10 px wide. */
#include "perturbations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "strokes.h"

enum { LARGER = 112 };

static const float black[3] = {0, 0, 0}, white[3] = {255, 255, 255};
static const float RADIANS = 3.14159265F / 180;

static float between(struct perturbed *p, float low, float high)
{
    return low + (high - low) * rng_float(&p->r);
}

static float between_log(struct perturbed *p, float low, float high)
{
    return low * powf(high / low, rng_float(&p->r));
}

/* The digit in a w x h picture, as ink. free() it. */
static uint8_t *place(const struct perturbed *p, const struct placing *at, int w, int h)
{
    uint8_t *ink = need((size_t)w * (size_t)h);

    strokes_place(p->mnist, at, w, h, ink);
    return ink;
}

/* In the middle of a square of side px, filling it as MNIST's fill theirs. */
static uint8_t *place_whole(const struct perturbed *p, int side)
{
    const float half = (float)side / 2;

    return place(p, &(struct placing){(float)side / DIGIT_SIDE_PX, 0, half, half}, side, side);
}

/* Takes the ink over. */
static void finish(struct perturbed *p, uint8_t *ink, int w, int h, const float paper[3], const float pen[3])
{
    p->canvas = canvas_new(w, h);
    canvas_ink(&p->canvas, ink, paper, pen);
    free(ink);
}

/* Dark on light or light on dark, one as often as the other. */
static void finish_either(struct perturbed *p, uint8_t *ink, int w, int h)
{
    const bool dark = rng_below(&p->r, 2);

    finish(p, ink, w, h, dark ? white : black, dark ? black : white);
}

static void make_plain(struct perturbed *p)
{
    finish(p, place_whole(p, DIGIT_SIDE_PX), DIGIT_SIDE_PX, DIGIT_SIDE_PX, black, white);
}

static void make_inverted(struct perturbed *p)
{
    finish(p, place_whole(p, DIGIT_SIDE_PX), DIGIT_SIDE_PX, DIGIT_SIDE_PX, white, black);
}

/* Anywhere in twice the side, so that the 20x20 with the digit stays inside. */
static void make_shifted(struct perturbed *p)
{
    const int side = 2 * DIGIT_SIDE_PX;
    const float x = between(p, 10, (float)side - 10), y = between(p, 10, (float)side - 10);

    finish(p, place(p, &(struct placing){1, 0, x, y}, side, side), side, side, black, white);
}

static void make_scaled(struct perturbed *p)
{
    const int side = 2 * DIGIT_SIDE_PX;
    const float scale = between_log(p, 0.5F, 2), half = (float)side / 2;

    finish(p, place(p, &(struct placing){scale, 0, half, half}, side, side), side, side, black, white);
}

static void make_halved(struct perturbed *p)
{
    finish(
        p,
        place(p, &(struct placing){0.5F, 0, DIGIT_SIDE_PX / 2.0F, DIGIT_SIDE_PX / 2.0F}, DIGIT_SIDE_PX, DIGIT_SIDE_PX),
        DIGIT_SIDE_PX, DIGIT_SIDE_PX, black, white);
}

static void turn(struct perturbed *p, float degrees)
{
    const float half = LARGER / 2.0F, way = rng_below(&p->r, 2) ? degrees : -degrees;

    finish(p, place(p, &(struct placing){(float)LARGER / DIGIT_SIDE_PX, way * RADIANS, half, half}, LARGER, LARGER),
           LARGER, LARGER, black, white);
}

static void make_turned_10(struct perturbed *p)
{
    turn(p, 10);
}

static void make_turned_15(struct perturbed *p)
{
    turn(p, 15);
}

static void make_turned_20(struct perturbed *p)
{
    turn(p, 20);
}

static void make_thin(struct perturbed *p)
{
    uint8_t *ink = place_whole(p, LARGER);

    strokes_thin(ink, LARGER, LARGER, 2 + rng_index(&p->r, 3));
    finish_either(p, ink, LARGER, LARGER);
}

static void make_thick(struct perturbed *p)
{
    uint8_t *ink = place_whole(p, LARGER);

    strokes_thicken(ink, LARGER, LARGER, between(p, 2, 5));
    finish_either(p, ink, LARGER, LARGER);
}

static void make_jpeg(struct perturbed *p)
{
    const int side = (int)between_log(p, 28, 225);

    finish_either(p, place_whole(p, side), side, side);
    p->format = ENCODE_JPEG;
    p->quality = 30;
}

static void make_noisy(struct perturbed *p, float deviation)
{
    const int side = (int)between_log(p, 28, 225);

    finish_either(p, place_whole(p, side), side, side);
    canvas_noise(&p->canvas, deviation, &p->r);
}

static void make_noise_mild(struct perturbed *p)
{
    make_noisy(p, 10);
}

static void make_noise_heavy(struct perturbed *p)
{
    make_noisy(p, 40);
}

/* Dark ink on paper under a lamp: up to 60 % darker on one side, up to 40 % in the corners. */
static void make_light(struct perturbed *p)
{
    const int side = (int)between_log(p, 100, 400);
    const float angle = between(p, 0, 6.28F);
    uint8_t *ink = place_whole(p, side);
    struct scene s;

    scene_plain(&s, ink, side, side);
    s.light.fall = between(p, 0.2F, 0.7F);
    s.light.vignette = between(p, 0, 0.4F);
    s.light.dx = cosf(angle);
    s.light.dy = sinf(angle);
    for (int k = 0; k < 3; k++)
        s.paper[k] = between(p, 200, 255);
    for (int k = 0; k < 3; k++)
        s.pen[k] = between(p, 0, 50);
    p->canvas = canvas_new(side, side);
    canvas_scene(&p->canvas, &s, &p->r);
    canvas_noise(&p->canvas, 2, &p->r);
    free(ink);
}

/* Two colours that differ by 110 of 255 or more in one of red, green and blue, and by 40 in luminance or not. */
static void make_colour(struct perturbed *p)
{
    const int side = (int)between_log(p, 56, 225);
    float paper[3], pen[3], most;

    do {
        most = 0;
        for (int k = 0; k < 3; k++) {
            paper[k] = between(p, 0, 255);
            pen[k] = between(p, 0, 255);
            most = fmaxf(most, fabsf(paper[k] - pen[k]));
        }
    } while (most < 110);
    finish(p, place_whole(p, side), side, side, paper, pen);
}

static void make_sizes(struct perturbed *p)
{
    const int side = (int)between_log(p, 20, 2001);

    finish_either(p, place_whole(p, side), side, side);
}

const struct perturbation perturbations[] = {
    {"plain", "28x28 as in MNIST, as a PNG", make_plain},
    {"inverted", "28x28, dark on light", make_inverted},
    {"shifted", "anywhere in 56x56", make_shifted},
    {"scaled", "0.5 to 2 times, in 56x56", make_scaled},
    {"halved", "0.5 times, in 28x28: a digit of 10 px", make_halved},
    {"turned-10", "turned by 10 degrees either way", make_turned_10},
    {"turned-15", "by 15 degrees", make_turned_15},
    {"turned-20", "by 20 degrees", make_turned_20},
    {"thin", "strokes 1 to 2 px of MNIST's thinner", make_thin},
    {"thick", "strokes 1 to 2.5 px of MNIST's thicker", make_thick},
    {"jpeg-30", "JPEG of quality 30, 28 to 224 px", make_jpeg},
    {"noise-mild", "Gaussian noise, deviation 10 of 255, 28 to 224 px", make_noise_mild},
    {"noise-heavy", "deviation 40", make_noise_heavy},
    {"light", "paper under a lamp, 20 to 70 % darker at one side", make_light},
    {"colour", "coloured ink on coloured paper", make_colour},
    {"sizes", "20 to 2,000 px", make_sizes},
    {NULL, NULL, NULL},
};
