/* Bytes of a picture -> a grey raster, upright, over white (or black: grey.h). The only user of libgd; what libgd
 * reads wrongly, or not well enough, is in readers.h.
 *
 * A decoder is called only after header.c has read the size of the picture, and must then produce exactly that size.
 * Pitfalls of libgd:
 * - It tells what went wrong through one process-wide error method, not through results: a JPEG that ends early is a
 *   picture and a message. The method collects the messages of the decode that is running (one at a time in a process).
 * - It passes on the first of libjpeg's warnings only. Where a JPEG lacks its end marker, and gets one here, any
 *   message means that pixels are missing.
 * - libpng's warnings do not pass through it: they go to stderr.
 * - Alpha has 7 bits and runs from 0, opaque, to 127; a palette picture has alpha in its palette, and on top of it one
 *   colour may be declared transparent. Pixels are read from its arrays: the accessors cost a call and two checks each.
 * - PNG: libpng inflates text and profiles before the picture (header_mend_png drops them), and whatever lies behind
 *   the last row (png_data.h).
 * - BMP: header_mend_bmp tells what it reads wrongly. Alpha of a 32-bit BMP is ignored, as most programs do. */
#include "image.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <gd.h>

#include "image/header/header_formats.h"
#include "grey.h"
#include "messages.h"
#include "png_data.h"
#include "readers.h"
#include "upright.h"

/* The one place that knows libgd's functions. */
static gdImagePtr image_call_gd(enum image_format format, const uint8_t *bytes, size_t n)
{
    void *data = (void *)(uintptr_t)bytes; /* libgd takes no const, and does not write */
    int size = (int)n;

    switch (format) {
    case IMAGE_PNG:
        return gdImageCreateFromPngPtr(size, data);
    case IMAGE_JPEG:
        return gdImageCreateFromJpegPtrEx(size, data, 0); /* 0: warnings are told, not swallowed */
    case IMAGE_GIF:
        return gdImageCreateFromGifPtr(size, data);
    case IMAGE_BMP:
        return gdImageCreateFromBmpPtr(size, data);
    case IMAGE_WEBP:
        return gdImageCreateFromWebpPtr(size, data);
    case IMAGE_TIFF:
    case IMAGE_AVIF:
        break; /* image_run_reader */
    }
    return NULL;
}

static enum err image_no_memory(struct why *why)
{
    return err_why(why, ERR_NOMEM, "Out of memory. Try again in a moment.");
}

/* What the decoder is to read: bytes[*n] as they came (*mended NULL), or a copy without what it reads wrongly. */
static enum err image_mend(const uint8_t *bytes, size_t *n, const struct image_header *header, uint8_t **mended)
{
    const enum image_format format = header->format;
    const bool jpeg = format == IMAGE_JPEG && (header->jpeg_no_end || header->jpeg_no_adobe);
    const bool bmp = format == IMAGE_BMP && header_bmp_needs_mending(bytes, *n);

    *mended = NULL;
    if (format != IMAGE_PNG && format != IMAGE_GIF && !jpeg && !bmp)
        return OK;
    *mended = malloc(*n + HEADER_MEND_GIF_BYTES + HEADER_MEND_JPEG_BYTES);
    if (*mended == NULL)
        return ERR_NOMEM;
    if (jpeg) {
        *n = header_mend_jpeg(bytes, *n, header, *mended);
    } else if (format == IMAGE_GIF) {
        header_mend_gif(bytes, *n, *mended);
        *n += HEADER_MEND_GIF_BYTES;
    } else {
        memcpy(*mended, bytes, *n);
        if (bmp)
            header_mend_bmp(*mended, *n);
        else
            *n = header_mend_png(*mended, *n);
    }
    return OK;
}

/* A decoded picture, as it is stored: libgd's, or one of readers.h. */
struct stored {
    gdImagePtr im; /* NULL: rgba */
    struct rgba rgba;
};

static void stored_free(struct stored *s)
{
    if (s->im != NULL)
        gdImageDestroy(s->im);
    free(s->rgba.px);
    memset(s, 0, sizeof(*s));
}

static bool stored_has_size(const struct stored *s, const struct image_header *header)
{
    const int w = s->im != NULL ? gdImageSX(s->im) : s->rgba.width;
    const int h = s->im != NULL ? gdImageSY(s->im) : s->rgba.height;

    return w == header->width && h == header->height;
}

static enum err image_run_gd(const uint8_t *bytes, size_t n, const struct image_header *header, struct stored *s)
{
    messages_begin();
    gdSetErrorMethod(messages_collect);
    s->im = image_call_gd(header->format, bytes, n);
    if (s->im == NULL)
        return messages_tell_no_memory() ? ERR_NOMEM : ERR_FORMAT;
    if (header->jpeg_no_end && messages_any())
        return ERR_TRUNCATED;
    return messages_tell_damage() ? ERR_FORMAT : OK;
}

static enum err image_run_library(const uint8_t *bytes, size_t n, const struct image_header *header, struct stored *s)
{
    const bool png = header->format == IMAGE_PNG;

