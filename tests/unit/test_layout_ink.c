/* layout/ink.c, frames.c, plates.c and bars.c: which pieces of ink there are, and which of them may be digits. */
#include "fixture_layout.h"

static int kept(const struct page *page)
{
    int n = 0;

    for (int i = 1; i < page->n; i++)
        n += !page->piece[i].gone;
    return n;
}

/* Breaks when a gap of a px does not part, or a corner does. */
static void test_pieces(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 100, 60, 0);
    struct ink_pieces ink;

    (void)state;
    picture_fill(&p, BOX(10, 10, 20, 40), 255);
    picture_fill(&p, BOX(21, 10, 30, 40), 255); /* a px away */
    picture_fill(&p, BOX(30, 40, 40, 50), 255); /* a corner of the second */
    picture_fill(&p, BOX(60, 10, 62, 50), 255); /* a U: two labels become one */
    picture_fill(&p, BOX(70, 10, 72, 50), 255);
    picture_fill(&p, BOX(60, 48, 72, 50), 255);
    picture_fill(&p, BOX(80, 10, 90, 50), 100); /* not sure ink */
    assert_int_equal(ink_pieces_find(&ink, &p), OK);
    assert_int_equal(ink.n, 4);
    EXPECT_BOX(&ink.piece[1].box, 10, 10, 20, 40);
    EXPECT_BOX(&ink.piece[2].box, 21, 10, 40, 50);
    EXPECT_BOX(&ink.piece[3].box, 60, 10, 72, 50);
    assert_int_equal(ink.piece[1].area, 300);
    assert_int_equal(ink.label[49 * 100 + 71], 3);
    ink_pieces_free(&ink);
    picture_free(&p);
}

/* Breaks when large digits are not made smaller, or the boxes do not follow. */
static void test_page_is_reduced(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 600, 300, 0);
    struct page page;

    (void)state;
    picture_fill(&p, BOX(100, 50, 140, 250), 255);
    picture_fill(&p, BOX(300, 50, 340, 250), 255);
    assert_int_equal(page_take(&page, &p), OK);
    assert_int_equal(page.shrunk, 4);
    assert_int_equal(page.scale, 4);
    assert_int_equal(page.height, 50);
    assert_int_equal(kept(&page), 2);
    EXPECT_BOX(&page.piece[1].box, 25, 12, 35, 63);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when specks, a rule or a frame that holds digits are digits, or a one, a minus or a full stop is not. */
static void test_page_drops(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 400, 200, 0);
    struct page page;

    (void)state;
    picture_frame(&p, BOX(10, 20, 300, 150), 3, 255);
    picture_fill(&p, BOX(50, 60, 75, 110), 255);
    picture_fill(&p, BOX(100, 60, 104, 110), 255);  /* a one */
    picture_fill(&p, BOX(150, 85, 190, 90), 255);   /* a minus */
    picture_fill(&p, BOX(220, 104, 226, 110), 255); /* a full stop */
    picture_fill(&p, BOX(250, 60, 252, 62), 255);   /* a speck */
    picture_fill(&p, BOX(20, 170, 380, 173), 255);  /* a rule */
    assert_int_equal(page_take(&page, &p), OK);
    assert_int_equal(page.height, 50);
    assert_int_equal(kept(&page), 4);
    page_free(&page);
    picture_free(&p);
}

/* The ink of p at full strength, for frames_erase. */
static void erase(struct picture *p, struct walls *walls)
{
    struct picture ink = *p;
    struct ink_pieces pieces;

    ink.px = picture_copy(p);
    for (size_t i = 0; i < picture_pixels(p); i++)
        ink.px[i] = ink.px[i] > 0 ? 255 : 0;
    ink.state = PICTURE_INK;
    assert_int_equal(ink_pieces_find(&pieces, &ink), OK);
    assert_int_equal(frames_erase(p, &ink, &pieces, walls), OK);
    ink_pieces_free(&pieces);
    picture_free(&ink);
}

/* Breaks when the walls of cells stay, the digits in them go, also one that touches a wall, or the walls are not told.
 */
static void test_cells(void **state)
{
    struct picture p = page_picture(400, 150);
    struct walls walls;

    (void)state;
    for (int i = 0; i < 4; i++)
        picture_frame(&p, BOX(20 + 80 * i, 30, 103 + 80 * i, 120), 3, 150);
    picture_fill(&p, BOX(60, 50, 64, 100), 150);
    picture_fill(&p, BOX(98, 70, 140, 78), 150); /* through a wall, thicker than it */
    erase(&p, &walls);
    EXPECT_RANGE(&p, BOX(20, 30, 343, 33), 0, 0);
    EXPECT_RANGE(&p, BOX(20, 117, 343, 120), 0, 0);
    EXPECT_RANGE(&p, BOX(180, 30, 183, 120), 0, 0);
    EXPECT_RANGE(&p, BOX(60, 50, 64, 100), 150, 150);
    EXPECT_RANGE(&p, BOX(106, 70, 140, 78), 150, 150);
    assert_in_range(walls.n, 5, 6);
    picture_free(&p);
}

