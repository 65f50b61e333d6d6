/* What the tests of whole training runs share: made-up pictures, settings of small runs in a directory of their own,
 * and two weights files compared. Static, for each program has its own. */
#ifndef DIGITD_TESTS_FIXTURE_TRAIN_H
#define DIGITD_TESTS_FIXTURE_TRAIN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/files.h"
#include "common/rng.h"
#include "run/train.h"
#include "fixture_dir.h"

enum { PICTURES = 480, BATCH = 32, EPOCHS = 3 };

static char dir[] = "/tmp/digit-test-XXXXXX";
static struct dataset data;
static const volatile sig_atomic_t never = 0;

/* Ten blobs in ten places, with noise. */
static inline int setup(void **state)
{
    (void)state;
    static uint8_t images[PICTURES][DIGIT_PIXELS], labels[PICTURES];
    struct rng r;
    rng_seed(&r, 8, RNG_TEST, 1);
    for (int i = 0; i < PICTURES; i++) {
        int label = labels[i] = (uint8_t)(i % 10), cx = 5 + label % 4 * 6, cy = 6 + label / 4 * 8;
        for (int k = 0; k < DIGIT_PIXELS; k++) {
            int dx = k % DIGIT_SIDE_PX - cx, dy = k / DIGIT_SIDE_PX - cy;
            images[i][k] = (uint8_t)((dx * dx + dy * dy < 12 ? 150 : 0) + (int)rng_below(&r, 100));
        }
    }
    data = (struct dataset){.n = PICTURES, .images = images[0], .labels = labels};
    return mkdtemp(dir) ? 0 : -1;
}

static inline int teardown(void **state)
{
    (void)state;
    return dir_remove(dir);
}

/* Settings of a run called name, in the test's directory. */
static inline struct train_settings settings(const char *name)
{
    struct train_settings s = train_defaults;
    s.trainer.epochs = EPOCHS;
    s.trainer.batch = BATCH;
    s.trainer.bn_pictures = 100;
    s.trainer.threads = 1;
    s.trainer.optim.ema = 0.8F;
    s.trainer.optim.rate = 1e-2F;
    s.trainer.drop.v[0] = 0.1F;
    s.trainer.drop.n = 1;
    s.reject_examples = 0; /* test_calibrate has the rule */
    snprintf(s.layers, sizeof s.layers, "conv16-pool-conv16-pool-dense10");
    snprintf(s.run, sizeof s.run, "%s/%s", dir, name);
    snprintf(s.out, sizeof s.out, "%s/%s.safetensors", dir, name);
    return s;
}

/* As if the command line had --name. */
static inline void give(struct train_settings *s, const char *name)
{
    for (size_t i = 0; i < train_options_n; i++)
        s->given[i] |= strcmp(train_options[i].name, name) == 0;
}

static inline enum train_end run(const struct train_settings *s, const volatile sig_atomic_t *stop)
{
    struct why why = {0};
    enum train_end end;
    if (train_run_on(s, &data, "digit train as tested", stop, NULL, &end, &why) != OK)
        fail_msg("%s: %s", s->run, why.text);
    return end;
}

static inline enum err run_error(const struct train_settings *s, struct why *why)
{
    enum train_end end;
    *why = (struct why){{0}};
    enum err e = train_run_on(s, &data, "digit train as tested", &never, NULL, &end, why);
    if (e != OK && !why->text[0])
        fail_msg("%s failed without a word", s->run);
    return e;
}

static inline void expect_words(const struct why *why, const char *words)
{
    if (!strstr(why->text, words))
        fail_msg("\"%s\" does not say \"%s\"", why->text, words);
}

static inline struct model *load(const char *path)
{
    struct why why = {0};
    struct model *m;
    if (model_load(&m, path, &why) != OK)
        fail_msg("%s", why.text);
    return m;
}

static inline bool same_weights(const struct model *a, const struct model *b)
{
    bool same = a->n_params == b->n_params;
    for (int i = 0; same && i < a->n_layers; i++) {
        const struct layer *l = &a->layers[i];
        size_t taps = l->kind == LAYER_CONV2D ? (size_t)(l->kernel * l->kernel) : 1;
        if (l->weight)
            same = memcmp(l->weight, b->layers[i].weight,
                          (size_t)l->out_c * (size_t)layer_fan_c(l) * taps * sizeof(float)) == 0;
        if (same && l->bias)
            same = memcmp(l->bias, b->layers[i].bias, (size_t)l->out_c * sizeof(float)) == 0;
    }
    return same;
}

/* Weights, calibration and golden pictures of two files are the same to the bit (their records differ in seconds). */
static inline void expect_same_network(const char *a_path, const char *b_path)
{
    struct model *a = load(a_path), *b = load(b_path);
    if (!same_weights(a, b))
        fail_msg("%s and %s differ", a_path, b_path);
    assert_memory_equal(&a->temperature, &b->temperature, sizeof(float));
    assert_memory_equal(&a->look_again_below, &b->look_again_below, sizeof(float));
    assert_memory_equal(&a->unsure_below, &b->unsure_below, sizeof(float));
    assert_int_equal(a->n_golden, b->n_golden);
    assert_memory_equal(a->golden_logits, b->golden_logits, (size_t)a->n_golden * MODEL_CLASSES * sizeof(float));
    assert_string_equal(model_meta(a, "validation"), model_meta(b, "validation"));
    model_free(a);
    model_free(b);
}

#endif
