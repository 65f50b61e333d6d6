/* normalise/normalise: what is no ink of the digit must not change the result. Each test lays something over or beside
 * the ten sample digits and compares with the digit alone; each says what would break it. */
#include "fixture_scene.h"

static void ruled(struct scene *s, int digit)
{
    for (int y = 20; y < H; y += 36)
        draw_line(s, y, 0.03, 2, 150, true);
    draw_line(s, 50, -0.03, 2, 170, false);
    (void)digit;
}

static void squared(struct scene *s, int digit)
{
    const double slope = 0.02 * (digit - 5);

    for (int y = -20; y < H + 20; y += 24)
        draw_line(s, y, slope, 2, 160, true);
    for (int x = -20; x < W + 20; x += 24)
        draw_line(s, x, -slope, 2, 160, false);
    add_grain(s, 3);
}

static void dark_squared(struct scene *s, int digit)
{
    (void)digit;
    for (int y = 11; y < H; y += 60)
        draw_line(s, y, 0, 2, 40, true);
    for (int x = 17; x < W; x += 60)
        draw_line(s, x, 0, 2, 40, false);
}

/* Fails when the lines of exercise paper are ink, or a stroke is cut where one crosses it: pale lines, straight and
 * sloping by up to 6 degrees, and lines as dark as the ink. */
static void test_ruled_paper(void **state)
{
    (void)state;
    check(ruled, 90, false);
    check(squared, 90, false);
    check(dark_squared, 90, false);
    check(squared, 90, true);
}

/* Fails when lines of one kind are taken for two: a picture of over a megapixel is halved, and a line of three pixels
 * with it, to full tone and half or the other way round; lines an odd number of pixels apart take turns. */
static void test_squared_paper_halved(void **state)
{
    enum { SIDE = 1200, SCALE = 12, AT = 430, PITCH = 75, THICK = 3 };

    (void)state;
    for (int digit = 0; digit < 10; digit++) {
        uint8_t sample[PIXELS], plain[PIXELS], out[PIXELS], *px = canvas(SIDE, SIDE, 245);
        double d;

        read_sample(digit, sample);
        paste(px, SIDE, sample, SCALE, AT, AT, 90);
        run(px, SIDE, SIDE, plain);
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                if ((y % PITCH < THICK || x % (PITCH - 15) < THICK) && px[y * SIDE + x] > 177)
                    px[y * SIDE + x] = 177;
        run(px, SIDE, SIDE, out);
        d = moved_difference(plain, out);
        if (d > 9)
            fail_msg("digit %d differs by %.2f", digit, d);
        free(px);
    }
}

static int edges_left;

static void cell_lines(struct scene *s, int digit)
{
    const double tilt = 0.01 * (digit % 3 - 1);
    const int tone = 20 + 10 * digit;

    if (edges_left & 1)
        draw_line(s, 5, tilt, 4, tone, true);
    if (edges_left & 2)
        draw_line(s, H - 9, tilt, 4, tone, true);
    if (edges_left & 4)
        draw_line(s, 2, tilt, 4, tone, false);
    if (edges_left & 8)
        draw_line(s, W - 4, tilt, 5, tone, false);
}

/* Fails when a line that a cut left along an edge is ink, or turns ink and paper over: all sixteen sets of edges. */
static void test_cell_lines(void **state)
{
    (void)state;
    for (edges_left = 0; edges_left < 16; edges_left++)
        check(cell_lines, 5, false);
}

static void touched_line(struct scene *s, int digit)
{
    (void)digit;
    draw_line(s, Y + 3 * K, 0.004, 3, 60, true); /* through the upper end of the digit */
    memset(s->px, 220, (size_t)(Y + 3 * K - 14) * W);
    memmove(s->px, s->px + (Y + 3 * K - 14) * W, (size_t)(H - Y - 3 * K + 14) * W);
    memset(s->px + (H - Y - 3 * K + 14) * W, 220, (size_t)(Y + 3 * K - 14) * W);
}

/* Fails when a cell line that the digit touches is kept, or takes the digit with it. */
static void test_touched_cell_line(void **state)
{
    (void)state;
    check(touched_line, 90, false);
}

static void frame(struct scene *s, int digit)
{
    const int inset = 2 + digit, thick = 1 + digit % 4;

    for (int y = inset; y < H - inset; y++)
        for (int x = inset; x < W - inset; x++)
            if (x < inset + thick || y < inset + thick || x >= W - inset - thick || y >= H - inset - thick)
                darken(s, x, y, 90);
}

