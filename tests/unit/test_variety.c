/* What varies a training picture: the last epochs' weaker distortions (which epochs have them, how weak they are, that
 * steps see them), other hands, and remnants. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network/layer_list.h"
#include "run/trainer.h"

enum { PICTURES = 64, STEPS = 4 }; /* an epoch's */

static uint8_t images[PICTURES * DIGIT_PIXELS], labels[PICTURES];
static uint32_t order[PICTURES];
static const struct dataset data = {.n = PICTURES, .images = images, .labels = labels};

static const struct trainer_settings plain = {
    .seed = 3,
    .threads = 1,
    .epochs = 4,
    .batch = PICTURES / STEPS,
    .shards = 2,
    .bn = true,
    .bn_pictures = 16,
    .augment = {.shift_px = 2, .rotate_deg = 20, .scale = 0.2F, .shear = 0.2F, .elastic_px = 1, .elastic_cell_px = 7},
    .optim = {.rate = 1e-3F, .warm_up = 0.2F, .final_rate = 0.1F, .beta1 = 0.9F, .beta2 = 0.99F, .epsilon = 1e-8F}};

static int setup(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < PICTURES; i++) {
        labels[i] = (uint8_t)(i % MODEL_CLASSES);
        order[i] = i;
        for (size_t k = 0; k < 200; k++) /* a bar that says which class it is */
            images[i * DIGIT_PIXELS + 84 + labels[i] * 50 + k] = (uint8_t)(100 + i + k % 50);
    }
    return 0;
}

static struct trainer *new_trainer(const struct trainer_settings *set)
{
    struct why why = {0};
    struct model *m = NULL;
    struct trainer *t = NULL;
    if (layer_list_parse(&m, "conv16-pool-dense10", &why) ||
        trainer_new(&t, set, m, (struct pictures){&data, order, PICTURES}, &why))
        fail_msg("%s", why.text);
    model_free(m);
    return t;
}

static void losses(const struct trainer_settings *set, double out[])
{
    struct trainer *t = new_trainer(set);
    for (int i = 0; i < set->epochs * STEPS; i++)
        out[i] = trainer_step(t);
    trainer_free(t);
}

/* Breaks with: an epoch too many or too few, none where few epochs make less than one, calm epochs whose distortions
 * are taken for others' (a teacher's answers are kept by that number), or that do not come again where the others do.
 */
static void test_epochs(void **state)
{
    (void)state;
    struct trainer_settings set = plain;
    set.epochs = 10;
    for (int64_t e = 0; e < 10; e++)
        assert_int_equal(trainer_distortions(&set, e), e);
    set.calm = 0.3F;
    for (int64_t e = 0; e < 10; e++)
        assert_int_equal(trainer_distortions(&set, e), e < 7 ? e : TRAINER_CALM + e);
    set.distort_epochs = 4;
    for (int64_t e = 0; e < 10; e++)
        assert_int_equal(trainer_distortions(&set, e), e < 7 ? e % 4 : TRAINER_CALM + e % 4);
    set.calm = 0.04F;
    assert_int_equal(trainer_distortions(&set, 8), 0);
    assert_int_equal(trainer_distortions(&set, 9), TRAINER_CALM + 1);
    set.calm = 1;
    assert_int_equal(trainer_distortions(&set, 0), TRAINER_CALM);
}

/* How far the pictures of these distortions are from the pictures as they are. */
static double distance(struct trainer *t, int64_t distortions)
{
    double sum = 0;
    float px[DIGIT_PIXELS];
    for (uint32_t i = 0; i < PICTURES; i++) {
        trainer_distort(t, distortions, i, px);
        for (int k = 0; k < DIGIT_PIXELS; k++)
            sum += fabs((double)px[k] - images[i * DIGIT_PIXELS + (uint32_t)k] / 255.0);
    }
    return sum / PICTURES / DIGIT_PIXELS;
}

