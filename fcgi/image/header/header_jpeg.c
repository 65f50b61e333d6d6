/* JPEG: a walk along the markers from SOI to EOI (ITU-T T.81 annex B), as libjpeg walks, so that both find the same
 * frame header.
 *
 * Pitfalls: the thumbnail inside APP1 is a JPEG with an SOF of its own, so segments are skipped by length and never
 * searched; 0xC4, 0xC8 and 0xCC look like SOF and are not; bytes between segments are skipped as libjpeg does; libgd
 * passes on only the first warning of libjpeg, so a missing end may hide behind a harmless one: the walk to EOI sees
 * it. Where EOI is missing, every coefficient must have had its scan (one that never came leaves no trace in libjpeg),
 * and the rest is for image.c: libgd is given an EOI and must then have nothing to tell. Arithmetic coding is refused
 * without its end: libjpeg reads zeros there and says nothing. CMYK is inverted in every browser; libgd inverts it only
 * where Adobe's marker is. A progressive file may hold any number of scans, each of which costs a pass over the whole
 * picture. */
#include "header_formats.h"

#include <string.h>

#include "exif.h"

enum {
    JPEG_TEM = 0x01,
    JPEG_SOF0 = 0xc0, /* to 0xcf, without DHT, JPG and DAC */
    JPEG_DHT = 0xc4,
    JPEG_JPG = 0xc8,
    JPEG_DAC = 0xcc,
    JPEG_RST0 = 0xd0, /* to RST7 */
    JPEG_SOI = 0xd8,
    JPEG_EOI = 0xd9,
    JPEG_SOS = 0xda,
    JPEG_APP1 = 0xe1,
    JPEG_APP14 = 0xee,
    JPEG_COMPONENTS_MAX = 4, /* that browsers show */
    /* Encoders write about ten scans; libjpeg-turbo's own fuzzers stop at 500. Each scan may go over every block: at
     * 25 Mpx one takes 40 ms, and 20 together with the rest 1.9 s. */
    JPEG_SCANS_MAX = 100,
    JPEG_SCANS_MAX_PX = 20 * IMAGE_AREA_MAX_PX /* width x height x scans */
};

/* What the walk has met. done: a bit for each of the 64 coefficients of a component whose last bit has had its scan. */
struct jpeg_walk {
    int scans, components;
    bool progressive, arithmetic, adobe;
    uint8_t ids[JPEG_COMPONENTS_MAX];
    uint64_t done[JPEG_COMPONENTS_MAX];
};

/* Position of the code byte of the next marker at or after at; n when there is none. After a scan's header this runs
 * over its entropy-coded data: 0xFF00 is a stuffed byte there (B.1.1.5), RST and fill bytes belong to it. */
static size_t jpeg_find_marker(const uint8_t *bytes, size_t n, size_t at)
{
    while (at < n) {
        const uint8_t *ff = memchr(bytes + at, 0xff, n - at);

        if (ff == NULL)
            return n;
        at = (size_t)(ff - bytes) + 1;
        while (at < n && bytes[at] == 0xff)
            at++;
        if (at < n && bytes[at] != 0 && bytes[at] != JPEG_TEM && (bytes[at] & 0xf8) != JPEG_RST0)
            return at;
    }
    return n;
}

static bool jpeg_is_sof(uint8_t code)
{
    return (code & 0xf0) == JPEG_SOF0 && code != JPEG_DHT && code != JPEG_JPG && code != JPEG_DAC;
}

/* A frame header (B.2.2): segment[len] starts at its length field. */
static enum err jpeg_take_frame(uint8_t code, const uint8_t *segment, size_t len, struct jpeg_walk *walk,
                                struct image_header *out, struct why *why)
{
    enum err e;

    if (out->width != 0 || len < 8) /* a second frame is for hierarchical files, which nobody writes */
        return header_damaged(IMAGE_JPEG, why);
    /* Baseline, extended, progressive, and the last two with arithmetic coding; 8 bits; the height known at the start.
     */
    if ((code > 0xc2 && code != 0xc9 && code != 0xca) || segment[2] != 8 || get_be16(segment + 3) == 0)
        return err_why(
            why, ERR_UNSUPPORTED,
            "This rare kind of JPEG is not supported. Save the picture as an ordinary JPEG or as PNG and send that.");
    e = header_set_size(out, get_be16(segment + 5), get_be16(segment + 3), why);
    if (e == OK && (segment[7] == 0 || len != 8 + 3 * (size_t)segment[7]))
        return header_damaged(IMAGE_JPEG, why);
    walk->components = segment[7];
    for (int i = 0; e == OK && i < walk->components && i < JPEG_COMPONENTS_MAX; i++)
        walk->ids[i] = segment[8 + 3 * i];
    walk->arithmetic = code >= 0xc9;
    walk->progressive = code == 0xc2 || code == 0xca;
    return e;
}

