/* What layout_find keeps to when a page is full, and what it leaves out: cuts (cuts.c), chains of pieces that are one
 * row or two (rows.c), frames round one digit (ink.c), walls between cells and the limits (lattice.c). */
#include "fixture_layout.h"

static struct layout_lattice lattice;
static struct row rows[LAYOUT_ROWS_MAX];

/* Where a cut goes through a group h px high, on the average. */
static double cut_middle(const struct cut *c, int h)
{
    double sum = 0;

    for (int y = 0; y < h; y++)
        sum += c->x[y];
    return sum / h;
}

static double least_ink(const struct cuts *c)
{
    double least = 1e9;

    for (int i = 0; i < c->n; i++)
        least = c->cut[i].ink < least ? c->cut[i].ink : least;
    return least;
}

/* Bars that hang together by bridges, each of another thickness. What is 8 times as wide as high would be a rule. */
static struct picture bars_on_bridges(int bars)
{
    struct picture p = picture_new(PICTURE_INK, 60 + 22 * bars, 120, 0);

    for (int i = 0; i < bars; i++) {
        picture_fill(&p, BOX(20 + 22 * i, 10, 30 + 22 * i, 100), 255);
        if (i > 0)
            picture_fill(&p, BOX(30 + 22 * (i - 1), 20, 20 + 22 * i, 23 + i * 7 % 11), 255);
    }
    return p;
}

/* Breaks when there are more cuts than asked for, the cheapest is not among those left, they are not in order, or a cut
 * has the path or the ink of another. */
