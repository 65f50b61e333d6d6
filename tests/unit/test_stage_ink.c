/* The stages around ink: threshold, parts. Each alone, on a picture that shows what it does, and on one that it must
 * leave alone or refuse. */
#include "fixture_stage.h"

/* Breaks when the paper's grain stays, a full stroke is not full, or its edge is cut off or made full. */
static void test_threshold_stretches(void **state)
{
    struct picture p = picture_new(PICTURE_DARKENING, 200, 100, 9);

    (void)state;
    p.paper.noise = 10;
    picture_fill(&p, BOX(49, 20, 71, 80), 60); /* a soft edge all around */
    picture_fill(&p, BOX(50, 21, 70, 79), 160);
    assert_int_equal(threshold_run(&p), OK);
    assert_int_equal(p.state, PICTURE_INK);
    assert_int_equal(p.refusal, NORMALISE_NOT_REFUSED);
    EXPECT_RANGE(&p, BOX(0, 0, 49, 100), 0, 0);
    EXPECT_RANGE(&p, BOX(50, 21, 70, 79), 255, 255);
    EXPECT_RANGE(&p, BOX(49, 20, 50, 80), 85, 85); /* 50 of 150 */
    assert_in_range(p.threshold, INK_SURE_LEAST, 200);
    picture_free(&p);
}

/* Breaks when the threshold of much pale ink beside a little dark is so low that soft edges are sure ink. */
static void test_threshold_is_not_low(void **state)
{
    struct picture p = picture_new(PICTURE_DARKENING, 200, 100, 0);

    (void)state;
    picture_fill(&p, BOX(0, 0, 90, 100), 30);
    picture_fill(&p, BOX(120, 0, 125, 100), 100);
    assert_int_equal(threshold_run(&p), OK);
    assert_int_equal(p.threshold, INK_SURE_LEAST);
    EXPECT_RANGE(&p, BOX(120, 0, 125, 100), 255, 255);
    picture_free(&p);
}

/* Breaks when what is faint and does not hang together, as the grain of a blank page, is made ink; when two faint
 * strokes are not; or when what is clear has to hang together too. */
static void test_threshold_tells_faint_ink(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct picture p = picture_new(PICTURE_DARKENING, 200, 160, 0);
        const uint8_t ink = kind == 3 ? 25 : 16;

        if (kind == 0 || kind == 3)
            for (int i = 0; i < 200; i++)
                picture_fill(&p, BOX(i * 7 % 190, i * 31 % 150, i * 7 % 190 + 3, i * 31 % 150 + 3), ink);
        if (kind == 1)
            picture_fill(&p, BOX(100, 60, 106, 90), ink); /* a sixth of the side */
        if (kind == 2) {
            picture_fill(&p, BOX(70, 30, 130, 36), ink);
            picture_fill(&p, BOX(110, 45, 116, 130), ink);
        }
        assert_int_equal(threshold_run(&p), OK);
        if ((p.refusal == NORMALISE_NOT_REFUSED) != (kind >= 2))
            fail_msg("kind %d: %d", kind, (int)p.refusal);
        picture_free(&p);
    }
}

/* Breaks when what a vignette has left in the corners is all the ink there is; or when it takes part where the light is
 * even, or ink elsewhere is not told. */
static void test_threshold_leaves_corners(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct picture p = picture_new(PICTURE_DARKENING, 200, 160, 0);

        p.paper.light = kind == 1 ? PAPER_FLAT : PAPER_UNEVEN;
        picture_fill(&p, BOX(0, 0, 14, 6), 30);
        picture_fill(&p, BOX(190, 148, 200, 160), 30);
        if (kind == 2)
            picture_fill(&p, BOX(95, 40, 103, 120), 30);
        assert_int_equal(threshold_run(&p), OK);
        if ((p.refusal == NORMALISE_NO_CONTRAST) != (kind == 0))
            fail_msg("kind %d: %d", kind, (int)p.refusal);
        picture_free(&p);
    }
}

static const struct box dark_stroke = {60, 40, 140, 50}, pale_stroke = {96, 50, 106, 130};

/* A 7 whose bar is full ink, with a soft edge, and whose stem has that tone. */
static struct picture uneven_seven(uint8_t stem)
{
    struct picture p = picture_new(PICTURE_DARKENING, 200, 160, 0);

    picture_fill(&p, pale_stroke, stem);
    picture_fill(&p, BOX(59, 39, 141, 51), 70);
    picture_fill(&p, dark_stroke, 180);
    return p;
}

/* Breaks when the pale stem of a digit is not brought to full ink, or more than it is. */
static void test_threshold_lifts_pale_strokes(void **state)
{
    struct picture p = uneven_seven(50);

    (void)state;
    assert_int_equal(threshold_run(&p), OK);
    EXPECT_RANGE(&p, dark_stroke, 255, 255);
    EXPECT_RANGE(&p, BOX(96, 75, 106, 130), 255, 255);
    assert_in_range(p.threshold, INK_SURE_LEAST, 128);
    EXPECT_RANGE(&p, BOX(0, 0, 200, 39), 0, 0);
    EXPECT_RANGE(&p, BOX(106, 52, 200, 160), 0, 0);
    picture_free(&p);
}

