/* What tells digits from other pictures: the rule in the weights file, in the engine, and the golden digits that hold
 * every kernel path of the shipped file. */
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
#include "random_nets.h"

enum { HIDDEN = 21, FILE_MAX = 1 << 20 };
static const enum cnn_path paths[] = {CNN_BASE, CNN_AVX2, CNN_AVX512};
static char path[] = "/tmp/test_reject.XXXXXX";

/* A random network with a random rule. Its last layer reads 45 numbers of 3 x 3 x 5, a count that no vector divides. */
static struct model *new_model(uint64_t seed)
{
    const struct layer spec[] = {
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_CONV2D, .name = "c", .out_c = 5, .kernel = 3, .same = true, .relu = true},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_FLATTEN},
        {.kind = LAYER_DENSE, .name = "d", .out_c = 10},
        {.kind = LAYER_SOFTMAX}};
    struct why why = {0};
    struct model *m = NULL;
    if (model_create(&m, spec, 7, &why) || model_reject_new(m, HIDDEN, &why))
        fail_msg("%s", why.text);
    random_weights(&seed, m);
    assert_int_equal(m->reject.features, 45);
    for (int i = 0; i < HIDDEN * 45 + 2 * HIDDEN + 1; i++)
        m->reject.hidden_weight[i] = (float)random_unit(&seed);
    return m;
}

static struct answer answer(const struct model *m, enum cnn_path p, const uint8_t *image)
{
    struct why why = {0};
    struct cnn *c = NULL;
    struct answer a;
    if (cnn_create(&c, m, p, &why))
        fail_msg("%s", why.text);
    void *scratch = cnn_scratch_new(c);
    memset(scratch, 0xff, cnn_scratch_bytes(c));
    cnn_answer(c, image, &a, scratch);
    free(scratch);
    cnn_free(c);
    return a;
}

/* Breaks when the rule is packed or run wrongly on any path, reads another layer's numbers, or what the scratch block
 * held before comes through; when a threshold is applied the wrong way round or to the wrong number. */
static void test_score(void **state)
{
    (void)state;
    uint64_t seed = 5;
    uint8_t image[DIGIT_PIXELS];
    for (int i = 0; i < 20; i++) {
        struct model *m = new_model(seed + (uint64_t)i);
        random_picture(&seed, image);
        for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
            struct why why = {0};
            struct cnn *c = NULL;
            if (!cnn_path_available(paths[p]))
                continue;
            m->reject.below = m->reject.doubt = -1e6F;
            const struct answer all = answer(m, paths[p], image), again = answer(m, paths[p], image);
            assert_int_equal(all.verdict, VERDICT_DIGIT);
            assert_memory_equal(&all.score, &again.score, sizeof all.score);
            m->reject.below = all.score; /* at the threshold is not under it */
            assert_int_equal(answer(m, paths[p], image).verdict, VERDICT_DIGIT);
            m->reject.doubt = all.score;
            assert_int_equal(answer(m, paths[p], image).verdict, VERDICT_DIGIT);
            assert_false(answer(m, paths[p], image).doubted);
            m->reject.doubt = nextafterf(all.score, INFINITY); /* between the two thresholds it is unsure */
            assert_int_equal(answer(m, paths[p], image).verdict, VERDICT_UNSURE);
            assert_int_equal(answer(m, paths[p], image).unsure_because, UNSURE_UNFAMILIAR);
            m->unsure_below = 1; /* random weights are never that confident */
            assert_int_equal(answer(m, paths[p], image).unsure_because, UNSURE_BOTH);
            m->unsure_below = 0;
            assert_true(answer(m, paths[p], image).doubted);
            m->reject.below = m->reject.doubt;
            assert_true(answer(m, paths[p], image).doubted);
            assert_int_equal(answer(m, paths[p], image).verdict, VERDICT_NOT_A_DIGIT);
            assert_int_equal(answer(m, paths[p], image).unsure_because, UNSURE_NOT);
            assert_int_equal(answer(m, paths[p], image).digit, all.digit);
            assert_int_equal(cnn_create(&c, m, paths[p], &why), OK); /* plain sums say the same */
            if (cnn_self_test(c, m, &why))
                fail_msg("%s", why.text);
            m->reject.out_bias[0] += 1; /* c has the old one */
            assert_int_equal(cnn_self_test(c, m, &why), ERR_FORMAT);
            m->reject.out_bias[0] -= 1;
            cnn_free(c);
        }
        model_free(m);
    }
}

