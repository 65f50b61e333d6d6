/* A skeleton for the pen (pen.h), put together point by point. */
#ifndef DIGITD_WEIGHTS_SKELETON_H
#define DIGITD_WEIGHTS_SKELETON_H

#include <stddef.h>

#include "pen.h"

/* text is what pen_write takes; x and y are the points put so far, where further strokes may begin. */
struct skeleton {
    int n, x[PEN_NODES_MAX], y[PEN_NODES_MAX];
    size_t used;
    char text[1024];
};
#define SKELETON_EMPTY ((struct skeleton){.n = 0})

/* how: "M", "L" or "S" (pen.h). A point for which there is no room is left out. */
void skeleton_put(struct skeleton *k, const char *how, int x, int y);

/* A smooth closed stroke of nine points from the top, clockwise; wide and high are half of its sides. */
void skeleton_ellipse(struct skeleton *k, int x, int y, int wide, int high);

/* A skeleton written by this hand, with strokes of this radius (px), as large as fits into px[side][side], which is
 * light ink on black and is cleared first. */
void skeleton_draw(const char *text, const struct pen_hand *hand, struct rng *r, float radius, int side, uint8_t *px);

#endif
