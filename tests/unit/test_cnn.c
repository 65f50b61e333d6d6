/* The engine on random lists of layers against the naive network, its determinism, and what a visitor is told. */
#include <sys/wait.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/cnn.h"
#include "net/layers.h"
#include "random_nets.h"

enum { NETWORKS = 40 };

static const enum cnn_path paths[] = {CNN_BASE, CNN_AVX2, CNN_AVX512};

static struct model *new_model(const struct layer *spec, int n, uint64_t *seed)
{
    struct why why = {0};
    struct model *m = NULL;
    if (model_create(&m, spec, n, &why))
        fail_msg("model_create: %s", why.text);
    random_weights(seed, m);
    return m;
}

static struct model *documented_model(uint64_t *seed)
{
    struct layer spec[MODEL_LAYERS_MAX];
    return new_model(spec, documented_layers(spec), seed);
}

static struct cnn *new_cnn(const struct model *m, enum cnn_path path)
{
    struct why why = {0};
    struct cnn *c = NULL;
    if (cnn_create(&c, m, path, &why))
        fail_msg("cnn_create: %s", why.text);
    return c;
}

/* The logits of one picture, from a scratch block that is full of NaN before. */
static void forward_in_garbage(const struct cnn *c, const uint8_t *image, float logits[MODEL_CLASSES])
{
    void *scratch = cnn_scratch_new(c);
    assert_non_null(scratch);
    assert_int_equal((uintptr_t)scratch % 64, 0);
    memset(scratch, 0xff, cnn_scratch_bytes(c));
    cnn_forward(c, image, logits, scratch);
    free(scratch);
}

static void expect_near(const struct model *m, const struct cnn *c, int number, const float *got, const double *want)
{
    double scale = 1;
    for (int i = 0; i < MODEL_CLASSES; i++)
        scale = fmax(scale, 1 + fabs(want[i]));
    for (int i = 0; i < MODEL_CLASSES; i++)
        if (!(fabs((double)got[i] - want[i]) <= 2e-5 * scale)) {
            for (int k = 0; k < m->n_layers; k++)
                print_error("%s %d kernel %d same %d\n", layer_kind_name(m->layers[k].kind), m->layers[k].out_c,
                            m->layers[k].kernel, m->layers[k].same);
            fail_msg("network %d, %s: logit %d is %.9g, must be %.9g", number, cnn_path_name(c), i, (double)got[i],
                     want[i]);
        }
}

/* Breaks when any legal list of layers is planned, packed or run wrongly: conv after conv, 5x5, valid, a pool that
 * stands alone, odd sizes, dense after dense, with and without softmax and bias. The scratch block holds NaN at first,
 * so a border that is not zeroed shows as well. */
static void test_random_networks(void **state)
{
    (void)state;
    uint64_t seed = 11;
    struct layer spec[MODEL_LAYERS_MAX];
    uint8_t image[DIGIT_PIXELS];
    float got[MODEL_CLASSES];
    double want[MODEL_CLASSES];
    for (int i = 0; i < NETWORKS; i++) {
        struct model *m = new_model(spec, random_layers(&seed, spec), &seed);
        random_picture(&seed, image);
        assert_int_equal(layers_forward(m, image, want), OK);
        for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
            if (!cnn_path_available(paths[p]))
                continue;
            struct cnn *c = new_cnn(m, paths[p]);
            forward_in_garbage(c, image, got);
            expect_near(m, c, i, got, want);
            cnn_free(c);
        }
        model_free(m);
    }
}

/* Breaks when the logits of a network that ends in a convolution, not in a dense layer, are taken from the wrong
 * places. */
static void check_no_dense(int groups)
{
    const struct layer spec[] = {
        {.kind = LAYER_CONV2D, .name = "a", .out_c = 10, .kernel = 3, .relu = true},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_CONV2D, .name = "b", .out_c = MODEL_CLASSES, .kernel = 5, .groups = groups},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_FLATTEN}};
    uint64_t seed = 12;
    uint8_t image[DIGIT_PIXELS];
    float got[MODEL_CLASSES];
    double want[MODEL_CLASSES];
    struct model *m = new_model(spec, 6, &seed);
    random_picture(&seed, image);
    assert_int_equal(layers_forward(m, image, want), OK);
    struct cnn *c = new_cnn(m, CNN_AUTO);
    forward_in_garbage(c, image, got);
    expect_near(m, c, 0, got, want);
    cnn_free(c);
    model_free(m);
}

static void test_no_dense(void **state)
{
    (void)state;
    check_no_dense(1);
    check_no_dense(2);
    check_no_dense(10);
}

