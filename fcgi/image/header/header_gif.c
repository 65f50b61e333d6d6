/* GIF87a and GIF89a (the CompuServe specification of 1990): the first frame, since that is what libgd decodes, and a
 * walk along the blocks to the trailer.
 *
 * Pitfalls: libgd allocates the frame's size, not the screen's, so both are checked against the limits; it silently
 * returns the missing rest of a GIF as colour 0, so the walk must reach the trailer and the frame's codes must fill the
 * frame; it reads a graphic control extension with an empty first block one block further than the grammar allows, and
 * would find other frames than we do: refused. */
#include "header_formats.h"

enum {
    GIF_SCREEN_BYTES = 13,
    GIF_FRAME_BYTES = 10, /* with its separator */
    GIF_EXTENSION = 0x21,
    GIF_FRAME = 0x2c,
    GIF_TRAILER = 0x3b,
    GIF_GRAPHIC_CONTROL = 0xf9,
    GIF_CODES = 4096
};

/* Bytes of the colour table that a packed field announces. */
static size_t gif_table_bytes(uint8_t packed)
{
    return (packed & 0x80) ? (size_t)3 << ((packed & 7) + 1) : 0;
}

/* Skips data sub-blocks from at on, including the empty one; 0 if the bytes end first. */
static size_t gif_skip_blocks(const uint8_t *bytes, size_t n, size_t at)
{
    while (at < n) {
        size_t len = bytes[at++];

        if (len == 0)
            return at;
        if (n - at < len)
            return 0;
        at += len;
    }
    return 0;
}

/* Reads codes of 3 to 12 bits, least significant bit first, from sub-blocks that gif_skip_blocks has found complete. */
struct gif_codes {
    const uint8_t *p;
    unsigned left; /* bytes of the current sub-block */
    bool ended;
    uint32_t bits;
    int bit_count;
};

static int gif_next_code(struct gif_codes *c, int width)
{
    int code;

    while (c->bit_count < width) {
        if (c->left == 0 && !c->ended) {
            c->left = *c->p++;
            c->ended = c->left == 0;
        }
        if (c->ended)
            return -1;
        c->bits |= (uint32_t)*c->p++ << c->bit_count;
        c->bit_count += 8;
        c->left--;
    }
    code = (int)(c->bits & ((1u << width) - 1));
    c->bits >>= width;
    c->bit_count -= width;
    return code;
}

/* Whether the LZW codes at blocks make at least need pixels (appendix F). Only the lengths of the strings are followed:
 * a code's string is one pixel longer than that of the code before it. */
static bool gif_fills_frame(const uint8_t *blocks, int root_bits, int64_t need)
{
    struct gif_codes c = {.p = blocks};
    uint16_t length[GIF_CODES];
    const int clear = 1 << root_bits;
    int next = clear + 2, width = root_bits + 1, before = -1, code;

    for (int i = 0; i < clear; i++)
        length[i] = 1;
    while (need > 0 && (code = gif_next_code(&c, width)) >= 0 && code != clear + 1) {
        if (code == clear) {
            next = clear + 2;
            width = root_bits + 1;
            before = -1;
            continue;
        }
        if (before < 0 ? code > clear : code > next)
            return false;
        if (before >= 0 && next < GIF_CODES) {
            length[next] = (uint16_t)(length[before] + 1);
            if (++next == 1 << width && width < 12)
                width++;
        }
        need -= length[code];
        before = code;
    }
    return need <= 0;
}

/* The first frame's size; bytes + at is its separator. */
static enum err gif_take_frame(const uint8_t *bytes, size_t at, struct image_header *out, struct why *why)
{
    uint32_t screen_w = get_le16(bytes + 6), screen_h = get_le16(bytes + 8);
    uint32_t x = get_le16(bytes + at + 1), y = get_le16(bytes + at + 3);
    uint32_t w = get_le16(bytes + at + 5), h = get_le16(bytes + at + 7);
    enum err e = header_set_size(out, screen_w, screen_h, why);

    if (e == OK)
        e = header_set_size(out, w, h, why);
    if (e == OK && (x + w > screen_w || y + h > screen_h)) /* libgd reads no such frame either */
        return header_damaged(IMAGE_GIF, why);
    return e;
}

/* A frame from its separator at *at to behind its data. */
static enum err gif_walk_frame(const uint8_t *bytes, size_t n, size_t *at, struct image_header *out, struct why *why)
{
    const bool first = out->width == 0;
    size_t codes, end;

    if (n - *at < GIF_FRAME_BYTES)
        return header_cut_short(IMAGE_GIF, why);
    if (first) {
        enum err e = gif_take_frame(bytes, *at, out, why);

        if (e != OK)
            return e;
    }
    codes = *at + GIF_FRAME_BYTES + gif_table_bytes(bytes[*at + 9]);
    if (n <= codes)
        return header_cut_short(IMAGE_GIF, why);
    end = gif_skip_blocks(bytes, n, codes + 1);
    if (end == 0)
        return header_cut_short(IMAGE_GIF, why);
    if (first && (bytes[codes] < 1 || bytes[codes] > 8 ||
                  !gif_fills_frame(bytes + codes + 1, bytes[codes], (int64_t)out->width * out->height)))
        return header_damaged(IMAGE_GIF, why);
    *at = end;
    return OK;
}

/* Skips an extension, from its introducer at *at to the end of its data. */
static enum err gif_walk_extension(const uint8_t *bytes, size_t n, size_t *at, struct why *why)
{
    if (n - *at < 3)
        return header_cut_short(IMAGE_GIF, why);
    if (bytes[*at + 1] == GIF_GRAPHIC_CONTROL && bytes[*at + 2] != 4) /* section 23: it is 4 bytes */
        return header_damaged(IMAGE_GIF, why);
    *at = gif_skip_blocks(bytes, n, *at + 2);
    return *at != 0 ? OK : header_cut_short(IMAGE_GIF, why);
}

enum err header_read_gif(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    size_t at = GIF_SCREEN_BYTES;
    enum err e = OK;

    if (n < GIF_SCREEN_BYTES)
        return header_cut_short(IMAGE_GIF, why);
    at += gif_table_bytes(bytes[10]);
    while (e == OK) {
        if (n <= at)
            return header_cut_short(IMAGE_GIF, why);
        if (bytes[at] == GIF_TRAILER)
            return out->width != 0 ? OK : header_damaged(IMAGE_GIF, why);
        if (bytes[at] == GIF_FRAME)
            e = gif_walk_frame(bytes, n, &at, out, why);
        else if (bytes[at] == GIF_EXTENSION)
            e = gif_walk_extension(bytes, n, &at, why);
        else if (bytes[at] == 0) /* a stray empty block: some encoders write one, all decoders skip it */
            at++;
        else
            e = header_damaged(IMAGE_GIF, why);
    }
    return e;
}
