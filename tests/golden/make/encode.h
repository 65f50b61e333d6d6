/* A canvas as the bytes of a picture file. encode.c is the only user of libgd among these tools. */
#ifndef DIGITD_GOLDEN_ENCODE_H
#define DIGITD_GOLDEN_ENCODE_H

#include "canvas.h"

enum encode_format { ENCODE_PNG, ENCODE_JPEG, ENCODE_GIF, ENCODE_BMP, ENCODE_WEBP };

/* "png", "jpg" ... */
const char *encode_extension(enum encode_format format);

/* quality: of JPEG and WebP, 0 to 100. orientation: 1, or what an EXIF block in front of a JPEG is to say. PNG alone
 * keeps opacity. free() the bytes. */
uint8_t *encode(const struct canvas *c, enum encode_format format, int quality, int orientation, size_t *n);

#endif
