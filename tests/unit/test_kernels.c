/* Every kernel of every set that this processor has, against the naive layers on seeded random shapes, and the sets
 * against each other bit by bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/kernels.h"
#include "net/layers.h"
#include "random_nets.h"

enum { SHAPES = 60, GUARD = 12345 };

/* A convolution in both layouts: doubles for the naive layer, floats for the kernel. */
struct job {
    struct layer l;
    int border, padded_in, padded_out; /* padded_in: in_c, or more; padded_out: a multiple of KERNEL_LANES */
    size_t out_row, out_floats;
    double *in, *weight, *bias, *out;
    float *k_in, *k_weight, *k_bias, *k_out;
};

static void *get(size_t n, size_t size)
{
    void *p = calloc(n + 1, size);
    assert_non_null(p);
    return p;
}

/* Random shape: small and odd sizes, 3x3 and 5x5, same and valid, one and many channels, padded input or not. */
static void job_shape(struct job *j, uint64_t *seed)
{
    static const int channels[] = {1, 3, 16, 17, 32}, outs[] = {1, 16, 20, 32, 48, 64};
    const int kernel = random_int(seed, 0, 1) ? 3 : 5;
    const bool same = random_int(seed, 0, 1);
    const int least = same ? 1 : kernel;
    struct layer *l = &j->l;
    *j = (struct job){.l = {.kind = LAYER_CONV2D, .kernel = kernel, .same = same, .relu = random_int(seed, 0, 1)}};
    l->in_h = random_int(seed, least, 15);
    l->in_w = random_int(seed, least, 15);
    l->in_c = channels[random_int(seed, 0, 4)];
    l->out_c = outs[random_int(seed, 0, 5)];
    l->out_h = same ? l->in_h : l->in_h - kernel + 1;
    l->out_w = same ? l->in_w : l->in_w - kernel + 1;
    j->border = same ? kernel / 2 : 0;
    j->padded_in = random_int(seed, 0, 1) ? l->in_c : (l->in_c + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES;
    j->padded_out = (l->out_c + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES;
    j->out_row = (size_t)(l->out_w * j->padded_out + random_int(seed, 0, 3) * 7);
    j->out_floats = j->out_row * (size_t)l->out_h;
}

/* Doubles that are floats exactly, so that both sides compute with the same numbers. */
static double exact(uint64_t *seed)
{
    return (double)(float)random_unit(seed);
}

static void job_fill_in(struct job *j, uint64_t *seed)
{
    const struct layer *l = &j->l;
    const int width = l->in_w + 2 * j->border, height = l->in_h + 2 * j->border;
    j->in = get((size_t)(l->in_c * l->in_h * l->in_w), sizeof *j->in);
    j->k_in = get((size_t)(height * width * j->padded_in), sizeof *j->k_in);
    for (int c = 0, i = 0; c < l->in_c; c++)
        for (int y = 0; y < l->in_h; y++)
            for (int x = 0; x < l->in_w; x++, i++) {
                j->in[i] = exact(seed);
                j->k_in[((y + j->border) * width + x + j->border) * j->padded_in + c] = (float)j->in[i];
            }
}

static void job_new(struct job *j, uint64_t *seed)
{
    job_shape(j, seed);
    job_fill_in(j, seed);
    const struct layer *l = &j->l;
    const int area = l->kernel * l->kernel;
    j->weight = get((size_t)(l->out_c * l->in_c * area), sizeof *j->weight);
    j->k_weight = get((size_t)(area * j->padded_in * j->padded_out), sizeof *j->k_weight);
    j->bias = get((size_t)l->out_c, sizeof *j->bias);
    j->k_bias = get((size_t)j->padded_out, sizeof *j->k_bias);
    for (int o = 0, n = 0; o < l->out_c; o++) {
        j->bias[o] = exact(seed);
        j->k_bias[o] = (float)j->bias[o];
        for (int i = 0; i < l->in_c; i++)
            for (int k = 0; k < area; k++, n++) {
                j->weight[n] = exact(seed);
                j->k_weight[(k * j->padded_in + i) * j->padded_out + o] = (float)j->weight[n];
            }
    }
    j->out = get((size_t)(l->out_c * l->out_h * l->out_w), sizeof *j->out);
    j->k_out = get(j->out_floats, sizeof *j->k_out);
    layer_conv2d_forward(l, j->weight, j->bias, j->in, j->out);
}

static void job_free(struct job *j)
{
    free(j->in);
    free(j->weight);
    free(j->bias);
    free(j->out);
    free(j->k_in);
    free(j->k_weight);
    free(j->k_bias);
    free(j->k_out);
}

/* Runs the convolution, pooled or not, into to[], which is filled with guards before. */
static void job_run(const struct job *j, void (*conv)(const struct kernel_conv *), float *to)
{
    for (size_t i = 0; i < j->out_floats; i++)
        to[i] = GUARD;
    conv(&(struct kernel_conv){.in_w = j->l.in_w + 2 * j->border,
                               .in_c = j->padded_in,
                               .out_c = j->padded_out,
                               .kernel = j->l.kernel,
                               .conv_h = j->l.out_h,
                               .conv_w = j->l.out_w,
                               .in = j->k_in,
                               .weight = j->k_weight,
                               .bias = j->k_bias,
                               .out = to,
                               .out_row_floats = j->out_row,
                               .relu = j->l.relu});
}

/* h x w pixels of to[] against want [c][h][w]; zero channels; guards untouched. A float sum of up to 800 terms of about
 * 0.3 is off by at most some 1e-5. */
static void expect_picture(const struct job *j, const char *set, const float *to, int h, int w, const double *want)
{
    for (size_t i = 0; i < j->out_floats; i++) {
        const int y = (int)(i / j->out_row), x = (int)(i % j->out_row) / j->padded_out,
                  c = (int)(i % j->out_row) % j->padded_out;
        const bool inside = y < h && x < w;
        double expected = inside ? 0 : GUARD;
        if (inside && c < j->l.out_c)
            expected = want[(c * h + y) * w + x];
        if (!(fabs((double)to[i] - expected) <= 1e-4))
            fail_msg("%s: %dx%dx%d -> %d, kernel %d, same %d: y %d x %d c %d is %.9g, must be %.9g", set, j->l.in_h,
                     j->l.in_w, j->l.in_c, j->l.out_c, j->l.kernel, j->l.same, y, x, c, (double)to[i], expected);
    }
}

static int all_sets(const struct kernel_set *sets[3])
{
    int n = 0;
    sets[n++] = kernels_base();
    if ((sets[n] = kernels_avx2()) != NULL)
        n++;
    if ((sets[n] = kernels_avx512()) != NULL)
        n++;
    return n;
}

/* Breaks when a tile at the end of a picture, a border, a padded channel or a row with a gap is treated wrongly. */
static void test_conv(void **state)
{
    (void)state;
    const struct kernel_set *sets[3];
    uint64_t seed = 1;
    struct job j;
    for (int n = all_sets(sets), i = 0; i < SHAPES; i++) {
        job_new(&j, &seed);
        for (int s = 0; s < n; s++) {
            job_run(&j, sets[s]->conv, j.k_out);
            expect_picture(&j, sets[s]->name, j.k_out, j.l.out_h, j.l.out_w, j.out);
        }
        job_free(&j);
    }
}

/* Breaks when the fused pool takes a wrong pixel, or does not drop an odd last row or column. */
static void test_conv_pool(void **state)
{
    (void)state;
    const struct kernel_set *sets[3];
    uint64_t seed = 2;
    struct job j;
    for (int n = all_sets(sets), i = 0; i < SHAPES; i++) {
        job_new(&j, &seed);
        const int h = j.l.out_h / 2, w = j.l.out_w / 2;
        const struct layer pool = {.kind = LAYER_MAXPOOL2,
                                   .in_c = j.l.out_c,
                                   .in_h = j.l.out_h,
                                   .in_w = j.l.out_w,
                                   .out_c = j.l.out_c,
                                   .out_h = h,
                                   .out_w = w};
        double *want = get((size_t)(j.l.out_c * h * w), sizeof *want);
        layer_maxpool2_forward(&pool, j.out, want);
        for (int s = 0; s < n; s++) {
            job_run(&j, sets[s]->conv_pool, j.k_out);
            expect_picture(&j, sets[s]->name, j.k_out, h, w, want);
        }
        free(want);
        job_free(&j);
    }
}

static void expect_same_bits(int line, const struct job *j, const float *a, const float *b)
{
    for (size_t i = 0; i < j->out_floats; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("line %d: value %zu: %.9g and %.9g", line, i, (double)a[i], (double)b[i]);
}

/* Breaks when the order of the terms depends on the width of a vector or on the place in a tile: AVX2 and AVX-512 must
 * agree bit by bit, and the fused pool with a convolution that is pooled afterwards. */
static void test_same_bits(void **state)
{
    (void)state;
    const struct kernel_set *sets[3], *avx2 = kernels_avx2(), *avx512 = kernels_avx512();
    uint64_t seed = 3;
    struct job j;
    for (int n = all_sets(sets), i = 0; i < SHAPES; i++) {
        job_new(&j, &seed);
        float *other = get(j.out_floats, sizeof *other), *whole = get(j.out_floats, sizeof *whole);
        if (avx2 && avx512) {
            job_run(&j, avx2->conv, j.k_out);
            job_run(&j, avx512->conv, other);
            expect_same_bits(__LINE__, &j, j.k_out, other);
        }
        for (int s = 0; s < n; s++) {
            job_run(&j, sets[s]->conv_pool, j.k_out);
            job_run(&j, sets[s]->conv, whole);
            for (size_t k = 0; k < j.out_floats; k++)
                other[k] = GUARD;
            sets[s]->maxpool2(j.l.out_h, j.l.out_w, j.padded_out, whole, j.out_row, other, j.out_row);
            expect_same_bits(__LINE__, &j, j.k_out, other);
        }
        free(other);
        free(whole);
        job_free(&j);
    }
}

static void check_dense(const struct kernel_set *const *sets, int n_sets, int in_n, int out_n, bool relu,
                        uint64_t *seed)
{
    const struct layer l = {
        .kind = LAYER_DENSE, .in_c = in_n, .in_h = 1, .in_w = 1, .out_c = out_n, .out_h = 1, .out_w = 1, .relu = relu};
    double *in = get((size_t)in_n, sizeof *in), *weight = get((size_t)(in_n * out_n), sizeof *weight);
    double *bias = get((size_t)out_n, sizeof *bias), *want = get((size_t)out_n, sizeof *want);
    float *k_in = get((size_t)in_n, sizeof *k_in), *k_weight = get((size_t)(in_n * out_n), sizeof *k_weight);
    float *k_bias = get((size_t)out_n, sizeof *k_bias), *got[3] = {0};
    for (int i = 0; i < in_n; i++)
        k_in[i] = (float)(in[i] = exact(seed));
    for (int o = 0; o < out_n; o++) {
        k_bias[o] = (float)(bias[o] = exact(seed));
        for (int i = 0; i < in_n; i++)
            k_weight[i * out_n + o] = (float)(weight[o * in_n + i] = exact(seed));
    }
    layer_dense_forward(&l, weight, bias, in, want);
    for (int s = 0; s < n_sets; s++) {
        got[s] = get((size_t)out_n, sizeof *got[s]);
        sets[s]->dense(in_n, out_n, k_in, k_weight, k_bias, relu, got[s]);
        for (int o = 0; o < out_n; o++)
            if (!(fabs((double)got[s][o] - want[o]) <= 1e-4))
                fail_msg("%s: dense %d -> %d: output %d is %.9g, must be %.9g", sets[s]->name, in_n, out_n, o,
                         (double)got[s][o], want[o]);
    }
    if (n_sets == 3)
        assert_memory_equal(got[1], got[2], (size_t)out_n * sizeof *got[1]);
    for (int s = 0; s < 3; s++)
        free(got[s]);
    free(in);
    free(weight);
    free(bias);
    free(want);
    free(k_in);
    free(k_weight);
    free(k_bias);
}

/* Breaks when one of the four sums is left out, or the ReLU comes before their addition. */
static void test_dense(void **state)
{
    (void)state;
    const struct kernel_set *sets[3];
    const int n = all_sets(sets);
    uint64_t seed = 4;
    for (int relu = 0; relu < 2; relu++) {
        check_dense(sets, n, 16, 16, relu, &seed);
        check_dense(sets, n, 1152, 16, relu, &seed);
        check_dense(sets, n, 784, 48, relu, &seed);
        check_dense(sets, n, 48, 144, relu, &seed);
    }
}

/* Breaks when a set claims a processor that lacks it; says what was tested. */
static void test_sets(void **state)
{
    (void)state;
    const struct kernel_set *sets[3];
    const int n = all_sets(sets);
    for (int i = 0; i < n; i++)
        print_message("set: %s\n", sets[i]->name);
    if (kernels_avx2() == NULL)
        print_message("set: avx2 was not run, this processor or its system lacks it\n");
    if (kernels_avx512() == NULL)
        print_message("set: avx512 was not run, this processor or its system lacks it\n");
    assert_string_equal(sets[0]->name, "base");
#ifdef __x86_64__
    assert_int_equal(kernels_avx2() != NULL, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    assert_true(kernels_avx512() == NULL || __builtin_cpu_supports("avx512f"));
#else
    assert_int_equal(n, 1);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),      cmocka_unit_test(test_conv),  cmocka_unit_test(test_conv_pool),
        cmocka_unit_test(test_same_bits), cmocka_unit_test(test_dense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
