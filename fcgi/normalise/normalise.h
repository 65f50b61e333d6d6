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

#include "base/err.h"

/* Grey, 0 black to 255 white, px[h][w] without gaps; borrowed. */
struct raster {
    int w, h;
    const uint8_t *px;
};

/* What a visitor may say better than the normaliser can guess. All zero: it decides, and centres as MNIST does. */
enum normalise_invert { NORMALISE_INVERT_AUTO, NORMALISE_INVERT_YES, NORMALISE_INVERT_NO }; /* yes: ink is dark */
enum normalise_center {
    NORMALISE_CENTER_MASS, /* the ink box to 20 px, the centre of mass to index (14, 14) */
    NORMALISE_CENTER_BOX,  /* the ink box to 20 px, its middle to the middle */
    NORMALISE_CENTER_NONE  /* the whole picture to 28 px, as it lies */
};

/* Sees the pictures between the steps, in order: name is a constant word of lower-case letters, up to 15; px[h][w]
 * grey, valid during the call only. "grey" is what came in and "input" the 28x28 that goes out; between them, unless
 * the picture passes unchanged: "levelled" (the light evened out and lines gone, ink dark), "ink" (the digit's
 * alone, light), and where there is any, "scaled". */
struct normalise_trace {
    void (*see)(void *ctx, const char *name, int w, int h, const uint8_t *px);
    void *ctx;
};

struct normalise_options {
    enum normalise_invert invert;
    enum normalise_center center;
    const struct normalise_trace *trace; /* NULL: nobody looks */
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

/* The same with a visitor's wishes. With any option set but trace, an MNIST-like picture is treated like others. */
enum err normalise_with(const struct raster *in, const struct normalise_options *options, uint8_t out[784],
                        struct normalise_steps *steps);

#endif
