/* image/image: exact greys from every format, alpha, palettes, orientation, damage, and what BMP needs mended. */
#include "image/image.h"

#include <sys/resource.h>

#include <gd.h>
#include <zlib.h>

#include "pictures.h"

static struct image decode_ok(const char *file)
{
    char path[200];
    struct image img;
    struct why why = {{0}};
    uint8_t *bytes;
    size_t n;

    snprintf(path, sizeof(path), PICTURES "%s", file);
    bytes = file_read(path, &n);
    if (image_decode(bytes, n, &img, &why) != OK)
        fail_msg("%s: %s", file, why.text);
    free(bytes);
    return img;
}

/* Sum and greatest of the differences between a 28x28 picture and want[784]. */
static void compare_28(const char *file, const uint8_t *want, int *sum, int *greatest)
{
    struct image img = decode_ok(file);

    *sum = *greatest = 0;
    assert_int_equal(img.raster.w, 28);
    assert_int_equal(img.raster.h, 28);
    assert_ptr_equal(img.raster.px, img.px);
    for (int i = 0; i < 784; i++) {
        int d = abs(img.px[i] - want[i]);

        *sum += d;
        if (d > *greatest)
            *greatest = d;
    }
    image_free(&img);
    assert_null(img.px);
}

/* Fails when a lossless format does not give back each of MNIST's values, or a lossy one is far off. */
static void test_formats_give_the_same_greys(void **state)
{
    static const char *const EXACT[] = {"digit-7.png", "digit-7.gif", "digit-7.bmp", "digit-7.webp"};
    size_t n;
    uint8_t *want = file_read(PICTURES "digit-7.raw", &n);
    int sum, greatest;

    (void)state;
    assert_int_equal(n, 784);
    for (size_t i = 0; i < sizeof(EXACT) / sizeof(EXACT[0]); i++) {
        compare_28(EXACT[i], want, &sum, &greatest);
        if (greatest != 0)
            fail_msg("%s: off by up to %d", EXACT[i], greatest);
    }
    compare_28("digit-7.jpg", want, &sum, &greatest); /* measured: mean 1.1, greatest 11 */
    assert_in_range(sum, 1, 784 * 3);
    assert_in_range(greatest, 1, 30);
    for (int i = 0; i < 784; i++)
        want[i] = (uint8_t)(255 - want[i]);
    compare_28("digit-7-negative.png", want, &sum, &greatest);
    assert_int_equal(greatest, 0);
    /* Black ink whose opacity is MNIST's value, over white: gd keeps 7 bits of alpha, so up to 1 is lost. */
    compare_28("digit-7-alpha.png", want, &sum, &greatest);
    assert_in_range(greatest, 0, 2);
    free(want);
}

/* Fails when palette indices are read as greys, or fewer than 8 bits a pixel are not widened. */
static void test_palettes(void **state)
{
    size_t n;
    uint8_t *seven = file_read(PICTURES "digit-7.raw", &n);
    int sum, greatest;

    (void)state;
    compare_28("digit-7-palette.png", seven, &sum, &greatest); /* 16 shades */
    assert_in_range(greatest, 0, 24);
    for (int i = 0; i < 784; i++)
        seven[i] = seven[i] > 127 ? 255 : 0;
    compare_28("digit-7-1bit.png", seven, &sum, &greatest);
    assert_int_equal(greatest, 0);
    free(seven);
}

static void decode_gd(gdImagePtr im, void *(*save)(gdImagePtr, int *), struct image *img)
{
    struct why why = {{0}};
    int n;
    void *bytes = save(im, &n);

    assert_non_null(bytes);
    if (image_decode(bytes, (size_t)n, img, &why) != OK)
        fail_msg("%s", why.text);
    gdFree(bytes);
}

