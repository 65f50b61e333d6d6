/* What is told of a network: its figures, its wrong pictures as files and as JSON. */
#include <sys/stat.h>

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

#include "image/image.h"
#include "measure/evaluate.h"
#include "fixture_dir.h"

enum { PICTURES = 5 };

static char dir[] = "/tmp/test_evaluate.XXXXXX";
static uint8_t images[PICTURES + 3][DIGIT_PIXELS], labels[PICTURES + 3];

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < PICTURES + 3; i++)
        for (int k = 0; k < DIGIT_PIXELS; k++)
            images[i][k] = (uint8_t)(i * 31 + k);
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return dir_remove(dir);
}

/* Five answers to pictures 3 to 7 of a dataset: the second and the last are wrong, the last is refused as well. */
static void fill(struct evaluation *e)
{
    static const int truth[] = {7, 4, 0, 1, 9}, said[] = {7, 2, 0, 1, 5};
    *e = (struct evaluation){.data = {.n = PICTURES + 3, .images = images[0], .labels = labels},
                             .temperature = 1,
                             .look_again_below = 0.95,
                             .unsure_below = 0.9,
                             .ink_above = 0.5,
                             .reject_below = -2,
                             .doubt_below = -1,
                             .has_reject = true};
    e->answers.n = PICTURES;
    e->answers.again = 2;
    e->answers.of = calloc(PICTURES, sizeof *e->answers.of);
    e->answers.logits = calloc(PICTURES * MODEL_CLASSES, sizeof *e->answers.logits);
    e->answers.labels = calloc(PICTURES, 1);
    e->answers.index = calloc(PICTURES, sizeof *e->answers.index);
    e->answers.refused = calloc(PICTURES, sizeof *e->answers.refused);
    e->answers.doubted = calloc(PICTURES, sizeof *e->answers.doubted);
    for (int i = 0; i < PICTURES; i++) {
        e->answers.index[i] = (uint32_t)i + 3;
        e->answers.labels[i] = (uint8_t)truth[i];
        e->answers.logits[i * MODEL_CLASSES + said[i]] = i == 1 ? 3 : 20;
        e->answers.of[i] = (struct answer){.digit = said[i], .confidence = i == 1 ? 0.69061F : 1};
    }
    e->answers.refused[4] = e->answers.doubted[4] = true;
    e->answers.of[4].verdict = VERDICT_NOT_A_DIGIT;
    e->answers.of[1].verdict = VERDICT_UNSURE;
    metrics_count(&e->metrics, PICTURES, e->answers.logits, e->answers.labels, e->answers.refused, e->answers.doubted,
                  1, 0.9);
}

/* Breaks when a name, its index or the picture in the file is another's, when right pictures are written, and when the
 * wrong pictures of two networks are mixed in one directory. */
static void test_errors(void **state)
{
    (void)state;
    struct evaluation e;
    struct why why = {0};
    struct image img;
    uint8_t bytes[4096];
    size_t n = 0;
    char path[128], sub[64];
    fill(&e);
    snprintf(sub, sizeof sub, "%s/wrong", dir);
    if (evaluate_errors_write(&e, sub, &n, &why))
        fail_msg("%s", why.text);
    assert_int_equal(n, 2);
    snprintf(path, sizeof path, "%s/00007-truth9-answer5-1.0000.png", sub);
    assert_int_equal(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/00004-truth4-answer2-0.6906.png", sub);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    if (image_decode(bytes, n, &img, &why))
        fail_msg("%s", why.text);
    assert_int_equal(img.raster.w, DIGIT_SIDE_PX);
    assert_memory_equal(img.raster.px, images[4], DIGIT_PIXELS);
    image_free(&img);
    assert_int_equal(evaluate_errors_write(&e, sub, &n, &why), ERR_EXISTS);
    assert_non_null(strstr(why.text, "already holds 2 misread pictures"));
    e.data = (struct dataset){0};
    evaluate_free(&e);
}

/* Breaks when the JSON loses what the model card is made of. */
static void test_json(void **state)
{
    (void)state;
    struct evaluation e;
    struct why why = {0};
    char *text = NULL;
    size_t n = 0;
    struct json *v = NULL;
    int64_t i;
    double d;
    fill(&e);
    FILE *out = open_memstream(&text, &n);
    assert_int_equal(evaluate_json(&e, out, &why), OK);
    fclose(out);
    assert_int_equal(json_parse(&v, text, n, 16, &why), OK);
    const struct json *errors = json_get(v, "errors"), *last = json_at(errors, 1);
    assert_int_equal(json_len(errors), 2);
    assert_true(json_get_int(last, "index", &i) && i == 7);
    assert_true(json_get_int(last, "truth", &i) && i == 9);
    assert_true(json_get_int(last, "answer", &i) && i == 5);
    assert_string_equal(json_get_str(last, "status", NULL), "not_a_digit");
    assert_int_equal(strlen(json_get_str(last, "input", NULL)), 1048);
    assert_memory_equal(json_get_str(last, "input", NULL), "2dr", 3); /* 217, 218: the picture's first bytes */
    assert_true(json_get_num(v, "reject_below", &d) && d == -2);
    assert_true(json_get_num(v, "doubt_below", &d) && d == -1);
    assert_true(json_get_num(v, "look_again_below", &d) && d == 0.95);
    assert_true(json_get_int(v, "looked_again", &i) && i == 2);
    assert_true(json_get_int(v, "doubted", &i) && i == 1);
    assert_true(json_get_int(v, "refused", &i) && i == 1);
    assert_true(json_get_int(v, "unsure_wrong", &i) && i == 1);
    assert_int_equal(json_len(json_get(v, "classes")), 10);
    assert_true(json_len(json_get(v, "bins")) == 2);
    json_free(v);
    free(text);
    e.data = (struct dataset){0};
    evaluate_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_errors), cmocka_unit_test(test_json)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
