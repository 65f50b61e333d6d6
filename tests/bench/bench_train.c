/* How long an epoch of the documented network takes (55,000 distorted pictures, statistics, 5,000 validated), on every
 * number of threads up to the processors, and how long distorting one picture takes.
 *
 *     bench_train [SECONDS]          in all; 24 unless told
 *     bench_train --step [SECONDS]   steps alone, on one thread and on two, as `name value unit`; 8 unless told
 *
 * Short samples of each number of threads are taken in turns, so that whatever else the machine does falls on all
 * alike; the best sample says what the program can do, the median what it did, the processor's own seconds what it
 * would need alone. Pictures are made up: the time does not
 * depend on what they show. FLOP are counted as two for each multiply-add of the convolutions and the dense layer, as
 * the plain way would take them (Winograd's takes fewer, so that the figure may pass what the processor can): forward,
 * weight gradient, and input gradient (the first layer has none). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "common/rng.h"
#include "network/layer_list.h"
#include "run/train.h"

enum { PICTURES = 5120, EPOCH = 55000, VALIDATION = 5000, THREADS_MAX = 64, SAMPLES_MAX = 4096 };

static double now_s(void)
{
    return (double)clock_mono_us() / 1e6;
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

/* Seconds of samples, smallest first. */
struct samples {
    double s[SAMPLES_MAX];
    int n;
};

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sample_add(struct samples *to, double seconds)
{
    if (to->n < SAMPLES_MAX)
        to->s[to->n++] = seconds;
}

/* One number of threads: a trainer, its samples of steps and of what comes at an epoch's end. */
struct contestant {
    struct trainer *t;
    struct graph_stats stats;
    struct samples steps, end, cpu; /* cpu: of steps, all threads together */
};

static void contestant_new(struct contestant *c, int threads, struct pictures p)
{
    struct trainer_settings set = train_defaults.trainer;
    struct why why = {{0}};
    struct model *m;
    set.bn = true;
    set.threads = threads;
    if (layer_list_parse(&m, LAYER_LIST_DEFAULT, &why) != OK || trainer_new(&c->t, &set, m, p, &why) != OK) {
        fprintf(stderr, "bench_train: %s\n", why.text);
        exit(1);
    }
    model_free(m);
    c->stats = graph_stats_new(c->t->graph);
}

static void sample_steps(struct contestant *c)
{
    clock_t cpu = clock();
    double begun = now_s();
    trainer_step(c->t);
    sample_add(&c->steps, now_s() - begun);
    sample_add(&c->cpu, (double)(clock() - cpu) / CLOCKS_PER_SEC);
}

static void sample_end(struct contestant *c, struct pictures p, float *logits)
{
    double begun = now_s();
    if (trainer_stats(c->t, c->t->average, &c->stats) != OK)
        exit(1);
    p.n = VALIDATION;
    trainer_logits(c->t, c->t->average, &c->stats, p, logits);
    sample_add(&c->end, now_s() - begun);
}

static double at_share(struct samples *s, double share)
{
    qsort(s->s, (size_t)s->n, sizeof(double), by_size);
    return s->s[(int)(share * (s->n - 1))];
}

/* Of an epoch, from the sample at this share of the sorted ones. */
static double epoch_seconds(struct contestant *c, double share)
{
    return at_share(&c->steps, share) / c->t->set.batch * EPOCH + at_share(&c->end, share);
}

