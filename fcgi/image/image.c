/* The only user of libgd: bytes of one of the five formats -> a grey raster, upright, over white.
 *
 * libgd is called only after header.c has read the size of the picture, and must then produce exactly that size. Its
 * pitfalls:
 * - It tells what went wrong through one process-wide error method, not through results: a JPEG that ends early is a
 *   picture and a message. The method collects the messages of the decode that is running (one at a time in a process).
 * - libpng's warnings do not pass through it: they go to stderr.
 * - Alpha has 7 bits and runs from 0, opaque, to 127; a palette picture has alpha in its palette, and on top of it one
 *   colour may be declared transparent. Pixels are read from its arrays: the accessors cost a call and two checks each.
 * - PNG: libpng inflates text and profiles before the picture (header_mend_png drops them), and whatever lies behind
 *   the last row (png_data.h).
 * - BMP: header_mend_bmp tells what it reads wrongly. Alpha of a 32-bit BMP is ignored, as most programs do. */
#include "image.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gd.h>

#include "image/header/header_formats.h"
#include "grey.h"
#include "png_data.h"

/* libgd's messages during a decode. Messages that do not fit are dropped: the first ones matter. */
static struct {
    char text[1000];
    size_t len;
} image_messages;

static void image_collect_message(int priority, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
static void image_collect_message(int priority, const char *format, va_list ap)
{
    const size_t room = sizeof(image_messages.text) - image_messages.len;
    int n = vsnprintf(image_messages.text + image_messages.len, room, format, ap);

    (void)priority;
    if (n > 0)
        image_messages.len += (size_t)n < room ? (size_t)n : room - 1;
}

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
    }
    return NULL;
}

/* Whether libgd's messages say that pixels were made up. libjpeg's other warnings (bytes before a marker, an unknown
 * JFIF revision) concern pictures that are complete. */
static bool image_messages_tell_damage(void)
{
    static const char *const PHRASES[] = {
        "Premature end of JPEG file",    /* JWRN_JPEG_EOF */
        "premature end of data segment", /* JWRN_HIT_MARKER */
        "bad Huffman code",              /* JWRN_HUFF_BAD_CODE */
        "bad arithmetic code",           /* JWRN_ARITH_BAD_CODE */
        "instead of RST",                /* JWRN_MUST_RESYNC */
        "Inconsistent progression",      /* JWRN_BOGUS_PROGRESSION */
    };

    for (size_t i = 0; i < sizeof(PHRASES) / sizeof(PHRASES[0]); i++)
        if (strcasestr(image_messages.text, PHRASES[i]) != NULL)
            return true;
    return false;
}

static bool image_messages_tell_no_memory(void)
{
    return strcasestr(image_messages.text, "cannot allocate gdImage") != NULL ||
           strcasestr(image_messages.text, "insufficient memory") != NULL ||
           strcasestr(image_messages.text, "out of memory") != NULL;
}

/* Has libgd decode a picture that the header reader has accepted. *im is NULL on failure. */
static enum err image_run_gd(const uint8_t *bytes, size_t n, const struct image_header *header, gdImagePtr *im,
                             struct why *why)
{
    uint8_t *mended = NULL;

    *im = NULL;
    if (header->format == IMAGE_PNG || (header->format == IMAGE_BMP && header_bmp_needs_mending(bytes, n))) {
        mended = malloc(n);
        if (mended == NULL)
            return err_why(why, ERR_NOMEM, "Out of memory. Try again in a moment.");
        memcpy(mended, bytes, n);
        if (header->format == IMAGE_PNG)
            n = header_mend_png(mended, n);
        else
            header_mend_bmp(mended, n);
    }
    if (header->format == IMAGE_PNG && png_data_overflows(mended, n)) {
        free(mended);
        return header_damaged(header->format, why);
    }
    memset(&image_messages, 0, sizeof(image_messages));
    gdSetErrorMethod(image_collect_message);
    *im = image_call_gd(header->format, mended != NULL ? mended : bytes, n);
    free(mended);
    if (*im != NULL && !image_messages_tell_damage() && gdImageSX(*im) == header->width &&
        gdImageSY(*im) == header->height)
        return OK;
    if (*im != NULL)
        gdImageDestroy(*im);
    *im = NULL;
    if (image_messages_tell_no_memory())
        return err_why(why, ERR_NOMEM, "Out of memory. Try again in a moment.");
    return header_damaged(header->format, why);
}

