/* The training graph: its gradient against finite differences of its own loss, batch norm folded against not folded. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/rng.h"
#include "net/layers.h"
#include "network/graph_params.h"
#include "network/layer_list.h"
#include "run/trainer.h"

/* A graph with random parameters and one shard of random pictures. */
struct net {
    struct model *m;
    struct graph *g;
    struct graph_workspace *ws;
    struct graph_pass pass;
    size_t n;
    float *params, *derived, *grad, *target;
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
    if (layer_list_parse(&net->m, layers, &why) != OK)
        fail_msg("%s: %s", layers, why.text);
    for (int i = 0; i < net->m->n_layers; i++)
        net->m->layers[i].relu &= !kind->smooth;
    if (graph_create(&net->g, net->m, net->n, &drop, drop > 0, kind->bn, kind->path, &why) != OK)
        fail_msg("%s: %s", layers, why.text);
    net->ws = graph_workspace_new(net->g);
    assert_non_null(net->ws);
    net->params = get(net->g->n_params, sizeof(float));
    net->grad = get(net->g->n_params, sizeof(float));
    net->derived = get(net->g->n_derived, sizeof(float));
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
        float px[DIGIT_PIXELS], sum = 0;
        for (int i = 0; i < DIGIT_PIXELS; i++)
            px[i] = rng_float(&r);
        graph_set_picture(net->g, net->ws, p, px);
        for (int k = 0; k < MODEL_CLASSES; k++) /* a soft target, as label smoothing and distillation have */
            sum += net->target[p * MODEL_CLASSES + (size_t)k] = rng_float(&r);
        for (int k = 0; k < MODEL_CLASSES; k++)
            net->target[p * MODEL_CLASSES + (size_t)k] /= sum;
    }
    net->pass = (struct graph_pass){.params = net->params,
                                    .derived = net->derived,
                                    .dropout = drop > 0,
                                    .drop_seed = 9,
                                    .stop_before = net->g->n_stages};
}

static void net_free(struct net *net)
{
    graph_workspace_free(net->ws);
    graph_free(net->g);
    model_free(net->m);
    free(net->params);
    free(net->grad);
    free(net->derived);
    free(net->target);
}

static double net_loss(struct net *net)
{
    double loss = 0;
    graph_derive(net->g, net->params, net->derived);
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
                uint8_t image[DIGIT_PIXELS];
                float px[DIGIT_PIXELS];
                double want[MODEL_CLASSES];
                for (int k = 0; k < DIGIT_PIXELS; k++)
                    image[k] = (uint8_t)rng_below(&r, 256);
                augment_none(image, px);
                graph_set_picture(net.g, net.ws, p, px);
                graph_derive(net.g, net.params, net.derived);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
