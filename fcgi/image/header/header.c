/* Finds out which format it is by magic bytes, never by name or declared type. */
#include "header.h"

#include <string.h>

#include "header_formats.h"

typedef enum err header_reader(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why);

/* '?' in a magic stands for any byte. */
struct magic {
    const char *bytes;
    size_t n;
    enum image_format format;
    header_reader *read;
};

static const struct magic MAGICS[] = {
    {"\x89PNG\r\n\x1a\n", 8, IMAGE_PNG, header_read_png},
    {"\xff\xd8\xff", 3, IMAGE_JPEG, header_read_jpeg},
    {"GIF87a", 6, IMAGE_GIF, header_read_gif},
    {"GIF89a", 6, IMAGE_GIF, header_read_gif},
    {"RIFF????WEBP", 12, IMAGE_WEBP, header_read_webp},
    {"II*\0", 4, IMAGE_TIFF, header_read_tiff},
    {"MM\0*", 4, IMAGE_TIFF, header_read_tiff},
    {"????ftyp", 8, IMAGE_AVIF, header_read_avif},
    {"BM", 2, IMAGE_BMP, header_read_bmp},
};

static bool magic_matches(const char *magic, size_t magic_n, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < magic_n && i < n; i++)
        if (magic[i] != '?' && (uint8_t)magic[i] != bytes[i])
            return false;
    return true;
}

enum err image_header_read(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    struct image_header found = {.orientation = 1};

    memset(out, 0, sizeof(*out));
    if (n == 0)
        return err_why(why, ERR_TRUNCATED, "The file is empty. Choose a picture and send it again.");
    for (size_t i = 0; i < sizeof(MAGICS) / sizeof(MAGICS[0]); i++) {
        enum err e;

        if (!magic_matches(MAGICS[i].bytes, MAGICS[i].n, bytes, n) || (n < MAGICS[i].n && MAGICS[i].bytes[0] == '?'))
            continue; /* the beginning of a magic that begins with any bytes is any file */
        found.format = MAGICS[i].format;
        if (n < MAGICS[i].n)
            return header_cut_short(found.format, why);
        e = MAGICS[i].read(bytes, n, &found, why);
        if (e == OK)
            *out = found;
        return e;
    }
    return header_unknown(bytes, n, why);
}