/* Breaks when a fat digit that touches its cell keeps the frame, since it and the frame are one piece and a small cell
 * is mostly ink; when the stroke of a 1 that only touches a frame goes with it; when a double wall with a slit stays;
 * or a bit of the frame stays where its lines cross. */
static void test_cells_that_are_touched(void **state)
{
    struct picture p = page_picture(400, 150);
    struct walls walls;

    (void)state;
    picture_frame(&p, BOX(20, 30, 84, 100), 3, 150);
    picture_frame(&p, BOX(28, 40, 75, 90), 14, 150);
    picture_fill(&p, BOX(23, 60, 28, 66), 150);
    picture_frame(&p, BOX(120, 30, 150, 60), 2, 150);
    for (int y = 32; y < 56; y++)
        picture_fill(&p, BOX(144 - (y - 32), y, 147 - (y - 32), y + 1), 150);
    picture_frame(&p, BOX(180, 30, 232, 84), 3, 150);
    picture_frame(&p, BOX(233, 30, 287, 84), 3, 150);
    picture_fill(&p, BOX(232, 30, 233, 84), 70); /* the slit */
    picture_fill(&p, BOX(234, 60, 270, 64), 150);
    picture_fill(&p, BOX(196, 45, 200, 75), 150);
    erase(&p, &walls);
    EXPECT_RANGE(&p, BOX(20, 30, 84, 33), 0, 0);
    EXPECT_RANGE(&p, BOX(81, 30, 84, 100), 0, 0);
    EXPECT_RANGE(&p, BOX(30, 42, 72, 52), 150, 150);
    EXPECT_RANGE(&p, BOX(120, 30, 135, 32), 0, 0);
    for (int y = 37; y < 54; y++)
        EXPECT_RANGE(&p, BOX(145 - (y - 32), y, 146 - (y - 32), y + 1), 150, 150);
    EXPECT_RANGE(&p, BOX(180, 30, 195, 84), 0, 0);
    EXPECT_RANGE(&p, BOX(201, 30, 287, 59), 0, 0);
    EXPECT_RANGE(&p, BOX(201, 65, 287, 84), 0, 0);
    EXPECT_RANGE(&p, BOX(196, 45, 200, 75), 150, 150);
    EXPECT_RANGE(&p, BOX(238, 60, 270, 64), 150, 150);
    picture_free(&p);
}

/* Breaks when a 1 in a cell of a row that slants goes as a wall: it runs nearly from line to line. */
static void test_a_one_in_slanting_cells(void **state)
{
    struct picture p = page_picture(540, 240);
    struct walls walls;

    (void)state;
    for (int x = 20; x < 500; x++) {
        picture_fill(&p, BOX(x, 70 - x / 12, x + 1, 73 - x / 12), 150);
        picture_fill(&p, BOX(x, 180 - x / 12, x + 1, 183 - x / 12), 150);
    }
    for (int x = 20; x <= 500; x += 120)
        picture_fill(&p, BOX(x, 70 - x / 12, x + 3, 183 - x / 12), 150);
    picture_fill(&p, BOX(190, 68, 196, 152), 150);
    picture_frame(&p, BOX(300, 60, 340, 130), 6, 150);
    erase(&p, &walls);
    EXPECT_RANGE(&p, BOX(190, 68, 196, 152), 150, 150);
    EXPECT_RANGE(&p, BOX(260, 45, 263, 160), 0, 0);
    assert_int_equal(walls.n, 5);
    picture_free(&p);
}

/* Breaks when a zero that is drawn as a rectangle, or an H, is taken for a frame. */
static void test_no_cells(void **state)
{
    struct picture p = page_picture(400, 150), before;
    struct walls walls;

    (void)state;
    picture_frame(&p, BOX(20, 30, 60, 100), 4, 150);
    picture_frame(&p, BOX(120, 30, 160, 64), 4, 150); /* an eight */
    picture_frame(&p, BOX(120, 60, 160, 100), 4, 150);
    picture_fill(&p, BOX(220, 30, 224, 100), 150);
    picture_fill(&p, BOX(260, 30, 264, 100), 150);
    picture_fill(&p, BOX(220, 60, 264, 64), 150);
    before = p;
    before.px = picture_copy(&p);
    erase(&p, &walls);
    assert_int_equal(walls.n, 0);
    assert_memory_equal(p.px, before.px, picture_pixels(&p));
    picture_free(&before);
    picture_free(&p);
}

/* Breaks when a rule under a number stays, or the digits that stand on it go with it. */
static void test_rule(void **state)
{
    struct picture p = page_picture(400, 150);
    struct walls walls;

    (void)state;
    picture_fill(&p, BOX(0, 100, 400, 103), 150);
    picture_fill(&p, BOX(100, 40, 106, 100), 150);
    picture_fill(&p, BOX(160, 40, 166, 100), 150);
    erase(&p, &walls);
    EXPECT_RANGE(&p, BOX(0, 100, 95, 103), 0, 0);
    EXPECT_RANGE(&p, BOX(172, 100, 400, 103), 0, 0);
    EXPECT_RANGE(&p, BOX(100, 40, 106, 95), 150, 150);
    picture_free(&p);
}

