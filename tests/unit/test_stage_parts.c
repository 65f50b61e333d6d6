/* The stage parts, among what people and crops put around a digit: rings, brackets, marks, neighbours, dotted lines.
 * Each case is a picture in which one must go, or what looks like it and must stay. */
#include <math.h>

#include "fixture_stage.h"

enum { W = 300, H = 240 };

/* An upright stroke in the middle, 8 px wide. */
static const struct box STROKE = {146, 50, 154, 190};

/* An ellipse's line around the middle of b, thick px inwards; without the degrees from gap to gap_to (0: to the right,
 * 90: down). */
static void draw_ring(const struct picture *p, struct box b, int thick, int gap, int gap_to, uint8_t v)
{
    const double mx = (b.x0 + b.x1 - 1) / 2.0, my = (b.y0 + b.y1 - 1) / 2.0, rx = box_width(&b) / 2.0;
    const double ry = box_height(&b) / 2.0;

    for (int y = b.y0; y < b.y1; y++)
        for (int x = b.x0; x < b.x1; x++) {
            const double u = x - mx, w = y - my, angle = fmod(atan2(w, u) * 180 / 3.14159265 + 360, 360);
            const bool out = u * u / (rx * rx) + w * w / (ry * ry) > 1;
            const bool in = u * u / ((rx - thick) * (rx - thick)) + w * w / ((ry - thick) * (ry - thick)) < 1;

            if (!out && !in && !(angle >= gap && angle < gap_to))
                *picture_at(p, x, y) = v;
        }
}

/* A straight stroke, thick px across. */
static void draw_slanting(const struct picture *p, int x0, int y0, int x1, int y1, int thick)
{
    for (int i = 0; i <= 400; i++)
        picture_fill(p,
                     BOX(x0 + (x1 - x0) * i / 400, y0 + (y1 - y0) * i / 400, x0 + (x1 - x0) * i / 400 + thick,
                         y0 + (y1 - y0) * i / 400 + thick),
                     255);
}

static struct picture with_stroke(void)
{
    struct picture p = picture_new(PICTURE_INK, W, H, 0);

    picture_fill(&p, STROKE, 255);
    return p;
}

/* Fails unless exactly the stroke is left. */
static void expect_stroke(struct picture *p, const char *what)
{
    struct picture alone = with_stroke();

    assert_int_equal(parts_run(p), OK);
    assert_int_equal(p->refusal, NORMALISE_NOT_REFUSED);
    if (memcmp(p->px, alone.px, picture_pixels(p)) != 0)
        fail_msg("%s: not the stroke alone; box %d,%d to %d,%d", what, p->box.x0, p->box.y0, p->box.x1, p->box.y1);
    picture_free(&alone);
    picture_free(p);
}

/* Fails unless all is left as it was. */
static void expect_all(struct picture *p, const char *what)
{
    uint8_t *was = picture_copy(p);

    assert_int_equal(parts_run(p), OK);
    assert_int_equal(p->refusal, NORMALISE_NOT_REFUSED);
    if (memcmp(p->px, was, picture_pixels(p)) != 0)
        fail_msg("%s: lost a piece; box %d,%d to %d,%d", what, p->box.x0, p->box.y0, p->box.x1, p->box.y1);
    free(was);
    picture_free(p);
}