/* Fails when grey is not Rec. 601's luminance (rounded), or any grey of 0 to 255 is not kept as it is. */
static void test_luminance(void **state)
{
    gdImagePtr im = gdImageCreateTrueColor(256, 2);
    struct image img;

    (void)state;
    for (int v = 0; v < 256; v++)
        im->tpixels[0][v] = gdTrueColor(v, v, v);
    im->tpixels[1][0] = gdTrueColor(255, 0, 0);
    im->tpixels[1][1] = gdTrueColor(0, 255, 0);
    im->tpixels[1][2] = gdTrueColor(0, 0, 255);
    im->tpixels[1][3] = gdTrueColor(255, 255, 0);
    decode_gd(im, gdImagePngPtr, &img);
    for (int v = 0; v < 256; v++)
        assert_int_equal(img.px[v], v);
    assert_int_equal(img.px[256], 76);
    assert_int_equal(img.px[257], 150);
    assert_int_equal(img.px[258], 29);
    assert_int_equal(img.px[259], 226);
    image_free(&img);
    gdImageDestroy(im);
}

/* Fails when transparent pixels are not white whatever their colour, half-transparent ones not half way to it, or the
 * one transparent colour of a palette picture shows. */
static void test_transparency(void **state)
{
    gdImagePtr im = gdImageCreateTrueColor(3, 1), indexed = gdImageCreate(2, 1);
    struct image img;
    int black, grey;

    (void)state;
    gdImageSaveAlpha(im, 1);
    im->tpixels[0][0] = gdTrueColorAlpha(0, 0, 0, gdAlphaTransparent);
    im->tpixels[0][1] = gdTrueColorAlpha(0, 0, 0, 64);
    im->tpixels[0][2] = gdTrueColorAlpha(0, 0, 0, gdAlphaOpaque);
    decode_gd(im, gdImagePngPtr, &img);
    assert_int_equal(img.px[0], 255);
    assert_in_range(img.px[1], 126, 130);
    assert_int_equal(img.px[2], 0);
    image_free(&img);
    gdImageDestroy(im);

    black = gdImageColorAllocate(indexed, 0, 0, 0);
    grey = gdImageColorAllocate(indexed, 9, 9, 9);
    gdImageSetPixel(indexed, 0, 0, black);
    gdImageSetPixel(indexed, 1, 0, grey);
    gdImageColorTransparent(indexed, black);
    decode_gd(indexed, gdImagePngPtr, &img);
    assert_int_equal(img.px[0], 255);
    assert_int_equal(img.px[1], 9);
    image_free(&img);
    decode_gd(indexed, gdImageGifPtr, &img);
    assert_int_equal(img.px[0], 255);
    assert_int_equal(img.px[1], 9);
    image_free(&img);
    gdImageDestroy(indexed);
}

/* jpeg[n] with an APP1 of this orientation put in behind SOI; free it. */
static uint8_t *jpeg_with_orientation(const uint8_t *jpeg, size_t n, uint32_t orientation, size_t *made_n)
{
    struct made app1 = {.n = 0}, head = {.n = 0};
    uint8_t *bytes;

    put(&app1, "Exif\0", 6);
    put_tiff(&app1, orientation % 2 == 0, orientation);
    put(&head, "\xff\xd8", 2);
    put_jpeg_segment(&head, 0xe1, app1.b, app1.n);
    bytes = malloc(head.n + n);
    assert_non_null(bytes);
    memcpy(bytes, head.b, head.n);
    memcpy(bytes + head.n, jpeg + 2, n - 2);
    *made_n = head.n + n - 2;
    return bytes;
}

/* Fails when an orientation is undone in the wrong way: the stored picture has its top left quarter black, its top
 * right dark grey, its bottom left light grey and its bottom right white; each row says what is seen then, by EXIF's
 * table. */
