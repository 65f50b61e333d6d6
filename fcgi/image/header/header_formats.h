/* Shared by the header readers of the five formats: numbers from bytes, the limits, and common error sentences. Private
 * to this room and to image.c and png_data.c. */
#ifndef DIGITD_IMAGE_HEADER_FORMATS_H
#define DIGITD_IMAGE_HEADER_FORMATS_H

#include "header.h"

static inline uint32_t get_le16(const uint8_t *p)
{
    return (uint32_t)p[1] << 8 | p[0];
}
static inline uint32_t get_le24(const uint8_t *p)
{
    return (uint32_t)p[2] << 16 | get_le16(p);
}
static inline uint32_t get_le32(const uint8_t *p)
{
    return get_le16(p + 2) << 16 | get_le16(p);
}
static inline uint32_t get_be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}
static inline uint32_t get_be32(const uint8_t *p)
{
    return get_be16(p) << 16 | get_be16(p + 2);
}

/* One reader for each format. bytes[n] starts with the format's magic number; out->format and orientation 1 are already
 * set. Each calls header_set_size as soon as it knows the size and before it reads on, so a decompression bomb is
 * refused as too large. */
enum err header_read_png(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_jpeg(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_gif(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_bmp(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_webp(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);

/* Stores the size if it is within the limits of header.h. A side of 0 is ERR_FORMAT; too large is ERR_LIMIT. */
enum err header_set_size(struct image_header *out, int64_t width, int64_t height, struct why *why);

/* Return ERR_TRUNCATED and ERR_FORMAT with a sentence in why. */
enum err header_cut_short(enum image_format format, struct why *why);
enum err header_damaged(enum image_format format, struct why *why);

/* libgd 2.3.3 misreads an 8-bit BMP with a V4 or V5 header (it takes the rest of the header for the palette) and
 * refuses BITFIELDS even with the usual masks. True for such a file: then header_mend_bmp rewrites a copy of the bytes,
 * which must have passed header_read_bmp, to the equivalent V3 file. */
bool header_bmp_needs_mending(const uint8_t *bytes, size_t n);
void header_mend_bmp(uint8_t *bytes, size_t n);

/* Removes all chunks that the picture does not need from a copy of the bytes, which must have passed header_read_png:
 * libpng would inflate and keep them, however large. Returns the number of bytes that remain. */
size_t header_mend_png(uint8_t *bytes, size_t n);

#endif
