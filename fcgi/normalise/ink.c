/* Finds the ink: reduce, find the sheet, decide ink or paper, level the paper, tell ink from noise, box.
 *
 * All of it works on a picture whose paper is the lighter one ("toned": the raster, or 255 - v where the ink is light),
 * in whole numbers apart from the interpolation, so that a flat paper comes out exactly flat. Lines (lines.c) go before
 * ink is told from noise, specks and frames (parts.c) after. */
#include "ink.h"

#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "histogram.h"
#include "level.h"
#include "lines.h"
#include "paper.h"
#include "parts.h"
#include "sheet.h"

enum {
    /* A raster over 1 Mpx is averaged down first, which bounds time and memory. Of 40 pictures of 1 to 12 Mpx 40 are
     * read so, and 40 with 2 Mpx. */
    INK_AREA_MAX_PX = 1000 * 1000,
    INK_UNEVEN_SIDE_PX = 480,
    /* Less contrast than this is no ink: JPEG noise on a blank page stays under 10, pencil on paper starts at 40. */
    INK_CONTRAST_MIN = 20,
    /* The least ink (of 255) that belongs to the edge of a stroke; the same as in the rule of normalise.c. */
    INK_FAINT = 33,
    INK_STRONG = 102
};

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

/* In uneven light, what is left of a shadow's edge and of the paper's grain gets less with size, and strokes do not. */
static void ink_reduce(struct ink *ink)
{
    const struct raster big = {.w = ink->w, .h = ink->h, .px = ink->px};
    const int longest = ink->w > ink->h ? ink->w : ink->h, k = (longest + INK_UNEVEN_SIDE_PX - 1) / INK_UNEVEN_SIDE_PX;

    if (k == 1)
        return;
    ink->w = (big.w + k - 1) / k;
    ink->h = (big.h + k - 1) / k;
    ink->scale *= k;
    reduce_by(&big, k, ink->w, ink->h, ink->px); /* in place: a block is read before its place is written */
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

/* Darkening to ink: nothing up to floor, 255 from full on. */
static void ink_stretch(struct ink *ink, int floor, int full)
{
    uint8_t to[256];

    for (int v = 0; v < 256; v++)
        to[v] = (uint8_t)(v <= floor ? 0 : v >= full ? 255 : ((v - floor) * 255 + (full - floor) / 2) / (full - floor));
    for (size_t i = 0; i < (size_t)ink->w * (size_t)ink->h; i++)
        ink->px[i] = to[ink->px[i]];
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

/* Tells ink from the paper's noise, and full ink from its edges: *threshold is 0 where there is no ink at all. */
static void ink_decide(struct ink *ink, int floor, int *threshold)
{
    const size_t n = (size_t)ink->w * (size_t)ink->h;
    struct histogram all = {.total = 0}, strokes = {.total = 0};
    int full;

    *threshold = 256;
    for (size_t i = 0; i < n; i++)
        histogram_add(&all, ink->px[i]);
    if (floor < 255)
        *threshold = histogram_otsu(&all, floor);
    for (int v = *threshold; v < 256; v++) {
        strokes.count[v] = all.count[v];
        strokes.total += all.count[v];
    }
    /* The tone of a full stroke. MNIST's is 253 or 254 by this measure, so that its values stay nearly as they are. */
    full = histogram_percentile(&strokes, 95);
    if (strokes.total == 0 || full < INK_CONTRAST_MIN || full < 2 * floor) {
        memset(ink->px, 0, n);
        *threshold = 0;
        return;
    }
    ink_stretch(ink, floor, full);
    *threshold = *threshold >= full ? 255 : (*threshold - floor) * 255 / (full - floor);
    if (*threshold < INK_STRONG)
        *threshold = INK_STRONG;
}

static void ink_invert(struct ink *ink)
{
    grid_invert(ink->px, (size_t)ink->w * (size_t)ink->h);
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

/* What is no ink of the digit goes: lines, the paper's grain, specks. The map holds darkening, and then ink. */
static enum err ink_clean(struct ink *ink, int floor, const struct normalise_options *options)
{
    int threshold;
    enum err e = lines_erase(ink, floor);

    if (e != OK)
        return e;
    ink_see(options, "levelled", ink, true);
    ink_decide(ink, floor, &threshold);
    if (threshold > 0)
        e = parts_choose(ink, INK_STRONG / 2, threshold);
    if (e != OK)
        return e;
    if (ink->box[2] > 0)
        ink_grow_box(ink);
    ink_see(options, "ink", ink, false);
    return OK;
}

enum err ink_find(const struct raster *in, const struct normalise_options *options, struct ink *out)
{
    struct paper paper;
    enum err e;

    memset(out, 0, sizeof(*out));
    e = ink_copy(in, out);
    if (e == OK)
        e = sheet_isolate(out);
    if (e == OK)
        e = paper_judge(out, &paper);
    if (e != OK)
        return e;
    out->dark = options->invert == NORMALISE_INVERT_AUTO ? paper.dark : options->invert == NORMALISE_INVERT_YES;
    if (out->dark != paper.dark) { /* against the evidence: the paper is then the other end of the scale */
        paper.tone = out->dark ? 255 : 0;
        paper.flat = true;
        paper.noise = 0;
    }
    if (!out->dark) {
        paper.tone = 255 - paper.tone;
        ink_invert(out);
    }
    if (paper.flat) {
        level_flat(out, paper.tone);
    } else if (paper.tones.clear) {
        e = level_tones(out, out->dark ? paper.tones.split : 256 - paper.tones.split);
    } else {
        ink_reduce(out);
        e = level_uneven(out);
    }
    if (e != OK)
        return e;
    return ink_clean(out, paper.flat ? 3 * paper.noise : paper.tones.clear ? paper.tones.apart / 4 : 0, options);
}

void ink_free(struct ink *ink)
{
    free(ink->px);
    memset(ink, 0, sizeof(*ink));
}
