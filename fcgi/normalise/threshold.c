/* Tells ink from the paper's noise, and a full stroke from its edges. */
#include <stdlib.h>
#include <string.h>

#include "normalise/tools/grid.h"
#include "normalise/tools/histogram.h"
#include "pale.h"
#include "stages.h"

enum {
    /* Less contrast than this is no ink: JPEG noise on a blank page stays under 10 where its light is even. */
    THRESHOLD_CONTRAST_MIN = 12,
    /* Less than this is ink only if it hangs together: in the light of a lamp, blank pages show up to 34. Faint ink of
     * 19 to 27 levels has 18 to 30 by this measure. */
    THRESHOLD_FAINT = 20,
    /* The largest piece of faint ink is so much of all of it, and at least this part of the picture's longest side. Of
     * 120 faint digits the least were 79 and 33 %, of 240 blank pages with 12 levels or more none had 30 and 20. */
    THRESHOLD_PIECE_PERCENT = 50,
    THRESHOLD_PIECE_PART = 5,
    /* In uneven light, squares of this part of the longest side in the picture's corners do not tell whether there is
     * ink: what a vignette leaves lies in them (up to 9 % of the side), of up to 33 levels. */
    THRESHOLD_CORNER_PART = 10,
    /* And full strokes are to stand out from the paper's noise, so many times over. Of the 560 drawn pictures (parts.c)
     * 175 are refused at 6, none at 1. */
    THRESHOLD_NOISE_TIMES = 2,
    /* The tone of a full stroke. MNIST's is 253 or 254 by this measure, so that its values stay nearly as they are. */
    THRESHOLD_FULL_PERCENT = 95
};

/* Darkening to ink: nothing up to floor, 255 from full on. */
static void stretch(struct picture *p, int floor, int full)
{
    const size_t n = picture_pixels(p);
    uint8_t to[256];

    for (int v = 0; v < 256; v++)
        to[v] = (uint8_t)(v <= floor ? 0 : v >= full ? 255 : ((v - floor) * 255 + (full - floor) / 2) / (full - floor));
    for (size_t i = 0; i < n; i++)
        p->px[i] = to[p->px[i]];
}

static bool in_corner(const struct picture *p, int x, int y)
{
    const int side = picture_longest(p) / THRESHOLD_CORNER_PART;

    return (x < side || x >= p->w - side) && (y < side || y >= p->h - side);
}

/* The pixels that tell whether there is ink. */
static void count_telling(const struct picture *p, struct histogram *all)
{
    const bool corners = p->paper.light != PAPER_UNEVEN;

    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++)
            if (corners || !in_corner(p, x, y))
                histogram_add(all, *picture_at(p, x, y));
}

/* Empties the piece of nonzero cells that cell belongs to, corners included: how many cells, and the box around them.
 */
static int take_piece(struct grid *g, int *stack, int cell, struct box *box)
{
    int n = 0, found = 0;

    *box = BOX_NONE;
    g->v[cell] = 0;
    stack[n++] = cell;
    while (n > 0) {
        const int at = stack[--n], x = at % g->w, y = at / g->w;

        found++;
        box_add(box, x, y);
        for (int k = 0; k < 9; k++) {
            const int nx = x + k % 3 - 1, ny = y + k / 3 - 1;

            if (nx < 0 || ny < 0 || nx >= g->w || ny >= g->h || g->v[ny * g->w + nx] == 0)
                continue;
            g->v[ny * g->w + nx] = 0;
            stack[n++] = ny * g->w + nx;
        }
    }
    return found;
}

/* Whether most of what is at least `least` is one piece, as large as a digit may be. */
static enum err hangs_together(const struct picture *p, int least, bool *yes)
{
    struct grid *g = malloc(sizeof(*g));
    int *stack = malloc(GRID_SIDE_MAX * GRID_SIDE_MAX * sizeof(*stack));
    int all = 0, most = 0, side = 0;
    enum err e = ERR_NOMEM;

    if (g == NULL || stack == NULL)
        goto out;
    grid_shape(g, p->w, p->h, GRID_SIDE_MAX);
    memset(g->v, 0, sizeof(g->v));
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++)
            if (*picture_at(p, x, y) >= least)
                g->v[y / g->cell * g->w + x / g->cell] = 1;
    for (int i = 0; i < g->w * g->h; i++)
        if (g->v[i] > 0) {
            struct box box;
            const int n = take_piece(g, stack, i, &box);

            all += n;
            side = n > most ? box_longest(&box) : side;
            most = n > most ? n : most;
        }
    *yes = 100 * most >= THRESHOLD_PIECE_PERCENT * all && THRESHOLD_PIECE_PART * side >= (g->w > g->h ? g->w : g->h);
    e = OK;
out:
    free(g);
    free(stack);
    return e;
}

enum err threshold_run(struct picture *p)
{
    const size_t n = picture_pixels(p);
    const int floor = p->paper.noise;
    struct histogram all = {.total = 0}, strokes = {.total = 0};
    int full, threshold = 256;
    bool inked;
    enum err e = OK;

    count_telling(p, &all);
    if (floor < 255)
        threshold = histogram_otsu(&all, floor);
    for (int v = threshold; v < 256; v++) {
        strokes.count[v] = all.count[v];
        strokes.total += all.count[v];
    }
    full = histogram_percentile(&strokes, THRESHOLD_FULL_PERCENT);
    inked = strokes.total > 0 && full >= THRESHOLD_CONTRAST_MIN && full >= THRESHOLD_NOISE_TIMES * floor;
    if (inked && full < THRESHOLD_FAINT)
        e = hangs_together(p, threshold, &inked);
    if (e != OK)
        return e;
    p->state = PICTURE_INK;
    if (!inked) {
        memset(p->px, 0, n);
        p->refusal = NORMALISE_NO_CONTRAST;
        return OK;
    }
    stretch(p, floor, full);
    threshold = threshold >= full ? 255 : (threshold - floor) * 255 / (full - floor);
    p->threshold = threshold > INK_SURE_LEAST ? threshold : INK_SURE_LEAST;
    return pale_lift(p);
}
