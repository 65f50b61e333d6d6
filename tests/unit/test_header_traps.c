/* image/header, image/exif: the traps of each format, in pictures put together by hand. */
#include "image/header/header.h"

#include "image/header/exif.h"
#include "image/image.h"
#include "pictures.h"

static enum err read_made(const struct made *m, struct image_header *h, struct why *why)
{
    uint8_t *copy = bytes_copy(m->b, m->n);
    enum err e = image_header_read(copy, m->n, h, why);

    free(copy);
    return e;
}

/* Fails when a PNG's size may be told twice, elsewhere, or after data; APNG's chunks must not matter. */
static void test_png_traps(void **state)
{
    struct image_header h;
    struct made m = {.n = 0}, second = {.n = 0}, apng = {.n = 0}, tiff = {.n = 0};

    (void)state;
    put(&m, "\x89PNG\r\n\x1a\n", 8);
    put_png_chunk(&m, "gAMA", "\0\0\0\1", 4);
    put_png_ihdr(&m, 10, 10);
    put_png_chunk(&m, "IDAT", "x", 1);
    put_png_chunk(&m, "IEND", "", 0);
    assert_int_equal(read_made(&m, &h, NULL), ERR_FORMAT);

    put(&second, "\x89PNG\r\n\x1a\n", 8);
    put_png_ihdr(&second, 10, 10);
    put_png_ihdr(&second, 60000, 60000);
    put_png_chunk(&second, "IDAT", "x", 1);
    put_png_chunk(&second, "IEND", "", 0);
    assert_int_equal(read_made(&second, &h, NULL), ERR_FORMAT);

    put_tiff(&tiff, true, 8);
    put(&apng, "\x89PNG\r\n\x1a\n", 8);
    put_png_ihdr(&apng, 10, 12);
    put_png_chunk(&apng, "acTL", "\0\0\0\2\0\0\0\0", 8);
    put_png_chunk(&apng, "eXIf", tiff.b, (uint32_t)tiff.n);
    put_png_chunk(&apng, "fcTL", "\0\0\0\0\0\0\xff\xff\0\0\xff\xff\0\0\0\0\0\0\0\0\0\1\0\1\0\0", 26);
    put_png_chunk(&apng, "IDAT", "x", 1);
    put_png_chunk(&apng, "fdAT", "\0\0\0\1x", 5);
    put_png_chunk(&apng, "IEND", "", 0);
    put(&apng, "bytes after the end", 19);
    assert_int_equal(read_made(&apng, &h, NULL), OK);
    assert_int_equal(h.width, 10);
    assert_int_equal(h.height, 12);
    assert_int_equal(h.orientation, 8);

    m.n = 0;
    put(&m, "\x89PNG\r\n\x1a\n", 8);
    put_png_ihdr(&m, 10, 10);
    put_png_chunk(&m, "IDAT", "x", 1);
    put_png_chunk(&m, "eXIf", tiff.b, (uint32_t)tiff.n); /* behind the data: browsers do not turn it */
    put_png_chunk(&m, "IEND", "", 0);
    assert_int_equal(read_made(&m, &h, NULL), OK);
    assert_int_equal(h.orientation, 1);

    m.n = 0;
    put(&m, "\x89PNG\r\n\x1a\n", 8);
    put_png_ihdr(&m, 10, 10);
    put_png_chunk(&m, "IEND", "", 0); /* no data at all */
    assert_int_equal(read_made(&m, &h, NULL), ERR_FORMAT);
}

static void put_jpeg_sof(struct made *m, uint8_t code, uint32_t w, uint32_t h)
{
    put_be(m, 0xff00u | code, 2);
    put(m, "\0\x0b\x08", 3);
    put_be(m, h << 16 | w, 4);
    put(m, "\x01\x01\x11\0", 4);
}

