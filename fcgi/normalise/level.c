/* Evens out the light. The paper's tone around each pixel is a grey closing: the picture without anything dark that is
 * thinner than a given square. A shadow is wider than that and stays, with its edge where it was; a stroke goes.
 *
 * The closing is done on a small copy, and its least value within one cell is taken: on the dark side of a shadow's
 * edge the tone must not be that of the light side, or the edge would become a line. */
#include "level.h"

#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "histogram.h"
#include "tones.h"

/* Strokes are up to a sixth of the longest side thick: what is thicker counts as light, and is lost. */
enum { LEVEL_PART = 6, LEVEL_GRAIN_PART = 16, LEVEL_ZERO = 64 };

void level_flat(struct ink *ink, int tone)
{
    for (size_t i = 0; i < (size_t)ink->w * (size_t)ink->h; i++)
        ink->px[i] = (uint8_t)(tone > ink->px[i] ? tone - ink->px[i] : 0);
}

/* Within radius of the ends of a row or column, a closing sees only cells further in, which are brighter where the
 * light falls off to the edge. The parabola through three cells further in is nearer the truth, where it is darker. */
static void level_bend_ends(uint8_t *closed, const uint8_t *own, int n, int step, int radius)
{
    for (int end = 0; end < 2 && n > 6 * radius; end++)
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
static void level_subtract(struct ink *ink, const struct grid *l, int light)
{
    for (int y = 0; y < ink->h; y++) {
        int row[GRID_SIDE_MAX] = {0}, y0, y1; /* tones of this row at the centres of the cells, in 256ths */
        const int fy = level_between(y, l->cell, l->h, &y0, &y1);

        for (int gx = 0; gx < l->w; gx++)
            row[gx] = l->v[y0 * l->w + gx] * (256 - fy) + l->v[y1 * l->w + gx] * fy;
        for (int x = 0; x < ink->w; x++) {
            uint8_t *px = ink->px + (size_t)y * (size_t)ink->w + (size_t)x;
            int x0, x1, tone, darkening;
            const int fx = level_between(x, l->cell, l->w, &x0, &x1);

            tone = (row[x0] * (256 - fx) + row[x1] * fx + 32768) / 65536;
            darkening = tone - *px;
            if (tone > light / 4) /* a paper darker than that is no shadow */
                darkening = darkening * light / tone;
            darkening += LEVEL_ZERO;
            *px = (uint8_t)(darkening < 0 ? 0 : darkening < 255 ? darkening : 255);
        }
    }
}

/* Takes away the grain: what is up to 3.5 standard deviations over the median. Grain is coarser where it is darker, so
 * both are measured in windows of a sixteenth of the side, the deviation on the lighter side of the median, where there
 * is no ink, and the least of nine neighbours counts: a fat stroke covers some, but not all. */
static void level_sift(struct ink *ink, struct grid *median, struct grid *floor)
{
    grid_shape(median, ink->w, ink->h, LEVEL_GRAIN_PART);
    *floor = *median;
    for (int gy = 0; gy < median->h; gy++)
        for (int gx = 0; gx < median->w; gx++) {
            struct histogram window = {.total = 0};
            int middle, over;

            for (int y = gy * median->cell; y < (gy + 1) * median->cell && y < ink->h; y++)
                for (int x = gx * median->cell; x < (gx + 1) * median->cell && x < ink->w; x++)
                    histogram_add(&window, ink->px[(size_t)y * (size_t)ink->w + (size_t)x]);
            middle = histogram_percentile(&window, 50);
            over = middle + (7 * (middle - histogram_percentile(&window, 16)) + 1) / 2;
            median->v[gy * median->w + gx] = (uint8_t)middle;
            floor->v[gy * median->w + gx] = (uint8_t)(over < 255 ? over : 255);
        }
    grid_spread(median, 1, false);
    grid_spread(floor, 1, false);
    for (int y = 0; y < ink->h; y++)
        for (int x = 0; x < ink->w; x++) {
            uint8_t *px = ink->px + (size_t)y * (size_t)ink->w + (size_t)x;
            const int at = y / median->cell * median->w + x / median->cell;

            *px = (uint8_t)(*px > floor->v[at] ? *px - median->v[at] : 0);
        }
}

enum err level_uneven(struct ink *ink)
{
    struct grid *own = malloc(2 * sizeof(*own)), *closed;
    struct histogram tones = {.total = 0};

    if (own == NULL)
        return ERR_NOMEM;
    closed = own + 1;
    grid_average(own, ink->px, ink->w, ink->h, GRID_SIDE_MAX);
    level_close(own, LEVEL_PART, closed);
    for (int i = 0; i < closed->w * closed->h; i++)
        histogram_add(&tones, closed->v[i]);
    grid_spread(closed, 1, false);
    level_subtract(ink, closed, histogram_percentile(&tones, 75));
    level_sift(ink, own, closed);
    free(own);
    return OK;
}

enum err level_tones(struct ink *ink, int split)
{
    struct grid *paper = malloc(2 * sizeof(*paper));
    struct histogram tones = {.total = 0};

    if (paper == NULL)
        return ERR_NOMEM;
    tones_fill(ink, split, paper, paper + 1);
    for (int i = 0; i < paper->w * paper->h; i++)
        histogram_add(&tones, paper->v[i]);
    level_subtract(ink, paper, histogram_percentile(&tones, 75));
    for (size_t i = 0; i < (size_t)ink->w * (size_t)ink->h; i++)
        ink->px[i] = (uint8_t)(ink->px[i] > LEVEL_ZERO ? ink->px[i] - LEVEL_ZERO : 0);
    free(paper);
    return OK;
}
