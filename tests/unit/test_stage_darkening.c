/* The stages around darkening: level, lines. Each alone, on a picture that shows what it does, and on one that it must
 * leave alone. */
#include "fixture_stage.h"

/* Breaks when darkening is not the difference to the paper's tone, or what is lighter than the paper wraps around. */
static void test_level_flat(void **state)
{
    struct picture p = picture_new(PICTURE_TONES, 100, 50, 200);

    (void)state;
    p.paper = (struct paper){.light = PAPER_FLAT, .tone = 200};
    picture_fill(&p, BOX(10, 10, 20, 40), 50);
    picture_fill(&p, BOX(30, 10, 40, 40), 255);
    assert_int_equal(level_run(&p), OK);
    assert_int_equal(p.state, PICTURE_DARKENING);
    EXPECT_RANGE(&p, BOX(10, 10, 20, 40), 150, 150);
    EXPECT_RANGE(&p, BOX(20, 0, 100, 50), 0, 0);
    picture_free(&p);
}

/* A page whose light falls from 240 to 90, with a stroke of a fifth of its tone at either end. */
static struct picture falling_off(int w, int h, int stroke_px)
{
    struct picture p = picture_new(PICTURE_TONES, w, h, 0);

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int light = 240 - 150 * x / w;
            const bool ink =
                y > h / 5 && y < h - h / 5 && (abs(x - w / 5) <= stroke_px || abs(x - w * 4 / 5) <= stroke_px);

            *picture_at(&p, x, y) = (uint8_t)(ink ? light / 5 : light);
        }
    return p;
}

/* Breaks when the light is left in, the ink in the shadow is not brought up to that in the light, or a page of over 480
 * px keeps its size. */
static void test_level_uneven(void **state)
{
    (void)state;
    for (int large = 0; large < 2; large++) {
        struct picture p = falling_off(large ? 900 : 300, large ? 600 : 200, large ? 9 : 3);
        const int w = 300, h = 200, scale = large ? 3 : 1;
        int least, most, first;

        p.paper.light = PAPER_UNEVEN;
        if (large)
            p.scale = 2;
        assert_int_equal(level_run(&p), OK);
        assert_int_equal(p.state, PICTURE_DARKENING);
        scale == 3 ? assert_int_equal(p.w, 450) : assert_int_equal(p.w, w);
        assert_int_equal(p.scale, large ? 4 : 1);
        EXPECT_RANGE(&p, BOX(0, 0, p.w, h / 8), 0, 3);
        EXPECT_RANGE(&p, BOX(p.w * 2 / 5, 0, p.w * 3 / 5, p.h), 0, 3);
        picture_range(&p, BOX(p.w / 5, p.h / 3, p.w / 5 + 1, p.h / 2), &least, &most);
        first = least;
        assert_in_range(first, 120, 220);
        picture_range(&p, BOX(p.w * 4 / 5, p.h / 3, p.w * 4 / 5 + 1, p.h / 2), &least, &most);
        assert_in_range(least, first - 25, first + 25); /* 90 levels less, before */
        picture_free(&p);
    }
}

/* Breaks when a shadow's soft edge on paper without grain leaves steps beside it: it is lighter than its paper's tone,
 * by which the windows beside it were measured. */
static void test_level_soft_edge(void **state)
{
    struct picture p = picture_new(PICTURE_TONES, 160, 120, 0);

    (void)state;
    p.paper.light = PAPER_UNEVEN;
    for (int y = 0; y < 120; y++)
        for (int x = 0; x < 160; x++) {
            const int along = x - 95; /* -5 to 5: the edge; windows are 10 px wide */

            *picture_at(&p, x, y) = (uint8_t)(along < -5 ? 240 : along > 5 ? 150 : 195 - 9 * along);
        }
    assert_int_equal(level_run(&p), OK);
    EXPECT_RANGE(&p, BOX(0, 12, 160, 108), 0, 4);
    picture_free(&p);
}

/* Breaks when a stroke of a quarter of the side is taken for light, where the tones tell it; and when size changes. */
static void test_level_two_tones(void **state)
{
    struct picture p = picture_new(PICTURE_TONES, 600, 400, 0);

    (void)state;
    for (int i = 0; i < 600 * 400; i++)
        p.px[i] = (uint8_t)(230 - i % 600 / 10);
    picture_fill(&p, BOX(200, 80, 320, 320), 30);
    p.paper = (struct paper){.light = PAPER_TWO_TONES, .split = 120};
    assert_int_equal(level_run(&p), OK);
    assert_int_equal(p.w, 600);
    EXPECT_RANGE(&p, BOX(0, 0, 190, 400), 0, 4);
    EXPECT_RANGE(&p, BOX(330, 0, 600, 400), 0, 4);
    EXPECT_RANGE(&p, BOX(200, 80, 320, 320), 150, 200);
    picture_free(&p);
}

