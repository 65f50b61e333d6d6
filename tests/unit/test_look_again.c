/* The second look: when it is taken, what it sees, what it leaves alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/cnn.h"
#include "random_nets.h"

enum { SIDE = DIGIT_SIDE_PX, LOOKS = 9 };

/* A random network with a random rule that refuses and doubts nothing. */
static struct model *new_model(uint64_t seed)
{
    struct layer spec[MODEL_LAYERS_MAX];
    struct why why = {0};
    struct model *m = NULL;
    if (model_create(&m, spec, documented_layers(spec), &why) || model_reject_new(m, 4, &why))
        fail_msg("%s", why.text);
    random_weights(&seed, m);
    for (int i = 0; i < 4 * m->reject.features + 9; i++)
        m->reject.hidden_weight[i] = (float)random_unit(&seed);
    m->reject.below = m->reject.doubt = -1e6F;
    return m;
}

struct engine {
    struct cnn *cnn;
    void *scratch;
};

static struct engine new_engine(const struct model *m, enum cnn_path path)
{
    struct engine e;
    struct why why = {0};
    if (cnn_create(&e.cnn, m, path, &why))
        fail_msg("%s", why.text);
    e.scratch = cnn_scratch_new(e.cnn);
    return e;
}

static void free_engine(struct engine *e)
{
    free(e->scratch);
    cnn_free(e->cnn);
}

static struct answer answer(const struct model *m, enum cnn_path path, const uint8_t *image)
{
    struct engine e = new_engine(m, path);
    struct answer a;
    cnn_answer(e.cnn, image, &a, e.scratch);
    free_engine(&e);
    return a;
}

/* The mean of the logits of nine pictures that are cut out of a larger one, whose margin is 0. */
static void nine_looks(const struct model *m, const uint8_t *image, double mean[MODEL_CLASSES])
{
    struct engine e = new_engine(m, CNN_AUTO);
    uint8_t large[SIDE + 2][SIDE + 2] = {{0}}, view[DIGIT_PIXELS];
    float logits[MODEL_CLASSES];
    for (int y = 0; y < SIDE; y++)
        memcpy(&large[y + 1][1], image + y * SIDE, SIDE);
    memset(mean, 0, MODEL_CLASSES * sizeof *mean);
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++) {
            for (int row = 0; row < SIDE; row++)
                memcpy(view + row * SIDE, &large[row + y][x], SIDE);
            cnn_forward(e.cnn, view, logits, e.scratch);
            for (int k = 0; k < MODEL_CLASSES; k++)
                mean[k] += (double)logits[k] / LOOKS;
        }
    free_engine(&e);
}

/* A picture with ink up to the edge, so that some of it is moved out. */
static void full_picture(uint64_t seed, uint8_t image[DIGIT_PIXELS])
{
    random_picture(&seed, image);
    for (int i = 0; i < SIDE; i++)
        image[i * SIDE] = image[i] = image[DIGIT_PIXELS - 1 - i] = (uint8_t)(200 + i);
}

/* Breaks when a direction is left out or taken twice, when the edge comes in again at the other side, when the mean is
 * not the logits', or digit and confidence are the first look's. */
static void test_what_it_sees(void **state)
{
    (void)state;
    static const enum cnn_path paths[] = {CNN_BASE, CNN_AVX2, CNN_AVX512};
    struct model *m = new_model(3);
    uint8_t image[DIGIT_PIXELS];
    double mean[MODEL_CLASSES], sum = 0;
    full_picture(5, image);
    const struct answer first = answer(m, CNN_AUTO, image);
    assert_int_equal(first.looks, 1);
    nine_looks(m, image, mean);
    m->look_again_below = 1;
    for (int p = 0; p < 3; p++) {
        if (!cnn_path_available(paths[p]))
            continue;
        const struct answer a = answer(m, paths[p], image);
        int best = 0;
        sum = 0;
        assert_int_equal(a.looks, LOOKS);
        for (int k = 0; k < MODEL_CLASSES; k++) {
            if (!(fabs((double)a.logits[k] - mean[k]) < 1e-4))
                fail_msg("path %d, logit %d: %.6f, not %.6f", p, k, (double)a.logits[k], mean[k]);
            best = mean[k] > mean[best] ? k : best;
        }
        for (int k = 0; k < MODEL_CLASSES; k++)
            sum += exp(mean[k] - mean[best]);
        assert_int_equal(a.digit, best);
        assert_true(fabs((double)a.confidence - 1 / sum) < 1e-4);
        assert_true(fabs((double)(a.score - first.score)) < 1e-4 * (1 + fabs((double)first.score)));
    }
    assert_true(fabs(mean[0] - (double)first.logits[0]) > 1e-3); /* a look at another picture is another look */
    model_free(m);
}

/* Breaks when it is taken at the threshold itself, for a picture that is refused, or where a file has no threshold;
 * when what is unsure afterwards is told by the first confidence. */
static void test_when(void **state)
{
    (void)state;
    struct model *m = new_model(3);
    uint8_t image[DIGIT_PIXELS];
    full_picture(5, image);
    const struct answer first = answer(m, CNN_AUTO, image);
    m->look_again_below = first.confidence;
    assert_int_equal(answer(m, CNN_AUTO, image).looks, 1);
    m->look_again_below = nextafterf(first.confidence, 2);
    const struct answer second = answer(m, CNN_AUTO, image);
    assert_int_equal(second.looks, LOOKS);
    assert_true(second.confidence != first.confidence);
    m->unsure_below = second.confidence;
    assert_int_equal(answer(m, CNN_AUTO, image).verdict, VERDICT_DIGIT);
    m->unsure_below = nextafterf(second.confidence, 2);
    assert_int_equal(answer(m, CNN_AUTO, image).verdict, VERDICT_UNSURE);
    assert_int_equal(answer(m, CNN_AUTO, image).unsure_because, UNSURE_CONFIDENCE);
    m->reject.below = m->reject.doubt = nextafterf(first.score, INFINITY);
    const struct answer refused = answer(m, CNN_AUTO, image);
    assert_int_equal(refused.verdict, VERDICT_NOT_A_DIGIT);
    assert_int_equal(refused.looks, 1);
    assert_memory_equal(refused.logits, first.logits, sizeof first.logits);
    model_free(m);
}

/* Breaks when the second look leaves something behind: the next picture's answer is that of a fresh engine. */
static void test_leaves_nothing(void **state)
{
    (void)state;
    struct model *m = new_model(3);
    uint8_t image[DIGIT_PIXELS], other[DIGIT_PIXELS];
    struct answer a, again;
    m->look_again_below = 1;
    full_picture(5, image);
    full_picture(6, other);
    struct engine e = new_engine(m, CNN_AUTO);
    cnn_answer(e.cnn, other, &again, e.scratch);
    cnn_answer(e.cnn, image, &a, e.scratch);
    cnn_answer(e.cnn, image, &again, e.scratch);
    free_engine(&e);
    const struct answer fresh = answer(m, CNN_AUTO, image);
    assert_memory_equal(a.logits, fresh.logits, sizeof fresh.logits);
    assert_memory_equal(again.logits, fresh.logits, sizeof fresh.logits);
    assert_true(a.score == fresh.score && again.score == fresh.score);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_it_sees), cmocka_unit_test(test_when),
                                       cmocka_unit_test(test_leaves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