    if (png && png_data_overflows(bytes, n))
        return ERR_FORMAT;
    if (png && header_png_is_deep(bytes))
        return read_png16(bytes, n, header, &s->rgba);
    if (header->format == IMAGE_TIFF)
        return read_tiff(bytes, n, &s->rgba);
    if (header->format == IMAGE_AVIF)
        return read_avif(bytes, n, &s->rgba);
    return image_run_gd(bytes, n, header, s);
}

/* Few of the libraries tell a lack of memory from damage, but malloc leaves its errno. */
static enum err image_run(const uint8_t *bytes, size_t n, const struct image_header *header, struct stored *s)
{
    enum err e;

    errno = 0;
    e = image_run_library(bytes, n, header, s);
    return e != OK && errno == ENOMEM ? ERR_NOMEM : e;
}

/* Decodes a picture that the header reader has accepted. *s is zeroed on failure. */
static enum err image_run_mended(const uint8_t *bytes, size_t n, const struct image_header *header, struct stored *s,
                                 struct why *why)
{
    uint8_t *mended;
    enum err e = image_mend(bytes, &n, header, &mended);

    memset(s, 0, sizeof(*s));
    if (e == OK)
        e = image_run(mended != NULL ? mended : bytes, n, header, s);
    free(mended);
    if (e == OK && !stored_has_size(s, header))
        e = ERR_FORMAT;
    if (e == OK)
        return OK;
    stored_free(s);
    return e == ERR_NOMEM       ? image_no_memory(why)
           : e == ERR_TRUNCATED ? header_cut_short(header->format, why)
                                : header_damaged(header->format, why);
}

static struct grey_colour image_gd_colour(const gdImage *im, int x, int y)
{
    const int c = im->trueColor ? im->tpixels[y][x] : im->pixels[y][x];

    if (c == im->transparent)
        return (struct grey_colour){.cover = 0};
    if (!im->trueColor)
        return (struct grey_colour){im->red[c], im->green[c], im->blue[c], gdAlphaMax - im->alpha[c]};
    return (struct grey_colour){gdTrueColorGetRed(c), gdTrueColorGetGreen(c), gdTrueColorGetBlue(c),
                                gdAlphaMax - gdTrueColorGetAlpha(c)};
}

static struct grey_colour image_colour(const struct stored *s, int x, int y)
{
    const uint8_t *px;

    if (s->im != NULL)
        return image_gd_colour(s->im, x, y);
    px = s->rgba.px + 4 * ((size_t)y * (size_t)s->rgba.width + (size_t)x);
    return (struct grey_colour){px[0], px[1], px[2], px[3] >> 1};
}

static struct grey_colour image_colour_keyed(const struct stored *s, int x, int y, bool keyed)
{
    const struct grey_colour c = image_colour(s, x, y);

    return keyed ? grey_over_black(&c) : c;
}

static bool image_clear_at(const struct stored *s, const struct image_header *h, int x, int y)
{
    return x >= 0 && y >= 0 && x < h->width && y < h->height && image_colour(s, x, y).cover == 0;
}

/* Samples are every n-th pixel, starting at a different place in each row, so that no straight line of one pixel is
 * missed. */
static int image_sample_step(const struct image_header *h)
{
    return (int)((int64_t)h->width * h->height / GREY_SAMPLES_MAX) + 1;
}

static int image_sample_first(int y, int n)
{
    return (int)((int64_t)y * 37 % n);
}

static bool image_is_keyed(const struct stored *s, const struct image_header *h)
{
    const int n = image_sample_step(h);
    struct grey_key key = {0};

    for (int y = 0; y < h->height; y++)
        for (int x = image_sample_first(y, n); x < h->width; x += n) {
            const struct grey_colour c = image_colour(s, x, y);

            grey_key_count(&key, &c,
                           image_clear_at(s, h, x - 1, y) || image_clear_at(s, h, x + 1, y) ||
                               image_clear_at(s, h, x, y - 1) || image_clear_at(s, h, x, y + 1));
        }
    return grey_is_keyed(&key);
}

static const struct grey_mix *image_choose_grey(const struct stored *s, const struct image_header *h, bool keyed)
{
    const int n = image_sample_step(h);
    struct grey_counts counts = {0};

    for (int y = 0; y < h->height; y++)
        for (int x = image_sample_first(y, n); x < h->width; x += n) {
            const struct grey_colour c = image_colour_keyed(s, x, y, keyed);

            grey_count(&counts, &c);
        }
    return &grey_mixes[grey_choose(&counts)];
}

static void image_fill_grey(const struct stored *s, const struct image_header *h, const struct grey_mix *mix,
                            bool keyed, const struct upright *u, uint8_t *px)
{
    for (int y = 0; y < h->height; y++)
        for (int x = 0; x < h->width; x++) {
            const struct grey_colour c = image_colour_keyed(s, x, y, keyed);

            px[u->first + x * u->right + y * u->down] = grey_of(mix, &c);
        }
}

enum err image_decode(const uint8_t *bytes, size_t n, struct image *out, struct why *why)
{
    struct image_header header;
    struct stored stored;
    struct upright u;
    enum err e;

