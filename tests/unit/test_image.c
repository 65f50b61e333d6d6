/* image/image: exact greys from every format, alpha, palettes, orientation, and what BMP needs mended. */
#include "image/image.h"

#include <gd.h>

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
    static const char *const EXACT[] = {"digit-7.png", "digit-7.gif",  "digit-7.bmp",       "digit-7.webp",
                                        "digit-7.tif", "digit-7.avif", "digit-7-12bit.png", "digit-7-12bit.tif"};
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
    compare_28("digit-7-cmyk.jpg", want, &sum, &greatest); /* measured: mean 2.4, greatest 20 */
    assert_in_range(sum, 1, 784 * 4);
    assert_in_range(greatest, 1, 40);
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
    compare_28("digit-7-fax.tif", seven, &sum, &greatest);
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

/* Mean brightness of the left, right, upper and lower half. */
static void halves(const struct image *img, int of[4])
{
    int64_t sum[4] = {0};
    const int w = img->raster.w, h = img->raster.h;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            sum[x < w / 2 ? 0 : 1] += img->px[y * w + x];
            sum[y < h / 2 ? 2 : 3] += img->px[y * w + x];
        }
    for (int i = 0; i < 4; i++)
        of[i] = (int)(sum[i] / (w * h / 2));
}

/* Fails when an AVIF or TIFF is turned another way than the camera's JPEG of the same, or a WebP, which browsers show
 * as it is stored, is turned at all. */
static void test_turned(void **state)
{
    static const char *const FILES[] = {"digit-4-turned.avif", "digit-4-turned.tif", "sideways.webp"};
    struct image jpeg = decode_ok("digit-4-turned.jpg");
    int want[4], got[4];

    (void)state;
    halves(&jpeg, want);
    for (int i = 0; i < 3; i++) {
        struct image img = decode_ok(FILES[i]);
        const bool turned = i < 2;

        assert_int_equal(img.upright, turned);
        assert_int_equal(img.raster.w, turned ? 120 : 150);
        assert_int_equal(img.raster.h, turned ? 150 : 120);
        halves(&img, got);
        for (int k = 0; turned && k < 4; k++)
            if (abs(got[k] - want[k]) > 3)
                fail_msg("%s: half %d is %d, not %d", FILES[i], k, got[k], want[k]);
        image_free(&img);
    }
    image_free(&jpeg);
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
        cmocka_unit_test(test_turned),
        cmocka_unit_test(test_bmp_mended),
        cmocka_unit_test(test_warm_up),
    };

    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
