/* Learning from teachers: the loss against finite differences, the mean of an ensemble, the kept answers against
 * asking, and what does not belong to a run refused. */
#include <dirent.h>
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

#include "network/loss.h"
#include "run/teacher_answers.h"
#include "fixture_train.h"

/* Breaks with: a wrong power of T, a sign, a weight that is left out, a gradient that is set and not added. */
static void test_gradient(void **state)
{
    (void)state;
    static const float temperatures[] = {0.5F, 1, 4, 20};
    struct rng r;
    rng_seed(&r, 6, RNG_TEST, 0);
    for (int round = 0; round < 40; round++) {
        float t = temperatures[round % 4], z[10], q[10], far[10], d[10], weight = 0.25F, sum = 0;
        for (int k = 0; k < 10; k++) {
            z[k] = 6 * rng_signed(&r);
            far[k] = 8 * rng_signed(&r);
            d[k] = 7;
        }
        teachers_mean(far, 1, 0, t, q);
        for (int k = 0; k < 10; k++)
            sum += q[k];
        assert_true(fabsf(sum - 1) < 1e-6F);
        double loss = loss_teacher(z, q, t, weight, d);
        assert_true(loss > 0);
        for (int k = 0; k < 10; k++) {
            float h = 1.0F / 64, low[10], high[10], unused[10] = {0};
            memcpy(low, z, sizeof z);
            memcpy(high, z, sizeof z);
            low[k] -= h;
            high[k] += h;
            double slope = (loss_teacher(high, q, t, 0, unused) - loss_teacher(low, q, t, 0, unused)) /
                           ((double)high[k] - (double)low[k]);
            double got = ((double)d[k] - 7) / (double)weight;
            if (fabs(slope - got) > 2e-3 * (1 + fabs(slope))) /* measured: at most 3e-4 */
                fail_msg("T %g, class %d: slope %.6f, gradient %.6f", (double)t, k, slope, got);
        }
        float same[10] = {0};
        loss = loss_teacher(far, q, t, 1, same); /* who answers like the teacher has nothing to learn */
        for (int k = 0; k < 10; k++)
            assert_true(fabsf(same[k]) < 1e-5F);
        assert_true(fabs(loss) < 1e-4);
    }
}

/* Breaks with: logits averaged where probabilities are to be, a teacher left out or counted twice. */
static void test_mean(void **state)
{
    (void)state;
    const float z[2][12] = {{9, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1}, {0, 4, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1}};
    float mean[10];
    teachers_mean(z[0], 2, 12, 2, mean);
    double a = exp(4.5), b = exp(2.0);
    double want[10] = {(a / (a + 9) + 1 / (b + 9)) / 2, (1 / (a + 9) + b / (b + 9)) / 2};
    for (int k = 2; k < 10; k++)
        want[k] = (1 / (a + 9) + 1 / (b + 9)) / 2;
    for (int k = 0; k < 10; k++)
        assert_true(fabs((double)mean[k] - want[k]) < 1e-7);
}

/* Two teachers of different shapes; made once. */
static const char *teacher_file(int which)
{
    static char path[2][OPTION_TEXT_MAX];
    static const char *const layers[] = {"conv16-conv16-pool-conv16-pool-dense10", "conv24-pool-pool-dense20-dense10"};
    if (path[which][0])
        return path[which];
    struct train_settings s = settings(which ? "teacher-b" : "teacher-a");
    snprintf(s.layers, sizeof s.layers, "%s", layers[which]);
    s.trainer.seed = 20 + (uint64_t)which;
    s.trainer.epochs = 2;
    assert_int_equal(run(&s, &never), TRAIN_DONE);
    return memcpy(path[which], s.out, sizeof s.out);
}

/* A student of n teachers (0 to 2). */
static struct train_settings student(const char *name, int n, const char *answers)
{
    struct train_settings s = settings(name);
    if (n > 0)
        snprintf(s.teacher, sizeof s.teacher, "%.200s%s%.200s", teacher_file(0), n > 1 ? "," : "",
                 n > 1 ? teacher_file(1) : "");
    if (answers)
        snprintf(s.answers, sizeof s.answers, "%s/%s", dir, answers);
    s.trainer.calm = 0;
    s.trainer.distill = 0.7F;
    s.trainer.distill_temperature = 3;
    return s;
}

