/* image/header: the traps of TIFF and AVIF, in files put together by hand. */
#include "image/header/header.h"

#include "image/image.h"
#include "pictures.h"

static enum err read_made(const struct made *m, struct image_header *h, struct why *why)
{
    uint8_t *copy = bytes_copy(m->b, m->n);
    enum err e = image_header_read(copy, m->n, h, why);

    free(copy);
    return e;
}

struct field {
    uint32_t tag, type, count, value; /* type 0: the end */
};

/* The fields of a grey picture of 16 x 8 in two strips, with some of them told otherwise; then its 128 bytes. */
static void put_page(struct made *m, bool big, const struct field *otherwise)
{
    enum { FIELDS = 10, DATA_AT = 8 + 2 + 12 * FIELDS + 4 + 16 };
    const struct field plain[FIELDS] = {
        {256, 3, 1, 16},           {257, 4, 1, 8}, {258, 3, 1, 8}, {259, 3, 1, 1}, {262, 3, 1, 1},
        {273, 4, 2, DATA_AT - 16}, {274, 3, 1, 8}, {277, 3, 1, 1}, {278, 3, 1, 4}, {279, 4, 2, DATA_AT - 8},
    };
    void (*put_int)(struct made *, uint32_t, int) = big ? put_be : put_le;

    put(m, big ? "MM" : "II", 2);
    put_int(m, 42, 2);
    put_int(m, 8, 4);
    put_int(m, FIELDS, 2);
    for (int i = 0; i < FIELDS; i++) {
        struct field f = plain[i];

        for (const struct field *o = otherwise; o != NULL && o->type != 0; o++)
            if (o->tag == f.tag)
                f = *o;
        put_int(m, f.tag, 2);
        put_int(m, f.type, 2);
        put_int(m, f.count, 4);
        put_int(m, f.value, f.type == 3 && f.count == 1 ? 2 : 4);
        put(m, "\0\0", f.type == 3 && f.count == 1 ? 2 : 0);
    }
    put_int(m, 0, 4);
    put_int(m, DATA_AT, 4);
    put_int(m, DATA_AT + 64, 4);
    put_int(m, 64, 4);
    put_int(m, 64, 4);
    for (int i = 0; i < 128; i++)
        put(m, "x", 1);
}

/* Fails when a byte order or type is read wrongly, or a TIFF passes that would make libtiff read behind the end, decode
 * the same bytes again and again, or hold more than a picture's memory. */
