/* What goes wrong around a training run: killed at any moment, a full disk, wrong data, two runs in one place, text
 * that cannot be put on record, another instruction set. Each time: a clear error, and the old weights file as it was.
 */
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture_train.h"

static const char old[] = "the old weights";

static void write_old(const char *path)
{
    assert_int_equal(file_write(path, (struct file_part[]){{old, sizeof old}}, 1, NULL), OK);
}

static bool is_old(const char *path)
{
    uint8_t *bytes;
    size_t n;
    assert_int_equal(file_read(&bytes, &n, path, 1 << 26, NULL), OK);
    bool same = n == sizeof old && memcmp(bytes, old, n) == 0;
    free(bytes);
    return same;
}

static int count_temporary(const char *path)
{
    int n = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += strstr(e->d_name, ".tmp-") != NULL;
    closedir(d);
    return n;
}

/* ---- killed ---- */

static volatile sig_atomic_t child_stop;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    child_stop = 1;
}

/* A session in a process of its own, which gets the signal after so many milliseconds. True when it came to the end. */
static bool session(const struct train_settings *s, int signal_number, int after_ms)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct why why = {0};
        enum train_end end;
        signal(SIGINT, on_interrupt);
        enum err e = train_run_on(s, &data, "digit train as tested", &child_stop, NULL, &end, &why);
        if (e != OK)
            fprintf(stderr, "%s\n", why.text);
        _exit(e != OK ? 3 : end == TRAIN_DONE ? 0 : 1);
    }
    usleep((useconds_t)after_ms * 1000);
    kill(child, signal_number);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
        fail_msg("a session failed (signal %d after %d ms)", signal_number, after_ms);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Breaks with: a checkpoint or weights file that a kill can leave half-written or lose, a stop that is not seen, a
 * resumed run that is not the uninterrupted one, temporary files that stay for ever. */
static void test_killed(void **state)
{
    (void)state;
    struct train_settings whole = settings("not-killed");
    whole.trainer.epochs = 5;
    assert_int_equal(run(&whole, &never), TRAIN_DONE);
    for (int series = 0; series < 3; series++) {
        char name[32], checkpoint[OPTION_TEXT_MAX + 16];
        snprintf(name, sizeof name, "killed-%d", series);
        struct train_settings s = settings(name);
        s.trainer.epochs = 5;
        s.trainer.threads = 2;
        write_old(s.out);
        snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint", s.run);
        struct rng r;
        rng_seed(&r, 12, RNG_TEST, (uint64_t)series);
        int sessions = 0;
        for (double most_ms = 20;; most_ms *= 1.25) { /* grows: a slow machine gets there as well */
            s.resume = access(checkpoint, F_OK) == 0;
            sessions++;
            int signal_number = rng_below(&r, 2) ? SIGKILL : SIGINT;
            if (session(&s, signal_number, (int)rng_below(&r, (uint32_t)most_ms)))
                break;
            if (!is_old(s.out)) /* killed after the rename: then it is the new one, whole */
                expect_same_network(whole.out, s.out);
        }
        assert_true(sessions > 1);
        expect_same_network(whole.out, s.out);
        assert_int_equal(count_temporary(s.run), 0);
    }
    assert_int_equal(count_temporary(dir), 0);
}

/* Breaks with: temporary files of dead processes that nobody removes; one of a living process that is. */
static void test_sweep(void **state)
{
    (void)state;
    struct train_settings s = settings("swept");
    char stale[2][OPTION_TEXT_MAX + 64], live[OPTION_TEXT_MAX + 64], other[OPTION_TEXT_MAX + 64];
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    s.stop_after = 1;
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
    snprintf(stale[0], sizeof stale[0], "%s/checkpoint.tmp-%ld", s.run, (long)child);
    snprintf(stale[1], sizeof stale[1], "%s.tmp-%ld", s.out, (long)child);
    snprintf(live, sizeof live, "%s.tmp-%ld", s.out, (long)getppid());
    snprintf(other, sizeof other, "%s.tmp-%ldx", s.out, (long)child);
    write_old(stale[0]);
    write_old(stale[1]);
    write_old(live);
    write_old(other);
    s.resume = true;
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
    for (int i = 0; i < 2; i++)
        if (access(stale[i], F_OK) == 0)
            fail_msg("%s is still there", stale[i]);
    assert_int_equal(unlink(live), 0);
    assert_int_equal(unlink(other), 0);
}

/* ---- no room ---- */

