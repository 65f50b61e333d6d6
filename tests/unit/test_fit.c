/* A straight line through points (normalise/tools/fit.h). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "normalise/tools/fit.h"

static void near(double value, double wanted)
{
    if (!(fabs(value - wanted) < 1e-9))
        fail_msg("%.12f, wanted %.12f", value, wanted);
}

static void test_points_on_a_line(void **state)
{
    struct fit f = {.n = 0};
    double at, slope;

    (void)state;
    for (int u = -7; u < 20; u++)
        fit_add(&f, u, 3.5 - 0.125 * u);
    near(fit_line(&f, &at, &slope), 0);
    near(at, 3.5);
    near(slope, -0.125);
}

/* Breaks when the distance is another one than the root of the mean square, or the line is not the nearest: by hand,
 * of 0, 3, 0, 3 at 0 to 3 it is 0.6 + 0.6 u, and the squares come to 7.2. */
static void test_points_beside_a_line(void **state)
{
    struct fit f = {.n = 0};
    double at, slope;

    (void)state;
    for (int u = 0; u < 4; u++)
        fit_add(&f, u, u % 2 * 3);
    near(fit_line(&f, &at, &slope), sqrt(7.2 / 4));
    near(at, 0.6);
    near(slope, 0.6);
}

/* Breaks when what has no slope divides by zero. */
static void test_no_line(void **state)
{
    struct fit f = {.n = 0};
    double at = 1, slope = 1;

    (void)state;
    assert_true(isinf(fit_line(&f, &at, &slope)));
    fit_add(&f, 5, 1);
    fit_add(&f, 5, 2);
    assert_true(isinf(fit_line(&f, &at, &slope)));
    near(at, 0);
    near(slope, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_on_a_line),
        cmocka_unit_test(test_points_beside_a_line),
        cmocka_unit_test(test_no_line),
    };

    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
