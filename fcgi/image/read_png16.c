/* PNG of 16 bits a sample, by libpng. The only user of <png.h>; libgd reads all other PNGs.
 *
 * The range of the samples is looked for in a first pass over the file. An interlaced picture has its pixels in seven
 * passes, so it needs all of them in memory at 16 bits; any other one row.
 * Pitfalls: libpng leaves by longjmp, so what is allocated is kept in a struct that is not in a register; the file must
 * have been through header_mend_png and png_data_overflows, like one for libgd. */
#include "readers.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

struct png16 {
    const uint8_t *bytes;
    size_t n, at;
    png_structp png;
    png_infop info;
    size_t row_bytes; /* of a pixel row: red, green, blue, opacity, 16 bits each, high byte first */
    uint8_t *rows;    /* one row; all if interlaced */
    bool interlaced, no_memory;
    struct samples_seen seen;
};

static void png16_take(png_structp png, png_bytep to, size_t n)
{
    struct png16 *p = png_get_io_ptr(png);

    if (p->n - p->at < n)
        png_error(png, "cut");
    memcpy(to, p->bytes + p->at, n);
    p->at += n;
}

static void png16_fail(png_structp png, png_const_charp message)
{
    struct png16 *p = png_get_error_ptr(png);

    if (strstr(message, "emory") != NULL)
        p->no_memory = true;
    longjmp(png_jmpbuf(png), 1);
}

static void png16_warn(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static void png16_see(struct png16 *p, const uint8_t *row, int width)
{
    for (int x = 0; x < width; x++, row += 8) {
        for (int k = 0; k < 6; k += 2)
            p->seen.colours |= (unsigned)row[k] << 8 | row[k + 1];
        p->seen.opacities |= (unsigned)row[6] << 8 | row[7];
        p->seen.opacities_zero |= ~((unsigned)row[6] << 8 | row[7]);
    }
}

static void png16_write(const struct png16 *p, const uint8_t *row, int width, uint8_t *px)
{
    const unsigned shift = samples_shift_colours(&p->seen), shift_alpha = samples_shift(p->seen.opacities);

    for (int x = 0; x < width; x++, row += 8)
        for (int k = 0; k < 4; k++)
            *px++ = samples_to_8((unsigned)row[2 * k] << 8 | row[2 * k + 1], k < 3 ? shift : shift_alpha);
}

/* One pass over the file: writes the pixels to px, or only looks at the samples if that is NULL. */
static bool png16_pass(struct png16 *p, const struct image_header *header, uint8_t *px)
{
    const int w = header->width, h = header->height;

    if (setjmp(png_jmpbuf(p->png)) != 0)
        return false;
    png_set_read_fn(p->png, p, png16_take);
    png_read_info(p->png, p->info);
    if (png_get_image_width(p->png, p->info) != (png_uint_32)w || png_get_bit_depth(p->png, p->info) != 16 ||
        png_get_image_height(p->png, p->info) != (png_uint_32)h)
        return false;
    p->interlaced = png_get_interlace_type(p->png, p->info) != PNG_INTERLACE_NONE;
    png_set_tRNS_to_alpha(p->png);
    png_set_gray_to_rgb(p->png);
    png_set_add_alpha(p->png, 0xffff, PNG_FILLER_AFTER);
    const int passes = png_set_interlace_handling(p->png);

    png_read_update_info(p->png, p->info);
    p->row_bytes = 8 * (size_t)w;
    if (png_get_rowbytes(p->png, p->info) != p->row_bytes)
        return false;
    if (p->rows == NULL)
        p->rows = malloc(p->row_bytes * (p->interlaced ? (size_t)h : 1));
    p->no_memory = p->rows == NULL;
    for (int pass = 0; p->rows != NULL && pass < passes; pass++)
        for (int y = 0; y < h; y++) {
            uint8_t *row = p->rows + (p->interlaced ? (size_t)y * p->row_bytes : 0);

            png_read_row(p->png, row, NULL);
            if (pass == passes - 1 && px == NULL)
                png16_see(p, row, w);
            else if (pass == passes - 1)
                png16_write(p, row, w, px + (size_t)y * 4 * (size_t)w);
        }
    if (p->rows != NULL)
        png_read_end(p->png, NULL);
    return p->rows != NULL;
}

static bool png16_run(struct png16 *p, const struct image_header *header, uint8_t *px)
{
    bool done = false;

    p->at = 0;
    p->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, p, png16_fail, png16_warn);
    p->info = p->png != NULL ? png_create_info_struct(p->png) : NULL;
    if (p->info != NULL)
        done = png16_pass(p, header, px);
    else
        p->no_memory = true;
    png_destroy_read_struct(&p->png, &p->info, NULL);
    return done;
}

enum err read_png16(const uint8_t *bytes, size_t n, const struct image_header *header, struct rgba *out)
{
    struct png16 p = {.bytes = bytes, .n = n};
    bool done;

    memset(out, 0, sizeof(*out));
    done = png16_run(&p, header, NULL);
    if (done) {
        out->width = header->width;
        out->height = header->height;
        out->px = malloc(4 * (size_t)header->width * (size_t)header->height);
        p.no_memory = out->px == NULL;
        done = out->px != NULL && png16_run(&p, header, out->px);
    }
    free(p.rows);
    if (done)
        return OK;
    free(out->px);
    memset(out, 0, sizeof(*out));
    return p.no_memory ? ERR_NOMEM : ERR_FORMAT;
}
