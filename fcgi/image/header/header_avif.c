/* AVIF: the boxes of ISO/IEC 14496-12 and 23008-12 (HEIF): the brands, the primary picture's size, turn and mirror.
 *
 * Pitfalls: a box's length may be 64 bits, or 0 for "to the end"; HEIC, HEIF and AVIF share the container and the
 * brands mif1 and msf1, so AVIF is what has avif or avis among all its brands; properties belong to a picture by their
 * number, and thumbnails and the parts of a grid have sizes too; irot turns against the clock, before imir. A sequence
 * (avis) holds a still picture as well, which is read. Which data the picture has, and whether it is all there, is
 * libavif's business; here all boxes must lie in the file. HEIC is not read: its decoder starts threads, which the
 * sandbox forbids, and what Debian 13 has of it is loaded from a file at first use. */
#include "header_formats.h"

#include <string.h>

enum { BOX_BYTES = 8, BOX_FULL_BYTES = 4 /* version and flags */ };

struct box {
    const uint8_t *type, *data;
    size_t n; /* of data */
};

static bool box_is(const struct box *b, const char *type)
{
    return memcmp(b->type, type, 4) == 0;
}

/* The box at *at of bytes[n]; moves *at behind it. ERR_TRUNCATED: it goes on behind n. */
static enum err box_next(const uint8_t *bytes, size_t n, size_t *at, struct box *b)
{
    size_t head = BOX_BYTES;
    uint64_t length;

    if (n - *at < head)
        return ERR_TRUNCATED;
    length = get_be32(bytes + *at);
    if (length == 1) {
        head += 8;
        if (n - *at < head)
            return ERR_TRUNCATED;
        length = (uint64_t)get_be32(bytes + *at + 8) << 32 | get_be32(bytes + *at + 12);
    } else if (length == 0) {
        length = n - *at;
    }
    if (length < head)
        return ERR_FORMAT;
    b->type = bytes + *at + 4;
    b->data = bytes + *at + head;
    b->n = (size_t)(length <= n - *at ? length : n - *at) - head;
    if (length > n - *at)
        return ERR_TRUNCATED;
    *at += (size_t)length;
    return OK;
}

/* The first box of a type in bytes[n]. False: none, or damage before it. */
static bool box_find(const uint8_t *bytes, size_t n, const char *type, struct box *b)
{
    for (size_t at = 0; at < n && box_next(bytes, n, &at, b) == OK;)
        if (box_is(b, type))
            return true;
    return false;
}

/* Whether one of the brands of the ftyp box is among names, "" at its end: the major one, or one behind the version. */
static bool avif_has_brand(const struct box *ftyp, const char *const *names)
{
    for (; **names != '\0'; names++)
        for (size_t at = 0; at + 4 <= ftyp->n; at += at == 0 ? 8 : 4)
            if (memcmp(ftyp->data + at, *names, 4) == 0)
                return true;
    return false;
}

/* pitm: the number of the picture to show. */
static bool avif_primary(const struct box *meta, uint32_t *id)
{
    struct box pitm;
    size_t wide;

    if (!box_find(meta->data, meta->n, "pitm", &pitm) || pitm.n < 1)
        return false;
    wide = pitm.data[0] == 0 ? 2 : 4;
    if (pitm.n < BOX_FULL_BYTES + wide)
        return false;
    *id = wide == 2 ? get_be16(pitm.data + 4) : get_be32(pitm.data + 4);
    return true;
}

/* The numbers of the properties of one picture: n of them at p, of 1 or 2 bytes each, without their highest bit. */
struct avif_owned {
    const uint8_t *p;
    size_t n, wide;
};

static bool avif_find_owned(const struct box *iprp, uint32_t id, struct avif_owned *owned)
{
    struct box ipma;
    size_t at = BOX_FULL_BYTES + 4, id_bytes;
    uint32_t entries;

    if (!box_find(iprp->data, iprp->n, "ipma", &ipma) || ipma.n < at)
        return false;
    id_bytes = ipma.data[0] == 0 ? 2 : 4;
    owned->wide = (ipma.data[3] & 1) ? 2 : 1;
    entries = get_be32(ipma.data + BOX_FULL_BYTES);
    for (uint32_t i = 0; i < entries && ipma.n - at > id_bytes; i++) {
        const uint32_t found = id_bytes == 2 ? get_be16(ipma.data + at) : get_be32(ipma.data + at);

        owned->n = ipma.data[at + id_bytes];
        owned->p = ipma.data + at + id_bytes + 1;
        at += id_bytes + 1;
        if (ipma.n - at < owned->n * owned->wide)
            return false;
        if (found == id)
            return true;
        at += owned->n * owned->wide;
    }
    return false;
}