static void limit_files(rlim_t bytes)
{
    struct rlimit l;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* Breaks with: a short write taken for a whole one, in the checkpoint, the log, or the weights file. */
static void test_no_room(void **state)
{
    (void)state;
    struct train_settings s = settings("no-room");
    struct why why;
    write_old(s.out);
    signal(SIGXFSZ, SIG_IGN); /* as digit train does: then such a write fails as on a full disk */
    limit_files(6000);
    assert_int_equal(run_error(&s, &why), ERR_IO);
    limit_files(RLIM_INFINITY);
    expect_words(&why, "no-room/checkpoint: File too large");
    assert_true(is_old(s.out));
    assert_int_equal(run(&s, &never), TRAIN_DONE); /* with room, a run in the same place */
    write_old(s.out);
    s.finish = true;
    limit_files(6000);
    assert_int_equal(run_error(&s, &why), ERR_IO);
    limit_files(RLIM_INFINITY);
    expect_words(&why, "no-room.safetensors: File too large");
    assert_true(is_old(s.out));
    assert_int_equal(count_temporary(dir), 0);
    assert_int_equal(count_temporary(s.run), 0);
    assert_int_equal(run(&s, &never), TRAIN_DONE); /* the run is kept: nothing is lost but time */
    assert_false(is_old(s.out));
}

/* ---- wrong data ---- */

static void put_u32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* An IDX file with the test's pictures (dims 3) or labels (dims 1), cut by so many bytes. */
static void write_idx(const char *where, const char *name, int dims, size_t cut)
{
    char path[OPTION_TEXT_MAX + 64];
    uint8_t head[16];
    put_u32(head, 0x800 | (uint32_t)dims);
    put_u32(head + 4, PICTURES);
    put_u32(head + 8, DIGIT_SIDE_PX);
    put_u32(head + 12, DIGIT_SIDE_PX);
    size_t head_n = dims == 3 ? 16 : 8, n = dims == 3 ? sizeof(uint8_t) * PICTURES * DIGIT_PIXELS : PICTURES;
    snprintf(path, sizeof path, "%s/%s", where, name);
    const struct file_part parts[] = {{head, head_n}, {dims == 3 ? data.images : data.labels, n - cut}};
    assert_int_equal(file_write(path, parts, 2, NULL), OK);
}

static void expect_refused(struct train_settings *s, enum err want, const char *words)
{
    struct why why = {0};
    enum train_end end;
    enum err e = train_run(s, "digit train as tested", &never, NULL, &end, &why);
    if (e != want)
        fail_msg("%s instead of %s (%s)", err_str(e), err_str(want), why.text);
    expect_words(&why, words);
    assert_true(is_old(s->out));
}

/* Breaks with: training on pictures that are not MNIST's, on half a file, or on nothing, without a word. */
static void test_wrong_data(void **state)
{
    (void)state;
    static const char images[] = "train-images-idx3-ubyte", labels[] = "train-labels-idx1-ubyte";
    struct train_settings s = settings("wrong-data");
    write_old(s.out);
    snprintf(s.data, sizeof s.data, "%s/mnist", dir);
    assert_int_equal(mkdir(s.data, 0777), 0);
    expect_refused(&s, ERR_NOT_FOUND, "fetch-mnist");
    write_idx(s.data, images, 3, 1);
    write_idx(s.data, labels, 1, 0);
    expect_refused(&s, ERR_TRUNCATED, images);
    write_idx(s.data, images, 3, 0);
    expect_refused(&s, ERR_FORMAT, "SHA-256");
}

/* ---- refused at the start ---- */

/* Breaks with: hours of training before the record turns out to be no text. */
static void test_not_utf8(void **state)
{
    (void)state;
    struct why why;
    struct train_settings s = settings("not-utf8-\xff");
    assert_int_equal(run_error(&s, &why), ERR_FORMAT);
    expect_words(&why, "not UTF-8");
    assert_int_equal(access(s.run, F_OK), -1);
}

/* Breaks with: two processes that write one checkpoint in turns. */
static void test_locked(void **state)
{
    (void)state;
    struct why why;
    struct train_settings s = settings("locked");
    s.stop_after = 20;
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
    int fd = open(s.run, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    s.resume = true;
    assert_int_equal(run_error(&s, &why), ERR_BUSY);
    expect_words(&why, "another process");
    s.finish = true; /* only reads: also beside a run that trains */
    assert_int_equal(run(&s, &never), TRAIN_DONE);
    close(fd);
    s.finish = false;
    s.stop_after = 5;
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
}

/* Breaks with: a loss that is no number and yet goes into a checkpoint. */
static void test_diverges(void **state)
{
    (void)state;
    struct why why;
    struct train_settings s = settings("diverges");
    s.no_bn = true;
    s.trainer.optim.rate = 10;
    s.trainer.optim.warm_up = 0;
    write_old(s.out);
    assert_int_equal(run_error(&s, &why), ERR_RANGE);
    expect_words(&why, "--rate");
    assert_true(is_old(s.out));
    s.resume = true;
    enum err e = run_error(&s, &why);
    assert_true(e == ERR_NOT_FOUND || e == ERR_RANGE); /* nothing to go on with, or it diverges again: never garbage */
}

/* ---- going on ---- */

/* Breaks with: a recipe that changes in the middle; places, or how many examples a rule learns from, that a resumed run
 * has forgotten. */
static void test_kept(void **state)
{
    (void)state;
    struct why why;
    struct train_settings s = settings("kept"), later = train_defaults;
    s.stop_after = 5;
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
    memcpy(later.run, s.run, sizeof later.run);
    later.resume = true;
    later.trainer.epochs = EPOCHS + 1;
    give(&later, "epochs");
    assert_int_equal(run_error(&later, &why), ERR_RANGE);
    expect_words(&why, "--epochs is 3 in that run");
    expect_words(&why, "kept/checkpoint");
    later.trainer.epochs = EPOCHS;
    assert_int_equal(run(&later, &never), TRAIN_DONE); /* writes to the first call's --out */
    struct model *m = load(s.out);
    assert_int_equal(m->reject.hidden, 0);
    model_free(m);
}

/* Breaks with: a run that goes on with another instruction set in silence. */
static void test_kernels(void **state)
{
    (void)state;
    struct why why;
    struct train_settings whole = settings("kernels-whole"), cut = settings("kernels-cut");
    if (!cnn_path_available(CNN_AVX2))
        return; /* one set alone: nothing to mix */
    snprintf(whole.kernels, sizeof whole.kernels, "base");
    assert_int_equal(run(&whole, &never), TRAIN_DONE);
    snprintf(cut.kernels, sizeof cut.kernels, "base");
    cut.stop_after = 5;
    assert_int_equal(run(&cut, &never), TRAIN_STOPPED);
    snprintf(cut.kernels, sizeof cut.kernels, "auto"); /* the default: what it was begun with */
    cut.resume = true;
    assert_int_equal(run(&cut, &never), TRAIN_STOPPED);
    snprintf(cut.kernels, sizeof cut.kernels, "avx2");
    give(&cut, "kernels");
    cut.finish = true; /* changes nothing */
    cut.stop_after = 0;
    assert_int_equal(run_error(&cut, &why), ERR_NOT_FOUND); /* no epoch is done yet */
    cut.finish = false;
    struct train_settings same = cut;
    memset(same.given, 0, sizeof same.given);
    assert_int_equal(run(&same, &never), TRAIN_DONE);
    expect_same_network(whole.out, same.out);
    cut = settings("kernels-mixed");
    snprintf(cut.kernels, sizeof cut.kernels, "base");
    cut.stop_after = 5;
    assert_int_equal(run(&cut, &never), TRAIN_STOPPED);
    snprintf(cut.kernels, sizeof cut.kernels, "avx2");
    give(&cut, "kernels");
    cut.resume = true;
    cut.stop_after = 0;
    assert_int_equal(run(&cut, &never), TRAIN_DONE);
    struct model *m = load(cut.out);
    assert_string_equal(model_meta(m, "kernels"), "base,avx2");
    model_free(m);
    cut = settings("kernels-none");
    snprintf(cut.kernels, sizeof cut.kernels, "avx1024");
    assert_int_equal(run_error(&cut, &why), ERR_RANGE);
    snprintf(cut.kernels, sizeof cut.kernels, "avx512");
    if (!cnn_path_available(CNN_AVX512))
        assert_int_equal(run_error(&cut, &why), ERR_UNSUPPORTED);
}

/* ---- all pictures ---- */

/* Breaks with: --all that leaves the validation pictures out, fits on what it trained on, ships another epoch than the
 * last, or does not say so in the record. */
static void test_all(void **state)
{
    (void)state;
    struct why why;
    struct train_settings honest = settings("honest"), all = settings("all");
    all.all = true;
    assert_int_equal(run_error(&all, &why), ERR_RANGE);
    expect_words(&why, "--like");
    assert_int_equal(run(&honest, &never), TRAIN_DONE);
    memcpy(all.like, honest.out, sizeof all.like);
    assert_int_equal(run(&all, &never), TRAIN_DONE);
    struct model *a = load(honest.out), *b = load(all.out);
    assert_false(same_weights(a, b));
    assert_memory_equal(&a->temperature, &b->temperature, sizeof(float));
    assert_memory_equal(&a->look_again_below, &b->look_again_below, sizeof(float));
    assert_memory_equal(&a->unsure_below, &b->unsure_below, sizeof(float));
    assert_string_equal(model_meta(b, "calibrated_as"), a->sha256);
    assert_non_null(strstr(model_meta(b, "split"), "\"train\":480"));
    assert_non_null(strstr(model_meta(b, "validation"), "\"trained_on\":true"));
    assert_non_null(strstr(model_meta(a, "validation"), "\"trained_on\":false"));
    assert_string_equal(model_meta(b, "epoch"), "3");
    model_free(a);
    model_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed),   cmocka_unit_test(test_sweep),      cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_diverges), cmocka_unit_test(test_wrong_data), cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_locked),   cmocka_unit_test(test_kept),       cmocka_unit_test(test_kernels),
        cmocka_unit_test(test_all),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
