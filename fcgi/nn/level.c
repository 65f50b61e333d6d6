/* Evens out the light: the paper's tone is measured cell by cell, and what remains is the darkening by ink. */
#include "level.h"

#include <string.h>

#include "histogram.h"

enum {
    /* The longest side is cut into 16 cells to look for the paper's local tone. */
    INK_CELLS = 16,
    INK_CELLS_SIDE_MAX = INK_CELLS + 1,
    /* Cells of under 8 px hold too few pixels to have a tone of their own: smaller pictures have one tone. */
    INK_LEVEL_SIDE_MIN_PX = 8 * INK_CELLS
};

/* Tones of the paper on a grid of cells. */
struct level {
    int cell, gw, gh; /* px of a cell; cells across and down */
    uint8_t tone[INK_CELLS_SIDE_MAX * INK_CELLS_SIDE_MAX];
};

/* The 75th percentile of each cell: paper, as long as strokes cover less than three quarters of it. */
static void level_measure(const struct ink *ink, struct level *l)
{
    const int longest = ink->w > ink->h ? ink->w : ink->h;

    l->cell = (longest + INK_CELLS - 1) / INK_CELLS; /* rounded up: never more cells than the grid has */
    l->gw = (ink->w + l->cell - 1) / l->cell;
    l->gh = (ink->h + l->cell - 1) / l->cell;
    for (int gy = 0; gy < l->gh; gy++)
        for (int gx = 0; gx < l->gw; gx++) {
            struct histogram cell = {.total = 0};

            for (int y = gy * l->cell; y < (gy + 1) * l->cell && y < ink->h; y++)
                for (int x = gx * l->cell; x < (gx + 1) * l->cell && x < ink->w; x++)
                    histogram_add(&cell, ink->px[(size_t)y * (size_t)ink->w + (size_t)x]);
            l->tone[gy * l->gw + gx] = (uint8_t)histogram_percentile(&cell, 75);
        }
}

/* The greatest (or least) tone within two cells of each. */
static void level_spread(struct level *l, bool greatest)
{
    uint8_t to[INK_CELLS_SIDE_MAX * INK_CELLS_SIDE_MAX] = {0};

    for (int gy = 0; gy < l->gh; gy++)
        for (int gx = 0; gx < l->gw; gx++) {
            uint8_t best = l->tone[gy * l->gw + gx];

            for (int y = gy - 2; y <= gy + 2; y++)
                for (int x = gx - 2; x <= gx + 2; x++) {
                    if (x < 0 || y < 0 || x >= l->gw || y >= l->gh)
                        continue;
                    if (greatest == (l->tone[y * l->gw + x] > best))
                        best = l->tone[y * l->gw + x];
                }
            to[gy * l->gw + gx] = best;
        }
    memcpy(l->tone, to, sizeof(to));
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

/* Each pixel of the toned map becomes paper minus pixel: the darkening by ink. Paper in shadow darkens its ink by the
 * same factor, so the difference is brought back to the light of the border. */
static void level_subtract(struct ink *ink, const struct level *l, int paper)
{
    for (int y = 0; y < ink->h; y++) {
        int row[INK_CELLS_SIDE_MAX] = {0}, y0, y1; /* tones of this row at the centres of the cells, in 256ths */
        const int fy = level_between(y, l->cell, l->gh, &y0, &y1);

        for (int gx = 0; gx < l->gw; gx++)
            row[gx] = l->tone[y0 * l->gw + gx] * (256 - fy) + l->tone[y1 * l->gw + gx] * fy;
        for (int x = 0; x < ink->w; x++) {
            uint8_t *px = ink->px + (size_t)y * (size_t)ink->w + (size_t)x;
            int x0, x1, tone, darkening;
            const int fx = level_between(x, l->cell, l->gw, &x0, &x1);

            tone = (row[x0] * (256 - fx) + row[x1] * fx + 32768) / 65536;
            darkening = tone > *px ? tone - *px : 0;
            if (darkening > 0 && tone != paper && tone > paper / 4) /* a paper darker than that is no shadow */
                darkening = (darkening * paper + tone / 2) / tone;
            *px = (uint8_t)(darkening < 255 ? darkening : 255);
        }
    }
}

/* At the outer two cells of a row or column of n, step apart, a closing sees only brighter cells further in when the
 * light falls off to the edge. The straight line through the next two cells, where that is less, is nearer the truth.
 */
static void level_bend_ends(uint8_t *closed, const uint8_t *own, int n, int step)
{
    for (int end = 0; end < 2 && n >= 6; end++)
        for (int from_edge = 1; from_edge >= 0; from_edge--) {
            const int at = end == 0 ? from_edge : n - 1 - from_edge, inward = end == 0 ? step : -step;
            const int line = 2 * closed[at * step + inward] - closed[at * step + 2 * inward];
            uint8_t *tone = closed + at * step;

            if (line < *tone)
                *tone = line > own[at * step] ? (uint8_t)line : own[at * step];
        }
}

/* Turns tones into darkening. Strokes cover whole cells: a closing (greatest, then least, within two cells) takes what
 * is dark and under five cells across for ink, and follows shadows and tints, which are wider. */
void level_paper(struct ink *ink, int paper)
{
    struct level own = {.cell = ink->w > ink->h ? ink->w : ink->h, .gw = 1, .gh = 1, .tone = {(uint8_t)paper}}, closed;

    if (own.cell >= INK_LEVEL_SIDE_MIN_PX)
        level_measure(ink, &own);
    closed = own;
    level_spread(&closed, true);
    level_spread(&closed, false);
    for (int gy = 0; gy < own.gh; gy++)
        level_bend_ends(closed.tone + gy * own.gw, own.tone + gy * own.gw, own.gw, 1);
    for (int gx = 0; gx < own.gw; gx++)
        level_bend_ends(closed.tone + gx, own.tone + gx, own.gh, own.gw);
    level_subtract(ink, &closed, paper);
}
