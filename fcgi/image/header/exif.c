/* A bounded reader for the first image file directory of a TIFF block (TIFF 6.0 section 2, EXIF 2.32 section 4.6).
 *
 * Pitfalls: both byte orders, and an offset and a count that the file can choose freely. Neither is used before it has
 * been compared with n, in types that cannot wrap; only one directory is read, so there can be no loop. */
#include "exif.h"

#include <string.h>

#include "header_formats.h"

enum { TIFF_HEADER_BYTES = 8, TIFF_ENTRY_BYTES = 12, TIFF_TYPE_SHORT = 3, TIFF_TAG_ORIENTATION = 0x0112 };

int exif_orientation(const uint8_t *tiff, size_t n)
{
    bool big;
    size_t at, entries;

    if (n < TIFF_HEADER_BYTES || (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0))
        return 1;
    big = tiff[0] == 'M';
    at = get_32(tiff + 4, big);
    if (at > n - 2)
        return 1;
    entries = get_16(tiff + at, big);
    at += 2;
    for (size_t i = 0; i < entries && n - at >= TIFF_ENTRY_BYTES; i++, at += TIFF_ENTRY_BYTES) {
        const uint8_t *entry = tiff + at; /* tag, type, count, then a value of up to 4 bytes, at its left */
        const uint32_t value = get_16(entry + 8, big);

        if (get_16(entry, big) != TIFF_TAG_ORIENTATION)
            continue;
        if (get_16(entry + 2, big) == TIFF_TYPE_SHORT && get_32(entry + 4, big) == 1 && value >= 1 && value <= 8)
            return (int)value;
        return 1;
    }
    return 1;
}
