/* layout_find: a picture to a lattice; layout_lattice_check and layout_lattice_take: what may come from the decoder. */
#include "fixture_layout.h"

static struct layout_lattice lattice, other;

static void find(const struct picture *p)
{
    memset(&lattice, 0xa5, sizeof(lattice));
    assert_int_equal(layout_find(p, &lattice), OK);
    assert_true(layout_lattice_check(&lattice));
}

/* Breaks when two digits that stand apart are not two candidates, their boxes are not in px of the raster, or the 28x28
 * is not that of the digit. */
static void test_two_digits(void **state)
{
    struct picture p = page_picture(300, 120);
    int whole = 0;

    (void)state;
    p.scale = 3;
    p.in.w = 900;
    p.in.h = 359;
    picture_fill(&p, BOX(50, 30, 56, 90), 150);
    picture_frame(&p, BOX(120, 30, 160, 90), 6, 150);
    find(&p);
    assert_int_equal(lattice.rows, 1);
    assert_int_equal(lattice.width, 900);
    for (int i = 0; i < lattice.candidates; i++) {
        const struct layout_candidate *c = &lattice.candidate[i];
        int ink = 0;

        for (int k = 0; k < DIGIT_PIXELS; k++)
            ink += c->input[k];
        assert_true(ink > 0);
        if (c->cut)
            continue;
        whole++;
        if (c->from == 0) {
            EXPECT_BOX(&c->box, 150, 90, 168, 270);
            assert_true(c->measure[LAYOUT_HEIGHT] > 0.95F && c->measure[LAYOUT_HEIGHT] < 1.05F);
            assert_true(c->measure[LAYOUT_PIECES] > 0.5F);
        } else {
            EXPECT_BOX(&c->box, 360, 90, 480, 270);
        }
    }
    assert_int_equal(whole, 2); /* together they are wider than any digit */
    picture_free(&p);
}

/* Breaks when a piece of two digits that touch has no candidate for each of them, or they are not marked as cuts. */
static void test_touching(void **state)
{
    struct picture p = page_picture(200, 120);
    bool left = false, right = false, whole = false;

    (void)state;
    picture_frame(&p, BOX(40, 30, 80, 90), 6, 150);
    picture_frame(&p, BOX(82, 30, 122, 90), 6, 150);
    picture_fill(&p, BOX(80, 60, 82, 63), 150);
    find(&p);
    for (int i = 0; i < lattice.candidates; i++) {
        const struct layout_candidate *c = &lattice.candidate[i];

        whole = whole || (!c->cut && c->box.x0 == 40 && c->box.x1 == 122);
        left = left || (c->cut && c->box.x0 == 40 && c->box.x1 >= 79 && c->box.x1 <= 83);
        right = right || (c->cut && c->box.x0 >= 79 && c->box.x0 <= 83 && c->box.x1 == 122);
    }
    assert_true(whole && left && right);
    picture_free(&p);
}

/* Breaks when nothing, or what the threshold refuses, gives rows; or another state is taken. */
static void test_nothing(void **state)
{
    struct picture p = page_picture(200, 120);

    (void)state;
    find(&p);
    assert_int_equal(lattice.rows, 0);
    p.state = PICTURE_INK;
    assert_int_equal(layout_find(&p, &lattice), ERR_RANGE);
    picture_free(&p);
}

/* Breaks when the page's own ink gives another lattice than the page alone: with nothing to take off, with a frame,
 * with a line all across; or when it is not used where it could be. */
static void test_beside(void **state)
{
    static struct layout_lattice alone;

    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct picture p = page_picture(200, 120), ink;

        picture_fill(&p, BOX(60, 40, 66, 90), 150);
        picture_fill(&p, BOX(90, 40, 96, 90), 150);
        if (kind == 1)
            picture_frame(&p, BOX(20, 20, 180, 110), 3, 150);
        if (kind == 2)
            picture_fill(&p, BOX(0, 100, 200, 103), 150);
        assert_int_equal(picture_clone(&p, &ink), OK);
        assert_int_equal(normalise_run_until(&ink, PICTURE_INK, NULL), OK);
        assert_int_equal(layout_find(&p, &alone), OK);
        assert_int_equal(layout_find_beside(&p, &ink, &lattice), OK);
        assert_true(alone.candidates >= 2);
        assert_int_equal(alone.rows, lattice.rows);
        assert_int_equal(alone.candidates, lattice.candidates);
        assert_memory_equal(alone.candidate, lattice.candidate, (size_t)alone.candidates * sizeof(*alone.candidate));
        if (kind == 0) {
            memset(ink.px, 0, picture_pixels(&ink));
            assert_int_equal(layout_find_beside(&p, &ink, &lattice), OK);
            assert_int_equal(lattice.candidates, 0);
        }
        picture_free(&ink);
        picture_free(&p);
    }
}

