/* layout/ink.c and layout/frames.c: which pieces of ink there are, and which of them may be digits. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces), cmocka_unit_test(test_page_is_reduced), cmocka_unit_test(test_page_drops),
        cmocka_unit_test(test_cells),  cmocka_unit_test(test_no_cells),        cmocka_unit_test(test_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
