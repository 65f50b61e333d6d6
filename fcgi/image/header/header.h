/* Reads a picture's header without allocating and without trusting it: format, width, height, orientation.
 *
 * Pure: looks at bytes[n] alone. Sources: PNG (W3C REC-PNG-20031110 section 11.2.2), JPEG (ITU-T T.81 annex B,
 * EXIF 2.32), GIF89a, BMP (BITMAPCOREHEADER and BITMAPINFOHEADER on), WebP (RFC 9649), TIFF 6.0, AVIF (ISO/IEC
 * 14496-12, 23008-12 and AV1's image file format).
 *
 * Orientation is what a browser follows, so that the page shows what is read: EXIF of a JPEG, and of a PNG before its
 * data; the turn and mirror of an AVIF; not a WebP's EXIF, nor an AVIF's. A TIFF, which browsers do not show, has its
 * own tag. */
#ifndef DIGITD_IMAGE_HEADER_H
#define DIGITD_IMAGE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The largest picture accepted. */
enum { IMAGE_SIDE_MAX_PX = 10000, IMAGE_AREA_MAX_PX = 25 * 1000 * 1000 };

enum image_format { IMAGE_PNG, IMAGE_JPEG, IMAGE_GIF, IMAGE_BMP, IMAGE_WEBP, IMAGE_TIFF, IMAGE_AVIF };

struct image_header {
    enum image_format format;
    int width, height; /* px, as stored, before the orientation is undone */
    int orientation;   /* as EXIF tag 0x0112: 1 (upright) to 8; 1 if missing or damaged */
    /* JPEG: the file stops before its end marker, in the data of its last scan: whether all pixels are there, only the
     * decoder can tell. CMYK without Adobe's marker: browsers read it as with one, that is inverted. */
    bool jpeg_no_end, jpeg_no_adobe;
};

/* Reads the header and checks it against the limits above. Errors as for image_decode (image.h), with a sentence in
 * why. */
enum err image_header_read(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);

#endif