/* Breaks when a score that is no number passes for a digit: weights near the end of the float range make infinities
 * meet. */
static void test_no_number(void **state)
{
    (void)state;
    uint64_t seed = 9;
    uint8_t image[DIGIT_PIXELS];
    struct model *m = new_model(3);
    random_picture(&seed, image);
    for (int i = 0; i < HIDDEN * 45; i++)
        m->reject.hidden_weight[i] = 3e38F;
    for (int i = 0; i < HIDDEN; i++)
        m->reject.out_weight[i] = i % 2 ? 3e38F : -3e38F;
    m->reject.below = m->reject.doubt = -1e6F;
    const struct answer a = answer(m, CNN_AUTO, image);
    assert_true(isnan(a.score));
    assert_int_equal(a.verdict, VERDICT_NOT_A_DIGIT);
    model_free(m);
}

/* Breaks when a page full of ink is read as a digit, or the limit is off by a pixel's worth. */
static void test_ink(void **state)
{
    (void)state;
    uint8_t image[DIGIT_PIXELS] = {0};
    struct model *m = new_model(4);
    m->reject.below = m->reject.doubt = -1e6F;
    m->ink_above = 0.25F;
    memset(image, 255, DIGIT_PIXELS / 4);
    assert_int_equal(answer(m, CNN_AUTO, image).verdict, VERDICT_DIGIT);
    image[DIGIT_PIXELS - 1] = 1;
    assert_int_equal(answer(m, CNN_AUTO, image).verdict, VERDICT_NOT_A_DIGIT);
    m->ink_above = 1;
    memset(image, 255, DIGIT_PIXELS);
    assert_int_equal(answer(m, CNN_AUTO, image).verdict, VERDICT_DIGIT);
    memset(image, 0, DIGIT_PIXELS);
    assert_int_equal(answer(m, CNN_AUTO, image).verdict, VERDICT_NOT_A_DIGIT);
    model_free(m);
}

/* Breaks when the features are given in another order than the file's: the last layer's own sum over them must be the
 * logit. */
static void test_features(void **state)
{
    (void)state;
    uint64_t seed = 6;
    uint8_t image[DIGIT_PIXELS];
    float logits[MODEL_CLASSES], features[45];
    struct why why = {0};
    struct cnn *c = NULL;
    struct model *m = new_model(8);
    random_picture(&seed, image);
    assert_int_equal(cnn_create(&c, m, CNN_AUTO, &why), OK);
    void *scratch = cnn_scratch_new(c);
    cnn_forward(c, image, logits, scratch);
    assert_int_equal(cnn_features(c), 45);
    cnn_features_get(c, scratch, features);
    for (int k = 0; k < MODEL_CLASSES; k++) {
        double sum = 0;
        for (int i = 0; i < 45; i++)
            sum += (double)m->layers[5].weight[k * 45 + i] * (double)features[i];
        assert_true(fabs(sum - (double)logits[k]) < 1e-4);
    }
    free(scratch);
    cnn_free(c);
    model_free(m);
}

static size_t slurp(uint8_t *bytes)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, FILE_MAX, f);
    fclose(f);
    return n;
}

