/* One function a digit. Numbers are in hundredths of the box that pen.h's skeletons have; what looks like a choice of
 * taste is one: the parts are as frequent as makes a network good at all of them, not as they are among people.
 *
 * Where two digits come near each other, the angle decides, as it does for readers: a 1's upstroke meets the stem at
 * less than 65 degrees, a 7's bar at more than 65. */
#include "hands.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "normalise/normalise.h"
#include "skeleton.h"

enum { SIDE = HANDS_SIDE, EDGE = 33 }; /* ink of at least EDGE belongs to a stroke, as in MNIST's boxes */
static const float degree = 3.14159265F / 180;

static bool chance(struct rng *r, int percent)
{
    return rng_index(r, 100) < percent;
}

static void line(struct skeleton *k, int x0, int y0, int x1, int y1)
{
    skeleton_put(k, "M", x0, y0);
    skeleton_put(k, "L", x1, y1);
}

/* A point anywhere from x0 to x1, y0 to y1. C leaves open which argument of a call comes first: none here has two that
 * ask the generator, so that any compiler draws the same. */
static void put_in(struct skeleton *k, struct rng *r, const char *how, int x0, int x1, int y0, int y1)
{
    const int y = rng_pick(r, y0, y1), x = rng_pick(r, x0, x1);

    skeleton_put(k, how, x, y);
}

/* An arc around x, y from one angle to another (degrees, 0 at the top, clockwise), by points of `how` after the first,
 * which is put with `first`. boxy: 0 round to 1 nearly a box. */
static void arc(struct skeleton *k, const char *first, const char *how, int x, int y, int wide, int high, int from,
                int to, float boxy)
{
    const int steps = 3 + abs(to - from) / 50;

    for (int i = 0; i <= steps; i++) {
        const float a = degree * (float)(from + (to - from) * i / steps), s = sinf(a), c = cosf(a);
        const float out = 1 + boxy * (1 / fmaxf(fmaxf(fabsf(s), fabsf(c)), 0.7F) - 1);

        skeleton_put(k, i == 0 ? first : how, x + (int)lroundf((float)wide * out * s),
                     y - (int)lroundf((float)high * out * c));
    }
}

static void zero(struct skeleton *k, struct rng *r)
{
    const int wide = rng_pick(r, 18, 50), from = rng_pick(r, -40, 40), round = rng_pick(r, 335, 385);
    const float boxy = chance(r, 25) ? rng_float(r) : 0;

    arc(k, "M", "S", 50, 50, wide, 50, from, chance(r, 50) ? from + round : from - round, boxy);
    if (chance(r, 40)) { /* slashed, either way, inside or beyond */
        const int half = rng_pick(r, wide * 6 / 10, wide * 13 / 10), rise = rng_pick(r, 22, 50),
                  way = chance(r, 85) ? 1 : -1;

        line(k, 50 - way * half, 50 + rise, 50 + way * half, 50 - rise);
    }
}

/* Upstroke, stem, foot. */
static void one(struct skeleton *k, struct rng *r)
{
    const int low = rng_pick(r, 44, 56), bend = chance(r, 25) ? rng_pick(r, -6, 6) : 0;
    const bool foot = chance(r, 25);

    if (chance(r, 65)) {
        const float length = (float)rng_pick(r, 12, 62), angle = degree * (float)rng_pick(r, 18, 60);
        const int x = 50 - (int)(length * sinf(angle)), y = (int)(length * cosf(angle)), mid = (x + 50) / 2;

        skeleton_put(k, "M", x, y);
        if (chance(r, 35)) /* a curved one */
            put_in(k, r, "S", mid, mid + 5, y / 2, y / 2 + 5);
        skeleton_put(k, "L", 50, 0);
    } else {
        skeleton_put(k, "M", 50, 0);
    }
    if (bend != 0)
        skeleton_put(k, "S", 50 + bend, 50);
    skeleton_put(k, bend != 0 ? "S" : "L", low, 100);
    if (foot) {
        const int half = rng_pick(r, 12, 40), tilt = rng_pick(r, -5, 5);

        line(k, low - half, 99 + tilt, low + half + rng_pick(r, -6, 6), 99 - tilt);
    }
}

