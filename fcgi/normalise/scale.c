/* Scales the ink to 20 px by area averaging, with strokes neither too thin nor too pale for the network.
 *
 * MNIST was made like that (LeCun et al. 1998, section III.A): a 20x20 box with the aspect ratio kept, grey from
 * anti-aliasing. No function of libm is called that rounds, so the result is the same everywhere. */
#include <math.h>
#include <stdlib.h>

#include "stages.h"

/* 98 of 100 pictures of MNIST have a stroke width of 1.6 px or more (measured as here: 1st, 5th, 50th percentile 1.51,
 * 1.71, 2.50). */
static const double STROKE_MIN_PX = 1.6;
/* Of a stroke that was widened, the brighter half becomes full ink: the other half is its smooth edge. */
static const double STROKE_FULL_SHARE = 0.5;
/* What is thinner becomes so wide. Of 300 drawn digits that are much too narrow or wide 264 were read when ink was
 * spread by smoothing, 287, 283, 280 at 1.8, 2.0, 2.2; of 300 hairlines 297, 294, 294, 295: a 1 with an upstroke is
 * taken for a 7. */
static const double STROKE_WIDENED_PX = 2.2;
/* Strokes are widened in a drawing so many times as large, or their edges would be steps of a pixel. */
enum { FINE = 4, FINE_SIDE = FINE * DIGIT_SIDE_PX };

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

/* A line of px, resampled to out[n] by the taps of each column. */
static void resample_line(const uint8_t *px, const struct taps *columns, int n, double *out)
{
    for (int x = 0; x < n; x++) {
        const struct taps *t = &columns[x];
        const uint8_t *from = px + t->first;
        double sum = t->head * from[0];

        for (int k = 1; k + 1 < t->count; k++)
            sum += t->body * from[k];
        if (t->count > 1)
            sum += t->last * from[t->count - 1];
        out[x] = sum;
    }
}

/* A box of the ink resampled to out[h][w], at most FINE_SIDE each. Two lines of it are held at a time: what one line of
 * out ends with, the next one begins with. */
static void resample(const struct raster *ink, const struct box *box, int out_w, int out_h, double *out)
{
    struct taps columns[FINE_SIDE];
    double held[2][FINE_SIDE];
    int held_y[2] = {-1, -1};

    for (int x = 0; x < out_w; x++)
        columns[x] = taps_for(x, out_w, box_width(box));
    for (int y = 0; y < out_h; y++, out += out_w) {
        const struct taps t = taps_for(y, out_h, box_height(box));

        for (int x = 0; x < out_w; x++)
            out[x] = 0;
        for (int k = 0; k < t.count; k++) {
            const int from = t.first + k;
            const double weight = k == 0 ? t.head : k == t.count - 1 ? t.last : t.body;
            double *line = held[from % 2];

            if (held_y[from % 2] != from)
                resample_line(ink->px + (size_t)(box->y0 + from) * (size_t)ink->w + (size_t)box->x0, columns, out_w,
                              line);
            held_y[from % 2] = from;
            for (int x = 0; x < out_w; x++)
                out[x] += weight * line[x];
        }
    }
}

static int scaled_side(int side, int longest, int to)
{
    const int scaled = (2 * side * to + longest) / (2 * longest);

    return scaled > 1 ? scaled : 1;
}

static double value_at(const double *v, int w, int h, int x, int y)
{
    return x < 0 || y < 0 || x >= w || y >= h ? 0 : v[y * w + x];
}

/* The mean width of the strokes of v[h][w] in px. A stroke of length l and width w has ink l * w, and two edges:
 * between neighbours, across and down, the values differ by 2 * l * 4/pi in all, if it points everywhere equally often.
 * A stroke of under 1 px counts as 1 px. */
static double stroke_width(const double *all, int w, int h)
{
    static const double none[FINE_SIDE];
    double ink = 0, edges = 0;

    for (int y = 0; y <= h; y++) {
        const double *line = y < h ? all + y * w : none, *above = y > 0 ? all + (y - 1) * w : none;
        double left = 0;

        for (int x = 0; x < w; x++) {
            ink += line[x];
            edges += fabs(line[x] - left) + fabs(line[x] - above[x]);
            left = line[x];
        }
        edges += left;
    }
    return edges > 0 ? ink / edges * 2 * 4 / 3.14159265358979 : 0;
}

