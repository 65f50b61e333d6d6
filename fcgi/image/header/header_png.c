/* PNG: a walk along the chunks (W3C REC-PNG-20031110 section 5). Data and checksums are libpng's business; ours are the
 * size, that nothing follows out of order which could change it, and that the file reaches its end.
 *
 * Pitfalls: a second IHDR (refused); an APNG's further frames lie in fdAT chunks, and text and colour profiles are
 * inflated by libpng to up to 8 MB each and kept, up to 1,000 of them (7 GB out of a file of 7 MB): header_mend_png
 * drops all that libgd does not use; bytes after IEND (ignored, as everybody does); an eXIf behind the data, which
 * browsers do not follow. */
#include "header_formats.h"

#include <string.h>

#include "exif.h"

enum { PNG_SIGNATURE_BYTES = 8, PNG_CHUNK_BYTES = 12, PNG_IHDR_BYTES = 13 };

/* A chunk after IHDR: its type is at type, followed by its data[len]. *done after IEND. */
static enum err png_take_chunk(const uint8_t *type, uint32_t len, bool *data_seen, bool *done, struct image_header *out,
                               struct why *why)
{
    if (memcmp(type, "IHDR", 4) == 0)
        return header_damaged(IMAGE_PNG, why);
    if (memcmp(type, "IDAT", 4) == 0)
        *data_seen = true;
    else if (memcmp(type, "eXIf", 4) == 0 && !*data_seen)
        out->orientation = exif_orientation(type + 4, len);
    else if (memcmp(type, "IEND", 4) == 0) {
        if (!*data_seen)
            return header_damaged(IMAGE_PNG, why);
        *done = true;
    }
    return OK;
}

enum err header_read_png(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    size_t at = PNG_SIGNATURE_BYTES;
    bool data_seen = false, done = false;
    enum err e;

    if (n - at < PNG_CHUNK_BYTES + PNG_IHDR_BYTES)
        return header_cut_short(IMAGE_PNG, why);
    if (get_be32(bytes + at) != PNG_IHDR_BYTES || memcmp(bytes + at + 4, "IHDR", 4) != 0)
        return header_damaged(IMAGE_PNG, why);
    e = header_set_size(out, get_be32(bytes + at + 8), get_be32(bytes + at + 12), why);
    at += PNG_CHUNK_BYTES + PNG_IHDR_BYTES;
    while (e == OK && !done) {
        uint32_t len;

        if (n - at < PNG_CHUNK_BYTES)
            return header_cut_short(IMAGE_PNG, why);
        len = get_be32(bytes + at);
        if (len > INT32_MAX) /* section 5.3: no chunk is longer than 2^31 - 1 */
            return header_damaged(IMAGE_PNG, why);
        if (n - at - PNG_CHUNK_BYTES < len)
            return header_cut_short(IMAGE_PNG, why);
        e = png_take_chunk(bytes + at + 4, len, &data_seen, &done, out, why);
        at += PNG_CHUNK_BYTES + len;
    }
    return e;
}

/* Section 5.4: a lower-case first letter marks a chunk that a decoder may skip. Of these, libgd uses only tRNS. */
size_t header_mend_png(uint8_t *bytes, size_t n)
{
    size_t kept = PNG_SIGNATURE_BYTES;

    for (size_t at = PNG_SIGNATURE_BYTES; n - at >= PNG_CHUNK_BYTES;) {
        const uint8_t *type = bytes + at + 4;
        size_t len = PNG_CHUNK_BYTES + (size_t)get_be32(bytes + at);
        bool last = memcmp(type, "IEND", 4) == 0;

        if (n - at < len)
            break;
        if ((type[0] & 0x20) == 0 || memcmp(type, "tRNS", 4) == 0) {
            memmove(bytes + kept, bytes + at, len);
            kept += len;
        }
        if (last)
            break;
        at += len;
    }
    return kept;
}