/* A JPEG whose APP1 holds an orientation and a whole thumbnail JPEG of 160 x 120. */
static void put_jpeg_with_thumbnail(struct made *m, bool big_endian, uint8_t sof, uint32_t w, uint32_t h)
{
    struct made app1 = {.n = 0};

    put(&app1, "Exif\0", 6);
    put_tiff(&app1, big_endian, 3);
    put(&app1, "\xff\xd8", 2);
    put_jpeg_sof(&app1, 0xc0, 160, 120);
    put(&app1, "\xff\xd9", 2);
    put(m, "\xff\xd8", 2);
    put_jpeg_segment(m, 0xe1, app1.b, app1.n);
    put(m, "\xff\xff\xff", 3); /* fill bytes */
    put_jpeg_segment(m, 0xc4, "tables", 6);
    put_jpeg_sof(m, sof, w, h);
}

static void put_jpeg_scan(struct made *m)
{
    put_jpeg_segment(m, 0xda, "\1\1\0\0\x3f\0", 6);
    put(m, "data\xff\0data\xff\xd0more", 15);
}

/* Fails when the thumbnail's frame, a DHT or a stuffed byte is taken for the frame header, or a file may ask for more
 * passes over its pixels than there is time for. */
static void test_jpeg_traps(void **state)
{
    struct image_header h;
    struct why why = {{0}};

    (void)state;
    for (int big = 0; big < 2; big++) {
        struct made m = {.n = 0};

        put_jpeg_with_thumbnail(&m, big, 0xc2, 640, 480);
        put_jpeg_scan(&m);
        assert_int_equal(read_made(&m, &h, NULL), ERR_TRUNCATED); /* no EOI yet */
        put_jpeg_scan(&m);
        put(&m, "\xff\xd9", 2);
        assert_int_equal(read_made(&m, &h, NULL), OK);
        assert_int_equal(h.width, 640);
        assert_int_equal(h.height, 480);
        assert_int_equal(h.orientation, 3);
    }
    for (unsigned sof = 0xc0; sof <= 0xcf; sof++) {
        struct made m = {.n = 0};
        bool frame = sof != 0xc4 && sof != 0xc8 && sof != 0xcc;
        bool read = sof <= 0xc2 || sof == 0xc9 || sof == 0xca;

        put_jpeg_with_thumbnail(&m, false, (uint8_t)sof, 640, 480);
        put_jpeg_scan(&m);
        put(&m, "\xff\xd9", 2);
        assert_int_equal(read_made(&m, &h, NULL), read ? OK : frame ? ERR_UNSUPPORTED : ERR_FORMAT);
    }
    struct made two = {.n = 0}, many = {.n = 0}, tall = {.n = 0};

    put_jpeg_with_thumbnail(&two, false, 0xc0, 640, 480);
    put_jpeg_sof(&two, 0xc0, 60000, 60000);
    assert_int_equal(read_made(&two, &h, NULL), ERR_FORMAT);
    put_jpeg_with_thumbnail(&many, false, 0xc2, 640, 480);
    for (int i = 0; i < 101; i++)
        put_jpeg_scan(&many);
    put(&many, "\xff\xd9", 2);
    assert_int_equal(read_made(&many, &h, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "100 scans"));
    many.n = 0;
    put_jpeg_with_thumbnail(&many, false, 0xc2, 5000, 5000); /* each one goes over 25 Mpx */
    for (int i = 0; i < 20; i++)
        put_jpeg_scan(&many);
    size_t before = many.n;

    put(&many, "\xff\xd9", 2);
    assert_int_equal(read_made(&many, &h, &why), OK);
    many.n = before;
    put_jpeg_scan(&many);
    put(&many, "\xff\xd9", 2);
    assert_int_equal(read_made(&many, &h, &why), ERR_UNSUPPORTED);
    put_jpeg_with_thumbnail(&tall, false, 0xc0, 640, 0); /* the height comes later, in a DNL segment */
    assert_int_equal(read_made(&tall, &h, &why), ERR_UNSUPPORTED);
}

