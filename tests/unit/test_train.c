/* The trainer: steps that are the same to the bit on any number of threads, that learn, and that are what they were
 * when a published recipe was written. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/rng.h"
#include "network/graph_params.h"
#include "network/layer_list.h"
#include "run/trainer.h"

enum { PICTURES = 300, CHECK_STEPS = 12 };

/* Ten blobs in ten places, with noise: easy to learn, not to be learnt in one step. */
static void make_pictures(struct dataset *d)
{
    static uint8_t images[PICTURES][DIGIT_PIXELS], labels[PICTURES];
    struct rng r;
    rng_seed(&r, 8, RNG_TEST, 0);
    for (int i = 0; i < PICTURES; i++) {
        int label = labels[i] = (uint8_t)(i % 10), cx = 5 + label % 4 * 6, cy = 6 + label / 4 * 8;
        for (int k = 0; k < DIGIT_PIXELS; k++) {
            int dx = k % DIGIT_SIDE_PX - cx, dy = k / DIGIT_SIDE_PX - cy;
            images[i][k] = (uint8_t)((dx * dx + dy * dy < 12 ? 150 : 0) + (int)rng_below(&r, 100));
        }
    }
    *d = (struct dataset){.n = PICTURES, .images = images[0], .labels = labels};
}

static const struct trainer_settings small = {
    .seed = 3,
    .threads = 1,
    .epochs = 4,
    .batch = 32,
    .shards = 4,
    .drop = {{0.2F}, 1},
    .smoothing = 0.1F,
    .bn = true,
    .bn_pictures = 64,
    .augment = {.shift_px = 1, .rotate_deg = 8, .scale = 0.1F, .shear = 0.1F, .elastic_px = 0.5F, .elastic_cell_px = 7},
    .optim = {.rate = 5e-3F,
              .warm_up = 0.2F,
              .final_rate = 0.01F,
              .beta1 = 0.9F,
              .beta2 = 0.99F,
              .epsilon = 1e-8F,
              .weight_decay = 0.01F,
              .ema = 0.9F}};

static struct trainer *new_trainer(const struct trainer_settings *set, struct pictures p)
{
    struct why why = {0};
    struct model *m;
    struct trainer *t = NULL;
    if (layer_list_parse(&m, "conv16-pool-conv20-pool-dense10", &why) != OK || trainer_new(&t, set, m, p, &why) != OK)
        fail_msg("%s", why.text);
    model_free(m);
    return t;
}

/* Breaks with: a result that depends on which thread takes which shard, or on what a thread did before; a generator
 * that is not a function of (seed, epoch, picture); sums in the order of arrival. */
static void test_threads(void **state)
{
    (void)state;
    struct dataset d;
    uint32_t index[PICTURES];
    make_pictures(&d);
    for (uint32_t i = 0; i < PICTURES; i++)
        index[i] = i;
    struct trainer_settings set = small;
    struct trainer *one = new_trainer(&set, (struct pictures){&d, index, PICTURES});
    for (set.threads = 2; set.threads <= 5; set.threads += 3) {
        struct trainer *many = new_trainer(&set, (struct pictures){&d, index, PICTURES});
        trainer_go_to(one, 0);
        graph_init(one->graph, set.seed, one->params);
        size_t bytes = one->graph->n_params * sizeof(float);
        memset(one->first, 0, bytes);
        memset(one->second, 0, bytes);
        memcpy(one->average, one->params, bytes);
        for (int i = 0; i < CHECK_STEPS; i++) { /* over the end of an epoch */
            double a = trainer_step(one), b = trainer_step(many);
            if (a != b)
                fail_msg("step %d: loss %.17g on one thread, %.17g on %d", i, a, b, set.threads);
        }
        assert_memory_equal(one->params, many->params, bytes);
        assert_memory_equal(one->average, many->average, bytes);
        struct graph_stats sa = graph_stats_new(one->graph), sb = graph_stats_new(many->graph);
        assert_int_equal(trainer_stats(one, one->average, &sa), OK);
        assert_int_equal(trainer_stats(many, many->average, &sb), OK);
        assert_memory_equal(sa.mean, sb.mean, 2 * one->graph->n_channels * sizeof(float));
        free(sa.mean);
        free(sb.mean);
        trainer_free(many);
    }
    trainer_free(one);
}

