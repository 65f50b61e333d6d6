/* Random networks and pictures for the tests of the network engine: the same ones in every run, by their seed. */
#ifndef DIGITD_TESTS_RANDOM_NETS_H
#define DIGITD_TESTS_RANDOM_NETS_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "net/model.h"

/* xorshift64*: small, and not the trainer's generator, which is under test elsewhere. */
static inline uint32_t random_bits(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)(*state * 0x2545F4914F6CDD1DULL >> 32);
}

/* low to high, both included. */
static inline int random_int(uint64_t *state, int low, int high)
{
    return low + (int)(random_bits(state) % (uint32_t)(high - low + 1));
}

/* -1 to 1. */
static inline double random_unit(uint64_t *state)
{
    return (double)random_bits(state) / 2147483647.5 - 1.0;
}

static inline void random_picture(uint64_t *state, uint8_t image[DIGIT_PIXELS])
{
    for (int i = 0; i < DIGIT_PIXELS; i++)
        image[i] = (uint8_t)(random_bits(state) >> 24);
}

/* Weights of a size that keeps activations near 1 through any number of layers; small biases. */
static inline void random_weights(uint64_t *state, struct model *m)
{
    for (int i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layers[i];
        const int fan_in = layer_fan_c(l) * (l->kind == LAYER_CONV2D ? l->kernel * l->kernel : 1);
        const double scale = sqrt(6.0 / fan_in);
        for (int k = 0; l->weight && k < fan_in * l->out_c; k++)
            l->weight[k] = (float)(scale * random_unit(state));
        for (int k = 0; l->bias && k < l->out_c; k++)
            l->bias[k] = (float)(0.1 * random_unit(state));
    }
}

/* A convolution or a pool that fits h x w, which become what goes out. */
static inline struct layer random_stage(uint64_t *state, int number, int *h, int *w)
{
    struct layer l = {.kind = LAYER_MAXPOOL2};
    if (*h >= 2 && *w >= 2 && random_int(state, 0, 2) == 0) {
        *h /= 2;
        *w /= 2;
        return l;
    }
    l = (struct layer){.kind = LAYER_CONV2D,
                       .out_c = random_int(state, 1, 20),
                       .kernel = random_int(state, 0, 1) ? 3 : 5,
                       .relu = random_int(state, 0, 3) != 0,
                       .has_bias = random_int(state, 0, 3) != 0};
    snprintf(l.name, sizeof l.name, "conv%d", number);
    l.same = *h < l.kernel || *w < l.kernel || random_int(state, 0, 1);
    if (!l.same) {
        *h -= l.kernel - 1;
        *w -= l.kernel - 1;
    }
    return l;
}

/* Makes some lists of stages grouped: from some convolution after the first on, or from the first where there is a view
 * for each group, two or three groups. */
static inline void random_groups(uint64_t *state, struct layer *spec, int n)
{
    const int groups = random_int(state, 2, 3);
    int first = random_int(state, 1, 8), convs = 0;
    if (n > 0 && spec[0].kind == LAYER_VIEWS && spec[0].out_c == groups)
        first = 0;
    for (int i = 0; i < n; i++)
        if (spec[i].kind == LAYER_CONV2D) {
            spec[i].out_c = (spec[i].out_c + groups - 1) / groups * groups;
            spec[i].groups = convs++ >= first ? groups : 1;
        }
}

/* Any legal list that ends in a dense layer: views of the picture or not, 0 to 6 convolutions and pools in any order,
 * flatten, 0 to 2 hidden dense layers, the last one, and a softmax or none. Returns how many. */
static inline int random_layers(uint64_t *state, struct layer spec[MODEL_LAYERS_MAX])
{
    int n = 0, h = DIGIT_SIDE_PX, w = DIGIT_SIDE_PX;
    if (random_int(state, 0, 2) == 0)
        spec[n++] = (struct layer){
            .kind = LAYER_VIEWS, .out_c = random_int(state, 1, 3), .moments = (uint64_t)random_int(state, 0, 7)};
    for (int left = random_int(state, 0, 6); left > 0; left--, n++)
        spec[n] = random_stage(state, n, &h, &w);
    random_groups(state, spec, n);
    spec[n++] = (struct layer){.kind = LAYER_FLATTEN};
    for (int left = random_int(state, 0, 2); left >= 0; left--, n++) {
        spec[n] = (struct layer){.kind = LAYER_DENSE,
                                 .out_c = left ? random_int(state, 1, 40) : MODEL_CLASSES,
                                 .relu = left && random_int(state, 0, 1),
                                 .has_bias = random_int(state, 0, 3) != 0};
        snprintf(spec[n].name, sizeof spec[n].name, "dense%d", n);
    }
    if (random_int(state, 0, 1))
        spec[n++] = (struct layer){.kind = LAYER_SOFTMAX};
    return n;
}

/* The documented network: three 3x3 convolutions of 32, 64 and 128 filters, each pooled; dense to ten. */
static inline int documented_layers(struct layer spec[MODEL_LAYERS_MAX])
{
    int n = 0;
    for (int i = 0; i < 3; i++) {
        spec[n] = (struct layer){
            .kind = LAYER_CONV2D, .out_c = 32 << i, .kernel = 3, .same = true, .relu = true, .has_bias = true};
        snprintf(spec[n++].name, sizeof spec->name, "conv%d", i + 1);
        spec[n++] = (struct layer){.kind = LAYER_MAXPOOL2};
    }
    spec[n++] = (struct layer){.kind = LAYER_FLATTEN};
    spec[n++] = (struct layer){.kind = LAYER_DENSE, .name = "dense1", .out_c = MODEL_CLASSES, .has_bias = true};
    spec[n++] = (struct layer){.kind = LAYER_SOFTMAX};
    return n;
}

#endif
