/* Distortions: none at all, what each one does to mass and centre, what randomness they rest on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/augment.h"

enum { SIDE = 28, N = SIDE * SIDE, DRAWS = 400 };

/* A soft disc of radius r around (cx, cy). */
static void disc(uint8_t out[N], double cx, double cy, double r)
{
    for (int i = 0; i < N; i++) {
        double d = hypot(i % SIDE - cx, i / SIDE - cy);
        out[i] = (uint8_t)lround(255 * fmin(1, fmax(0, r + 0.5 - d)));
    }
}

struct shape {
    double mass, x, y, xx, yy, xy; /* sum, centre, central second moments */
};

static struct shape measure(const float px[N])
{
    struct shape s = {0};
    for (int i = 0; i < N; i++) {
        s.mass += (double)px[i];
        s.x += (double)px[i] * (i % SIDE);
        s.y += (double)px[i] * (double)(i / SIDE);
    }
    s.x /= s.mass;
    s.y /= s.mass;
    for (int i = 0; i < N; i++) {
        double dx = i % SIDE - s.x, dy = i / SIDE - s.y;
        s.xx += (double)px[i] * dx * dx / s.mass;
        s.yy += (double)px[i] * dy * dy / s.mass;
        s.xy += (double)px[i] * dx * dy / s.mass;
    }
    return s;
}

static struct shape draw(const struct augment *a, uint64_t index, const uint8_t in[N], float out[N])
{
    struct rng r;
    rng_seed(&r, 21, RNG_TEST, index);
    augment_picture(a, &r, in, out);
    return measure(out);
}

/* Breaks with: a half-pixel error, a blurring resample, values off 0 to 1. */
static void test_identity(void **state)
{
    (void)state;
    const struct augment none = {0};
    uint8_t in[N];
    float out[N], want[N];
    struct rng r;
    rng_seed(&r, 1, RNG_TEST, 0);
    for (int i = 0; i < N; i++)
        in[i] = (uint8_t)rng_below(&r, 256);
    augment_none(in, want);
    augment_picture(&none, &r, in, out);
    for (int i = 0; i < N; i++) {
        assert_true(want[i] == (float)in[i] / 255);
        if (out[i] != want[i])
            fail_msg("pixel %d is %.9g, not %.9g", i, (double)out[i], (double)want[i]);
    }
}

/* Breaks with: a picture that depends on more than its stream, or streams that are alike. */
static void test_seeded(void **state)
{
    (void)state;
    const struct augment all = {2, 15, 0.15F, 0.2F, 1, 7, 0.5F};
    uint8_t in[N];
    float a[N], b[N];
    disc(in, 12, 15, 5);
    draw(&all, 1, in, a);
    draw(&all, 2, in, b);
    assert_memory_not_equal(a, b, sizeof a);
    draw(&all, 1, in, b);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < N; i++)
        assert_true(a[i] >= 0 && a[i] <= 1);
}

/* Breaks with: a shift out of its bounds, one-sided, with x and y coupled, or that loses ink. */
static void test_shift(void **state)
{
    (void)state;
    const struct augment a = {.shift_px = 3};
    uint8_t in[N];
    float out[N];
    double sum[2] = {0}, square[2] = {0}, product = 0;
    disc(in, 13.5, 13.5, 6);
    augment_none(in, out);
    struct shape before = measure(out);
    for (uint64_t i = 0; i < DRAWS; i++) {
        struct shape s = draw(&a, i, in, out);
        double d[2] = {s.x - before.x, s.y - before.y};
        assert_true(fabs(s.mass - before.mass) < 1e-3 * before.mass);
        for (int k = 0; k < 2; k++) {
            assert_true(fabs(d[k]) <= 3.01);
            sum[k] += d[k] / DRAWS;
            square[k] += d[k] * d[k] / DRAWS;
        }
        product += d[0] * d[1] / DRAWS;
    }
    for (int k = 0; k < 2; k++) { /* even from -3 to 3: mean 0, variance 3; five standard errors */
        assert_true(fabs(sum[k]) < 5 * sqrt(3.0 / DRAWS));
        assert_true(fabs(square[k] - 3) < 5 * sqrt(7.2 / DRAWS));
    }
    assert_true(fabs(product) < 5 * 3 / sqrt(DRAWS));
}

/* Breaks with: a rotation about another point than the middle, or that is no rotation: mass, distances from the middle
 * and the sum of the second moments stay; the angle is within its bounds and takes both signs. */
static void test_rotate(void **state)
{
    (void)state;
    const struct augment a = {.rotate_deg = 30};
    uint8_t in[N];
    float out[N];
    int left = 0;
    disc(in, 21.5, 13.5, 3);
    augment_none(in, out);
    struct shape before = measure(out);
    for (uint64_t i = 0; i < DRAWS; i++) {
        struct shape s = draw(&a, i, in, out);
        double angle = atan2(s.y - 13.5, s.x - 13.5) * 180 / 3.14159265358979;
        assert_true(fabs(angle) < 30.5);
        left += angle < 0;
        assert_true(fabs(hypot(s.x - 13.5, s.y - 13.5) - 8) < 0.1);
        assert_true(fabs(s.mass - before.mass) < 0.02 * before.mass);
    }
    assert_true(left > DRAWS / 3 && left < DRAWS * 2 / 3);
}

/* Breaks with: a scale that is the inverse of what is meant, or the same for both sides: the mass of a disc grows by
 * sx * sy, its second moments by sx * sx and sy * sy. */
