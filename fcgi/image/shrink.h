/* Scales a grey picture down for people to look at. */
#ifndef DIGITD_IMAGE_SHRINK_H
#define DIGITD_IMAGE_SHRINK_H

#include "normalise/normalise.h"

/* Averages in down to sides of at most side_px (>= 1), keeping its proportions; a picture that is small enough is
 * copied. to has room for side_px * side_px. Every pixel of in counts once. Allocates nothing. */
void shrink(const struct raster *in, int side_px, uint8_t *to, int *w, int *h);

#endif
