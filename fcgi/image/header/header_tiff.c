/* TIFF 6.0: the first directory, which is the first page, and where it says that its strips or tiles lie.
 *
 * Pitfalls: both byte orders; offsets and counts that the file chooses freely, so each is compared with n before it is
 * used, in types that cannot wrap; a value of up to four bytes stands in its entry, a longer one elsewhere; a tile may
 * be far larger than the picture, and strips may all lie on the same bytes, which would be decoded again for each: both
 * are bounded. Of a tag that is there twice, libtiff takes the first, and so must we, or it would decode with a codec
 * or a size that were never checked. What is compressed in a rare way is refused by name of the way out, not tried:
 * each codec of libtiff is one more thing to attack. */
#include "header_formats.h"

#include <string.h>

enum { TIFF_HEADER_BYTES = 8, TIFF_ENTRY_BYTES = 12, TIFF_BYTE = 1, TIFF_SHORT = 3, TIFF_LONG = 4, TIFF_UNDEFINED = 7 };

enum tiff_tag {
    TIFF_WIDTH = 256,
    TIFF_HEIGHT = 257,
    TIFF_BITS = 258,
    TIFF_COMPRESSION = 259,
    TIFF_PHOTOMETRIC = 262,
    TIFF_STRIP_OFFSETS = 273,
    TIFF_ORIENTATION = 274,
    TIFF_SAMPLES = 277,
    TIFF_ROWS_PER_STRIP = 278,
    TIFF_STRIP_BYTES = 279,
    TIFF_PLANAR = 284,
    TIFF_TILE_WIDTH = 322,
    TIFF_TILE_HEIGHT = 323,
    TIFF_TILE_OFFSETS = 324,
    TIFF_TILE_BYTES = 325,
    TIFF_COLOURS = 320,
    TIFF_JPEG_TABLES = 347
};

enum { TIFF_SAMPLES_MAX = 5, TIFF_SEPARATE = 2, TIFF_TILED_AREA_MAX_PX = 2 * IMAGE_AREA_MAX_PX };

/* An array of numbers in the file. */
struct tiff_array {
    const uint8_t *p; /* NULL: none */
    uint32_t count;
    unsigned size; /* bytes of each: 1, 2 or 4 */
};

struct tiff {
    const uint8_t *bytes;
    size_t n;
    bool big;
    uint32_t width, height, bits, compression, photometric, samples, planar, orientation;
    uint32_t rows_per_strip, tile_w, tile_h; /* tile_w 0: strips */
    struct tiff_array offsets, lengths;
    struct tiff_array other; /* not looked at: that it is in the file is enough */
    uint32_t taken;          /* a bit for each tag that was met */
};

static uint32_t tiff_number(const struct tiff *t, const struct tiff_array *a, uint32_t i)
{
    const uint8_t *p = a->p + (size_t)i * a->size;

    return a->size == 1 ? *p : a->size == 2 ? get_16(p, t->big) : get_32(p, t->big);
}

/* The values of an entry. ERR_TRUNCATED: they lie behind the end of the file. */
static enum err tiff_values(const struct tiff *t, const uint8_t *entry, struct tiff_array *a)
{
    const uint32_t type = get_16(entry + 2, t->big);
    uint32_t at;

    a->count = get_32(entry + 4, t->big);
    a->size = type == TIFF_BYTE || type == TIFF_UNDEFINED ? 1 : type == TIFF_SHORT ? 2 : type == TIFF_LONG ? 4 : 0;
    a->p = entry + 8;
    if (a->size == 0 || a->count == 0)
        return ERR_FORMAT;
    if ((uint64_t)a->count * a->size <= 4)
        return OK;
    at = get_32(entry + 8, t->big);
    if (at > t->n || (t->n - at) / a->size < a->count)
        return ERR_TRUNCATED;
    a->p = t->bytes + at;
    return OK;
}

static enum err tiff_take_entry(struct tiff *t, const uint8_t *entry)
{
    const struct {
        uint32_t tag, *number;
        struct tiff_array *array;
    } FIELDS[] = {
        {TIFF_WIDTH, &t->width, NULL},
        {TIFF_HEIGHT, &t->height, NULL},
        {TIFF_BITS, &t->bits, NULL},
        {TIFF_COMPRESSION, &t->compression, NULL},
        {TIFF_PHOTOMETRIC, &t->photometric, NULL},
        {TIFF_ORIENTATION, &t->orientation, NULL},
        {TIFF_SAMPLES, &t->samples, NULL},
        {TIFF_ROWS_PER_STRIP, &t->rows_per_strip, NULL},
        {TIFF_PLANAR, &t->planar, NULL},
        {TIFF_TILE_WIDTH, &t->tile_w, NULL},
        {TIFF_TILE_HEIGHT, &t->tile_h, NULL},
        {TIFF_STRIP_OFFSETS, NULL, &t->offsets},
        {TIFF_STRIP_BYTES, NULL, &t->lengths},
        {TIFF_TILE_OFFSETS, NULL, &t->offsets},
        {TIFF_TILE_BYTES, NULL, &t->lengths},
        {TIFF_COLOURS, NULL, &t->other},
        {TIFF_JPEG_TABLES, NULL, &t->other},
    };
    const uint32_t tag = get_16(entry, t->big);
    struct tiff_array a;
    enum err e;

