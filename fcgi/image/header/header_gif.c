/* GIF87a and GIF89a (the CompuServe specification of 1990): a walk along the blocks to the end of the first frame's
 * codes, since that frame is what libgd decodes. What follows, further frames and the trailer, need not be there.
 *
 * Pitfalls: libgd allocates the frame's size, not the screen's, so both are checked against the limits; it silently
 * returns the missing rest of a GIF as colour 0, so the frame's codes must fill the frame; it reads a graphic control
 * extension with an empty first block one block further than the grammar allows, and would find other frames than we
 * do: refused; it refuses a frame outside the screen, or a screen of 0 x 0, which browsers show: header_mend_gif. */
#include "header_formats.h"

#include <string.h>

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

/* Reads codes of 3 to 12 bits, least significant bit first, from sub-blocks. */
struct gif_codes {
    const uint8_t *p, *end; /* of the file */
    unsigned left;          /* bytes of the current sub-block */
    bool ended, cut;        /* the empty sub-block was met; the file ends before it */
    uint32_t bits;
    int bit_count;
};

static int gif_next_code(struct gif_codes *c, int width)
{
    int code;

    while (c->bit_count < width) {
        if (c->left == 0 && !c->ended && c->p < c->end) {
            c->left = *c->p++;
            c->ended = c->left == 0;
        }
        c->cut = !c->ended && c->p == c->end;
        if (c->ended || c->cut)
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

/* Whether the LZW codes make at least need pixels (appendix F). Only the lengths of the strings are followed: a code's
 * string is one pixel longer than that of the code before it. */
static bool gif_fills_frame(struct gif_codes *c, int root_bits, int64_t need)
{
    uint16_t length[GIF_CODES];
    const int clear = 1 << root_bits;
    int next = clear + 2, width = root_bits + 1, before = -1, code;

    for (int i = 0; i < clear; i++)
        length[i] = 1;
    while (need > 0 && (code = gif_next_code(c, width)) >= 0 && code != clear + 1) {
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

/* The first frame; bytes + at is its separator. */
static enum err gif_take_frame(const uint8_t *bytes, size_t n, size_t at, struct image_header *out, struct why *why)
{
    const uint32_t screen_w = get_le16(bytes + 6), screen_h = get_le16(bytes + 8);
    struct gif_codes codes = {.end = bytes + n};
    enum err e = OK;
    size_t codes_at;

    if (n - at < GIF_FRAME_BYTES)
        return header_cut_short(IMAGE_GIF, why);
    if (screen_w > 0 && screen_h > 0)
        e = header_set_size(out, screen_w, screen_h, why);
    if (e == OK)
        e = header_set_size(out, get_le16(bytes + at + 5), get_le16(bytes + at + 7), why);
    if (e != OK)
        return e;
    codes_at = at + GIF_FRAME_BYTES + gif_table_bytes(bytes[at + 9]);
    if (n <= codes_at)
        return header_cut_short(IMAGE_GIF, why);
    codes.p = bytes + codes_at + 1;
    if (bytes[codes_at] < 1 || bytes[codes_at] > 8)
        return header_damaged(IMAGE_GIF, why);
    if (gif_fills_frame(&codes, bytes[codes_at], (int64_t)out->width * out->height))
        return OK;
    return codes.cut ? header_cut_short(IMAGE_GIF, why) : header_damaged(IMAGE_GIF, why);
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

/* Sets *at to the first frame's separator. */
static enum err gif_find_frame(const uint8_t *bytes, size_t n, size_t *at, struct why *why)
{
    enum err e = OK;

    if (n < GIF_SCREEN_BYTES)
        return header_cut_short(IMAGE_GIF, why);
    *at = GIF_SCREEN_BYTES + gif_table_bytes(bytes[10]);
    while (e == OK) {
        if (n <= *at)
            return header_cut_short(IMAGE_GIF, why);
        if (bytes[*at] == GIF_FRAME)
            return OK;
        if (bytes[*at] == GIF_EXTENSION)
            e = gif_walk_extension(bytes, n, at, why);
        else if (bytes[*at] == 0) /* a stray empty block: some encoders write one, all decoders skip it */
            ++*at;
        else
            e = header_damaged(IMAGE_GIF, why); /* the trailer too: there is no picture */
    }
    return e;
}

enum err header_read_gif(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    size_t at;
    enum err e = gif_find_frame(bytes, n, &at, why);

    return e == OK ? gif_take_frame(bytes, n, at, out, why) : e;
}

/* Zeros behind the file complete a sub-block that was cut, and are the empty one that ends it. */
void header_mend_gif(const uint8_t *bytes, size_t n, uint8_t *made)
{
    size_t at;
    uint8_t *frame;

    memcpy(made, bytes, n);
    memset(made + n, 0, HEADER_MEND_GIF_BYTES - 1);
    made[n + HEADER_MEND_GIF_BYTES - 1] = GIF_TRAILER;
    if (gif_find_frame(bytes, n, &at, NULL) != OK)
        return;
    frame = made + at + 1; /* left, top, width, height */
    if (get_le16(frame) + get_le16(frame + 4) <= get_le16(bytes + 6) &&
        get_le16(frame + 2) + get_le16(frame + 6) <= get_le16(bytes + 8))
        return;
    memset(frame, 0, 4);
    memcpy(made + 6, frame + 4, 4);
}