static bool avif_owns(const struct avif_owned *owned, uint32_t number)
{
    for (size_t i = 0; i < owned->n; i++)
        if ((owned->wide == 1 ? owned->p[i] & 0x7fu : get_be16(owned->p + 2 * i) & 0x7fffu) == number)
            return true;
    return false;
}

/* As EXIF would say it: quarter turns against the clock, then a mirror: 0 top to bottom, 1 left to right, -1 none. */
static int avif_orientation(unsigned turns, int mirror)
{
    static const uint8_t AS_EXIF[4][3] = {{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}};

    return AS_EXIF[turns][mirror + 1];
}

static enum err avif_take_properties(const struct box *ipco, const struct avif_owned *owned, struct image_header *out,
                                     struct why *why)
{
    const uint8_t *size = NULL;
    unsigned turns = 0;
    int mirror = -1;
    struct box b;
    uint32_t number = 1; /* a property that is not the picture's may be anything */

    for (size_t at = 0; at < ipco->n && box_next(ipco->data, ipco->n, &at, &b) == OK; number++) {
        if (b.n < 1 || number > 0x7fff || !avif_owns(owned, number))
            continue;
        if (box_is(&b, "ispe") && b.n >= BOX_FULL_BYTES + 8 && size == NULL)
            size = b.data + BOX_FULL_BYTES;
        else if (box_is(&b, "irot"))
            turns = b.data[0] & 3;
        else if (box_is(&b, "imir"))
            mirror = b.data[0] & 1;
    }
    if (size == NULL)
        return header_damaged(IMAGE_AVIF, why);
    out->orientation = avif_orientation(turns, mirror);
    return header_set_size(out, get_be32(size), get_be32(size + 4), why);
}

static enum err avif_take_meta(const struct box *meta, struct image_header *out, struct why *why)
{
    struct box iprp, ipco, inside = *meta;
    struct avif_owned owned;
    uint32_t id;

    if (meta->n < BOX_FULL_BYTES)
        return header_damaged(IMAGE_AVIF, why);
    inside.data += BOX_FULL_BYTES;
    inside.n -= BOX_FULL_BYTES;
    if (!avif_primary(&inside, &id) || !box_find(inside.data, inside.n, "iprp", &iprp) ||
        !box_find(iprp.data, iprp.n, "ipco", &ipco) || !avif_find_owned(&iprp, id, &owned))
        return header_damaged(IMAGE_AVIF, why);
    return avif_take_properties(&ipco, &owned, out, why);
}

/* The boxes behind ftyp. */
static enum err avif_walk(const uint8_t *bytes, size_t n, size_t at, struct image_header *out, struct why *why)
{
    bool meta_seen = false, data_seen = false, film_seen = false;
    enum err e = OK;
    struct box b, idat;

    while (e == OK && at < n) {
        e = box_next(bytes, n, &at, &b);
        if (e == ERR_TRUNCATED)
            return header_cut_short(IMAGE_AVIF, why);
        if (e != OK)
            return header_damaged(IMAGE_AVIF, why);
        data_seen = data_seen || box_is(&b, "mdat");
        film_seen = film_seen || box_is(&b, "moov");
        if (!box_is(&b, "meta") || meta_seen)
            continue;
        meta_seen = true;
        e = avif_take_meta(&b, out, why);
        if (e == OK && box_find(b.data + BOX_FULL_BYTES, b.n - BOX_FULL_BYTES, "idat", &idat))
            data_seen = true;
    }
    if (e == OK && !meta_seen && film_seen)
        return err_why(why, ERR_UNSUPPORTED,
                       "Animated AVIF files are not supported. Send a still picture, such as a screenshot of it.");
    return e != OK || (meta_seen && data_seen) ? e : header_cut_short(IMAGE_AVIF, why);
}

enum err header_read_avif(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    static const char *const AVIF[] = {"avif", "avis", ""};
    static const char *const HEIC[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm",
                                       "hevs", "mif1", "msf1", "mif2", "miaf", "avci", ""};
    size_t at = 0;
    struct box ftyp = {.n = 0};
    enum err e = box_next(bytes, n, &at, &ftyp);

    if (avif_has_brand(&ftyp, AVIF))
        return e == OK              ? avif_walk(bytes, n, at, out, why)
               : e == ERR_TRUNCATED ? header_cut_short(IMAGE_AVIF, why)
                                    : header_damaged(IMAGE_AVIF, why);
    if (avif_has_brand(&ftyp, HEIC))
        return err_why(
            why, ERR_UNSUPPORTED,
            "HEIC pictures are not supported. Save it as JPEG or PNG and send that, or set the phone's camera "
            "to JPEG (iPhone: Settings, Camera, Formats, Most Compatible).");
    return header_unknown(bytes, n, why);
}
