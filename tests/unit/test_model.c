/* The weights file: what is written reads back; what is damaged is refused with one line and without a crash; a save
 * that fails leaves the old file. */
#include <sys/resource.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/digest.h"
#include "net/model.h"
#include "random_nets.h"

static char dir[] = "/tmp/test_model.XXXXXX";
static char path[64];

/* conv 1 -> 2, three pools, dense 18 -> 10: every kind of layer in some 2 KiB. */
static struct model *small_model(bool golden)
{
    const struct layer spec[] = {
        {.kind = LAYER_CONV2D, .name = "conv1", .out_c = 2, .kernel = 3, .same = true, .relu = true, .has_bias = true},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_MAXPOOL2},
        {.kind = LAYER_FLATTEN},
        {.kind = LAYER_DENSE, .name = "dense1", .out_c = 10},
        {.kind = LAYER_SOFTMAX}};
    uint64_t seed = 21;
    struct why why = {0};
    struct model *m = NULL;
    if (model_create(&m, spec, 7, &why))
        fail_msg("model_create: %s", why.text);
    random_weights(&seed, m);
    model_set_meta(m, "note", "it says \"7\"\n\xc3\xa9");
    m->temperature = 1.37F;
    m->look_again_below = 0.7F;
    m->unsure_below = 0.1F;
    if (golden) {
        m->n_golden = 1;
        m->golden_input = malloc(DIGIT_PIXELS);
        m->golden_logits = calloc(MODEL_CLASSES, sizeof *m->golden_logits);
        random_picture(&seed, m->golden_input);
        m->golden_logits[3] = -0.5F;
    }
    return m;
}

static void save(struct model *m)
{
    struct why why = {0};
    if (model_save(m, path, &why))
        fail_msg("model_save: %s", why.text);
}

/* The file's bytes, from malloc. */
static uint8_t *slurp(size_t *n)
{
    struct stat st;
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    *n = (size_t)st.st_size;
    uint8_t *bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, *n), st.st_size);
    close(fd);
    return bytes;
}

static void expect_equal(const struct model *a, const struct model *b)
{
    assert_int_equal(a->n_layers, b->n_layers);
    assert_int_equal(a->n_params, b->n_params);
    for (int i = 0; i < a->n_layers; i++) {
        const struct layer *x = &a->layers[i], *y = &b->layers[i];
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->kind, y->kind);
        assert_memory_equal(&x->in_c, &y->in_c, 6 * sizeof x->in_c);
        assert_int_equal(x->kernel, y->kernel);
        assert_int_equal(x->same, y->same);
        assert_int_equal(layer_groups(x), layer_groups(y));
        assert_int_equal(x->moments, y->moments);
        assert_int_equal(x->relu, y->relu);
        assert_int_equal(x->bias == NULL, y->bias == NULL);
    }
    assert_memory_equal(a->block, b->block, a->n_params * sizeof *a->block);
    assert_true(a->temperature == b->temperature && a->look_again_below == b->look_again_below);
    assert_true(a->unsure_below == b->unsure_below);
    assert_int_equal(a->n_golden, b->n_golden);
    if (a->n_golden) {
        assert_memory_equal(a->golden_input, b->golden_input, (size_t)a->n_golden * DIGIT_PIXELS);
        assert_memory_equal(a->golden_logits, b->golden_logits, (size_t)a->n_golden * MODEL_CLASSES * sizeof(float));
    }
}

