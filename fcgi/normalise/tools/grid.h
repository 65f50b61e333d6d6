/* A small copy of a picture, at most 256 cells a side, for filters with wide windows. */
#ifndef DIGITD_NORMALISE_TOOLS_GRID_H
#define DIGITD_NORMALISE_TOOLS_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GRID_SIDE_MAX = 256 };

struct grid {
    int cell, w, h;                           /* px of a cell's side; cells across and down, 1 or more */
    uint8_t v[GRID_SIDE_MAX * GRID_SIDE_MAX]; /* [h][w] */
};

/* Sets the number of cells for a picture of w x h, at most side on the longest side; leaves v alone. */
void grid_shape(struct grid *g, int w, int h, int side);

/* Averages px[h][w] into cells, at most side on the longest side. */
void grid_average(struct grid *g, const uint8_t *px, int w, int h, int side);

/* Replaces each cell by the greatest (or least) value in the square of radius cells around it. */
void grid_spread(struct grid *g, int radius, bool greatest);

/* Fills cells that are 0 with the mean of their nonzero neighbours, from the edge of a hole inwards. Does nothing if
 * all are 0. room: working space. */
void grid_fill(struct grid *g, struct grid *room);

/* Whether a cell, given by its number, is at the edge of the picture. */
bool grid_on_border(const struct grid *g, int cell);

/* Counts the cells of cell[g->h][g->w] that are kind along the upper, lower, left and right edges. */
void grid_count_border(const struct grid *g, const uint8_t *cell, uint8_t kind, int along[4]);

/* Replaces each value v by 255 - v. */
void grid_invert(struct grid *g);

#endif
