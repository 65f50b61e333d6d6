/* Joining networks, and the engine's groups: an ensemble's logits are its members' mean, through every kernel set and
 * through the naive layers; what cannot be joined is refused; the file holds what memory held; the command's messages.
 */
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

#include "commands/commands.h"
#include "net/cnn.h"
#include "net/layers.h"
#include "network/join.h"
#include "network/layer_list.h"
#include "fixture_dir.h"
#include "random_nets.h"

enum { MEMBERS = 3, TRIES = 6 };

static char dir[] = "/tmp/test_join.XXXXXX";

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return dir_remove(dir);
}

/* A network of random weights with a temperature of its own and one golden picture. */
static struct model *member(const char *layers, uint64_t seed)
{
    struct why why = {0};
    struct model *m;
    if (layer_list_parse(&m, layers, &why) != OK)
        fail_msg("%s: %s", layers, why.text);
    random_weights(&seed, m);
    m->temperature = (float)(1 + 0.5 * random_unit(&seed));
    m->golden_input = malloc(DIGIT_PIXELS);
    m->golden_logits = malloc(MODEL_CLASSES * sizeof(float));
    assert_true(m->golden_input && m->golden_logits);
    random_picture(&seed, m->golden_input);
    double logits[MODEL_CLASSES];
    assert_int_equal(layers_forward(m, m->golden_input, logits), OK);
    for (int k = 0; k < MODEL_CLASSES; k++)
        m->golden_logits[k] = (float)logits[k];
    m->n_golden = 1;
    return m;
}

static void members_new(struct model **m, int n, const char *layers)
{
    for (int i = 0; i < n; i++)
        m[i] = member(layers, 40 + (uint64_t)i);
}

static void members_free(struct model **m, int n)
{
    for (int i = 0; i < n; i++)
        model_free(m[i]);
}

static void expect_logits(const char *layers, const char *who, const double *want, double got, int k)
{
    if (!(fabs(got - want[k]) <= 1e-4 * (1 + fabs(want[k])))) /* NaN too */
        fail_msg("%s, %s: logit %d is %.7g, the members' mean is %.7g", layers, who, k, got, want[k]);
}

/* All that can answer, on random pictures. */
static void expect_mean(const char *layers, const struct model *joined, struct model *const *members, int n)
{
    static const enum cnn_path paths[] = {CNN_BASE, CNN_AVX2, CNN_AVX512};
    uint64_t seed = 5;
    for (int t = 0; t < TRIES; t++) {
        uint8_t image[DIGIT_PIXELS];
        double want[MODEL_CLASSES] = {0}, one[MODEL_CLASSES];
        random_picture(&seed, image);
        for (int i = 0; i < n; i++) {
            assert_int_equal(layers_forward(members[i], image, one), OK);
            for (int k = 0; k < MODEL_CLASSES; k++)
                want[k] += one[k] / (double)members[i]->temperature / n;
        }
        assert_int_equal(layers_forward(joined, image, one), OK);
        for (int k = 0; k < MODEL_CLASSES; k++)
            expect_logits(layers, "naive", want, one[k], k);
        for (int p = 0; p < 3; p++) {
            struct cnn *c;
            float logits[MODEL_CLASSES];
            struct why why = {0};
            if (!cnn_path_available(paths[p]))
                continue;
            assert_int_equal(cnn_create(&c, joined, paths[p], &why), OK);
            void *scratch = cnn_scratch_new(c);
            assert_non_null(scratch);
            memset(scratch, 0xff, cnn_scratch_bytes(c)); /* NaN wherever something is read that was not written */
            cnn_forward(c, image, logits, scratch);
            for (int k = 0; k < MODEL_CLASSES; k++)
                expect_logits(layers, cnn_path_name(c), want, (double)logits[k], k);
            free(scratch);
            cnn_free(c);
        }
    }
}

/* Breaks with: a group that reads another's channels or weights, a part in the wrong place, padding between parts that
 * the dense layer reads, a forgotten temperature. Channel counts are no multiples of the padding; pools lie alone and
 * behind convolutions; one list has a single convolution, which no other follows. */
static void test_mean(void **state)
{
    (void)state;
    static const char *const lists[] = {"conv5-conv7-pool-conv6x5v-pool-pool-dense10", "conv4v-pool-pool-dense10",
                                        "pool-conv3-conv18-conv5-dense10"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct model *m[MEMBERS], *joined;
        struct why why = {0};
        members_new(m, MEMBERS, lists[i]);
        for (int n = 2; n <= MEMBERS; n++) {
            if (join_models(&joined, m, n, &why) != OK)
                fail_msg("%s", why.text);
            expect_mean(lists[i], joined, m, n);
            assert_int_equal(joined->n_golden, 1);
            model_free(joined);
        }
        members_free(m, MEMBERS);
    }
}