/* Two components, then scans as {components, id, id, first, last, bits}; no EOI. */
static void put_jpeg_two(struct made *m, uint8_t sof, const uint8_t (*scans)[6], size_t n)
{
    put(m, "\xff\xd8\xff", 3);
    put_le(m, sof, 1);
    put(m, "\0\x0e\x08\0\x10\0\x10\x02\x01\x11\0\x02\x11\0", 14);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *s = scans[i];
        struct made head = {.n = 0};

        put_le(&head, s[0], 1);
        for (int k = 0; k < s[0]; k++)
            put_le(&head, s[1 + k], 2);
        put(&head, s + 3, 3);
        put_jpeg_segment(m, 0xda, head.b, head.n);
        put(m, "data", 4);
    }
}

/* Fails when a JPEG without its end counts as whole although a component, a band or the last bits of one had no scan:
 * its missing end would be the only sign of it. */
static void test_jpeg_without_end(void **state)
{
    static const struct {
        uint8_t sof;
        size_t n;
        uint8_t scans[5][6];
        bool whole;
    } CASES[] = {
        {0xc0, 1, {{2, 1, 2, 0, 63, 0}}, true},
        {0xc0, 1, {{1, 1, 0, 0, 63, 0}}, false},
        {0xc0, 2, {{1, 1, 0, 0, 63, 0}, {1, 2, 0, 0, 63, 0}}, true},
        {0xc9, 1, {{2, 1, 2, 0, 63, 0}}, false}, /* arithmetic */
        {0xc2, 1, {{2, 1, 2, 0, 0, 0}}, false},
        {0xc2, 3, {{2, 1, 2, 0, 0, 0}, {1, 1, 0, 1, 63, 0}, {1, 2, 0, 1, 63, 0}}, true},
        {0xc2, 3, {{2, 1, 2, 0, 0, 0}, {1, 1, 0, 1, 63, 0}, {1, 2, 0, 1, 63, 1}}, false}, /* a bit is missing */
        {0xc2, 4, {{2, 1, 2, 0, 0, 0}, {1, 1, 0, 1, 63, 0}, {1, 2, 0, 1, 63, 1}, {1, 2, 0, 1, 63, 0x10}}, true},
        {0xc2, 3, {{2, 1, 2, 0, 0, 0}, {1, 1, 0, 1, 63, 0}, {1, 2, 0, 1, 62, 0}}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct made m = {.n = 0};
        struct image_header h;
        enum err e;

        put_jpeg_two(&m, CASES[i].sof, CASES[i].scans, CASES[i].n);
        e = read_made(&m, &h, NULL);
        if (e != (CASES[i].whole ? OK : ERR_TRUNCATED) || h.jpeg_no_end != CASES[i].whole)
            fail_msg("case %zu: %s", i, err_str(e));
        put(&m, "\xff\xd9", 2);
        assert_int_equal(read_made(&m, &h, NULL), OK);
        assert_false(h.jpeg_no_end);
    }
}

/* Fails when EXIF's offsets, counts or types are followed without a look at the end. */
static void test_exif(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct made m;

        for (uint32_t o = 0; o < 12; o++) {
            m.n = 0;
            put_tiff(&m, big, o);
            assert_int_equal(exif_orientation(m.b, m.n), o >= 1 && o <= 8 ? (int)o : 1);
        }
        m.n = 0;
        put_tiff(&m, big, 6);
        for (size_t n = 0; n < 22; n++) { /* the entry ends at byte 22 */
            uint8_t *part = bytes_copy(m.b, n);

            assert_int_equal(exif_orientation(part, n), 1);
            free(part);
        }
        for (size_t bit = 0; bit < 8 * m.n; bit++) {
            uint8_t *part = bytes_copy(m.b, m.n);

            part[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_in_range(exif_orientation(part, m.n), 1, 8);
            free(part);
        }
    }
}

/* One GIF: screen, a graphic control extension of gce bytes, and a frame of zeros whose codes fill fill_px pixels. */
static void put_gif(struct made *m, uint32_t screen, uint32_t frame, uint8_t gce, int fill_px)
{
    put(m, "GIF89a", 6);
    put_le(m, screen, 2);
    put_le(m, screen, 2);
    put(m, "\x80\0\0\0\0\0\xff\xff\xff", 9);
    put(m, "\x21\xf9", 2);
    put_le(m, gce, 1);
    put(m, "\0\0\0\0", gce);
    put(m, "\0", gce > 0 ? 1 : 0);
    put(m, "\x2c\0\0\0\0", 5);
    put_le(m, frame, 2);
    put_le(m, frame, 2);
    put(m, "\0\x07", 2); /* 8-bit codes: clear is 128, end 129 */
    for (int i = 0; i < fill_px; i++)
        put(m, "\x02\x80\0", 3); /* clear, 0 */
    put(m, "\x01\x81\0\x3b", 4);
}

/* Fails when the screen's size is taken for the frame's, or a GIF with too little data passes as libgd lets it. */
static void test_gif_traps(void **state)
{
    struct image_header h;
    struct made m = {.n = 0};

    (void)state;
    put_gif(&m, 9, 3, 4, 9);
    assert_int_equal(read_made(&m, &h, NULL), OK);
    assert_int_equal(h.width, 3);
    m.n = 0;
    put_gif(&m, 9, 3, 4, 8); /* one pixel short */
    assert_int_equal(read_made(&m, &h, NULL), ERR_FORMAT);
    m.n = 0;
    put_gif(&m, 9, 10, 4, 100); /* the frame leaves the screen: browsers show it */
    assert_int_equal(read_made(&m, &h, NULL), OK);
    assert_int_equal(h.width, 10);
    m.n = 0;
    put_gif(&m, 0, 10, 4, 100);
    assert_int_equal(read_made(&m, &h, NULL), OK);
    m.n = 0;
    put_gif(&m, 0, 60000, 4, 9);
    assert_int_equal(read_made(&m, &h, NULL), ERR_LIMIT);
    m.n = 0;
    put_gif(&m, 9, 3, 0, 9); /* an empty control block leads libgd elsewhere */
    assert_int_equal(read_made(&m, &h, NULL), ERR_FORMAT);
    m.n = 0;
    put_gif(&m, 60000, 3, 4, 9);
    assert_int_equal(read_made(&m, &h, NULL), ERR_LIMIT);
    m.n = 0;
    put_gif(&m, 9, 3, 4, 9);
    m.n -= 4; /* no end code, no empty block, no trailer */
    assert_int_equal(read_made(&m, &h, NULL), OK);
    m.n -= 1; /* the last pixel's byte */
    assert_int_equal(read_made(&m, &h, NULL), ERR_TRUNCATED);
    m.n = 13 + 6;
    put(&m, "\x3b", 1); /* no frame at all */
    assert_int_equal(read_made(&m, &h, NULL), ERR_FORMAT);
}

static void put_bmp(struct made *m, uint32_t header_bytes, uint32_t w, uint32_t h, uint32_t depth, uint32_t compression)
{
    put(m, "BM", 2);
    put_le(m, 0, 8);
    put_le(m, 14 + header_bytes, 4);
    put_le(m, header_bytes, 4);
    put_le(m, w, header_bytes == 12 ? 2 : 4);
    put_le(m, h, header_bytes == 12 ? 2 : 4);
    put_le(m, 1, 2);
    put_le(m, depth, 2);
    if (header_bytes > 12)
        put_le(m, compression, 4);
    while (m->n < 14 + header_bytes)
        put(m, "\0", 1);
}

/* Fails when a BMP's sides are read with the wrong width or sign, or rows may be announced that are not there. */
static void test_bmp_traps(void **state)
{
    static const uint32_t TWO[] = {2, (uint32_t)-2};
    struct image_header h;
    struct made m = {.n = 0};

    (void)state;
    put_bmp(&m, 12, 2, 2, 24, 0);
    put(&m, "0123456789abcdef", 15);
    assert_int_equal(read_made(&m, &h, NULL), ERR_TRUNCATED); /* two rows of 8 bytes, one byte short */
    put(&m, "f", 1);
    assert_int_equal(read_made(&m, &h, NULL), OK);
    for (int i = 0; i < 2; i++) {
        m.n = 0;
        put_bmp(&m, 40, 2, TWO[i], 32, 0);
        put(&m, "0123456789abcdef", 16);
        assert_int_equal(read_made(&m, &h, NULL), OK);
        assert_int_equal(h.height, 2);
    }
    m.n = 0;
    put_bmp(&m, 40, 2, 0x80000000u, 24, 0); /* INT_MIN rows */
    assert_int_equal(read_made(&m, &h, NULL), ERR_LIMIT);
    m.n = 0;
    put_bmp(&m, 40, 0xffffffffu, 2, 24, 0); /* -1 columns */
    assert_int_equal(read_made(&m, &h, NULL), ERR_FORMAT);
    m.n = 0;
    put_bmp(&m, 12, 0xffff, 0xffff, 24, 0);
    assert_int_equal(read_made(&m, &h, NULL), ERR_LIMIT);
    m.n = 0;
    put_bmp(&m, 40, 2, 2, 24, 4); /* a JPEG inside */
    assert_int_equal(read_made(&m, &h, NULL), ERR_UNSUPPORTED);
    m.n = 0;
    put_bmp(&m, 52, 2, 2, 24, 0);
    assert_int_equal(read_made(&m, &h, NULL), ERR_UNSUPPORTED);
}

/* VP8X with a canvas, then a lossless frame. */
static void put_webp(struct made *m, uint8_t flags, uint32_t canvas, uint32_t frame)
{
    put(m, "RIFF", 4);
    put_le(m, 4 + 18 + 14, 4);
    put(m, "WEBPVP8X", 8);
    put_le(m, 10, 4);
    put_le(m, flags, 4);
    put_le(m, canvas - 1, 3);
    put_le(m, canvas - 1, 3);
    put(m, "VP8L", 4);
    put_le(m, 5, 4);
    put_le(m, 0x2f, 1);
    put_le(m, (frame - 1) << 14 | (frame - 1), 4);
    put_le(m, 0, 1);
}

/* Fails when the canvas hides the frame, or an animation is taken for a still. */
static void test_webp_traps(void **state)
{
    struct image_header h;
    struct why why = {{0}};
    struct made m = {.n = 0};
    size_t n;
    uint8_t *animated = file_read(PICTURES "animated.webp", &n);

    (void)state;
    put_webp(&m, 0, 50, 50);
    assert_int_equal(read_made(&m, &h, NULL), OK);
    assert_int_equal(h.width, 50);
    m.n = 0;
    put_webp(&m, 0, 50, 51);
    assert_int_equal(read_made(&m, &h, NULL), ERR_FORMAT);
    m.n = 0;
    put_webp(&m, 0, 1 << 24, 50);
    assert_int_equal(read_made(&m, &h, NULL), ERR_LIMIT);
    m.n = 0;
    put_webp(&m, 2, 50, 50);
    assert_int_equal(read_made(&m, &h, NULL), ERR_UNSUPPORTED);
    assert_int_equal(image_header_read(animated, n, &h, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "Animated"));
    free(animated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_traps),  cmocka_unit_test(test_jpeg_traps), cmocka_unit_test(test_jpeg_without_end),
        cmocka_unit_test(test_exif),       cmocka_unit_test(test_gif_traps),  cmocka_unit_test(test_bmp_traps),
        cmocka_unit_test(test_webp_traps),
    };

    return cmocka_run_group_tests_name("header_traps", tests, NULL, NULL);
}
