/* JPEG: a walk along the markers from SOI to EOI (ITU-T T.81 annex B), as libjpeg walks, so that both find the same
 * frame header.
 *
 * Pitfalls: the thumbnail inside APP1 is a JPEG with an SOF of its own, so segments are skipped by length and never
 * searched; 0xC4, 0xC8 and 0xCC look like SOF and are not; bytes between segments are skipped as libjpeg does; libgd
 * passes on only the first warning of libjpeg, so a missing end may hide behind a harmless one: the walk to EOI sees
 * it. A progressive file may hold any number of scans, each of which costs a pass over the whole picture. */
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
    /* Encoders write about ten scans; libjpeg-turbo's own fuzzers stop at 500. Each scan may go over every block: at
     * 25 Mpx one takes 40 ms, and 20 together with the rest 1.9 s. */
    JPEG_SCANS_MAX = 100,
    JPEG_SCANS_MAX_PX = 20 * IMAGE_AREA_MAX_PX /* width x height x scans */
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
static enum err jpeg_take_frame(uint8_t code, const uint8_t *segment, size_t len, struct image_header *out,
                                struct why *why)
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
    return e;
}

static enum err jpeg_take_segment(uint8_t code, const uint8_t *segment, size_t len, int *scans,
                                  struct image_header *out, struct why *why)
{
    if (jpeg_is_sof(code))
        return jpeg_take_frame(code, segment, len, out, why);
    if (code == JPEG_APP1 && len >= 8 && memcmp(segment + 2, "Exif\0\0", 6) == 0 && out->orientation == 1)
        out->orientation = exif_orientation(segment + 8, len - 8);
    if (code == JPEG_SOS) {
        if (out->width == 0)
            return header_damaged(IMAGE_JPEG, why);
        if (++*scans > JPEG_SCANS_MAX || (int64_t)*scans * out->width * out->height > JPEG_SCANS_MAX_PX)
            return err_why(why, ERR_UNSUPPORTED,
                           "The JPEG file has more than %d scans, which would take too long to read. Save the picture "
                           "as an ordinary JPEG or as PNG and send that.",
                           *scans - 1);
    }
    return OK;
}

enum err header_read_jpeg(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    int scans = 0;

    for (size_t at = 2;;) {
        size_t len;
        uint8_t code;
        enum err e;

        at = jpeg_find_marker(bytes, n, at);
        if (at == n)
            return header_cut_short(IMAGE_JPEG, why);
        code = bytes[at++];
        if (code == JPEG_EOI)
            return scans > 0 ? OK : header_damaged(IMAGE_JPEG, why);
        if (code == JPEG_SOI)
            return header_damaged(IMAGE_JPEG, why);
        if (n - at < 2)
            return header_cut_short(IMAGE_JPEG, why);
        len = get_be16(bytes + at);
        if (len < 2)
            return header_damaged(IMAGE_JPEG, why);
        if (n - at < len)
            return header_cut_short(IMAGE_JPEG, why);
        e = jpeg_take_segment(code, bytes + at, len, &scans, out, why);
        if (e != OK)
            return e;
        at += len;
    }
}