/* Breaks when something else that is pale is lifted: what is paler than a sixth of the ink, what does not touch it, a
 * soft edge, a block of shadow, a line to the border; and anything once lines were found. */
static void test_threshold_leaves_pale_others(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        struct picture p = uneven_seven(kind == 0 ? 25 : kind == 5 ? 50 : 0);
        int least, most;

        if (kind == 1)
            picture_fill(&p, BOX(96, 60, 106, 130), 50);
        if (kind == 2)
            picture_fill(&p, BOX(57, 51, 143, 54), 50);
        if (kind == 3)
            picture_fill(&p, BOX(60, 51, 130, 120), 50);
        if (kind == 4)
            picture_fill(&p, BOX(96, 51, 100, 160), 50);
        p.lined = kind == 5;
        assert_int_equal(threshold_run(&p), OK);
        EXPECT_RANGE(&p, dark_stroke, 255, 255);
        picture_range(&p, BOX(0, 53, 200, 160), &least, &most);
        if (most > 100)
            fail_msg("kind %d: %d", kind, most);
        picture_free(&p);
    }
}

/* Breaks when next to no contrast, or what is little over the grain, is made ink, or what is a little more is not. */
static void test_threshold_refuses(void **state)
{
    static const struct {
        uint8_t ink;
        int noise;
        bool refused;
    } cases[] = {{0, 0, true}, {11, 0, true}, {12, 0, false}, {59, 30, true}, {60, 30, false}, {255, 255, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct picture p = picture_new(PICTURE_DARKENING, 100, 100, 0);

        picture_fill(&p, BOX(40, 20, 60, 80), cases[i].ink);
        p.paper.noise = cases[i].noise;
        assert_int_equal(threshold_run(&p), OK);
        assert_int_equal(p.state, PICTURE_INK);
        if (p.refusal != (cases[i].refused ? NORMALISE_NO_CONTRAST : NORMALISE_NOT_REFUSED))
            fail_msg("case %zu: %d", i, (int)p.refusal);
        EXPECT_RANGE(&p, BOX(40, 20, 60, 80), cases[i].refused ? 0 : 255, cases[i].refused ? 0 : 255);
        EXPECT_RANGE(&p, BOX(0, 0, 40, 100), 0, 0);
        picture_free(&p);
    }
}

/* A stroke with a soft edge of 40, which holds no piece together. */
static struct picture stroke(void)
{
    struct picture p = picture_new(PICTURE_INK, 300, 240, 0);

    picture_fill(&p, BOX(145, 49, 155, 191), 40);
    picture_fill(&p, BOX(146, 50, 154, 190), 255);
    return p;
}

/* Breaks when a stroke is changed by a bit, its soft edge above all, or the box does not hold that edge. */
static void test_parts_leave_a_stroke(void **state)
{
    struct picture p = stroke();
    uint8_t *was = picture_copy(&p);

    (void)state;
    assert_int_equal(parts_run(&p), OK);
    assert_int_equal(p.state, PICTURE_INK);
    assert_int_equal(p.refusal, NORMALISE_NOT_REFUSED);
    assert_memory_equal(p.px, was, picture_pixels(&p));
    EXPECT_BOX(&p.box, 145, 49, 155, 191);
    free(was);
    picture_free(&p);
}

/* Breaks when one of these stays, takes the digit with it or changes it. */
static void test_parts_clear_others(void **state)
{
    static const struct {
        struct box box;
        int v, hole;
    } others[] = {
        {{20, 20, 280, 220}, 255, 4},   /* a frame around all of it */
        {{90, 30, 210, 210}, 255, 4},   /* a frame inside the picture */
        {{0, 2, 300, 8}, 255, 0},       /* a line along an edge */
        {{290, 150, 298, 190}, 255, 0}, /* a scrap of one */
        {{40, 40, 46, 46}, 255, 0},     /* a speck far away */
        {{158, 100, 162, 116}, 255, 0}, /* a speck near by: by its side, */
        {{160, 80, 161, 100}, 255, 0},  /* and by its area */
        {{165, 60, 185, 160}, 130, 0},  /* a pale patch */
        {{165, 90, 215, 140}, 255, 0},  /* a blot, 50 px thick */
        {{0, 150, 130, 154}, 255, 0},   /* a neighbour's stroke that the edge cuts off */
        {{200, 60, 208, 180}, 255, 0},  /* a stroke too far away */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        struct picture p = picture_new(PICTURE_INK, 300, 240, 0), alone = stroke();
        const struct box *b = &others[i].box;
        const int hole = others[i].hole;

        picture_fill(&p, *b, (uint8_t)others[i].v);
        if (hole)
            picture_fill(&p, BOX(b->x0 + hole, b->y0 + hole, b->x1 - hole, b->y1 - hole), 0);
        for (size_t k = 0; k < picture_pixels(&p); k++)
            p.px[k] = p.px[k] > alone.px[k] ? p.px[k] : alone.px[k];
        assert_int_equal(parts_run(&p), OK);
        assert_int_equal(p.refusal, NORMALISE_NOT_REFUSED);
        if (memcmp(p.px, alone.px, picture_pixels(&p)) != 0 || p.box.x0 != 145 || p.box.y1 != 191)
            fail_msg("case %zu: box %d,%d to %d,%d", i, p.box.x0, p.box.y0, p.box.x1, p.box.y1);
        picture_free(&p);
        picture_free(&alone);
    }
}

/* Breaks when a digit of several pieces loses one: the bar of a 5 apart from its body, and along the upper edge; a dash
 * that a dry pen has broken. */
static void test_parts_keep_pieces(void **state)
{
    static const struct box pieces[][2] = {{{120, 50, 180, 62}, {120, 80, 140, 190}},
                                           {{110, 0, 180, 10}, {110, 24, 180, 200}},
                                           {{140, 40, 152, 100}, {140, 108, 152, 200}}};

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        struct picture p = picture_new(PICTURE_INK, 300, 240, 0);
        struct box both = pieces[i][0];
        uint8_t *was;

        picture_fill(&p, pieces[i][0], 255);
        picture_fill(&p, pieces[i][1], 255);
        box_join(&both, &pieces[i][1]);
        was = picture_copy(&p);
        assert_int_equal(parts_run(&p), OK);
        if (memcmp(p.px, was, picture_pixels(&p)) != 0)
            fail_msg("case %zu lost a piece", i);
        EXPECT_BOX(&p.box, both.x0, both.y0, both.x1, both.y1);
        free(was);
        picture_free(&p);
    }
}