static void two(struct skeleton *k, struct rng *r)
{
    const int wide = rng_pick(r, 22, 42), high = rng_pick(r, 18, 30), left = 50 - wide - rng_pick(r, -4, 6),
              right = 50 + wide;
    const int base = rng_pick(r, 92, 100), end = right + rng_pick(r, -4, 14);

    if (chance(r, 12)) { /* like a Z with a round or pointed head */
        skeleton_put(k, "M", left, rng_pick(r, 2, 16));
        const int top = rng_pick(r, 0, 6);
        skeleton_put(k, chance(r, 50) ? "S" : "L", right, top);
        skeleton_put(k, "L", left, base);
        skeleton_put(k, "L", end, base + rng_pick(r, -4, 4));
        return;
    }
    const int to = rng_pick(r, 90, 115), from = rng_pick(r, -100, -50);
    arc(k, "M", "S", 50, high, wide, high, from, to, 0);
    put_in(k, r, "S", 46, 58, 58, 70);
    if (chance(r, 35)) { /* a loop or a curl where the base begins */
        skeleton_put(k, "S", left + rng_pick(r, 2, 10), base);
        put_in(k, r, "S", left, left - 6, base - 4, base - 12);
        put_in(k, r, "S", left + 10, left + 18, base - 12, base - 22);
        put_in(k, r, "S", 50, 62, base - 2, base - 10);
        skeleton_put(k, "S", end, base + rng_pick(r, -8, 4));
        return;
    }
    skeleton_put(k, "S", left, base);
    if (chance(r, 40))
        skeleton_put(k, "S", 50, base - rng_pick(r, -3, 8));
    const int low = base + rng_pick(r, -10, 6);
    skeleton_put(k, chance(r, 60) ? "L" : "S", end, low);
}

static void three(struct skeleton *k, struct rng *r)
{
    const int up = rng_pick(r, 40, 56), wide = rng_pick(r, 24, 40), in = rng_pick(r, 34, 54), low = rng_pick(r, 26, 46);

    if (chance(r, 25)) { /* a flat top */
        put_in(k, r, "M", 30, 14, 0, 8);
        skeleton_put(k, "L", 50 + wide, rng_pick(r, 0, 6));
        skeleton_put(k, "L", in, up);
    } else {
        const int to = rng_pick(r, 130, 150), from = rng_pick(r, -85, -40);

        arc(k, "M", "S", 48, up / 2, wide, up / 2, from, to, 0);
        skeleton_put(k, "S", in, up);
    }
    if (chance(r, 35)) /* a small loop at the waist */
        put_in(k, r, "S", in - 3, in - 9, up, up - 7);
    skeleton_put(k, "L", in + rng_pick(r, 1, 4), up + 1);
    const int to = rng_pick(r, 220, 265), from = rng_pick(r, 20, 40);
    arc(k, "S", "S", 50, (100 + up) / 2, low, (100 - up) / 2, from, to, 0);
}

