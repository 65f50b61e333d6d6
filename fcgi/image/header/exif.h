/* Reads the orientation of a picture from EXIF (tag 0x0112). libgd does not. */
#ifndef DIGITD_IMAGE_EXIF_H
#define DIGITD_IMAGE_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* tiff[n]: a TIFF header and its directories, as in JPEG's APP1 after "Exif\0\0" and PNG's eXIf. 1 (upright)
 * to 8; 1 if the tag is missing, damaged or out of range. Pure; never reads beyond n. */
int exif_orientation(const uint8_t *tiff, size_t n);

#endif