static void test_tiff_traps(void **state)
{
    static const struct {
        struct field otherwise[4];
        enum err e;
    } CASES[] = {
        {{{0}}, OK},
        {{{256, 4, 1, 10001}}, ERR_LIMIT},
        {{{256, 4, 1, 5000}, {257, 4, 1, 5001}}, ERR_LIMIT},
        {{{257, 4, 1, 0}}, ERR_FORMAT},
        {{{257, 12, 1, 8}}, ERR_FORMAT},            /* a height that is a double */
        {{{258, 3, 1, 32}}, ERR_UNSUPPORTED},       /* bits */
        {{{277, 3, 1, 6}}, ERR_UNSUPPORTED},        /* samples */
        {{{258, 3, 3, 0xfffffff0}}, ERR_TRUNCATED}, /* an array behind the end */
        {{{258, 3, 0x80000000, 8}}, ERR_TRUNCATED}, /* whose length in bytes wraps */
        {{{259, 3, 1, 50000}}, ERR_UNSUPPORTED},    /* Zstandard */
        {{{262, 3, 1, 32803}}, ERR_UNSUPPORTED},    /* a camera's raw data */
        {{{278, 3, 1, 0}}, ERR_FORMAT},             /* no rows in a strip */
        {{{278, 3, 1, 3}}, ERR_FORMAT},             /* two strips of 3 rows for 8 */
        {{{274, 3, 1, 9}}, OK},                     /* no such orientation: upright */
        {{{279, 4, 1, 64}}, ERR_FORMAT},            /* one length for two strips */
        {{{273, 4, 2, 8}}, ERR_TRUNCATED},          /* strips at places behind the end */
        {{{274, 3, 1, 1}, {273, 4, 2, 4096}}, ERR_TRUNCATED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        for (int big = 0; big < 2; big++) {
            struct made m = {.n = 0};
            struct image_header h;
            struct why why = {{0}};
            enum err e;

            put_page(&m, big, CASES[i].otherwise);
            e = read_made(&m, &h, &why);
            if (e != CASES[i].e)
                fail_msg("case %zu, %s: %s: %s", i, big ? "big" : "little", err_str(e), why.text);
            if (e != OK)
                continue;
            assert_int_equal(h.format, IMAGE_TIFF);
            assert_int_equal(h.width, 16);
            assert_int_equal(h.height, 8);
            assert_int_equal(h.orientation, CASES[i].otherwise[0].tag == 274 ? 1 : 8);
        }
}

/* Fails when a tag that is there twice has its second value, while libtiff goes by the first. */
static void test_tiff_twice(void **state)
{
    static const struct {
        struct field first; /* its value as in a sound file comes again at the end */
        enum err e;
    } CASES[] = {
        {{259, 3, 1, 50000}, ERR_UNSUPPORTED}, /* Zstandard */
        {{257, 4, 1, 10001}, ERR_LIMIT},
        {{278, 3, 1, 3}, ERR_FORMAT}, /* too few strips */
        {{258, 3, 1, 8}, OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        for (int big = 0; big < 2; big++) {
            const struct field otherwise[] = {CASES[i].first, {0}}, first = CASES[i].first;
            const uint32_t sound = first.tag == 259 ? 1 : first.tag == 278 ? 4 : 8;
            struct made m = {.n = 0}, again = {.n = 0};
            struct image_header h;

            put_page(&m, big, otherwise);
            (big ? put_be : put_le)(&again, first.tag, 2);
            (big ? put_be : put_le)(&again, 4, 2);
            (big ? put_be : put_le)(&again, 1, 4);
            (big ? put_be : put_le)(&again, sound, 4);
            memcpy(m.b + 8 + 2 + 12 * 9, again.b, 12); /* the tenth field, 279, moves to the seventh, 274 */
            put_page(&again, big, NULL);
            memcpy(m.b + 8 + 2 + 12 * 6, again.b + 12 + 8 + 2 + 12 * 9, 12);
            assert_int_equal(read_made(&m, &h, NULL), CASES[i].e);
        }
}

/* Fails when tiles may be larger than a picture may be, or strips share their bytes (each is decoded by itself). */
static void test_tiff_work(void **state)
{
    /* Tags 273, 278 and 279 become tiles: 16 x 16 px need one, 10,000 x 10,000 are more than memory is for. */
    struct made m = {.n = 0};
    struct image_header h;

    (void)state;
    for (uint32_t side = 16; side <= 10000; side += 9984) {
        const struct field tiles[] = {{273, 4, 2, 200}, {0}};

        m.n = 0;
        put_page(&m, false, tiles);
        for (size_t at = 10; at < 10 + 12 * 10; at += 12) {
            struct made entry = {.n = 0};
            const uint32_t tag = m.b[at] | (uint32_t)m.b[at + 1] << 8;

            if (tag != 273 && tag != 278 && tag != 279 && tag != 274)
                continue;
            put_le(&entry, tag == 273 ? 324 : tag == 278 ? 322 : tag == 279 ? 325 : 323, 2);
            put_le(&entry, 4, 2);
            put_le(&entry, 1, 4);
            put_le(&entry, tag == 273 ? 160 : tag == 279 ? 64 : side, 4);
            memcpy(m.b + at, entry.b, 12);
        }
        assert_int_equal(read_made(&m, &h, NULL), side == 16 ? OK : ERR_FORMAT);
    }
    m.n = 0;
    put_page(&m, false, NULL);
    for (int i = 0; i < 2; i++) { /* both strips are the whole file */
        memset(m.b + 134 + 4 * i, 0, 4);
        memset(m.b + 142 + 4 * i, 0, 4);
        m.b[142 + 4 * i] = (uint8_t)m.n;
        m.b[143 + 4 * i] = (uint8_t)(m.n >> 8);
    }
    assert_int_equal(read_made(&m, &h, NULL), ERR_FORMAT);
}

static void put_box(struct made *m, const char *type, const struct made *inside)
{
    put_be(m, (uint32_t)inside->n + 8, 4);
    put(m, type, 4);
    put(m, inside->b, inside->n);
}

static void put_full_box(struct made *m, const char *type, const void *data, size_t n)
{
    struct made inside = {.n = 0};

    put_be(&inside, 0, 4);
    put(&inside, data, n);
    put_box(m, type, &inside);
}

/* Turned and mirrored by these properties, of which the picture has only those in owned; 0: none. */
struct avif {
    uint32_t w, h;
    uint8_t turns, mirror, owned[4];
    uint32_t primary;
};

static void put_avif(struct made *m, const struct avif *a)
{
    struct made ftyp = {.n = 0}, ipco = {.n = 0}, iprp = {.n = 0}, meta = {.n = 0}, mdat = {.n = 0}, b = {.n = 0};
    struct made ispe = {.n = 0}, ipma = {.n = 0};
    uint32_t n = 0;

    put(&ftyp, "avif\0\0\0\0mif1miaf", 16);
    put_box(m, "ftyp", &ftyp);
    put_be(&ispe, 7, 4); /* property 1, of another picture: its thumbnail */
    put_be(&ispe, 5, 4);
    put_full_box(&ipco, "ispe", ispe.b, 8);
    ispe.n = 0;
    put_be(&ispe, a->w, 4);
    put_be(&ispe, a->h, 4);
    put_full_box(&ipco, "ispe", ispe.b, 8);
    put(&b, &a->turns, 1);
    put_box(&ipco, "irot", &b);
    b.n = 0;
    put(&b, &a->mirror, 1);
    put_box(&ipco, "imir", &b);
    put_box(&iprp, "ipco", &ipco);
    while (n < 4 && a->owned[n] != 0)
        n++;
    put_be(&ipma, 2, 4);       /* two pictures: */
    put(&ipma, "\0\2\1\1", 4); /* number 2 has property 1 */
    put(&ipma, "\0\1", 2);     /* number 1 has these */
    put_be(&ipma, n, 1);
    put(&ipma, a->owned, n);
    put_full_box(&iprp, "ipma", ipma.b, ipma.n);
    put_be(&meta, 0, 4);
    b.n = 0;
    put_be(&b, a->primary, 2);
    put_full_box(&meta, "pitm", b.b, 2);
    put_box(&meta, "iprp", &iprp);
    put_box(m, "meta", &meta);
    put(&mdat, "data", 4);
    put_box(m, "mdat", &mdat);
}

/* Fails when the thumbnail's size is taken, a turn that is not the picture's is followed, or irot and imir are put
 * together in the wrong order. The page's browser was asked: it shows all twelve so. */
static void test_avif_traps(void **state)
{
    static const int AS_EXIF[4][3] = {{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}}; /* [turns][none, 0, 1] */
    struct image_header h;
    struct why why = {{0}};

    (void)state;
    for (uint8_t turns = 0; turns < 4; turns++)
        for (uint8_t mirror = 0; mirror < 3; mirror++) {
            struct avif a = {.w = 300, .h = 200, .turns = turns, .owned = {0x82, 3}, .primary = 1};
            struct made m = {.n = 0};

            a.mirror = mirror == 0 ? 0 : mirror - 1;
            a.owned[2] = mirror == 0 ? 0 : 4;
            put_avif(&m, &a);
            assert_int_equal(read_made(&m, &h, &why), OK);
            assert_int_equal(h.width, 300);
            assert_int_equal(h.height, 200);
            assert_int_equal(h.orientation, AS_EXIF[turns][mirror]);
        }
    static const struct {
        struct avif a;
        enum err e;
    } CASES[] = {
        {{300, 200, 1, 1, {2}, 1}, OK},
        {{5000, 5001, 0, 0, {2}, 1}, ERR_LIMIT},
        {{UINT32_MAX, UINT32_MAX, 0, 0, {2}, 1}, ERR_LIMIT},
        {{0, 200, 0, 0, {2}, 1}, ERR_FORMAT},
        {{300, 200, 0, 0, {3, 4}, 1}, ERR_FORMAT}, /* no size */
        {{300, 200, 0, 0, {2}, 3}, ERR_FORMAT},    /* no such picture */
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct made m = {.n = 0};

        put_avif(&m, &CASES[i].a);
        if (read_made(&m, &h, &why) != CASES[i].e)
            fail_msg("case %zu: %s", i, why.text);
        if (CASES[i].e == OK)
            assert_int_equal(h.orientation, 1);
    }
}

/* Fails when a film without a still picture is not named as such. */
static void test_avif_film(void **state)
{
    struct made m = {.n = 0}, ftyp = {.n = 0}, none = {.n = 0};
    struct image_header h;
    struct why why = {{0}};

    (void)state;
    put(&ftyp, "avis\0\0\0\0msf1", 12);
    put_box(&m, "ftyp", &ftyp);
    put_box(&m, "moov", &none);
    put_box(&m, "mdat", &none);
    assert_int_equal(read_made(&m, &h, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "Animated AVIF"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiff_traps), cmocka_unit_test(test_tiff_twice), cmocka_unit_test(test_tiff_work),
        cmocka_unit_test(test_avif_traps), cmocka_unit_test(test_avif_film),
    };

    return cmocka_run_group_tests_name("header_tags", tests, NULL, NULL);
}
