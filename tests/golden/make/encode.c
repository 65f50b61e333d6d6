/* libgd from the writing side. Its opacity has 7 bits, 0 opaque to 127 clear. */
#include "encode.h"

#include <stdlib.h>
#include <string.h>

#include <gd.h>

enum { PNG_LEVEL = 1 /* fast: these files live for a test */ };

const char *encode_extension(enum encode_format format)
{
    static const char *const names[] = {"png", "jpg", "gif", "bmp", "webp"};

    return names[format];
}

static gdImagePtr to_gd(const struct canvas *c, enum encode_format format)
{
    gdImagePtr im = gdImageCreateTrueColor(c->w, c->h);

    if (im == NULL)
        die("libgd", "no picture");
    gdImageAlphaBlending(im, 0);
    gdImageSaveAlpha(im, format == ENCODE_PNG);
    for (int y = 0; y < c->h; y++)
        for (int x = 0; x < c->w; x++) {
            const uint8_t *px = c->px + 4 * ((size_t)y * (size_t)c->w + (size_t)x);

            im->tpixels[y][x] = gdTrueColorAlpha(px[0], px[1], px[2], format == ENCODE_PNG ? (255 - px[3]) / 2 : 0);
        }
    if (format == ENCODE_GIF)
        gdImageTrueColorToPalette(im, 0, 256);
    return im;
}

/* SOI, then APP1 with a TIFF block whose one entry is Orientation (EXIF 2.32, 4.6), then the rest. */
static uint8_t *with_orientation(const uint8_t *jpeg, size_t n, int orientation, size_t *n_out)
{
    uint8_t exif[] = {0xff, 0xe1, 0,    34,   'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                      0,    1,    0x01, 0x12, 0,   3,   0,   0,   0, 1, 0,   0,   0, 0,  0, 0, 0, 0};
    uint8_t *out = need(n + sizeof(exif));

    exif[29] = (uint8_t)orientation;
    memcpy(out, jpeg, 2);
    memcpy(out + 2, exif, sizeof(exif));
    memcpy(out + 2 + sizeof(exif), jpeg + 2, n - 2);
    *n_out = n + sizeof(exif);
    return out;
}

uint8_t *encode(const struct canvas *c, enum encode_format format, int quality, int orientation, size_t *n)
{
    gdImagePtr im = to_gd(c, format);
    int size = 0;
    void *bytes = format == ENCODE_PNG    ? gdImagePngPtrEx(im, &size, PNG_LEVEL)
                  : format == ENCODE_JPEG ? gdImageJpegPtr(im, &size, quality)
                  : format == ENCODE_GIF  ? gdImageGifPtr(im, &size)
                  : format == ENCODE_BMP  ? gdImageBmpPtr(im, &size, 0)
                                          : gdImageWebpPtrEx(im, &size, quality);
    uint8_t *out;

    if (bytes == NULL || size < 4)
        die("libgd", "a picture cannot be written");
    if (format == ENCODE_JPEG && orientation != 1) {
        out = with_orientation(bytes, (size_t)size, orientation, n);
    } else {
        out = need((size_t)size);
        memcpy(out, bytes, (size_t)size);
        *n = (size_t)size;
    }
    gdFree(bytes);
    gdImageDestroy(im);
    return out;
}