/* Breaks with: a strength that is not applied, or to all epochs. */
static void test_strength(void **state)
{
    (void)state;
    struct trainer_settings set = plain;
    double far[3];
    for (int i = 0; i < 3; i++) {
        set.calm_strength = (float)i / 2;
        struct trainer *t = new_trainer(&set);
        far[i] = distance(t, TRAINER_CALM + 1);
        if (!(distance(t, 1) > 0.05))
            fail_msg("others: %.4f", distance(t, 1));
        trainer_free(t);
    }
    if (!(far[0] < 1e-6 && far[1] > 0.02 && far[1] < 0.8 * far[2] && far[2] > 0.05))
        fail_msg("none %.6f, half %.4f, all %.4f", far[0], far[1], far[2]);
}

/* Breaks with: steps that do not see the calm, see it in other epochs. */
static void test_steps(void **state)
{
    (void)state;
    enum { ALL = 4 * STEPS };
    struct trainer_settings calm = plain, still = plain;
    double a[ALL], b[ALL], c[ALL];
    losses(&plain, a);
    calm.calm = 0.5F;
    losses(&calm, b);
    for (int i = 0; i < ALL; i++)
        assert_true((a[i] == b[i]) == (i < ALL / 2));
    still.augment = (struct augment){.elastic_cell_px = 7};
    calm.calm = 1;
    losses(&still, a);
    losses(&calm, c);
    for (int i = 0; i < ALL; i++)
        if (!(fabs(a[i] - c[i]) < 1e-4))
            fail_msg("step %d: %.6f without distortions, %.6f in calm of strength 0", i, a[i], c[i]);
}

/* How many of the pictures are as the dataset has them. */
static int plain_pictures(struct trainer *t, int64_t distortions)
{
    int n = 0;
    float px[DIGIT_PIXELS];
    for (uint32_t i = 0; i < PICTURES; i++) {
        double far = 0;
        trainer_distort(t, distortions, i, px);
        for (int k = 0; k < DIGIT_PIXELS; k++)
            far += fabs((double)px[k] - images[i * DIGIT_PIXELS + (uint32_t)k] / 255.0);
        n += far < 1e-3;
    }
    return n;
}

/* Breaks with: hands or remnants that come without being asked for, never, always, or alike in every epoch; with a
 * picture that depends on the thread or on what was drawn before. */
static void test_hands_and_remnants(void **state)
{
    (void)state;
    struct trainer_settings set = plain;
    set.augment = (struct augment){.elastic_cell_px = 7};
    const struct {
        float hands, remnants;
        int least, most; /* plain pictures */
    } shares[] = {{0, 0, PICTURES, PICTURES}, {1, 0, 0, 0}, {0, 1, 0, 4}, {0.5F, 0, 16, 48}, {0, 0.5F, 16, 48}};
    for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
        set.hands = shares[i].hands;
        set.remnants = shares[i].remnants;
        struct trainer *t = new_trainer(&set);
        const int n = plain_pictures(t, 0);
        if (n < shares[i].least || n > shares[i].most)
            fail_msg("hands %.1f, remnants %.1f: %d of %d pictures are plain", (double)set.hands, (double)set.remnants,
                     n, PICTURES);
        trainer_free(t);
    }
    set.hands = 1;
    struct trainer *t = new_trainer(&set);
    float a[DIGIT_PIXELS], b[DIGIT_PIXELS];
    trainer_distort(t, 2, 5, a);
    trainer_distort(t, 3, 5, b);
    assert_true(memcmp(a, b, sizeof(a)) != 0);
    trainer_distort(t, 2, 5, b);
    assert_memory_equal(a, b, sizeof(a));
    trainer_free(t);
    double one[4 * STEPS], three[4 * STEPS];
    set.remnants = 0.5F;
    losses(&set, one);
    set.threads = 3;
    losses(&set, three);
    assert_memory_equal(one, three, sizeof(one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_epochs), cmocka_unit_test(test_strength),
                                       cmocka_unit_test(test_steps), cmocka_unit_test(test_hands_and_remnants)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
