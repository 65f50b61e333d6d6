/* A small copy of a picture, at most 256 on a side, for what needs wide windows. Used by the files of the normaliser.
 */
#ifndef DIGITD_NN_GRID_H
#define DIGITD_NN_GRID_H

#include <stdbool.h>
#include <stdint.h>

enum { GRID_SIDE_MAX = 256 };

struct grid {
    int cell, w, h;                           /* px of a cell's side; cells across and down */
    uint8_t v[GRID_SIDE_MAX * GRID_SIDE_MAX]; /* [h][w] */
};

/* The means of cells of px[h][w], with at most side cells on the longest side. */
void grid_average(struct grid *g, const uint8_t *px, int w, int h, int side);

/* Each cell becomes the greatest (or least) within radius cells of it, in the square around it. */
void grid_spread(struct grid *g, int radius, bool greatest);

/* Each cell of 0 becomes the mean of those around it that are not, from their rim inwards; where there is none,
 * nothing. room: to work in. */
void grid_fill(struct grid *g, struct grid *room);

#endif
