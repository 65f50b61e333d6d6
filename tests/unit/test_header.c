/* image/header: each format good, cut at every byte, with each early bit flipped; what is no picture; limits; bombs. */
#include "image/header/header.h"

#include "image/image.h"
#include "pace.h"
#include "pictures.h"

static enum err read_made(const struct made *m, struct image_header *h, struct why *why)
{
    uint8_t *copy = bytes_copy(m->b, m->n);
    enum err e = image_header_read(copy, m->n, h, why);

    free(copy);
    return e;
}

static const struct {
    const char *file;
    enum image_format format;
    int width, height, orientation;
} GOOD[] = {
    {"digit-7.png", IMAGE_PNG, 28, 28, 1},
    {"digit-7.jpg", IMAGE_JPEG, 28, 28, 1},
    {"digit-4-turned.jpg", IMAGE_JPEG, 240, 300, 6},
    {"digit-7.gif", IMAGE_GIF, 28, 28, 1},
    {"animated-0.gif", IMAGE_GIF, 28, 28, 1},
    {"digit-7.bmp", IMAGE_BMP, 28, 28, 1},
    {"digit-7.webp", IMAGE_WEBP, 28, 28, 1},
    {"digit-7-lossy.webp", IMAGE_WEBP, 28, 28, 1},
    {"sideways.webp", IMAGE_WEBP, 150, 120, 1},
    {"digit-7-12bit.png", IMAGE_PNG, 28, 28, 1},
    {"digit-7-cmyk.jpg", IMAGE_JPEG, 28, 28, 1},
    {"digit-7.tif", IMAGE_TIFF, 28, 28, 1},
    {"digit-7-fax.tif", IMAGE_TIFF, 28, 28, 1},
    {"digit-7-12bit.tif", IMAGE_TIFF, 28, 28, 1},
    {"digit-4-turned.tif", IMAGE_TIFF, 150, 120, 6},
    {"digit-7.avif", IMAGE_AVIF, 28, 28, 1},
    {"digit-4-turned.avif", IMAGE_AVIF, 150, 120, 6},
    {"animated-0.avif", IMAGE_AVIF, 28, 28, 1},
};
enum { GOOD_COUNT = sizeof(GOOD) / sizeof(GOOD[0]) };

static uint8_t *read_good(int i, size_t *n)
{
    char path[200];

    snprintf(path, sizeof(path), PICTURES "%s", GOOD[i].file);
    return file_read(path, n);
}

/* Fails when a reader takes a wrong field, byte order or frame. */
static void test_good(void **state)
{
    (void)state;
    for (int i = 0; i < GOOD_COUNT; i++) {
        struct image_header h;
        struct why why = {{0}};
        size_t n;
        uint8_t *bytes = read_good(i, &n);
        enum err e = image_header_read(bytes, n, &h, &why);

        if (e != OK)
            fail_msg("%s: %s", GOOD[i].file, why.text);
        assert_int_equal(h.format, GOOD[i].format);
        assert_int_equal(h.width, GOOD[i].width);
        assert_int_equal(h.height, GOOD[i].height);
        assert_int_equal(h.orientation, GOOD[i].orientation);
        free(bytes);
    }
}

/* A GIF is whole when its first frame is; of a JPEG cut in its last scan, only the decoder can tell; a TIFF that ends
 * with its directory may lack the place of the next one. */
static bool may_be_whole(const struct image_header *h, size_t missing)
{
    return h->format == IMAGE_GIF || (h->format == IMAGE_JPEG && h->jpeg_no_end) ||
           (h->format == IMAGE_TIFF && missing <= 4);
}

/* Fails when a prefix of a file is taken for a file, or (under ASan) when a byte past the end is read. An AVIF begins
 * with a length, so that one of under 12 bytes, without its brand, is any file. */
static void test_truncated_at_every_byte(void **state)
{
    (void)state;
    for (int i = 0; i < GOOD_COUNT; i++) {
        size_t n;
        uint8_t *bytes = read_good(i, &n);

        for (size_t cut = 0; cut < n; cut++) {
            struct image_header h;
            struct why why = {{0}};
            uint8_t *part = bytes_copy(bytes, cut);
            enum err e = image_header_read(part, cut, &h, &why);

            free(part);
            if (e == OK && may_be_whole(&h, n - cut))
                continue;
            if (e != ERR_TRUNCATED && !(GOOD[i].format == IMAGE_AVIF && cut < 12 && e == ERR_UNSUPPORTED))
                fail_msg("%s cut to %zu of %zu bytes: %s: %s", GOOD[i].file, cut, n, err_str(e), why.text);
            assert_int_equal(h.width, 0);
            assert_true(strlen(why.text) > 20);
        }
        free(bytes);
    }
}

