/* Fitting thresholds and the reject rule, the examples it learns from, and measuring what is refused. */
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

#include "data/gunzip.h"
#include "measure/calibrate.h"
#include "measure/engine_answers.h"
#include "measure/rejection_rates.h"
#include "fixture_dir.h"
#include "random_nets.h"

enum { PICTURES = 600, TRAIN = 400, EACH = 220 };

static char dir[] = "/tmp/test_calibrate.XXXXXX";
static uint8_t images[PICTURES][DIGIT_PIXELS], labels[PICTURES];
static uint32_t indices[PICTURES];
static struct dataset data = {.n = PICTURES, .images = images[0], .labels = labels};
static const struct reject_settings small = {.seed = 3, .hidden = 8, .examples = 6 * TRAIN, .threads = 1};

/* "Digits" of ten kinds: a ring with a bar at one of ten places, as large as MNIST's and centred like them. */
static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < PICTURES; i++) {
        const int label = labels[i] = (uint8_t)(i % 10);
        indices[i] = (uint32_t)i;
        for (int k = 0; k < DIGIT_PIXELS; k++) {
            const int dx = k % DIGIT_SIDE_PX - 14, dy = k / DIGIT_SIDE_PX - 14, d = dx * dx + dy * dy;
            const bool ring = d > 56 && d < 96, bar = d < 60 && abs(dx * (label - 5) + dy * (i / 10 % 4 + 3)) < 6;
            images[i][k] = (uint8_t)(ring || bar ? 255 - i / 40 : 0); /* no two are alike */
        }
    }
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return dir_remove(dir);
}

/* A random network: its features tell pictures apart well enough. */
static struct model *new_model(bool dense)
{
    const struct layer spec[] = {
        {.kind = LAYER_CONV2D, .name = "a", .out_c = 8, .kernel = 3, .same = true, .relu = true},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_FLATTEN},
        {.kind = LAYER_DENSE, .name = "b", .out_c = 10}};
    const struct layer flat[] = {{.kind = LAYER_MAXPOOL2},
                                 {.kind = LAYER_MAXPOOL2},
                                 {.kind = LAYER_MAXPOOL2},
                                 {.kind = LAYER_CONV2D, .name = "a", .out_c = 10, .kernel = 3},
                                 {.kind = LAYER_FLATTEN}};
    uint64_t seed = 77;
    struct why why = {0};
    struct model *m = NULL;
    if (model_create(&m, dense ? spec : flat, 5, &why))
        fail_msg("%s", why.text);
    random_weights(&seed, m);
    return m;
}

static struct calibration request(const struct reject_settings *reject)
{
    return (struct calibration){.data = &data,
                                .train = indices,
                                .n_train = TRAIN,
                                .validation = indices + TRAIN,
                                .n_validation = PICTURES - TRAIN,
                                .reject = reject,
                                .threads = 1};
}

static void calibrated(struct model *m, const struct calibration *c, struct metrics *v)
{
    struct why why = {0};
    if (calibrate(m, c, v, &why))
        fail_msg("%s", why.text);
}

/* Under look_again_below lie the first confidences of 2 % of the validation pictures, four, and hardly above it the
 * next one's. */
static void expect_looks(struct model *m, const struct calibration *c)
{
    const float look_again_below = m->look_again_below;
    int under = 0, up_to = 0;
    struct engine_answers a;
    struct cnn *cnn = NULL;
    m->look_again_below = 0;
    assert_int_equal(cnn_create(&cnn, m, CNN_AUTO, NULL), OK);
    assert_int_equal(engine_answers_run(&a, cnn, c->data, c->validation, c->n_validation, 1, NULL), OK);
    for (size_t i = 0; i < a.n; i++) {
        under += a.of[i].confidence < look_again_below;
        up_to += a.of[i].confidence < look_again_below * 1.0001F;
    }
    if (under != 4 || up_to < 5)
        fail_msg("2 %% are 4: %d under %.6f, %d up to it", under, (double)look_again_below, up_to);
    m->look_again_below = look_again_below;
    engine_answers_free(&a);
    cnn_free(cnn);
}

/* Breaks when other than 1 % of the validation pictures are doubted or unsure, or 2 % looked at again, when the rule
 * does not learn, when the threads that share the work change a bit of it, or when the network itself is touched. */
