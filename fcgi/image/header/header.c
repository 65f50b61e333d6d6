/* Finds out which of the five formats it is by magic bytes, never by name or declared type. */
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
    {"BM", 2, IMAGE_BMP, header_read_bmp},
};

/* Formats that people send and that are not supported, so that the error can name them. */
static const struct {
    const char *bytes;
    size_t n;
    const char *name;
} STRANGERS[] = {
    {"????ftypheic", 12, "HEIC"}, {"????ftypheix", 12, "HEIC"}, {"????ftypmif1", 12, "HEIF"},
    {"????ftypavif", 12, "AVIF"}, {"II*\0", 4, "TIFF"},         {"MM\0*", 4, "TIFF"},
    {"%PDF-", 5, "PDF"},          {"<svg", 4, "SVG"},
};

static bool magic_matches(const char *magic, size_t magic_n, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < magic_n && i < n; i++)
        if (magic[i] != '?' && (uint8_t)magic[i] != bytes[i])
            return false;
    return true;
}

static enum err header_unknown(const uint8_t *bytes, size_t n, struct why *why)
{
    for (size_t i = 0; i < sizeof(STRANGERS) / sizeof(STRANGERS[0]); i++)
        if (n >= STRANGERS[i].n && magic_matches(STRANGERS[i].bytes, STRANGERS[i].n, bytes, n))
            return err_why(why, ERR_UNSUPPORTED, "%s files are not supported. Save it as JPEG or PNG.",
                           STRANGERS[i].name);
    return err_why(why, ERR_UNSUPPORTED,
                   "This file is not a supported picture. Send a PNG, JPEG, GIF, BMP or WebP picture.");
}

enum err image_header_read(const uint8_t *bytes, size_t n, struct image_header *out, struct why *why)
{
    struct image_header found = {.orientation = 1};

    memset(out, 0, sizeof(*out));
    if (n == 0)
        return err_why(why, ERR_TRUNCATED, "The file is empty. Choose a picture and send it again.");
    for (size_t i = 0; i < sizeof(MAGICS) / sizeof(MAGICS[0]); i++) {
        enum err e;

        if (!magic_matches(MAGICS[i].bytes, MAGICS[i].n, bytes, n))
            continue;
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