static void test_scale(void **state)
{
    (void)state;
    const struct augment a = {.scale = 0.2F};
    uint8_t in[N];
    float out[N];
    double largest = 0, least = 9, apart = 0;
    disc(in, 13.5, 13.5, 7);
    augment_none(in, out);
    struct shape before = measure(out);
    for (uint64_t i = 0; i < DRAWS; i++) {
        struct shape s = draw(&a, i, in, out);
        double sx = sqrt(s.xx / before.xx), sy = sqrt(s.yy / before.yy);
        assert_true(fabs(s.mass / before.mass - sx * sy) < 0.03);
        assert_true(fabs(s.x - 13.5) < 0.05 && fabs(s.y - 13.5) < 0.05);
        largest = fmax(largest, sx);
        least = fmin(least, sy);
        apart = fmax(apart, fabs(sx - sy));
    }
    if (largest < 1.17 || largest > 1.22 || least > 0.83 || least < 0.78 || apart < 0.2)
        fail_msg("sides from %.3f to %.3f, %.3f apart", least, largest, apart);
}

/* Breaks with: a shear along y, or of the wrong size: x moves by shear * y, so xy / yy is the tangent; mass stays. */
static void test_shear(void **state)
{
    (void)state;
    const struct augment a = {.shear = 0.3F};
    uint8_t in[N];
    float out[N];
    double largest = 0;
    disc(in, 13.5, 13.5, 6);
    augment_none(in, out);
    struct shape before = measure(out);
    for (uint64_t i = 0; i < DRAWS; i++) {
        struct shape s = draw(&a, i, in, out);
        double tangent = s.xy / s.yy;
        assert_true(fabs(tangent) < 0.31);
        largest = fmax(largest, tangent);
        assert_true(fabs(s.yy - before.yy) < 0.05 * before.yy);
        assert_true(fabs(s.mass - before.mass) < 0.01 * before.mass);
    }
    assert_true(largest > 0.27);
}

/* Breaks with: strokes only ever thicker, a disc's edge moved by another distance than the share of a pixel (grey
 * dilation moves a diagonal edge less than one pixel, never more), or a number drawn though it is off. */
static void test_stroke(void **state)
{
    (void)state;
    const struct augment a = {.stroke = 0.5F};
    uint8_t in[N];
    float out[N];
    double most = 0, least = 99;
    disc(in, 13.5, 13.5, 6);
    augment_none(in, out);
    double radius = sqrt(measure(out).mass / 3.14159265358979);
    for (uint64_t i = 0; i < DRAWS; i++) {
        double r = sqrt(draw(&a, i, in, out).mass / 3.14159265358979);
        most = fmax(most, r - radius);
        least = fmin(least, r - radius);
        for (int p = 0; p < N; p++)
            assert_true(out[p] >= 0 && out[p] <= 1);
    }
    if (most < 0.35 || most > 0.5 || least > -0.35 || least < -0.5)
        fail_msg("the radius changes by %.3f to %.3f", least, most);
    struct rng off, on;
    rng_seed(&off, 3, RNG_TEST, 0);
    on = off;
    augment_picture(&(struct augment){0}, &off, in, out);
    augment_picture(&a, &on, in, out);
    assert_int_not_equal(rng_u64(&off), rng_u64(&on));
}

/* Breaks with: an elastic field that is not as strong as asked for (measured where the picture is a slope, whose
 * values tell how far each point came from), not smooth, or not zero on average. */
static void test_elastic(void **state)
{
    (void)state;
    const struct augment a = {.elastic_px = 1.2F, .elastic_cell_px = 7};
    uint8_t in[N];
    float out[N], flat[N];
    double square = 0, mean = 0, rough = 0, count = 0;
    for (int i = 0; i < N; i++)
        in[i] = (uint8_t)(9 * (i % SIDE)); /* the value tells x */
    augment_none(in, flat);
    for (uint64_t k = 0; k < DRAWS; k++) {
        draw(&a, k, in, out);
        for (int y = 8; y < 19; y++)
            for (int x = 8; x < 19; x++, count++) { /* away from the edges */
                int i = y * SIDE + x;
                double d = (double)(out[i] - flat[i]) * 255 / 9, next = (double)(out[i + 1] - flat[i + 1]) * 255 / 9;
                mean += d;
                square += d * d;
                rough += (next - d) * (next - d);
            }
    }
    mean /= count;
    double deviation = sqrt(square / count), step = sqrt(rough / count);
    if (fabs(mean) > 0.1 || fabs(deviation - 1.2) > 0.1 || step > 0.35)
        fail_msg("mean %.3f px, deviation %.3f px, from pixel to pixel %.3f px", mean, deviation, step);
}

/* Breaks with: a distortion that is left as strong as it was, or a knot distance that shrinks with it. */
static void test_weaker(void **state)
{
    (void)state;
    const struct augment a = {
        .shift_px = 1, .rotate_deg = 2, .scale = 3, .shear = 4, .elastic_px = 5, .elastic_cell_px = 6, .stroke = 7};
    const struct augment half = augment_weaker(&a, 0.5F);
    assert_true(half.shift_px == 0.5F && half.rotate_deg == 1 && half.scale == 1.5F && half.shear == 2);
    assert_true(half.elastic_px == 2.5F && half.elastic_cell_px == 6 && half.stroke == 3.5F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity), cmocka_unit_test(test_seeded),  cmocka_unit_test(test_shift),
        cmocka_unit_test(test_rotate),   cmocka_unit_test(test_scale),   cmocka_unit_test(test_shear),
        cmocka_unit_test(test_stroke),   cmocka_unit_test(test_elastic), cmocka_unit_test(test_weaker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
