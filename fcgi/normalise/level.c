/* Evens out the light. The paper's tone around each pixel is a grey closing: the picture without anything dark that is
 * thinner than a given square. A shadow is wider than that and stays, with its edge in place; a stroke disappears.
 *
 * The closing is done on a small copy, and its lowest value within one cell is used: on the dark side of a shadow's
 * edge the tone must not be that of the light side, or the edge would become a line. */
#include <stdlib.h>
#include <string.h>

#include "normalise/tools/grid.h"
#include "normalise/tools/histogram.h"
#include "stages.h"
#include "tones.h"

/* "Lost at" and "fine at" a value: as in parts.c, by the drawn pictures alone. */
enum {
    /* Strokes are up to this part of the longest side thick: what is thicker is taken for light, and lost. Pencil is
     * lost at 3, a slip at 12. */
    LEVEL_PART = 6,
    LEVEL_GRAIN_PART = 16, /* of the longest side: windows in which grain is measured; shadows lost at 40; fine at 6 */
    /* Darkening of none, while the grain shows on both sides of it. What is over 191 levels darker is cut to that. */
    LEVEL_ZERO = 64,
    /* The tone of paper in full light: a quarter of it may be lighter still, as under a lamp. Fine at
     * 40 and 95. */
    LEVEL_LIGHT_PERCENT = 75,
    LEVEL_SHADOW_PART = 4, /* of that tone: a paper darker than this is no shadow; fine at 2 and 16 */
    /* In uneven light, what is left of a shadow's edge and of the paper's grain gets less with size, and strokes do
     * not: the picture is averaged down to so many px. */
    LEVEL_UNEVEN_SIDE_PX = 480,
    /* 16 % of a Gaussian grain are a deviation or more under its median. Half as many as this, 3.5 deviations, over the
     * median is still grain. Fine at 3 and 14. */
    LEVEL_DEVIATION_PERCENT = 16,
    LEVEL_HALF_DEVIATIONS = 7,
    LEVEL_BEND_RADII = 6 /* a row shorter than so many radii has no three cells further in to go by */
};

static void level_flat(struct picture *p)
{
    const int tone = p->paper.tone;
    const size_t n = picture_pixels(p);

    for (size_t i = 0; i < n; i++)
        p->px[i] = (uint8_t)(tone > p->px[i] ? tone - p->px[i] : 0);
}

/* Within radius of the ends of a row or column, a closing sees only cells further in, which are brighter where the
 * light falls off to the edge. The parabola through three cells further in is nearer the truth, where it is darker. */
static void level_bend_ends(uint8_t *closed, const uint8_t *own, int n, int step, int radius)
{
    for (int end = 0; end < 2 && n > LEVEL_BEND_RADII * radius; end++)
        for (int d = 1; d <= radius; d++) {
            const int inward = end == 0 ? step : -step;
            uint8_t *edge = closed + (end == 0 ? 0 : (n - 1) * step) + radius * inward;
            const int a = edge[0], b = edge[radius * inward], c = edge[2 * radius * inward];
            const double t = (double)d / radius;
            const double bent = a + t * (1.5 * a - 2 * b + 0.5 * c) + t * t * (0.5 * a - b + 0.5 * c);
            uint8_t *tone = edge - d * inward;
            const int least = own[tone - closed];

            if (bent < *tone)
                *tone = bent > least ? (uint8_t)bent : (uint8_t)(least < *tone ? least : *tone);
        }
}

static void level_close(const struct grid *own, int part, struct grid *closed)
{
    const int longest = own->w > own->h ? own->w : own->h, radius = (longest + 2 * part - 1) / (2 * part);

    memcpy(closed, own, sizeof(*closed));
    grid_spread(closed, radius, true);
    grid_spread(closed, radius, false);
    for (int y = 0; y < own->h; y++)
        level_bend_ends(closed->v + y * own->w, own->v + y * own->w, own->w, 1, radius);
    for (int x = 0; x < own->w; x++)
        level_bend_ends(closed->v + x, own->v + x, own->h, own->w, radius);
}

/* Cells to both sides of pixel at, and how much the second counts, in 256ths: linear between the centres of cells. */
static int level_between(int at, int cell, int cells, int *first, int *second)
{
    const int from = (2 * at + 1 - cell) * 128 / cell; /* 256ths of a cell from the centre of cell 0 */
    const int clamped = from < 0 ? 0 : from;

    *first = clamped / 256 < cells ? clamped / 256 : cells - 1;
    *second = *first + 1 < cells ? *first + 1 : *first;
    return clamped % 256;
}

/* Paper in shadow darkens its ink by the same factor, so the difference is brought back to full light. No darkening is
 * LEVEL_ZERO for now: the grain shows on both sides of it. */