/* Breaks when a ring around a digit stays: closed, with a gap, narrow, off the middle, thick. */
static void test_rings_go(void **state)
{
    static const struct {
        struct box box;
        int thick, gap, gap_to;
    } rings[] = {{{50, 20, 250, 220}, 8, 0, 0},
                 {{50, 20, 250, 220}, 8, 250, 290},
                 {{110, 30, 190, 210}, 6, 10, 40},
                 {{70, 20, 260, 230}, 4, 0, 0},
                 {{50, 20, 250, 220}, 16, 0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(rings) / sizeof(*rings); i++) {
        struct picture p = with_stroke();
        char what[16];

        (void)snprintf(what, sizeof(what), "ring %zu", i);
        draw_ring(&p, rings[i].box, rings[i].thick, rings[i].gap, rings[i].gap_to, 255);
        expect_stroke(&p, what);
    }
}

/* Breaks when a box by hand stays: askew, its corners open. */
static void test_boxes_go(void **state)
{
    struct picture p = with_stroke();

    (void)state;
    draw_slanting(&p, 60, 30, 230, 22, 6);
    draw_slanting(&p, 236, 30, 226, 215, 6);
    draw_slanting(&p, 62, 212, 240, 220, 6);
    draw_slanting(&p, 56, 34, 66, 222, 6);
    expect_stroke(&p, "box");
}

/* Breaks when the outline of an 8 is taken for a ring around one of its loops, which is then a 0. */
static void test_outline_of_8_stays(void **state)
{
    struct picture p = picture_new(PICTURE_INK, W, H, 0);

    (void)state;
    draw_ring(&p, BOX(70, 10, 230, 230), 6, 0, 0, 255);
    draw_ring(&p, BOX(115, 34, 185, 106), 6, 0, 0, 255);
    draw_ring(&p, BOX(110, 126, 190, 206), 6, 0, 0, 255);
    expect_all(&p, "8");
}

/* Breaks when a ring stays because the digit in it is broken: its halves are no loops. */
static void test_ring_of_broken_digit_goes(void **state)
{
    struct picture p = picture_new(PICTURE_INK, W, H, 0);

    (void)state;
    draw_ring(&p, BOX(50, 5, 250, 235), 6, 0, 0, 255);
    picture_fill(&p, BOX(110, 34, 190, 42), 255);
    picture_fill(&p, BOX(110, 42, 118, 117), 255);
    picture_fill(&p, BOX(182, 121, 190, 206), 255);
    picture_fill(&p, BOX(118, 198, 182, 206), 255);
    assert_int_equal(parts_run(&p), OK);
    assert_int_equal(p.box.y0, 34);
    assert_int_equal(p.box.y1, 206);
    picture_free(&p);
}

/* Breaks when a 0 is taken for a ring: alone, open, with a dot in it, with a slash that does not touch it. */
static void test_zeros_stay(void **state)
{
    const struct box oval = {90, 20, 210, 220};
    struct picture zero = picture_new(PICTURE_INK, W, H, 0), open = picture_new(PICTURE_INK, W, H, 0);
    struct picture dotted = picture_new(PICTURE_INK, W, H, 0), slashed = picture_new(PICTURE_INK, W, H, 0);

    (void)state;
    draw_ring(&zero, oval, 12, 0, 0, 255);
    expect_all(&zero, "zero");
    draw_ring(&open, oval, 12, 260, 290, 255);
    expect_all(&open, "open zero");
    draw_ring(&dotted, oval, 12, 0, 0, 255);
    picture_fill(&dotted, BOX(135, 100, 165, 140), 255);
    expect_all(&dotted, "dotted zero");
    draw_ring(&slashed, oval, 12, 0, 0, 255);
    draw_slanting(&slashed, 115, 165, 175, 65, 12);
    expect_all(&slashed, "slashed zero");
}

/* Breaks when a shadow's patch in a 0 makes a ring of it. */
static void test_patch_in_zero(void **state)
{
    struct picture p = picture_new(PICTURE_INK, W, H, 0);

    (void)state;
    draw_ring(&p, BOX(70, 20, 230, 220), 8, 0, 0, 255);
    picture_fill(&p, BOX(110, 60, 190, 180), 135);
    assert_int_equal(parts_run(&p), OK);
    EXPECT_BOX(&p.box, 70, 20, 230, 220);
    EXPECT_RANGE(&p, BOX(110, 60, 190, 180), 0, 0);
    picture_free(&p);
}

/* Breaks when brackets stay; or when the halves of a 0 with nothing in between are taken for some. */
static void test_brackets(void **state)
{
    struct picture p = with_stroke(), zero = picture_new(PICTURE_INK, W, H, 0);

    (void)state;
    draw_ring(&p, BOX(90, 40, 210, 200), 8, 60, 300, 255); /* without its left */
    for (int y = 0; y < H; y++)
        for (int x = 160; x < W / 2 + 70; x++)
            *picture_at(&p, W - 1 - x, y) = *picture_at(&p, x, y);
    expect_stroke(&p, "brackets");
    draw_ring(&zero, BOX(90, 20, 210, 220), 10, 80, 100, 255);
    for (int x = 142; x < 158; x++)
        for (int y = 0; y < 60; y++)
            *picture_at(&zero, x, y) = 0;
    expect_all(&zero, "halves");
}

/* Breaks when a line below or a full stop stays, by fine pens and fat ones; or when the base of a 2 goes, from which a
 * dry pen has left it apart. */
static void test_marks(void **state)
{
    struct picture line = with_stroke(), fat = picture_new(PICTURE_INK, W, H, 0);
    struct picture base = picture_new(PICTURE_INK, W, H, 0);

    (void)state;
    picture_fill(&line, BOX(100, 205, 200, 214), 255);
    expect_stroke(&line, "line below");
    picture_fill(&fat, BOX(120, 40, 150, 200), 255);
    picture_fill(&fat, BOX(186, 168, 220, 202), 255);
    assert_int_equal(parts_run(&fat), OK);
    EXPECT_BOX(&fat.box, 120, 40, 150, 200);
    picture_free(&fat);
    picture_fill(&base, BOX(140, 40, 160, 180), 255);
    picture_fill(&base, BOX(110, 188, 200, 208), 255);
    expect_all(&base, "base");
}

/* Breaks when what an edge has left of a neighbour stays: half a digit with more strokes than this one, above or below
 * as on a wheel, or beside and near. */
static void test_neighbours_go(void **state)
{
    static const struct box bars[][3] = {{{120, 205, 180, 211}, {120, 205, 126, 240}, {174, 205, 180, 240}},
                                         {{120, 30, 180, 36}, {120, 0, 126, 36}, {174, 0, 180, 36}},
                                         {{0, 50, 138, 58}, {0, 180, 138, 188}, {130, 50, 138, 188}},
                                         {{165, 60, 300, 68}, {165, 180, 300, 188}, {165, 60, 173, 188}}};

    (void)state;
    for (size_t i = 0; i < sizeof(bars) / sizeof(*bars); i++) {
        struct picture p = with_stroke();
        char what[16];

        (void)snprintf(what, sizeof(what), "neighbour %zu", i);
        for (int k = 0; k < 3; k++)
            picture_fill(&p, bars[i][k], 255);
        expect_stroke(&p, what);
    }
}

/* Breaks when a digit that an edge cuts is taken for a neighbour: a 4 in two strokes whose stem is cut, a dash of a 1,
 * a 5 whose body is cut and whose bar is not. */
static void test_cut_digits_stay(void **state)
{
    static const struct box pieces[][3] = {{{100, 60, 110, 160}, {100, 150, 200, 160}, {206, 100, 216, 240}},
                                           {{140, 40, 152, 120}, {140, 126, 152, 180}, {140, 186, 152, 240}},
                                           {{120, 50, 200, 60}, {120, 72, 130, 240}, {120, 140, 200, 150}}};

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        struct picture p = picture_new(PICTURE_INK, W, H, 0);
        char what[16];

        (void)snprintf(what, sizeof(what), "cut %zu", i);
        for (int k = 0; k < 3; k++)
            picture_fill(&p, pieces[i][k], 255);
        expect_all(&p, what);
    }
}