/* Breaks when anything is lost on the way to the file and back, or a second save gives other bytes. */
static void test_round_trip(void **state)
{
    (void)state;
    struct layer spec[MODEL_LAYERS_MAX];
    const struct layer widest[] = {{.kind = LAYER_VIEWS, .out_c = MODEL_GROUPS_MAX, .moments = ~UINT64_C(6)},
                                   {.kind = LAYER_FLATTEN},
                                   {.kind = LAYER_DENSE, .name = "d", .out_c = MODEL_CLASSES}};
    uint64_t seed = 22;
    size_t n = 0, again_n = 0;
    for (int i = 0; i < 12; i++) {
        struct model *m = NULL, *back = NULL;
        struct why why = {0};
        if (i < 2)
            m = small_model(i == 1);
        else if (model_create(&m, i == 2 ? widest : spec, i == 2 ? 3 : random_layers(&seed, spec), &why) == OK)
            random_weights(&seed, m);
        assert_non_null(m);
        save(m);
        uint8_t *bytes = slurp(&n);
        if (model_load(&back, path, &why))
            fail_msg("model_load: %s", why.text);
        expect_equal(m, back);
        assert_true(back->sha256_in_file);
        assert_string_equal(back->sha256, m->sha256);
        if (i < 2)
            assert_string_equal(model_meta(back, "note"), "it says \"7\"\n\xc3\xa9");
        assert_null(model_meta(back, "no such key"));
        save(back);
        uint8_t *again = slurp(&again_n);
        assert_int_equal(n, again_n);
        assert_memory_equal(bytes, again, n);
        free(bytes);
        free(again);
        model_free(m);
        model_free(back);
    }
}

/* Breaks when another safetensors reader could not open the file, or its digest is not what the header says: the length
 * little-endian, the JSON from '{' on, padded with spaces to 64, the digest over the file with its own digits as '0'.
 */
static void test_file_layout(void **state)
{
    (void)state;
    size_t n = 0, header_n = 0;
    char hex[DIGEST_HEX + 1];
    struct model *m = small_model(true);
    save(m);
    uint8_t *bytes = slurp(&n);
    for (int i = 7; i >= 0; i--)
        header_n = header_n << 8 | bytes[i];
    assert_int_equal((8 + header_n) % 64, 0);
    assert_int_equal(8 + header_n + m->n_params * 4 + 40 + DIGIT_PIXELS, n);
    assert_int_equal(bytes[8], '{');
    struct json *header = NULL;
    assert_int_equal(json_parse(&header, (char *)bytes + 8, header_n, 4, NULL), OK);
    assert_int_equal(json_members(header), 1 + 3 + 2);
    const struct json *shape = json_get(json_get(header, "conv1.weight"), "shape");
    assert_int_equal(json_len(shape), 4); /* [O][I][K][K], as in a PyTorch state_dict */
    const char *told = json_get_str(json_get(header, "__metadata__"), "sha256", NULL);
    char *digits = memmem(bytes, n, told, DIGEST_HEX);
    assert_non_null(digits);
    memset(digits, '0', DIGEST_HEX);
    digest_sha256_hex(bytes, n, hex);
    assert_string_equal(hex, told);
    assert_string_equal(hex, m->sha256);
    const uint8_t *first = bytes + 8 + header_n; /* conv1.weight[0], little-endian */
    const uint32_t bits =
        (uint32_t)first[0] | (uint32_t)first[1] << 8 | (uint32_t)first[2] << 16 | (uint32_t)first[3] << 24;
    assert_memory_equal(&bits, &m->layers[0].weight[0], 4);
    json_free(header);
    free(bytes);
    model_free(m);
}

static void expect_refused(int line, const uint8_t *bytes, size_t n, const char *what, size_t at)
{
    struct why why = {0};
    struct model *m = (struct model *)&why; /* must become NULL */
    uint8_t *exact = malloc(n ? n : 1);     /* so that ASan sees a read past the end */
    assert_non_null(exact);
    memcpy(exact, bytes, n);
    const enum err e = model_parse(&m, exact, n, "x.safetensors", &why);
    free(exact);
    if (e == OK || m != NULL)
        fail_msg("line %d: %s at %zu: accepted", line, what, at);
    if (strncmp(why.text, "x.safetensors: ", 15) != 0 || strchr(why.text, '\n'))
        fail_msg("line %d: %s at %zu: \"%s\"", line, what, at, why.text);
}

/* Breaks when a length is trusted before it is checked. */
static void test_truncated(void **state)
{
    (void)state;
    size_t n = 0;
    struct model *m = small_model(true);
    save(m);
    uint8_t *bytes = slurp(&n);
    for (size_t i = 0; i < n; i++)
        expect_refused(__LINE__, bytes, i, "truncated", i);
    bytes[n] = 0;
    expect_refused(__LINE__, bytes, n + 1, "one byte more", n);
    free(bytes);
    model_free(m);
}

