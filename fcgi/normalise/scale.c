/* Scales the ink to 20 px by area averaging, with strokes neither too thin nor too pale for the network.
 *
 * MNIST was made like that (LeCun et al. 1998, section III.A): a 20x20 box with the aspect ratio kept, grey from
 * anti-aliasing. No function of libm is called, so the result is the same everywhere. */
#include <stdlib.h>

#include "stages.h"

/* 98 of 100 pictures of MNIST have a stroke width of 1.6 px or more (measured as here: 1st, 5th, 50th percentile 1.51,
 * 1.71, 2.50). */
static const double STROKE_MIN_PX = 1.6;
/* Of a stroke that was widened, the brighter half becomes full ink: the other half is its smooth edge. */
static const double STROKE_FULL_SHARE = 0.5;

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

/* A box of the ink resampled to out->w x out->h. */
static enum err resample(const struct raster *ink, const struct box *box, struct small *out)
{
    const int w = box_width(box), h = box_height(box);
    const size_t columns = (size_t)out->w;
    double *rows = calloc((size_t)h * columns, sizeof(*rows)); /* [h][out->w] */

    if (rows == NULL)
        return ERR_NOMEM;
    for (int x = 0; x < out->w; x++) {
        const struct taps t = taps_for(x, out->w, w);

        for (int y = 0; y < h; y++) {
            const uint8_t *px = ink->px + (size_t)(box->y0 + y) * (size_t)ink->w + (size_t)(box->x0 + t.first);

            for (int k = 0; k < t.count; k++)
                rows[(size_t)y * columns + (size_t)x] += taps_weight(&t, k) * px[k];
        }
    }
    for (int y = 0; y < out->h; y++) {
        const struct taps t = taps_for(y, out->h, h);

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

static void scale_sides(const struct box *box, int to, struct small *out)
{
    const int longest = box_longest(box);

    out->w = scaled_side(box_width(box), longest, to);
    out->h = scaled_side(box_height(box), longest, to);
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

/* from, smoothed by 1/4 1/2 1/4 across and down, with so many px of margin on each side. */
static void smooth(const struct small *from, int margin, struct small *to)
{
    to->w = from->w + 2 * margin;
    to->h = from->h + 2 * margin;
    for (int y = 0; y < to->h; y++)
        for (int x = 0; x < to->w; x++) {
            double sum = 0;

            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                    sum += (2 - dx * dx) * (2 - dy * dy) * small_at(from, x - margin + dx, y - margin + dy);
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

/* A hairline of a big drawing is a fraction of a pixel wide here, and grey: what is under STROKE_MIN_PX is drawn
 * 2 * margin px smaller, widened by as much, and made bright. */
enum err scale_piece(const struct raster *ink, const struct box *box, int side_px, int margin, struct small *out)
{
    struct small thin;
    enum err e;

    scale_sides(box, side_px, out);
    e = resample(ink, box, out);
    if (e != OK)
        return e;
    if (stroke_width(out) >= STROKE_MIN_PX) {
        stretch(out, 0);
        return OK;
    }
    scale_sides(box, side_px - 2 * margin, &thin);
    e = resample(ink, box, &thin);
    if (e != OK)
        return e;
    smooth(&thin, margin, out);
    stretch(out, STROKE_FULL_SHARE);
    return OK;
}

enum err scale_run(struct picture *p)
{
    const struct raster ink = {.w = p->w, .h = p->h, .px = p->px};
    const struct box whole = {.x1 = p->w, .y1 = p->h};
    const enum err e = p->center == NORMALISE_CENTER_NONE
                           ? scale_piece(&ink, &whole, DIGIT_SIDE_PX, 0, &p->small)
                           : scale_piece(&ink, &p->box, SCALE_BOX_PX, SCALE_MARGIN_PX, &p->small);

    if (e == OK)
        p->state = PICTURE_SMALL;
    return e;
}
