/* Convolution and its gradients for training, every set that this processor has, against the naive layers in double
 * precision on seeded random shapes: small and odd sizes, borders, one and many channels. Tolerances: float sums of up
 * to a few thousand terms near 1 differ from double ones by some 1e-5 of their size, those of Winograd's way by five
 * times as much; a wrong index differs by 1. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/layers.h"
#include "back_sets.h"
#include "random_nets.h"

enum { SHAPES = 50 };

/* Doubles that are floats exactly, so that both sides compute with the same numbers. */
static double exact(uint64_t *seed)
{
    return (double)(float)random_unit(seed);
}

/* A convolution of n pictures in both layouts. */
struct job {
    struct layer l;
    size_t n, pad, grow; /* grow: border of dz for the input gradient */
    size_t in_n, w_n, out_n, k_in_floats, k_dz_floats;
    double tolerance;
    double *in, *weight, *bias, *out, *d_out, *d_in, *d_weight, *d_bias; /* [n] pictures [c][h][w]; gradients summed */
    float *k_in, *k_weight, *k_flip, *k_bias, *k_out, *k_dz, *k_dw, *k_din, *winograd, *scratch;
};

/* large: the most tiles that there can be, more than one block of Winograd's way holds. */
static void job_shape(struct job *j, uint64_t *seed, bool large)
{
    static const int kernels[] = {1, 3, 5}, ins[] = {1, 16, 32, 48}, outs[] = {16, 32, 48, 80};
    struct layer *l = &j->l;
    *j = (struct job){.l = {.kind = LAYER_CONV2D, .kernel = kernels[random_int(seed, 0, 2)]}};
    l->same = random_int(seed, 0, 1);
    int least = l->same ? 1 : l->kernel;
    l->in_h = random_int(seed, least, 15);
    l->in_w = random_int(seed, least, 15);
    l->in_c = ins[random_int(seed, 0, 3)];
    l->out_c = outs[random_int(seed, 0, 3)];
    if (large) {
        l->kernel = 3;
        l->in_h = l->in_w = 15;
        l->in_c = 32;
    }
    l->out_h = l->same ? l->in_h : l->in_h - l->kernel + 1;
    l->out_w = l->same ? l->in_w : l->in_w - l->kernel + 1;
    j->n = large ? 5 : (size_t)random_int(seed, 1, 5);
    j->pad = l->same ? (size_t)l->kernel / 2 : 0;
    j->grow = (size_t)l->kernel - 1 - j->pad;
    j->in_n = (size_t)(l->in_c * l->in_h * l->in_w);
    j->out_n = (size_t)(l->out_c * l->out_h * l->out_w);
    j->w_n = (size_t)(l->in_c * l->out_c * l->kernel * l->kernel);
}

/* from [c][h][w] in double -> to [h][w][c] in float, inside a border. */
static void to_channels_last(const double *from, size_t c_n, size_t h, size_t w, size_t border, float *to)
{
    for (size_t c = 0; c < c_n; c++)
        for (size_t y = 0; y < h; y++)
            for (size_t x = 0; x < w; x++)
                to[((y + border) * (w + 2 * border) + x + border) * c_n + c] = (float)*from++;
}