/* Where pixel (x, y) as stored goes when the picture is put upright: px[first + x * right + y * down]. */
struct upright {
    int width, height; /* after turning */
    ptrdiff_t first, right, down;
};

/* EXIF 2.32 section 4.6.5 A: orientation tells where the stored row 0 and column 0 belong. 5 to 8 swap the sides. */
static struct upright image_upright(const struct image_header *h)
{
    const bool swapped = h->orientation >= 5;
    const int o = h->orientation;
    struct upright u = {.width = swapped ? h->height : h->width, .height = swapped ? h->width : h->height};
    const bool x_back = o == 2 || o == 3 || o == 7 || o == 8; /* stored x runs against its upright axis */
    const bool y_back = o == 3 || o == 4 || o == 6 || o == 7;

    u.right = swapped ? u.width : 1;
    u.down = swapped ? 1 : u.width;
    if (x_back) {
        u.first += (h->width - 1) * u.right;
        u.right = -u.right;
    }
    if (y_back) {
        u.first += (h->height - 1) * u.down;
        u.down = -u.down;
    }
    return u;
}

static struct grey_colour image_colour(const gdImage *im, int x, int y)
{
    const int c = im->trueColor ? im->tpixels[y][x] : im->pixels[y][x];

    if (c == im->transparent)
        return (struct grey_colour){.cover = 0};
    if (!im->trueColor)
        return (struct grey_colour){im->red[c], im->green[c], im->blue[c], gdAlphaMax - im->alpha[c]};
    return (struct grey_colour){gdTrueColorGetRed(c), gdTrueColorGetGreen(c), gdTrueColorGetBlue(c),
                                gdAlphaMax - gdTrueColorGetAlpha(c)};
}

/* Every n-th pixel, starting at a different place in each row, so that no straight line of one pixel is missed. */
static const struct grey_mix *image_choose_grey(const gdImage *im)
{
    const int n = (int)((int64_t)im->sx * im->sy / GREY_SAMPLES_MAX) + 1;
    struct grey_counts counts = {0};

    for (int y = 0; y < im->sy; y++)
        for (int x = (int)((int64_t)y * 37 % n); x < im->sx; x += n) {
            const struct grey_colour c = image_colour(im, x, y);

            grey_count(&counts, &c);
        }
    return &grey_mixes[grey_choose(&counts)];
}

static void image_fill_grey(const gdImage *im, const struct grey_mix *mix, const struct upright *u, uint8_t *px)
{
    for (int y = 0; y < im->sy; y++)
        for (int x = 0; x < im->sx; x++) {
            const struct grey_colour c = image_colour(im, x, y);

            px[u->first + x * u->right + y * u->down] = grey_of(mix, &c);
        }
}

enum err image_decode(const uint8_t *bytes, size_t n, struct image *out, struct why *why)
{
    struct image_header header;
    struct upright u;
    gdImagePtr im = NULL;
    enum err e;

    memset(out, 0, sizeof(*out));
    if (n > INT_MAX) /* libgd counts bytes in int */
        return err_why(why, ERR_LIMIT, "The file is too large. Make the picture smaller.");
    e = image_header_read(bytes, n, &header, why);
    if (e == OK)
        e = image_run_gd(bytes, n, &header, &im, why);
    if (e != OK)
        return e;
    u = image_upright(&header);
    out->px = malloc((size_t)u.width * (size_t)u.height);
    if (out->px != NULL) {
        const struct grey_mix *mix = image_choose_grey(im);

        image_fill_grey(im, mix, &u, out->px);
        out->channel = mix->name;
        out->upright = header.orientation != 1;
        out->raster = (struct raster){.w = u.width, .h = u.height, .px = out->px};
    } else {
        e = err_why(why, ERR_NOMEM, "Out of memory. Try again in a moment.");
    }
    gdImageDestroy(im);
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

/* A small picture in one format, made by libgd itself; free with gdFree. */
static void *image_make_sample(gdImagePtr im, enum image_format format, int *n)
{
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
    for (int format = IMAGE_PNG; e == OK && format <= IMAGE_WEBP; format++) {
        struct image img;
        int n = 0;
        void *bytes = image_make_sample(im, (enum image_format)format, &n);

        if (bytes == NULL) {
            e = err_why(why, ERR_NOMEM, "libgd makes no sample of picture format %d", format);
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
