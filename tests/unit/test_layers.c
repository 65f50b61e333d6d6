/* The naive layers on values worked out by hand, and their gradients against finite differences. What is wrong here is
 * wrong everywhere, since all else is compared with these layers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/layers.h"
#include "random_nets.h"

enum { FLOATS_MAX = 4096 };

static void expect_values(int line, const double *got, const double *want, int n)
{
    for (int i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) < 1e-12))
            fail_msg("line %d: value %d is %.17g, must be %.17g", line, i, got[i], want[i]);
}

static struct layer conv_layer(int in_c, int in_h, int in_w, int out_c, int kernel, bool same, bool relu)
{
    const int lost = same ? 0 : kernel - 1;
    return (struct layer){.kind = LAYER_CONV2D,
                          .in_c = in_c,
                          .in_h = in_h,
                          .in_w = in_w,
                          .out_c = out_c,
                          .out_h = in_h - lost,
                          .out_w = in_w - lost,
                          .kernel = kernel,
                          .same = same,
                          .relu = relu};
}

/* Breaks when a row or column of the kernel that lies in the padding ends the loop instead of being skipped. */
static void test_same_border(void **state)
{
    (void)state;
    double in[25], w[25], out[25];
    for (int i = 0; i < 25; i++)
        in[i] = w[i] = 1;
    const struct layer three = conv_layer(1, 3, 3, 1, 3, true, false);
    layer_conv2d_forward(&three, w, NULL, in, out);
    expect_values(__LINE__, out, (double[]){4, 6, 4, 6, 9, 6, 4, 6, 4}, 9);
    const struct layer five = conv_layer(1, 2, 3, 1, 5, true, false); /* kernel larger than the picture */
    layer_conv2d_forward(&five, w, NULL, in, out);
    expect_values(__LINE__, out, (double[]){6, 6, 6, 6, 6, 6}, 6);
    const struct layer wide = conv_layer(1, 4, 5, 1, 5, true, false);
    layer_conv2d_forward(&wide, w, NULL, in, out);
    expect_values(__LINE__, out, (double[]){9, 12, 15, 12, 9, 12, 16, 20, 16, 12, 12, 16, 20, 16, 12, 9, 12, 15, 12, 9},
                  20);
}

/* Breaks when the kernel is flipped (a true convolution), or x and y are exchanged: one tap moves the picture. */
static void test_orientation(void **state)
{
    (void)state;
    const double in[6] = {1, 2, 3, 4, 5, 6}; /* 2 rows of 3 */
    double w[9] = {0}, out[6];
    const struct layer l = conv_layer(1, 2, 3, 1, 3, true, false);
    w[0 * 3 + 1] = 1; /* what lies above */
    layer_conv2d_forward(&l, w, NULL, in, out);
    expect_values(__LINE__, out, (double[]){0, 0, 0, 1, 2, 3}, 6);
    w[0 * 3 + 1] = 0;
    w[1 * 3 + 2] = 1; /* what lies to the right */
    layer_conv2d_forward(&l, w, NULL, in, out);
    expect_values(__LINE__, out, (double[]){2, 3, 0, 5, 6, 0}, 6);
}

/* Breaks when channels, biases, "valid" or the ReLU are mixed up. Two channels of 3x4 in, two of 1x2 out. */
static void test_valid_channels(void **state)
{
    (void)state;
    double in[24], w[36] = {0}, out[4];
    const double bias[2] = {0.5, -100};
    for (int i = 0; i < 24; i++)
        in[i] = i;
    w[0 * 18 + 0 * 9 + 4] = 1;  /* o 0: centre of channel 0 */
    w[0 * 18 + 1 * 9 + 8] = 2;  /* and twice the last tap of channel 1 */
    w[1 * 18 + 1 * 9 + 0] = -3; /* o 1: minus three times the first tap of channel 1 */
    struct layer l = conv_layer(2, 3, 4, 2, 3, false, false);
    layer_conv2d_forward(&l, w, bias, in, out);
    expect_values(__LINE__, out, (double[]){5 + 2 * 22 + 0.5, 6 + 2 * 23 + 0.5, -136, -139}, 4);
    l.relu = true;
    layer_conv2d_forward(&l, w, bias, in, out);
    expect_values(__LINE__, out, (double[]){49.5, 52.5, 0, 0}, 4);
}