/* Breaks when a result depends on what was in the scratch block, on the process, on what was computed before, or (where
 * the processor has both) on the vector width. */
static void test_same_bits(void **state)
{
    (void)state;
    uint64_t seed = 13;
    uint8_t image[DIGIT_PIXELS], other[DIGIT_PIXELS];
    float here[MODEL_CLASSES], there[MODEL_CLASSES];
    int fd[2], status = 0;
    struct model *m = documented_model(&seed);
    struct cnn *c = new_cnn(m, CNN_AUTO);
    random_picture(&seed, image);
    random_picture(&seed, other);
    forward_in_garbage(c, image, here);
    assert_int_equal(pipe(fd), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        void *scratch = cnn_scratch_new(c);
        cnn_forward(c, other, there, scratch);
        cnn_forward(c, image, there, scratch);
        _exit(write(fd[1], there, sizeof there) == (ssize_t)sizeof there ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(fd[0], there, sizeof there), sizeof there);
    assert_memory_equal(here, there, sizeof here);
    close(fd[0]);
    close(fd[1]);
    cnn_free(c);
    if (cnn_path_available(CNN_AVX512)) {
        c = new_cnn(m, CNN_AVX2);
        forward_in_garbage(c, image, there);
        assert_memory_equal(here, there, sizeof here);
        cnn_free(c);
    }
    model_free(m);
}

/* Ten outputs that are plain numbers: a dense layer of weight 0 and these biases. */
static struct model *constant_model(const float bias[MODEL_CLASSES])
{
    const struct layer spec[] = {{.kind = LAYER_MAXPOOL2},
                                 {.kind = LAYER_FLATTEN},
                                 {.kind = LAYER_DENSE, .name = "d", .out_c = 10, .has_bias = true}};
    struct model *m = NULL;
    assert_int_equal(model_create(&m, spec, 3, NULL), OK);
    memcpy(m->layers[2].bias, bias, MODEL_CLASSES * sizeof *bias);
    return m;
}

/* Breaks when the temperature, the threshold, the blank picture or the best digit are treated wrongly. */
static void test_answer(void **state)
{
    (void)state;
    const float bias[MODEL_CLASSES] = {0, 0, 0, 0, 0, 0, 0, 2, 0, 0};
    uint8_t image[DIGIT_PIXELS] = {0};
    struct answer a;
    struct model *m = constant_model(bias);
    const float temperature[] = {1, 1, 4};
    const float unsure_below[] = {0, 0.5F, 0.1F};
    const enum verdict verdict[] = {VERDICT_DIGIT, VERDICT_UNSURE, VERDICT_DIGIT};
    image[DIGIT_PIXELS - 1] = 1;
    for (int i = 0; i < 3; i++) {
        m->temperature = temperature[i];
        m->unsure_below = unsure_below[i];
        struct cnn *c = new_cnn(m, CNN_AUTO);
        void *scratch = cnn_scratch_new(c);
        const double e = exp(2 / (double)temperature[i]);
        double sum = 0;
        cnn_answer(c, image, &a, scratch);
        for (int k = 0; k < MODEL_CLASSES; k++)
            sum += (double)a.probability[k];
        assert_int_equal(a.verdict, verdict[i]);
        assert_int_equal(a.unsure_because, verdict[i] == VERDICT_UNSURE ? UNSURE_CONFIDENCE : UNSURE_NOT);
        assert_int_equal(a.digit, 7);
        assert_true(fabs((double)a.confidence - e / (e + 9)) < 1e-6);
        assert_true(fabs(sum - 1) < 1e-6);
        cnn_answer(c, (uint8_t[DIGIT_PIXELS]){0}, &a, scratch);
        assert_int_equal(a.verdict, VERDICT_NOT_A_DIGIT);
        assert_int_equal(a.digit, 7);
        free(scratch);
        cnn_free(c);
    }
    model_free(m);
    assert_string_equal(verdict_name(VERDICT_DIGIT), "digit");
    assert_string_equal(verdict_name(VERDICT_UNSURE), "unsure");
    assert_string_equal(verdict_name(VERDICT_NOT_A_DIGIT), "not_a_digit");
    assert_null(unsure_name(UNSURE_NOT));
    assert_string_equal(unsure_name(UNSURE_CONFIDENCE), "confidence");
    assert_string_equal(unsure_name(UNSURE_UNFAMILIAR), "unfamiliar");
    assert_string_equal(unsure_name(UNSURE_BOTH), "both");
}

/* Breaks when the best digit is its own runner-up, or the first or the last digit is never looked at. */
static void test_runner_up(void **state)
{
    (void)state;
    for (int best = 0; best < MODEL_CLASSES; best++)
        for (int second = 0; second < MODEL_CLASSES; second++) {
            float p[MODEL_CLASSES] = {0};
            p[best] = 0.6F;
            p[second] = second == best ? 0.6F : 0.4F;
            if (second == best)
                assert_int_not_equal(verdict_runner_up(p, best), best);
            else
                assert_int_equal(verdict_runner_up(p, best), second);
        }
}

/* Breaks when "confidence < threshold" is written where "not confidence >= threshold" is meant, or the self test takes
 * such a logit for a small difference: weights near the end of the float range give an infinity, and infinity minus
 * infinity is no number. */
static void test_not_a_number(void **state)
{
    (void)state;
    const struct layer spec[] = {{.kind = LAYER_FLATTEN},
                                 {.kind = LAYER_DENSE, .name = "a", .out_c = 2},
                                 {.kind = LAYER_DENSE, .name = "b", .out_c = 10}};
    uint64_t seed = 15;
    uint8_t image[DIGIT_PIXELS];
    float logits[MODEL_CLASSES];
    struct answer a;
    struct why why = {0};
    struct model *m = new_model(spec, 3, &seed);
    memset(image, 255, sizeof image);
    for (int i = 0; i < DIGIT_PIXELS; i++) {
        m->layers[1].weight[i] = 3e38F;
        m->layers[1].weight[DIGIT_PIXELS + i] = -3e38F;
    }
    for (int i = 0; i < 2 * MODEL_CLASSES; i++)
        m->layers[2].weight[i] = 1;
    m->look_again_below = 1;
    struct cnn *c = new_cnn(m, CNN_AUTO);
    void *scratch = cnn_scratch_new(c);
    cnn_forward(c, image, logits, scratch);
    assert_true(isnan(logits[0]));
    cnn_answer(c, image, &a, scratch);
    assert_int_equal(a.verdict, VERDICT_UNSURE);
    assert_int_equal(cnn_self_test(c, m, &why), ERR_FORMAT); /* double does not overflow */
    free(scratch);
    cnn_free(c);
    model_free(m);
}

/* Breaks when the self test cannot fail, or fails for a good network. */
static void test_self_test(void **state)
{
    (void)state;
    uint64_t seed = 14;
    struct why why = {0};
    double logits[MODEL_CLASSES];
    struct model *m = documented_model(&seed);
    struct cnn *c = new_cnn(m, CNN_AUTO);
    assert_int_equal(cnn_self_test(c, m, &why), OK); /* against the naive layers */
    m->layers[2].weight[5] += 0.5F;                  /* c has the old weight */
    assert_int_equal(cnn_self_test(c, m, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "naive"));
    cnn_free(c);
    c = new_cnn(m, CNN_AUTO);
    m->n_golden = 2;
    m->golden_input = malloc(2 * DIGIT_PIXELS);
    m->golden_logits = malloc(2 * MODEL_CLASSES * sizeof *m->golden_logits);
    for (int g = 0; g < 2; g++) {
        random_picture(&seed, m->golden_input + g * DIGIT_PIXELS);
        assert_int_equal(layers_forward(m, m->golden_input + g * DIGIT_PIXELS, logits), OK);
        for (int i = 0; i < MODEL_CLASSES; i++)
            m->golden_logits[g * MODEL_CLASSES + i] = (float)logits[i];
    }
    assert_int_equal(cnn_self_test(c, m, &why), OK);
    m->golden_logits[19] += 0.01F;
    assert_int_equal(cnn_self_test(c, m, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "golden"));
    cnn_free(c);
    model_free(m);
}

/* Breaks when a path that is not there is given silently as another, or the best one is not taken. */
static void test_paths(void **state)
{
    (void)state;
    static const char *const names[] = {"base", "avx2", "avx512"};
    const float bias[MODEL_CLASSES] = {0};
    const char *best = NULL;
    struct model *m = constant_model(bias);
    for (int i = 0; i < 3; i++) {
        struct cnn *c = NULL;
        struct why why = {0};
        const enum err e = cnn_create(&c, m, paths[i], &why);
        assert_int_equal(e, cnn_path_available(paths[i]) ? OK : ERR_UNSUPPORTED);
        if (e) {
            assert_null(c);
            assert_true(why.text[0] != '\0');
        } else {
            best = names[i];
            assert_string_equal(cnn_path_name(c), names[i]);
        }
        cnn_free(c);
    }
    struct cnn *c = new_cnn(m, CNN_AUTO);
    assert_string_equal(cnn_path_name(c), best);
    cnn_free(c);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks), cmocka_unit_test(test_no_dense),  cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_answer),          cmocka_unit_test(test_runner_up), cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_self_test),       cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
