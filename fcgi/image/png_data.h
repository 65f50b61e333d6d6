/* How much lies in a PNG's compressed data. The only user of zlib. */
#ifndef DIGITD_IMAGE_PNG_DATA_H
#define DIGITD_IMAGE_PNG_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* bytes[n]: a PNG for which header_read_png said OK. True when its data goes on far behind its last row: libpng would
 * inflate all of that, up to a thousand times the size of the file, and throw it away. Data that is damaged or short is
 * left to libpng. Allocates zlib's 40 KiB and frees them; without them the answer is true. */
bool png_data_overflows(const uint8_t *bytes, size_t n);

#endif
