/* The way to 28x28: is it MNIST's already? If not: ink (ink.c) -> its box scaled to 20 px -> strokes to full intensity
 * -> centre of mass to index (14, 14).
 *
 * MNIST was made like that (LeCun et al. 1998, section III.A): a 20x20 box with the aspect ratio kept, grey from
 * anti-aliasing, the centre of mass in the centre of 28x28. Coordinates are indices: the middle of the first pixel is
 * 0, so "14" is the middle of the fifteenth. No function of libm is called: the same bytes come out everywhere. */
#include "normalise.h"

#include <stdlib.h>
#include <string.h>

#include "ink.h"

enum { SIDE = 28, BOX = 20, PIXELS = SIDE * SIDE, CENTRE = 14 };

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

static const double STROKE_MIN_PX = 1.6, STROKE_FULL_SHARE = 0.5;

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

/* How pixel i of n_out is made of n_in: from pixel first on, count weights that sum to 1. Getting smaller, each pixel
 * counts with the part of it that is covered; getting larger, the two nearest are mixed. */
struct taps {
    int first, count;
    double last, body, head; /* the first weight, those between, the last */
};

static struct taps taps_for(int i, int n_out, int n_in)
{
    struct taps t = {.count = 1, .head = 1};
    const double from = (double)i * n_in / n_out, to = (double)(i + 1) * n_in / n_out, size = to - from;

    if (n_in >= n_out) {
        int end = (int)to;

        t.first = (int)from;
        end = end < to && end < n_in ? end + 1 : end;
        t.count = end - t.first > 1 ? end - t.first : 1;
        t.body = 1 / size;
        t.head = t.count == 1 ? 1 : (t.first + 1 - from) / size;
        t.last = (to - (t.first + t.count - 1)) / size;
    } else {
        const double middle = (from + to) / 2 - 0.5;

        t.first = middle > 0 ? (int)middle : 0;
        t.count = t.first + 1 < n_in ? 2 : 1;
        t.last = t.count == 2 && middle > 0 ? middle - t.first : 0;
        t.head = 1 - t.last;
    }
    return t;
}

static double taps_weight(const struct taps *t, int k)
{
    return k == 0 ? t->head : k == t->count - 1 ? t->last : t->body;
}

/* A picture of up to 28x28 on its way, v[h][w], 0 to 255. */
struct small {
    int w, h;
    double v[PIXELS];
};

/* The ink box resampled to out->w x out->h. */
static enum err resample(const struct ink *ink, struct small *out)
{
    const int *box = ink->box;
    const size_t columns = (size_t)out->w;
    double *rows = calloc((size_t)box[3] * columns, sizeof(*rows)); /* [box height][out->w] */

    if (rows == NULL)
        return ERR_NOMEM;
    for (int x = 0; x < out->w; x++) {
        const struct taps t = taps_for(x, out->w, box[2]);

        for (int y = 0; y < box[3]; y++) {
            const uint8_t *px = ink->px + (size_t)(box[1] + y) * (size_t)ink->w + (size_t)(box[0] + t.first);

            for (int k = 0; k < t.count; k++)
                rows[(size_t)y * columns + (size_t)x] += taps_weight(&t, k) * px[k];
        }
    }
    for (int y = 0; y < out->h; y++) {
        const struct taps t = taps_for(y, out->h, box[3]);

        for (int x = 0; x < out->w; x++) {
            double sum = 0;

            for (int k = 0; k < t.count; k++)
                sum += taps_weight(&t, k) * rows[(size_t)(t.first + k) * columns + (size_t)x];
            out->v[y * out->w + x] = sum;
        }
    }
    free(rows);
    return OK;
}

static int scaled_side(int side, int longest, int to)
{
    const int scaled = (2 * side * to + longest) / (2 * longest);

    return scaled > 1 ? scaled : 1;
}

static void scale_sides(const struct ink *ink, int to, struct small *out)
{
    const int longest = ink->box[2] > ink->box[3] ? ink->box[2] : ink->box[3];

    out->w = scaled_side(ink->box[2], longest, to);
    out->h = scaled_side(ink->box[3], longest, to);
}

static double small_at(const struct small *s, int x, int y)
{
    return x < 0 || y < 0 || x >= s->w || y >= s->h ? 0 : s->v[y * s->w + x];
}

/* The mean width of the strokes in px. A stroke of length l and width w has ink l * w, and two edges: between
 * neighbours, across and down, the values differ by 2 * l * 4/pi in all, if it points everywhere equally often. A
 * stroke of under 1 px counts as 1 px. */