/* Breaks when an odd last row or column is not dropped, or when equal values share the gradient. */
static void test_maxpool_odd(void **state)
{
    (void)state;
    const struct layer l = {
        .kind = LAYER_MAXPOOL2, .in_c = 2, .in_h = 3, .in_w = 5, .out_c = 2, .out_h = 1, .out_w = 2};
    const double in[30] = {1, 7, -3, -2, 99, 2, 3, -5, -1, 99, 99, 99, 99, 99, 99, /* channel 0 */
                           4, 4, 0,  0,  99, 4, 4, 0,  1,  99, 99, 99, 99, 99, 99};
    const double d_out[4] = {10, 20, 30, 40};
    double out[4], d_in[30], want[30] = {0};
    layer_maxpool2_forward(&l, in, out);
    expect_values(__LINE__, out, (double[]){7, -1, 4, 1}, 4);
    for (int i = 0; i < 30; i++)
        d_in[i] = 12345; /* must be overwritten */
    layer_maxpool2_backward(&l, in, d_out, d_in);
    want[1] = 10;
    want[8] = 20;
    want[15] = 30; /* the first of four equal ones */
    want[23] = 40;
    expect_values(__LINE__, d_in, want, 30);
}

/* Breaks when rows and columns of a dense weight are exchanged. */
static void test_dense(void **state)
{
    (void)state;
    struct layer l = {.kind = LAYER_DENSE, .in_c = 3, .in_h = 1, .in_w = 1, .out_c = 2, .out_h = 1, .out_w = 1};
    const double in[3] = {1, 10, 100}, w[6] = {1, 2, 3, -4, -5, -6}, bias[2] = {0.25, 0.5};
    double out[2];
    layer_dense_forward(&l, w, bias, in, out);
    expect_values(__LINE__, out, (double[]){321.25, -653.5}, 2);
    l.relu = true;
    layer_dense_forward(&l, w, NULL, in, out);
    expect_values(__LINE__, out, (double[]){321, 0}, 2);
}

/* Breaks when the maximum is not subtracted (exp(1000) is infinite). */
static void test_softmax(void **state)
{
    (void)state;
    const double in[3] = {1000, 1000 + log(2), 1000 + log(5)};
    double out[3], d[3];
    layer_softmax_forward(3, in, out);
    expect_values(__LINE__, out, (double[]){1 / 8.0, 2 / 8.0, 5 / 8.0}, 3);
    const double loss = layer_cross_entropy(3, in, 1, d);
    expect_values(__LINE__, &loss, (double[]){log(4)}, 1);
    expect_values(__LINE__, d, (double[]){1 / 8.0, 2 / 8.0 - 1, 5 / 8.0}, 3);
    const double sure = layer_cross_entropy(2, (double[]){0, -2000}, 1, NULL);
    expect_values(__LINE__, &sure, (double[]){2000}, 1);
}

/* One layer with random numbers in all places; the loss is the sum of out[i] * factor[i]. */
struct probe {
    struct layer l;
    int n_in, n_weight, n_out;
    double in[FLOATS_MAX], weight[FLOATS_MAX], bias[64], out[FLOATS_MAX], factor[FLOATS_MAX];
    double d_in[FLOATS_MAX], d_weight[FLOATS_MAX], d_bias[64];
};

static void probe_forward(struct probe *p)
{
    if (p->l.kind == LAYER_CONV2D)
        layer_conv2d_forward(&p->l, p->weight, p->bias, p->in, p->out);
    else if (p->l.kind == LAYER_DENSE)
        layer_dense_forward(&p->l, p->weight, p->bias, p->in, p->out);
    else
        layer_maxpool2_forward(&p->l, p->in, p->out);
}

static void probe_backward(struct probe *p)
{
    if (p->l.kind == LAYER_CONV2D)
        layer_conv2d_backward(&p->l, p->weight, p->in, p->out, p->factor, p->d_in, p->d_weight, p->d_bias);
    else if (p->l.kind == LAYER_DENSE)
        layer_dense_backward(&p->l, p->weight, p->in, p->out, p->factor, p->d_in, p->d_weight, p->d_bias);
    else
        layer_maxpool2_backward(&p->l, p->in, p->factor, p->d_in);
}

