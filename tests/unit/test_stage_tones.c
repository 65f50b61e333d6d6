/* The stages that work on a picture's own tones: reduce, sheet, paper. Each alone, on a picture that shows what it
 * does, and on one that it must leave alone. */
#include "fixture_stage.h"

/* Breaks when a picture of up to a megapixel is not taken as it is, or the visitor's own is written to. */
static void test_reduce_leaves_small_ones(void **state)
{
    uint8_t *px = canvas(1000, 1000, 7), *was;
    struct picture p = {.in = {.w = 1000, .h = 1000, .px = px}};

    (void)state;
    for (int i = 0; i < 1000 * 1000; i++)
        px[i] = (uint8_t)(i * 31 % 251);
    was = bytes_copy(px, 1000 * 1000);
    assert_int_equal(reduce_run(&p), OK);
    assert_int_equal(p.state, PICTURE_TONES);
    assert_int_equal(p.w, 1000);
    assert_int_equal(p.h, 1000);
    assert_int_equal(p.scale, 1);
    assert_ptr_not_equal(p.px, px);
    assert_memory_equal(p.px, was, 1000 * 1000);
    assert_memory_equal(px, was, 1000 * 1000);
    picture_free(&p);
    free(was);
    free(px);
}

/* Breaks when the mean of a block is not rounded, or the narrow blocks at the edges are read past the end (ASan). */
static void test_reduce_averages(void **state)
{
    enum { W = 1201, H = 901 };
    uint8_t *px = canvas(W, H, 0);
    struct picture p = {.in = {.w = W, .h = H, .px = px}};

    (void)state;
    for (int i = 0; i < W * H; i++)
        px[i] = (uint8_t)(i % W == W - 1 ? 200 : i / W == H - 1 ? 90 : i % W % 2 == 0 && i / W % 2 == 0 ? 103 : 100);
    assert_int_equal(reduce_run(&p), OK);
    assert_int_equal(p.w, 601);
    assert_int_equal(p.h, 451);
    assert_int_equal(p.scale, 2);
    EXPECT_RANGE(&p, BOX(0, 0, 600, 450), 101, 101); /* 100.75 */
    EXPECT_RANGE(&p, BOX(600, 0, 601, 451), 200, 200);
    EXPECT_RANGE(&p, BOX(0, 450, 600, 451), 90, 90);
    picture_free(&p);
    free(px);
}

/* A grey patch in a white page, with a thick 0 that touches two of the patch's edges. */
static struct picture patch_on_page(uint8_t page, uint8_t patch, uint8_t ink)
{
    struct picture p = picture_new(PICTURE_TONES, 300, 240, page);

    picture_fill(&p, BOX(30, 40, 250, 210), patch);
    picture_fill(&p, BOX(170, 120, 250, 210), ink);
    picture_fill(&p, BOX(184, 134, 236, 196), patch);
    return p;
}

/* Breaks when ink that touches the edge of a patch is drawn out to the border of the picture, where the patch is darker
 * than the page and the ink darker still, or the other way round. */
static void test_sheet_ends_ink(void **state)
{
    (void)state;
    for (int negative = 0; negative < 2; negative++) {
        struct picture p = negative ? patch_on_page(0, 50, 220) : patch_on_page(255, 205, 35);
        const int paper = negative ? 50 : 205;
        uint8_t *was = picture_copy(&p);

        assert_int_equal(sheet_run(&p), OK);
        EXPECT_RANGE(&p, BOX(256, 0, 300, 240), paper - 2, paper + 2);
        EXPECT_RANGE(&p, BOX(0, 216, 300, 240), paper - 2, paper + 2);
        EXPECT_RANGE(&p, BOX(0, 0, 300, 36), paper - 2, paper + 2);
        for (int y = 50; y < 200; y++)
            assert_memory_equal(picture_at(&p, 40, y), was + y * 300 + 40, 200);
        free(was);
        picture_free(&p);
    }
}

static struct picture sheet_on_desk(uint8_t desk, uint8_t paper, uint8_t ink)
{
    struct picture p = picture_new(PICTURE_TONES, 300, 240, desk);

    picture_fill(&p, BOX(60, 40, 250, 210), paper);
    picture_fill(&p, BOX(140, 80, 152, 170), ink);
    return p;
}

