/* Turns a picture upright: where each of its pixels goes. */
#ifndef DIGITD_IMAGE_UPRIGHT_H
#define DIGITD_IMAGE_UPRIGHT_H

#include <stddef.h>

#include "image/header/header.h"

/* Where pixel (x, y) as stored goes when the picture is put upright: px[first + x * right + y * down]. */
struct upright {
    int width, height; /* after turning */
    ptrdiff_t first, right, down;
};

/* For a picture of this size and orientation. Pure. */
struct upright upright_of(const struct image_header *h);

#endif
