/* The training graph: its gradient against finite differences of its own loss, batch norm folded against not folded,
 * and steps that are the same to the bit on any number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch.h"
#include "graph_params.h"
#include "nn/layers.h"
#include "rng.h"
#include "trainer.h"

/* A graph with random parameters and one shard of random pictures. */
struct net {
    struct model *m;
    struct graph *g;
    struct graph_ws *ws;
    struct graph_pass pass;
    size_t n;
    float *params, *ready, *grad, *target;
};

static void *get(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);
    assert_non_null(p);
    return p;
}

/* How a network is tested: without ReLUs (smooth) it has no bends but where two of a pool's four are alike. */
struct kind {
    bool bn, smooth;
    float drop;
    enum cnn_path path;
};

static void net_new(struct net *net, const char *layers, const struct kind *kind)
{
    float drop = kind->drop;
    struct why why = {0};
    *net = (struct net){.n = 4};
    if (arch_model(&net->m, layers, &why) != OK)
        fail_msg("%s: %s", layers, why.text);
    for (int i = 0; i < net->m->n_layers; i++)
        net->m->layers[i].relu &= !kind->smooth;
    if (graph_create(&net->g, net->m, net->n, &drop, drop > 0, kind->bn, kind->path, &why) != OK)
        fail_msg("%s: %s", layers, why.text);
    net->ws = graph_ws_new(net->g);
    assert_non_null(net->ws);
    net->params = get(net->g->n_params, sizeof(float));
    net->grad = get(net->g->n_params, sizeof(float));
    net->ready = get(net->g->n_ready, sizeof(float));
    net->target = get(net->n * MODEL_CLASSES, sizeof(float));
    graph_init(net->g, 5, net->params);
    struct rng r;
    rng_seed(&r, 1, RNG_TEST, 0);
    for (int i = 0; i < net->g->n_stages; i++) { /* shifts and scales away from 0 and 1 */
        const struct stage *s = &net->g->stages[i];
        for (size_t o = 0; o < s->real_c; o++) {
            if (s->bn || s->bias)
                net->params[s->shift_at + o] = 0.2F * rng_signed(&r);
            if (s->bn)
                net->params[s->scale_at + o] = 1 + 0.3F * rng_signed(&r);
        }
    }
    for (size_t p = 0; p < net->n; p++) {
        float px[MODEL_PIXELS], sum = 0;
        for (int i = 0; i < MODEL_PIXELS; i++)
            px[i] = rng_float(&r);
        graph_put(net->g, net->ws, p, px);
        for (int k = 0; k < MODEL_CLASSES; k++) /* a soft target, as label smoothing and distillation have */
            sum += net->target[p * MODEL_CLASSES + (size_t)k] = rng_float(&r);
        for (int k = 0; k < MODEL_CLASSES; k++)
            net->target[p * MODEL_CLASSES + (size_t)k] /= sum;
    }
    net->pass = (struct graph_pass){.params = net->params,
                                    .ready = net->ready,
                                    .dropout = drop > 0,
                                    .drop_seed = 9,
                                    .stop_before = net->g->n_stages};
}

static void net_free(struct net *net)
{
    graph_ws_free(net->ws);
    graph_free(net->g);
    model_free(net->m);
    free(net->params);
    free(net->grad);
    free(net->ready);
    free(net->target);
}

static double net_loss(struct net *net)
{
    double loss = 0;
    graph_ready(net->g, net->params, net->ready);
    graph_forward(net->g, net->ws, net->n, &net->pass);
    for (size_t i = 0; i < net->n; i++)
        loss += graph_loss(net->g, net->ws, i, net->target + i * MODEL_CLASSES, 1);
    return loss;
}

/* The slope of the loss along a direction over parameters from..to, by central differences. */
static double slope(struct net *net, size_t from, size_t to, const float *direction, double h)
{
    float *keep = get(to - from, sizeof(float));
    double loss[2];
    memcpy(keep, net->params + from, (to - from) * sizeof(float));
    for (int side = 0; side < 2; side++) {
        for (size_t i = from; i < to; i++)
            net->params[i] = keep[i - from] + (float)((side ? -h : h) * (double)direction[i - from]);
        loss[side] = net_loss(net);
    }
    memcpy(net->params + from, keep, (to - from) * sizeof(float));
    free(keep);
    return (loss[0] - loss[1]) / (2 * h);
}