static void test_orientations(void **state)
{
    static const int SEEN[9][4] = {/* top left, top right, bottom left, bottom right */
                                   {0},
                                   {0, 80, 160, 255},
                                   {80, 0, 255, 160},
                                   {255, 160, 80, 0},
                                   {160, 255, 0, 80},
                                   {0, 160, 80, 255},
                                   {160, 0, 255, 80},
                                   {255, 80, 160, 0},
                                   {80, 255, 0, 160}};
    gdImagePtr im = gdImageCreateTrueColor(32, 16);
    int n;
    uint8_t *jpeg;

    (void)state;
    gdImageFilledRectangle(im, 16, 0, 31, 7, gdTrueColor(80, 80, 80));
    gdImageFilledRectangle(im, 0, 8, 15, 15, gdTrueColor(160, 160, 160));
    gdImageFilledRectangle(im, 16, 8, 31, 15, gdTrueColor(255, 255, 255));
    jpeg = gdImageJpegPtr(im, &n, 100);
    for (uint32_t o = 1; o <= 8; o++) {
        size_t made_n;
        uint8_t *bytes = jpeg_with_orientation(jpeg, (size_t)n, o, &made_n);
        struct image img;
        int w = o < 5 ? 32 : 16, h = o < 5 ? 16 : 32;
        const int at[4] = {w / 4 + h / 4 * w, 3 * w / 4 + h / 4 * w, w / 4 + 3 * h / 4 * w, 3 * w / 4 + 3 * h / 4 * w};

        assert_int_equal(image_decode(bytes, made_n, &img, NULL), OK);
        assert_int_equal(img.raster.w, w);
        assert_int_equal(img.raster.h, h);
        for (int i = 0; i < 4; i++)
            if (abs(img.px[at[i]] - SEEN[o][i]) > 3)
                fail_msg("orientation %u, quarter %d: %d, not %d", o, i, img.px[at[i]], SEEN[o][i]);
        image_free(&img);
        free(bytes);
    }
    gdFree(jpeg);
    gdImageDestroy(im);
}

/* R32. Fails when a cut picture of any format is read all the same: 1,000 lengths of each, the whole file not among
 * them. */
static void test_truncations_are_refused(void **state)
{
    static const char *const FILES[] = {"digit-5-drawing.png", "digit-4-turned.jpg", "digit-7.gif",
                                        "digit-7.bmp",         "digit-7-lossy.webp", "digit-7.webp"};

    (void)state;
    for (size_t f = 0; f < sizeof(FILES) / sizeof(FILES[0]); f++) {
        char path[200];
        size_t n;
        uint8_t *bytes;

        snprintf(path, sizeof(path), PICTURES "%s", FILES[f]);
        bytes = file_read(path, &n);
        for (size_t i = 0; i < 1000; i++) {
            size_t cut = i * n / 1000;
            uint8_t *part = bytes_copy(bytes, cut);
            struct image img;
            struct why why = {{0}};
            enum err e = image_decode(part, cut, &img, &why);

            if (e != ERR_TRUNCATED && e != ERR_FORMAT)
                fail_msg("%s cut to %zu of %zu: %s", FILES[f], cut, n, err_str(e));
            assert_null(img.px);
            free(part);
        }
        free(bytes);
    }
}

/* Fails when a JPEG whose end is there but whose data is not, or is noise, counts as whole; or when one with a few
 * bytes too many between its segments does not. */
static void test_jpeg_damage(void **state)
{
    size_t n, scan;
    uint8_t *bytes = file_read(PICTURES "digit-4-upright.jpg", &n), *longer = malloc(n + 3);
    struct image img;
    struct why why = {{0}};

    (void)state;
    for (scan = n; scan > 2 && (bytes[scan - 2] != 0xff || bytes[scan - 1] != 0xda); scan--)
        ;
    assert_true(scan > 100);
    memcpy(longer, bytes, scan - 2);
    memcpy(longer + scan - 2, "xyz", 3);
    memcpy(longer + scan + 1, bytes + scan - 2, n - scan + 2);
    assert_int_equal(image_decode(longer, n + 3, &img, &why), OK);
    image_free(&img);

    size_t half = scan + (n - scan) / 2;

    bytes[half] = 0xff;
    bytes[half + 1] = 0xd9; /* EOI in the middle */
    assert_int_equal(image_decode(bytes, half + 2, &img, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "damaged"));
    for (size_t i = half; i < n - 2; i++)
        bytes[i] = 0x5f; /* codes that mean nothing for this long */
    assert_int_equal(image_decode(bytes, n, &img, &why), ERR_FORMAT);
    free(longer);
    free(bytes);
}

