/* image/decoder_wire: what a child that was taken over could leave as its answer, field by field (R39); image/shrink.
 */
#include "image/decoder_wire.h"

#include <math.h>

#include "image/shrink.h"
#include "pictures.h"

static uint8_t place[sizeof(struct decoder_answer) + 100 + (size_t)DECODER_STEPS_MAX * DECODER_STEP_MAX_BYTES];
static const struct decoder_area area = {.map = place, .bytes_max = 100, .map_bytes = sizeof(place)};

static enum err error;
static struct decoder_reply reply;
static struct why why;

static bool check(const struct decoder_answer *a, int steps_side_px)
{
    why.text[0] = '\0';
    return decoder_reply_check((const uint8_t *)a, sizeof(*a), steps_side_px, &area, &error, &reply, &why);
}

/* An answer with two step pictures, as a good child gives it. */
static struct decoder_answer good_answer(void)
{
    struct decoder_answer a = {.width = 800,
                               .height = 600,
                               .box = {10, 20, 790, 580},
                               .shift = {-1.5, 2},
                               .inverted = 1,
                               .n_pictures = 2,
                               .channel = "luminance",
                               .pictures = {{200, 150, "grey"}, {28, 28, "input"}}};

    a.input[5] = 77;
    return a;
}

/* Fails when a good answer is refused or taken over wrongly. */
static void test_good(void **state)
{
    struct decoder_answer a = good_answer();

    (void)state;
    assert_true(check(&a, 200));
    assert_int_equal(error, OK);
    assert_int_equal(reply.steps.width, 800);
    assert_int_equal(reply.steps.box[3], 580);
    assert_true(reply.steps.inverted && !reply.steps.blank && !reply.steps.unchanged && !reply.upright);
    assert_true(reply.steps.shift[0] < -1.4 && reply.steps.shift[1] > 1.9);
    assert_string_equal(reply.channel, "luminance");
    assert_int_equal(reply.input[5], 77);
    assert_int_equal(reply.n_pictures, 2);
    assert_string_equal(reply.pictures[1].name, "input");
    assert_ptr_equal(reply.pictures[0].px, place + sizeof(a) + 100);
    assert_ptr_equal(reply.pictures[1].px, place + sizeof(a) + 100 + DECODER_STEP_MAX_BYTES);
    a.blank = 1;
    memset(a.box, 0, sizeof(a.box));
    assert_true(check(&a, 200) && error == OK && reply.steps.blank);
    a.refusal = NORMALISE_ONLY_NOISE;
    assert_true(check(&a, 200) && error == OK && reply.steps.refusal == NORMALISE_ONLY_NOISE);
}

#define EXPECT_REFUSED(change)                                                                                         \
    do {                                                                                                               \
        struct decoder_answer a = good_answer();                                                                       \
        change;                                                                                                        \
        if (check(&a, 200))                                                                                            \
            fail_msg("taken over: %s", #change);                                                                       \
        assert_int_equal(reply.steps.width, 0);                                                                        \
        assert_int_equal(reply.n_pictures, 0);                                                                         \
    } while (0)

/* Fails when a number out of its range, which somebody would use as a size, an index or a digit, is believed. */
static void test_numbers(void **state)
{
    (void)state;
    EXPECT_REFUSED(a.width = 0);
    EXPECT_REFUSED(a.width = -1);
    EXPECT_REFUSED(a.width = 10001);
    EXPECT_REFUSED(a.height = 10001);
    EXPECT_REFUSED(a.height = INT32_MIN);
    EXPECT_REFUSED((a.width = 5000, a.height = 5001));
    EXPECT_REFUSED(a.box[0] = -1);
    EXPECT_REFUSED(a.box[0] = 11); /* ends outside */
    EXPECT_REFUSED(a.box[1] = INT32_MAX);
    EXPECT_REFUSED(a.box[2] = 0);
    EXPECT_REFUSED(a.box[2] = INT32_MAX);
    EXPECT_REFUSED(a.box[3] = 581);
    EXPECT_REFUSED(a.blank = 1); /* with a box */
    EXPECT_REFUSED(a.shift[0] = 28.5);
    EXPECT_REFUSED(a.shift[1] = -1e300);
    EXPECT_REFUSED(a.shift[0] = (double)NAN);
    EXPECT_REFUSED(a.shift[1] = (double)INFINITY);
    EXPECT_REFUSED(a.inverted = 2);
    EXPECT_REFUSED(a.unchanged = 255);
    EXPECT_REFUSED(a.upright = 2);
    EXPECT_REFUSED(a.blank = 3);
    EXPECT_REFUSED(a.refusal = NORMALISE_NO_CONTRAST); /* with a box */
    EXPECT_REFUSED((a.blank = 1, memset(a.box, 0, sizeof(a.box)), a.refusal = NORMALISE_REFUSALS));
}

/* Fails when a picture may lie outside its place, or text be without an end or other than it may be. */
static void test_pictures_and_names(void **state)
{
    (void)state;
    EXPECT_REFUSED(a.n_pictures = -1);
    EXPECT_REFUSED(a.n_pictures = 3); /* the third has no name, no size */
    EXPECT_REFUSED(a.n_pictures = DECODER_STEPS_MAX + 1);
    EXPECT_REFUSED(a.n_pictures = INT32_MAX);
    EXPECT_REFUSED(a.pictures[0].w = 201);
    EXPECT_REFUSED(a.pictures[0].h = 201);
    EXPECT_REFUSED(a.pictures[1].w = 0);
    EXPECT_REFUSED(a.pictures[1].h = -28);
    EXPECT_REFUSED(memset(a.pictures[0].name, 'a', sizeof(a.pictures[0].name)));
    EXPECT_REFUSED(a.pictures[1].name[0] = '\0');
    EXPECT_REFUSED(a.pictures[1].name[0] = 'I');
    EXPECT_REFUSED(a.pictures[1].name[0] = '/');
    EXPECT_REFUSED(memset(a.channel, 'x', sizeof(a.channel)));
    EXPECT_REFUSED(a.channel[0] = '\0');
    EXPECT_REFUSED(a.channel[3] = '"');

    struct decoder_answer unasked = good_answer();

    assert_false(check(&unasked, 0));
    unasked.n_pictures = 0;
    assert_true(check(&unasked, 0));
}

/* Fails when an error that image_decode does not have, and that the service would answer otherwise, comes through, or a
 * sentence that is none. */
static void test_refusals(void **state)
{
    static const int GOOD[] = {ERR_UNSUPPORTED, ERR_LIMIT, ERR_FORMAT, ERR_TRUNCATED};
    struct decoder_answer a = {.error = ERR_LIMIT, .why = "The picture is too large."};

    (void)state;
    for (int e = -5; e < ERR_COUNT + 5; e++) {
        bool good = false;

        if (e == OK)
            continue;
        for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++)
            good = good || GOOD[i] == e;
        a.error = e;
        assert_int_equal(check(&a, 0), good);
        if (good)
            assert_int_equal(error, e);
    }
    a.error = ERR_LIMIT;
    assert_true(check(&a, 0));
    assert_string_equal(why.text, "The picture is too large.");
    assert_int_equal(reply.steps.width, 0);
    a.why[4] = '\n';
    assert_false(check(&a, 0));
    a.why[4] = (char)0xe2;
    assert_false(check(&a, 0));
    a.why[0] = '\0';
    assert_false(check(&a, 0));
    memset(a.why, 'x', sizeof(a.why)); /* without an end */
    assert_false(check(&a, 0));
}

