/* normalise/normalise: the light on the paper, and what lies around the paper, must not change the result. Each test
 * says what would break it. */
#include "fixture_scene.h"

static double half_dark(double u, double v)
{
    return u + 0.3 * v > 0.55 ? 0.45 : 1;
}

static double two_shadows(double u, double v)
{
    return (u > 0.3 + 0.1 * v ? 0.7 : 1) * (v > 0.6 ? 0.6 : 1);
}

static double falling_off(double u, double v)
{
    const double x = 2 * u - 1, y = 2 * v - 1;

    return 1 - 0.42 * (x * x + y * y);
}

static double lamp(double u, double v)
{
    return 0.25 + 0.75 * (1 - u) * (1 - 0.4 * v);
}

static void lit_half_dark(struct scene *s, int digit)
{
    (void)digit;
    light(s, half_dark);
    add_grain(s, 4);
}

static void lit_two_shadows(struct scene *s, int digit)
{
    (void)digit;
    light(s, two_shadows);
    add_grain(s, 4);
}

static void lit_falling_off(struct scene *s, int digit)
{
    (void)digit;
    light(s, falling_off);
    add_grain(s, 4);
}

static void lit_lamp(struct scene *s, int digit)
{
    (void)digit;
    light(s, lamp);
    add_grain(s, 2);
}

/* Fails when a shadow, or its edge, or a vignette of 84 % in the corners is ink, or turns ink and paper over. */
static void test_light(void **state)
{
    (void)state;
    check(lit_half_dark, 90, false);
    check(lit_two_shadows, 90, false);
    check(lit_falling_off, 90, false);
    check(lit_lamp, 90, false);
}

static void desk(struct scene *s, int digit)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (x < 30 + digit + y / 20 || y < 12 + x / 30 || x > 372 - y / 20 || y > 300 + x / 60)
                darken(s, x, y, 50);
    add_grain(s, 4);
}

/* Fails when the dark desk around a sheet of paper is ink. */
static void test_desk(void **state)
{
    (void)state;
    check(desk, 90, false);
}

static double mild_vignette(double u, double v)
{
    return 0.5 + 0.5 * falling_off(u, v);
}

static double lamp_and_corner(double u, double v)
{
    return (1 - 0.35 * (u + v) / 2) * (u > 0.7 && v > 0.75 ? 0.75 : 1);
}

/* Fails when strokes of a quarter of the side are taken for light where the light is uneven: a 0, dark and light. */
static void test_fat_in_uneven_light(void **state)
{
    double (*const LIGHTS[])(double, double) = {mild_vignette, lamp_and_corner};

    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        const bool dark = kind < 2;
        struct scene s = {.px = canvas(W, H, dark ? 230 : 50), .random = 1};
        uint8_t out[PIXELS];
        struct normalise_steps steps;

        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                const int d = (x - 200) * (x - 200) + (y - 160) * (y - 160);

                if (d < 150 * 150 && d >= 80 * 80)
                    *at(&s, x, y) = dark ? 40 : 240;
            }
        light(&s, LIGHTS[kind % 2]);
        add_grain(&s, 4);
        steps = run(s.px, W, H, out);
        assert_int_equal(steps.inverted, dark);
        if (abs(steps.box[2] - 300) > 4 || abs(steps.box[3] - 300) > 4 || out[14 * 28 + 14] > 60 ||
            out[14 * 28 + 6] < 200)
            fail_msg("kind %d: box %d x %d, middle %d, stroke %d", kind, steps.box[2], steps.box[3], out[14 * 28 + 14],
                     out[14 * 28 + 6]);
        free(s.px);
    }
}

/* Around a sheet with four corners, turned a little: (x, y) from the picture's middle. */
static bool off_sheet(int x, int y)
{
    const int u = x - W / 2, v = y - H / 2;

    return 20 * u + v < -20 * 150 || 20 * u + v > 20 * 150 || 20 * v - u < -20 * 125 || 20 * v - u > 20 * 130;
}

static void whole_sheet(struct scene *s, int digit)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (off_sheet(x, y))
                *at(s, x, y) = (uint8_t)(40 + digit);
    add_grain(s, 4);
}

static double soft_shadow(double u, double v)
{
    return 1 - 0.55 / (1 + exp((0.55 - u - 0.3 * v) / 0.02));
}

/* The paper that lies in the shadow is nearer to the desk than to the rest. */
static void whole_sheet_in_shadow(struct scene *s, int digit)
{
    whole_sheet(s, digit);
    light(s, soft_shadow);
}

static void cut_sheet(struct scene *s, int digit)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (off_sheet(x, y) && x - y / 20 < 320)
                *at(s, x, y) = (uint8_t)(40 + digit);
}

/* A bar along the top as light as the canvas, a button below. */
static void window(struct scene *s, int digit)
{
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (x < 40 || x >= 360 || y < 40 || y >= 290)
                *at(s, x, y) = (uint8_t)(y < 20 ? 220 : y > 300 && x < 100 ? 120 : 30 + 5 * digit);
}

/* Fails when the desk around a sheet that is seen whole (or nearly), or a window around a canvas, is taken for the
 * paper and the sheet for ink; negative: a dark canvas in a light page. */
static void test_sheet(void **state)
{
    (void)state;
    check(whole_sheet, 90, false);
    check(whole_sheet, 90, true);
    check(whole_sheet_in_shadow, 90, false);
    check(cut_sheet, 90, false);
    check(cut_sheet, 90, true);
    check(window, 60, false);
    check(window, 60, true);
}

