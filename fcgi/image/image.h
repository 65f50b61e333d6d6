/* Pictures: PNG, JPEG, GIF, BMP, WebP bytes -> a grey raster. image.c is the only user of libgd.
 *
 * The header is read by our own bounded reader first (image/header): libgd allocates from the header before it reads
 * data (a 58-byte BMP: 533 MB). What libgd then decodes must have the size that the header told. */
#ifndef DIGITD_IMAGE_IMAGE_H
#define DIGITD_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/header/header.h"
#include "normalise/normalise.h"

/* A decoded picture; the pixels belong to it until image_free. Transparent pixels lie over white; EXIF orientation is
 * undone. */
struct image {
    struct raster raster;
    uint8_t *px;         /* == raster.px */
    const char *channel; /* what grey was made of: "luminance", "red" ... (grey.h), a constant */
    bool upright;        /* EXIF's orientation was undone */
};

/* Decodes bytes[n]. why has one sentence for the visitor, who may be shown it as it stands.
 * ERR_UNSUPPORTED: none of the five formats, or a kind of them that is not read (animated WebP ...) -> 415
 * ERR_LIMIT: a side or the area over the limit -> 413
 * ERR_FORMAT, ERR_TRUNCATED: damaged or cut short -> 422
 * ERR_NOMEM -> 503
 * *out is zeroed on failure. An empty n == 0 is ERR_TRUNCATED. */
enum err image_decode(const uint8_t *bytes, size_t n, struct image *out, struct why *why);
void image_free(struct image *img);

/* Appends r to out as a PNG file. For the step pictures of the command line: r is our own, of sides up to
 * IMAGE_SIDE_MAX_PX. ERR_RANGE, ERR_NOMEM, ERR_LIMIT. */
enum err image_write_png(const struct raster *r, struct buf *out);

/* Decodes a tiny picture of each format, whole and damaged, so that what libgd and its codecs initialise lazily is done
 * before the sandbox closes (R38). ERR_UNSUPPORTED, ERR_NOMEM ... where a codec is missing. */
enum err image_warm_up(struct why *why);

#endif
