/* Moment normalisation: what it takes off a picture and what it leaves, at the edges too; and that the trainer's
 * pictures are those that the engine's network sees. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/moments.h"
#include "network/layer_list.h"
#include "run/trainer.h"
#include "random_nets.h"

/* A pen's blob of ink round (x, y), in units of a pixel. */
static void dot(double px[DIGIT_PIXELS], double x, double y)
{
    for (int i = 0; i < DIGIT_PIXELS; i++)
        px[i] += exp(-(pow(i % DIGIT_SIDE_PX - x, 2) + pow(i / DIGIT_SIDE_PX - y, 2)) / 2);
}

static void to_bytes(const double px[DIGIT_PIXELS], uint8_t out[DIGIT_PIXELS])
{
    for (int i = 0; i < DIGIT_PIXELS; i++)
        out[i] = (uint8_t)lround(fmin(255, 200 * px[i]));
}

/* A ring of that half width and half height, slanted: each row moved by slant * (y - 13). */
static void ring(double width, double height, double slant, uint8_t out[DIGIT_PIXELS])
{
    double px[DIGIT_PIXELS] = {0};
    for (int i = 0; i < 60; i++) {
        const double a = i * 2 * M_PI / 60, y = 13 + height * sin(a);
        dot(px, 14 + width * cos(a) + slant * (y - 13), y);
    }
    to_bytes(px, out);
}

struct look {
    double x, y, slant, width, height; /* the last two: deviations */
};

static struct look look_at(const uint8_t px[DIGIT_PIXELS])
{
    double ink = 0, sum[5] = {0};
    struct look l;
    for (int i = 0; i < DIGIT_PIXELS; i++) {
        ink += px[i];
        sum[0] += px[i] * (i % DIGIT_SIDE_PX);
        sum[1] += px[i] * (i / DIGIT_SIDE_PX);
    }
    l.x = sum[0] / ink;
    l.y = sum[1] / ink;
    for (int i = 0; i < DIGIT_PIXELS; i++) {
        const double dx = i % DIGIT_SIDE_PX - l.x, dy = i / DIGIT_SIDE_PX - l.y;
        sum[2] += px[i] * dx * dx;
        sum[3] += px[i] * dx * dy;
        sum[4] += px[i] * dy * dy;
    }
    l.slant = sum[3] / sum[4];
    l.width = sqrt(sum[2] / ink);
    l.height = sqrt(sum[4] / ink);
    return l;
}

static double goal(double before, double after)
{
    return before * pow(after / before, MOMENTS_SHARE);
}

/* Breaks with: a slant that is left or doubled, sides moved the wrong way or not as far as documented or exchanged, a
 * picture that does not stay in its place. */
static void test_slant_and_sides(void **state)
{
    (void)state;
    const double sides[][2] = {{3, 8}, {4, 5}, {5, 8}, {7, 7}, {9, 8}, {9, 6}};
    uint8_t in[DIGIT_PIXELS], out[DIGIT_PIXELS];
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (int tenths = -6; tenths <= 6; tenths += 3) {
            const double w = sides[i][0], h = sides[i][1];
            ring(w, h, 0, in);
            const struct look upright = look_at(in);
            ring(w, h, tenths / 10.0, in);
            moments_normalise(in, out);
            const struct look before = look_at(in), after = look_at(out);
            const double width = goal(upright.width, MOMENTS_WIDTH), height = goal(upright.height, MOMENTS_HEIGHT);
            if (fabs(after.slant) > 0.02 || fabs(after.x - before.x) > 0.1 || fabs(after.y - before.y) > 0.1 ||
                fabs(after.width - width) > 0.1 || fabs(after.height - height) > 0.1)
                fail_msg("%g by %g, slant 0.%d: slant %.3f, moved by %.2f, %.2f, sides %.2f, %.2f, must be %.2f, %.2f",
                         w, h, tenths, after.slant, after.x - before.x, after.y - before.y, after.width, after.height,
                         width, height);
        }
}

/* Breaks with: a picture moved by whole pixels that is not normalised to the same, moved as far (which is what a second
 * look relies on). */
static void test_moved(void **state)
{
    (void)state;
    uint8_t in[DIGIT_PIXELS], out[DIGIT_PIXELS], moved[DIGIT_PIXELS] = {0}, got[DIGIT_PIXELS];
    ring(4, 7, 0.2, in);
    for (int y = 0; y < DIGIT_SIDE_PX - 2; y++)
        memcpy(moved + (y + 2) * DIGIT_SIDE_PX + 1, in + y * DIGIT_SIDE_PX, DIGIT_SIDE_PX - 1);
    moments_normalise(in, out);
    moments_normalise(moved, got);
    int differ = 0;
    for (int y = 2; y < DIGIT_SIDE_PX; y++)
        for (int x = 1; x < DIGIT_SIDE_PX; x++)
            differ += abs(got[y * DIGIT_SIDE_PX + x] - out[(y - 2) * DIGIT_SIDE_PX + x - 1]);
    assert_in_range(differ, 0, 2); /* a tie may be rounded the other way */
}