/* Fails when a length other than the one is read past, or short. */
static void test_length(void **state)
{
    const struct decoder_answer a = good_answer();

    (void)state;
    for (size_t n = 0; n < sizeof(a); n += 97) {
        uint8_t *part = bytes_copy((const uint8_t *)&a, n);

        assert_false(decoder_reply_check(part, n, 200, &area, &error, &reply, &why));
        free(part);
    }
    assert_false(decoder_reply_check((const uint8_t *)&a, sizeof(a) + 1, 200, &area, &error, &reply, &why));
}

/* Fails when a pixel is left out or counted twice (the means would not be exact), a side is too long, or a small
 * picture is changed. */
static void test_shrink(void **state)
{
    uint8_t px[90 * 60], out[30 * 30];
    const struct raster large = {90, 60, px}, thin = {60, 1, px};
    int w, h;

    (void)state;
    for (int i = 0; i < 90 * 60; i++)
        px[i] = (uint8_t)(i % 90 / 3 * 7 + (i % 3 == 0 ? 3 : 0)); /* 3 x 3 blocks, each with the mean 7 x + 1 */
    shrink(&large, 30, out, &w, &h);
    assert_int_equal(w, 30);
    assert_int_equal(h, 20);
    for (int i = 0; i < 30 * 20; i++)
        assert_int_equal(out[i], i % 30 * 7 + 1);
    shrink(&thin, 7, out, &w, &h);
    assert_int_equal(w, 7);
    assert_int_equal(h, 1);
    shrink(&(struct raster){30, 30, px}, 30, out, &w, &h);
    assert_int_equal(w, 30);
    assert_memory_equal(out, px, 900);
}

#define EXPECT_LATTICE_REFUSED(change)                                                                                 \
    do {                                                                                                               \
        layout_single(answer.input, answer.box, &left);                                                                \
        change;                                                                                                        \
        if (decoder_lattice_take(&reply, &left, &taken))                                                               \
            fail_msg("taken over: %s", #change);                                                                       \
        assert_int_equal(taken.candidates, 0);                                                                         \
        assert_int_equal(taken.width, 0);                                                                              \
    } while (0)

/* Fails when a lattice of a larger picture than the answer's is believed: its boxes would lie outside. */
static void test_lattice(void **state)
{
    static struct layout_lattice left, taken;
    const struct decoder_answer answer = good_answer();

    (void)state;
    assert_true(check(&answer, 200));
    layout_single(answer.input, answer.box, &left);
    assert_true(decoder_lattice_take(&reply, &left, &taken));
    assert_memory_equal(&left, &taken, layout_lattice_bytes(&left));
    layout_lattice_clear(&left); /* of a picture without ink */
    assert_true(decoder_lattice_take(&reply, &left, &taken));
    EXPECT_LATTICE_REFUSED(left.width = 801);
    EXPECT_LATTICE_REFUSED(left.height = 601);
    EXPECT_LATTICE_REFUSED(left.width = INT32_MAX);
    EXPECT_LATTICE_REFUSED((layout_lattice_clear(&left), left.width = -1));
    EXPECT_LATTICE_REFUSED((layout_lattice_clear(&left), left.height = INT32_MIN));
    EXPECT_LATTICE_REFUSED(left.candidate[0].box.x1 = 801);
    EXPECT_LATTICE_REFUSED((left.height = 601, left.candidate[0].box.y1 = left.row[0].box.y1 = 601));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),     cmocka_unit_test(test_numbers), cmocka_unit_test(test_pictures_and_names),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_length),  cmocka_unit_test(test_shrink),
        cmocka_unit_test(test_lattice),
    };

    return cmocka_run_group_tests_name("decoder_wire", tests, NULL, NULL);
}
