/* The way to 28x28: is it MNIST's already? If not: ink (ink.c) -> its box scaled to 20 px (scale.c) -> centre of mass
 * to index (14, 14).
 *
 * Coordinates are indices: the middle of the first pixel is 0, so "14" is the middle of the fifteenth. No function of
 * libm is called here: the same bytes come out everywhere. */
#include "normalise.h"

#include <string.h>

#include "ink.h"
#include "scale.h"

enum { SIDE = SCALE_SIDE_PX, PIXELS = SIDE * SIDE, CENTRE = 14 };

/* The rule by which a picture passes unchanged. Measured over all 70,000 pictures of MNIST, and over 5,000 of them (and
 * as many negatives) after JPEG at quality 75, which must pass as well:
 *
 *                                             MNIST            JPEG 75 (95: nearer to MNIST)    rule
 *   median of the border ring (108 px)        0                0                                up to 16
 *   pixels over 48 in the ring                up to 5          up to 4                          up to 8
 *   longest side of the box of pixels > 32    18 to 20         18 and more (ringing)            18 and more
 *   longest side of the box of pixels > 48    14 to 20         14 to 20                         up to 21
 *   centre of mass of pixels > 32, from 14    up to 0.57       up to 0.61                       up to 0.75
 *   brightest pixel                           254, 255         251 and more                     200 and more */
enum { RULE_PAPER = 16, RULE_RING = 8, RULE_INK = 32, RULE_SURE_INK = 48, RULE_SHORT = 18, RULE_LONG = 21 };
enum { RULE_BRIGHTEST = 200, RULE_RING_PX = 4 * (SIDE - 1) };
static const double RULE_OFF_CENTRE_PX = 0.75;

struct box28 {
    int x0, y0, x1, y1; /* inclusive; x1 < x0 while empty */
};

static void box28_add(struct box28 *b, int x, int y)
{
    b->x0 = x < b->x0 ? x : b->x0;
    b->x1 = x > b->x1 ? x : b->x1;
    b->y0 = y < b->y0 ? y : b->y0;
    b->y1 = y > b->y1 ? y : b->y1;
}

static int box28_longest(const struct box28 *b)
{
    const int w = b->x1 - b->x0 + 1, h = b->y1 - b->y0 + 1;

    return w > h ? w : h;
}

static bool near_centre(int64_t moment, int64_t mass)
{
    const double off = (double)moment / (double)mass - CENTRE;

    return off <= RULE_OFF_CENTRE_PX && -off <= RULE_OFF_CENTRE_PX;
}

/* Whether px[28][28], light ink on black, is as MNIST's are; *ink is its box then. */
static bool is_mnist_like(const uint8_t *px, struct box28 *ink)
{
    struct box28 sure = {SIDE, SIDE, -1, -1};
    int64_t mass = 0, moment_x = 0, moment_y = 0;
    int ring_light = 0, ring_lit = 0, brightest = 0;

    *ink = sure;
    for (int i = 0; i < PIXELS; i++) {
        const int x = i % SIDE, y = i / SIDE, v = px[i];

        if (x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1) {
            ring_light += v > RULE_PAPER;
            ring_lit += v > RULE_SURE_INK;
        }
        brightest = v > brightest ? v : brightest;
        if (v > RULE_SURE_INK)
            box28_add(&sure, x, y);
        if (v > RULE_INK) {
            box28_add(ink, x, y);
            mass += v;
            moment_x += v * x;
            moment_y += v * y;
        }
    }
    return 2 * ring_light < RULE_RING_PX && ring_lit <= RULE_RING && brightest >= RULE_BRIGHTEST &&
           box28_longest(ink) >= RULE_SHORT && box28_longest(&sure) <= RULE_LONG && near_centre(moment_x, mass) &&
           near_centre(moment_y, mass);
}

static bool pass_unchanged(const struct raster *in, uint8_t out[PIXELS], struct normalise_steps *steps)
{
    struct box28 ink;

    if (in->w != SIDE || in->h != SIDE)
        return false;
    memcpy(out, in->px, PIXELS);
    if (!is_mnist_like(out, &ink)) {
        for (int i = 0; i < PIXELS; i++)
            out[i] = (uint8_t)(255 - in->px[i]);
        if (!is_mnist_like(out, &ink))
            return false;
        steps->inverted = true;
    }
    steps->unchanged = true;
    steps->box[0] = ink.x0;
    steps->box[1] = ink.y0;
    steps->box[2] = ink.x1 - ink.x0 + 1;
    steps->box[3] = ink.y1 - ink.y0 + 1;
    return true;
}

