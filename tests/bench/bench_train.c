/* How long an epoch of 55,000 augmented pictures of the documented network takes, on every number of threads up to
 * the processors, and how long distorting one picture takes.
 *
 *     bench_train [SECONDS]     for each measurement; 6 unless told
 *
 * Pictures are made up: the time does not depend on what they show. FLOP are counted as two for each multiply-add of
 * the convolutions and the dense layer: forward, weight gradient, and input gradient (the first layer has none). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch.h"
#include "rng.h"
#include "train.h"

enum { PICTURES = 5120, EPOCH = 55000 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double flop_a_picture(const struct graph *g)
{
    double n = 0;
    for (int i = 0; i < g->n_stages; i++) {
        const struct stage *s = &g->stages[i];
        n += 2.0 * (double)(s->h * s->w * s->kernel * s->kernel * s->in_c * s->real_c) * (s->needs_dx ? 3 : 2);
    }
    return n;
}

/* Seconds of an epoch, from as many steps as fit in `seconds`. */
static double measure(struct trainer_settings set, int threads, struct pictures p, double seconds, double *gflops)
{
    struct why why = {{0}};
    struct model *m;
    struct trainer *t;
    set.threads = threads;
    if (arch_model(&m, ARCH_DEFAULT, &why) != OK || trainer_new(&t, &set, m, p, &why) != OK) {
        fprintf(stderr, "bench_train: %s\n", why.text);
        exit(1);
    }
    for (int i = 0; i < 3; i++)
        trainer_step(t);
    int steps = 0;
    double begun = now_s(), spent;
    do {
        trainer_step(t);
        steps++;
        spent = now_s() - begun;
    } while (spent < seconds);
    double picture = spent / steps / set.batch;
    *gflops = flop_a_picture(t->graph) / picture / 1e9;
    trainer_free(t);
    model_free(m);
    return picture * EPOCH;
}

static double measure_augment(const struct augment *a, struct pictures p)
{
    float out[MODEL_PIXELS];
    double begun = now_s();
    for (size_t i = 0; i < p.n; i++) {
        struct rng r;
        rng_seed(&r, 1, RNG_AUGMENT, i);
        augment_picture(a, &r, p.data->images + i * MODEL_PIXELS, out);
    }
    return (now_s() - begun) / (double)p.n * 1e6;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 6, one = 0, gflops;
    uint8_t *images = malloc((size_t)PICTURES * MODEL_PIXELS), *labels = malloc(PICTURES);
    uint32_t *index = malloc(PICTURES * sizeof(*index));
    if (!images || !labels || !index)
        return 1;
    struct rng r;
    rng_seed(&r, 1, RNG_TEST, 0);
    for (size_t i = 0; i < (size_t)PICTURES * MODEL_PIXELS; i++)
        images[i] = (uint8_t)rng_below(&r, 256);
    for (uint32_t i = 0; i < PICTURES; i++) {
        index[i] = i;
        labels[i] = (uint8_t)(i % 10);
    }
    struct dataset d = {.n = PICTURES, .images = images, .labels = labels};
    struct pictures p = {&d, index, PICTURES};
    struct trainer_settings set = train_defaults.trainer;
    set.bn = true;
    printf("distorting a picture  %7.1f us\n", measure_augment(&set.augment, p));
    for (int threads = 1; threads <= parallel_processors(); threads++) {
        double epoch = measure(set, threads, p, seconds, &gflops);
        one = threads == 1 ? epoch : one;
        printf("epoch, %d thread%s     %7.2f s   %6.1f GFLOP/s   %.2f times one thread\n", threads,
               threads == 1 ? " " : "s", epoch, gflops, one / epoch);
    }
    free(images);
    free(labels);
    free(index);
    return 0;
}