static double probe_loss(struct probe *p)
{
    double loss = 0;
    probe_forward(p);
    for (int i = 0; i < p->n_out; i++)
        loss += p->out[i] * p->factor[i];
    return loss;
}

/* Central differences of step 1e-6 are good to about 1e-9 here; 1e-6 is asserted. A gradient that is wrong in one term
 * is off by 1e-2 and more. */
static void expect_slopes(struct probe *p, const char *what, double *value, const double *gradient, int n)
{
    const double step = 1e-6;
    for (int i = 0; i < n; i++) {
        const double keep = value[i];
        value[i] = keep + step;
        const double up = probe_loss(p);
        value[i] = keep - step;
        const double down = probe_loss(p);
        value[i] = keep;
        const double slope = (up - down) / (2 * step);
        if (!(fabs(slope - gradient[i]) < 1e-6))
            fail_msg("%s %d of %dx%dx%d -> %dx%dx%d, kernel %d, same %d, relu %d: gradient %.9g, slope %.9g", what, i,
                     p->l.in_c, p->l.in_h, p->l.in_w, p->l.out_c, p->l.out_h, p->l.out_w, p->l.kernel, p->l.same,
                     p->l.relu, gradient[i], slope);
    }
}

static void check_gradients(struct layer l, uint64_t *seed)
{
    static struct probe p;
    p = (struct probe){.l = l, .n_in = l.in_c * l.in_h * l.in_w, .n_out = l.out_c * l.out_h * l.out_w};
    if (l.kind != LAYER_MAXPOOL2)
        p.n_weight = l.out_c * layer_fan_c(&l) * (l.kind == LAYER_CONV2D ? l.kernel * l.kernel : 1);
    for (int i = 0; i < FLOATS_MAX; i++) {
        p.in[i] = random_unit(seed);
        p.weight[i] = random_unit(seed);
        p.factor[i] = random_unit(seed);
        p.d_in[i] = 12345; /* must be overwritten */
    }
    for (int i = 0; i < 64; i++)
        p.bias[i] = random_unit(seed);
    probe_forward(&p);
    probe_backward(&p);
    expect_slopes(&p, "input", p.in, p.d_in, p.n_in);
    if (l.kind == LAYER_MAXPOOL2)
        return;
    expect_slopes(&p, "weight", p.weight, p.d_weight, p.n_weight);
    expect_slopes(&p, "bias", p.bias, p.d_bias, l.out_c);
    const double once_weight = p.d_weight[0], once_bias = p.d_bias[0];
    probe_forward(&p);
    probe_backward(&p); /* a second time: parameters' gradients add up */
    expect_values(__LINE__, p.d_weight, (double[]){2 * once_weight}, 1);
    expect_values(__LINE__, p.d_bias, (double[]){2 * once_bias}, 1);
}

/* Breaks when an output of a group sees another group's input, or its weights are another's: two groups are the two
 * convolutions of the halves. */
static void test_groups(void **state)
{
    (void)state;
    enum { IN = 4, OUT = 6, PX = 5 * 4, TAPS = 9 };
    uint64_t seed = 3;
    double in[IN * PX], w[OUT * IN / 2 * TAPS], bias[OUT], whole[OUT * PX], half[OUT / 2 * PX];
    for (int i = 0; i < IN * PX; i++)
        in[i] = random_unit(&seed);
    for (int i = 0; i < OUT * IN / 2 * TAPS; i++)
        w[i] = random_unit(&seed);
    for (int i = 0; i < OUT; i++)
        bias[i] = random_unit(&seed);
    struct layer l = conv_layer(IN, 5, 4, OUT, 3, true, false);
    const struct layer part = conv_layer(IN / 2, 5, 4, OUT / 2, 3, true, false);
    l.groups = 2;
    layer_conv2d_forward(&l, w, bias, in, whole);
    for (int g = 0; g < 2; g++) {
        layer_conv2d_forward(&part, w + g * OUT / 2 * IN / 2 * TAPS, bias + g * OUT / 2, in + g * IN / 2 * PX, half);
        expect_values(__LINE__, whole + g * OUT / 2 * PX, half, OUT / 2 * PX);
    }
}

