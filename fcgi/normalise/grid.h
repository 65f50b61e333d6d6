/* A small copy of a picture, at most 256 on a side, for what needs wide windows. Used by the files of the normaliser.
 */
#ifndef DIGITD_NORMALISE_GRID_H
#define DIGITD_NORMALISE_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GRID_SIDE_MAX = 256 };

struct grid {
    int cell, w, h;                           /* px of a cell's side; cells across and down, 1 or more */
    uint8_t v[GRID_SIDE_MAX * GRID_SIDE_MAX]; /* [h][w] */
};

/* Cells for a picture of w x h, at most side on the longest side; v is not touched. */
void grid_shape(struct grid *g, int w, int h, int side);

/* The means of cells of px[h][w], with at most side cells on the longest side. */
void grid_average(struct grid *g, const uint8_t *px, int w, int h, int side);

/* Each cell becomes the greatest (or least) within radius cells of it, in the square around it. */
void grid_spread(struct grid *g, int radius, bool greatest);

/* Each cell of 0 becomes the mean of those around it that are not, from their rim inwards; where there is none,
 * nothing. room: to work in. */
void grid_fill(struct grid *g, struct grid *room);

/* Whether a cell, by its number, lies at the edge of the picture. */
bool grid_on_border(const struct grid *g, int cell);

/* How many cells of cell[g->h][g->w] are kind along the upper, lower, left and right edge. */
void grid_count_border(const struct grid *g, const uint8_t *cell, uint8_t kind, int along[4]);

/* Each value v becomes 255 - v. */
void grid_invert(struct grid *g);

#endif