static double stroke_width(const struct small *s)
{
    double ink = 0, edges = 0;

    for (int y = 0; y <= s->h; y++)
        for (int x = 0; x <= s->w; x++) {
            const double v = small_at(s, x, y), right = v - small_at(s, x - 1, y), down = v - small_at(s, x, y - 1);

            ink += v;
            edges += (right < 0 ? -right : right) + (down < 0 ? -down : down);
        }
    return edges > 0 ? ink / edges * 2 * 4 / 3.14159265358979 : 0;
}

/* from, with one px of margin, smoothed by 1/4 1/2 1/4 across and down. */
static void smooth(const struct small *from, struct small *to)
{
    to->w = from->w + 2;
    to->h = from->h + 2;
    for (int y = 0; y < to->h; y++)
        for (int x = 0; x < to->w; x++) {
            double sum = 0;

            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                    sum += (2 - dx * dx) * (2 - dy * dy) * small_at(from, x - 1 + dx, y - 1 + dy);
            to->v[y * to->w + x] = sum / 16;
        }
}

/* Multiplies so that a share of the ink (the brightest pixels together) reaches 255, and no pixel more. */
static void stretch(struct small *s, double share)
{
    double bins[256] = {0}, mass = 0, above = 0, brightest = 0, full;
    int bin = 255;

    for (int i = 0; i < s->w * s->h; i++) {
        mass += s->v[i];
        brightest = s->v[i] > brightest ? s->v[i] : brightest;
    }
    for (int i = 0; brightest > 0 && i < s->w * s->h; i++)
        bins[(int)(s->v[i] / brightest * 255)] += s->v[i];
    while (bin > 0 && (above += bins[bin]) < share * mass)
        bin--;
    full = brightest * bin / 255;
    for (int i = 0; full > 0 && i < s->w * s->h; i++)
        s->v[i] = s->v[i] < full ? s->v[i] * 255 / full : 255;
}

/* The ink box at MNIST's size and with strokes of MNIST's kind. A hairline of a big drawing is a fraction of a pixel
 * wide here, and grey; 98 of 100 pictures of MNIST have a stroke width of 1.6 px or more (measured as here: 1st, 5th,
 * 50th percentile 1.51, 1.71, 2.50). Thinner ones are drawn 2 px smaller, widened by as much, and made bright. */
static enum err scale_to_box(const struct ink *ink, struct small *out)
{
    struct small thin;
    enum err e;

    scale_sides(ink, BOX, out);
    e = resample(ink, out);
    if (e != OK)
        return e;
    if (stroke_width(out) >= STROKE_MIN_PX) {
        stretch(out, 0);
        return OK;
    }
    scale_sides(ink, BOX - 2, &thin);
    e = resample(ink, &thin);
    if (e != OK)
        return e;
    smooth(&thin, out);
    stretch(out, STROKE_FULL_SHARE);
    return OK;
}

/* Where to put the first of n so that moment / mass comes to lie on the centre, to whole pixels as in MNIST, with all n
 * inside. */
static int place(double moment, double mass, int n)
{
    const double at = CENTRE - moment / mass + 0.5;
    const int most = SIDE - n;

    return at <= 0 ? 0 : at >= most ? most : (int)at;
}

static void put_in_the_centre(const struct small *s, uint8_t out[PIXELS], struct normalise_steps *steps)
{
    double mass = 0, moment_x = 0, moment_y = 0;
    int left, top;

    for (int i = 0; i < s->w * s->h; i++) {
        mass += s->v[i];
        moment_x += s->v[i] * (i % s->w);
        moment_y += s->v[i] * (i / s->w);
    }
    left = place(moment_x, mass, s->w);
    top = place(moment_y, mass, s->h);
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

enum err normalise_with(const struct raster *in, const struct normalise_options *options, uint8_t out[PIXELS],
                        struct normalise_steps *steps)
{
    struct ink ink;
    struct small small;
    enum err e;

    (void)options;
    memset(out, 0, PIXELS);
    memset(steps, 0, sizeof(*steps));
    if (in->w < 1 || in->h < 1)
        return ERR_RANGE;
    steps->width = in->w;
    steps->height = in->h;
    if (pass_unchanged(in, out, steps))
        return OK;
    memset(out, 0, PIXELS);
    steps->inverted = false;
    e = ink_find(in, &ink);
    if (e == OK && ink.box[2] == 0) {
        steps->blank = true;
    } else if (e == OK) {
        steps->inverted = ink.dark;
        tell_box(&ink, in, steps);
        e = scale_to_box(&ink, &small);
        if (e == OK)
            put_in_the_centre(&small, out, steps);
    }
    ink_free(&ink);
    return e;
}

enum err normalise(const struct raster *in, uint8_t out[PIXELS], struct normalise_steps *steps)
{
    return normalise_with(in, &(struct normalise_options){0}, out, steps);
}