    for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
        if (FIELDS[i].tag != tag)
            continue;
        if (t->taken & 1u << i)
            return OK;
        t->taken |= 1u << i;
        e = tiff_values(t, entry, &a);
        if (e == OK && FIELDS[i].array != NULL)
            *FIELDS[i].array = a;
        else if (e == OK)
            *FIELDS[i].number = tiff_number(t, &a, 0);
        return e;
    }
    return OK;
}

static enum err tiff_read(struct tiff *t)
{
    size_t at, entries;
    enum err e = OK;

    if (t->n < TIFF_HEADER_BYTES)
        return ERR_TRUNCATED;
    t->big = t->bytes[0] == 'M';
    at = get_32(t->bytes + 4, t->big);
    if (at < TIFF_HEADER_BYTES)
        return ERR_FORMAT;
    if (at > t->n - 2)
        return ERR_TRUNCATED;
    entries = get_16(t->bytes + at, t->big);
    at += 2;
    if ((t->n - at) / TIFF_ENTRY_BYTES < entries)
        return ERR_TRUNCATED;
    for (size_t i = 0; e == OK && i < entries; i++)
        e = tiff_take_entry(t, t->bytes + at + i * TIFF_ENTRY_BYTES);
    return e;
}

/* Black and white, grey, RGB, palette, CMYK, YCbCr, Lab; in the ways that scanners, phones and programs for pictures
 * compress. */
static bool tiff_is_known(const struct tiff *t)
{
    static const uint16_t WAYS[] = {
        1 /* none */, 2, 3, 4 /* fax */, 5 /* LZW */, 7 /* JPEG */, 8, 32946, /* both deflate */ 32773 /* PackBits */};
    bool way = false;

    for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++)
        way = way || t->compression == WAYS[i];
    return way && t->samples >= 1 && t->samples <= TIFF_SAMPLES_MAX &&
           (t->bits == 1 || t->bits == 2 || t->bits == 4 || t->bits == 8 || t->bits == 16) &&
           (t->photometric <= 3 || t->photometric == 5 || t->photometric == 6 || t->photometric == 8);
}

static int64_t tiff_pieces(uint32_t side, uint32_t piece)
{
    return ((int64_t)side + piece - 1) / piece;
}

/* Whether strips or tiles have sides, are as many as the picture needs, and take no more than a picture may. */
static bool tiff_pieces_are_good(const struct tiff *t)
{
    const uint32_t w = t->tile_w > 0 ? t->tile_w : t->width;
    const uint32_t h = t->tile_w > 0 ? t->tile_h : t->rows_per_strip < t->height ? t->rows_per_strip : t->height;
    int64_t need;

    if (h == 0 || w > IMAGE_SIDE_MAX_PX || h > IMAGE_SIDE_MAX_PX || t->offsets.p == NULL || t->lengths.p == NULL)
        return false;
    need = tiff_pieces(t->width, w) * tiff_pieces(t->height, h);
    if (need * w * h > TIFF_TILED_AREA_MAX_PX)
        return false;
    if (t->planar == TIFF_SEPARATE)
        need *= t->samples;
    return t->offsets.count >= need && t->lengths.count >= need;
}

/* Whether each strip or tile lies in the file, and together they are no longer than it. */
static enum err tiff_pieces_are_there(const struct tiff *t)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < t->offsets.count && i < t->lengths.count; i++) {
        const uint32_t at = tiff_number(t, &t->offsets, i), length = tiff_number(t, &t->lengths, i);

        if (at > t->n || t->n - at < length)
            return ERR_TRUNCATED;
        sum += length;
    }
    return sum <= t->n ? OK : ERR_FORMAT;
}

enum err header_read_tiff(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    /* What is not told has these values (section 8); how grey is meant must be told. */
    struct tiff t = {.bytes = bytes,
                     .n = n,
                     .bits = 1,
                     .compression = 1,
                     .photometric = UINT32_MAX,
                     .samples = 1,
                     .planar = 1,
                     .orientation = 1,
                     .rows_per_strip = UINT32_MAX};
    enum err e = tiff_read(&t);

    if (e == OK)
        e = header_set_size(out, t.width, t.height, why);
    if (e == ERR_LIMIT)
        return e;
    if (e == OK && !tiff_is_known(&t))
        return err_why(why, ERR_UNSUPPORTED,
                       "This kind of TIFF file is not supported. Save the picture as PNG and send that.");
    if (e == OK && !tiff_pieces_are_good(&t))
        e = ERR_FORMAT;
    if (e == OK)
        e = tiff_pieces_are_there(&t);
    if (e == OK && t.orientation >= 1 && t.orientation <= 8)
        out->orientation = (int)t.orientation;
    return e == OK ? OK : e == ERR_TRUNCATED ? header_cut_short(IMAGE_TIFF, why) : header_damaged(IMAGE_TIFF, why);
}