/* Breaks when anything of the rule is lost on the way to the file and back. */
static void test_round_trip(void **state)
{
    (void)state;
    struct why why = {0};
    struct model *m = new_model(2), *back = NULL;
    m->reject.below = -1.2345678F;
    m->reject.doubt = 0.7654321F;
    m->ink_above = 0.4321F;
    if (model_save(m, path, &why) || model_load(&back, path, &why))
        fail_msg("%s", why.text);
    assert_int_equal(back->reject.hidden, HIDDEN);
    assert_int_equal(back->reject.features, 45);
    assert_memory_equal(back->reject.hidden_weight, m->reject.hidden_weight, (HIDDEN * 45 + 2 * HIDDEN + 1) * 4);
    assert_true(back->reject.below == m->reject.below && back->ink_above == m->ink_above);
    assert_true(back->reject.doubt == m->reject.doubt);
    model_reject_clear(back); /* a rule taken away leaves no threshold behind */
    struct model *without = NULL;
    if (model_save(back, path, &why) || model_load(&without, path, &why))
        fail_msg("%s", why.text);
    assert_int_equal(without->reject.hidden, 0);
    assert_null(model_meta(without, "reject_below"));
    assert_null(model_meta(without, "doubt_below"));
    model_free(without);
    model_free(back);
    m->reject.out_bias[0] = NAN; /* what could not be read back is not written */
    assert_int_equal(model_save(m, path, &why), ERR_RANGE);
    model_free(m);
}

/* The file at path with `from` in its header replaced by `to`, of the same length, and its digest renamed away. */
static enum err load_with(const char *from, const char *to, struct why *why)
{
    static uint8_t bytes[FILE_MAX];
    struct model *back = NULL;
    const size_t n = slurp(bytes);
    const char *const edits[][2] = {{"\"sha256\"", "\"sha25x\""}, {"\"writer\"", "\"writex\""}, {from, to}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(strlen(edits[i][0]), strlen(edits[i][1]));
        uint8_t *at = memmem(bytes, n, edits[i][0], strlen(edits[i][0]));
        if (!at)
            fail_msg("the header has no %s", edits[i][0]);
        memcpy(at, edits[i][1], strlen(edits[i][1]));
    }
    const enum err e = model_parse(&back, bytes, n, "x", why);
    model_free(back);
    return e;
}

/* Breaks when one of the loader's checks of the rule is missing: each file is wrong in one thing. */
static void test_wrong_files(void **state)
{
    (void)state;
    static const struct {
        int line;
        const char *from, *to, *says;
    } cases[] = {
        {__LINE__, "\"reject_below\":\"-12.5\"", "\"reject_bexow\":\"-12.5\"", "must come together"},
        {__LINE__, "\"reject_below\":\"-12.5\"", "\"reject_below\":\"-2e99\"", "not a number or out of range"},
        {__LINE__, "\"reject_below\":\"-12.5\"", "\"reject_below\":\"-12.x\"", "not a number or out of range"},
        {__LINE__, "\"reject_below\":\"-12.5\"", "\"reject_below\":\"  NaN\"", "not a number or out of range"},
        {__LINE__, "\"reject_below\":\"-12.5\"", "\"reject_below\":\"     \"", "not a number or out of range"},
        {__LINE__, "\"ink_above\":\"0.125\"", "\"ink_above\":\"1.001\"", "not a number or out of range"},
        {__LINE__, "\"ink_above\":\"0.125\"", "\"ink_above\":\"0.000\"", "not a number or out of range"},
        {__LINE__, "\"ink_above\":\"0.125\"", "\"ink_above\":\"-0.10\"", "not a number or out of range"},
        {__LINE__, "\"ink_above\":\"0.125\"", "\"ink_above\":\"1e-99\"", "not a number or out of range"},
        {__LINE__, "\"reject.hidden.bias\"", "\"reject.hidden.bios\"", "is missing"},
        {__LINE__, "\"reject.out.weight\"", "\"reject.out.weighs\"", "is missing"},
        {__LINE__, "\"reject.hidden.weight\"", "\"reject.hidden.weighs\"", "no layer uses"},
        {__LINE__, "\"shape\":[21,45]", "\"shape\":[45,21]", "for this network it must be"},
        {__LINE__, "\"shape\":[21,45]", "\"shape\":[945,1]", "1 to 256 hidden"},
        {__LINE__, "\"shape\":[21,45]", "\"shape\":[  945]", "1 to 256 hidden"},
        {__LINE__, "\"shape\":[1,21]", "\"shape\":[21,1]", "for this network it must be"},
    };
    struct why why = {0};
    struct model *m = new_model(2);
    m->reject.below = -12.5F;
    m->ink_above = 0.125F;
    if (model_save(m, path, &why))
        fail_msg("%s", why.text);
    assert_int_equal(load_with("\"reject_below\":\"-12.5\"", "\"reject_below\":\"-13.5\"", &why), OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        why.text[0] = '\0';
        if (load_with(cases[i].from, cases[i].to, &why) == OK || !strstr(why.text, cases[i].says))
            fail_msg("line %d: \"%s\", must say \"%s\"", cases[i].line, why.text, cases[i].says);
    }
    model_free(m);
}

