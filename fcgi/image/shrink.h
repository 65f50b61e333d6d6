/* A grey picture averaged down for a person to look at. */
#ifndef DIGITD_IMAGE_SHRINK_H
#define DIGITD_IMAGE_SHRINK_H

#include "normalise/normalise.h"

/* Averages in down to sides of at most side_px (>= 1), keeping its proportions; one that is small enough is copied as
 * it is. to has room for side_px * side_px. Every pixel of in counts once; allocates nothing. */
void shrink(const struct raster *in, int side_px, uint8_t *to, int *w, int *h);

#endif
