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

/* Breaks when next to no contrast, or what is little over the grain, is made ink, or what is a little more is not. */
static void test_threshold_refuses(void **state)
{
    static const struct {
        uint8_t ink;
        int noise;
        bool refused;
    } cases[] = {{0, 0, true}, {19, 0, true}, {20, 0, false}, {59, 30, true}, {60, 30, false}, {255, 255, true}};

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
        cmocka_unit_test(test_threshold_stretches), cmocka_unit_test(test_threshold_is_not_low),
        cmocka_unit_test(test_threshold_refuses),   cmocka_unit_test(test_parts_leave_a_stroke),
        cmocka_unit_test(test_parts_clear_others),  cmocka_unit_test(test_parts_keep_pieces),
        cmocka_unit_test(test_parts_refuse),        cmocka_unit_test(test_parts_leave_dots),
    };

    return cmocka_run_group_tests_name("stage_ink", tests, NULL, NULL);
}
