/* make_model FILE [SEED]: writes a small network with seeded random weights, for tests that need a network and do not
 * care what it knows. SEED (1) tells two such files apart. No golden pictures: the service checks such a file against
 * the naive layers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/model.h"

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do. Returns -0.5 to 0.5. */
static float random_weight(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (float)(z >> 40) / (float)(1 << 24) - 0.5f;
}

int main(int argc, char **argv)
{
    static float has_bias;
    const struct layer spec[] = {
        {.kind = LAYER_CONV2D, .name = "conv1", .out_c = 4, .kernel = 3, .same = true, .relu = true, .bias = &has_bias},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_FLATTEN},
        {.kind = LAYER_DENSE, .name = "dense1", .out_c = MODEL_CLASSES, .bias = &has_bias},
        {.kind = LAYER_SOFTMAX},
    };
    uint64_t state;
    struct model *m = NULL;
    struct why why = {""};

    if (argc < 2 || argc > 3) {
        (void)fputs("usage: make_model FILE [SEED]\n", stderr);
        return 2;
    }
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (model_create(&m, spec, (int)(sizeof(spec) / sizeof(spec[0])), &why) == OK) {
        for (size_t i = 0; i < m->n_params; i++)
            m->block[i] = random_weight(&state);
        if (model_save(m, argv[1], &why) != OK) {
            model_free(m);
            m = NULL;
        }
    }
    if (m == NULL) {
        (void)fprintf(stderr, "make_model: %s\n", why.text);
        return 1;
    }
    model_free(m);
    return 0;
}