/* The pieces of p, all of whose ink is sure. */
static void find_pieces(const struct picture *p, struct ink_pieces *pieces)
{
    struct picture ink = *p;

    ink.threshold = 1;
    assert_int_equal(ink_pieces_find(pieces, &ink), OK);
}

/* Breaks when a light digit on a dark plate does not become ink, or the plate stays. */
static void test_plates(void **state)
{
    struct picture p = page_picture(400, 150);
    struct ink_pieces pieces;
    bool any;

    (void)state;
    for (int i = 0; i < 3; i++) {
        picture_fill(&p, BOX(20 + 120 * i, 20, 110 + 120 * i, 130), 150);
        picture_fill(&p, BOX(60 + 120 * i, 40, 70 + 120 * i, 110), 0);
    }
    find_pieces(&p, &pieces);
    assert_int_equal(plates_turn(&p, &pieces, &any), OK);
    assert_true(any);
    EXPECT_RANGE(&p, BOX(60, 40, 70, 110), 150, 150);
    EXPECT_RANGE(&p, BOX(10, 10, 59, 140), 0, 0);
    EXPECT_RANGE(&p, BOX(300, 40, 310, 110), 150, 150);
    ink_pieces_free(&pieces);
    picture_free(&p);
}

/* Breaks when a table round a sheet stays, or a fat zero, an angular one, a bar at the border, ruled paper
 * or a cell that a fat digit fills go. */
static void test_no_plates(void **state)
{
    struct picture p = page_picture(400, 200), before;
    struct ink_pieces pieces;
    bool any;

    (void)state;
    picture_frame(&p, BOX(20, 30, 60, 100), 12, 150);
    picture_frame(&p, BOX(0, 120, 400, 190), 2, 150);  /* lines that run through */
    picture_fill(&p, BOX(200, 30, 230, 100), 150);     /* a fat one */
    picture_fill(&p, BOX(300, 0, 312, 100), 150);      /* cut off */
    picture_frame(&p, BOX(330, 20, 390, 100), 4, 150); /* a cell with a fat zero that touches it */
    picture_frame(&p, BOX(339, 32, 382, 85), 14, 150);
    picture_fill(&p, BOX(334, 60, 339, 66), 150);
    before = p;
    before.px = picture_copy(&p);
    find_pieces(&p, &pieces);
    assert_int_equal(plates_turn(&p, &pieces, &any), OK);
    assert_false(any);
    assert_memory_equal(p.px, before.px, picture_pixels(&p));
    ink_pieces_free(&pieces);
    picture_fill(&p, BOX(0, 0, 400, 200), 0);
    picture_frame(&p, BOX(0, 0, 400, 200), 15, 150);
    picture_fill(&p, BOX(100, 60, 110, 130), 150);
    find_pieces(&p, &pieces);
    assert_int_equal(plates_turn(&p, &pieces, &any), OK);
    assert_true(any);
    EXPECT_RANGE(&p, BOX(0, 0, 400, 15), 0, 0);
    EXPECT_RANGE(&p, BOX(100, 60, 110, 130), 150, 150);
    ink_pieces_free(&pieces);
    picture_free(&before);
    picture_free(&p);
}

/* Breaks when separators between digits are ones, or ones are separators. */
static void test_bars(void **state)
{
    static const int top[] = {60, 64, 57, 66, 61}, high[] = {50, 44, 55, 47, 52}, off[] = {0, 7, -6, 4, 9};
    struct picture p = picture_new(PICTURE_INK, 500, 200, 0);
    struct page page;

    (void)state;
    for (int i = 0; i < 4; i++) {
        picture_fill(&p, BOX(100 * i + 60, 60, 100 * i + 90, 110), 255);
        picture_fill(&p, BOX(100 * i + 120, 50, 100 * i + 123, 120), 255);
    }
    assert_int_equal(page_take(&page, &p), OK);
    assert_int_equal(bars_drop(&page), OK);
    assert_int_equal(kept(&page), 4);
    assert_int_equal(page.height, 50);
    page_free(&page);
    picture_fill(&p, BOX(0, 0, 500, 200), 0);
    for (int i = 0; i < 5; i++) { /* a one and another digit in turn, by hand */
        picture_fill(&p, BOX(90 * i + 20 + off[i], top[i], 90 * i + 24 + off[i], top[i] + high[i]), 255);
        picture_fill(&p, BOX(90 * i + 60, 60, 90 * i + 80, 110), 255);
    }
    assert_int_equal(page_take(&page, &p), OK);
    assert_int_equal(bars_drop(&page), OK);
    assert_int_equal(kept(&page), 10);
    page_free(&page);
    picture_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_page_is_reduced),
        cmocka_unit_test(test_page_drops),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_no_cells),
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_cells_that_are_touched),
        cmocka_unit_test(test_a_one_in_slanting_cells),
        cmocka_unit_test(test_plates),
        cmocka_unit_test(test_no_plates),
        cmocka_unit_test(test_bars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