/* Breaks when more than the limits allow is not told, or written beyond them. */
static void test_limits(void **state)
{
    struct picture p = page_picture(1000, 1000);

    (void)state;
    for (int i = 0; i < 1600; i++)
        picture_frame(&p, BOX(i % 40 * 25 + 4, i / 40 * 25 + 4, i % 40 * 25 + 18, i / 40 * 25 + 22), 3, 150);
    find(&p);
    assert_int_equal(lattice.full, 1);
    assert_in_range(lattice.candidates, 1, LAYOUT_CANDIDATES_MAX);
    picture_free(&p);
}

/* Breaks when the rows after the 64th are left out without a word. */
static void test_rows(void **state)
{
    (void)state;
    for (int rows = LAYOUT_ROWS_MAX; rows <= LAYOUT_ROWS_MAX + 1; rows++) {
        struct picture p = page_picture(200, 30 * (LAYOUT_ROWS_MAX + 2));

        for (int i = 0; i < 2 * rows; i++)
            picture_frame(&p, BOX(i % 2 * 30 + 50, i / 2 * 30 + 10, i % 2 * 30 + 64, i / 2 * 30 + 28), 3, 150);
        find(&p);
        assert_int_equal(lattice.rows, LAYOUT_ROWS_MAX);
        assert_int_equal(lattice.full, rows > LAYOUT_ROWS_MAX);
        picture_free(&p);
    }
}

static void good(void)
{
    struct layout_lattice *l = lattice_new(3);

    lattice_put(l, 0, 1);
    lattice_put(l, 0, 2);
    lattice_put(l, 2, 3);
    lattice = *l;
    free(l);
    assert_true(layout_lattice_check(&lattice));
}

#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        good();                                                                                                        \
        change;                                                                                                        \
        if (layout_lattice_check(&lattice) || layout_lattice_take(&lattice, &other) || other.rows != 0 ||              \
            other.candidates != 0)                                                                                     \
            fail_msg("line %d: taken", __LINE__);                                                                      \
    } while (0)

/* Breaks when a field of a lattice may be anything. */
static void test_check(void **state)
{
    (void)state;
    REFUSED(lattice.rows = -1);
    REFUSED(lattice.rows = LAYOUT_ROWS_MAX + 1);
    REFUSED(lattice.rows = 2);
    REFUSED(lattice.atoms = 2);
    REFUSED(lattice.atoms = LAYOUT_ATOMS_MAX + 1);
    REFUSED(lattice.candidates = -1);
    REFUSED(lattice.candidates = INT32_MAX);
    REFUSED(lattice.candidates = 4);
    REFUSED(lattice.full = 2);
    REFUSED(lattice.row[0].first_atom = 1);
    REFUSED(lattice.row[0].first = -1);
    REFUSED(lattice.row[0].candidates = 0);
    REFUSED(lattice.row[0].candidates = INT32_MAX);
    REFUSED(lattice.row[0].atoms = INT32_MAX);
    REFUSED(lattice.row[0].height_px = 0);
    REFUSED(lattice.row[0].height_px = NAN);
    REFUSED(lattice.row[0].box.x1 = 0);
    REFUSED(lattice.atom[1].group = -1);
    REFUSED(lattice.atom[1].wall = 2);
    REFUSED(lattice.atom[1].ink = INFINITY);
    REFUSED(lattice.atom[1].height = NAN);
    REFUSED(lattice.candidate[1].row = 1);
    REFUSED(lattice.candidate[1].from = -1);
    REFUSED(lattice.candidate[1].to = 4);
    REFUSED(lattice.candidate[1].to = 0);
    REFUSED(lattice.candidate[1].to = 1);    /* twice the same */
    REFUSED(lattice.candidate[2].from = -5); /* not in order */
    REFUSED(lattice.candidate[1].cut = 2);
    REFUSED(lattice.candidate[1].box.x0 = -1);
    REFUSED(lattice.candidate[1].box.y1 = lattice.height + 1);
    REFUSED(lattice.candidate[1].measure[LAYOUT_SLANT] = NAN);
    REFUSED(lattice.candidate[1].measure[LAYOUT_INK] = 1e30F);
    good();
    assert_true(layout_lattice_take(&lattice, &other));
    assert_memory_equal(&lattice, &other, layout_lattice_bytes(&lattice));
}

/* Breaks when a picture that is one digit is not one candidate. */
static void test_single(void **state)
{
    static const int box[4] = {4, 4, 12, 20}, none[4] = {0, 0, 0, 0};
    uint8_t input[DIGIT_PIXELS] = {0};

    (void)state;
    input[100] = 200;
    layout_single(input, box, &lattice);
    assert_true(layout_lattice_check(&lattice));
    assert_int_equal(lattice.candidates, 1);
    assert_int_equal(lattice.candidate[0].input[100], 200);
    layout_single(input, none, &lattice);
    assert_true(layout_lattice_check(&lattice));
    assert_int_equal(lattice.rows, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_digits), cmocka_unit_test(test_touching), cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_beside),     cmocka_unit_test(test_limits),   cmocka_unit_test(test_rows),
        cmocka_unit_test(test_check),      cmocka_unit_test(test_single),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
