/* What is said about answers, where they are none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/metrics.h"

/* Breaks with: a confidence that is no number used as an index of a bin (a write two gigabytes before the array). */
static void test_no_numbers(void **state)
{
    (void)state;
    const float logits[3][METRICS_CLASSES] = {
        {[2] = INFINITY, [5] = INFINITY}, {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN}, {[7] = 50}};
    const uint8_t labels[3] = {2, 9, 7};
    struct metrics m;
    int digit;
    for (int i = 0; i < 2; i++)
        assert_true(metrics_confidence(logits[i], 1, &digit) == 0);
    assert_true(metrics_confidence(logits[2], 1, &digit) > 0.99 && digit == 7);
    metrics_count(&m, 3, logits[0], labels, NULL, NULL, 1, 0.5);
    assert_int_equal(m.n, 3);
    assert_int_equal(m.unsure, 2); /* as the service says of such a picture */
    assert_int_equal(m.confusion[7][7], 1);
}

/* Breaks when the interval is another than Wilson's: of 9,958 right of 10,000 it is 99.43 to 99.69 %. */
static void test_wilson(void **state)
{
    (void)state;
    double low, high;
    metrics_wilson(9958, 10000, &low, &high);
    assert_true(fabs(low - 0.99433) < 5e-6 && fabs(high - 0.99689) < 5e-6);
    metrics_wilson(5, 5, &low, &high);
    assert_true(low > 0.56 && low < 0.57 && high == 1);
    metrics_wilson(0, 0, &low, &high);
    assert_true(low == 0 && high == 1);
}

/* Breaks when the calibration error is summed over the wrong bins: four answers of confidence 0.75, three of them
 * right, are calibrated; four of 0.75 and none right are off by 0.75. And when a picture that is refused counts as
 * unsure too. */
static void test_bins(void **state)
{
    (void)state;
    const float sure = logf(0.75F / 0.25F * 9);
    float logits[8][METRICS_CLASSES] = {{0}};
    const uint8_t labels[8] = {3, 3, 3, 8, 8, 8, 8, 8};
    const bool refused[8] = {[0] = true, [7] = true}, doubted[8] = {[0] = true, [1] = true, [7] = true};
    struct metrics m;
    for (int i = 0; i < 8; i++)
        logits[i][3] = sure;
    metrics_count(&m, 4, logits[0], labels, NULL, NULL, 1, 0.5);
    assert_true(m.ece < 1e-6 && m.unsure == 0 && m.refused == 0);
    assert_true(m.bin[11].n == 4 && m.bin[11].right == 3); /* 11/15 to 12/15 */
    metrics_count(&m, 4, logits[4], labels + 4, NULL, NULL, 1, 0.5);
    assert_true(fabs(m.ece - 0.75) < 1e-6);
    metrics_count(&m, 8, logits[0], labels, refused, refused, 1, 0.8);
    assert_true(m.refused == 2 && m.refused_wrong == 1);
    assert_true(m.unsure == 6 && m.unsure_wrong == 4 && m.doubted == 2);
    metrics_count(&m, 8, logits[0], labels, refused, doubted, 1, 0.5); /* confident, and unsure by the rule's score */
    assert_true(m.unsure == 1 && m.unsure_wrong == 0 && m.doubted == 3);
}

/* Breaks when the temperature is not the one that makes the loss least: logits that are twice too large need 2. */
static void test_temperature(void **state)
{
    (void)state;
    enum { N = 100 };
    static float logits[N][METRICS_CLASSES];
    static uint8_t labels[N];
    for (int i = 0; i < N; i++) { /* of these, 80 % are right: ln(0.8 / 0.2 * 9) is the logit of that */
        logits[i][i % 10] = 2 * logf(36);
        labels[i] = (uint8_t)((i % 10 + (i % 5 == 0 ? 1 + i % 9 : 0)) % 10);
    }
    assert_true(fabs(metrics_fit_temperature(N, logits[0], labels) - 2) < 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_numbers), cmocka_unit_test(test_wilson),
                                       cmocka_unit_test(test_bins), cmocka_unit_test(test_temperature)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