/* Breaks when the desk around a sheet stays as it is, or what is on the sheet does not. */
static void test_sheet_isolates(void **state)
{
    (void)state;
    for (int negative = 0; negative < 2; negative++) {
        struct picture p = negative ? sheet_on_desk(200, 30, 220) : sheet_on_desk(60, 220, 30);
        const int paper = negative ? 30 : 220;
        uint8_t *was = picture_copy(&p);

        assert_int_equal(sheet_run(&p), OK);
        assert_int_equal(p.state, PICTURE_TONES);
        EXPECT_RANGE(&p, BOX(0, 0, 300, 36), paper - 2, paper + 2);
        EXPECT_RANGE(&p, BOX(0, 0, 50, 240), paper - 2, paper + 2);
        EXPECT_RANGE(&p, BOX(260, 0, 300, 240), paper - 2, paper + 2);
        for (int y = 50; y < 200; y++)
            assert_memory_equal(picture_at(&p, 70, y), was + y * 300 + 70, 170);
        free(was);
        picture_free(&p);
    }
}

/* Breaks when a picture without a sheet is changed by a bit: a digit on a page, one cut off by two sides, a fat 0, a
 * sheet in a picture that is too small to tell, and a plate with something on it. */
static void test_sheet_leaves_others(void **state)
{
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        struct picture p = picture_new(PICTURE_TONES, kind == 3 ? 90 : 300, kind == 3 ? 90 : 240, 220);
        uint8_t *was;

        if (kind == 0)
            picture_fill(&p, BOX(140, 40, 160, 200), 30);
        if (kind == 1)
            picture_fill(&p, BOX(0, 0, 200, 170), 30);
        if (kind == 2) {
            picture_fill(&p, BOX(100, 40, 200, 200), 30);
            picture_fill(&p, BOX(130, 80, 170, 160), 220);
        }
        if (kind == 3)
            picture_fill(&p, BOX(20, 20, 70, 70), 60);
        for (int i = 0; kind == 4 && i < 300 * 240; i++)
            if ((i % 300 - 150) * (i % 300 - 150) + (i / 300 - 120) * (i / 300 - 120) > 80 * 80)
                p.px[i] = 60;
        if (kind == 4)
            picture_fill(&p, BOX(140, 80, 152, 160), 30);
        was = picture_copy(&p);
        assert_int_equal(sheet_run(&p), OK);
        if (memcmp(p.px, was, picture_pixels(&p)) != 0)
            fail_msg("kind %d was changed", kind);
        free(was);
        picture_free(&p);
    }
}

/* Breaks when light ink is not told from dark, or px not turned over for it, or for ink that is dark. */
static void test_paper_tells_ink(void **state)
{
    (void)state;
    for (int dark = 0; dark < 2; dark++) {
        struct picture p = picture_new(PICTURE_TONES, 200, 200, dark ? 230 : 20);

        picture_fill(&p, BOX(90, 30, 110, 170), dark ? 40 : 250);
        assert_int_equal(paper_run(&p), OK);
        assert_int_equal(p.state, PICTURE_TONES);
        assert_int_equal(p.dark, dark);
        assert_int_equal(p.paper.light, PAPER_FLAT);
        assert_int_equal(p.paper.tone, dark ? 230 : 235);
        assert_int_equal(p.paper.noise, 0);
        EXPECT_RANGE(&p, BOX(0, 0, 80, 200), dark ? 230 : 235, dark ? 230 : 235);
        EXPECT_RANGE(&p, BOX(90, 30, 110, 170), dark ? 40 : 5, dark ? 40 : 5);
        picture_free(&p);
    }
}

/* Breaks when a wish is not followed: against the evidence, the paper is the far end of the scale; with it, a wish
 * changes nothing. */
static void test_paper_follows_wishes(void **state)
{
    (void)state;
    for (enum normalise_invert wish = NORMALISE_INVERT_YES; wish <= NORMALISE_INVERT_NO; wish++) {
        struct picture p = picture_new(PICTURE_TONES, 200, 200, 230);
        const bool yes = wish == NORMALISE_INVERT_YES;

        picture_fill(&p, BOX(90, 30, 110, 170), 40);
        p.invert = wish;
        assert_int_equal(paper_run(&p), OK);
        assert_int_equal(p.dark, yes);
        assert_int_equal(p.paper.light, PAPER_FLAT);
        assert_int_equal(p.paper.tone, yes ? 230 : 255);
        assert_int_equal(*picture_at(&p, 0, 0), yes ? 230 : 25);
        picture_free(&p);
    }
}

