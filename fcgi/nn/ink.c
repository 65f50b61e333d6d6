/* Finds the ink: reduce, decide ink or paper, level the paper, tell ink from noise, box.
 *
 * All of it works on a picture whose paper is the lighter one ("toned": the raster, or 255 - v where the ink is light),
 * in whole numbers apart from the interpolation, so that a flat paper comes out exactly flat. What it does not do yet:
 * specks, ruled lines, frames and loose ends are all ink to it. */
#include "ink.h"

#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "level.h"

enum {
    /* A raster over 2 Mpx is averaged down first: no stroke that a person drew needs more, and time is bounded. */
    INK_AREA_MAX_PX = 2 * 1000 * 1000,
    /* Less contrast than this is no ink: JPEG noise on a blank page stays under 10, pencil on paper starts at 40. */
    INK_CONTRAST_MIN = 20,
    /* The least ink (of 255) that belongs to the edge of a stroke; the same as in the rule of normalise.c. */
    INK_FAINT = 33
};

/* The border is a ring of 1/32 of the shorter side: deep enough that a cut edge line of a scan is a minority of it. */
static void ring_add(struct histogram *ring, const uint8_t *px, int w, int h)
{
    const int side = w < h ? w : h, deep = side / 32 > 1 ? side / 32 : 1;

    memset(ring, 0, sizeof(*ring));
    for (int y = 0; y < h; y++) {
        const bool whole = y < deep || y >= h - deep;

        for (int x = 0; x < w; x++) {
            if (!whole && x == deep && w - deep > x)
                x = w - deep;
            histogram_add(ring, px[(size_t)y * (size_t)w + (size_t)x]);
        }
    }
}

/* out[oh][ow]: means of k x k blocks, fewer at the right and lower edge. */
static void reduce_by(const struct raster *in, int k, int ow, int oh, uint8_t *out)
{
    for (int oy = 0; oy < oh; oy++)
        for (int ox = 0; ox < ow; ox++) {
            const int x1 = (ox + 1) * k < in->w ? (ox + 1) * k : in->w;
            const int y1 = (oy + 1) * k < in->h ? (oy + 1) * k : in->h;
            const int n = (x1 - ox * k) * (y1 - oy * k);
            int sum = 0;

            for (int y = oy * k; y < y1; y++)
                for (int x = ox * k; x < x1; x++)
                    sum += in->px[(size_t)y * (size_t)in->w + (size_t)x];
            out[(size_t)oy * (size_t)ow + (size_t)ox] = (uint8_t)((sum + n / 2) / n);
        }
}

/* A working copy of at most INK_AREA_MAX_PX. */
static enum err ink_copy(const struct raster *in, struct ink *out)
{
    int64_t w = in->w, h = in->h;
    int k = 1;

    while (w * h > INK_AREA_MAX_PX) {
        k++;
        w = (in->w + k - 1) / k;
        h = (in->h + k - 1) / k;
    }
    out->px = malloc((size_t)(w * h));
    if (out->px == NULL)
        return ERR_NOMEM;
    out->w = (int)w;
    out->h = (int)h;
    out->scale = k;
    if (k == 1)
        memcpy(out->px, in->px, (size_t)(w * h));
    else
        reduce_by(in, k, out->w, out->h, out->px);
    return OK;
}

/* The paper's tone. More than half of the border is paper even where a digit touches it, so its median is one; but a
 * vignette darkens the border. The median of the whole picture is another, unless ink covers half of it, as in a tight
 * cut around a fat digit. The two differ by the contrast then, and by less than half of it in a vignette. */
static int ink_find_paper(const struct ink *ink, struct histogram *all)
{
    struct histogram ring;
    int border, whole, range;

    memset(all, 0, sizeof(*all));
    for (size_t i = 0; i < (size_t)ink->w * (size_t)ink->h; i++)
        histogram_add(all, ink->px[i]);
    ring_add(&ring, ink->px, ink->w, ink->h);
    border = histogram_percentile(&ring, 50);
    whole = histogram_percentile(all, 50);
    range = histogram_percentile(all, 99) - histogram_percentile(all, 1);
    return 2 * (border > whole ? border - whole : whole - border) <= range ? whole : border;
}