/* Where to put the first of n so that moment / mass comes to lie on the centre, to whole pixels as in MNIST, with all n
 * inside. */
static int place(double moment, double mass, int n)
{
    const double at = CENTRE - moment / mass + 0.5;
    const int most = SIDE - n;

    return at <= 0 ? 0 : at >= most ? most : (int)at;
}

static void put_down(const struct small *s, enum normalise_center center, uint8_t out[PIXELS],
                     struct normalise_steps *steps)
{
    double mass = 0, moment_x = 0, moment_y = 0;
    int left = (SIDE - s->w) / 2, top = (SIDE - s->h) / 2;

    for (int i = 0; i < s->w * s->h; i++) {
        mass += s->v[i];
        moment_x += s->v[i] * (i % s->w);
        moment_y += s->v[i] * (i / s->w);
    }
    if (center == NORMALISE_CENTER_MASS) {
        left = place(moment_x, mass, s->w);
        top = place(moment_y, mass, s->h);
    }
    for (int y = 0; y < s->h; y++)
        for (int x = 0; x < s->w; x++)
            out[(top + y) * SIDE + left + x] = (uint8_t)(s->v[y * s->w + x] + 0.5);
    steps->shift[0] = left - (SIDE - s->w) / 2.0;
    steps->shift[1] = top - (SIDE - s->h) / 2.0;
}

/* The box in px of the raster that came in. */
static void tell_box(const struct ink *ink, const struct raster *in, struct normalise_steps *steps)
{
    const int x1 = (ink->box[0] + ink->box[2]) * ink->scale, y1 = (ink->box[1] + ink->box[3]) * ink->scale;

    steps->box[0] = ink->box[0] * ink->scale;
    steps->box[1] = ink->box[1] * ink->scale;
    steps->box[2] = (x1 < in->w ? x1 : in->w) - steps->box[0];
    steps->box[3] = (y1 < in->h ? y1 : in->h) - steps->box[1];
}

static void see(const struct normalise_options *options, const char *name, int w, int h, const uint8_t *px)
{
    if (options->trace != NULL)
        options->trace->see(options->trace->ctx, name, w, h, px);
}

static void see_small(const struct normalise_options *options, const char *name, const struct small *s)
{
    uint8_t px[PIXELS];

    for (int i = 0; i < s->w * s->h; i++)
        px[i] = (uint8_t)(s->v[i] + 0.5);
    see(options, name, s->w, s->h, px);
}

static enum err find_and_scale(const struct raster *in, const struct normalise_options *options, uint8_t out[PIXELS],
                               struct normalise_steps *steps)
{
    struct ink ink;
    struct small small;
    enum err e = ink_find(in, options, &ink);

    if (e == OK && ink.box[2] == 0) {
        steps->blank = true;
        steps->inverted = options->invert == NORMALISE_INVERT_YES; /* as wished, though it led to nothing */
    } else if (e == OK) {
        steps->inverted = ink.dark;
        tell_box(&ink, in, steps);
        e = options->center == NORMALISE_CENTER_NONE ? scale_whole(&ink, &small) : scale_box(&ink, &small);
        if (e == OK) {
            see_small(options, "scaled", &small);
            put_down(&small, options->center, out, steps);
        }
    }
    ink_free(&ink);
    return e;
}

enum err normalise_with(const struct raster *in, const struct normalise_options *options, uint8_t out[PIXELS],
                        struct normalise_steps *steps)
{
    const bool wishes = options->invert != NORMALISE_INVERT_AUTO || options->center != NORMALISE_CENTER_MASS;
    enum err e = OK;

    memset(out, 0, PIXELS);
    memset(steps, 0, sizeof(*steps));
    if (in->w < 1 || in->h < 1)
        return ERR_RANGE;
    steps->width = in->w;
    steps->height = in->h;
    see(options, "grey", in->w, in->h, in->px);
    if (wishes || !pass_unchanged(in, out, steps)) {
        memset(out, 0, PIXELS);
        steps->inverted = false;
        e = find_and_scale(in, options, out, steps);
    }
    if (e == OK)
        see(options, "input", SIDE, SIDE, out);
    return e;
}

enum err normalise(const struct raster *in, uint8_t out[PIXELS], struct normalise_steps *steps)
{
    return normalise_with(in, &(struct normalise_options){0}, out, steps);
}