/* Fails when a PNG with a wrong checksum, or with less data than its size needs, passes. */
static void test_png_damage(void **state)
{
    size_t n;
    uint8_t *bytes = file_read(PICTURES "digit-7.png", &n);
    struct image img;
    struct why why = {{0}};

    (void)state;
    bytes[n - 30] ^= 1; /* in IDAT */
    assert_int_equal(image_decode(bytes, n, &img, &why), ERR_FORMAT);
    bytes[n - 30] ^= 1;
    bytes[20 + 3] = 29; /* one row more, IHDR's checksum wrong */
    assert_int_equal(image_decode(bytes, n, &img, &why), ERR_FORMAT);
    free(bytes);
}

static long peak_kib(void)
{
    struct rusage r;

    assert_int_equal(getrusage(RUSAGE_SELF, &r), 0);
    return r.ru_maxrss;
}

/* Fails when libpng gets to see what is no part of the picture: here 40 texts that grow to 7.5 MB each, which it would
 * keep (300 MB out of a file of 300 KB). tRNS is a part of it: test_transparency. */
static void test_png_text_is_not_inflated(void **state)
{
    enum { TEXTS = 40, TEXT_AT = 8 + 25 }; /* behind IHDR */
    size_t n, plain_n, text_n, made_n = TEXT_AT;
    uint8_t *plain = file_read(PICTURES "digit-7.png", &plain_n), *png = file_read(PICTURES "text-7mb.png", &n), *made;
    struct image want, img;
    long before_kib;

    (void)state;
    text_n = n - plain_n;
    made = malloc(n + TEXTS * text_n);
    assert_non_null(made);
    memcpy(made, png, TEXT_AT);
    for (int i = 0; i < TEXTS; i++, made_n += text_n)
        memcpy(made + made_n, png + TEXT_AT, text_n);
    memcpy(made + made_n, png + TEXT_AT + text_n, plain_n - TEXT_AT);
    made_n += plain_n - TEXT_AT;
    assert_int_equal(image_decode(plain, plain_n, &want, NULL), OK);
    before_kib = peak_kib();
    assert_int_equal(image_decode(made, made_n, &img, NULL), OK);
    assert_in_range(peak_kib() - before_kib, 0, 50 * 1024);
    assert_memory_equal(img.px, want.px, 784);
    image_free(&img);
    image_free(&want);
    free(made);
    free(png);
    free(plain);
}

static size_t png_chunk(uint8_t *to, const char *type, const uint8_t *data, size_t n)
{
    struct made head = {.n = 0}, tail = {.n = 0};

    put_be(&head, (uint32_t)n, 4);
    put(&head, type, 4);
    memcpy(to, head.b, 8);
    memmove(to + 8, data, n);
    put_be(&tail, (uint32_t)crc32(0, to + 4, (uInt)n + 4), 4);
    memcpy(to + 8 + n, tail.b, 4);
    return n + 12;
}

