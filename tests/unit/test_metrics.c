/* What is said about answers, where they are none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics.h"

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
    metrics_count(&m, 3, logits[0], labels, NULL, 1, 0.5);
    assert_int_equal(m.n, 3);
    assert_int_equal(m.unsure, 2); /* as the service says of such a picture */
    assert_int_equal(m.confusion[7][7], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