static void draw_dots(struct picture *p, int n, int dx, int dy, int side)
{
    for (int i = 0; i < n; i++)
        picture_fill(p, BOX(60 + i * dx, 30 + i * dy, 60 + i * dx + side, 30 + i * dy + side), 255);
}

/* Breaks when a digit in dots is not put together, with a corner in it too; or when dots all over the paper are, or
 * dots that lie far apart. */
static void test_dotted(void **state)
{
    struct picture line = picture_new(PICTURE_INK, W, H, 0), seven = picture_new(PICTURE_INK, W, H, 0);
    struct picture texture = picture_new(PICTURE_INK, W, H, 0), apart = picture_new(PICTURE_INK, W, H, 0);

    (void)state;
    draw_dots(&line, 12, 6, 15, 8);
    expect_all(&line, "dotted line");
    draw_dots(&seven, 10, 15, 0, 8);
    for (int i = 1; i < 12; i++)
        picture_fill(&seven, BOX(195 - 8 * i, 30 + 15 * i, 203 - 8 * i, 38 + 15 * i), 255);
    expect_all(&seven, "dotted seven");
    for (int i = 0; i < 12; i++)
        for (int k = 0; k < 12; k++)
            picture_fill(&texture, BOX(20 + 15 * i, 20 + 15 * k, 28 + 15 * i, 28 + 15 * k), 255);
    assert_int_equal(parts_run(&texture), OK);
    assert_int_equal(texture.refusal, NORMALISE_ONLY_NOISE);
    picture_free(&texture);
    draw_dots(&apart, 5, 40, 0, 8);
    assert_int_equal(parts_run(&apart), OK);
    assert_int_equal(box_width(&apart.box), 8);
    picture_free(&apart);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rings_go),
        cmocka_unit_test(test_boxes_go),
        cmocka_unit_test(test_zeros_stay),
        cmocka_unit_test(test_patch_in_zero),
        cmocka_unit_test(test_brackets),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_neighbours_go),
        cmocka_unit_test(test_cut_digits_stay),
        cmocka_unit_test(test_dotted),
        cmocka_unit_test(test_outline_of_8_stays),
        cmocka_unit_test(test_ring_of_broken_digit_goes),
    };

    return cmocka_run_group_tests_name("stage_parts", tests, NULL, NULL);
}