static void test_calibrate(void **state)
{
    (void)state;
    struct model *m = new_model(true), *again = new_model(true), *fresh = new_model(true);
    struct reject_settings one = small, four;
    one.examples = 4200; /* more than a chunk's features */
    four = one;
    struct calibration c = request(&one);
    struct metrics v;
    calibrated(m, &c, &v);
    assert_int_equal(v.n, PICTURES - TRAIN);
    assert_true(v.refused <= 1 && v.doubted <= 2); /* fewer where scores are equal */
    assert_true(m->reject.doubt >= m->reject.below);
    assert_true(v.unsure + v.refused <= 4);
    assert_true(m->look_again_below > 0 && m->look_again_below <= 1);
    assert_int_equal(m->reject.hidden, 8);
    assert_true(m->ink_above > 0.1F && m->ink_above < 1);
    assert_memory_equal(m->block, fresh->block, m->n_params * sizeof(float));
    assert_non_null(model_meta(m, "reject_rule"));
    four.threads = 4;
    c.reject = &four;
    c.threads = 3;
    calibrated(again, &c, NULL);
    assert_memory_equal(m->reject.hidden_weight, again->reject.hidden_weight,
                        (size_t)(8 * m->reject.features + 17) * sizeof(float));
    assert_true(m->reject.below == again->reject.below && m->temperature == again->temperature);
    assert_true(m->look_again_below == again->look_again_below && m->unsure_below == again->unsure_below);

    struct why why = {0};
    struct cnn *cnn = NULL;
    struct reject_example_source digits = {&data, indices + TRAIN, PICTURES - TRAIN};
    uint8_t px[DIGIT_PIXELS];
    struct answer a;
    float score[2][200]; /* of others, of digits */
    int ranked = 0;
    assert_int_equal(cnn_create(&cnn, m, CNN_AUTO, &why), OK);
    void *scratch = cnn_scratch_new(cnn);
    for (int kind = 0; kind < 2; kind++)
        for (uint64_t i = 0; i < 200; i++) { /* of another seed: it has not learnt them by heart */
            assert_int_equal(reject_example_make(&digits, kind == 1, 1000, i, px), OK);
            cnn_answer(cnn, px, &a, scratch);
            score[kind][i] = a.score;
        }
    for (int i = 0; i < 200 * 200; i++)
        ranked += score[1][i / 200] > score[0][i % 200];
    if (ranked < 200 * 200 * 3 / 4)
        fail_msg("of 40,000 pairs of a digit and another, %d have the digit first", ranked);
    free(scratch);
    cnn_free(cnn);
    expect_looks(m, &c);
    model_free(m);
    model_free(again);
    model_free(fresh);
}

/* Breaks when a stop is not seen, or leaves half a rule; when a rule of no examples is made; when the beginning or the
 * end goes untold, or the file does not say what the rule was made with. */
static void test_rule_alone(void **state)
{
    (void)state;
    const struct reject_example_source digits = {&data, indices, TRAIN};
    volatile sig_atomic_t stop = 1;
    struct model *m = new_model(true);
    struct reject_settings set = {.seed = 3, .hidden = 8, .examples = 10, .threads = 1, .stop = &stop};
    struct why why = {0};
    char *told = NULL;
    size_t n;
    assert_int_equal(reject_fit(m, &digits, &set, &why), ERR_STOPPED);
    assert_int_equal(m->reject.hidden, 0);
    stop = 0;
    set.examples = 0;
    assert_int_equal(reject_fit(m, &digits, &set, &why), ERR_RANGE);
    set.examples = 10; /* one batch of 128 all the same */
    assert_non_null(set.progress = open_memstream(&told, &n));
    const struct calibration c = request(&set);
    calibrated(m, &c, NULL);
    fclose(set.progress);
    assert_string_equal(told, "fitting the rejection head: 0 %\nfitting the rejection head: 100 %\n");
    assert_string_equal(model_meta(m, "reject_settings"), "{\"seed\":\"3\",\"hidden\":8,\"examples\":10}");
    for (int i = 0; i < 8 * m->reject.features; i++)
        assert_true(isfinite(m->reject.hidden_weight[i]));
    free(told);
    model_free(m);
}

/* Breaks when thresholds are fitted where another network's are asked for, or a rule is made that has no threshold. */
static void test_like(void **state)
{
    (void)state;
    struct model *like = new_model(true), *m = new_model(true);
    struct calibration c = request(&small);
    like->temperature = 1.5F;
    like->look_again_below = 0.5F;
    like->unsure_below = 0.25F;
    like->ink_above = 0.75F;
    c.like = like;
    calibrated(m, &c, NULL);
    assert_true(m->temperature == 1.5F && m->unsure_below == 0.25F && m->ink_above == 0.75F);
    assert_true(m->look_again_below == 0.5F);
    assert_int_equal(m->reject.hidden, 0);
    struct why why = {0};
    assert_int_equal(model_reject_new(like, 4, &why), OK);
    like->reject.below = -0.125F;
    calibrated(m, &c, NULL);
    assert_int_equal(m->reject.hidden, small.hidden);
    assert_true(m->reject.below == -0.125F);
    c = request(NULL); /* and goes again */
    calibrated(m, &c, NULL);
    assert_int_equal(m->reject.hidden, 0);
    assert_null(model_meta(m, "reject_rule"));
    assert_null(model_meta(m, "calibrated_as"));
    model_free(like);
    model_free(m);
}

