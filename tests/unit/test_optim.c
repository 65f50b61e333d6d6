/* AdamW against steps computed by hand, the learning rate's course, the running average. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "network/optim.h"

static const struct optim plain = {
    .rate = 0.1F, .beta1 = 0.9F, .beta2 = 0.99F, .epsilon = 0, .weight_decay = 0, .warm_up = 0, .final_rate = 1};

static void expect(const char *what, double got, double want)
{
    if (fabs(got - want) > 1e-6 * (1 + fabs(want)))
        fail_msg("%s is %.9g, not %.9g", what, got, want);
}

/* Breaks with: a missing bias correction, moments of the wrong decay, a step up the slope.
 * By hand: after g = 2 the corrected moments are 2 and 4, so the step is rate * 2 / 2. After g = -1 the first moment is
 * 0.9 * 0.2 - 0.1 = 0.08, corrected by 1 - 0.81 to 8/19; the second 0.99 * 0.04 + 0.01 = 0.0496, corrected by 1 -
 * 0.9801 to 496/199; the step is rate * (8/19) / sqrt(496/199). */
static void test_two_steps(void **state)
{
    (void)state;
    float p = 1, first = 0, second = 0, g = 2, decay = 1;
    optim_step(&plain, 0, 0.1F, 0, 1, &g, &decay, &p, &first, &second, NULL);
    expect("parameter after one step", (double)p, 0.9);
    expect("first moment", (double)first, 0.2);
    expect("second moment", (double)second, 0.04);
    g = -1;
    optim_step(&plain, 1, 0.1F, 0, 1, &g, &decay, &p, &first, &second, NULL);
    expect("parameter after two steps", (double)p, 0.9 - 0.1 * (8.0 / 19) / sqrt(496.0 / 199));
}

/* Breaks with: weight decay that goes through the moments (L2) instead of beside them, that forgets the rate, or that
 * touches what must not decay. */
static void test_decay(void **state)
{
    (void)state;
    struct optim o = plain;
    o.weight_decay = 0.5F;
    o.epsilon = 1;
    float p[2] = {4, 4}, first[2] = {0}, second[2] = {0}, g[2] = {0}, decay[2] = {1, 0};
    optim_step(&o, 0, 0.1F, 0, 2, g, decay, p, first, second, NULL);
    expect("decayed weight", (double)p[0], 4 - 0.1 * 0.5 * 4);
    expect("weight without decay", (double)p[1], 4);
    expect("moment without gradient", (double)first[0] + (double)second[0], 0);
}

/* Breaks with: epsilon under the root, which would make a tiny gradient's step 100 times as large here. */
static void test_epsilon(void **state)
{
    (void)state;
    struct optim o = plain;
    o.epsilon = 1e-2F;
    float p = 0, first = 0, second = 0, g = 1e-4F, decay = 0;
    optim_step(&o, 0, 1, 0, 1, &g, &decay, &p, &first, &second, NULL);
    expect("step", (double)p, -1e-4 / (1e-4 + 1e-2));
}

/* Breaks with: a range cut in pieces that gives other bits than the whole. */
static void test_pieces(void **state)
{
    (void)state;
    enum { N = 103 };
    float p[2][N], first[2][N] = {{0}}, second[2][N] = {{0}}, average[2][N] = {{0}}, g[N], decay[N];
    struct optim o = plain;
    o.weight_decay = 0.1F;
    o.ema = 0.99F;
    for (int i = 0; i < N; i++) {
        p[0][i] = p[1][i] = sinf((float)i);
        g[i] = cosf(3 * (float)i);
        decay[i] = (float)(i % 2);
    }
    for (int step = 0; step < 3; step++) {
        optim_step(&o, step, 0.01F, 0, N, g, decay, p[0], first[0], second[0], average[0]);
        for (size_t i = 0; i < N; i += 10)
            optim_step(&o, step, 0.01F, i, i + 10 < N ? i + 10 : N, g, decay, p[1], first[1], second[1], average[1]);
    }
    assert_memory_equal(p[0], p[1], sizeof p[0]);
    assert_memory_equal(average[0], average[1], sizeof average[0]);
}

/* Breaks with: a rate that does not start low, peak once where the warm-up ends, and end at the share asked for. */
static void test_rate(void **state)
{
    (void)state;
    struct optim o = plain;
    o.rate = 1;
    o.warm_up = 0.25F;
    o.final_rate = 0.01F;
    enum { STEPS = 1001 };
    expect("first rate", (double)optim_rate(&o, 0, STEPS), 1.0 / 25);
    expect("last rate", (double)optim_rate(&o, STEPS - 1, STEPS), 0.01);
    float top = 0;
    int at = 0;
    for (int i = 0; i < STEPS; i++) {
        float rate = optim_rate(&o, i, STEPS);
        if (rate > top) {
            top = rate;
            at = i;
        }
        assert_true(rate >= 0.0099F && rate <= 1);
    }
    assert_true(at == 250 || at == 251);
    assert_true(top > 0.999F);
    expect("middle of the fall", (double)optim_rate(&o, 625, STEPS),
           0.505 + 0.495 * cos(3.14159265358979 * 374.75 / 749.75));
    assert_true(isfinite(optim_rate(&o, 0, 1)));
}

/* Breaks with: an average that starts from nowhere (its first decays are short) or that is of the wrong side. */
static void test_average(void **state)
{
    (void)state;
    struct optim o = plain;
    o.ema = 0.999F;
    expect("decay at step 0", (double)optim_ema_decay(&o, 0), 0.1);
    expect("decay at step 90", (double)optim_ema_decay(&o, 90), 0.91);
    expect("decay late", (double)optim_ema_decay(&o, 1000000), 0.999);
    float p = 5, first = 0, second = 0, g = 0, decay = 0, average = 1;
    o.epsilon = 1;
    optim_step(&o, 90, 0.1F, 0, 1, &g, &decay, &p, &first, &second, &average);
    expect("average", (double)average, 0.91 * 1 + 0.09 * 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_steps), cmocka_unit_test(test_decay), cmocka_unit_test(test_epsilon),
        cmocka_unit_test(test_pieces),    cmocka_unit_test(test_rate),  cmocka_unit_test(test_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
