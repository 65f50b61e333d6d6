/* Whole training runs on made-up pictures: stopped and gone on with against uninterrupted, what a stop leaves behind,
 * what the weights file says, what damaged checkpoints do; and layer lists as words. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/block_file.h"
#include "net/cnn.h"
#include "network/layer_list.h"
#include "fixture_train.h"

static const volatile sig_atomic_t at_once = 1;

/* Breaks with: a moment, average, step, order of pictures or best-so-far that a checkpoint does not bring back; a
 * result that depends on the number of threads or of sessions. */
static void test_resume(void **state)
{
    (void)state;
    struct train_settings whole = settings("whole"), cut = settings("cut");
    assert_int_equal(run(&whole, &never), TRAIN_DONE);
    int sessions = 0;
    for (cut.stop_after = 5;; cut.resume = true) { /* 13 steps an epoch: stops inside epochs and across their ends */
        cut.trainer.threads = 1 + sessions % 2;
        sessions++;
        if (run(&cut, &never) == TRAIN_DONE)
            break;
        assert_true(sessions < 20);
    }
    assert_true(sessions >= 7);
    expect_same_network(whole.out, cut.out);
}

/* Breaks with: a stop, while training or while the rule for what is no digit is learnt, that writes half a weights
 * file, touches the old one or leaves temporary files; a new run that throws an unfinished one away. */
static void test_stop_keeps_old_file(void **state)
{
    (void)state;
    struct train_settings s = settings("stopped");
    struct why why;
    uint8_t *bytes;
    size_t n;
    const char old[] = "the old weights";
    assert_int_equal(file_write(s.out, (struct file_part[]){{old, sizeof old}}, 1, NULL), OK);
    assert_int_equal(run(&s, &at_once), TRAIN_STOPPED);
    assert_int_equal(run_error(&s, &why), ERR_EXISTS);
    s.resume = true;
    s.stop_after = 20;
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
    assert_int_equal(file_read(&bytes, &n, s.out, 1000, NULL), OK);
    assert_int_equal(n, sizeof old);
    assert_memory_equal(bytes, old, n);
    free(bytes);
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".tmp"))
            fail_msg("%s was left behind", e->d_name);
    closedir(d);
    s.finish = true; /* one epoch is done: its weights can be had */
    s.reject_examples = 10;
    give(&s, "reject-examples");                        /* kept with the run, but where a later call says another */
    assert_int_equal(run(&s, &at_once), TRAIN_STOPPED); /* while the rule is learnt */
    assert_int_equal(file_read(&bytes, &n, s.out, 1000, NULL), OK);
    assert_int_equal(n, sizeof old);
    free(bytes);
    assert_int_equal(run(&s, &never), TRAIN_DONE);
    struct model *m = load(s.out);
    assert_string_equal(model_meta(m, "epoch"), "1");
    assert_true(m->reject.hidden > 0);
    model_free(m);
}

/* Breaks with: a record that lacks what a sceptic asks for, golden logits that the engine does not give, a finished
 * network that has not learnt its (easy) pictures. */
static void test_weights_file(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "name",        "dataset",          "split",          "seed",  "command", "kernels",     "settings",
        "validation",  "curves",           "n_params",       "epoch", "sha256",  "temperature", "unsure_below",
        "unsure_rule", "look_again_below", "look_again_rule"};
    struct train_settings s = settings("recorded");
    struct why why = {0};
    assert_int_equal(run(&s, &never), TRAIN_DONE);
    struct model *m = load(s.out);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!model_meta(m, keys[i]))
            fail_msg("metadata lack %s", keys[i]);
    assert_string_equal(model_meta(m, "name"), "recorded");
    assert_string_equal(model_meta(m, "command"), "digit train as tested");
    assert_true(m->sha256_in_file);
    assert_int_equal(m->n_golden, 20);
    struct json *v, *curves;
    assert_int_equal(json_parse(&v, model_meta(m, "validation"), strlen(model_meta(m, "validation")), 8, &why), OK);
    assert_int_equal(json_parse(&curves, model_meta(m, "curves"), strlen(model_meta(m, "curves")), 8, &why), OK);
    int64_t pictures;
    double accuracy; /* of the curve: the record's own figure is of pictures that the normaliser has centred */
    assert_true(json_get_int(v, "pictures", &pictures));
    assert_int_equal(pictures, PICTURES / 12);
    assert_int_equal(json_len(json_get(curves, "loss")), EPOCHS);
    assert_true(json_num(json_at(json_get(curves, "validation_accuracy"), EPOCHS - 1), &accuracy));
    assert_true(accuracy > 0.8);
    json_free(v);
    json_free(curves);
    struct cnn *c;
    assert_int_equal(cnn_create(&c, m, CNN_AUTO, &why), OK);
    if (cnn_self_test(c, m, &why) != OK)
        fail_msg("%s", why.text);
    cnn_free(c);
    model_free(m);
}