/* Multiplies n values so that a share of the ink (the brightest pixels together) reaches 255, and no pixel more. */
static void stretch(double *v, int n, double share)
{
    double bins[256] = {0}, mass = 0, above = 0, brightest = 0, full;
    int bin = 255;

    for (int i = 0; i < n; i++) {
        mass += v[i];
        brightest = v[i] > brightest ? v[i] : brightest;
    }
    for (int i = 0; share > 0 && brightest > 0 && i < n; i++)
        bins[(int)(v[i] / brightest * 255)] += v[i];
    while (bin > 0 && (above += bins[bin]) < share * mass)
        bin--;
    full = brightest * bin / 255;
    for (int i = 0; full > 0 && i < n; i++)
        v[i] = v[i] < full ? v[i] * 255 / full : 255;
}

/* A drawing FINE times as large as what it becomes. */
struct fine {
    int w, h;
    double v[FINE_SIDE * FINE_SIDE]; /* [h][w] */
};

/* The ink of the box, longest px on its longest side, its strokes full of ink. */
static void fine_take(const struct raster *ink, const struct box *box, int longest, struct fine *f)
{
    f->w = scaled_side(box_width(box), box_longest(box), longest);
    f->h = scaled_side(box_height(box), box_longest(box), longest);
    resample(ink, box, f->w, f->h, f->v);
    stretch(f->v, f->w * f->h, STROKE_FULL_SHARE);
}

/* The mean over FINE x FINE of the strokes, each widened by radius px to every side: where two come near to each other,
 * the gap between them has the ink of the nearer, not of both. */
static void fine_widen(struct fine *f, int radius, struct small *out)
{
    const int left = (FINE * out->w - f->w) / 2, top = (FINE * out->h - f->h) / 2;

    for (int i = 0; i < out->w * out->h; i++)
        out->v[i] = 0;
    for (int y = 0; y < FINE * out->h; y++)
        for (int x = 0; x < FINE * out->w; x++) {
            double most = 0;

            for (int dy = -radius; dy <= radius; dy++)
                for (int dx = -radius; dx <= radius; dx++) {
                    const double v = value_at(f->v, f->w, f->h, x - left + dx, y - top + dy);

                    most = v > most && dx * dx + dy * dy <= radius * (radius + 1) ? v : most;
                }
            out->v[y / FINE * out->w + x / FINE] += most / (FINE * FINE);
        }
}

/* A hairline of a big drawing is a fraction of a pixel wide here, and grey: what is under STROKE_MIN_PX is drawn
 * smaller, by up to 2 * margin px, and widened by as much. */
static enum err scale_thin(const struct raster *ink, const struct box *box, int side_px, int margin, struct small *out)
{
    struct fine *f = malloc(sizeof(*f));
    int radius, room;

    if (f == NULL)
        return ERR_NOMEM;
    fine_take(ink, box, FINE * side_px, f);
    radius = (int)((FINE * STROKE_WIDENED_PX - stroke_width(f->v, f->w, f->h)) / 2 + 0.5);
    radius = radius < 1 ? 1 : radius > FINE ? FINE : radius;
    room = margin > 0 ? 2 * radius : 0;
    fine_take(ink, box, FINE * side_px - room, f);
    out->w = (f->w + room + FINE - 1) / FINE;
    out->h = (f->h + room + FINE - 1) / FINE;
    fine_widen(f, radius, out);
    stretch(out->v, out->w * out->h, 0);
    free(f);
    return OK;
}

enum err scale_piece(const struct raster *ink, const struct box *box, int side_px, int margin, struct small *out)
{
    out->w = scaled_side(box_width(box), box_longest(box), side_px);
    out->h = scaled_side(box_height(box), box_longest(box), side_px);
    resample(ink, box, out->w, out->h, out->v);
    if (stroke_width(out->v, out->w, out->h) < STROKE_MIN_PX)
        return scale_thin(ink, box, side_px, margin, out);
    stretch(out->v, out->w * out->h, 0);
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