/* A white 28x28 grey PNG whose data goes on for mib MiB behind its last row; its checksums are right. Free it. */
static uint8_t *png_with_surplus(int mib, size_t *n)
{
    enum { MIB = 1 << 20, ROWS = 28 * 29 };
    uint8_t *zeros = calloc(1, MIB), *block = malloc(MIB), *data = malloc((size_t)(mib + 2) * 2048), *png;
    uint8_t rows[ROWS], ihdr[13] = {0, 0, 0, 28, 0, 0, 0, 28, 8};
    z_stream z = {.next_in = rows, .avail_in = ROWS, .next_out = data, .avail_out = 2048};
    uLong sum = adler32(adler32(0, NULL, 0), rows, 0);
    struct made end = {.n = 0};
    size_t data_n, block_n;

    memset(rows, 255, ROWS);
    for (int y = 0; y < 28; y++)
        rows[y * 29] = 0;
    sum = adler32(sum, rows, ROWS);
    assert_int_equal(deflateInit(&z, 9), Z_OK);
    assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
    data_n = 2048 - z.avail_out;
    z.next_in = zeros; /* a flushed block stands alone: it can be repeated */
    z.avail_in = MIB;
    z.next_out = block;
    z.avail_out = MIB;
    assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
    block_n = MIB - z.avail_out;
    (void)deflateEnd(&z);
    assert_in_range(block_n, 1000, 1200);
    for (int i = 0; i < mib; i++, data_n += block_n) {
        memcpy(data + data_n, block, block_n);
        sum = adler32_combine(sum, adler32(adler32(0, NULL, 0), zeros, MIB), MIB);
    }
    put(&end, "\x01\0\0\xff\xff", 5); /* a last block, stored, empty */
    put_be(&end, (uint32_t)sum, 4);
    memcpy(data + data_n, end.b, end.n);
    data_n += end.n;
    png = malloc(data_n + 100);
    memcpy(png, "\x89PNG\r\n\x1a\n", 8);
    *n = 8 + png_chunk(png + 8, "IHDR", ihdr, sizeof(ihdr));
    *n += png_chunk(png + *n, "IDAT", data, data_n);
    *n += png_chunk(png + *n, "IEND", ihdr, 0);
    free(data);
    free(block);
    free(zeros);
    return png;
}

static double cpu_ms(void)
{
    struct rusage r;

    assert_int_equal(getrusage(RUSAGE_SELF, &r), 0);
    return (double)r.ru_utime.tv_sec * 1e3 + (double)r.ru_utime.tv_usec / 1e3;
}

/* Fails when libpng gets to inflate what lies behind the last row: here 1,500 MB out of a file of 1.6 MB, for seconds;
 * or when a file with a little of it, as some encoders write, is refused. */
static void test_png_surplus(void **state)
{
    struct image img;
    struct why why = {{0}};
    size_t n;
    uint8_t *png = png_with_surplus(1, &n);
    double began_ms;

    (void)state;
    if (image_decode(png, n, &img, &why) != OK)
        fail_msg("a surplus of 1 MiB: %s", why.text);
    assert_int_equal(img.px[783], 255);
    image_free(&img);
    free(png);
    png = png_with_surplus(1500, &n);
    began_ms = cpu_ms();
    assert_int_equal(image_decode(png, n, &img, &why), ERR_FORMAT);
    assert_in_range((int)(cpu_ms() - began_ms), 0, 500); /* measured: 60 */
    free(png);
}

/* Each refusal that a visitor meets, with its code. Fails when one becomes another, which changes the HTTP status. */
static void test_refusals(void **state)
{
    static const struct {
        const char *file;
        enum err e;
    } CASES[] = {{"truncated.png", ERR_TRUNCATED},
                 {"text.png", ERR_UNSUPPORTED},
                 {"huge-20000x20000.png", ERR_LIMIT},
                 {"animated.webp", ERR_UNSUPPORTED}};

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char path[200];
        size_t n;
        uint8_t *bytes;
        struct image img;
        struct why why = {{0}};

        snprintf(path, sizeof(path), PICTURES "%s", CASES[i].file);
        bytes = file_read(path, &n);
        assert_int_equal(image_decode(bytes, n, &img, &why), CASES[i].e);
        assert_true(strlen(why.text) > 20);
        assert_null(img.px);
        free(bytes);
    }
    assert_int_equal(image_decode((const uint8_t *)"", 0, &(struct image){0}, NULL), ERR_TRUNCATED);
}