/* Breaks with: a member that gets another's view of the picture, views where none or one would do, a file without them.
 */
static void test_views(void **state)
{
    (void)state;
    static const char *const lists[][2] = {{"conv5-pool-conv6v-pool-dense10", "moments-conv5-pool-conv6v-pool-dense10"},
                                           {"pool-conv4-dense10", "moments-pool-conv4-dense10"}};
    char path[128];
    snprintf(path, sizeof path, "%s/views.safetensors", dir);
    for (int list = 0; list < 2; list++)
        for (unsigned moments = 0; moments < 1U << MEMBERS; moments++) {
            struct model *m[MEMBERS], *joined, *again = NULL;
            struct why why = {0};
            for (int k = 0; k < MEMBERS; k++)
                m[k] = member(lists[list][moments >> k & 1], 60 + (uint64_t)k);
            if (join_models(&joined, m, MEMBERS, &why) != OK || model_save(joined, path, &why) != OK ||
                model_load(&again, path, &why) != OK)
                fail_msg("%s", why.text);
            const bool views = again->layers[0].kind == LAYER_VIEWS;
            assert_int_equal(views, moments != 0);
            assert_int_equal(views ? again->layers[0].out_c : 1, moments == 0 || moments == 7 ? 1 : MEMBERS);
            expect_mean(lists[list][1], again, m, MEMBERS);
            model_free(again);
            model_free(joined);
            members_free(m, MEMBERS);
        }
}

/* Breaks when a joined network is another one after its file: groups lost, weights of another shape. */
static void test_file(void **state)
{
    (void)state;
    struct model *m[2], *joined, *again;
    struct why why = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/joined.safetensors", dir);
    members_new(m, 2, "conv6-pool-conv4-pool-dense10");
    assert_int_equal(join_models(&joined, m, 2, &why), OK);
    assert_int_equal(model_save(joined, path, &why), OK);
    if (model_load(&again, path, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(again->layers[2].groups, 2);
    assert_int_equal(again->n_params, joined->n_params);
    expect_mean("from a file", again, m, 2);
    model_free(again);
    model_free(joined);
    members_free(m, 2);
}

static void expect_refused(const char *first, const char *second, const char *word)
{
    struct model *m[2] = {member(first, 1), member(second, 2)}, *joined;
    struct why why = {0};
    assert_int_equal(join_models(&joined, m, 2, &why), ERR_UNSUPPORTED);
    assert_null(joined);
    if (!strstr(why.text, word))
        fail_msg("%s with %s: \"%s\" does not say \"%s\"", first, second, why.text, word);
    members_free(m, 2);
}

static void test_refused(void **state)
{
    (void)state;
    struct why why = {0};
    struct model *m[2], *twice[2], *joined;
    expect_refused("conv4-pool-dense10", "conv4-pool-conv4-dense10", "other layers");
    expect_refused("conv4-pool-dense10", "conv5-pool-dense10", "other layers");
    expect_refused("conv4-pool-dense10", "conv4x5-pool-dense10", "other layers");
    expect_refused("conv4-pool-dense8-dense10", "conv4-pool-dense8-dense10", "one dense layer");
    expect_refused("dense10", "dense10", "one dense layer");
    struct model *bent[2] = {member("conv4-pool-dense10", 1), member("conv4-pool-dense10", 2)};
    for (int i = 0; i < 2; i++)
        bent[i]->layers[3].relu = true;
    assert_int_equal(join_models(&joined, bent, 2, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "ReLU"));
    members_free(bent, 2);
    const struct layer two[] = {{.kind = LAYER_VIEWS, .out_c = 2, .moments = 2},
                                {.kind = LAYER_CONV2D, .name = "a", .out_c = 4, .kernel = 3},
                                {.kind = LAYER_FLATTEN},
                                {.kind = LAYER_DENSE, .name = "d", .out_c = 10}};
    assert_int_equal(model_create(&twice[0], two, 4, &why), OK);
    twice[1] = twice[0];
    assert_int_equal(join_models(&joined, twice, 2, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "several views"));
    model_free(twice[0]);
    members_new(m, 2, "conv4-conv4-pool-dense10");
    assert_int_equal(join_models(&joined, m, 1, &why), ERR_RANGE);
    assert_int_equal(join_models(&joined, m, JOIN_MEMBERS_MAX + 1, &why), ERR_RANGE);
    assert_int_equal(join_models(&twice[0], m, 2, &why), OK);
    twice[1] = twice[0];
    assert_int_equal(join_models(&joined, twice, 2, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "joined already"));
    struct model *wide[2] = {member("conv8-conv8-pool-dense10", 1), twice[0]}; /* as wide as the two together */
    assert_int_equal(join_models(&joined, wide, 2, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "joined already"));
    model_free(wide[0]);
    model_free(twice[0]);
    members_free(m, 2);
}

/* Lists of groups that make no sense, as a file may have them. */
static void test_groups_checked(void **state)
{
    (void)state;
    const struct layer good[] = {
        {.kind = LAYER_CONV2D, .name = "a", .out_c = 6, .kernel = 3, .same = true},
        {.kind = LAYER_CONV2D, .name = "b", .out_c = 6, .kernel = 3, .same = true, .groups = 3},
        {.kind = LAYER_CONV2D, .name = "c", .out_c = 9, .kernel = 3, .same = true, .groups = 3},
        {.kind = LAYER_FLATTEN},
        {.kind = LAYER_DENSE, .name = "d", .out_c = 10}};
    static const struct {
        int layer, out_c, groups;
        const char *word;
    } bad[] = {{1, 7, 3, "equal groups"},
               {0, 7, 0, "equal groups"},
               {0, 6, 3, "equal groups"},
               {2, 9, 1, "as many"},
               {1, 6, MODEL_GROUPS_MAX + 1, "at most"},
               {1, 6, 2, "as many"}};
    struct model *m;
    struct why why = {0};
    assert_int_equal(model_create(&m, good, 5, &why), OK);
    assert_int_equal(m->n_params, 6 * 9 + 6 * 2 * 9 + 9 * 2 * 9 + 9 * DIGIT_PIXELS * 10);
    model_free(m);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct layer spec[5];
        memcpy(spec, good, sizeof spec);
        spec[bad[i].layer].out_c = bad[i].out_c;
        spec[bad[i].layer].groups = bad[i].groups;
        assert_int_not_equal(model_create(&m, spec, 5, &why), OK);
        if (!strstr(why.text, bad[i].word))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, why.text, bad[i].word);
    }
}