static void four(struct skeleton *k, struct rng *r)
{
    const int bar = rng_pick(r, 48, 74), left = rng_pick(r, 4, 22), stem = rng_pick(r, 56, 78),
              right = stem + rng_pick(r, 6, 34);
    const int low = rng_pick(r, 92, 100);

    if (chance(r, 35)) { /* closed: the stem's top is where the slope begins */
        const int top = stem + rng_pick(r, -6, 4);

        skeleton_put(k, "M", top, 0);
        skeleton_put(k, "L", left, bar);
        skeleton_put(k, "L", right, bar + rng_pick(r, -8, 4));
        line(k, top, 0, stem, low);
        return;
    }
    /* open: a slope or an upright, the bar, and a stem that begins anywhere from the top to above the bar */
    put_in(k, r, "M", left, left + 40, 0, 8);
    if (chance(r, 30)) {
        skeleton_put(k, "S", left, bar - rng_pick(r, 4, 14));
        skeleton_put(k, "S", left + rng_pick(r, 8, 18), bar);
        skeleton_put(k, "S", right, bar - rng_pick(r, 0, 10));
    } else {
        skeleton_put(k, "L", left, bar);
        skeleton_put(k, "L", right, bar + rng_pick(r, -10, 4));
    }
    const int from = chance(r, 60) ? rng_pick(r, 0, 20) : rng_pick(r, 20, bar - 12);
    line(k, stem + rng_pick(r, -6, 12), from, stem, low);
}

static void five(struct skeleton *k, struct rng *r)
{
    const int left = rng_pick(r, 20, 34), waist = rng_pick(r, 38, 52), wide = rng_pick(r, 24, 42),
              end = left + rng_pick(r, 36, 66);
    const int tilt = rng_pick(r, -8, 5), gap = chance(r, 25) ? rng_pick(r, 2, 9) : 0;
    const bool one_stroke = chance(r, 45);

    if (one_stroke) {
        skeleton_put(k, "M", end, tilt);
        skeleton_put(k, chance(r, 20) ? "S" : "L", left, 2);
    } else {
        skeleton_put(k, "M", left + rng_pick(r, -2, 3), gap);
    }
    skeleton_put(k, "L", left - rng_pick(r, 0, 7), waist);
    const float boxy = chance(r, 20) ? 0.6F : 0;
    const int to = rng_pick(r, 205, 265), from = rng_pick(r, -35, 5);
    arc(k, chance(r, 70) ? "S" : "L", "S", 48, (waist + 98) / 2, wide, (100 - waist) / 2, from, to, boxy);
    if (!one_stroke)
        line(k, left + rng_pick(r, -4, 8), 0, end, tilt);
}

static void six(struct skeleton *k, struct rng *r)
{
    const int loop = rng_pick(r, 20, 34), wide = rng_pick(r, 22, 38), x = 50, y = 100 - loop;

    skeleton_put(k, "M", x + rng_pick(r, -10, 34), 0);
    if (chance(r, 25)) /* curled */
        put_in(k, r, "S", x - 14, x, 2, 10);
    put_in(k, r, "S", x - wide - 2, x - wide + 12, 32, 48);
    /* down the left side, round, and back to it or past it */
    arc(k, "S", "S", x, y, wide, loop, -80, rng_pick(r, -420, -370), 0);
    if (chance(r, 20))
        put_in(k, r, "S", x - 8, x + 12, y, y + 8);
}

/* Serif, bar, stem, bar across. */
static void seven(struct skeleton *k, struct rng *r)
{
    const int left = rng_pick(r, 6, 22), right = rng_pick(r, 74, 94), rise = rng_pick(r, -10, 9),
              low = rng_pick(r, 24, 60);
    const bool serif = chance(r, 35);

    if (serif)
        put_in(k, r, "M", left - 4, left + 4, 10, 26);
    skeleton_put(k, serif ? "L" : "M", left, rise + 3);
    if (chance(r, 20)) {
        skeleton_put(k, "S", (left + right) / 2 - 8, rise + rng_pick(r, -5, 10));
        skeleton_put(k, "S", right, 2);
    } else {
        skeleton_put(k, "L", right, 2);
    }
    if (chance(r, 35)) {
        const int y = rng_pick(r, 38, 56), x = (right + low) / 2 + rng_pick(r, -10, 4);

        skeleton_put(k, chance(r, 50) ? "S" : "L", x, y);
    }
    skeleton_put(k, chance(r, 40) ? "S" : "L", low, 100);
    if (chance(r, 55)) {
        const int y = rng_pick(r, 40, 62), x = right + (low - right) * y / 100, half = rng_pick(r, 12, 30),
                  tilt = rng_pick(r, -9, 6);

        line(k, x - half + rng_pick(r, -6, 4), y - tilt, x + half, y + tilt);
    }
}