/* A BMP of 2 x 2: header_bytes of header, masks if any, a palette of 4 greys for 8 bits, then rows from the bottom. */
static void put_bmp(struct made *m, uint32_t header_bytes, uint32_t depth, const uint32_t *masks)
{
    static const uint32_t SHADES[4] = {0x102030, 0x404040, 0x808080, 0xf0f0f0}; /* 0xRRGGBB */
    uint32_t after = header_bytes == 40 && masks != NULL ? 12 : depth == 8 ? 16 : 0;

    put(m, "BM", 2);
    put_le(m, 0, 8);
    put_le(m, 14 + header_bytes + after, 4);
    put_le(m, header_bytes, 4);
    put_le(m, 2, 4);
    put_le(m, 2, 4);
    put_le(m, depth << 16 | 1, 4);
    put_le(m, masks != NULL ? 3 : 0, 4);
    put_le(m, 0, 12);
    put_le(m, depth == 8 ? 4 : 0, 4);
    put_le(m, 0, 4);
    for (int i = 0; masks != NULL && i < 3; i++)
        put_le(m, masks[i], 4);
    while (m->n < 14 + header_bytes)
        put_le(m, 0xee, 1); /* the rest of a V4 or V5 header: libgd takes it for the palette */
    for (int i = 0; depth == 8 && i < 4; i++)
        put_le(m, SHADES[i], 4);
    if (depth == 8)
        put(m, "\0\1\0\0\2\3\0", 8);
    for (int i = 0; depth == 32 && i < 4; i++)
        put_le(m, SHADES[i], 4);
}

/* Fails when libgd's faults come through: an 8-bit V4 or V5 BMP with a wrong palette, ordinary BITFIELDS refused. */
static void test_bmp_mended(void **state)
{
    static const uint32_t ORDINARY[3] = {0xff0000, 0xff00, 0xff}, SWAPPED[3] = {0xff, 0xff00, 0xff0000};
    static const struct {
        uint32_t header_bytes, depth;
        const uint32_t *masks;
        enum err e;
    } CASES[] = {{40, 8, NULL, OK},       {108, 8, NULL, OK},      {124, 8, NULL, OK},
                 {40, 32, NULL, OK},      {124, 32, NULL, OK},     {40, 32, ORDINARY, OK},
                 {108, 32, ORDINARY, OK}, {124, 32, ORDINARY, OK}, {40, 32, SWAPPED, ERR_UNSUPPORTED}};

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct made m = {.n = 0};
        struct image img;
        struct why why = {{0}};

        put_bmp(&m, CASES[i].header_bytes, CASES[i].depth, CASES[i].masks);
        if (image_decode(m.b, m.n, &img, &why) != CASES[i].e)
            fail_msg("case %zu: %s", i, why.text);
        if (CASES[i].e != OK)
            continue;
        assert_int_equal(img.px[0], 0x80);
        assert_int_equal(img.px[1], 0xf0);
        assert_int_equal(img.px[2], (299 * 0x10 + 587 * 0x20 + 114 * 0x30 + 500) / 1000);
        assert_int_equal(img.px[3], 0x40);
        image_free(&img);
    }
}

/* Fails when a format's codec is missing from libgd, and when the second call does not work like the first. */
static void test_warm_up(void **state)
{
    struct why why = {{0}};

    (void)state;
    assert_int_equal(image_warm_up(&why), OK);
    assert_int_equal(image_warm_up(&why), OK);
    assert_string_equal(why.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats_give_the_same_greys),
        cmocka_unit_test(test_palettes),
        cmocka_unit_test(test_luminance),
        cmocka_unit_test(test_transparency),
        cmocka_unit_test(test_orientations),
        cmocka_unit_test(test_truncations_are_refused),
        cmocka_unit_test(test_jpeg_damage),
        cmocka_unit_test(test_png_damage),
        cmocka_unit_test(test_png_text_is_not_inflated),
        cmocka_unit_test(test_png_surplus),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bmp_mended),
        cmocka_unit_test(test_warm_up),
    };

    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