/* Whether the ink is darker than the paper. Distances from the paper's tone count with their third power, so that a
 * little ink of high contrast outweighs much shading of low contrast: a vignette of 30 over half the page (27,000 x
 * 0.5) against ink of 150 over one twentieth of it (3,375,000 x 0.05). */
static bool ink_is_dark(const struct histogram *all, int paper)
{
    int64_t darker = 0, lighter = 0;

    for (int v = 0; v < 256; v++) {
        const int64_t d = v < paper ? paper - v : v - paper;

        *(v < paper ? &darker : &lighter) += all->count[v] * d * d * d;
    }
    return darker > lighter;
}

/* Otsu's threshold: the split with the greatest variance between its two classes; where a gap of the histogram makes
 * many splits equal, the middle of the gap. What is within floor counts as 0: a thin stroke is one pixel in a thousand,
 * and the variance of the paper's noise would outweigh it. */
static int otsu_threshold(const struct histogram *all, int floor)
{
    double n = (double)all->total, sum = 0, n0 = 0, sum0 = 0, best = -1;
    int first = floor, last = floor;

    for (int v = 0; v < 256; v++)
        sum += v > floor ? (double)all->count[v] * v : 0;
    for (int v = 0; v < 255; v++) {
        double between;

        n0 += (double)all->count[v];
        sum0 += v > floor ? (double)all->count[v] * v : 0;
        if (v < floor || n0 == 0 || n0 == n)
            continue;
        between = sum0 / n0 - (sum - sum0) / (n - n0);
        between *= between * n0 * (n - n0);
        if (between > best) {
            best = between;
            first = last = v;
        } else if (between == best) {
            last = v;
        }
    }
    return (first + last) / 2 + 1;
}

/* Darkening to ink: nothing up to floor, 255 from full on. */
static void ink_stretch(struct ink *ink, int floor, int full)
{
    uint8_t to[256];

    for (int v = 0; v < 256; v++)
        to[v] = (uint8_t)(v <= floor ? 0 : v >= full ? 255 : ((v - floor) * 255 + (full - floor) / 2) / (full - floor));
    for (size_t i = 0; i < (size_t)ink->w * (size_t)ink->h; i++)
        ink->px[i] = to[ink->px[i]];
}

static void ink_find_box(struct ink *ink, int threshold)
{
    int x0 = ink->w, y0 = ink->h, x1 = -1, y1 = -1;

    for (int y = 0; y < ink->h; y++)
        for (int x = 0; x < ink->w; x++)
            if (ink->px[(size_t)y * (size_t)ink->w + (size_t)x] >= threshold) {
                x0 = x < x0 ? x : x0;
                x1 = x > x1 ? x : x1;
                y0 = y < y0 ? y : y0;
                y1 = y;
            }
    ink->box[0] = x0;
    ink->box[1] = y0;
    ink->box[2] = x1 - x0 + 1;
    ink->box[3] = y1 - y0 + 1;
}

/* Whether any of the pixels of a row or column that lies beside the box, from (x, y) on, is inked at all. */
static bool ink_touches(const struct ink *ink, int x, int y, int dx, int dy, int n)
{
    if (x < 0 || y < 0 || x >= ink->w || y >= ink->h)
        return false;
    for (int i = 0; i < n; i++)
        if (ink->px[(size_t)(y + i * dy) * (size_t)ink->w + (size_t)(x + i * dx)] >= INK_FAINT)
            return true;
    return false;
}

/* The threshold cuts off the soft edge and the faint end of a stroke. MNIST's boxes hold them: so the box grows over
 * faint ink next to it, but by no more than 1/16 of its side, or it would run along a ruled line to the edge. */
