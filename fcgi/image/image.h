/* Pictures: PNG, JPEG, GIF, BMP, WebP, TIFF, AVIF bytes -> a grey raster. image.c is the only user of libgd.
 *
 * Our own bounded reader reads the header first (image/header), because libgd allocates what the header says before it
 * reads any data (533 MB for a BMP of 58 bytes). What is then decoded must have the size given in the header. */
#ifndef DIGITD_IMAGE_IMAGE_H
#define DIGITD_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/header/header.h"
#include "normalise/normalise.h"

/* A decoded picture; free it with image_free. Transparent pixels are over white, or over black if that was made
 * transparent (grey.h); the orientation is undone. */
struct image {
    struct raster raster;
    uint8_t *px;         /* == raster.px */
    const char *channel; /* what the grey was made from: "luminance", "red" ... (grey.h), a constant */
    bool upright;        /* an orientation was undone (header.h) */
};

/* Decodes bytes[n]. why has one sentence for the visitor, who may be shown it as it stands.
 * ERR_UNSUPPORTED: none of these formats, or a kind of them that is not read (animated WebP ...) -> 415
 * ERR_LIMIT: a side or the area over the limit -> 413
 * ERR_FORMAT, ERR_TRUNCATED: damaged or cut short -> 422
 * ERR_NOMEM -> 503
 * *out is zeroed on failure. n == 0 is ERR_TRUNCATED. */
enum err image_decode(const uint8_t *bytes, size_t n, struct image *out, struct why *why);
void image_free(struct image *img);

/* Appends r to out as a PNG file. For the step pictures of the command line: r is our own, of sides up to
 * IMAGE_SIDE_MAX_PX. ERR_RANGE, ERR_NOMEM, ERR_LIMIT. */
enum err image_write_png(const struct raster *r, struct buf *out);

/* Decodes a tiny picture of each format, intact and damaged, so that libgd, libtiff, libavif and their codecs do their
 * lazy initialisation before the sandbox is closed (R38). ERR_UNSUPPORTED, ERR_NOMEM ... if a codec is missing. */
enum err image_warm_up(struct why *why);

#endif