/* As that of a canvas in a window: nearer to the digit than to the edge of the picture. */
static void inner_frame(struct scene *s, int digit)
{
    const int x0 = 60 - digit, y0 = 30 - digit, x1 = 370 - 4 * digit, y1 = 290 - digit, thick = 1 + digit % 4;

    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            if (x < x0 + thick || y < y0 + thick || x >= x1 - thick || y >= y1 - thick)
                darken(s, x, y, 40);
}

static void round_frame(struct scene *s, int digit)
{
    (void)digit;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const double u = (x - W / 2.0) / (W / 2.0 - 8), v = (y - H / 2.0) / (H / 2.0 - 8);
            const double r = pow(fabs(u), 5) + pow(fabs(v), 5);

            if (r < 1.05 && r > 0.9)
                darken(s, x, y, 60);
        }
}

/* Fails when a frame is ink: straight, at any distance from the edge, and with round corners. */
static void test_frame(void **state)
{
    (void)state;
    check(frame, 15, false);
    check(frame, 15, true);
    check(inner_frame, 15, false);
    check(inner_frame, 15, true);
    check(round_frame, 15, false);
}

static void specks(struct scene *s, int digit)
{
    (void)digit;
    for (int i = 0; i < 40; i++) {
        const int x = dice(s, W - 6), y = dice(s, H - 6), size = 1 + dice(s, 5);

        for (int k = 0; k < size * size; k++)
            darken(s, x + k % size, y + k / size, 30);
    }
}

static void salt(struct scene *s, int digit)
{
    (void)digit;
    for (int i = 0; i < W * H / 250; i++)
        s->px[dice(s, W * H)] = (uint8_t)(i % 2 ? 0 : 255);
}

/* Fails when dust is ink, or shrinks the digit by widening its box. Salt on the strokes themselves stays. */
static void test_specks(void **state)
{
    (void)state;
    check(specks, 30, false);
    check(salt, 90, false);
}

static void neighbour(struct scene *s, int digit)
{
    (void)digit;
    for (int y = 60; y < 200; y++)
        for (int x = 0; x < 10 + (y - 130) * (y - 130) / 600; x++)
            darken(s, x, y, 40);
    for (int y = 250; y < 320; y++)
        for (int x = 388; x < W; x++)
            darken(s, x, y, 40);
}

/* Fails when what the cut left of a neighbour's digit is taken for a part of this one. */
static void test_neighbour(void **state)
{
    (void)state;
    check(neighbour, 10, false);
}

/* Fails when a 5 loses the bar that lies loose over it, a 4 its second stroke, or when a dry pen's gaps take a stroke
 * apart; and when a dot beside the digit, no thicker than its strokes, is kept. */
static void test_loose_strokes(void **state)
{
    uint8_t *px = canvas(W, H, 255), out[PIXELS];
    struct normalise_steps s;

    (void)state;
    fill(px, W, 150, 60, 100, 10, 0); /* the bar, 14 px over the rest */
    fill(px, W, 150, 84, 10, 70, 0);
    fill(px, W, 150, 150, 90, 10, 0);
    fill(px, W, 240, 150, 10, 90, 0);
    fill(px, W, 150, 240, 100, 10, 0);
    fill(px, W, 20, 230, 11, 11, 0); /* the dot */
    s = run(px, W, H, out);
    assert_int_equal(s.box[0], 150);
    assert_int_equal(s.box[1], 60);
    assert_int_equal(s.box[2], 100);
    assert_int_equal(s.box[3], 190);
    memset(px, 255, W * H);
    for (int y = 40; y < 280; y += 20) /* a dashed 1 */
        fill(px, W, 200, y, 12, 14, 0);
    s = run(px, W, H, out);
    assert_in_range(s.box[3], 230, 240);
    free(px);
}

/* Fails when a digit that touches the edges, lies along one, or is cut by one is taken for a line or a neighbour's. */
static void test_touching_edges(void **state)
{
    static const int BARS[][4] = {{0, 0, W, 12}, {W - 14, 0, 14, H}, {190, 0, 14, H}, {0, H - 9, 300, 9}};
    uint8_t out[PIXELS];

    (void)state;
    for (size_t i = 0; i < sizeof(BARS) / sizeof(*BARS); i++) { /* with a slanting stroke from side to side: a 7, a 4 */
        uint8_t *px = canvas(W, H, 255);
        struct normalise_steps s;

        for (int y = 0; y < H; y++)
            fill(px, W, 60 + (H - y) * 3 / 4, y, 14, 1, 0);
        for (int y = 0; y < BARS[i][3]; y++)
            for (int x = 0; x < BARS[i][2]; x++) /* no ruler: drawn by hand */
                px[(BARS[i][1] + y) * W + BARS[i][0] + x] = y < 3 && (x / 9) % 2 ? 255 : 0;
        s = run(px, W, H, out);
        assert_int_equal(s.box[1], 0);
        assert_int_equal(s.box[3], H);
        assert_false(s.blank);
        free(px);
    }
    for (int edge = 0; edge < 4; edge++) { /* alone: a 1 */
        uint8_t *px = canvas(W, H, 0);
        struct normalise_steps s;

        for (int i = 0; i < 150; i++)
            if (edge < 2)
                fill(px, W, edge ? W - 12 - i / 8 : i / 8, 80 + i, 12, 1, 255);
            else
                fill(px, W, 100 + i / 8, edge == 2 ? i : H - 150 + i, 12, 1, 255);
        s = run(px, W, H, out);
        assert_false(s.blank);
        assert_int_equal(s.box[3], 150);
        free(px);
    }
}

