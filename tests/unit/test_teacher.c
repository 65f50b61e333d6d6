/* Teachers answer as the service's engine would, whatever their layers: those that the training graph runs and those
 * that it does not know. */
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

#include "arch.h"
#include "fixture_dir.h"
#include "join.h"
#include "nn/cnn.h"
#include "random_nets.h"
#include "teacher.h"

static char dir[] = "/tmp/test_teacher.XXXXXX";

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

static void must(enum err e, const struct why *why)
{
    if (e != OK)
        fail_msg("%s", why->text);
}

/* Files of random weights: the last is two networks joined. */
static const char *const lists[] = {"conv32-pool-conv64-pool-conv128-pool-dense10",
                                    "conv5x5v-pool-conv20-conv12-pool-dense10", "conv8-pool-pool-dense30-dense10",
                                    "conv16-conv16-pool-dense10"};
enum { NETS = 4, JOINED = 3 };

static void make_files(char files[OPTION_TEXT_MAX], struct model *nets[NETS])
{
    struct why why = {0};
    uint64_t seed = 4;
    size_t used = 0;
    for (int i = 0; i < NETS; i++) {
        char path[64];
        must(arch_model(&nets[i], lists[i], &why), &why);
        random_weights(&seed, nets[i]);
        if (i == JOINED) {
            struct model *joined, *other;
            must(arch_model(&other, lists[i], &why), &why);
            random_weights(&seed, other);
            must(join_models(&joined, (struct model *[]){nets[i], other}, 2, &why), &why);
            model_free(nets[i]);
            model_free(other);
            nets[i] = joined;
        }
        snprintf(path, sizeof path, "%s/%d.safetensors", dir, i);
        must(model_save(nets[i], path, &why), &why);
        used += (size_t)snprintf(files + used, OPTION_TEXT_MAX - used, "%s%s", i > 0 ? "," : "", path);
    }
}

/* Pictures of bytes, so that graph and engine see the same. */
static void make_pictures(uint8_t bytes[TEACHER_PIECE][MODEL_PIXELS], float px[TEACHER_PIECE][MODEL_PIXELS])
{
    uint64_t seed = 9;
    for (int i = 0; i < TEACHER_PIECE; i++) {
        random_picture(&seed, bytes[i]);
        for (int k = 0; k < MODEL_PIXELS; k++)
            px[i][k] = (float)bytes[i][k] / 255;
    }
}

/* Breaks with: weights or a bias put in another place, another order of a dense layer's inputs, a border that is not
 * zero, a teacher asked in another's room, the answers of a piece that is not full. */
static void test_as_the_engine(void **state)
{
    (void)state;
    static uint8_t bytes[TEACHER_PIECE][MODEL_PIXELS];
    static float px[TEACHER_PIECE][MODEL_PIXELS];
    static const size_t pieces[] = {TEACHER_PIECE, 1, 7};
    char files[OPTION_TEXT_MAX], kernels[32];
    struct model *nets[NETS];
    struct teachers teachers;
    struct why why = {0};
    make_files(files, nets);
    make_pictures(bytes, px);
    must(teachers_load(&teachers, files, CNN_AUTO, &why), &why);
    assert_int_equal(teachers.n, NETS);
    struct teachers_room *room = teachers_room_new(&teachers);
    assert_non_null(room);
    for (int k = 0; k < NETS; k++) {
        struct cnn *cnn;
        must(cnn_create(&cnn, nets[k], CNN_AUTO, &why), &why);
        void *scratch = aligned_alloc(64, (cnn_scratch_bytes(cnn) + 64) / 64 * 64);
        assert_non_null(scratch);
        teacher_kernels(&teachers.list[k], kernels, sizeof kernels);
        assert_int_equal(strstr(kernels, "tiles") != NULL, k != JOINED);
        assert_string_equal(teachers.list[k].sha256, nets[k]->sha256);
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            float got[TEACHER_PIECE][MODEL_CLASSES], want[MODEL_CLASSES];
            teachers_ask(&teachers, k, room, px[0], pieces[p], got[0]);
            for (size_t i = 0; i < pieces[p]; i++) {
                float most = 0;
                cnn_forward(cnn, bytes[i], want, scratch);
                for (int c = 0; c < MODEL_CLASSES; c++)
                    most = fmaxf(most, fabsf(want[c]));
                for (int c = 0; c < MODEL_CLASSES; c++)
                    if (!(fabsf(got[i][c] - want[c]) <= 1e-4F * (1 + most)))
                        fail_msg("%s, picture %zu of %zu, class %d: %g, the engine says %g", lists[k], i, pieces[p], c,
                                 (double)got[i][c], (double)want[c]);
            }
        }
        free(scratch);
        cnn_free(cnn);
        model_free(nets[k]);
    }
    teachers_room_free(room);
    teachers_free(&teachers);
}

/* Breaks with: memory lost, or freed twice, where the second of three files is missing (the sanitizers tell). */
static void test_no_such_file(void **state)
{
    (void)state;
    char files[OPTION_TEXT_MAX];
    struct teachers teachers;
    struct why why = {0};
    snprintf(files, sizeof files, "%s/0.safetensors,%s/none.safetensors,%s/1.safetensors", dir, dir, dir);
    assert_int_not_equal(teachers_load(&teachers, files, CNN_AUTO, &why), OK);
    assert_non_null(strstr(why.text, "none.safetensors"));
    teachers_free(&teachers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_the_engine), cmocka_unit_test(test_no_such_file)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