/* Fails when an empty sheet on a desk is a digit, a 1 or a 7; and when what a 1 and a shadow leave of a sheet is taken
 * for one, and the 1 for what lies around it. */
static void test_empty_sheet(void **state)
{
    uint8_t out[PIXELS];

    (void)state;
    for (int written = 0; written < 2; written++) {
        struct scene s = {.px = canvas(W, H, 220), .random = 1};
        struct normalise_steps steps;

        if (written)
            fill(s.px, W, 120, 60, 14, 160, 30);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                if (off_sheet(x, y))
                    *at(&s, x, y) = 60;
                else if (written && y < 100)
                    *at(&s, x, y) = (uint8_t)(*at(&s, x, y) / 2);
        add_grain(&s, 3);
        steps = run(s.px, W, H, out);
        assert_int_equal(steps.blank, !written);
        if (written) {
            assert_in_range(steps.box[0], 114, 122);
            assert_in_range(steps.box[2], 12, 26);
            assert_in_range(steps.box[3], 150, 170);
        }
        free(s.px);
    }
}

/* Fails when a note beside the digit, empty or with a line on it, is taken for the sheet, and the digit for what lies
 * around it: the note in the corner, and with a thin pen's 7. */
static void test_note_beside(void **state)
{
    uint8_t out[PIXELS];

    (void)state;
    for (int round = 0; round < 4; round++) {
        uint8_t *px = canvas(800, 600, 220);
        struct normalise_steps s;

        fill(px, 800, 500, 100, 220, 220, 150);
        if (round % 2)
            fill(px, 800, 540, 200, 140, 8, 30);
        fill(px, 800, 100, 140, 140, 10 + round, 30);
        fill(px, 800, 230, 140, 10 + round, 240, 30);
        s = run(px, 800, 600, out);
        assert_false(s.blank);
        assert_in_range(s.box[0], 94, 102);
        assert_in_range(s.box[1], 134, 142);
        assert_in_range(s.box[2], 136, 160);
        assert_in_range(s.box[3], 236, 256);
        free(px);
    }
}

static double band(double u, double v)
{
    return 1 - 0.4 / (1 + exp((fabs(u - 0.1 * v - 0.45) - 0.2) / 0.02));
}

static void lit_band(struct scene *s, int digit)
{
    (void)digit;
    light(s, band);
}

/* Fails when a band of shadow across the page, which has four corners too, is taken for a sheet. */
static void test_band_of_shadow(void **state)
{
    (void)state;
    check(lit_band, 90, false);
}

/* Fails when a picture of any shape, as thin as can be, is read beyond its end. */
static void test_shapes(void **state)
{
    static const int sides[][2] = {{95, 95},   {96, 1},    {1, 96},    {97, 97},  {97, 2},
                                   {192, 193}, {10000, 1}, {1, 10000}, {10000, 3}};
    uint8_t out[PIXELS];

    (void)state;
    for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
        const int w = sides[i][0], h = sides[i][1];
        uint8_t *px = canvas(w, h, 40);

        fill(px, w, w / 6, h / 6, w - w / 3, h - h / 3, 220);
        fill(px, w, w / 2, h / 4, w / 20, h / 2, 40);
        (void)run(px, w, h, out);
        free(px);
    }
}

/* Fails when light digits whose outline has four corners are taken for sheets: a bar, an angular 0, wide and narrow, an
 * angular 8. And the same in dark. */
static void test_angular_digits(void **state)
{
    static const struct {
        int x, y, w, h, thick, holes;
    } shapes[] = {{180, 60, 40, 200, 0, 0},   {150, 60, 100, 200, 30, 1}, {100, 60, 200, 200, 45, 1},
                  {150, 60, 100, 200, 25, 2}, {150, 40, 100, 240, 35, 1}, {130, 60, 140, 200, 20, 2}};
    uint8_t out[PIXELS];

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(shapes) / sizeof(*shapes); i++) {
        const int k = (int)i / 2, dark = (int)i % 2 ? 235 : 20, thick = shapes[k].thick;
        uint8_t *px = canvas(W, H, (uint8_t)dark);
        struct normalise_steps s;

        fill(px, W, shapes[k].x, shapes[k].y, shapes[k].w, shapes[k].h, (uint8_t)(255 - dark));
        for (int hole = 0; hole < shapes[k].holes; hole++) {
            const int h = (shapes[k].h - thick) / shapes[k].holes - thick;

            fill(px, W, shapes[k].x + thick, shapes[k].y + thick + hole * (h + thick), shapes[k].w - 2 * thick, h,
                 (uint8_t)dark);
        }
        s = run(px, W, H, out);
        assert_int_equal(s.inverted, dark > 127);
        assert_in_range(s.box[3], shapes[k].h - 4, shapes[k].h + 4);
        assert_in_range(s.box[2], shapes[k].w - 4, shapes[k].w + 4);
        free(px);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_light),          cmocka_unit_test(test_fat_in_uneven_light),
        cmocka_unit_test(test_desk),           cmocka_unit_test(test_sheet),
        cmocka_unit_test(test_empty_sheet),    cmocka_unit_test(test_note_beside),
        cmocka_unit_test(test_band_of_shadow), cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_angular_digits),
    };

    return cmocka_run_group_tests_name("normalise_light", tests, NULL, NULL);
}