/* Breaks when a network without features is refused instead of left without a rule. */
static void test_no_dense(void **state)
{
    (void)state;
    struct model *m = new_model(false);
    const struct calibration c = request(&small);
    struct metrics v;
    calibrated(m, &c, &v);
    assert_int_equal(m->reject.hidden, 0);
    assert_int_equal(v.refused, 0);
    assert_true(m->temperature > 0);
    model_free(m);
}

/* Breaks when an example is not a function of seed and number, two are the same, or many are blank. */
static void test_examples(void **state)
{
    (void)state;
    const struct reject_example_source s = {&data, indices, TRAIN};
    uint8_t a[DIGIT_PIXELS], b[DIGIT_PIXELS], before[DIGIT_PIXELS] = {0};
    int blank = 0;
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(reject_example_make(&s, false, 1, i, a), OK);
        assert_int_equal(reject_example_make(&s, false, 1, i, b), OK);
        assert_memory_equal(a, b, sizeof a);
        int ink = 0;
        for (int k = 0; k < DIGIT_PIXELS; k++)
            ink += a[k];
        blank += ink == 0;
        assert_true(ink == 0 || memcmp(a, before, sizeof a) != 0);
        memcpy(before, a, sizeof a);
        assert_int_equal(reject_example_make(&s, false, 2, i, b), OK);
        assert_true(ink == 0 || memcmp(a, b, sizeof a) != 0);
    }
    assert_true(blank < 5); /* one: a plain box is an empty sheet, which has no ink */
}

/* Breaks when kinds or their pictures are counted wrongly, and when clothes that are not there stop the rest. */
static void test_refusals(void **state)
{
    (void)state;
    struct model *m = new_model(true);
    struct why why = {0};
    struct cnn *c = NULL;
    static struct rejection_rates r, again;
    m->ink_above = 0.2F;
    assert_int_equal(cnn_create(&c, m, CNN_AUTO, &why), OK);
    assert_int_equal(rejection_rates_measure(&r, c, dir, EACH, 5, 2, &why), OK);
    assert_int_equal(rejection_rates_measure(&again, c, dir, EACH, 5, 1, &why), OK);
    for (int i = 0; i < NONDIGIT_KINDS; i++) {
        const struct rejection_kind *k = &r.kind[i];
        size_t n = 0, refused = 0, doubted = 0;
        assert_int_equal(k->n, EACH);
        assert_int_equal(k->refused, again.kind[i].refused);
        for (int j = 0; j < k->n_labels; j++) {
            n += k->label[j].n;
            refused += k->label[j].refused;
            doubted += k->label[j].doubted;
            assert_true(k->label[j].n >= EACH / (size_t)k->n_labels);
        }
        assert_int_equal(n, k->n);
        assert_int_equal(refused, k->refused);
        assert_int_equal(doubted, k->doubted);
        assert_true(doubted >= refused);
    }
    assert_true(r.kind[NONDIGIT_BLANK].refused > 0 && r.kind[NONDIGIT_LETTER].refused < EACH / 2);
    assert_int_equal(r.kind[NONDIGIT_KINDS].n, 0);
    assert_non_null(strstr(r.fashion_missing.text, "t10k-images-idx3-ubyte"));
    cnn_free(c);
    model_free(m);
}

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...)
{
    char command[512];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

/* Breaks when a packed file is read in part, a damaged one passes, a name is taken for an option or for a command, or
 * the limit is not held. */
static void test_gunzip(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t n = 0;
    char path[64];
    struct why why = {0};
    shell("cd %s && head -c 3000000 /dev/zero | tr '\\0' x >'a b;c' && gzip -c 'a b;c' >'a b;c.gz' && rm 'a b;c'", dir);
    snprintf(path, sizeof path, "%s/a b;c.gz", dir);
    assert_int_equal(gunzip_read(&bytes, &n, path, 3000000, &why), OK);
    assert_int_equal(n, 3000000);
    assert_int_equal(bytes[n - 1], 'x');
    free(bytes);
    assert_int_equal(gunzip_read(&bytes, &n, path, 2999999, &why), ERR_LIMIT);
    assert_null(bytes);
    shell("cd %s && head -c 200 'a b;c.gz' >cut.gz", dir);
    snprintf(path, sizeof path, "%s/cut.gz", dir);
    assert_int_equal(gunzip_read(&bytes, &n, path, 300000, &why), ERR_FORMAT);
    snprintf(path, sizeof path, "%s/none", dir);
    assert_int_equal(gunzip_read(&bytes, &n, path, 100, &why), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calibrate), cmocka_unit_test(test_rule_alone), cmocka_unit_test(test_like),
        cmocka_unit_test(test_no_dense),  cmocka_unit_test(test_examples),   cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_gunzip),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