/* One block of parameters along its own gradient and along one random direction mixed with it. Where ReLUs flip inside
 * the step a difference sees what a gradient does not: hence two tolerances. */
static void check_block(struct net *net, const char *layers, const char *what, int stage, size_t from, size_t to,
                        double tolerance)
{
    struct rng r;
    rng_seed(&r, 3, RNG_TEST, (uint64_t)stage);
    float *direction = get(to - from, sizeof(float));
    double norm = 0;
    for (size_t i = from; i < to; i++)
        norm += (double)net->grad[i] * (double)net->grad[i];
    norm = sqrt(norm);
    bool flat = norm < 1e-3; /* as of a shift that the next batch norm takes away again: then only random directions */
    for (int mix = flat; mix < 2; mix++) {
        double length = 0, want = 0;
        for (size_t i = from; i < to; i++) {
            float random = mix && net->grad[i] != 0 ? rng_normal(&r) : 0; /* padding stays 0 */
            direction[i - from] =
                random / sqrtf((float)(to - from)) + (flat ? 0 : (float)((double)net->grad[i] / norm));
            length += (double)direction[i - from] * (double)direction[i - from];
        }
        length = sqrt(length);
        for (size_t i = from; i < to; i++) {
            direction[i - from] = (float)((double)direction[i - from] / length);
            want += (double)direction[i - from] * (double)net->grad[i];
        }
        double h = 1e-3 / fmax(1, norm), got = slope(net, from, to, direction, h);
        if (!(fabs(got - want) <= tolerance * (fabs(want) + 0.2)))
            fail_msg("%s: %s of stage %d (%s, mix %d): slope %.6f, gradient %.6f", layers, what, stage,
                     net->g->back->name, mix, got, want);
    }
    free(direction);
}

static void check_gradient(const char *layers, const struct kind *kind)
{
    struct net net;
    const double tolerance = kind->smooth ? 0.01 : 0.06; /* measured: at most 0.004 and 0.033 */
    net_new(&net, layers, kind);
    net_loss(&net);
    graph_backward(net.g, net.ws, net.n, &net.pass, net.grad);
    for (int i = 0; i < net.g->n_stages; i++) {
        const struct stage *s = &net.g->stages[i];
        if (s->kind == STAGE_POOL)
            continue;
        check_block(&net, layers, "weights", i, s->weight_at, s->shift_at, tolerance);
        if (s->bn || s->bias)
            check_block(&net, layers, "shifts", i, s->shift_at, s->shift_at + s->c, tolerance);
        if (s->bn)
            check_block(&net, layers, "scales", i, s->scale_at, s->scale_at + s->c, tolerance);
    }
    net_free(&net);
}