static void compete(struct pictures p, double seconds)
{
    static struct contestant all[THREADS_MAX];
    int n = parallel_processors();
    n = n < THREADS_MAX ? n : THREADS_MAX;
    float *logits = malloc(VALIDATION * MODEL_CLASSES * sizeof(float));
    for (int i = 0; i < n; i++) {
        contestant_new(&all[i], i + 1, p);
        trainer_step(all[i].t);
    }
    double begun = now_s();
    for (int round = 0; round < 2 || now_s() - begun < seconds; round++)
        for (int i = 0; i < n; i++) {
            sample_steps(&all[i]);
            if (round % 8 == 0)
                sample_end(&all[i], p, logits);
        }
    for (int i = 0; i < n; i++) {
        struct contestant *c = &all[i];
        double best = epoch_seconds(c, 0), picture = at_share(&c->steps, 0) / c->t->set.batch;
        printf("epoch, %2d thread%s  best %6.2f s  median %6.2f s  %6.1f GFLOP/s  %.2f times one thread  (%.1f s of "
               "processors for its steps)\n",
               i + 1, i == 0 ? " " : "s", best, epoch_seconds(c, 0.5), flop_a_picture(c->t->graph) / picture / 1e9,
               epoch_seconds(&all[0], 0) / best, at_share(&c->cpu, 0) / c->t->set.batch * EPOCH);
    }
    for (int i = 0; i < n; i++) {
        trainer_free(all[i].t);
        free(all[i].stats.mean);
    }
    free(logits);
}

static double measure_distortion(const struct augment *a, struct pictures p)
{
    float out[DIGIT_PIXELS];
    double best = 1e9;
    for (size_t i = 0; i + 64 <= p.n; i += 64) {
        double begun = now_s();
        for (size_t k = i; k < i + 64; k++) {
            struct rng r;
            rng_seed(&r, 1, RNG_AUGMENT, k);
            augment_picture(a, &r, p.data->images + k * DIGIT_PIXELS, out);
        }
        double spent = now_s() - begun;
        best = spent < best ? spent : best;
    }
    return best / 64 * 1e6;
}

/* Steps of one thread and of two in turn. Processor time is the median's; a speed-up is that of the best samples, for
 * another program on the second processor would be measured otherwise. */
static void compare_steps(struct pictures p, double seconds)
{
    static struct contestant one, two;
    const bool both = parallel_processors() > 1;
    contestant_new(&one, 1, p);
    contestant_new(&two, both ? 2 : 1, p);
    trainer_step(one.t);
    trainer_step(two.t);
    for (double begun = now_s(); now_s() - begun < seconds;) {
        sample_steps(&one);
        if (both)
            sample_steps(&two);
    }
    printf("train_step_cpu_ms %.3f ms\n", at_share(&one.cpu, 0.5) * 1e3);
    printf("train_step_cpu_best_ms %.3f ms\n", at_share(&one.cpu, 0) * 1e3);
    if (both)
        printf("train_two_threads %.3f times\n", at_share(&one.steps, 0) / at_share(&two.steps, 0));
    else
        fprintf(stderr, "bench_train: one processor: two threads were not measured\n");
    trainer_free(one.t);
    trainer_free(two.t);
    free(one.stats.mean);
    free(two.stats.mean);
}

int main(int argc, char **argv)
{
    const bool step = argc > 1 && strcmp(argv[1], "--step") == 0;
    double seconds = step ? (argc > 2 ? atof(argv[2]) : 8) : argc > 1 ? atof(argv[1]) : 24;
    uint8_t *images = malloc((size_t)PICTURES * DIGIT_PIXELS), *labels = malloc(PICTURES);
    uint32_t *index = malloc(PICTURES * sizeof(*index));
    if (!images || !labels || !index)
        return 1;
    struct rng r;
    rng_seed(&r, 1, RNG_TEST, 0);
    for (size_t i = 0; i < (size_t)PICTURES * DIGIT_PIXELS; i++)
        images[i] = (uint8_t)rng_below(&r, 256);
    for (uint32_t i = 0; i < PICTURES; i++) {
        index[i] = i;
        labels[i] = (uint8_t)(i % 10);
    }
    struct dataset d = {.n = PICTURES, .images = images, .labels = labels};
    struct pictures p = {&d, index, PICTURES};
    if (step) {
        compare_steps(p, seconds);
    } else {
        printf("distorting a picture  %.1f us\n", measure_distortion(&train_defaults.trainer.augment, p));
        compete(p, seconds);
    }
    free(images);
    free(labels);
    free(index);
    return 0;
}
