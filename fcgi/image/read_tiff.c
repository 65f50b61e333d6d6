/* TIFF, by libtiff: the first page, strip by strip or tile row by tile row. The only user of <tiffio.h>.
 *
 * libtiff turns what it has decoded into 8-bit colours by routines that a program may replace: here for 16-bit samples,
 * of which libtiff takes the high byte. Their range is looked for in a first pass.
 * Pitfalls: libtiff turns the picture by its tag half way, and not at all if asked for the orientation that it has; it
 * multiplies colours by opacity; it gives what one strip holds, so strips are not joined; a JPEG inside may have any
 * number of scans, which an environment variable bounds; it prints to stderr unless told otherwise. */
#include "readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tiffio.h>

#define TIFF_JPEG_SCANS_MAX "10"

struct tiff_file {
    const uint8_t *bytes;
    size_t n, at;
};

static tmsize_t file_read(thandle_t handle, void *to, tmsize_t n)
{
    struct tiff_file *f = handle;
    size_t left = f->at < f->n ? f->n - f->at : 0;

    if (n < 0)
        return -1;
    if ((size_t)n < left)
        left = (size_t)n;
    if (left > 0)
        memcpy(to, f->bytes + f->at, left);
    f->at += left;
    return (tmsize_t)left;
}

static tmsize_t file_write(thandle_t handle, void *from, tmsize_t n)
{
    (void)handle, (void)from, (void)n;
    return -1;
}

static toff_t file_seek(thandle_t handle, toff_t offset, int whence)
{
    struct tiff_file *f = handle;

    f->at = (size_t)offset + (whence == SEEK_CUR ? f->at : whence == SEEK_END ? f->n : 0);
    return f->at;
}