/* Fails when a page without a digit is given one: ruled, squared, an empty cell, sheer noise. */
static void test_nothing_there(void **state)
{
    void (*const CLUTTER[])(struct scene *, int) = {ruled, squared, dark_squared, cell_lines, frame, salt};
    uint8_t out[PIXELS];

    (void)state;
    edges_left = 15;
    for (size_t i = 0; i < sizeof(CLUTTER) / sizeof(*CLUTTER); i++)
        for (int digit = 0; digit < 10; digit++) {
            struct scene s = {.px = canvas(W, H, 220), .random = 5};

            CLUTTER[i](&s, digit);
            if (!run(s.px, W, H, out).blank)
                fail_msg("clutter %zu, %d: not blank", i, digit);
            free(s.px);
        }
}

/* Fails when strokes of a quarter of the side are taken for paper, or hairlines for grain, in one tone or in grain. */
static void test_pens(void **state)
{
    static const int PENS[] = {1, 2, 5, 20, 40, 60, 80};

    (void)state;
    for (size_t i = 0; i < sizeof(PENS) / sizeof(*PENS); i++)
        for (int grain = 0; grain < 2; grain++) {
            struct scene s = {.px = canvas(W, H, 220), .random = 1};
            uint8_t out[PIXELS];
            struct normalise_steps steps;
            const int pen = PENS[i], outer = 105, inner = outer - pen;

            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++) {
                    const int d = (x - 200) * (x - 200) + (y - 160) * (y - 160);

                    if (d < outer * outer && d >= inner * inner)
                        darken(&s, x, y, 60);
                }
            if (grain)
                add_grain(&s, 4);
            steps = run(s.px, W, H, out);
            assert_true(steps.inverted);
            if (abs(steps.box[2] - 210) > 4 || abs(steps.box[3] - 210) > 4)
                fail_msg("pen of %d px, grain %d: box %d x %d", pen, grain, steps.box[2], steps.box[3]);
            assert_in_range(out[14 * 28 + 14], 0, 60);
            free(s.px);
        }
}

/* Fails when the paper of a digit that was cut out at its ink is told by the border alone, of which a 9 whose stem lies
 * along an edge covers most, or by all the picture, of which a fat 0 covers most. */
static void test_tight_cuts(void **state)
{
    (void)state;
    for (int negative = 0; negative < 2; negative++) {
        uint8_t *nine = canvas(100, 200, 240), *zero = canvas(200, 200, 40), out[PIXELS];

        fill(nine, 100, 90, 0, 10, 200, 40);
        fill(nine, 100, 0, 0, 90, 10, 40);
        fill(nine, 100, 0, 0, 10, 100, 40);
        fill(nine, 100, 0, 90, 90, 10, 40);
        for (int i = 0; i < 200 * 200; i++) {
            const int x = i % 200 - 100, y = i / 200 - 100, d = x * x + y * y;

            if (d > 100 * 100 || d < 55 * 55)
                zero[i] = 240;
        }
        for (int i = 0; negative && i < 200 * 200; i++) {
            zero[i] = (uint8_t)(255 - zero[i]);
            if (i < 100 * 200)
                nine[i] = (uint8_t)(255 - nine[i]);
        }
        assert_int_equal(run(nine, 100, 200, out).inverted, !negative);
        assert_int_equal(run(zero, 200, 200, out).inverted, !negative);
        free(nine);
        free(zero);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ruled_paper),    cmocka_unit_test(test_squared_paper_halved),
        cmocka_unit_test(test_cell_lines),     cmocka_unit_test(test_touched_cell_line),
        cmocka_unit_test(test_frame),          cmocka_unit_test(test_specks),
        cmocka_unit_test(test_neighbour),      cmocka_unit_test(test_loose_strokes),
        cmocka_unit_test(test_touching_edges), cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_pens),           cmocka_unit_test(test_tight_cuts),
    };

    return cmocka_run_group_tests_name("normalise_clutter", tests, NULL, NULL);
}