/* All kinds of stages, small enough for a sanitizer: test_backward.c tries the kernels on large shapes. */
static const char *const networks[] = {
    "conv16-pool-conv32-pool-conv16-pool-dense10", "conv16v-pool-conv24x5-conv16x5v-dense24-dense10",
    "pool-conv16-pool-pool-dense10", "dense30-dense10", "pool-conv8-conv8-pool-conv20v-conv24-pool-dense10"};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* Breaks with: any wrong term in the gradient of convolution, batch norm (scale, shift, and what flows through the
 * shard's statistics), ReLU, pool, dense, dropout with a fixed mask, softmax with cross-entropy. */
static void test_gradient(void **state)
{
    (void)state;
    static const struct kind kinds[] = {
        {true, true, 0, 0}, {false, true, 0.3F, 0}, {true, false, 0.3F, 0}, {false, false, 0, 0}};
    const enum cnn_path paths[] = {CNN_BASE, CNN_AVX2, CNN_AVX512};
    for (int i = 0; i < NETWORKS; i++)
        for (int p = 0; p < 3; p++)
            for (int k = 0; k < 4 && cnn_path_available(paths[p]); k++)
                check_gradient(networks[i], &(struct kind){kinds[k].bn, kinds[k].smooth, kinds[k].drop, paths[p]});
}

/* Breaks with: a wrong fold of batch norm, a wrong order of weights in the file (flatten is channel-first there),
 * padding that leaks into results, fixed statistics unlike those that were measured. */
static void test_export(void **state)
{
    (void)state;
    for (int i = 0; i < NETWORKS; i++)
        for (int bn = 0; bn < 2; bn++) {
            struct net net;
            net_new(&net, networks[i], &(struct kind){.bn = bn, .path = CNN_AUTO});
            struct graph_stats stats = graph_stats_new(net.g);
            struct rng r;
            rng_seed(&r, 4, RNG_TEST, 0);
            for (size_t c = 0; c < net.g->n_channels; c++) {
                stats.mean[c] = 0.3F * rng_signed(&r);
                stats.var[c] = 0.5F + rng_float(&r);
            }
            net.pass.fixed = &stats;
            graph_export(net.g, net.params, &stats, net.m);
            for (size_t p = 0; p < net.n; p++) {
                uint8_t image[MODEL_PIXELS];
                float px[MODEL_PIXELS];
                double want[MODEL_CLASSES];
                for (int k = 0; k < MODEL_PIXELS; k++)
                    image[k] = (uint8_t)rng_below(&r, 256);
                augment_none(image, px);
                graph_put(net.g, net.ws, p, px);
                graph_ready(net.g, net.params, net.ready);
                graph_forward(net.g, net.ws, p + 1, &net.pass); /* a shard that is not full */
                assert_int_equal(layers_forward(net.m, image, want), OK);
                const float *got = graph_logits(net.g, net.ws, p);
                for (int k = 0; k < MODEL_CLASSES; k++)
                    if (!(fabs((double)got[k] - want[k]) <= 1e-4 * (1 + fabs(want[k]))))
                        fail_msg("%s, bn %d, picture %zu: logit %d is %.7g, the file gives %.7g", networks[i], bn, p, k,
                                 (double)got[k], want[k]);
            }
            free(stats.mean);
            net_free(&net);
        }
}

/* ---- the trainer ---- */

enum { PICTURES = 300, CHECK_STEPS = 12 };

/* Ten blobs in ten places, with noise: easy to learn, not to be learnt in one step. */
static void make_pictures(struct dataset *d)
{
    static uint8_t images[PICTURES][MODEL_PIXELS], labels[PICTURES];
    struct rng r;
    rng_seed(&r, 8, RNG_TEST, 0);
    for (int i = 0; i < PICTURES; i++) {
        int label = labels[i] = (uint8_t)(i % 10), cx = 5 + label % 4 * 6, cy = 6 + label / 4 * 8;
        for (int k = 0; k < MODEL_PIXELS; k++) {
            int dx = k % MODEL_SIDE - cx, dy = k / MODEL_SIDE - cy;
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
    if (arch_model(&m, "conv16-pool-conv20-pool-dense10", &why) != OK || trainer_new(&t, set, m, p, &why) != OK)
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
    assert_int_equal(arch_model(&m, "pool-conv16-conv24-pool-conv40v-dense20-dense10", &why), OK);
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
        assert_int_equal(arch_model(&m, "conv16-pool-dense10", &why), OK);
        assert_int_equal(trainer_new(&t, bad[i], m, (struct pictures){&d, index, PICTURES}, &why), ERR_RANGE);
        assert_null(t);
        assert_true(why.text[0] != '\0');
        model_free(m);
    }
    struct why why = {0};
    struct model *m, *grouped;
    struct graph *g;
    assert_int_equal(arch_model(&m, "conv16-conv16-dense10", &why), OK);
    m->layers[1].groups = 2;
    assert_int_equal(model_create(&grouped, m->layers, m->n_layers, &why), OK);
    assert_int_equal(graph_create(&g, grouped, 4, NULL, 0, true, CNN_AUTO, &why), ERR_UNSUPPORTED);
    assert_null(g);
    assert_non_null(strstr(why.text, "layer 2: the trainer knows no groups"));
    model_free(grouped);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient), cmocka_unit_test(test_export),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_learns),   cmocka_unit_test(test_reference), cmocka_unit_test(test_stats_kept),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
