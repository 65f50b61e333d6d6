/* Lines along the sides of the picture, as a cell's are: what goes, what must stay, what is mended. */
#include "fixture_stage.h"

#include <time.h>

enum { W = 300, H = 240, INK = 180 };

/* A cell with a 1 in it that keeps off the lines. */
static struct picture cell(void)
{
    struct picture p = picture_new(PICTURE_DARKENING, W, H, 0);

    picture_fill(&p, BOX(140, 60, 152, 160), INK);
    return p;
}

/* Breaks when a line of any thickness, at the border or inside, stays on one of the four sides, or the digit changes.
 */
static void test_lines_of_each_side_go(void **state)
{
    (void)state;
    for (int side = 0; side < 4; side++)
        for (int thick = 2; thick <= 40; thick += 19)
            for (int in = 0; in <= 12; in += 12) {
                struct picture p = cell();
                const struct box boxes[4] = {{0, in, W, in + thick},
                                             {0, H - in - thick, W, H - in},
                                             {in, 0, in + thick, H},
                                             {W - in - thick, 0, W - in, H}};

                picture_fill(&p, boxes[side], INK);
                assert_int_equal(lines_run(&p), OK);
                assert_true(p.lined);
                EXPECT_RANGE(&p, boxes[side], 0, 0);
                EXPECT_RANGE(&p, BOX(140, 60, 152, 160), INK, INK);
                picture_free(&p);
            }
}

/* Breaks when a line that ends at another, as a cell's corner is, stays; or one that ends in the open goes. */
static void test_lines_end_at_lines(void **state)
{
    (void)state;
    for (int open = 0; open < 2; open++) {
        struct picture p = cell();

        picture_fill(&p, BOX(30, 200, open ? 240 : W, 208), INK);
        picture_fill(&p, BOX(30, open ? 40 : 0, 38, 208), INK);
        assert_int_equal(lines_run(&p), OK);
        assert_int_equal(p.lined, !open);
        EXPECT_RANGE(&p, BOX(60, 200, 200, 208), open ? INK : 0, open ? INK : 0);
        picture_free(&p);
    }
}

/* Breaks when a stem loses more than what is in the line, or keeps a piece of the line; when a flat foot that lies half
 * in the line gets thinner than the pen; when the line stays beside either. */
static void test_strokes_stand_on_a_line(void **state)
{
    struct picture p = cell();

    (void)state;
    picture_fill(&p, BOX(0, 200, W, 216), INK);
    picture_fill(&p, BOX(140, 60, 152, 208), INK); /* a 1 */
    picture_fill(&p, BOX(60, 194, 120, 206), INK); /* the foot of a 2, and its neck */
    picture_fill(&p, BOX(60, 100, 72, 200), INK);
    assert_int_equal(lines_run(&p), OK);
    EXPECT_RANGE(&p, BOX(140, 60, 152, 200), INK, INK);
    EXPECT_RANGE(&p, BOX(74, 194, 118, 204), INK, INK);
    EXPECT_RANGE(&p, BOX(74, 208, 118, 216), 0, 0);
    EXPECT_RANGE(&p, BOX(0, 200, 58, 218), 0, 0);
    EXPECT_RANGE(&p, BOX(160, 200, W, 218), 0, 0);
    picture_free(&p);
}

/* Breaks when a stroke is cut where it crosses a line as thick as itself, straight or slanted. */
static void test_strokes_cross_a_line(void **state)
{
    (void)state;
    for (int slanted = 0; slanted < 2; slanted++) {
        struct picture p = picture_new(PICTURE_DARKENING, W, H, 0);

        picture_fill(&p, BOX(0, 170, W, 182), INK);
        for (int y = 40; y < 220; y++)
            picture_fill(&p, BOX(60 + slanted * y / 2, y, 72 + slanted * y / 2, y + 1), INK);
        assert_int_equal(lines_run(&p), OK);
        for (int y = 40; y < 220; y++)
            EXPECT_RANGE(&p, BOX(64 + slanted * y / 2, y, 68 + slanted * y / 2, y + 1), INK, INK);
        EXPECT_RANGE(&p, BOX(0, 168, 55, 184), 0, 0);
        EXPECT_RANGE(&p, BOX(190, 168, W, 184), 0, 0);
        picture_free(&p);
    }
}

/* Breaks when a 0 that goes down into the line is left open, or two stems that do not lean are joined. */
static void test_arcs_are_joined(void **state)
{
    (void)state;
    for (int stems = 0; stems < 2; stems++) {
        struct picture p = picture_new(PICTURE_DARKENING, W, H, 0);

        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                const int dx = x - 150, dy = y - 140, d = dx * dx + dy * dy;

                if (!stems && d <= 70 * 70 && d >= 60 * 60)
                    *picture_at(&p, x, y) = INK;
            }
        if (stems) {
            picture_fill(&p, BOX(120, 70, 130, 210), INK);
            picture_fill(&p, BOX(160, 70, 170, 210), INK);
        }
        picture_fill(&p, BOX(0, 198, W, 214), INK);
        assert_int_equal(lines_run(&p), OK);
        EXPECT_RANGE(&p, BOX(140, 199, 150, 206), stems ? 0 : INK, stems ? 0 : INK);
        EXPECT_RANGE(&p, BOX(0, 198, 80, 216), 0, 0);
        picture_free(&p);
    }
}

