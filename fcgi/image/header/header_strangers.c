/* What is no picture that is read here: by name where its beginning tells one. */
#include "header_formats.h"

#include <string.h>

/* Formats that people send and that are not supported, so that the error can name them. HEIC: header_avif.c. */
static const struct {
    const char *bytes;
    size_t n;
    const char *name;
} STRANGERS[] = {
    {"II+\0", 4, "BigTIFF"},
    {"MM\0+", 4, "BigTIFF"},
    {"%PDF-", 5, "PDF"},
    {"<svg", 4, "SVG"},
    {"\xff\x0a", 2, "JPEG XL"},
    {"\0\0\0\x0cJXL ", 8, "JPEG XL"},
    {"\0\0\0\x0cjP  ", 8, "JPEG 2000"},
};

enum err header_unknown(const uint8_t *bytes, size_t n, struct why *why)
{
    for (size_t i = 0; i < sizeof(STRANGERS) / sizeof(STRANGERS[0]); i++)
        if (n >= STRANGERS[i].n && memcmp(STRANGERS[i].bytes, bytes, STRANGERS[i].n) == 0)
            return err_why(why, ERR_UNSUPPORTED, "%s files are not supported. Save it as JPEG or PNG.",
                           STRANGERS[i].name);
    return err_why(why, ERR_UNSUPPORTED,
                   "This file is not a supported picture. Send a PNG, JPEG, GIF, BMP, WebP, TIFF or AVIF picture.");
}