static struct picture digit_one(void)
{
    struct picture p = picture_new(PICTURE_DARKENING, 300, 240, 0);

    picture_fill(&p, BOX(140, 50, 152, 190), 180);
    return p;
}

/* Breaks when ruled lines stay, across or down, or a stroke is cut where one crosses it, or changed at all; one that
 * lies on a line, and is no thicker, has more ink. */
static void test_lines_go(void **state)
{
    (void)state;
    for (int down = 0; down < 2; down++) {
        struct picture p = digit_one(), plain = digit_one();

        if (down) { /* the stroke lies then, and the lines stand */
            memset(p.px, 0, picture_pixels(&p));
            picture_fill(&p, BOX(60, 110, 230, 122), 180);
            memcpy(plain.px, p.px, picture_pixels(&p));
        }
        if (!down) {
            picture_fill(&p, BOX(100, 128, 160, 131), 180);
            memcpy(plain.px, p.px, picture_pixels(&p));
        }
        for (int at = 20; at < (down ? 300 : 240); at += 36)
            for (int i = 0; i < (down ? 240 : 300); i++)
                for (int k = 0; k < 2; k++) {
                    uint8_t *px = down ? picture_at(&p, at + k, i) : picture_at(&p, i, at + k);

                    *px = *px > 70 ? *px : 70;
                }
        assert_int_equal(lines_run(&p), OK);
        assert_int_equal(p.state, PICTURE_DARKENING);
        assert_true(p.lined);
        for (size_t i = 0; i < picture_pixels(&p); i++)
            if (p.px[i] != plain.px[i])
                fail_msg("down %d: pixel %zu is %d, not %d", down, i, p.px[i], plain.px[i]);
        picture_free(&p);
        picture_free(&plain);
    }
}

/* Breaks when a page without lines is changed by a bit: a 1 in grain, a 4 with its straight bar, a 1 from edge to edge;
 * along an edge, two dashes, and a 5's bar that ends before the picture does; and a picture with no room for lines. */
static void test_lines_leave_strokes(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        struct picture p = digit_one();
        uint8_t *was;

        if (kind == 1)
            picture_fill(&p, BOX(80, 120, 200, 128), 180);
        if (kind == 2)
            picture_fill(&p, BOX(140, 0, 152, 240), 180);
        if (kind == 3) {
            p.w = 15;
            memset(p.px, 0, picture_pixels(&p));
            for (int y = 4; y < 240; y += 9)
                picture_fill(&p, BOX(0, y, 15, y + 1), 90);
        }
        if (kind == 4) {
            picture_fill(&p, BOX(0, 8, 75, 11), 180);
            picture_fill(&p, BOX(225, 8, 300, 11), 180);
        }
        if (kind == 5)
            picture_fill(&p, BOX(60, 8, 300, 11), 180);
        p.paper.noise = 6;
        for (size_t i = 0; kind == 0 && i < picture_pixels(&p); i += 3)
            p.px[i] = (uint8_t)(p.px[i] > 5 ? p.px[i] : 5);
        was = picture_copy(&p);
        assert_int_equal(lines_run(&p), OK);
        assert_false(p.lined);
        if (memcmp(p.px, was, picture_pixels(&p)) != 0)
            fail_msg("kind %d was changed", kind);
        free(was);
        picture_free(&p);
    }
}

/* Breaks when a line along an edge stays because it is as dark as the ink, or one through the middle goes. */
static void test_lines_along_edges(void **state)
{
    (void)state;
    for (int middle = 0; middle < 2; middle++) {
        struct picture p = digit_one();
        const int y = middle ? 120 : 8;

        picture_fill(&p, BOX(0, y, 300, y + 3), 180);
        assert_int_equal(lines_run(&p), OK);
        assert_int_equal(p.lined, !middle);
        EXPECT_RANGE(&p, BOX(0, y, 130, y + 3), middle ? 180 : 0, middle ? 180 : 0);
        EXPECT_RANGE(&p, BOX(140, 50, 152, 190), 180, 180);
        picture_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_level_flat),        cmocka_unit_test(test_level_uneven),
        cmocka_unit_test(test_level_two_tones),   cmocka_unit_test(test_level_soft_edge),
        cmocka_unit_test(test_lines_go),          cmocka_unit_test(test_lines_leave_strokes),
        cmocka_unit_test(test_lines_along_edges),
    };

    return cmocka_run_group_tests_name("stage_darkening", tests, NULL, NULL);
}