static void test_the_cheapest_cuts_are_left(void **state)
{
    enum { BARS = 9, LEFT = 3 };
    struct picture p = bars_on_bridges(BARS);
    struct page page;
    struct cuts all, few;
    int h, found = 0;

    (void)state;
    assert_int_equal(fixture_rows(&p, &page, rows), 1);
    h = box_height(&rows[0].group[0].box);
    assert_int_equal(cuts_find(&page, &rows[0].group[0], rows[0].height, CUTS_MAX, &all), OK);
    assert_int_equal(cuts_find(&page, &rows[0].group[0], rows[0].height, LEFT, &few), OK);
    assert_in_range(all.n, LEFT + 1, CUTS_MAX);
    assert_int_equal(few.n, LEFT);
    assert_true(least_ink(&few) == least_ink(&all));
    for (int i = 1; i < all.n; i++)
        assert_true(cut_middle(&all.cut[i], h) >= cut_middle(&all.cut[i - 1], h));
    for (int i = 0; i < all.n && found < LEFT; i++)
        if (memcmp(all.cut[i].x, few.cut[found].x, (size_t)h * sizeof(*few.cut[found].x)) == 0) {
            assert_true(all.cut[i].ink == few.cut[found].ink);
            found++;
        }
    assert_int_equal(found, LEFT);
    cuts_free(&all);
    cuts_free(&few);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when more places to cut than there is room for are written beyond it, or the thinnest bridge is lost among
 * them. */
static void test_more_cuts_than_room(void **state)
{
    struct picture p = bars_on_bridges(CUTS_MAX + 8);
    struct page page;
    struct cuts cuts;

    (void)state;
    assert_int_equal(fixture_rows(&p, &page, rows), 1);
    assert_int_equal(cuts_find(&page, &rows[0].group[0], rows[0].height, CUTS_MAX, &cuts), OK);
    assert_int_equal(cuts.n, CUTS_MAX);
    assert_true(least_ink(&cuts) >= 2.5 && least_ink(&cuts) <= 3.5);
    cuts_free(&cuts);
    page_free(&page);
    picture_free(&p);
}

/* Six bars: the later three stand so much lower. */
static int rows_of_two_steps(int lower, int right)
{
    struct picture p = picture_new(PICTURE_INK, 700, 300, 0);
    struct page page;
    int n;

    for (int i = 0; i < 3; i++) {
        picture_fill(&p, BOX(20 + 50 * i, 20, 40 + 50 * i, 70), 255);
        picture_fill(&p, BOX(right + 50 * i, 20 + lower, right + 20 + 50 * i, 70 + lower), 255);
    }
    n = fixture_rows(&p, &page, rows);
    page_free(&page);
    picture_free(&p);
    return n;
}

/* Breaks when a number whose end stands lower falls apart, or two rows become one. */
static void test_rows_that_step_down(void **state)
{
    (void)state;
    assert_int_equal(rows_of_two_steps(35, 180), 1);
    assert_int_equal(rows[0].n, 6);
    assert_int_equal(rows_of_two_steps(70, 180), 2); /* nothing of one is as low as the other */
}

/* Breaks when a row that climbs beside the end of the one above it is taken for that one's rest, though it begins
 * beneath it. */
static void test_a_row_begins_under_another(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 400, 200, 0);
    struct page page;

    (void)state;
    picture_fill(&p, BOX(20, 20, 80, 70), 255);
    picture_fill(&p, BOX(150, 20, 160, 70), 255);
    picture_fill(&p, BOX(58, 85, 118, 135), 255);
    picture_fill(&p, BOX(180, 62, 190, 112), 255); /* nearest to the other row, and beside it */
    assert_int_equal(fixture_rows(&p, &page, rows), 2);
    assert_int_equal(rows[0].n, 2);
    assert_int_equal(rows[1].n, 2);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when a frame round one digit is left as ink of a digit, or a zero goes with its dot. */
static void test_a_frame_round_one_digit(void **state)
{
    struct picture p = picture_new(PICTURE_INK, 400, 150, 0);
    struct page page;
    int gone = 0;

    (void)state;
    picture_frame(&p, BOX(20, 20, 110, 130), 4, 255);
    picture_fill(&p, BOX(60, 45, 68, 105), 255);
    for (int y = -45; y < 45; y++) /* a zero, with a dot as large as the pen */
        for (int x = -30; x < 30; x++) {
            const double r = (double)(x * x) / (30 * 30) + (double)(y * y) / (45 * 45);

            if (r <= 1 && r >= 0.6)
                *picture_at(&p, 220 + x, 75 + y) = 255;
        }
    picture_fill(&p, BOX(212, 60, 228, 90), 255);
    assert_int_equal(page_take(&page, &p), OK);
    for (int i = 1; i < page.n; i++)
        if (page.piece[i].gone) {
            gone++;
            assert_int_equal(page.piece[i].box.x0, 20 / page.shrunk);
        }
    assert_int_equal(gone, 1);
    page_free(&page);
    picture_free(&p);
}

/* Breaks when the wall between two cells is not told to the reader, or there is one between digits of one cell. */
static void test_walls_between_atoms(void **state)
{
    static const int x[] = {50, 70, 130, 210};
    struct picture p = page_picture(400, 150);
    int walls = 0;

    (void)state;
    for (int i = 0; i < 4; i++)
        picture_frame(&p, BOX(20 + 80 * i, 30, 103 + 80 * i, 120), 3, 150);
    for (int i = 0; i < 4; i++)
        picture_fill(&p, BOX(x[i], 50, x[i] + 6, 100), 150);
    assert_int_equal(layout_find(&p, &lattice), OK);
    assert_true(layout_lattice_check(&lattice));
    assert_int_equal(lattice.rows, 1);
    for (int i = 0; i < lattice.candidates; i++) {
        const struct layout_candidate *c = &lattice.candidate[i];

        if (c->to == c->from + 1) {
            const bool behind_wall = c->box.x0 >= 100;

            assert_int_equal(lattice.atom[c->from].wall, behind_wall);
            walls += behind_wall;
        }
    }
    assert_int_equal(walls, 2);
    picture_free(&p);
}

/* Breaks when more candidates than there is room for are written beyond it or not told. 900 strokes that may each be a
 * part of what stands beside it are fewer atoms than the limit, and more candidates. */
static void test_candidates_are_full(void **state)
{
    struct picture p = page_picture(1000, 1000);

    (void)state;
    for (int i = 0; i < 900; i++) {
        const int row = i / 45, x = i % 45 * 19 + row * row * 5 % 19 + 8, y = row * 49 + 8; /* in no line down */

        picture_fill(&p, BOX(x, y, x + 6, y + 36), 150);
    }
    assert_int_equal(layout_find(&p, &lattice), OK);
    assert_true(layout_lattice_check(&lattice));
    assert_int_equal(lattice.candidates, LAYOUT_CANDIDATES_MAX);
    assert_in_range(lattice.atoms, 1, LAYOUT_ATOMS_MAX - 1);
    assert_int_equal(lattice.full, 1);
    picture_free(&p);
}

/* Breaks when ink too low to be read makes rows. */
static void test_too_small(void **state)
{
    struct picture p = page_picture(200, 120);

    (void)state;
    for (int i = 0; i < 8; i++)
        picture_fill(&p, BOX(20 + 9 * i, 40, 23 + 9 * i, 44), 150);
    assert_int_equal(layout_find(&p, &lattice), OK);
    assert_true(layout_lattice_check(&lattice));
    assert_int_equal(lattice.rows, 0);
    assert_int_equal(lattice.candidates, 0);
    picture_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_cheapest_cuts_are_left), cmocka_unit_test(test_more_cuts_than_room),
        cmocka_unit_test(test_rows_that_step_down),        cmocka_unit_test(test_a_row_begins_under_another),
        cmocka_unit_test(test_a_frame_round_one_digit),    cmocka_unit_test(test_walls_between_atoms),
        cmocka_unit_test(test_candidates_are_full),        cmocka_unit_test(test_too_small),
    };

    return cmocka_run_group_tests_name("layout_lattice", tests, NULL, NULL);
}
