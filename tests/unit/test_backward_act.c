/* The fast loops of what follows a convolution (batch norm's affine part, ReLU, 2x2 maximum, dropout) and of batch
 * norm's sums, every set that this processor has, against plain loops in double precision on seeded random shapes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "back_sets.h"
#include "random_nets.h"

enum { SHAPES = 50 };

/* What follows a convolution, on one picture. */
struct act_job {
    struct back_act a;
    struct back_act_grad g;
    size_t oh, ow, z_n, out_n, dz_row;
    float *z, *scale, *shift, *out, *d_out, *sum_g, *sum_gz, *kg, *k1, *kz, *dz;
    uint8_t *code;
};

static float *random_floats(size_t n, uint64_t *seed)
{
    float *p = get(n, sizeof(float));
    for (size_t i = 0; i < n; i++)
        p[i] = (float)random_unit(seed);
    return p;
}

static void act_new(struct act_job *j, uint64_t *seed)
{
    size_t h = (size_t)random_int(seed, 2, 9), w = (size_t)random_int(seed, 2, 9),
           c = (size_t)random_int(seed, 1, 4) * 16;
    bool pool = random_int(seed, 0, 1), drop = random_int(seed, 0, 1);
    *j = (struct act_job){.oh = pool ? h / 2 : h, .ow = pool ? w / 2 : w, .z_n = h * w * c, .dz_row = (w + 2) * c};
    j->out_n = j->oh * j->ow * c;
    j->z = random_floats(j->z_n, seed);
    j->scale = random_floats(c, seed);
    j->shift = random_floats(c, seed);
    j->d_out = random_floats(j->out_n, seed);
    j->kg = random_floats(c, seed);
    j->k1 = random_floats(c, seed);
    j->kz = random_floats(c, seed);
    j->out = get(j->out_n, sizeof(float));
    j->dz = get(j->dz_row * h, sizeof(float));
    j->sum_g = get(c, sizeof(float));
    j->sum_gz = get(c, sizeof(float));
    j->code = get(j->out_n, 1);
    float keep = drop ? 1 / 0.7F : 1;
    j->a = (struct back_act){h,
                             w,
                             c,
                             random_int(seed, 0, 1),
                             pool,
                             j->z,
                             j->scale,
                             j->shift,
                             j->out,
                             j->ow * c,
                             j->code,
                             keep,
                             drop ? (uint32_t)(0.3 * 0x1p32) : 0,
                             random_bits(seed)};
    j->g = (struct back_act_grad){h,        w,         c,     pool,  keep,  j->code, j->d_out, j->z,
                                  j->sum_g, j->sum_gz, j->kg, j->k1, j->kz, j->dz,   j->dz_row};
}

