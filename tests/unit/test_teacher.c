/* Teachers answer as the naive layers do, whatever their layers and with every kernel set: those that the training
 * graph runs and those that it does not know. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/layers.h"
#include "run/teacher.h"
#include "fixture_dir.h"
#include "random_nets.h"

enum { NETS = 16 };

static char dir[] = "/tmp/test_teacher.XXXXXX";
static uint8_t bytes[TEACHER_PIECE][DIGIT_PIXELS];
static float px[TEACHER_PIECE][DIGIT_PIXELS], off[TEACHER_PIECE][DIGIT_PIXELS];

/* px are bytes, so that the graph and the engine see the same; off is what rounds to them. */
static int setup(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (int i = 0; i < TEACHER_PIECE; i++) {
        random_picture(&seed, bytes[i]);
        bytes[i][0] = 0;
        bytes[i][1] = 255;
        for (int k = 0; k < DIGIT_PIXELS; k++) {
            px[i][k] = (float)bytes[i][k] / 255;
            off[i][k] = px[i][k] + (float)(0.45 * random_unit(&seed) / 255);
        }
        off[i][0] = -3;
        off[i][1] = 3;
    }
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return dir_remove(dir);
}

static void must(enum err e, const struct why *why)
{
    if (e != OK)
        fail_msg("%s", why->text);
}

/* Lists of layers with weights at random, in a file: number 0 ends with a convolution, the others with a dense layer.
 */
static struct model *network(int number, uint64_t *seed, char *path, size_t size)
{
    struct layer spec[MODEL_LAYERS_MAX] = {
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_CONV2D, .name = "a", .out_c = 6, .kernel = 5, .relu = true, .has_bias = true},
        {.kind = LAYER_CONV2D, .name = "b", .out_c = MODEL_CLASSES, .kernel = 3, .has_bias = true},
        {.kind = LAYER_FLATTEN}};
    struct why why = {0};
    struct model *m;
    int n = number == 0 ? 5 : random_layers(seed, spec);
    must(model_create(&m, spec, n, &why), &why);
    random_weights(seed, m);
    snprintf(path, size, "%s/%d.safetensors", dir, number);
    must(model_save(m, path, &why), &why);
    return m;
}

/* The graph knows no groups and no views but the picture itself, and wants a dense layer last. */
static bool graph_knows(const struct model *m, int number)
{
    for (int i = 0; i < m->n_layers; i++)
        if (layer_groups(&m->layers[i]) > 1)
            return false;
    return number != 0 && m->layers[0].moments == 0 && (m->layers[0].kind != LAYER_VIEWS || m->layers[0].out_c == 1);
}

/* Pictures from, from + 1 ... n of them: answers as the naive layers', the same bits as all[], nothing beyond. */
static void expect_answers(const struct teacher *t, struct teacher_room *room, size_t from, size_t n,
                           double want[TEACHER_PIECE][MODEL_CLASSES], float all[TEACHER_PIECE][MODEL_CLASSES])
{
    float got[TEACHER_PIECE + 1][MODEL_CLASSES];
    memset(got, 0xff, sizeof got);
    teacher_ask(t, room, px[from], n, got[0]);
    for (size_t i = 0; i < n; i++) {
        double scale = 1;
        for (int c = 0; c < MODEL_CLASSES; c++)
            scale = fmax(scale, 1 + fabs(want[from + i][c]));
        for (int c = 0; c < MODEL_CLASSES; c++)
            if (!(fabs((double)got[i][c] - want[from + i][c]) <= 2e-5 * scale)) /* measured: under 3e-6 */
                fail_msg("%s: picture %zu of %zu, logit %d is %.9g, must be %.9g", t->path, i, n, c, (double)got[i][c],
                         want[from + i][c]);
        if (n == TEACHER_PIECE)
            memcpy(all[i], got[i], sizeof got[i]);
        else
            assert_memory_equal(all[from + i], got[i], sizeof got[i]);
    }
    for (int c = 0; c < MODEL_CLASSES; c++)
        assert_true(isnan(got[n][c]));
}

static void expect_teacher(const struct model *m, const char *path, enum cnn_path kernels, const char *set, bool graph,
                           double want[TEACHER_PIECE][MODEL_CLASSES])
{
    float all[TEACHER_PIECE][MODEL_CLASSES], rounded[TEACHER_PIECE][MODEL_CLASSES];
    struct teachers teachers;
    struct why why = {0};
    char text[32], name[32];
    must(teachers_load(&teachers, path, kernels, &why), &why);
    assert_int_equal(teachers.n, 1);
    struct teacher *t = &teachers.list[0];
    assert_string_equal(t->sha256, m->sha256);
    teacher_kernels(t, text, sizeof text);
    snprintf(name, sizeof name, "%s%s", set, graph ? "-graph" : "");
    assert_string_equal(text, name);
    struct teacher_room *room = teacher_room_new(t);
    assert_non_null(room);
    expect_answers(t, room, 0, TEACHER_PIECE, want, all);
    expect_answers(t, room, 20, 1, want, all);
    expect_answers(t, room, 11, 7, want, all);
    teacher_ask(t, room, off[0], TEACHER_PIECE, rounded[0]);
    assert_int_equal(memcmp(all, rounded, sizeof all) == 0, !graph);
    teacher_room_free(room);
    teachers_free(&teachers);
}

/* Breaks with: weights or a bias put in another place, another order of a dense layer's inputs, a list that the graph
 * does not know refused, another kernel set than was asked for, answers that depend on the pictures beside, or beyond
 * the piece, pixels cut off where they are to be rounded. */
static void test_as_the_layers(void **state)
{
    (void)state;
    static const enum cnn_path paths[] = {CNN_BASE, CNN_AVX2, CNN_AVX512};
    static const char *const names[] = {"base", "avx2", "avx512"};
    uint64_t seed = 4;
    int graphs = 0;
    for (int i = 0; i < NETS; i++) {
        char path[64];
        struct model *m = network(i, &seed, path, sizeof path);
        bool graph = graph_knows(m, i);
        double want[TEACHER_PIECE][MODEL_CLASSES];
        for (int k = 0; k < TEACHER_PIECE; k++)
            assert_int_equal(layers_forward(m, bytes[k], want[k]), OK);
        graphs += graph;
        for (size_t p = 0; p < sizeof paths / sizeof *paths; p++)
            if (cnn_path_available(paths[p]))
                expect_teacher(m, path, paths[p], names[p], graph, want);
        model_free(m);
    }
    assert_in_range(graphs, NETS / 2, NETS - 2); /* both ways are taken */
}

/* Breaks with: memory lost, or freed twice, where one of three files is missing (the sanitizers tell). */
static void test_no_such_file(void **state)
{
    (void)state;
    char path[64], files[OPTION_TEXT_MAX];
    uint64_t seed = 5;
    struct teachers teachers;
    struct why why = {0};
    model_free(network(1, &seed, path, sizeof path));
    snprintf(files, sizeof files, "%s,%s/none.safetensors,%s", path, dir, path);
    assert_int_equal(teachers_load(&teachers, files, CNN_AUTO, &why), ERR_IO);
    assert_non_null(strstr(why.text, "none.safetensors"));
    teachers_free(&teachers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_the_layers), cmocka_unit_test(test_no_such_file)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