/* Breaks when the command writes on wrong usage, leaves out where the members came from, or lets a missing file pass.
 */
static void test_command(void **state)
{
    (void)state;
    struct model *m[2], *joined;
    struct why why = {0};
    char path[2][128], out[128], missing[128];
    snprintf(out, sizeof out, "%s/ensemble.safetensors", dir);
    snprintf(missing, sizeof missing, "%s/no-such-file", dir);
    members_new(m, 2, "conv6-pool-conv4-pool-dense10");
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%s/member%d.safetensors", dir, i);
        model_set_meta(m[i], "command", i ? "digit train --seed 2" : "digit train --seed 1");
        model_set_meta(m[i], "split", "the same");
        model_set_meta(m[i], "dataset", i ? "MNIST" : "another");
        assert_int_equal(model_save(m[i], path[i], &why), OK);
    }
    assert_int_equal(command_join(4, (char *[]){"join", "--out", out, path[0], NULL}), EXIT_USAGE);
    assert_int_equal(command_join(3, (char *[]){"join", path[0], path[1], NULL}), EXIT_USAGE);
    assert_int_equal(command_join(5, (char *[]){"join", "--out", out, path[0], missing, NULL}), EXIT_FAILED);
    assert_int_equal(access(out, F_OK), -1);
    assert_int_equal(command_join(5, (char *[]){"join", "--out", out, path[0], path[1], NULL}), EXIT_DONE);
    assert_int_equal(model_load(&joined, out, &why), OK);
    assert_string_equal(model_meta(joined, "name"), "ensemble");
    assert_string_equal(model_meta(joined, "split"), "the same");
    assert_null(model_meta(joined, "dataset"));
    assert_non_null(strstr(model_meta(joined, "members"), "digit train --seed 2"));
    assert_non_null(strstr(model_meta(joined, "members"), m[1]->sha256));
    model_free(joined);
    members_free(m, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean),    cmocka_unit_test(test_views),          cmocka_unit_test(test_file),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_groups_checked), cmocka_unit_test(test_command),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