static void job_new(struct job *j, uint64_t *seed, bool large)
{
    job_shape(j, seed, large);
    struct layer *l = &j->l;
    size_t in_c = (size_t)l->in_c, out_c = (size_t)l->out_c, taps = (size_t)(l->kernel * l->kernel);
    size_t in_h = (size_t)l->in_h, in_w = (size_t)l->in_w, out_h = (size_t)l->out_h, out_w = (size_t)l->out_w;
    j->k_in_floats = (in_h + 2 * j->pad) * (in_w + 2 * j->pad) * in_c;
    j->k_dz_floats = (out_h + 2 * j->grow) * (out_w + 2 * j->grow) * out_c;
    double **doubles[] = {&j->in, &j->out, &j->d_out, &j->d_in, &j->weight, &j->d_weight, &j->bias, &j->d_bias};
    size_t double_n[] = {j->n * j->in_n, j->n * j->out_n, j->n * j->out_n, j->n * j->in_n,
                         j->w_n,         j->w_n,          out_c,           out_c};
    for (int i = 0; i < 8; i++)
        *doubles[i] = get(double_n[i], sizeof(double));
    float **floats[] = {&j->k_in, &j->k_dz, &j->k_weight, &j->k_flip, &j->k_dw, &j->k_bias, &j->k_out, &j->k_din};
    size_t float_n[] = {j->n * j->k_in_floats, j->n * j->k_dz_floats, j->w_n, j->w_n, j->w_n, out_c,
                        j->n * j->out_n,       j->n * j->in_n};
    for (int i = 0; i < 8; i++)
        *floats[i] = get(float_n[i], sizeof(float));
    for (size_t i = 0; i < j->n * j->in_n; i++)
        j->in[i] = exact(seed);
    for (size_t i = 0; i < j->n * j->out_n; i++)
        j->d_out[i] = exact(seed);
    for (size_t i = 0; i < out_c; i++)
        j->k_bias[i] = (float)(j->bias[i] = exact(seed));
    for (size_t o = 0; o < out_c; o++)
        for (size_t i = 0; i < in_c; i++)
            for (size_t t = 0; t < taps; t++) {
                double w = j->weight[(o * in_c + i) * taps + t] = exact(seed);
                j->k_weight[back_at(taps, in_c, t, i, o)] = (float)w;
                if (in_c > 1)
                    j->k_flip[back_at(taps, out_c, taps - 1 - t, o, i)] = (float)w;
            }
    for (size_t p = 0; p < j->n; p++) {
        to_channels_last(j->in + p * j->in_n, in_c, in_h, in_w, j->pad, j->k_in + p * j->k_in_floats);
        to_channels_last(j->d_out + p * j->out_n, out_c, out_h, out_w, j->grow, j->k_dz + p * j->k_dz_floats);
        layer_conv2d_forward(l, j->weight, j->bias, j->in + p * j->in_n, j->out + p * j->out_n);
        layer_conv2d_backward(l, j->weight, j->in + p * j->in_n, j->out + p * j->out_n, j->d_out + p * j->out_n,
                              j->d_in + p * j->in_n, j->d_weight, j->d_bias);
    }
}