/* Breaks with: a log that is not one JSON object a line, or lacks an epoch. */
static void test_log(void **state)
{
    (void)state;
    struct train_settings s = settings("recorded");
    char path[OPTION_TEXT_MAX + 16];
    uint8_t *bytes;
    size_t n, lines = 0;
    struct why why = {0};
    snprintf(path, sizeof path, "%s/log.jsonl", s.run);
    if (file_read(&bytes, &n, path, 1 << 20, &why) != OK)
        fail_msg("%s", why.text);
    bytes[n] = '\0';
    for (char *line = strtok((char *)bytes, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        struct json *v;
        int64_t number;
        if (json_parse(&v, line, strlen(line), 8, &why) != OK)
            fail_msg("line %zu: %s", lines, why.text);
        assert_string_equal(json_get_str(v, "event", NULL), lines == 0 ? "start" : "epoch");
        if (lines > 0) {
            assert_true(json_get_int(v, "epoch", &number));
            assert_int_equal(number, lines);
        }
        json_free(v);
    }
    assert_int_equal(lines, EPOCHS + 1);
    free(bytes);
}

/* Breaks with: a checkpoint that is taken although a byte of it is wrong or missing, or a crash on one. */
static void test_damaged_checkpoint(void **state)
{
    (void)state;
    struct train_settings s = settings("damaged");
    char path[OPTION_TEXT_MAX + 16];
    uint8_t *bytes;
    size_t n;
    struct why why;
    s.stop_after = 3;
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
    s.resume = true;
    snprintf(path, sizeof path, "%s/checkpoint", s.run);
    assert_int_equal(file_read(&bytes, &n, path, 1 << 26, NULL), OK);
    for (size_t at = 0; at < n; at += at < 1200 ? 61 : n / 17) {
        bytes[at] ^= 0x10;
        assert_int_equal(file_write(path, (struct file_part[]){{bytes, n}}, 1, NULL), OK);
        if (run_error(&s, &why) == OK)
            fail_msg("byte %zu was changed and nobody noticed", at);
        bytes[at] ^= 0x10;
        assert_int_equal(file_write(path, (struct file_part[]){{bytes, at}}, 1, NULL), OK);
        if (run_error(&s, &why) == OK)
            fail_msg("cut to %zu bytes and nobody noticed", at);
    }
    assert_int_equal(file_write(path, (struct file_part[]){{bytes, n}}, 1, NULL), OK);
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
    free(bytes);
}

/* Breaks with: a run that starts although its files cannot be written, or a resume out of nothing. */
static void test_refusals(void **state)
{
    (void)state;
    struct train_settings s = settings("nothing");
    struct why why;
    s.resume = true;
    assert_int_equal(run_error(&s, &why), ERR_NOT_FOUND);
    s.resume = false;
    snprintf(s.run, sizeof s.run, "/dev/null/run");
    assert_int_not_equal(run_error(&s, &why), OK);
    s = settings("nowhere");
    snprintf(s.out, sizeof s.out, "%s/no/such/place.safetensors", dir);
    assert_int_equal(run_error(&s, &why), ERR_IO); /* before the first step, not after hours */
    snprintf(s.out, sizeof s.out, "%s", dir);
    assert_int_equal(run_error(&s, &why), ERR_IO);
    snprintf(s.out, sizeof s.out, "%s/", dir);
    assert_int_equal(run_error(&s, &why), ERR_IO);
    assert_int_not_equal(access(s.run, F_OK), 0);
}

/* Breaks with: a layer list that is taken although it says nothing, or something else. */
static void test_arch(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "dense9",
                                      "conv32",
                                      "conv0-dense10",
                                      "pool-",
                                      "-dense10",
                                      "conv8x4-dense10",
                                      "conv8-dense10-conv8-dense10",
                                      "pool-pool-pool-pool-pool-dense10",
                                      "conv99999-dense10",
                                      "dense10-pool",
                                      "conv8 -dense10",
                                      "relu-dense10",
                                      "moments",
                                      "moments3-conv8-dense10",
                                      "conv8-moments-dense10",
                                      "moments-moments-dense10"};
    struct why why;
    struct model *m;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why = (struct why){{0}};
        if (layer_list_parse(&m, bad[i], &why) == OK || m || !why.text[0])
            fail_msg("\"%s\" was taken, or refused without a word", bad[i]);
    }
    assert_int_equal(layer_list_parse(&m, LAYER_LIST_DEFAULT, &why), OK);
    assert_int_equal(m->n_params, 32 * 9 + 32 + 64 * 32 * 9 + 64 + 128 * 64 * 9 + 128 + 1152 * 10 + 10);
    assert_true(m->layers[0].relu && m->layers[0].same && !m->layers[7].relu);
    model_free(m);
}

