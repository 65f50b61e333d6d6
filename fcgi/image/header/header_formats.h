/* Shared by the header readers of the formats: numbers from bytes, the limits, and common error sentences. Private
 * to this room and to fcgi/image. */
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

/* TIFF's byte order is told at its start: "MM" is big. */
static inline uint32_t get_16(const uint8_t *p, bool big)
{
    return big ? get_be16(p) : get_le16(p);
}
static inline uint32_t get_32(const uint8_t *p, bool big)
{
    return big ? get_be32(p) : get_le32(p);
}

/* One reader for each format. bytes[n] starts with the format's magic number; out->format and orientation 1 are already
 * set. Each calls header_set_size as soon as it knows the size and before it reads on, so a decompression bomb is
 * refused as too large. */
enum err header_read_png(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_jpeg(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_gif(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_bmp(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_webp(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_tiff(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);
enum err header_read_avif(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);

/* Stores the size if it is within the limits of header.h. A side of 0 is ERR_FORMAT; too large is ERR_LIMIT. */
enum err header_set_size(struct image_header *out, int64_t width, int64_t height, struct why *why);

/* Return ERR_TRUNCATED and ERR_FORMAT with a sentence in why. */
enum err header_cut_short(enum image_format format, struct why *why);
enum err header_damaged(enum image_format format, struct why *why);

/* ERR_UNSUPPORTED: this is no picture that is read here. */
enum err header_unknown(const uint8_t *bytes, size_t n, struct why *why);

/* libgd 2.3.3 misreads an 8-bit BMP with a V4 or V5 header (it takes the rest of the header for the palette) and
 * refuses BITFIELDS even with the usual masks. True for such a file: then header_mend_bmp rewrites a copy of the bytes,
 * which must have passed header_read_bmp, to the equivalent V3 file. */
bool header_bmp_needs_mending(const uint8_t *bytes, size_t n);
void header_mend_bmp(uint8_t *bytes, size_t n);

/* Removes all chunks that the picture does not need from a copy of the bytes, which must have passed header_read_png:
 * libpng would inflate and keep them, however large. Returns the number of bytes that remain. */
size_t header_mend_png(uint8_t *bytes, size_t n);

/* Whether the PNG has 16 bits a sample. The bytes must have passed header_read_png. */
static inline bool header_png_is_deep(const uint8_t *bytes)
{
    return bytes[24] == 16;
}

/* Writes to made[n + HEADER_MEND_JPEG_BYTES] what libgd is to read for a JPEG that lacks its end marker, or a CMYK one
 * that lacks Adobe's; the bytes must have passed header_read_jpeg. Returns the number of bytes written. */
enum { HEADER_MEND_JPEG_BYTES = 18 };
size_t header_mend_jpeg(const uint8_t *bytes, size_t n, const struct image_header *header, uint8_t *made);

/* Writes to made[n + HEADER_MEND_GIF_BYTES] a GIF whose first frame lies in its screen and whose blocks all end. The
 * bytes must have passed header_read_gif. */
enum { HEADER_MEND_GIF_BYTES = 258 };
void header_mend_gif(const uint8_t *bytes, size_t n, uint8_t *made);

#endif