/* Breaks with: a division by no ink, by no height, by no width; ink read outside the picture (with sanitizers). */
static void test_degenerate(void **state)
{
    (void)state;
    uint64_t seed = 7;
    uint8_t in[DIGIT_PIXELS] = {0}, out[DIGIT_PIXELS];
    memset(out, 9, sizeof out);
    moments_normalise(in, out);
    for (int i = 0; i < DIGIT_PIXELS; i++)
        assert_int_equal(out[i], 0);
    const int corners[] = {0, DIGIT_SIDE_PX - 1, DIGIT_PIXELS - DIGIT_SIDE_PX, DIGIT_PIXELS - 1};
    for (int i = 0; i < 4; i++) { /* one pixel: as wide as may be, where it was */
        memset(in, 0, sizeof in);
        in[corners[i]] = 255;
        moments_normalise(in, out);
        assert_int_equal(out[corners[i]], 255);
    }
    memset(in, 0, sizeof in);
    memset(in + 13 * DIGIT_SIDE_PX, 255, DIGIT_SIDE_PX); /* a line across: as tall as may be, narrowed */
    moments_normalise(in, out);
    assert_int_equal(out[13 * DIGIT_SIDE_PX + 14], 255);
    assert_int_equal(out[13 * DIGIT_SIDE_PX], 0);
    assert_int_equal(out[12 * DIGIT_SIDE_PX + 14], 73); /* 255 (1 - 1 / MOMENTS_TALLER) */
    assert_int_equal(out[11 * DIGIT_SIDE_PX + 14], 0);
    memset(in, 0, sizeof in);
    for (int i = 0; i < DIGIT_SIDE_PX; i++) /* from corner to corner: slant 1, the most there is */
        in[i * DIGIT_SIDE_PX + i] = 255;
    moments_normalise(in, out);
    assert_true(fabs(look_at(out).slant) < 0.01);
    for (int n = 0; n < 200; n++) {
        random_picture(&seed, in);
        for (int i = 0; i < DIGIT_PIXELS; i++)
            in[i] = (uint8_t)(in[i] >> random_int(&seed, 0, 8));
        moments_normalise(in, out);
    }
}

enum { PICTURES = 48, STEPS = 3 };
static uint8_t images[2][PICTURES * DIGIT_PIXELS], labels[PICTURES];
static uint32_t order[PICTURES];

/* Losses of a few steps and of validation, on images[which]. */
static void losses(const char *layers, int which, double out[STEPS + 1])
{
    static const struct trainer_settings set = {
        .seed = 3,
        .threads = 1,
        .epochs = 1,
        .batch = PICTURES / STEPS,
        .shards = 2,
        .bn = true,
        .bn_pictures = 16,
        .augment = {.shift_px = 2, .rotate_deg = 20, .shear = 0.2F, .elastic_px = 1, .elastic_cell_px = 7},
        .optim = {.rate = 1e-3F, .final_rate = 0.1F, .beta1 = 0.9F, .beta2 = 0.99F, .epsilon = 1e-8F}};
    const struct dataset data = {.n = PICTURES, .images = images[which], .labels = labels};
    const struct pictures all = {&data, order, PICTURES};
    static float logits[PICTURES * MODEL_CLASSES];
    struct why why = {0};
    struct model *m = NULL;
    struct trainer *t = NULL;
    if (layer_list_parse(&m, layers, &why) || trainer_new(&t, &set, m, all, &why))
        fail_msg("%s", why.text);
    for (int i = 0; i < STEPS; i++)
        out[i] = trainer_step(t);
    struct graph_stats stats = graph_stats_new(t->graph);
    assert_non_null(stats.mean);
    assert_int_equal(trainer_stats(t, t->params, &stats), OK);
    trainer_logits(t, t->params, &stats, all, logits);
    out[STEPS] = score_logits(logits, all, 1).loss;
    free(stats.mean);
    model_free(m);
    trainer_free(t);
}

/* Breaks with: pictures that are distorted or validated as they are, or normalised twice, or after they are distorted.
 */
static void test_trainer(void **state)
{
    (void)state;
    double with[STEPS + 1], before[STEPS + 1], without[STEPS + 1];
    for (uint32_t i = 0; i < PICTURES; i++) {
        labels[i] = (uint8_t)(i % MODEL_CLASSES);
        order[i] = i;
        ring(2 + labels[i] * 0.7, 8, 0.4 - labels[i] * 0.1, images[0] + i * DIGIT_PIXELS);
        moments_normalise(images[0] + i * DIGIT_PIXELS, images[1] + i * DIGIT_PIXELS);
    }
    losses("moments-conv16-pool-dense10", 0, with);
    losses("conv16-pool-dense10", 1, before);
    losses("conv16-pool-dense10", 0, without);
    assert_memory_equal(with, before, sizeof with);
    for (int i = 0; i <= STEPS; i++)
        assert_true(with[i] != without[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slant_and_sides),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_trainer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