/* Breaks when a damaged file passes: with its digest no flipped bit may, be it in a weight, in a name, in the digest,
 * or in the name of the digest. */
static void test_bit_flips(void **state)
{
    (void)state;
    size_t n = 0;
    struct model *m = small_model(false);
    save(m);
    uint8_t *bytes = slurp(&n);
    for (size_t i = 0; i < 8 * n; i++) {
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
        expect_refused(__LINE__, bytes, n, "bit flip", i);
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    free(bytes);
    model_free(m);
}

/* Breaks when a file is written that could not be read back. */
static void test_not_finite(void **state)
{
    (void)state;
    struct why why = {0};
    struct model *m = small_model(false);
    m->layers[0].weight[0] = (float)INFINITY;
    unlink(path);
    assert_int_equal(model_save(m, path, &why), ERR_RANGE);
    m->layers[0].weight[0] = 0;
    m->temperature = 0;
    assert_int_equal(model_save(m, path, &why), ERR_RANGE);
    assert_int_equal(access(path, F_OK), -1);
    model_free(m);
}

static int files_in_dir(void)
{
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

/* Saves m, which must fail and say so, and looks whether the old file and nothing else is there. */
static void expect_old_file(int line, struct model *m, const char *to)
{
    struct why why = {0};
    struct model *back = NULL;
    const enum err e = model_save(m, to, &why);
    if (e != ERR_IO || why.text[0] == '\0')
        fail_msg("line %d: %s, \"%s\"", line, err_str(e), why.text);
    if (model_load(&back, path, &why))
        fail_msg("line %d: %s", line, why.text);
    assert_string_equal(model_meta(back, "note"), "the old file");
    assert_int_equal(files_in_dir(), 1);
    model_free(back);
}

/* Breaks when a full disk (the write fails half way), a directory that cannot be written, or a rename that fails costs
 * the old file or leaves a temporary one. */
static void test_failed_save(void **state)
{
    (void)state;
    struct rlimit old, tiny;
    char below[96];
    struct model *m = small_model(true);
    model_set_meta(m, "note", "the old file");
    save(m);
    model_set_meta(m, "note", "the new file");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tiny = old;
    tiny.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    expect_old_file(__LINE__, m, path);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    snprintf(below, sizeof below, "%s/no-such-directory/x", dir);
    expect_old_file(__LINE__, m, below);
    expect_old_file(__LINE__, m, dir); /* a directory is not replaced by a file */
    save(m);                           /* and when all is well again, it works */
    struct model *back = NULL;
    assert_int_equal(model_load(&back, path, NULL), OK);
    assert_string_equal(model_meta(back, "note"), "the new file");
    assert_int_equal(files_in_dir(), 1);
    model_free(back);
    model_free(m);
}

/* Breaks when a path that is not a weights file stops the program otherwise than with one line that names it. */
static void test_wrong_paths(void **state)
{
    (void)state;
    char fifo[96];
    struct model *m = NULL;
    struct why why = {0};
    assert_int_equal(model_load(&m, "/no/such/file", &why), ERR_IO);
    assert_non_null(strstr(why.text, "/no/such/file"));
    assert_int_equal(model_load(&m, dir, &why), ERR_FORMAT);
    assert_int_equal(model_load(&m, "/dev/zero", &why), ERR_FORMAT);
    assert_int_equal(model_load(&m, "/dev/null", &why), ERR_FORMAT);
    snprintf(fifo, sizeof fifo, "%s/fifo", dir);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(model_load(&m, fifo, &why), ERR_FORMAT); /* must not wait for a writer */
    unlink(fifo);
}

static int group_setup(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/w.safetensors", dir);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_file_layout), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_bit_flips),   cmocka_unit_test(test_not_finite),  cmocka_unit_test(test_failed_save),
        cmocka_unit_test(test_wrong_paths),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