/* Breaks when what is no digit at all is not refused, with its reason, or leaves ink; and when what threshold has
 * refused is looked at again. Where lines went, an end at the border is larger than a crossing. */
static void test_parts_refuse(void **state)
{
    enum { FULL, CROSSING, END, NOISE, REFUSED, KINDS };
    static const enum normalise_refusal want[KINDS] = {[FULL] = NORMALISE_ONLY_FRAMES,
                                                       [CROSSING] = NORMALISE_ONLY_REMNANTS,
                                                       [END] = NORMALISE_ONLY_REMNANTS,
                                                       [NOISE] = NORMALISE_ONLY_NOISE,
                                                       [REFUSED] = NORMALISE_NO_CONTRAST};

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct picture p = picture_new(PICTURE_INK, 300, 240, kind == FULL ? 255 : 0);

        p.lined = kind == CROSSING || kind == END;
        if (kind == CROSSING)
            picture_fill(&p, BOX(100, 100, 105, 105), 255);
        if (kind == END)
            picture_fill(&p, BOX(0, 60, 30, 64), 255);
        for (int i = 0; kind == NOISE && i < 100; i++)
            picture_fill(&p, BOX(20 + i % 10 * 26, 20 + i / 10 * 20, 26 + i % 10 * 26, 26 + i / 10 * 20), 255);
        if (kind == REFUSED)
            p.refusal = NORMALISE_NO_CONTRAST;
        assert_int_equal(parts_run(&p), OK);
        assert_int_equal(p.state, PICTURE_INK);
        if (p.refusal != want[kind])
            fail_msg("kind %d: %d", kind, (int)p.refusal);
        EXPECT_BOX(&p.box, 0, 0, 0, 0);
        EXPECT_RANGE(&p, BOX(0, 0, 300, 240), 0, 0);
        picture_free(&p);
    }
}

/* Breaks when such a small piece, or a few of them, are refused on paper without lines: a dot is one. */
static void test_parts_leave_dots(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 300, 240, 0);

    (void)state;
    picture_fill(&p, BOX(100, 100, 105, 105), 255);
    assert_int_equal(parts_run(&p), OK);
    assert_int_equal(p.refusal, NORMALISE_NOT_REFUSED);
    EXPECT_BOX(&p.box, 100, 100, 105, 105);
    picture_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threshold_stretches),
        cmocka_unit_test(test_threshold_is_not_low),
        cmocka_unit_test(test_threshold_refuses),
        cmocka_unit_test(test_threshold_tells_faint_ink),
        cmocka_unit_test(test_threshold_leaves_corners),
        cmocka_unit_test(test_threshold_lifts_pale_strokes),
        cmocka_unit_test(test_threshold_leaves_pale_others),
        cmocka_unit_test(test_parts_leave_a_stroke),
        cmocka_unit_test(test_parts_clear_others),
        cmocka_unit_test(test_parts_keep_pieces),
        cmocka_unit_test(test_parts_refuse),
        cmocka_unit_test(test_parts_leave_dots),
    };

    return cmocka_run_group_tests_name("stage_ink", tests, NULL, NULL);
}
