/* What the header readers of the five formats share: numbers from bytes, the limits, and sentences said in one way.
 * Private to this room and to image.c and png_data.c above it. */
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

/* One reader a format. bytes[n] begins with the format's magic; out->format and orientation 1 are set already. Each
 * calls header_set_size as soon as it knows the size, before it walks on: a bomb is refused for being one. */
enum err header_read_png(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_jpeg(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_gif(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_bmp(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_webp(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);

/* Keeps the size if it is within the limits of header.h: a side of 0 is ERR_FORMAT, too large ERR_LIMIT. */
enum err header_set_size(struct image_header *out, int64_t width, int64_t height, struct why *why);

/* ERR_TRUNCATED and ERR_FORMAT with their sentence; format is a name such as "PNG". */
enum err header_cut_short(enum image_format format, struct why *why);
enum err header_damaged(enum image_format format, struct why *why);

/* libgd 2.3.3 reads an 8-bit BMP with a V4 or V5 header wrongly (it takes the rest of the header for the palette) and
 * refuses BITFIELDS even with the ordinary masks. True where that is so: then header_mend_bmp rewrites a copy of the
 * bytes, for which header_read_bmp said OK, to the equivalent V3 file. */
bool header_bmp_needs_mending(const uint8_t *bytes, size_t n);
void header_mend_bmp(uint8_t *bytes, size_t n);

/* Leaves in a copy of the bytes, for which header_read_png said OK, only the chunks that make the picture: libpng
 * inflates and keeps the others, however large. Returns how many bytes remain. */
size_t header_mend_png(uint8_t *bytes, size_t n);

#endif