static void act_free(struct act_job *j)
{
    void *all[] = {j->z,      j->scale, j->shift, j->out, j->d_out, j->sum_g,
                   j->sum_gz, j->kg,    j->k1,    j->kz,  j->dz,    j->code};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* The hash of backward.c, one element at a time. */
static bool is_dropped(const struct back_act *a, size_t element)
{
    uint32_t h = (uint32_t)element ^ a->drop_key;
    h = (h ^ (h >> 16)) * 0x7feb352dU;
    h = (h ^ (h >> 15)) * 0x846ca68bU;
    return (h ^ (h >> 16)) < a->drop_below;
}

/* Forward in plain loops; want_at: the element of z that each output came from, or -1. */
static void act_naive(const struct act_job *j, double *want, long *want_at)
{
    const struct back_act *a = &j->a;
    size_t element = 0;
    for (size_t y = 0; y < j->oh; y++)
        for (size_t x = 0; x < j->ow; x++)
            for (size_t c = 0; c < a->c; c++, element++) {
                double best = -INFINITY;
                for (size_t k = 0; k < (a->pool ? 4 : 1); k++) {
                    size_t at = a->pool ? ((2 * y + k / 2) * a->w + 2 * x + k % 2) * a->c + c : element;
                    double v = (double)a->scale[c] * (double)a->z[at] + (double)a->shift[c];
                    if (v > best) {
                        best = v;
                        want_at[element] = (long)at;
                    }
                }
                bool shut = (a->relu && !(best > 0)) || is_dropped(a, element);
                want[element] = shut ? 0 : best * (double)a->keep_scale;
                want_at[element] = shut ? -1 : want_at[element];
            }
}

static void run_act(const struct back_set *set, struct act_job *j, int round)
{
    size_t c_n = j->a.c;
    double *want = get(j->out_n, sizeof(double)), *g = get(j->z_n, sizeof(double));
    long *at = get(j->out_n, sizeof(long));
    act_naive(j, want, at);
    set->act(&j->a);
    double sum_g[64] = {0}, sum_gz[64] = {0};
    for (size_t i = 0; i < j->out_n; i++) {
        if (fabs((double)j->out[i] - want[i]) > 1e-5)
            fail_msg("%s, round %d: output %zu is %.8g, not %.8g", set->name, round, i, (double)j->out[i], want[i]);
        if (at[i] >= 0) {
            double d = (double)(j->d_out[i] * j->g.keep_scale);
            g[at[i]] = d;
            sum_g[i % c_n] += d;
            sum_gz[i % c_n] += d * (double)j->z[at[i]];
        }
    }
    memset(j->sum_g, 0, c_n * sizeof(float));
    memset(j->sum_gz, 0, c_n * sizeof(float));
    set->act_sums(&j->g);
    set->act_spread(&j->g);
    for (size_t c = 0; c < c_n; c++)
        if (fabs((double)j->sum_g[c] - sum_g[c]) > 1e-4 || fabs((double)j->sum_gz[c] - sum_gz[c]) > 1e-4)
            fail_msg("%s, round %d: sums of channel %zu are %.8g %.8g, not %.8g %.8g", set->name, round, c,
                     (double)j->sum_g[c], (double)j->sum_gz[c], sum_g[c], sum_gz[c]);
    for (size_t i = 0; i < j->z_n; i++) {
        size_t c = i % c_n, y = i / (j->a.w * c_n);
        double dz = (double)j->kg[c] * g[i] + (double)j->k1[c] + (double)j->kz[c] * (double)j->z[i];
        double got = (double)j->dz[y * j->dz_row + i % (j->a.w * c_n)];
        if (fabs(got - dz) > 1e-5)
            fail_msg("%s, round %d: dz %zu is %.8g, not %.8g", set->name, round, i, got, dz);
    }
    free(want);
    free(g);
    free(at);
}

/* Breaks with: another choice among the four of a window, a ReLU or a dropped element that lets a gradient through, an
 * odd last row or column forgotten, a mask that depends on the vector width. */
static void test_activations(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int i = 0; i < SHAPES; i++) {
        struct act_job j;
        act_new(&j, &seed);
        for (int s = 0; s < n_sets; s++)
            run_act(sets[s], &j, i);
        act_free(&j);
    }
}

/* Breaks with: a share of dropped elements unlike the rate (5 standard deviations), which would make keep_scale wrong.
 */
static void test_dropout_rate(void **state)
{
    (void)state;
    enum { N = 64 * 64 * 16 };
    float *z = get(N, sizeof(float)), *out = get(N, sizeof(float)), one[16], zero[16] = {0};
    uint8_t *code = get(N, 1);
    for (int i = 0; i < 16; i++)
        one[i] = 1;
    for (size_t i = 0; i < N; i++)
        z[i] = 1;
    for (uint32_t key = 1; key < 5; key++) {
        struct back_act a = {64, 64, 16, true, false, z, one, zero, out, 64 * 16, code, 1, (uint32_t)(0.2 * 0x1p32),
                             key};
        back_base()->act(&a);
        double dropped = 0;
        for (size_t i = 0; i < N; i++)
            dropped += code[i] == BACK_SHUT;
        if (fabs(dropped - 0.2 * N) > 5 * sqrt(0.2 * 0.8 * N))
            fail_msg("key %u drops %.0f of %d", key, dropped, N);
    }
    free(z);
    free(out);
    free(code);
}

/* Breaks with: a channel or pixel left out of the sums that batch norm rests on. */
static void test_moments(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int s = 0; s < n_sets; s++)
        for (size_t c_n = 16; c_n <= 80; c_n += 16) {
            float *z = random_floats(37 * c_n, &seed), sum[80] = {0}, square[80] = {0};
            sets[s]->moments(37, c_n, z, sum, square);
            for (size_t c = 0; c < c_n; c++) {
                double a = 0, b = 0;
                for (size_t i = 0; i < 37; i++) {
                    a += (double)z[i * c_n + c];
                    b += (double)z[i * c_n + c] * (double)z[i * c_n + c];
                }
                if (fabs(a - (double)sum[c]) > 1e-4 || fabs(b - (double)square[c]) > 1e-4)
                    fail_msg("%s: channel %zu of %zu: %.8g %.8g, not %.8g %.8g", sets[s]->name, c, c_n, (double)sum[c],
                             (double)square[c], a, b);
            }
            free(z);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_dropout_rate),
        cmocka_unit_test(test_moments),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
