/* From a grey raster of any size to the 28x28 that the network was trained on. THE one normaliser: web, command line
 * and evaluation all come here.
 *
 * What MNIST's pictures are (measured over all 70,000): the longest side of the ink box is 19 or 20, the median of the
 * border ring is 0 with at most 5.4 % of it lit, the centre of mass within 0.5 px of index (14, 14). A 28x28 raster
 * like that passes unchanged, bit for bit; its photographic negative passes as exactly 255 - v. */
#ifndef DIGITD_NN_NORMALISE_H
#define DIGITD_NN_NORMALISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/err.h"

/* Grey, 0 black to 255 white, px[h][w] without gaps; borrowed. */
struct raster {
    int w, h;
    const uint8_t *px;
};

/* What was done, in the pixels of the raster given. */
struct normalise_steps {
    int width, height; /* px, of the raster that came in */
    bool unchanged;    /* it was MNIST-like already */
    bool inverted;     /* dark ink on light paper: every value v became 255 - v */
    bool blank;        /* no ink was found; out is all 0 */
    int box[4];        /* ink: x, y, width, height; zeros when blank */
    double shift[2];   /* how far the centre of mass was moved to index (14, 14), in px of the 28x28: dx, dy */
};

/* out[28][28], light ink on black. Allocates its working copy and frees it. Never fails for content, only ERR_RANGE for
 * a side under 1 and ERR_NOMEM. */
enum err normalise(const struct raster *in, uint8_t out[784], struct normalise_steps *steps);

#endif
