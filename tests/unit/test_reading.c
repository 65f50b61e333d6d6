/* Whether a network that was trained on another form of pictures is caught, by what it makes of the samples: the
 * shipped network with its first layer changed to want such pictures, and what must pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/files.h"
#include "image/image.h"
#include "net/cnn.h"

#define SHIPPED "weights/digits.safetensors"

extern const uint8_t cnn_samples[MODEL_CLASSES][DIGIT_PIXELS];

/* Breaks when the samples in the program are not those of the page. */
static void test_samples(void **state)
{
    (void)state;
    for (int digit = 0; digit < MODEL_CLASSES; digit++) {
        char path[64];
        uint8_t *bytes = NULL;
        size_t n = 0;
        struct image picture = {0};
        snprintf(path, sizeof path, "html/samples/%d.png", digit);
        assert_int_equal(file_read(&bytes, &n, path, 1 << 16, NULL), OK);
        assert_int_equal(image_decode(bytes, n, &picture, NULL), OK);
        assert_int_equal(picture.raster.w * picture.raster.h, DIGIT_PIXELS);
        assert_memory_equal(picture.raster.px, cnn_samples[digit], DIGIT_PIXELS);
        image_free(&picture);
        free(bytes);
    }
}

static struct model *shipped(void)
{
    struct model *m = NULL;
    struct why why = {0};
    if (model_load(&m, SHIPPED, &why))
        fail_msg("%s", why.text);
    return m;
}

/* Without golden pictures, as a file from elsewhere is. */
static struct model *foreign(void)
{
    struct model *m = shipped();
    m->n_golden = 0;
    return m;
}

/* m becomes a network that makes of scale * x + offset what it made of x. */
static void want(struct model *m, float scale, float offset)
{
    struct layer *l = &m->layers[0];
    const size_t each = (size_t)(layer_fan_c(l) * l->kernel * l->kernel);
    for (int o = 0; o < l->out_c; o++) {
        float sum = 0;
        for (size_t i = 0; i < each; i++) {
            sum += l->weight[(size_t)o * each + i];
            l->weight[(size_t)o * each + i] /= scale;
        }
        l->bias[o] -= sum * offset / scale;
    }
}

/* m becomes a network that makes of a picture what it made of the picture with rows for columns. */
static void transpose(struct model *m)
{
    for (int i = 0; i < m->n_layers; i++) {
        struct layer *l = &m->layers[i];
        const struct layer *from = i > 0 ? l - 1 : l;
        if (!l->weight)
            continue;
        const int side = l->kind == LAYER_CONV2D ? l->kernel : from->in_h;
        const size_t area = (size_t)(side * side), n = (size_t)l->out_c * (size_t)layer_fan_c(l);
        const size_t squares = l->kind == LAYER_CONV2D ? n : n / area;
        for (size_t s = 0; s < squares; s++)
            for (int y = 0; y < side; y++)
                for (int x = 0; x < y; x++) {
                    float *a = l->weight + s * area + (size_t)(y * side + x);
                    float *b = l->weight + s * area + (size_t)(x * side + y);
                    const float keep = *a;
                    *a = *b;
                    *b = keep;
                }
    }
}

static void expect(int line, const struct model *m, enum err wanted, const char *says)
{
    struct why why = {0};
    struct cnn *c = NULL;
    assert_int_equal(cnn_create(&c, m, CNN_AUTO, &why), OK);
    const enum err e = cnn_reading_check(c, m, "f", &why);
    cnn_free(c);
    if (e != wanted || !strstr(why.text, says) || strchr(why.text, '\n'))
        fail_msg("line %d: %d, \"%s\", must be %d, \"%s\"", line, e, why.text, wanted, says);
}

/* Breaks when one of these is served in silence, or is told to be what it is not. */
static void test_other_forms(void **state)
{
    (void)state;
    static const struct {
        int line;
        float scale, offset;
        const char *says;
    } cases[] = {
        {__LINE__, 255, 0, "as the pixels themselves, 0 to 255 (loss"},
        {__LINE__, 1 / 0.3081F, -0.1307F / 0.3081F, "as (x - 0.1307) / 0.3081, x = pixel / 255 (loss"},
        {__LINE__, 2, -1, "trained on normalised pictures"},
        {__LINE__, -1, 1, "as 1 - x, x = pixel / 255 (loss"},
        {__LINE__, -255, 255, "as 255 - pixel (loss"},
        {__LINE__, -2, 1, "trained on inverted, normalised pictures"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model *m = foreign();
        want(m, cases[i].scale, cases[i].offset);
        expect(cases[i].line, m, ERR_RANGE, cases[i].says);
        model_free(m);
    }
    struct model *m = foreign();
    transpose(m);
    expect(__LINE__, m, ERR_RANGE, "as pixel / 255 with rows and columns swapped (loss");
    model_free(m);
}

/* Breaks when a network that reads digits is refused, or one that has learnt nothing is not, or golden pictures do not
 * vouch for it. */
static void test_as_given(void **state)
{
    (void)state;
    struct model *m = foreign();
    expect(__LINE__, m, OK, "");
    memset(m->block, 0, m->n_params * sizeof *m->block);
    expect(__LINE__, m, ERR_RANGE, "f: it reads 9 of 90 sample digits, and in no known form of pictures");
    m->n_golden = 1;
    expect(__LINE__, m, OK, "");
    model_free(m);
}

/* Breaks when golden logits that were computed from pictures in another form are called a fault of the kernels. */
static void test_golden(void **state)
{
    (void)state;
    struct why why = {0};
    struct cnn *c = NULL;
    struct model *m = shipped();
    model_reject_clear(m);
    want(m, 255, 0);
    assert_int_equal(cnn_create(&c, m, CNN_AUTO, &why), OK);
    assert_int_equal(cnn_self_test(c, m, &why), ERR_FORMAT);
    if (!strstr(why.text, "as the pixels themselves, 0 to 255: the network was trained on such pictures"))
        fail_msg("%s", why.text);
    cnn_free(c);
    for (int k = 0; k < MODEL_CLASSES; k++)
        m->golden_logits[k] += 3;
    assert_int_equal(cnn_create(&c, m, CNN_AUTO, &why), OK);
    assert_int_equal(cnn_self_test(c, m, &why), ERR_FORMAT);
    if (!strstr(why.text, "from the golden logits"))
        fail_msg("%s", why.text);
    cnn_free(c);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_as_given),
        cmocka_unit_test(test_golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