static void level_subtract(struct picture *p, const struct grid *l, int light)
{
    for (int y = 0; y < p->h; y++) {
        int row[GRID_SIDE_MAX] = {0}, y0, y1; /* tones of this row at the centres of the cells, in 256ths */
        const int fy = level_between(y, l->cell, l->h, &y0, &y1);

        for (int gx = 0; gx < l->w; gx++)
            row[gx] = l->v[y0 * l->w + gx] * (256 - fy) + l->v[y1 * l->w + gx] * fy;
        for (int x = 0; x < p->w; x++) {
            uint8_t *px = picture_at(p, x, y);
            int x0, x1, tone, darkening;
            const int fx = level_between(x, l->cell, l->w, &x0, &x1);

            tone = (row[x0] * (256 - fx) + row[x1] * fx + 32768) / 65536;
            darkening = tone - *px;
            if (tone > light / LEVEL_SHADOW_PART)
                darkening = darkening * light / tone;
            darkening += LEVEL_ZERO;
            *px = (uint8_t)(darkening < 0 ? 0 : darkening < 255 ? darkening : 255);
        }
    }
}

/* Takes away the grain: what is little over the median. Grain is coarser where it is darker, so
 * both are measured in windows, the deviation on the lighter side of the median, where there
 * is no ink, and the least of nine neighbours counts: a fat stroke covers some, but not all. */
static void level_sift(struct picture *p, struct grid *median, struct grid *floor)
{
    grid_shape(median, p->w, p->h, LEVEL_GRAIN_PART);
    *floor = *median;
    for (int gy = 0; gy < median->h; gy++)
        for (int gx = 0; gx < median->w; gx++) {
            struct histogram window = {.total = 0};
            int middle, deviation, over;

            for (int y = gy * median->cell; y < (gy + 1) * median->cell && y < p->h; y++)
                for (int x = gx * median->cell; x < (gx + 1) * median->cell && x < p->w; x++)
                    histogram_add(&window, *picture_at(p, x, y));
            middle = histogram_percentile(&window, 50);
            middle = middle > LEVEL_ZERO ? middle : LEVEL_ZERO; /* lighter than its paper is a shadow's soft edge */
            deviation = middle - histogram_percentile(&window, LEVEL_DEVIATION_PERCENT);
            over = middle + (LEVEL_HALF_DEVIATIONS * deviation + 1) / 2;
            median->v[gy * median->w + gx] = (uint8_t)middle;
            floor->v[gy * median->w + gx] = (uint8_t)(over < 255 ? over : 255);
        }
    grid_spread(median, 1, false);
    grid_spread(floor, 1, false);
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++) {
            uint8_t *px = picture_at(p, x, y);
            const int at = y / median->cell * median->w + x / median->cell;

            *px = (uint8_t)(*px > floor->v[at] ? *px - median->v[at] : 0);
        }
}

static enum err level_uneven(struct picture *p)
{
    struct grid *own = malloc(2 * sizeof(*own)), *closed;
    struct histogram tones = {.total = 0};

    if (own == NULL)
        return ERR_NOMEM;
    closed = own + 1;
    picture_shrink(p, (picture_longest(p) + LEVEL_UNEVEN_SIDE_PX - 1) / LEVEL_UNEVEN_SIDE_PX);
    grid_average(own, p->px, p->w, p->h, GRID_SIDE_MAX);
    level_close(own, LEVEL_PART, closed);
    for (int i = 0; i < closed->w * closed->h; i++)
        histogram_add(&tones, closed->v[i]);
    grid_spread(closed, 1, false);
    level_subtract(p, closed, histogram_percentile(&tones, LEVEL_LIGHT_PERCENT));
    level_sift(p, own, closed);
    free(own);
    return OK;
}

static enum err level_two_tones(struct picture *p)
{
    struct grid *paper = malloc(2 * sizeof(*paper));
    struct histogram tones = {.total = 0};
    const size_t n = picture_pixels(p);

    if (paper == NULL)
        return ERR_NOMEM;
    tones_fill(p, p->paper.split, paper, paper + 1);
    for (int i = 0; i < paper->w * paper->h; i++)
        histogram_add(&tones, paper->v[i]);
    level_subtract(p, paper, histogram_percentile(&tones, LEVEL_LIGHT_PERCENT));
    for (size_t i = 0; i < n; i++)
        p->px[i] = (uint8_t)(p->px[i] > LEVEL_ZERO ? p->px[i] - LEVEL_ZERO : 0);
    free(paper);
    return OK;
}

enum err level_run(struct picture *p)
{
    enum err e = OK;

    if (p->paper.light == PAPER_FLAT)
        level_flat(p);
    else
        e = p->paper.light == PAPER_TWO_TONES ? level_two_tones(p) : level_uneven(p);
    if (e == OK)
        p->state = PICTURE_DARKENING;
    return e;
}