static void eight(struct skeleton *k, struct rng *r)
{
    const int up = chance(r, 25) ? rng_pick(r, 11, 18) : rng_pick(r, 18, 27),
              low = 50 - up; /* some have a small head */
    const int wide = up < 18 ? rng_pick(r, 8, 20) : rng_pick(r, 18, 34), broad = rng_pick(r, 18, 40);

    if (chance(r, 35)) { /* two circles */
        const int high = rng_pick(r, up, up + 2);

        skeleton_ellipse(k, 50 + rng_pick(r, -4, 4), up, wide, high);
        skeleton_ellipse(k, 50, 2 * up + low, broad, low + rng_pick(r, 0, 2));
        return;
    }
    /* one stroke: an S, and back up on the other side; the top may stay open */
    const int way = chance(r, 85) ? 1 : -1, begin = rng_pick(r, 8, 34),
              end = chance(r, 30) ? rng_pick(r, 10, 24) : begin - 4;
    const int open = chance(r, 30) ? rng_pick(r, 0, 12) : 0;

    skeleton_put(k, "M", 50 + way * begin, rng_pick(r, 3, 14));
    skeleton_put(k, "S", 50, 0);
    skeleton_put(k, "S", 50 - way * wide, up);
    skeleton_put(k, "S", 50, 2 * up);
    skeleton_put(k, "S", 50 + way * broad, 2 * up + low);
    skeleton_put(k, "S", 50, 100);
    skeleton_put(k, "S", 50 - way * broad, 2 * up + low);
    skeleton_put(k, "S", 50, 2 * up);
    skeleton_put(k, "S", 50 + way * (end + open), rng_pick(r, 4, 16));
}

/* A loop, round or with corners, and a tail. */
static void nine(struct skeleton *k, struct rng *r)
{
    const int loop = rng_pick(r, 18, 32), wide = rng_pick(r, 22, 38), right = 50 + wide, tail = rng_pick(r, 0, 4);
    const float boxy = chance(r, 30) ? 0.5F + 0.5F * rng_float(r) : 0;
    const int begin = rng_pick(r, 30, 80);

    if (chance(r, 20)) { /* the tail's own stroke, from above the loop */
        skeleton_ellipse(k, 50, loop + 2, wide, loop);
        put_in(k, r, "M", right - 2, right + 3, -2, loop);
    } else if (boxy > 0) {
        arc(k, "M", "L", 50, loop, wide, loop, begin, begin - rng_pick(r, 345, 375), boxy);
        skeleton_put(k, "L", right, rng_pick(r, 0, loop));
    } else {
        arc(k, "M", "S", 50, loop, wide, loop, begin, begin - rng_pick(r, 330, 375), 0);
        put_in(k, r, "S", right - 3, right + 2, 2, loop);
    }
    if (tail < 2) { /* straight, upright or towards the left */
        skeleton_put(k, "L", right - rng_pick(r, -4, 30), 100);
    } else if (tail < 4) { /* curved or hooked to the left */
        put_in(k, r, "S", right, right - 8, 66, 80);
        put_in(k, r, "S", 36, 64, 96, 100);
        put_in(k, r, "S", 34, 16, 82, 98);
    } else {
        skeleton_put(k, "S", right - rng_pick(r, 2, 12), 60);
        skeleton_put(k, "S", right - rng_pick(r, 16, 40), 100);
    }
}

/* A pencil on rough paper: ink in grains. */
static void roughen(struct rng *r, uint8_t *px)
{
    const float grain = 0.1F + 0.35F * rng_float(r);

    for (int i = 0; i < SIDE * SIDE; i++)
        if (px[i] > 0) {
            const float v = (float)px[i] * (1 - grain * fabsf(rng_normal(r)));
            px[i] = v > 0 ? (uint8_t)v : 0;
        }
}