/* A scan header (B.2.3): which coefficients it ends. */
static void jpeg_note_scan(const uint8_t *segment, size_t len, struct jpeg_walk *walk)
{
    const size_t n = len > 2 ? segment[2] : 0;
    const uint8_t *band = segment + 3 + 2 * n; /* first and last coefficient, and the bits: 4 from, 4 to */
    uint64_t ended = UINT64_MAX;

    if (len < 6 + 2 * n)
        return;
    if (walk->progressive) {
        if (band[1] > 63 || band[0] > band[1] || (band[0] == 0 && band[1] != 0) || (band[2] & 0x0f) != 0)
            return;
        ended = UINT64_MAX >> (63 - (band[1] - band[0])) << band[0];
    }
    for (size_t k = 0; k < n; k++)
        for (int i = 0; i < walk->components && i < JPEG_COMPONENTS_MAX; i++)
            if (segment[3 + 2 * k] == walk->ids[i])
                walk->done[i] |= ended;
}

static bool jpeg_had_all_scans(const struct jpeg_walk *walk)
{
    bool all = walk->scans > 0 && walk->components <= JPEG_COMPONENTS_MAX && !walk->arithmetic;

    for (int i = 0; all && i < walk->components; i++)
        all = walk->done[i] == UINT64_MAX;
    return all;
}

static enum err jpeg_take_segment(uint8_t code, const uint8_t *segment, size_t len, struct jpeg_walk *walk,
                                  struct image_header *out, struct why *why)
{
    if (jpeg_is_sof(code))
        return jpeg_take_frame(code, segment, len, walk, out, why);
    if (code == JPEG_APP14 && len >= 14 && memcmp(segment + 2, "Adobe", 5) == 0)
        walk->adobe = true;
    if (code == JPEG_APP1 && len >= 8 && memcmp(segment + 2, "Exif\0\0", 6) == 0 && out->orientation == 1)
        out->orientation = exif_orientation(segment + 8, len - 8);
    if (code == JPEG_SOS) {
        if (out->width == 0)
            return header_damaged(IMAGE_JPEG, why);
        if (++walk->scans > JPEG_SCANS_MAX || (int64_t)walk->scans * out->width * out->height > JPEG_SCANS_MAX_PX)
            return err_why(why, ERR_UNSUPPORTED,
                           "The JPEG file has more than %d scans, which would take too long to read. Save the picture "
                           "as an ordinary JPEG or as PNG and send that.",
                           walk->scans - 1);
        jpeg_note_scan(segment, len, walk);
    }
    return OK;
}

/* The walk has reached EOI, or the end of the file without one. */
static enum err jpeg_end(const struct jpeg_walk *walk, bool eoi, struct image_header *out, struct why *why)
{
    if (eoi && walk->scans == 0)
        return header_damaged(IMAGE_JPEG, why);
    if (!eoi && !jpeg_had_all_scans(walk))
        return header_cut_short(IMAGE_JPEG, why);
    out->jpeg_no_end = !eoi;
    out->jpeg_no_adobe = walk->components == 4 && !walk->adobe;
    return OK;
}

enum err header_read_jpeg(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    struct jpeg_walk walk = {.scans = 0};

    for (size_t at = 2;;) {
        size_t len;
        uint8_t code;
        enum err e;

        at = jpeg_find_marker(bytes, n, at);
        if (at == n)
            return jpeg_end(&walk, false, out, why);
        code = bytes[at++];
        if (code == JPEG_EOI)
            return jpeg_end(&walk, true, out, why);
        if (code == JPEG_SOI)
            return header_damaged(IMAGE_JPEG, why);
        if (n - at < 2)
            return header_cut_short(IMAGE_JPEG, why);
        len = get_be16(bytes + at);
        if (len < 2)
            return header_damaged(IMAGE_JPEG, why);
        if (n - at < len)
            return header_cut_short(IMAGE_JPEG, why);
        e = jpeg_take_segment(code, bytes + at, len, &walk, out, why);
        if (e != OK)
            return e;
        at += len;
    }
}

size_t header_mend_jpeg(const uint8_t *bytes, size_t n, const struct image_header *header, uint8_t *made)
{
    /* Version 100, no flags, colour transform 0: CMYK (Adobe's technical note 5116). */
    static const uint8_t ADOBE[16] = {0xff, JPEG_APP14, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0};
    size_t at = 2;

    memcpy(made, bytes, 2);
    if (header->jpeg_no_adobe) {
        memcpy(made + at, ADOBE, sizeof(ADOBE));
        at += sizeof(ADOBE);
    }
    memcpy(made + at, bytes + 2, n - 2);
    at += n - 2;
    if (header->jpeg_no_end) {
        made[at++] = 0xff;
        made[at++] = JPEG_EOI;
    }
    return at;
}