    memset(out, 0, sizeof(*out));
    if (n > INT_MAX - HEADER_MEND_GIF_BYTES - HEADER_MEND_JPEG_BYTES) /* libgd counts bytes in int */
        return err_why(why, ERR_LIMIT, "The file is too large. Make the picture smaller.");
    e = image_header_read(bytes, n, &header, why);
    if (e == OK)
        e = image_run_mended(bytes, n, &header, &stored, why);
    if (e != OK)
        return e;
    u = upright_of(&header);
    out->px = malloc((size_t)u.width * (size_t)u.height);
    if (out->px != NULL) {
        const bool keyed = image_is_keyed(&stored, &header);
        const struct grey_mix *mix = image_choose_grey(&stored, &header, keyed);

        image_fill_grey(&stored, &header, mix, keyed, &u, out->px);
        out->channel = mix->name;
        out->upright = header.orientation != 1;
        out->raster = (struct raster){.w = u.width, .h = u.height, .px = out->px};
    } else {
        e = image_no_memory(why);
    }
    stored_free(&stored);
    return e;
}

void image_free(struct image *img)
{
    free(img->px);
    memset(img, 0, sizeof(*img));
}

enum err image_write_png(const struct raster *r, struct buf *out)
{
    gdImagePtr im;
    void *bytes = NULL;
    int n = 0;
    enum err e = ERR_NOMEM;

    if (r->w < 1 || r->h < 1 || r->w > IMAGE_SIDE_MAX_PX || r->h > IMAGE_SIDE_MAX_PX)
        return ERR_RANGE;
    im = gdImageCreate(r->w, r->h);
    for (int v = 0; im != NULL && v < gdMaxColors; v++)
        (void)gdImageColorAllocate(im, v, v, v); /* an empty palette is filled from its start: colour v is grey v */
    for (int y = 0; im != NULL && y < r->h; y++)
        memcpy(im->pixels[y], r->px + (size_t)y * (size_t)r->w, (size_t)r->w);
    if (im != NULL)
        bytes = gdImagePngPtr(im, &n);
    if (bytes != NULL)
        e = buf_add(out, bytes, (size_t)n);
    if (bytes != NULL)
        gdFree(bytes);
    if (im != NULL)
        gdImageDestroy(im);
    return e;
}

/* A small picture in one format, made by libgd itself, but for AVIF; free with gdFree, which is free. */
static void *image_make_sample(gdImagePtr im, enum image_format format, int *n)
{
    void *avif;

    switch (format) {
    case IMAGE_PNG:
        return gdImagePngPtr(im, n);
    case IMAGE_JPEG:
        return gdImageJpegPtr(im, n, 90);
    case IMAGE_GIF:
        return gdImageGifPtr(im, n);
    case IMAGE_BMP:
        return gdImageBmpPtr(im, n, 0);
    case IMAGE_WEBP:
        return gdImageWebpPtrEx(im, n, 80);
    case IMAGE_TIFF:
        return gdImageTiffPtr(im, n);
    case IMAGE_AVIF:
        avif = malloc(read_avif_sample_bytes);
        if (avif != NULL)
            memcpy(avif, read_avif_sample, read_avif_sample_bytes);
        *n = (int)read_avif_sample_bytes;
        return avif;
    }
    return NULL;
}

/* Decodes the sample with damage at several places in its second half, to exercise the error paths too: messages,
 * warnings, longjmp. The result is ignored. */
static void image_warm_up_damaged(uint8_t *bytes, size_t n)
{
    for (size_t at = n / 2; at + 8 < n; at += n / 16 + 1) {
        struct image img;
        uint8_t kept[4];

        memcpy(kept, bytes + at, sizeof(kept));
        memset(bytes + at, 0x5a, sizeof(kept));
        (void)image_decode(bytes, n, &img, NULL);
        image_free(&img);
        memcpy(bytes + at, kept, sizeof(kept));
    }
}

enum err image_warm_up(struct why *why)
{
    /* 16 px: one whole MCU of a JPEG with subsampled colour, one macroblock of a WebP. */
    gdImagePtr im = gdImageCreateTrueColor(16, 16);
    enum err e = OK;

    if (im == NULL)
        return err_why(why, ERR_NOMEM, "out of memory");
    for (int i = 0; i < 16 * 16; i++) /* data enough to be damaged */
        im->tpixels[i / 16][i % 16] = gdTrueColor(i, i * 7 % 256, i * 31 % 256);
    for (int format = IMAGE_PNG; e == OK && format <= IMAGE_AVIF; format++) {
        struct image img;
        int n = 0;
        void *bytes = image_make_sample(im, (enum image_format)format, &n);

        if (bytes == NULL) {
            e = err_why(why, ERR_NOMEM, "no sample of picture format %d", format);
            break;
        }
        e = image_decode(bytes, (size_t)n, &img, why);
        image_free(&img);
        if (e == OK)
            image_warm_up_damaged(bytes, (size_t)n);
        gdFree(bytes);
    }
    gdImageDestroy(im);
    return e;
}