/* Breaks when any term of a backward pass is missing or in the wrong place, above all at a border. */
static void test_gradients(void **state)
{
    (void)state;
    uint64_t seed = 20240901;
    for (int relu = 0; relu < 2; relu++) {
        check_gradients(conv_layer(1, 5, 7, 2, 3, true, relu), &seed);
        check_gradients(conv_layer(2, 5, 4, 3, 3, false, relu), &seed);
        check_gradients(conv_layer(2, 6, 5, 2, 5, true, relu), &seed);
        check_gradients(conv_layer(3, 5, 6, 2, 5, false, relu), &seed);
        check_gradients(conv_layer(2, 2, 1, 2, 5, true, relu), &seed); /* the kernel hangs over on all sides */
        struct layer grouped = conv_layer(6, 4, 5, 4, 3, true, relu);
        grouped.groups = 2;
        check_gradients(grouped, &seed);
        check_gradients((struct layer){.kind = LAYER_DENSE,
                                       .in_c = 13,
                                       .in_h = 1,
                                       .in_w = 1,
                                       .out_c = 7,
                                       .out_h = 1,
                                       .out_w = 1,
                                       .relu = relu},
                        &seed);
    }
    check_gradients(
        (struct layer){.kind = LAYER_MAXPOOL2, .in_c = 3, .in_h = 5, .in_w = 7, .out_c = 3, .out_h = 2, .out_w = 3},
        &seed);
    check_gradients(
        (struct layer){.kind = LAYER_MAXPOOL2, .in_c = 1, .in_h = 4, .in_w = 2, .out_c = 1, .out_h = 2, .out_w = 1},
        &seed);
}

/* Breaks when the gradient of the loss is not softmax minus one-hot. */
static void test_cross_entropy_gradient(void **state)
{
    (void)state;
    uint64_t seed = 7;
    double logits[10], d[10];
    for (int i = 0; i < 10; i++)
        logits[i] = 5 * random_unit(&seed);
    layer_cross_entropy(10, logits, 3, d);
    for (int i = 0; i < 10; i++) {
        const double keep = logits[i];
        logits[i] = keep + 1e-6;
        const double up = layer_cross_entropy(10, logits, 3, NULL);
        logits[i] = keep - 1e-6;
        const double down = layer_cross_entropy(10, logits, 3, NULL);
        logits[i] = keep;
        if (!(fabs((up - down) / 2e-6 - d[i]) < 1e-8))
            fail_msg("logit %d: gradient %.9g, slope %.9g", i, d[i], (up - down) / 2e-6);
    }
}

/* Breaks when pixels are not divided by 255, or the flatten order or the place of the logits is wrong: the network
 * pools twice (7x7 left) and its dense layer picks every fifth of the 49 values. */
static void test_whole_network(void **state)
{
    (void)state;
    const struct layer spec[] = {{.kind = LAYER_MAXPOOL2},
                                 {.kind = LAYER_MAXPOOL2},
                                 {.kind = LAYER_FLATTEN},
                                 {.kind = LAYER_DENSE, .name = "pick", .out_c = 10},
                                 {.kind = LAYER_SOFTMAX}};
    struct model *m = NULL;
    uint8_t image[DIGIT_PIXELS] = {0};
    double logits[10], want[10];
    assert_int_equal(model_create(&m, spec, 5, NULL), OK);
    for (int o = 0; o < 10; o++) {
        const int feature = o * 5, y = feature / 7, x = feature % 7;
        m->layers[3].weight[o * 49 + feature] = 2;
        image[(4 * y + o % 4) * DIGIT_SIDE_PX + 4 * x + 3] = (uint8_t)(10 * o + 5);
        want[o] = 2 * (10 * o + 5) / 255.0;
    }
    assert_int_equal(layers_forward(m, image, logits), OK);
    expect_values(__LINE__, logits, want, 10);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_border),
        cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_valid_channels),
        cmocka_unit_test(test_maxpool_odd),
        cmocka_unit_test(test_dense),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_cross_entropy_gradient),
        cmocka_unit_test(test_whole_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
