/* Everything that parses and allocates, over the fuzzers' corpora, with the n-th allocation failing: the answer is the
 * one that there would be with memory, or that there is none. Nothing is called damaged that is not. Under the
 * sanitizers this finds what is left behind as well. */
#include "fixture_memory.h"

#include "fixture_store.h"

#include "base/json.h"
#include "image/image.h"
#include "net/model.h"
#include "web/http/form_body.h"
#include "pictures.h"

enum { FIRST_ONES = 40 };

static struct why why;
static uint64_t seen; /* of what was parsed: pixels, parameters, text */

static void see(const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        seen = (seen ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static enum err parse_image(const uint8_t *bytes, size_t n)
{
    struct image img;
    enum err e = image_decode(bytes, n, &img, &why);

    memory.on = false;
    if (e == OK)
        see(img.raster.px, (size_t)img.raster.w * (size_t)img.raster.h);
    image_free(&img);
    return e;
}

static enum err parse_model(const uint8_t *bytes, size_t n)
{
    struct model *m = NULL;
    enum err e = model_parse(&m, bytes, n, "corpus", &why);

    memory.on = false;
    if (e == OK)
        see(m->block, m->n_params * sizeof(*m->block));
    model_free(m);
    return e;
}

static void see_json(struct json *v)
{
    struct buf *text = buf_new(1 << 20);

    memory.on = false;
    assert_non_null(text);
    assert_int_equal(json_write(v, 17, text), OK);
    see(buf_data(text), buf_len(text));
    buf_free(text);
}

static enum err parse_json(const uint8_t *bytes, size_t n)
{
    struct json *v = NULL;
    enum err e = json_parse(&v, (const char *)bytes, n, 16, &why);

    memory.on = false;
    if (e == OK)
        see_json(v);
    json_free(v);
    return e;
}

static enum err parse_form(const uint8_t *bytes, size_t n)
{
    struct json *v = NULL;
    enum err e = form_body_parse(&v, (const char *)bytes, n, &why);

    memory.on = false;
    if (e == OK)
        see_json(v);
    json_free(v);
    return e;
}

static int failures;
static bool may_misname; /* another error than the lack of memory is no harm */

static enum err parse(enum err (*parser)(const uint8_t *, size_t), const uint8_t *bytes, size_t n, int fail_in)
{
    enum err e;

    seen = 0;
    memory.fail_in = fail_in;
    memory.for_good = false;
    memory.failed = false;
    memory.on = true;
    e = parser(bytes, n);
    memory.on = false;
    return e;
}

static void file_fails(enum err (*parser)(const uint8_t *, size_t), const char *path)
{
    size_t n;
    uint8_t *bytes = file_read(path, &n);
    const enum err whole = parse(parser, bytes, n, -1);
    const uint64_t is = seen;

    for (int i = 0; i == 0 || memory.failed; i += 1 + i / FIRST_ONES) {
        const enum err e = parse(parser, bytes, n, i);

        failures += memory.failed;
        if (e != ERR_NOMEM && (e != whole || (e == OK && seen != is)) && (e == OK || !may_misname))
            fail_msg("%s, without the %d. allocation: %s (%s), and with it %s", path, i, err_str(e), why.text,
                     err_str(whole));
    }
    free(bytes);
}

static void corpus_fails(const char *name, enum err (*parser)(const uint8_t *, size_t))
{
    char dir[100], path[400];
    int files = 0;
    DIR *d;

    (void)snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%s", name);
    d = opendir(dir);
    assert_non_null(d);
    failures = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
            continue;
        /* Without memory libavif 0.11 aborts, libtiff 4.5 follows a null pointer and libwebp 1.2 frees what it never
         * had: the decoder is lost, as by any crash, and its picture answered (R1, R31). */
        if (strstr(path, ".avif") != NULL || strstr(path, ".tif") != NULL || strstr(path, ".webp") != NULL)
            continue;
        files++;
        file_fails(parser, path);
    }
    (void)closedir(d);
    print_message("# R116: %s: %d files, %d failed allocations\n", name, files, failures);
    assert_true(files > 3 && failures > files);
}

static void pictures(void **state)
{
    (void)state;
    assert_int_equal(image_warm_up(&why), OK);
    corpus_fails("image", parse_image);
}

static void models(void **state)
{
    (void)state;
    may_misname = true; /* whoever installs a network reads the sentence, which tells it */
    corpus_fails("model", parse_model);
    may_misname = false;
}

/* Breaks when a file that is far too large, or that the memory does not reach for, is begun with. */
static void model_files(void **state)
{
    char path[] = "/tmp/digitd-test-XXXXXX";
    struct model *m = NULL;
    int fd = mkostemp(path, O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 81 << 20), 0);
    assert_int_equal(model_load(&m, path, &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "larger than 80 MiB"));
    assert_int_equal(ftruncate(fd, 80 << 20), 0);
    memory.fail_in = 0;
    memory.on = true;
    assert_int_equal(model_load(&m, path, &why), ERR_NOMEM);
    memory.on = false;
    assert_null(m);
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
}

static void texts(void **state)
{
    (void)state;
    corpus_fails("json", parse_json);
    corpus_fails("form", parse_form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pictures), cmocka_unit_test(models),
                                       cmocka_unit_test(model_files), cmocka_unit_test(texts)};

    return cmocka_run_group_tests_name("parse_memory", tests, NULL, NULL);
}
