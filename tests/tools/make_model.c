/* make_model FILE [SEED]: writes a small network with seeded random weights, for tests that need a network and do not
 * care what it knows. SEED (1) tells two such files apart. Golden pictures, of noise, vouch for what no sample would:
 * without them the service would refuse it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/layers.h"
#include "net/model.h"

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do. Returns -0.5 to 0.5. */
static float random_weight(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (float)(z >> 40) / (float)(1 << 24) - 0.5f;
}

/* One picture of noise and what the naive layers make of it. */
static enum err add_golden(struct model *m, uint64_t *state, struct why *why)
{
    double logits[MODEL_CLASSES];

    m->golden_input = calloc(1, DIGIT_PIXELS);
    m->golden_logits = calloc(MODEL_CLASSES, sizeof(*m->golden_logits));
    if (m->golden_input == NULL || m->golden_logits == NULL)
        return err_why(why, ERR_NOMEM, "out of memory");
    m->n_golden = 1;
    for (int i = 0; i < DIGIT_PIXELS; i++)
        m->golden_input[i] = (uint8_t)(255 * (random_weight(state) + 0.5f));
    const enum err e = layers_forward(m, m->golden_input, logits);
    for (int k = 0; e == OK && k < MODEL_CLASSES; k++)
        m->golden_logits[k] = (float)logits[k];
    return e == OK ? OK : err_why(why, e, "%s", err_str(e));
}

int main(int argc, char **argv)
{
    const struct layer spec[] = {
        {.kind = LAYER_CONV2D, .name = "conv1", .out_c = 4, .kernel = 3, .same = true, .relu = true, .has_bias = true},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_FLATTEN},
        {.kind = LAYER_DENSE, .name = "dense1", .out_c = MODEL_CLASSES, .has_bias = true},
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
        if (add_golden(m, &state, &why) != OK || model_save(m, argv[1], &why) != OK) {
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
