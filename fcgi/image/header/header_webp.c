/* WebP (RFC 9649): a RIFF container with a lossy frame (VP8, RFC 6386), a lossless one (VP8L), or an extended header
 * (VP8X) before one of them.
 *
 * Pitfalls: VP8X has its own canvas size, of up to 2^24 a side, which must equal the frame's; libgd returns NULL for an
 * animation, so that is detected and reported here; the size in the RIFF header, not the end of the file, bounds the
 * chunks. An EXIF chunk is not looked at: browsers show such a picture as it is stored, and so it is read. */
#include "header_formats.h"

#include <string.h>

enum {
    WEBP_RIFF_BYTES = 12,
    WEBP_CHUNK_BYTES = 8,
    WEBP_VP8X_BYTES = 10,
    WEBP_VP8X_ANIMATION = 0x02,
    WEBP_VP8_BYTES = 10,
    WEBP_VP8L_BYTES = 5
};

static enum err webp_animated(struct why *why)
{
    return err_why(why, ERR_UNSUPPORTED,
                   "Animated WebP files are not supported. Send a still picture, such as a screenshot of it.");
}

/* VP8: RFC 6386 section 9.1. VP8L: RFC 9649 section 3.4. */
static enum err webp_take_frame(const uint8_t *type, uint32_t len, struct image_header *out, struct why *why)
{
    const uint8_t *data = type + WEBP_CHUNK_BYTES;
    uint32_t w, h;

    if (type[3] == 'L') {
        if (len < WEBP_VP8L_BYTES || data[0] != 0x2f)
            return header_damaged(IMAGE_WEBP, why);
        w = (get_le32(data + 1) & 0x3fff) + 1;
        h = (get_le32(data + 1) >> 14 & 0x3fff) + 1;
    } else {
        if (len < WEBP_VP8_BYTES || (data[0] & 1) != 0 || memcmp(data + 3, "\x9d\x01\x2a", 3) != 0)
            return header_damaged(IMAGE_WEBP, why);
        w = get_le16(data + 6) & 0x3fff;
        h = get_le16(data + 8) & 0x3fff;
    }
    if (out->width != 0 && ((int)w != out->width || (int)h != out->height))
        return header_damaged(IMAGE_WEBP, why);
    return header_set_size(out, w, h, why);
}

static enum err webp_take_canvas(const uint8_t *data, uint32_t len, struct image_header *out, struct why *why)
{
    enum err e;

    if (len < WEBP_VP8X_BYTES)
        return header_damaged(IMAGE_WEBP, why);
    e = header_set_size(out, (int64_t)get_le24(data + 4) + 1, (int64_t)get_le24(data + 7) + 1, why);
    if (e == OK && (data[0] & WEBP_VP8X_ANIMATION) != 0)
        return webp_animated(why);
    return e;
}

/* The chunk after the file header: its type is at chunk, its data[len] behind the 8 bytes of type and length. */
static enum err webp_take_chunk(const uint8_t *chunk, uint32_t len, bool first, bool *extended, bool *frame_seen,
                                struct image_header *out, struct why *why)
{
    const uint8_t *data = chunk + WEBP_CHUNK_BYTES;

    if (first && memcmp(chunk, "VP8X", 4) == 0) {
        *extended = true;
        return webp_take_canvas(data, len, out, why);
    }
    if (!*frame_seen && (memcmp(chunk, "VP8 ", 4) == 0 || memcmp(chunk, "VP8L", 4) == 0)) {
        *frame_seen = true;
        return webp_take_frame(chunk, len, out, why);
    }
    if (!*extended)
        return header_damaged(IMAGE_WEBP, why);
    if (memcmp(chunk, "ANIM", 4) == 0 || memcmp(chunk, "ANMF", 4) == 0)
        return webp_animated(why);
    return OK;
}

enum err header_read_webp(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    const size_t end = (size_t)get_le32(bytes + 4) + 8;
    bool extended = false, frame_seen = false;
    enum err e = OK;

    if (end < WEBP_RIFF_BYTES)
        return header_damaged(IMAGE_WEBP, why);
    if (end > n)
        return header_cut_short(IMAGE_WEBP, why);
    for (size_t at = WEBP_RIFF_BYTES; e == OK && at < end && (extended || !frame_seen);) {
        uint32_t len;

        if (end - at < WEBP_CHUNK_BYTES)
            return header_cut_short(IMAGE_WEBP, why);
        len = get_le32(bytes + at + 4);
        if (end - at - WEBP_CHUNK_BYTES < len)
            return header_cut_short(IMAGE_WEBP, why);
        e = webp_take_chunk(bytes + at, len, at == WEBP_RIFF_BYTES, &extended, &frame_seen, out, why);
        at += WEBP_CHUNK_BYTES + (size_t)len + (len & 1);
    }
    if (e == OK && !frame_seen)
        return header_damaged(IMAGE_WEBP, why);
    return e;
}