/* Fails when a damaged header crashes a reader, gives a size outside the limits, or an error without a sentence. */
static void test_every_early_bit_flipped(void **state)
{
    (void)state;
    for (int i = 0; i < GOOD_COUNT; i++) {
        size_t n;
        uint8_t *bytes = read_good(i, &n);

        for (size_t bit = 0; bit < 8 * 400 && bit < 8 * n; bit++) {
            struct image_header h;
            struct why why = {{0}};
            enum err e;

            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            e = image_header_read(bytes, n, &h, &why);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (e == OK) {
                assert_in_range(h.width, 1, IMAGE_SIDE_MAX_PX);
                assert_in_range(h.height, 1, IMAGE_SIDE_MAX_PX);
                assert_in_range((int64_t)h.width * h.height, 1, IMAGE_AREA_MAX_PX);
                assert_in_range(h.orientation, 1, 8);
            } else {
                assert_true(strlen(why.text) > 20);
                assert_int_equal(h.width, 0);
            }
        }
        free(bytes);
    }
}

/* R28. Fails when something else is guessed to be a picture, or its sentence does not say what to do. */
static void test_not_a_picture(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        enum err e;
        const char *says;
    } CASES[] = {
        {"", 0, ERR_TRUNCATED, "empty"},
        {"hello, world, this is no picture at all", 39, ERR_UNSUPPORTED, "PNG, JPEG, GIF, BMP, WebP, TIFF or AVIF"},
        {"BMW is a maker of cars, and this is a text", 42, ERR_UNSUPPORTED, "PNG"},
        {"\0\0\0\x18"
         "ftypheic\0\0\0\0",
         16, ERR_UNSUPPORTED, "HEIC"},
        {"\0\0\0\x18"
         "ftypmp42\0\0\0\0isom",
         20, ERR_UNSUPPORTED, "This file is not a supported picture"},
        {"\0\0\0\x08"
         "ftyp",
         8, ERR_UNSUPPORTED, "This file is not a supported picture"},
        {"\0\0\0", 3, ERR_UNSUPPORTED, "PNG"},
        {"II+\0\x08\0\0\0", 8, ERR_UNSUPPORTED, "BigTIFF"},
        {"\xff\x0a and so on", 11, ERR_UNSUPPORTED, "JPEG XL"},
        {"%PDF-1.7 and so on", 18, ERR_UNSUPPORTED, "PDF"},
        {"RIFF\x10\0\0\0WAVEfmt ", 16, ERR_UNSUPPORTED, "PNG"},
        {"GIF88a and so on", 16, ERR_UNSUPPORTED, "PNG"},
        {"\x89PNG\r\n\x1a\r", 8, ERR_UNSUPPORTED, "PNG"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct image_header h;
        struct why why = {{0}};

        assert_int_equal(image_header_read((const uint8_t *)CASES[i].bytes, CASES[i].n, &h, &why), CASES[i].e);
        if (strstr(why.text, CASES[i].says) == NULL)
            fail_msg("case %zu says: %s", i, why.text);
    }
}

/* Fails when one of HEIC's brands is not known for what it is, or an AVIF is taken for one because it has them too. */
static void test_heic(void **state)
{
    static const char *const BRANDS[] = {"heic", "heix", "heim", "heis", "hevc",
                                         "hevx", "hevm", "hevs", "mif1", "msf1"};

    (void)state;
    for (size_t i = 0; i < sizeof(BRANDS) / sizeof(BRANDS[0]); i++)
        for (int as = 0; as < 3; as++) { /* the major brand, a compatible one, the major one of an AVIF */
            struct made m = {.n = 0};
            struct image_header h;
            struct why why = {{0}};

            put_be(&m, 24, 4);
            put(&m, "ftyp", 4);
            put(&m, as == 1 ? "xxxx" : BRANDS[i], 4);
            put(&m, "\0\0\0\0", 4);
            put(&m, "miaf", 4);
            put(&m, as == 2 ? "avif" : BRANDS[i], 4);
            assert_int_equal(read_made(&m, &h, &why), as == 2 ? ERR_TRUNCATED : ERR_UNSUPPORTED);
            if (strstr(why.text, as == 2 ? "AVIF file ends too early"
                                         : "HEIC pictures are not supported. Save it as JPEG") == NULL)
                fail_msg("%s: %s", BRANDS[i], why.text);
        }
}

