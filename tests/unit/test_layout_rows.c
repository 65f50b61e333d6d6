/* layout/rows.c and layout/cuts.c: which pieces stand in a row, in which order, and where one may be cut. */
#include "fixture_layout.h"

static struct row rows[LAYOUT_ROWS_MAX];

/* Breaks when two rows become one, their order is another, or a row's groups are not from left to right. */
static void test_two_rows(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 500, 300, 0);
    struct page page;

    (void)state;
    for (int i = 0; i < 5; i++) {
        picture_fill(&p, BOX(20 + 90 * i, 150 + 4 * i, 45 + 90 * i, 200 + 4 * i), 255); /* it slants */
        picture_fill(&p, BOX(40 + 90 * i, 40 + 4 * i, 60 + 90 * i, 90 + 4 * i), 255);
    }
    assert_int_equal(fixture_rows(&p, &page, rows), 2);
    assert_int_equal(rows[0].n, 5);
    assert_int_equal(rows[1].n, 5);
    assert_true(rows[0].middle < rows[1].middle);
    assert_true(fabs(rows[0].slope - 4.0 / 90) < 0.01);
    for (int i = 1; i < 5; i++)
        assert_true(rows[1].group[i].box.x0 > rows[1].group[i - 1].box.x0);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when a number that is written up and down falls apart. */
static void test_ragged_row(void **state)
{
    static const int top[] = {40, 70, 20, 60, 30}, height[] = {50, 35, 60, 30, 50};
    struct picture p = picture_new(PICTURE_INK, 500, 150, 0);
    struct page page;

    (void)state;
    for (int i = 0; i < 5; i++)
        picture_fill(&p, BOX(20 + 60 * i, top[i], 45 + 60 * i, top[i] + height[i]), 255);
    assert_int_equal(fixture_rows(&p, &page, rows), 1);
    assert_int_equal(rows[0].n, 5);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when digits that are written high and low by turns are two rows, as their first two stand hardly at one
 * height; or a digit with a gap in its stroke is in two rows; or two short rows, of which one stands under a gap of the
 * other, are one. */
static void test_rows_in_one_another(void **state)
{
    static const struct box turns[] = {
        {20, 20, 45, 70}, {60, 69, 85, 119}, {100, 30, 125, 80}, {140, 60, 165, 110}, {180, 25, 205, 75}};
    static const struct box broken[] = {{20, 40, 45, 90}, {70, 20, 100, 58}, {65, 57, 95, 95}, {120, 40, 145, 90}};
    static const struct box two[] = {
        {20, 20, 45, 70}, {60, 90, 85, 140}, {100, 20, 125, 70}, {140, 90, 165, 140}, {180, 20, 205, 70}};
    const struct {
        const struct box *box;
        int n, rows, groups;
    } cases[] = {{turns, 5, 1, 5}, {broken, 4, 1, 3}, {two, 5, 2, 3}};

    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
        struct picture p = picture_new(PICTURE_INK, 300, 160, 0);
        struct page page;

        for (int i = 0; i < cases[c].n; i++)
            picture_frame(&p, cases[c].box[i], 5, 255);
        if (cases[c].box == broken)
            picture_fill(&p, BOX(65, 57, 100, 58), 0); /* they do not touch */
        assert_int_equal(fixture_rows(&p, &page, rows), cases[c].rows);
        assert_int_equal(rows[0].n, cases[c].groups);
        page_free(&page);
        picture_free(&p);
    }
}

/* Breaks when digits far apart in a grid that is turned stand in the row above, or a row of smaller digits is left out.
 */
static void test_grid_and_smaller(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 700, 500, 0);
    struct page page;

    (void)state;
    for (int r = 0; r < 3; r++)
        for (int i = 0; i < 5; i++)
            picture_fill(&p, BOX(20 + 110 * i, 20 + 75 * r + 18 * i, 45 + 110 * i, 70 + 75 * r + 18 * i), 255);
    for (int i = 0; i < 4; i++)
        picture_fill(&p, BOX(20 + 40 * i, 400 + 6 * i, 30 + 40 * i, 422 + 6 * i), 255);
    assert_int_equal(fixture_rows(&p, &page, rows), 4);
    for (int r = 0; r < 3; r++)
        assert_int_equal(rows[r].n, 5);
    assert_int_equal(rows[3].n, 4);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when the bar over a stroke is a piece of its own, or a full stop is lost. */
