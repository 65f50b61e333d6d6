/* How long one picture takes through the network, for each path that this processor has.
 *
 *     bench_cnn [WEIGHTS]
 *
 * Without a file: the documented network with seeded weights (the time does not depend on their values). Prints the
 * median, the 10th and the 90th percentile of single pictures, in microseconds, and what the median makes in GFLOP/s,
 * counting two for each multiply-add that the network defines for the pixels that its pools keep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/random_nets.h"
#include "net/cnn.h"

enum { PICTURES = 64, WARM_UP = 200, RUNS = 4000 };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A convolution before a pool computes whole 2x2 windows only. */
static double multiply_adds(const struct model *m)
{
    double n = 0;
    for (int i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layers[i];
        const bool pooled = i + 1 < m->n_layers && l[1].kind == LAYER_MAXPOOL2;
        const int h = pooled ? l->out_h & ~1 : l->out_h, w = pooled ? l->out_w & ~1 : l->out_w;
        if (l->weight)
            n += (double)h * w * l->out_c * layer_fan_c(l) * (l->kind == LAYER_CONV2D ? l->kernel * l->kernel : 1);
    }
    return n;
}

static enum err get_model(struct model **m, const char *path, uint64_t *seed, struct why *why)
{
    struct layer spec[MODEL_LAYERS_MAX];
    if (path)
        return model_load(m, path, why);
    const enum err e = model_create(m, spec, documented_layers(spec), why);
    if (!e)
        random_weights(seed, *m);
    return e;
}

static enum err bench_path(const struct model *m, enum cnn_path path, uint8_t pictures[PICTURES][DIGIT_PIXELS],
                           struct why *why)
{
    static double took_us[RUNS];
    struct cnn *c = NULL;
    float logits[MODEL_CLASSES];
    volatile float sink = 0; /* the results are used */
    const enum err e = cnn_create(&c, m, path, why);
    if (e)
        return e;
    void *scratch = cnn_scratch_new(c);
    if (!scratch) {
        cnn_free(c);
        return err_why(why, ERR_NOMEM, "out of memory");
    }
    for (int i = -WARM_UP; i < RUNS; i++) {
        const double start = now_us();
        cnn_forward(c, pictures[(i + WARM_UP) % PICTURES], logits, scratch);
        if (i >= 0)
            took_us[i] = now_us() - start;
        sink = sink + logits[0];
    }
    qsort(took_us, RUNS, sizeof *took_us, by_value);
    const double median = took_us[RUNS / 2];
    printf("%-7s %9.1f %9.1f %9.1f %9.1f\n", cnn_path_name(c), median, took_us[RUNS / 10], took_us[RUNS * 9 / 10],
           2 * multiply_adds(m) / median / 1e3);
    free(scratch);
    cnn_free(c);
    return OK;
}

int main(int argc, char **argv)
{
    static uint8_t pictures[PICTURES][DIGIT_PIXELS];
    static const enum cnn_path paths[] = {CNN_BASE, CNN_AVX2, CNN_AVX512};
    uint64_t seed = 1;
    struct why why = {0};
    struct model *m = NULL;
    enum err e = get_model(&m, argc > 1 ? argv[1] : NULL, &seed, &why);
    for (int i = 0; i < PICTURES; i++)
        random_picture(&seed, pictures[i]);
    if (!e)
        printf("%.2f million multiply-adds a picture\n%-7s %9s %9s %9s %9s\n", multiply_adds(m) / 1e6, "path",
               "median us", "p10 us", "p90 us", "GFLOP/s");
    for (size_t i = 0; !e && i < sizeof paths / sizeof *paths; i++)
        if (cnn_path_available(paths[i]))
            e = bench_path(m, paths[i], pictures, &why);
    model_free(m);
    if (e)
        fprintf(stderr, "bench_cnn: %s\n", why.text);
    return e ? 1 : 0;
}
