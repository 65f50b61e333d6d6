/* The last stages: scale, place. Each alone, on a picture that shows what it does, and on one that it must leave alone.
 */
#include "fixture_stage.h"

static struct picture block(struct box b, uint8_t v)
{
    struct picture p = picture_new(PICTURE_INK, 300, 240, 0);

    picture_fill(&p, b, v);
    p.box = b;
    return p;
}

/* Breaks when the longest side is not 20 px, the other not in proportion, ink outside of the box counts, or px changes.
 */
static void test_scale_to_20(void **state)
{
    struct picture p = block(BOX(100, 40, 180, 200), 255);
    uint8_t *was;

    (void)state;
    picture_fill(&p, BOX(200, 0, 300, 240), 255);
    was = picture_copy(&p);
    assert_int_equal(scale_run(&p), OK);
    assert_int_equal(p.state, PICTURE_SMALL);
    assert_int_equal(p.small.w, 10);
    assert_int_equal(p.small.h, 20);
    for (int i = 0; i < 10 * 20; i++)
        assert_true(p.small.v[i] > 254.99 && p.small.v[i] < 255.01);
    assert_memory_equal(p.px, was, picture_pixels(&p));
    free(was);
    picture_free(&p);
}

/* Breaks when the means of areas are wrong: half of the columns inked, a third, and enlarged from one pixel to two. */
static void test_scale_averages(void **state)
{
    struct picture p = block(BOX(0, 0, 40, 40), 0);

    (void)state;
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 40; x++)
            *picture_at(&p, x, y) = x < 20 ? 255 : x % 2 == 0 ? 255 : 0;
    assert_int_equal(scale_run(&p), OK);
    assert_int_equal(p.small.w, 20);
    assert_true(p.small.v[0] == 255 && p.small.v[20 * 20 - 1] > 127.4 && p.small.v[20 * 20 - 1] < 127.6);
    picture_free(&p);
}

/* Breaks when the wish to leave the picture as it lies is scaled by its ink's box, or to another size than 28. */
static void test_scale_whole(void **state)
{
    struct picture p = block(BOX(30, 30, 90, 90), 255);

    (void)state;
    p.center = NORMALISE_CENTER_NONE;
    assert_int_equal(scale_run(&p), OK);
    assert_int_equal(p.small.w, 28);
    assert_int_equal(p.small.h, 22);
    assert_true(p.small.v[0] == 0 && p.small.v[5 * 28 + 5] > 254.99 && p.small.v[21 * 28 + 27] == 0);
    picture_free(&p);
}

/* Breaks when a hairline vanishes or stays grey, a pale stroke stays pale, or either gets wider than 20 px. */
static void test_scale_strokes(void **state)
{
    struct picture hair = block(BOX(100, 20, 101, 220), 255), pale = block(BOX(100, 40, 140, 200), 120);
    struct picture corner = block(BOX(100, 20, 200, 220), 0);
    double most = 0;

    (void)state;
    assert_int_equal(scale_run(&hair), OK);
    assert_int_equal(hair.small.w, 3);
    assert_int_equal(hair.small.h, 20);
    for (int y = 1; y < 19; y++)
        most = hair.small.v[3 * y + 1] > most ? hair.small.v[3 * y + 1] : most;
    assert_true(most == 255 && hair.small.v[3 * 10 + 1] > 200 && hair.small.v[3 * 10] > 0);
    assert_int_equal(scale_run(&pale), OK);
    assert_int_equal(pale.small.w, 5);
    assert_true(pale.small.v[5 * 10 + 2] == 255);
    picture_fill(&corner, BOX(100, 20, 101, 220), 255); /* an L: its corner is the brightest, but not alone bright */
    picture_fill(&corner, BOX(100, 219, 200, 220), 255);
    assert_int_equal(scale_run(&corner), OK);
    assert_int_equal(corner.small.w, 11);
    assert_true(corner.small.v[11 * 10 + 1] > 240 && corner.small.v[11 * 18 + 5] > 240);
    picture_free(&corner);
    picture_free(&hair);
    picture_free(&pale);
}