static void ink_grow_box(struct ink *ink)
{
    int *b = ink->box;
    const int longest = b[2] > b[3] ? b[2] : b[3], most = longest / 16 > 2 ? longest / 16 : 2;

    for (int i = 0; i < most && ink_touches(ink, b[0] - 1, b[1], 0, 1, b[3]); i++)
        b[0]--, b[2]++;
    for (int i = 0; i < most && ink_touches(ink, b[0] + b[2], b[1], 0, 1, b[3]); i++)
        b[2]++;
    for (int i = 0; i < most && ink_touches(ink, b[0], b[1] - 1, 1, 0, b[2]); i++)
        b[1]--, b[3]++;
    for (int i = 0; i < most && ink_touches(ink, b[0], b[1] + b[3], 1, 0, b[2]); i++)
        b[3]++;
}

/* Tells ink from the paper's noise. */
static void ink_decide(struct ink *ink)
{
    const size_t n = (size_t)ink->w * (size_t)ink->h;
    struct histogram all = {.total = 0}, ring, strokes = {.total = 0};
    int noise, threshold = 256, floor, full;

    for (size_t i = 0; i < n; i++)
        histogram_add(&all, ink->px[i]);
    ring_add(&ring, ink->px, ink->w, ink->h);
    /* Most pixels of the border are paper; most of all are, too, unless ink covers half of the picture. The lesser
     * median it is, since a level that runs off at the border raises the one there. */
    noise = histogram_percentile(&ring, 50);
    if (histogram_percentile(&all, 50) < noise)
        noise = histogram_percentile(&all, 50);
    floor = 4 * noise; /* 2.7 standard deviations of Gaussian noise */
    if (floor < 255)
        threshold = otsu_threshold(&all, floor);
    for (int v = threshold; v < 256; v++) {
        strokes.count[v] = all.count[v];
        strokes.total += all.count[v];
    }
    /* The tone of a full stroke. MNIST's is 253 or 254 by this measure, so that its values stay nearly as they are. */
    full = histogram_percentile(&strokes, 95);
    if (strokes.total == 0 || full < INK_CONTRAST_MIN || full < 2 * floor) {
        memset(ink->px, 0, n);
        return;
    }
    ink_find_box(ink, threshold);
    ink_stretch(ink, floor, full);
    ink_grow_box(ink);
}

static void ink_invert(struct ink *ink)
{
    for (size_t i = 0; i < (size_t)ink->w * (size_t)ink->h; i++)
        ink->px[i] = (uint8_t)(255 - ink->px[i]);
}

/* Tells the trace; inverted: paper white, ink dark. */
static void ink_see(const struct normalise_options *options, const char *name, struct ink *ink, bool inverted)
{
    if (options->trace == NULL)
        return;
    if (inverted)
        ink_invert(ink);
    options->trace->see(options->trace->ctx, name, ink->w, ink->h, ink->px);
    if (inverted)
        ink_invert(ink);
}

enum err ink_find(const struct raster *in, const struct normalise_options *options, struct ink *out)
{
    struct histogram tones;
    int paper;
    enum err e;

    memset(out, 0, sizeof(*out));
    e = ink_copy(in, out);
    if (e != OK)
        return e;
    paper = ink_find_paper(out, &tones);
    out->dark =
        options->invert == NORMALISE_INVERT_AUTO ? ink_is_dark(&tones, paper) : options->invert == NORMALISE_INVERT_YES;
    if (!out->dark) {
        paper = 255 - paper;
        ink_invert(out);
    }
    level_paper(out, paper);
    ink_see(options, "levelled", out, true);
    ink_decide(out);
    ink_see(options, "ink", out, false);
    return OK;
}

void ink_free(struct ink *ink)
{
    free(ink->px);
    memset(ink, 0, sizeof(*ink));
}