static void test_groups(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 300, 150, 0);
    struct page page;

    (void)state;
    picture_fill(&p, BOX(20, 50, 50, 100), 255);
    picture_fill(&p, BOX(24, 40, 52, 46), 255);
    picture_fill(&p, BOX(70, 94, 76, 100), 255);
    picture_fill(&p, BOX(100, 50, 130, 100), 255);
    assert_int_equal(fixture_rows(&p, &page, rows), 1);
    assert_int_equal(rows[0].n, 3);
    assert_int_equal(rows[0].group[0].n, 2);
    EXPECT_BOX(&rows[0].group[0].box, 20, 40, 52, 100);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when two bars that a thin bridge joins are not cut at the bridge, or the cut goes through the bars. */
static void test_cut_at_bridge(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 200, 100, 0);
    struct page page;
    struct cuts cuts;
    double least = 1e9;
    int at = 0;

    (void)state;
    picture_fill(&p, BOX(40, 20, 60, 70), 255);
    picture_fill(&p, BOX(90, 20, 110, 70), 255);
    picture_fill(&p, BOX(60, 44, 90, 47), 255);
    assert_int_equal(fixture_rows(&p, &page, rows), 1);
    assert_int_equal(rows[0].n, 1);
    assert_int_equal(cuts_find(&page, &rows[0].group[0], rows[0].height, CUTS_MAX, &cuts), OK);
    assert_true(cuts.n >= 1);
    for (int i = 0; i < cuts.n; i++) {
        if (cuts.cut[i].ink < least) {
            least = cuts.cut[i].ink;
            at = i;
        }
        for (int k = i; k > 0 && k == i; k--)
            assert_true(cuts.cut[k].x[25] >= cuts.cut[k - 1].x[25]);
    }
    assert_true(least >= 2.5 && least <= 3.5); /* the bridge is 3 px thick */
    assert_in_range(cuts.cut[at].x[25], 20, 50);
    cuts_free(&cuts);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when a thin 1 that leans on the whole side of a loop cannot be cut off: seams go round through the loop. */
static void test_cut_along_stroke(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 200, 100, 0);
    struct page page;
    struct cuts cuts;
    bool found = false;

    (void)state;
    picture_fill(&p, BOX(40, 20, 45, 70), 255);
    picture_fill(&p, BOX(45, 25, 46, 45), 200);
    picture_frame(&p, BOX(46, 20, 80, 50), 6, 255);
    picture_fill(&p, BOX(74, 20, 80, 70), 255);
    assert_int_equal(fixture_rows(&p, &page, rows), 1);
    assert_int_equal(rows[0].n, 1);
    assert_int_equal(cuts_find(&page, &rows[0].group[0], rows[0].height, 6, &cuts), OK);
    for (int i = 0; i < cuts.n; i++) {
        int least = 200, most = 0;

        for (int y = 0; y < 50; y++) {
            least = cuts.cut[i].x[y] < least ? cuts.cut[i].x[y] : least;
            most = cuts.cut[i].x[y] > most ? cuts.cut[i].x[y] : most;
        }
        found = found || (least >= 4 && most <= 7);
    }
    assert_true(found);
    cuts_free(&cuts);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when a hook or a serif is cut off, which is no digit: it has ink in too few rows. */
static void test_no_cut_of_a_hook(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 200, 100, 0);
    struct page page;
    struct cuts cuts;

    (void)state;
    picture_fill(&p, BOX(60, 20, 66, 70), 255);
    picture_fill(&p, BOX(40, 20, 60, 24), 255);
    assert_int_equal(fixture_rows(&p, &page, rows), 1);
    assert_int_equal(cuts_find(&page, &rows[0].group[0], rows[0].height, CUTS_MAX, &cuts), OK);
    for (int i = 0; i < cuts.n; i++)
        assert_true(cuts.cut[i].x[10] > 20);
    cuts_free(&cuts);
    page_free(&page);
    picture_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_rows),         cmocka_unit_test(test_ragged_row),
        cmocka_unit_test(test_groups),           cmocka_unit_test(test_grid_and_smaller),
        cmocka_unit_test(test_cut_at_bridge),    cmocka_unit_test(test_cut_along_stroke),
        cmocka_unit_test(test_no_cut_of_a_hook), cmocka_unit_test(test_rows_in_one_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
