/* Where the ink is: a grey raster of any kind -> how much ink lies on each pixel, whatever the paper's colour or light.
 *
 * Used by normalise.c alone. */
#ifndef DIGITD_NN_INK_H
#define DIGITD_NN_INK_H

#include "normalise.h"

struct ink {
    int w, h;
    uint8_t *px; /* [h][w]: 0 paper to 255 ink, its edges in between; owned, ink_free */
    int scale;   /* the raster was averaged down so many times on each side, else 1 */
    bool dark;   /* the ink is darker than the paper */
    bool lined;  /* straight lines were taken away */
    int box[4];  /* x, y, width, height around the ink, in px of this map; all 0 when there is none */
};

/* Allocates at most 10 MB and what it returns, 1 MB; only ERR_NOMEM. in has sides of at least 1. The trace of options
 * sees "levelled" and "ink". */
enum err ink_find(const struct raster *in, const struct normalise_options *options, struct ink *out);
void ink_free(struct ink *ink);

#endif