static enum err read_png_of(uint32_t w, uint32_t h, struct image_header *out, struct why *why)
{
    struct made m = {.n = 0};

    put(&m, "\x89PNG\r\n\x1a\n", 8);
    put_png_ihdr(&m, w, h);
    put_png_chunk(&m, "IDAT", "x", 1);
    put_png_chunk(&m, "IEND", "", 0);
    return read_made(&m, out, why);
}

/* Fails when a limit is off by one, its product overflows, or the sentence leaves out what was found or allowed. */
static void test_limits(void **state)
{
    struct image_header h;
    struct why why = {{0}};

    (void)state;
    assert_int_equal(read_png_of(5000, 5000, &h, &why), OK);
    assert_int_equal(read_png_of(10000, 2500, &h, &why), OK);
    assert_int_equal(read_png_of(5000, 5001, &h, &why), ERR_LIMIT);
    assert_int_equal(read_png_of(10001, 1, &h, &why), ERR_LIMIT);
    assert_int_equal(read_png_of(1, 10001, &h, &why), ERR_LIMIT);
    assert_int_equal(read_png_of(0, 10, &h, &why), ERR_FORMAT);
    assert_int_equal(read_png_of(UINT32_MAX, UINT32_MAX, &h, &why), ERR_LIMIT);
    assert_int_equal(read_png_of(20000, 20001, &h, &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "20000 x 20001"));
    assert_non_null(strstr(why.text, "10000"));
    assert_non_null(strstr(why.text, "25"));
}

static long peak_kib(void)
{
    char line[200];
    long kib = -1;
    FILE *f = fopen("/proc/self/status", "r");

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL)
        if (sscanf(line, "VmPeak: %ld", &kib) == 1)
            break;
    fclose(f);
    return kib;
}

/* R29: fails when a few bytes that announce a giant cost more than 5 ms or 2 MiB of address space, in the whole of
 * image_decode: if libgd were asked, it would take gigabytes. */
static void test_bombs(void **state)
{
    struct made bombs[4] = {{.n = 0}};

    (void)state;
    put(&bombs[0], "GIF89a\xff\xff\xff\xff\0\0\0\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0\0\0\0\0\x3b", 34);
    put(&bombs[1], "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", 18); /* V3 header, pixels at 54 */
    put_le(&bombs[1], 30000, 4);
    put_le(&bombs[1], 30000, 4);
    put_le(&bombs[1], 24 << 16 | 1, 4);
    put_le(&bombs[1], 0, 28);
    put(&bombs[2], "\x89PNG\r\n\x1a\n", 8);
    put_png_ihdr(&bombs[2], 65535, 65535);
    put_png_chunk(&bombs[2], "IDAT", "xxxxxxxxxxxxxxx", 15);
    put(&bombs[3], "II*\0\x08\0\0\0\x02\0", 10);
    put_le(&bombs[3], 4 << 16 | 256, 4);
    put_le(&bombs[3], 1, 4);
    put_le(&bombs[3], 60000, 4);
    put_le(&bombs[3], 4 << 16 | 257, 4);
    put_le(&bombs[3], 1, 4);
    put_le(&bombs[3], 60000, 4);
    assert_int_equal(bombs[1].n, 58);
    assert_int_equal(bombs[2].n, 60);
    for (int i = 0; i < 4; i++) {
        long before = peak_kib();
        struct why why = {{0}};
        struct image img;
        double began_ms;

        began_ms = pace_cpu_ms();
        assert_int_equal(image_decode(bombs[i].b, bombs[i].n, &img, &why), ERR_LIMIT);
        assert_true(pace_cpu_within(pace_cpu_ms() - began_ms, 5));
        assert_true(peak_kib() - before <= 2048);
        assert_null(img.px);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_truncated_at_every_byte),
        cmocka_unit_test(test_every_early_bit_flipped),
        cmocka_unit_test(test_not_a_picture),
        cmocka_unit_test(test_heic),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bombs),
    };

    return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