/* Breaks with: training that does not learn, a sign error in the optimiser, statistics unlike the pictures'. */
static void test_learns(void **state)
{
    (void)state;
    struct dataset d;
    uint32_t index[PICTURES];
    make_pictures(&d);
    for (uint32_t i = 0; i < PICTURES; i++)
        index[i] = i;
    struct pictures all = {&d, index, PICTURES};
    struct trainer *t = new_trainer(&small, all);
    float logits[PICTURES * MODEL_CLASSES];
    struct graph_stats stats = graph_stats_new(t->graph);
    double first = trainer_step(t), last = first;
    while (t->step < t->steps_per_epoch * small.epochs)
        last = trainer_step(t);
    assert_int_equal(trainer_stats(t, t->average, &stats), OK);
    trainer_logits(t, t->average, &stats, all, logits);
    struct score s = score_logits(logits, all, 1);
    if (!(last < 0.6 * first) || s.right < PICTURES * 98 / 100)
        fail_msg("loss went from %.3f to %.3f; %zu of %d right", first, last, s.right, PICTURES);
    free(stats.mean);
    trainer_free(t);
}

/* Breaks with: statistics that depend on whether there was room to go on from the stage before. */
static void test_stats_kept(void **state)
{
    (void)state;
    struct dataset d;
    uint32_t index[PICTURES];
    make_pictures(&d);
    for (uint32_t i = 0; i < PICTURES; i++)
        index[i] = i;
    struct why why = {0};
    struct model *m;
    struct trainer *t;
    struct trainer_settings set = small;
    set.bn_pictures = 75; /* the last shard is not full */
    assert_int_equal(layer_list_parse(&m, "pool-conv16-conv24-pool-conv40v-dense20-dense10", &why), OK);
    assert_int_equal(trainer_new(&t, &set, m, (struct pictures){&d, index, PICTURES}, &why), OK);
    for (int i = 0; i < 3; i++)
        trainer_step(t);
    struct graph_stats kept = graph_stats_new(t->graph), again = graph_stats_new(t->graph);
    assert_int_equal(trainer_stats(t, t->average, &kept), OK);
    t->keep_bytes = 0;
    assert_int_equal(trainer_stats(t, t->average, &again), OK);
    assert_memory_equal(kept.mean, again.mean, 2 * t->graph->n_channels * sizeof(float));
    free(kept.mean);
    free(again.mean);
    trainer_free(t);
    model_free(m);
}

/* Breaks with: a change to what a seed means - the order of pictures, the distortions, dropout, first weights, the
 * optimiser - by which the recipe of a published network no longer makes that network. Bits differ between instruction
 * sets, compilers and C libraries; so few steps do not carry that further than the tolerance. */
static void test_reference(void **state)
{
    (void)state;
    static const double want[CHECK_STEPS] = {2.832055, 2.798102, 2.371282, 2.532403, 2.501005, 2.430092,
                                             1.672109, 1.219077, 1.133192, 0.787443, 0.738582, 0.845813};
    struct dataset d;
    uint32_t index[PICTURES];
    make_pictures(&d);
    for (uint32_t i = 0; i < PICTURES; i++)
        index[i] = i;
    struct trainer_settings set = small;
    set.augment.stroke = 0.5F;
    struct trainer *t = new_trainer(&set, (struct pictures){&d, index, PICTURES});
    for (int i = 0; i < CHECK_STEPS; i++) {
        double loss = trainer_step(t);
        if (!(fabs(loss - want[i]) <= 1e-4))
            fail_msg("step %d: the loss is %.6f, and was %.6f when the recipe was written", i, loss, want[i]);
    }
    trainer_free(t);
}

/* Breaks with: settings that cannot work taken in silence. */
static void test_settings(void **state)
{
    (void)state;
    struct dataset d;
    uint32_t index[PICTURES] = {0};
    make_pictures(&d);
    struct trainer_settings uneven = small, large = small, none = small;
    uneven.shards = 5;
    large.batch = 512;
    none.epochs = 0;
    const struct trainer_settings *bad[] = {&uneven, &large, &none};
    for (int i = 0; i < 3; i++) {
        struct why why = {0};
        struct model *m;
        struct trainer *t;
        assert_int_equal(layer_list_parse(&m, "conv16-pool-dense10", &why), OK);
        assert_int_equal(trainer_new(&t, bad[i], m, (struct pictures){&d, index, PICTURES}, &why), ERR_RANGE);
        assert_null(t);
        assert_true(why.text[0] != '\0');
        model_free(m);
    }
    struct why why = {0};
    struct model *m, *grouped;
    struct graph *g;
    assert_int_equal(layer_list_parse(&m, "conv16-conv16-dense10", &why), OK);
    m->layers[1].groups = 2;
    assert_int_equal(model_create(&grouped, m->layers, m->n_layers, &why), OK);
    assert_int_equal(graph_create(&g, grouped, 4, NULL, 0, true, CNN_AUTO, &why), ERR_UNSUPPORTED);
    assert_null(g);
    assert_non_null(strstr(why.text, "layer 2: the trainer does not support groups"));
    model_free(grouped);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),    cmocka_unit_test(test_learns),   cmocka_unit_test(test_reference),
        cmocka_unit_test(test_stats_kept), cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