/* Breaks when the grain of a page is not measured: of +-10 levels, evenly, the deviation is 6; three times that. */
static void test_paper_measures_grain(void **state)
{
    struct picture p = picture_new(PICTURE_TONES, 200, 200, 0);
    uint32_t random = 1;

    (void)state;
    for (int i = 0; i < 200 * 200; i++) {
        random = random * 1664525u + 1013904223u;
        p.px[i] = (uint8_t)(190 + (random >> 24) % 21);
    }
    picture_fill(&p, BOX(95, 40, 105, 160), 40);
    assert_int_equal(paper_run(&p), OK);
    assert_int_equal(p.paper.light, PAPER_FLAT);
    assert_in_range(p.paper.tone, 198, 202);
    assert_in_range(p.paper.noise, 3 * 5, 3 * 7);
    picture_free(&p);
}

/* Breaks when a lamp's light is taken for flat, or thin strokes in it for one of two tones; and when fat strokes in a
 * mild light are not told by their tone. */
static void test_paper_tells_light(void **state)
{
    (void)state;
    for (int fat = 0; fat < 2; fat++) {
        struct picture p = picture_new(PICTURE_TONES, 200, 200, 0);

        for (int i = 0; i < 200 * 200; i++)
            p.px[i] = (uint8_t)(230 - i % 200 * (fat ? 60 : 150) / 200);
        picture_fill(&p, fat ? BOX(70, 30, 115, 170) : BOX(95, 30, 100, 170), 30);
        assert_int_equal(paper_run(&p), OK);
        assert_true(p.dark);
        assert_int_equal(p.paper.light, fat ? PAPER_TWO_TONES : PAPER_UNEVEN);
        if (fat) {
            assert_in_range(p.paper.split, 31, 170);
            assert_in_range(p.paper.noise, 20, 60);
        } else {
            assert_int_equal(p.paper.noise, 0);
        }
        picture_free(&p);
    }
}

/* Breaks when the shadow over half a page, with a hard edge and no grain, is taken for the second tone of a drawing,
 * and so for ink; or when a drawing is not flat: in two tones, with a frame, with fat ink that fills half of it, and
 * with ink thicker than any stroke that lies in the middle. */
static void test_paper_tells_shadows(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        struct picture p = picture_new(PICTURE_TONES, 200, 150, 235);

        if (kind < 2)
            picture_fill(&p, kind == 0 ? BOX(110, 0, 200, 150) : BOX(0, 0, 200, 70), 150);
        if (kind == 3) {
            picture_fill(&p, BOX(0, 0, 200, 4), 120);
            picture_fill(&p, BOX(0, 0, 4, 150), 120);
        }
        picture_fill(&p, kind == 4 ? BOX(80, 5, 125, 145) : BOX(95, 20, 107, 130), 30);
        if (kind == 4)
            picture_fill(&p, BOX(20, 5, 80, 45), 30);
        if (kind == 5)
            picture_fill(&p, BOX(60, 12, 150, 138), 30);
        assert_int_equal(paper_run(&p), OK);
        assert_true(p.dark);
        if (p.paper.light != (kind < 2 ? PAPER_UNEVEN : PAPER_FLAT))
            fail_msg("kind %d: light %d", kind, (int)p.paper.light);
        picture_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reduce_leaves_small_ones), cmocka_unit_test(test_reduce_averages),
        cmocka_unit_test(test_sheet_ends_ink),           cmocka_unit_test(test_sheet_isolates),
        cmocka_unit_test(test_sheet_leaves_others),      cmocka_unit_test(test_paper_tells_ink),
        cmocka_unit_test(test_paper_follows_wishes),     cmocka_unit_test(test_paper_measures_grain),
        cmocka_unit_test(test_paper_tells_light),        cmocka_unit_test(test_paper_tells_shadows),
    };

    return cmocka_run_group_tests_name("stage_tones", tests, NULL, NULL);
}