static void job_free(struct job *j)
{
    void *all[] = {j->in,   j->out,      j->d_out,  j->d_in, j->weight, j->d_weight, j->bias,  j->d_bias,   j->k_in,
                   j->k_dz, j->k_weight, j->k_flip, j->k_dw, j->k_bias, j->k_out,    j->k_din, j->winograd, j->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void expect_near(const char *what, const struct job *j, const char *set, size_t at, double got, double want)
{
    if (!(fabs(got - want) <= j->tolerance * (1 + fabs(want)))) /* NaN too */
        fail_msg("%s: %s of %zu pictures %dx%dx%d, kernel %d %s, to %d channels: element %zu is %.8g, not %.8g", set,
                 what, j->n, j->l.in_h, j->l.in_w, j->l.in_c, j->l.kernel, j->l.same ? "same" : "valid", j->l.out_c, at,
                 got, want);
}

/* Compares [n][h][w][c] with [n][c][h][w]. */
static void expect_pictures(const char *what, const struct job *j, const char *set, size_t c_n, size_t px,
                            const float *got, const double *want)
{
    for (size_t p = 0; p < j->n; p++)
        for (size_t i = 0; i < px; i++)
            for (size_t c = 0; c < c_n; c++)
                expect_near(what, j, set, (p * c_n + c) * px + i, (double)got[(p * px + i) * c_n + c],
                            want[(p * c_n + c) * px + i]);
}

/* What conv wants for Winograd's way: transformed weights and room; nothing for the plain one. */
static void prepare(const struct back_set *set, struct job *j, struct back_map *m, bool winograd)
{
    if (!winograd)
        return;
    free(j->winograd);
    free(j->scratch);
    j->winograd = get(m->in_c * m->out_c * BACK_WINOGRAD_TAPS, sizeof(float));
    set->winograd_weights(m->in_c, m->out_c, m->weight, j->winograd);
    m->winograd = j->winograd;
    m->scratch = j->scratch = get(set->conv_scratch_floats(m->in_c, m->out_c), sizeof(float));
}

static void run_conv(const struct back_set *set, struct job *j, bool winograd)
{
    j->tolerance = winograd ? 5e-4 : 1e-4;
    const struct layer *l = &j->l;
    size_t in_c = (size_t)l->in_c, out_c = (size_t)l->out_c, taps = (size_t)(l->kernel * l->kernel);
    struct back_map m = {.n = j->n,
                         .in_w = (size_t)l->in_w + 2 * j->pad,
                         .in_c = in_c,
                         .out_c = out_c,
                         .kernel = (size_t)l->kernel,
                         .conv_h = (size_t)l->out_h,
                         .conv_w = (size_t)l->out_w,
                         .in = j->k_in,
                         .in_floats = j->k_in_floats,
                         .weight = j->k_weight,
                         .bias = j->k_bias,
                         .out = j->k_out};
    prepare(set, j, &m, winograd);
    memset(j->k_out, 0xff, j->n * j->out_n * sizeof(float)); /* NaN where nothing is written */
    set->conv(&m);
    expect_pictures("result", j, set->name, out_c, (size_t)(l->out_h * l->out_w), j->k_out, j->out);
    size_t row = ((size_t)l->out_w + 2 * j->grow) * out_c;
    struct back_conv b = {.n = m.n,
                          .in_w = m.in_w,
                          .in_c = in_c,
                          .out_c = out_c,
                          .kernel = m.kernel,
                          .conv_h = m.conv_h,
                          .conv_w = m.conv_w,
                          .in = m.in,
                          .in_floats = m.in_floats,
                          .dz = j->k_dz + j->grow * (row + out_c),
                          .dz_floats = j->k_dz_floats,
                          .dz_row_floats = row,
                          .d_weight = j->k_dw,
                          .winograd = winograd};
    free(j->scratch);
    b.scratch = j->scratch = get(set->conv_dw_scratch_floats(&b), sizeof(float));
    for (size_t i = 0; i < j->w_n; i++)
        j->k_dw[i] = 1; /* the gradient is added to what is there */
    set->conv_dw(&b);
    for (size_t o = 0; o < out_c; o++)
        for (size_t i = 0; i < in_c; i++)
            for (size_t t = 0; t < taps; t++)
                expect_near("weight gradient", j, set->name, (o * in_c + i) * taps + t,
                            (double)j->k_dw[back_at(taps, in_c, t, i, o)] - 1, j->d_weight[(o * in_c + i) * taps + t]);
    if (in_c == 1)
        return; /* nothing asks for the gradient of the picture */
    struct back_map d = {.n = j->n,
                         .in_w = (size_t)l->out_w + 2 * j->grow,
                         .in_c = out_c,
                         .out_c = in_c,
                         .kernel = m.kernel,
                         .conv_h = (size_t)l->in_h,
                         .conv_w = (size_t)l->in_w,
                         .in = j->k_dz,
                         .in_floats = j->k_dz_floats,
                         .weight = j->k_flip,
                         .bias = get(in_c, sizeof(float)),
                         .out = j->k_din};
    prepare(set, j, &d, winograd);
    memset(j->k_din, 0xff, j->n * j->in_n * sizeof(float));
    set->conv(&d);
    free((void *)(uintptr_t)d.bias);
    expect_pictures("input gradient", j, set->name, in_c, (size_t)(l->in_h * l->in_w), j->k_din, j->d_in);
}

/* Breaks with: a wrong border, tap, slice or picture stride; a tile that does not stop at the last pixel; a kernel row
 * left out when rows are taken apart; a gradient that overwrites; of Winograd's way, a wrong transform, a tile over the
 * edge that reads or writes beyond it, a block of tiles left out. */
static void test_convolutions(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < SHAPES; i++) {
        struct job j;
        job_new(&j, &seed, i < 2);
        for (int s = 0; s < n_sets; s++) {
            run_conv(sets[s], &j, false);
            if (j.l.kernel == 3 && j.l.in_c > 1)
                run_conv(sets[s], &j, true);
        }
        job_free(&j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