static int file_close(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t file_size(thandle_t handle)
{
    return ((struct tiff_file *)handle)->n;
}

/* The file is in memory: strips are decoded from where they are. */
static int file_map(thandle_t handle, void **base, toff_t *size)
{
    struct tiff_file *f = handle;

    *base = (void *)(uintptr_t)f->bytes; /* libtiff does not write there: the file is open for reading */
    *size = f->n;
    return 1;
}

static void file_unmap(thandle_t handle, void *base, toff_t size)
{
    (void)handle, (void)base, (void)size;
}

/* Whether libtiff said that it is out of memory. One decode at a time. */
static bool tiff_no_memory;

static void tiff_note_error(const char *module, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
static void tiff_note_error(const char *module, const char *format, va_list ap)
{
    char text[300];

    (void)module;
    (void)vsnprintf(text, sizeof(text), format, ap);
    if (strcasestr(text, "out of memory") != NULL || strcasestr(text, "no space") != NULL ||
        strcasestr(text, "failed to allocate") != NULL)
        tiff_no_memory = true;
}

/* A picture of 16-bit samples, and how they become 8. The first member, so that libtiff's pointer leads here. */
struct tiff_picture {
    TIFFRGBAImage image;
    bool measuring;
    struct samples_seen seen;
    unsigned shift, shift_alpha;
};

static uint32_t deep_pixel(const struct tiff_picture *p, const uint16_t *s)
{
    const bool colour = p->image.photometric == PHOTOMETRIC_RGB;
    uint32_t c[3], a = 255;

    for (int k = 0; k < 3; k++)
        c[k] = samples_to_8(s[colour ? k : 0], p->shift);
    if (p->image.photometric == PHOTOMETRIC_MINISWHITE)
        c[0] = c[1] = c[2] = 255 - c[0];
    if (p->image.alpha != 0 && p->image.samplesperpixel > (colour ? 3 : 1))
        a = samples_to_8(s[colour ? 3 : 1], p->shift_alpha);
    if (p->image.alpha == EXTRASAMPLE_UNASSALPHA) /* as libtiff does for 8 bits */
        for (int k = 0; k < 3; k++)
            c[k] = (c[k] * a + 127) / 255;
    return c[0] | c[1] << 8 | c[2] << 16 | a << 24;
}

/* libtiff's contract: w x h pixels from data to px; behind each row, skip from_skip pixels there and to_skip here. */
static void deep_put(TIFFRGBAImage *image, uint32_t *px, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
                     int32_t from_skip, int32_t to_skip, unsigned char *data)
{
    struct tiff_picture *p = (struct tiff_picture *)(void *)image;
    const uint16_t *s = (const uint16_t *)(const void *)data;
    const int samples = image->samplesperpixel, colours = image->photometric == PHOTOMETRIC_RGB ? 3 : 1;

    (void)x, (void)y;
    for (uint32_t row = 0; row < h; row++, px += to_skip, s += (ptrdiff_t)from_skip * samples)
        for (uint32_t column = 0; column < w; column++, px++, s += samples) {
            if (!p->measuring) {
                *px = deep_pixel(p, s);
                continue;
            }
            for (int k = 0; k < colours; k++)
                p->seen.colours |= s[k];
            if (image->alpha != 0 && samples > colours) {
                p->seen.opacities |= s[colours];
                p->seen.opacities_zero |= ~(unsigned)s[colours];
            }
        }
}

/* Decodes all rows, as they are stored, into px. */
static enum err tiff_get(TIFF *tif, TIFFRGBAImage *image, uint32_t *px)
{
    uint32_t rows = image->height;

    if (!TIFFGetField(tif, TIFFIsTiled(tif) ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, &rows) || rows == 0 ||
        rows > image->height)
        rows = image->height;
    for (uint32_t y = 0; y < image->height; y += rows) {
        const uint32_t left = image->height - y;

        image->row_offset = (int)y;
        if (!TIFFRGBAImageGet(image, px + (size_t)y * image->width, image->width, left < rows ? left : rows))
            return tiff_no_memory ? ERR_NOMEM : ERR_FORMAT;
    }
    return OK;
}

/* libtiff gives colours multiplied by opacity. */
static void tiff_divide(uint8_t *px, size_t count)
{
    for (size_t i = 0; i < count; i++, px += 4)
        for (int k = 0; k < 3 && px[3] != 0 && px[3] != 255; k++) {
            const int v = (px[k] * 255 + px[3] / 2) / px[3];

            px[k] = (uint8_t)(v < 255 ? v : 255);
        }
}

static enum err tiff_decode(TIFF *tif, struct tiff_picture *p, struct rgba *out)
{
    uint32_t *px;
    enum err e = OK;

    if (p->image.width > IMAGE_SIDE_MAX_PX || p->image.height > IMAGE_SIDE_MAX_PX || p->image.width < 1 ||
        p->image.height < 1)
        return ERR_FORMAT;
    out->width = (int)p->image.width;
    out->height = (int)p->image.height;
    px = calloc((size_t)out->width * (size_t)out->height, sizeof(*px));
    out->px = (uint8_t *)px;
    if (px == NULL)
        return ERR_NOMEM;
    p->image.req_orientation = p->image.orientation;
    if (p->image.bitspersample == 16 && p->image.isContig && p->image.photometric <= PHOTOMETRIC_RGB) {
        p->image.put.contig = deep_put;
        p->measuring = true;
        e = tiff_get(tif, &p->image, px);
        p->measuring = false;
        p->shift = samples_shift_colours(&p->seen);
        p->shift_alpha = samples_shift(p->seen.opacities);
    }
    if (e == OK)
        e = tiff_get(tif, &p->image, px);
    if (e == OK && p->image.alpha != 0)
        tiff_divide(out->px, (size_t)out->width * (size_t)out->height);
    return e;
}

enum err read_tiff(const uint8_t *bytes, size_t n, struct rgba *out)
{
    struct tiff_file file = {bytes, n, 0};
    struct tiff_picture picture = {.measuring = false};
    char message[1024];
    enum err e = ERR_FORMAT;
    TIFF *tif;

    memset(out, 0, sizeof(*out));
    tiff_no_memory = false;
    (void)TIFFSetErrorHandler(tiff_note_error);
    (void)TIFFSetWarningHandler(NULL);
    (void)setenv("LIBTIFF_JPEG_MAX_ALLOWED_SCAN_NUMBER", TIFF_JPEG_SCANS_MAX, 1);
    tif = TIFFClientOpen("", "r", &file, file_read, file_write, file_seek, file_close, file_size, file_map, file_unmap);
    if (tif != NULL && TIFFRGBAImageBegin(&picture.image, tif, 1, message)) {
        e = tiff_decode(tif, &picture, out);
        TIFFRGBAImageEnd(&picture.image);
    } else if (tiff_no_memory) {
        e = ERR_NOMEM;
    }
    if (tif != NULL)
        TIFFClose(tif);
    if (e != OK) {
        free(out->px);
        memset(out, 0, sizeof(*out));
    }
    return e;
}