/* Breaks with: --writers that does not reach the run, does not say so in the record, or goes with --all; a run of
 * before there was such a flag that cannot be gone on with. */
static void test_writers(void **state)
{
    (void)state;
    struct why why;
    struct train_settings s = settings("writers"), old = train_defaults;
    s.writers = true;
    assert_int_equal(run(&s, &never), TRAIN_DONE);
    struct model *m = load(s.out);
    assert_non_null(strstr(model_meta(m, "split"), "the last sixth, of other writers"));
    assert_non_null(strstr(model_meta(m, "split"), "\"train\":400"));
    assert_non_null(strstr(model_meta(m, "split"), "\"validation\":80"));
    assert_null(strstr(model_meta(m, "split"), "seed"));
    model_free(m);
    s.all = true;
    assert_int_equal(run_error(&s, &why), ERR_RANGE);
    expect_words(&why, "--writers");
    struct json *kept = json_new_object();
    options_write(train_options, train_options_n, &s, OPTION_KEPT, kept);
    assert_non_null(json_get(kept, "writers"));
    json_remove(kept, "writers");
    old.writers = true;
    json_remove(kept, "reject-examples"); /* what a later call may change is what that call says */
    old.reject_examples = 7;
    assert_int_equal(options_read(train_options, train_options_n, &old, NULL, kept, &why), OK);
    assert_false(old.writers);
    assert_int_equal(old.reject_examples, 7);
    json_remove(kept, "out"); /* there always was one */
    assert_int_equal(options_read(train_options, train_options_n, &old, NULL, kept, &why), ERR_FORMAT);
    expect_words(&why, "out");
    json_set_str(kept, "out", s.out);
    json_remove(kept, "seed");
    assert_int_equal(options_read(train_options, train_options_n, &old, NULL, kept, &why), ERR_FORMAT);
    expect_words(&why, "seed");
    json_free(kept);
}

/* Breaks with: a run that was begun before there was a calm at its end and cannot be gone on with, or gets one. */
static void test_older_run(void **state)
{
    (void)state;
    struct train_settings s = settings("older"), plain = settings("plain");
    struct block_file f;
    struct why why = {0};
    char path[OPTION_TEXT_MAX + 16];
    s.trainer.calm = plain.trainer.calm = 0;
    s.stop_after = 5;
    assert_int_equal(run(&plain, &never), TRAIN_DONE);
    assert_int_equal(run(&s, &never), TRAIN_STOPPED);
    snprintf(path, sizeof path, "%s/checkpoint", s.run);
    assert_int_equal(block_file_read(&f, path, "DIGTRUN2", 1 << 24, &why), OK);
    float *floats = malloc(f.float_bytes);
    assert_non_null(floats);
    memcpy(floats, f.floats, f.float_bytes);
    json_remove(json_get(f.head, "settings"), "calm");
    json_remove(json_get(f.head, "settings"), "calm-strength");
    const struct float_block all = {floats, f.float_bytes / sizeof(float)};
    assert_int_equal(block_file_write(path, "DIGTRUN2", f.head, &all, 1, &why), OK);
    block_file_free(&f);
    free(floats);
    s.trainer.calm = 0.5F; /* what a default would be */
    s.resume = true;
    s.stop_after = 0;
    assert_int_equal(run(&s, &never), TRAIN_DONE);
    struct model *a = load(s.out), *b = load(plain.out);
    assert_true(same_weights(a, b));
    model_free(a);
    model_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_stop_keeps_old_file),
        cmocka_unit_test(test_weights_file),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_damaged_checkpoint),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_arch),
        cmocka_unit_test(test_writers),
        cmocka_unit_test(test_older_run),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
