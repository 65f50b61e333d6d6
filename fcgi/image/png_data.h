/* Checks how much a PNG's compressed data holds. The only user of zlib. */
#ifndef DIGITD_IMAGE_PNG_DATA_H
#define DIGITD_IMAGE_PNG_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* bytes[n]: a PNG that passed header_read_png. True if its data continues far beyond the last row: libpng would inflate
 * all of it, up to a thousand times the size of the file, only to throw it away. Damaged or short data is left to
 * libpng. Allocates and frees 40 KiB for zlib; true if that fails. */
bool png_data_overflows(const uint8_t *bytes, size_t n);

#endif