static int count_files(const char *path)
{
    int n = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void expect_other_network(const char *a_path, const char *b_path)
{
    struct model *a = load(a_path), *b = load(b_path);
    if (same_weights(a, b))
        fail_msg("%s and %s are the same", a_path, b_path);
    model_free(a);
    model_free(b);
}

/* Breaks with: a share of 0 that still looks at teachers, or is another sum; a share over 0 that does not. */
static void test_share(void **state)
{
    (void)state;
    struct train_settings none = student("share-none", 0, NULL), zero = student("share-0", 1, NULL),
                          some = student("share-some", 1, NULL);
    zero.trainer.distill = 0;
    assert_int_equal(run(&none, &never), TRAIN_DONE);
    assert_int_equal(run(&zero, &never), TRAIN_DONE);
    assert_int_equal(run(&some, &never), TRAIN_DONE);
    expect_same_network(none.out, zero.out);
    expect_other_network(none.out, some.out);
}

/* Breaks with: answers that differ when they come from a file, from another run's file, on another number of threads,
 * or after a stop; distortions that follow the student's seed although they have one of their own, or that do not come
 * again after --distort-epochs; a second run that asks again. */
static void test_kept_answers(void **state)
{
    (void)state;
    struct train_settings asked = student("asked", 2, NULL), kept = student("kept", 2, "answers");
    asked.trainer.distort_seed = kept.trainer.distort_seed = 77;
    asked.trainer.distort_epochs = kept.trainer.distort_epochs = 2;
    assert_int_equal(run(&asked, &never), TRAIN_DONE);
    assert_int_equal(run(&kept, &never), TRAIN_DONE);
    expect_same_network(asked.out, kept.out);
    assert_int_equal(count_files(kept.answers), 2 * 2);

    struct train_settings again = student("again", 2, "answers");
    again.trainer.distort_seed = 77;
    again.trainer.distort_epochs = 2;
    again.trainer.threads = 2;
    again.stop_after = 9;
    for (int i = 0; run(&again, &never) != TRAIN_DONE; again.resume = true)
        assert_true(++i < 10);
    expect_same_network(asked.out, again.out);

    /* Another seed, but the same distortions: all its answers are there. */
    struct train_settings other = student("other-seed", 2, "answers"), alone = student("other-alone", 2, NULL);
    other.trainer.seed = alone.trainer.seed = 5;
    other.trainer.distort_seed = alone.trainer.distort_seed = 77;
    other.trainer.distort_epochs = alone.trainer.distort_epochs = 2;
    assert_int_equal(run(&other, &never), TRAIN_DONE);
    assert_int_equal(run(&alone, &never), TRAIN_DONE);
    expect_same_network(alone.out, other.out);
    expect_other_network(asked.out, other.out);
    assert_int_equal(count_files(kept.answers), 2 * 2);
}

/* A file of answers of this run, found by its teacher. */
static void answers_path(const struct train_settings *s, char path[OPTION_TEXT_MAX + 64])
{
    struct model *m = load(s->teacher);
    snprintf(path, OPTION_TEXT_MAX + 64, "%s/d0000-%.12s.answers", s->answers, m->sha256);
    model_free(m);
}

/* Breaks with: answers taken that belong to another distortion, seed, set of pictures or teacher, or are damaged. */
static void test_wrong_answers(void **state)
{
    (void)state;
    struct train_settings s = student("wrong", 1, "wrong-answers");
    struct why why;
    char path[OPTION_TEXT_MAX + 64], mine[OPTION_TEXT_MAX + 64];
    uint8_t *bytes;
    size_t n;
    assert_int_equal(run(&s, &never), TRAIN_DONE);

    struct train_settings bad = s;
    bad.trainer.augment.rotate_deg = 11;
    assert_int_equal(run_error(&bad, &why), ERR_FORMAT);
    expect_words(&why, "rotate is 15 there and 11 here");
    bad = s;
    bad.trainer.seed = 2;
    assert_int_equal(run_error(&bad, &why), ERR_FORMAT);
    expect_words(&why, "distort_seed is 1 there and 2 here");
    bad = s;
    bad.train_first = 200;
    assert_int_equal(run_error(&bad, &why), ERR_FORMAT);
    expect_words(&why, "pictures");

    answers_path(&s, path);
    assert_int_equal(file_read(&bytes, &n, path, 1 << 24, NULL), OK);
    bytes[n / 2] ^= 1;
    assert_int_equal(file_write(path, (struct file_part[]){{bytes, n}}, 1, NULL), OK);
    assert_int_equal(run_error(&s, &why), ERR_FORMAT);
    expect_words(&why, "damaged");
    bytes[n / 2] ^= 1;
    struct train_settings b = student("wrong-b", 1, "wrong-answers"); /* another teacher's name, these answers */
    snprintf(b.teacher, sizeof b.teacher, "%s", teacher_file(1));
    answers_path(&b, mine);
    assert_int_equal(file_write(mine, (struct file_part[]){{bytes, n}}, 1, NULL), OK);
    assert_int_equal(run_error(&b, &why), ERR_FORMAT);
    expect_words(&why, "teacher_sha256");
    free(bytes);
}

/* Breaks with: answers to weaker distortions taken for answers to other ones, or those before the calm refused for what
 * only comes in it. */
static void test_calm_answers(void **state)
{
    (void)state;
    struct train_settings s = student("calm", 1, "calm-answers");
    struct why why;
    s.trainer.calm = 0.4F; /* the last of three epochs */
    s.trainer.calm_strength = 0.5F;
    assert_int_equal(run(&s, &never), TRAIN_DONE);
    assert_int_equal(count_files(s.answers), 3);
    struct train_settings other = s, without = student("no-calm", 1, "calm-answers");
    other.trainer.calm_strength = 0.25F;
    assert_int_equal(run_error(&other, &why), ERR_FORMAT);
    expect_words(&why, "calm_strength is 0.5 there and 0.25 here");
    without.trainer.calm = 0;
    assert_int_equal(run(&without, &never), TRAIN_DONE);
    assert_int_equal(count_files(s.answers), 4);
}

/* Breaks with: a teacher asked about what the student's own first layer makes of a picture, so that what is kept
 * depends on who asked first. */
static void test_moments_answers(void **state)
{
    (void)state;
    struct train_settings plain = student("plain-first", 2, "shared"), upright = student("upright", 2, "shared"),
                          alone = student("upright-alone", 2, "own");
    snprintf(upright.layers, sizeof upright.layers, "moments-%.100s", plain.layers);
    snprintf(alone.layers, sizeof alone.layers, "%s", upright.layers);
    assert_int_equal(run(&plain, &never), TRAIN_DONE);
    assert_int_equal(run(&upright, &never), TRAIN_DONE);
    assert_int_equal(run(&alone, &never), TRAIN_DONE);
    assert_int_equal(count_files(upright.answers), count_files(alone.answers));
    expect_same_network(upright.out, alone.out);
    struct model *m = load(upright.out);
    assert_int_equal(m->layers[0].kind, LAYER_VIEWS);
    model_free(m);
}

/* Breaks with: a run that goes on with other teachers than it began with, starts without a file that it needs, or keeps
 * answers that nobody gives; a record without the teachers' digests. */
static void test_teachers(void **state)
{
    (void)state;
    struct train_settings s = student("taught", 1, NULL);
    struct why why;
    s.stop_after = 3;
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
    s.resume = true;
    for (size_t i = 0; i < train_options_n; i++)
        s.given[i] = strcmp(train_options[i].name, "teacher") == 0;
    snprintf(s.teacher, sizeof s.teacher, "%s", teacher_file(1));
    assert_int_equal(run_error(&s, &why), ERR_FORMAT);
    expect_words(&why, "other teachers");
    snprintf(s.teacher, sizeof s.teacher, "%s", teacher_file(0));
    s.stop_after = 0;
    assert_int_equal(run(&s, &never), TRAIN_DONE);
    struct model *m = load(s.out), *teacher = load(teacher_file(0));
    assert_non_null(strstr(model_meta(m, "teachers"), teacher->sha256));
    model_free(m);
    model_free(teacher);
    s = student("untaught", 0, "answers-of-none");
    assert_int_equal(run_error(&s, &why), ERR_RANGE);
    snprintf(s.teacher, sizeof s.teacher, "%s/no-such.safetensors", dir);
    assert_int_not_equal(run_error(&s, &why), OK);
    expect_words(&why, "no-such.safetensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient),        cmocka_unit_test(test_mean),          cmocka_unit_test(test_share),
        cmocka_unit_test(test_kept_answers),    cmocka_unit_test(test_wrong_answers), cmocka_unit_test(test_teachers),
        cmocka_unit_test(test_moments_answers), cmocka_unit_test(test_calm_answers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
