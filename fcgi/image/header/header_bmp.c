/* BMP: the file header and the one of its information headers that libgd knows (12, 40, 64, 108 and 124 bytes).
 *
 * Pitfalls: a negative height means rows from the top, and its absolute value may be 2^31; BITMAPCOREHEADER has 16-bit
 * sides; libgd allocates from the header alone, so the rows that the header announces must be there first. "BM" is a
 * short magic: a text may begin with it, so an unknown header size is "no picture" rather than "damaged". */
#include "header_formats.h"

#include <string.h>

enum {
    BMP_FILE_BYTES = 14,
    BMP_CORE_BYTES = 12,
    BMP_V3_BYTES = 40,
    BMP_OS2_BYTES = 64,
    BMP_V4_BYTES = 108,
    BMP_V5_BYTES = 124,
    BMP_COMPRESSION_AT = BMP_FILE_BYTES + 16,
    BMP_MASKS_AT = BMP_FILE_BYTES + BMP_V3_BYTES /* red, green, blue: after a V3 header, inside V4 and V5 */
};

enum bmp_compression { BMP_RGB = 0, BMP_RLE8 = 1, BMP_RLE4 = 2, BMP_BITFIELDS = 3 };

struct bmp {
    uint32_t pixels_at, header_bytes, depth, compression, colours;
    int64_t width, height;
};

static enum err bmp_unsupported(struct why *why)
{
    return err_why(why, ERR_UNSUPPORTED,
                   "This kind of BMP file is not supported. Save the picture as PNG and send that.");
}

static bool bmp_read(const uint8_t *bytes, size_t n, struct bmp *b)
{
    const uint8_t *info = bytes + BMP_FILE_BYTES;

    memset(b, 0, sizeof(*b));
    if (n < BMP_FILE_BYTES + 4)
        return false;
    b->pixels_at = get_le32(bytes + 10);
    b->header_bytes = get_le32(info);
    if (n - BMP_FILE_BYTES < b->header_bytes || b->header_bytes < BMP_CORE_BYTES)
        return false;
    if (b->header_bytes == BMP_CORE_BYTES) {
        b->width = get_le16(info + 4);
        b->height = get_le16(info + 6);
        b->depth = get_le16(info + 10);
    } else if (b->header_bytes >= BMP_V3_BYTES) {
        b->width = (int32_t)get_le32(info + 4);
        b->height = (int32_t)get_le32(info + 8);
        b->depth = get_le16(info + 14);
        b->compression = get_le32(info + 16);
        b->colours = get_le32(info + 32);
    }
    if (b->height < 0)
        b->height = -b->height;
    if (b->depth <= 8 && b->colours == 0)
        b->colours = 1u << b->depth;
    return true;
}

/* The masks that libgd assumes for these depths. */
static bool bmp_has_ordinary_masks(const uint8_t *bytes, size_t n, const struct bmp *b)
{
    static const uint32_t MASKS16[3] = {0x7c00, 0x03e0, 0x001f}, MASKS32[3] = {0xff0000, 0xff00, 0xff};
    const uint32_t *masks = b->depth == 32 ? MASKS32 : MASKS16;

    if (n < BMP_MASKS_AT + 12 || (b->depth != 16 && b->depth != 32))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (get_le32(bytes + BMP_MASKS_AT + 4 * i) != masks[i])
            return false;
    return true;
}

static bool bmp_is_known(const uint8_t *bytes, size_t n, const struct bmp *b)
{
    if (b->compression == BMP_RLE8)
        return b->depth == 8;
    if (b->compression == BMP_RLE4)
        return b->depth == 4;
    if (b->compression == BMP_BITFIELDS)
        return bmp_has_ordinary_masks(bytes, n, b);
    return b->compression == BMP_RGB &&
           (b->depth == 1 || b->depth == 4 || b->depth == 8 || b->depth == 16 || b->depth == 24 || b->depth == 32);
}

enum err header_read_bmp(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    struct bmp b;
    uint64_t row_bytes, colours_end;
    enum err e;

    if (n < BMP_FILE_BYTES + 4)
        return header_cut_short(IMAGE_BMP, why);
    switch (get_le32(bytes + BMP_FILE_BYTES)) {
    case BMP_CORE_BYTES:
    case BMP_V3_BYTES:
    case BMP_OS2_BYTES:
    case BMP_V4_BYTES:
    case BMP_V5_BYTES:
        break;
    default:
        return bmp_unsupported(why);
    }
    if (!bmp_read(bytes, n, &b))
        return header_cut_short(IMAGE_BMP, why);
    e = header_set_size(out, b.width, b.height, why);
    if (e != OK)
        return e;
    if (!bmp_is_known(bytes, n, &b))
        return bmp_unsupported(why);
    if (b.colours > 256)
        return header_damaged(IMAGE_BMP, why);
    colours_end = BMP_FILE_BYTES + b.header_bytes;
    if (b.depth <= 8)
        colours_end += (uint64_t)b.colours * (b.header_bytes == BMP_CORE_BYTES ? 3 : 4);
    if (b.pixels_at < colours_end)
        return header_damaged(IMAGE_BMP, why);
    row_bytes = ((uint64_t)b.width * b.depth + 31) / 32 * 4;
    if (b.compression == BMP_RLE8 || b.compression == BMP_RLE4)
        row_bytes = 0; /* where its rows end only the decoder can tell, and it does */
    if (b.pixels_at > n || n - b.pixels_at < row_bytes * (uint64_t)b.height)
        return header_cut_short(IMAGE_BMP, why);
    return OK;
}

bool header_bmp_needs_mending(const uint8_t *bytes, size_t n)
{
    struct bmp b;

    return bmp_read(bytes, n, &b) && (b.header_bytes > BMP_OS2_BYTES || b.compression == BMP_BITFIELDS);
}

/* The header shrinks to V3 and the palette moves down to follow it; the pixels stay in place. */
void header_mend_bmp(uint8_t *bytes, size_t n)
{
    struct bmp b;

    if (!bmp_read(bytes, n, &b))
        return;
    if (b.depth <= 8)
        memmove(bytes + BMP_FILE_BYTES + BMP_V3_BYTES, bytes + BMP_FILE_BYTES + b.header_bytes, (size_t)b.colours * 4);
    bytes[BMP_FILE_BYTES] = BMP_V3_BYTES;
    if (b.compression == BMP_BITFIELDS)
        bytes[BMP_COMPRESSION_AT] = BMP_RGB;
}
