/* image/image: pictures that are cut, damaged or more than they say are refused, each with its code, and cost little.
 */
#include "image/image.h"

#include <sys/resource.h>

#include <zlib.h>

#include "image/png_data.h"
#include "pace.h"
#include "pictures.h"

static struct image decode_ok(const uint8_t *bytes, size_t n)
{
    struct image img;
    struct why why = {{0}};

    if (image_decode(bytes, n, &img, &why) != OK)
        fail_msg("%s", why.text);
    return img;
}

/* One cut of a file that reads as whole. True: it is read, and to the last pixel as the whole is; not PNG, BMP, WebP,
 * AVIF. */
static bool cut_is_whole(const char *file, const struct image *whole, const uint8_t *bytes, size_t cut)
{
    uint8_t *part = bytes_copy(bytes, cut);
    struct image img;
    struct why why = {{0}};
    const enum err e = image_decode(part, cut, &img, &why);
    const bool ends_matter =
        strstr(file, ".jpg") == NULL && strstr(file, ".gif") == NULL && strstr(file, ".tif") == NULL;

    free(part);
    if (e == OK && !ends_matter) {
        assert_int_equal(img.raster.w, whole->raster.w);
        assert_int_equal(img.raster.h, whole->raster.h);
        if (memcmp(img.px, whole->px, (size_t)img.raster.w * (size_t)img.raster.h) != 0)
            fail_msg("%s cut to %zu is read with pixels that were made up", file, cut);
        image_free(&img);
        return true;
    }
    if (e != ERR_TRUNCATED && e != ERR_FORMAT && !(strstr(file, ".avif") != NULL && cut < 12))
        fail_msg("%s cut to %zu: %s", file, cut, err_str(e));
    assert_null(img.px);
    return false;
}

/* R32. Fails when a cut picture of any format is read with a pixel missing, or one is refused of which only the end is
 * missing: 1,000 lengths of each, and the last 40 bytes one by one. */
static void test_truncations(void **state)
{
    static const struct {
        const char *file;
        size_t spare; /* bytes at its end that no pixel needs */
    } FILES[] = {{"digit-5-drawing.png", 0}, {"digit-4-turned.jpg", 2}, {"digit-7-cmyk.jpg", 2},   {"digit-7.gif", 3},
                 {"animated-0.gif", 3},      {"digit-7.bmp", 0},        {"digit-7-lossy.webp", 0}, {"digit-7.webp", 0},
                 {"digit-7.tif", 0},         {"digit-7-fax.tif", 0},    {"digit-4-turned.tif", 0}, {"digit-7.avif", 0},
                 {"animated-0.avif", 0},     {"digit-7-12bit.png", 0}};

    (void)state;
    for (size_t f = 0; f < sizeof(FILES) / sizeof(FILES[0]); f++) {
        char path[200];
        size_t n, shortest;
        uint8_t *bytes;
        struct image whole;

        snprintf(path, sizeof(path), PICTURES "%s", FILES[f].file);
        bytes = file_read(path, &n);
        whole = decode_ok(bytes, n);
        shortest = n;
        for (size_t i = 0; i < 1000; i++)
            (void)cut_is_whole(FILES[f].file, &whole, bytes, i * n / 1000);
        for (size_t cut = n - 1; cut > n - 40 && cut_is_whole(FILES[f].file, &whole, bytes, cut); cut--)
            shortest = cut;
        if (n - shortest < FILES[f].spare)
            fail_msg("%s without its last %zu bytes is refused", FILES[f].file, n - shortest + 1);
        image_free(&whole);
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
    began_ms = pace_cpu_ms();
    assert_int_equal(image_decode(png, n, &img, &why), ERR_FORMAT);
    assert_true(pace_cpu_within(pace_cpu_ms() - began_ms, 500)); /* measured: 60 */
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

static size_t chunk(uint8_t *to, const char *kind, const uint8_t *data, size_t n)
{
    const uint8_t length[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

    memcpy(to, length, 4);
    memcpy(to + 4, kind, 4);
    memcpy(to + 8, data, n);
    memset(to + 8 + n, 0, 4); /* nobody looks at the sum */
    return n + 12;
}

/* Breaks when the bound on a PNG's data misses what comes in several chunks, looks past a chunk that is cut, or calls
 * data too long that has ended, or is damaged: that is libpng's to say. */
static void test_png_data_bound(void **state)
{
    static const uint8_t head[13] = {0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0}; /* 1 x 1, grey */
    enum { ZEROS = 40 << 20, JUNK = 64 << 10 };
    uint8_t *zeros = calloc(1, ZEROS), *packed = malloc(compressBound(ZEROS)), *png = malloc(compressBound(ZEROS));
    uLongf packed_n = compressBound(ZEROS);
    size_t start, n;

    (void)state;
    assert_true(zeros != NULL && packed != NULL && png != NULL);
    assert_int_equal(compress2(packed, &packed_n, zeros, ZEROS, 9), Z_OK);
    memcpy(png, "\x89PNG\r\n\x1a\n", 8);
    start = 8 + chunk(png + 8, "IHDR", head, sizeof(head));
    n = start + chunk(png + start, "IDAT", packed, packed_n);
    assert_true(png_data_overflows(png, n));
    n = start + chunk(png + start, "IDAT", packed, packed_n / 2); /* in two, with one between that is none of it */
    n += chunk(png + n, "tEXt", packed, 100);
    n += chunk(png + n, "IDAT", packed + packed_n / 2, packed_n - packed_n / 2);
    assert_true(png_data_overflows(png, n));
    assert_true(png_data_overflows(png, n - 12));                /* the second is cut: the first alone has 20 MB */
    assert_false(png_data_overflows(png, start + packed_n / 4)); /* the first is cut: there is nothing to look at */
    packed_n = compressBound(ZEROS);
    assert_int_equal(compress2(packed, &packed_n, zeros, 100, 9), Z_OK);
    memset(packed + packed_n, 0x55, JUNK); /* it ends, and much follows that is not looked at */
    n = start + chunk(png + start, "IDAT", packed, packed_n + JUNK);
    assert_false(png_data_overflows(png, n));
    n = start + chunk(png + start, "IDAT", packed + packed_n, JUNK); /* it never begins */
    assert_false(png_data_overflows(png, n));
    free(zeros);
    free(packed);
    free(png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncations), cmocka_unit_test(test_jpeg_damage),
        cmocka_unit_test(test_png_damage),  cmocka_unit_test(test_png_text_is_not_inflated),
        cmocka_unit_test(test_png_surplus), cmocka_unit_test(test_png_data_bound),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests_name("image damage", tests, NULL, NULL);
}
