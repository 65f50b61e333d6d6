/* image/image: exact greys of the kinds of TIFF that people send, of 16-bit samples with fewer bits in them, and 16-bit
 * PNGs. */
#include "image/image.h"

#include <zlib.h>

#include "pictures.h"

struct kind {
    const char *what;
    bool big;
    uint32_t photometric, samples, bits, extra, planar; /* extra 0: no such field */
    uint16_t px[10];                                    /* of two pixels, as many as there are samples */
    uint8_t want[2];
};

/* A TIFF of 2 x 1 px in one strip, or one for each sample. */
static void put_kind(struct made *m, const struct kind *k)
{
    void (*put_int)(struct made *, uint32_t, int) = k->big ? put_be : put_le;
    enum { FIELDS = 12, TAIL_AT = 8 + 2 + 12 * FIELDS + 4 };
    const uint32_t strips = k->planar == 2 ? k->samples : 1, strip_bytes = 2 * k->samples * k->bits / 8 / strips;
    const uint32_t bits_at = TAIL_AT, places_at = bits_at + 10, lengths_at = places_at + 20, data_at = lengths_at + 20;
    const uint32_t fields[FIELDS][4] = {
        {256, 4, 1, 2},
        {257, 4, 1, 1},
        {258, 3, k->samples, k->samples > 2 ? bits_at : k->bits},
        {259, 3, 1, 1},
        {262, 3, 1, k->photometric},
        {273, 4, strips, strips > 1 ? places_at : data_at},
        {277, 3, 1, k->samples},
        {278, 4, 1, 1},
        {279, 4, strips, strips > 1 ? lengths_at : strip_bytes},
        {284, 3, 1, k->planar == 2 ? 2 : 1},
        {338, 3, k->extra > 0 ? 1 : 0, k->extra},
        {0xffff, 3, 1, 0},
    };
    const uint32_t n = k->extra > 0 ? FIELDS : FIELDS - 2;

    put(m, k->big ? "MM" : "II", 2);
    put_int(m, 42, 2);
    put_int(m, 8, 4);
    put_int(m, n, 2);
    for (uint32_t i = 0; i < FIELDS; i++) {
        const bool shorts = fields[i][1] == 3 && fields[i][2] <= 2;

        if (i >= n) {
            put(m, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
            continue;
        }
        put_int(m, fields[i][0], 2);
        put_int(m, fields[i][1], 2);
        put_int(m, fields[i][2], 4);
        put_int(m, fields[i][3], shorts ? 2 : 4);
        if (shorts)
            put_int(m, fields[i][2] == 2 ? fields[i][3] : 0, 2);
    }
    put_int(m, 0, 4);
    for (int i = 0; i < 5; i++)
        put_int(m, k->bits, 2);
    for (uint32_t i = 0; i < 5; i++)
        put_int(m, data_at + i * strip_bytes, 4);
    for (int i = 0; i < 5; i++)
        put_int(m, strip_bytes, 4);
    for (uint32_t i = 0; i < 2 * k->samples; i++) {
        const uint32_t at = k->planar == 2 ? i % 2 * k->samples + i / 2 : i;

        put_int(m, k->px[at], (int)k->bits / 8);
    }
}

/* Fails when a kind of TIFF is read as its negative, by its high bytes alone, in the other byte order, or with what is
 * clear as black. Two pixels each, the first dark. */
static void test_kinds(void **state)
{
    static const struct kind KINDS[] = {
        {"grey", false, 1, 1, 8, 0, 1, {16, 240}, {16, 240}},
        {"grey, big-endian", true, 1, 1, 8, 0, 1, {16, 240}, {16, 240}},
        {"white is 0", false, 0, 1, 8, 0, 1, {239, 15}, {16, 240}},
        {"16 bits", false, 1, 1, 16, 0, 1, {16 * 257, 240 * 257}, {16, 240}},
        {"16 bits, big-endian", true, 1, 1, 16, 0, 1, {16 * 257, 240 * 257}, {16, 240}},
        {"12 bits in 16", false, 1, 1, 16, 0, 1, {16 * 16, 240 * 16}, {16, 240}},
        {"12 bits in 16, big-endian", true, 1, 1, 16, 0, 1, {16 * 16, 240 * 16}, {16, 240}},
        {"8 bits in 16", false, 1, 1, 16, 0, 1, {16, 240}, {16, 240}},
        {"10 bits in 16, white is 0", false, 0, 1, 16, 0, 1, {239 * 4, 15 * 4}, {16, 240}},
        {"RGB", false, 2, 3, 8, 0, 1, {16, 16, 16, 240, 240, 240}, {16, 240}},
        {"RGB, apart", false, 2, 3, 8, 0, 2, {16, 16, 16, 240, 240, 240}, {16, 240}},
        {"RGB, 12 bits in 16", false, 2, 3, 16, 0, 1, {256, 256, 256, 3840, 3840, 3840}, {16, 240}},
        {"clear black", false, 2, 4, 8, 2, 1, {16, 16, 16, 255, 0, 0, 0, 0}, {16, 255}},
        {"clear black, 16 bits", false, 2, 4, 16, 2, 1, {4112, 4112, 4112, 65535, 0, 0, 0, 0}, {16, 255}},
        {"half black, multiplied", false, 2, 4, 8, 1, 1, {16, 16, 16, 255, 0, 0, 0, 128}, {16, 127}},
        {"half grey, multiplied", false, 2, 4, 8, 1, 1, {16, 16, 16, 255, 64, 64, 64, 128}, {16, 191}},
        {"half grey, not multiplied", false, 2, 4, 8, 2, 1, {16, 16, 16, 255, 128, 128, 128, 128}, {16, 191}},
        {"half grey, 16 bits", false, 2, 4, 16, 2, 1, {4112, 4112, 4112, 65535, 32896, 32896, 32896, 32896}, {16, 191}},
        {"CMYK", false, 5, 4, 8, 0, 1, {0, 0, 0, 239, 0, 0, 0, 15}, {16, 240}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        struct made m = {.n = 0};
        struct image img;
        struct why why = {{0}};

        put_kind(&m, &KINDS[i]);
        if (image_decode(m.b, m.n, &img, &why) != OK)
            fail_msg("%s: %s", KINDS[i].what, why.text);
        for (int k = 0; k < 2; k++)
            if (abs(img.px[k] - KINDS[i].want[k]) > 1)
                fail_msg("%s: pixel %d is %d, not %d", KINDS[i].what, k, img.px[k], KINDS[i].want[k]);
        image_free(&img);
    }
}

static void put_chunk(struct made *m, const char *type, const void *data, uint32_t n)
{
    const size_t at = m->n + 4;

    put_be(m, n, 4);
    put(m, type, 4);
    put(m, data, n);
    put_be(m, (uint32_t)crc32(0, m->b + at, n + 4), 4);
}

/* A PNG of 2 x 1 px and 16 bits a sample; interlaced by Adam7, its two pixels are two rows of passes 1 and 6. */
static void put_png16(struct made *m, uint8_t type, int samples, const uint16_t *px, bool interlaced)
{
    struct made ihdr = {.n = 0}, rows = {.n = 0};
    uint8_t data[200];
    uLongf n = sizeof(data);

    put(m, "\x89PNG\r\n\x1a\n", 8);
    put(&ihdr, "\0\0\0\2\0\0\0\1\x10", 9);
    put_le(&ihdr, type, 1);
    put(&ihdr, "\0\0", 2);
    put_le(&ihdr, interlaced, 1);
    put_chunk(m, "IHDR", ihdr.b, (uint32_t)ihdr.n);
    for (int i = 0; i < 2 * samples; i++) {
        if (i == 0 || (interlaced && i == samples))
            put(&rows, "", 1); /* the row's filter */
        put_be(&rows, px[i], 2);
    }
    assert_int_equal(compress(data, &n, rows.b, rows.n), Z_OK);
    put_chunk(m, "IDAT", data, (uint32_t)n);
    put_chunk(m, "IEND", "", 0);
}

/* Fails when the samples' range is not found for itself, or opacity is shifted with the colours. */
static void test_png16(void **state)
{
    static const struct {
        const char *what;
        uint8_t type;
        int samples;
        uint16_t px[8];
        uint8_t want[2];
    } KINDS[] = {
        {"grey", 0, 1, {4112, 61680}, {16, 240}},
        {"grey, 12 bits", 0, 1, {256, 3840}, {16, 240}},
        {"grey, 8 bits", 0, 1, {16, 240}, {16, 240}},
        {"all black", 0, 1, {0, 0}, {0, 0}},
        {"RGB, 10 bits", 2, 3, {64, 64, 64, 960, 960, 960}, {16, 240}},
        {"RGBA, 12 bits, opaque", 6, 4, {256, 256, 256, 65535, 3840, 3840, 3840, 65535}, {16, 240}},
        {"RGBA, 12 bits, ink by opacity of 12 bits", 6, 4, {0, 0, 0, 4095, 0, 0, 0, 0}, {0, 255}},
        {"near black ink on nothing", 6, 4, {255, 255, 255, 65535, 0, 0, 0, 0}, {0, 255}},
        {"grey and opacity", 4, 2, {0, 65535, 0, 0}, {0, 255}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            struct made m = {.n = 0};
            struct image img;
            struct why why = {{0}};

            put_png16(&m, KINDS[i].type, KINDS[i].samples, KINDS[i].px, interlaced);
            if (image_decode(m.b, m.n, &img, &why) != OK)
                fail_msg("%s: %s", KINDS[i].what, why.text);
            for (int k = 0; k < 2; k++)
                if (abs(img.px[k] - KINDS[i].want[k]) > 1)
                    fail_msg("%s: pixel %d is %d, not %d", KINDS[i].what, k, img.px[k], KINDS[i].want[k]);
            image_free(&img);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds), cmocka_unit_test(test_png16)};

    return cmocka_run_group_tests_name("image_tiff", tests, NULL, NULL);
}