/* Out of focus, or ink that runs: the mean over a box, twice, across and down. */
static void soften(struct rng *r, uint8_t *px)
{
    const int reach = rng_pick(r, 1, 4);

    for (int pass = 0; pass < 4; pass++) {
        const int step = pass % 2 ? SIDE : 1, next = pass % 2 ? 1 : SIDE;

        for (int line = 0; line < SIDE; line++) {
            uint8_t from[SIDE];
            for (int i = 0; i < SIDE; i++)
                from[i] = px[line * next + i * step];
            int sum = 0; /* of what lies within reach of i, carried from one i to the next */
            for (int k = 0; k < reach; k++)
                sum += from[k];
            for (int i = 0; i < SIDE; i++) {
                sum += i + reach < SIDE ? from[i + reach] : 0;
                px[line * next + i * step] = (uint8_t)(sum / (2 * reach + 1));
                sum -= i - reach >= 0 ? from[i - reach] : 0;
            }
        }
    }
}

/* As the normaliser's stage threshold has it: the darkest is full ink. */
static void stretch(uint8_t *px)
{
    uint8_t full[256] = {0}; /* by tone: a division for each pixel took a twentieth of a hand's time */
    int most = 1;
    for (int i = 0; i < SIDE * SIDE; i++)
        most = px[i] > most ? px[i] : most;
    for (int tone = 0; tone <= most; tone++)
        full[tone] = (uint8_t)(tone * 255 / most);
    for (int i = 0; i < SIDE * SIDE; i++)
        px[i] = full[px[i]];
}

void hands_draw(int label, struct rng *r, uint8_t px[SIDE * SIDE])
{
    static void (*const write[10])(struct skeleton *, struct rng *) = {zero, one, two,   three, four,
                                                                       five, six, seven, eight, nine};
    struct skeleton k = SKELETON_EMPTY;
    struct pen_hand hand;

    write[label](&k, r);
    pen_hand_make(&hand, r);
    if (label == 1 && chance(r, 30)) /* leaning far, as some do with this digit alone */
        hand.slant = 0.2F + 0.35F * rng_float(r);
    if (label == 1)
        hand.width = 1; /* the angle of the upstroke is what makes it a 1 */
    /* From a hairline to a marker: thin ones are more frequent. */
    const float share = rng_float(r);
    skeleton_draw(k.text, &hand, r, SIDE * (0.01F + 0.07F * share * share), SIDE, px);
    if (chance(r, 25))
        roughen(r, px);
    if (chance(r, 20))
        soften(r, px);
    stretch(px);
}

enum err hands_make(int label, struct rng *r, uint8_t out[DIGIT_PIXELS])
{
    uint8_t px[SIDE * SIDE];
    const struct raster ink = {SIDE, SIDE, px};
    struct box box = BOX_NONE;
    double shift[2];

    hands_draw(label, r, px);
    for (int i = 0; i < SIDE * SIDE; i++)
        if (px[i] >= EDGE)
            box_add(&box, i % SIDE, i / SIDE);
    return normalise_piece(&ink, &box, out, shift);
}

enum err hands_dataset(struct dataset *out, uint64_t seed, size_t n)
{
    uint8_t *images = calloc(n + 1, DIGIT_PIXELS), *labels = calloc(n + 1, 1);
    enum err e = images != NULL && labels != NULL ? OK : ERR_NOMEM;

    *out = (struct dataset){.n = n, .images = images, .labels = labels, .block = {images, labels}};
    for (size_t i = 0; e == OK && i < n; i++) {
        struct rng r;

        rng_seed(&r, seed, RNG_HAND, i);
        labels[i] = (uint8_t)(i % 10);
        e = hands_make(labels[i], &r, images + i * DIGIT_PIXELS);
    }
    return e;
}