/* Breaks when a rule is put on a network whose last layer has no features, or of a size that cannot be read back. */
static void test_no_room(void **state)
{
    (void)state;
    const struct layer spec[] = {{.kind = LAYER_MAXPOOL2}, /* 14, 7, 3, 1 */
                                 {.kind = LAYER_MAXPOOL2},
                                 {.kind = LAYER_MAXPOOL2},
                                 {.kind = LAYER_CONV2D, .name = "c", .out_c = 10, .kernel = 3},
                                 {.kind = LAYER_FLATTEN}};
    struct why why = {0};
    struct model *m = new_model(1), *flat = NULL;
    assert_int_equal(model_create(&flat, spec, 5, &why), OK);
    assert_int_equal(model_reject_new(flat, 5, &why), ERR_UNSUPPORTED);
    assert_int_equal(model_reject_new(m, 0, &why), ERR_RANGE);
    assert_int_equal(model_reject_new(m, MODEL_REJECT_MAX + 1, &why), ERR_RANGE);
    assert_int_equal(m->reject.hidden, HIDDEN); /* what was there stays */
    assert_int_equal(model_reject_new(m, MODEL_REJECT_MAX, &why), OK);
    model_free(flat);
    model_free(m);
}

/* Breaks when a shipped file loses its golden digits (two of each class), or any kernel path of this processor gives
 * other logits than they say. */
static void check_golden(const char *file)
{
    int seen[MODEL_CLASSES] = {0}, done = 0;
    struct why why = {0};
    struct model *m = NULL;
    if (model_load(&m, file, &why))
        fail_msg("%s (from the top folder?)", why.text);
    assert_int_equal(m->n_golden, 20);
    for (int g = 0; g < m->n_golden; g++) {
        const float *z = m->golden_logits + g * MODEL_CLASSES;
        int best = 0;
        for (int k = 1; k < MODEL_CLASSES; k++)
            best = z[k] > z[best] ? k : best;
        seen[best]++;
    }
    for (int k = 0; k < MODEL_CLASSES; k++)
        assert_int_equal(seen[k], 2);
    for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
        struct cnn *c = NULL;
        if (!cnn_path_available(paths[p]))
            continue;
        assert_int_equal(cnn_create(&c, m, paths[p], &why), OK);
        if (cnn_self_test(c, m, &why))
            fail_msg("%s", why.text);
        cnn_free(c);
        done++;
    }
    assert_true(done >= 1);
    model_free(m);
}

static void test_golden(void **state)
{
    (void)state;
    check_golden("weights/digits.safetensors");
    check_golden("weights/digits-deep.safetensors");
}

static int setup(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_score),    cmocka_unit_test(test_no_number),  cmocka_unit_test(test_ink),
        cmocka_unit_test(test_features), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_no_room),  cmocka_unit_test(test_golden),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