/* Breaks when the gap between two strokes that are widened is filled, as a narrow 2's hook is where it gets the ink of
 * both: then it is 255, 135 and 129 in these. */
static void test_scale_keeps_gaps(void **state)
{
    static const struct {
        int wide, most;
    } cases[] = {{34, 130}, {42, 80}, {46, 40}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const int end = 100 + cases[i].wide;
        struct picture p = block(BOX(100, 20, end, 220), 0);
        double least = 255, left = 0, right = 0;

        picture_fill(&p, BOX(100, 20, 102, 220), 255);
        picture_fill(&p, BOX(end - 2, 20, end, 220), 255);
        picture_fill(&p, BOX(100, 218, end, 220), 255);
        assert_int_equal(scale_run(&p), OK);
        assert_int_equal(p.small.h, 20);
        for (int x = 0; x < p.small.w; x++) {
            const double v = p.small.v[p.small.w * 10 + x];

            least = x > 0 && x + 1 < p.small.w && v < least ? v : least;
            left = 2 * x < p.small.w && v > left ? v : left;
            right = 2 * x >= p.small.w && v > right ? v : right;
        }
        if (least > cases[i].most || left < 200 || right < 200)
            fail_msg("%d px: %.0f, %.0f between, %.0f", cases[i].wide, left, least, right);
        picture_free(&p);
    }
}

/* Twenty px high and ten wide, its ink in the left column alone. */
static struct picture lopsided(void)
{
    struct picture p = {.state = PICTURE_SMALL, .small = {.w = 10, .h = 20}};

    for (int y = 0; y < 20; y++)
        p.small.v[10 * y] = 200.5;
    memset(p.digit, 9, sizeof(p.digit));
    return p;
}

/* Breaks when the mass does not come to index 14, the middle not to the middle, what was in digit before shows, values
 * are not rounded, or the shift is told wrongly. */
static void test_place(void **state)
{
    static const struct {
        enum normalise_center center;
        int left, top;
    } cases[] = {{NORMALISE_CENTER_MASS, 14, 5}, {NORMALISE_CENTER_BOX, 9, 4}, {NORMALISE_CENTER_NONE, 9, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct picture p = lopsided();

        p.center = cases[i].center;
        assert_int_equal(place_run(&p), OK);
        assert_int_equal(p.state, PICTURE_DIGIT);
        for (int k = 0; k < PIXELS; k++) {
            const int x = k % 28, y = k / 28;

            if (p.digit[k] != (x == cases[i].left && y >= cases[i].top && y < cases[i].top + 20 ? 201 : 0))
                fail_msg("case %zu: %d,%d is %d", i, x, y, p.digit[k]);
        }
        assert_true(p.shift[0] == cases[i].left - 9 && p.shift[1] == cases[i].top - 4);
    }
}

/* Breaks when mass at an edge pushes the other edge out of the 28x28. */
static void test_place_stays_inside(void **state)
{
    struct picture p = {.state = PICTURE_SMALL, .small = {.w = 20, .h = 3}};

    (void)state;
    p.small.v[0] = 255;
    p.small.v[20 * 2 + 19] = 1;
    assert_int_equal(place_run(&p), OK);
    assert_int_equal(p.digit[14 * 28 + 8], 255);
    assert_int_equal(p.digit[16 * 28 + 27], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scale_to_20),        cmocka_unit_test(test_scale_averages),
        cmocka_unit_test(test_scale_whole),        cmocka_unit_test(test_scale_strokes),
        cmocka_unit_test(test_scale_keeps_gaps),   cmocka_unit_test(test_place),
        cmocka_unit_test(test_place_stays_inside),
    };

    return cmocka_run_group_tests_name("stage_small", tests, NULL, NULL);
}