/* Breaks when what may be the digit's own is taken: the bar of a 7 and the stem of a 9 cut out at their ink, a 4 cut
 * out likewise, a stem from edge to edge with nothing else, a bar that ends before the picture does, and a bent stroke.
 */
static void test_strokes_stay(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        struct picture p = picture_new(PICTURE_DARKENING, W, H, 0);
        uint8_t *was;

        if (kind == 0 || kind == 4)
            picture_fill(&p, BOX(0, 2, kind ? 260 : W, 30), INK);
        if (kind == 0 || kind == 4)
            for (int y = 0; y < H; y++)
                picture_fill(&p, BOX(250 - y / 2, y, 280 - y / 2, y + 1), INK);
        if (kind == 1) {
            picture_fill(&p, BOX(270, 0, 298, H), INK);
            picture_fill(&p, BOX(0, 30, 290, 58), INK);
            picture_fill(&p, BOX(0, 30, 28, 140), INK);
        }
        if (kind == 2) {
            picture_fill(&p, BOX(200, 0, 228, H), INK);
            picture_fill(&p, BOX(0, 130, W, 158), INK);
        }
        if (kind == 3)
            picture_fill(&p, BOX(60, 0, 90, H), INK);
        for (int x = 0; kind == 5 && x < W; x++)
            picture_fill(&p, BOX(x, 20 + (x - 150) * (x - 150) / 1500, x + 1, 40 + (x - 150) * (x - 150) / 1500), INK);
        if (kind == 5)
            picture_fill(&p, BOX(140, 30, 160, 200), INK);
        was = picture_copy(&p);
        assert_int_equal(lines_run(&p), OK);
        if (memcmp(p.px, was, picture_pixels(&p)) != 0)
            fail_msg("kind %d was changed", kind);
        free(was);
        picture_free(&p);
    }
}

/* Breaks when dark ink on a pale line goes with it. */
static void test_ink_on_a_pale_line(void **state)
{
    struct picture p = cell();

    (void)state;
    picture_fill(&p, BOX(0, 200, W, 220), 80);
    picture_fill(&p, BOX(100, 206, 200, 214), INK); /* all in the line */
    assert_int_equal(lines_run(&p), OK);
    EXPECT_RANGE(&p, BOX(100, 206, 200, 214), INK, INK);
    EXPECT_RANGE(&p, BOX(0, 200, 100, 220), 0, 0);
    picture_free(&p);
}

/* Breaks when a frame that covers the whole border is taken for the paper. */
static void test_a_thick_frame_is_no_paper(void **state)
{
    struct picture p = picture_new(PICTURE_TONES, W, H, 240);

    (void)state;
    picture_fill(&p, BOX(0, 0, W, 28), 30);
    picture_fill(&p, BOX(0, 0, 28, H), 30);
    picture_fill(&p, BOX(W - 28, 0, W, H), 30);
    picture_fill(&p, BOX(140, 60, 152, 200), 30);
    assert_int_equal(paper_run(&p), OK);
    assert_true(p.dark);
    assert_int_equal(*picture_at(&p, 100, 100), 240);
    picture_free(&p);
}

/* A line along the top of a long picture, teeth below it as far apart as told, and a block that they all run into. */
static double seconds_of_comb(int apart)
{
    struct picture p = picture_new(PICTURE_DARKENING, 10000, 100, 0);
    clock_t from;

    picture_fill(&p, BOX(0, 6, 10000, 10), INK);
    for (int x = 0; x < 6400; x += apart)
        picture_fill(&p, BOX(x, 10, x + 1, 14), INK);
    picture_fill(&p, BOX(0, 14, 6400, 99), INK);
    from = clock();
    assert_int_equal(lines_run(&p), OK);
    from = clock() - from;
    assert_true(p.lined);
    picture_free(&p);
    return (double)from / CLOCKS_PER_SEC;
}

/* Breaks when what strokes at a line cost grows with their number times the picture's length: 3,200 of them took a
 * hundred times as long as 32. Processor time, so that other programs do not matter. */
static void test_a_comb_takes_no_time(void **state)
{
    (void)state;
    assert_true(seconds_of_comb(2) < 20 * seconds_of_comb(200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_of_each_side_go),   cmocka_unit_test(test_lines_end_at_lines),
        cmocka_unit_test(test_strokes_stand_on_a_line), cmocka_unit_test(test_strokes_cross_a_line),
        cmocka_unit_test(test_arcs_are_joined),         cmocka_unit_test(test_strokes_stay),
        cmocka_unit_test(test_ink_on_a_pale_line),      cmocka_unit_test(test_a_thick_frame_is_no_paper),
        cmocka_unit_test(test_a_comb_takes_no_time),
    };

    return cmocka_run_group_tests_name("stage_lines", tests, NULL, NULL);
}
