/* One inverse mapping per picture: for each pixel of the result, the point of the original that it comes from.
 *
 * The elastic field is a cubic B-spline over a coarse grid of normal displacements: as smooth as the usual Gaussian
 * filter over pixel noise, at a fraction of the cost (about ten microseconds per picture in all, without the
 * strokes). */
#include "augment.h"

#include <math.h>
#include <string.h>

enum { SIDE = DIGIT_SIDE_PX, KNOTS_MAX = SIDE / 4 + 4, FRAME = SIDE + 3 };

struct augment augment_weaker(const struct augment *a, float share)
{
    return (struct augment){.shift_px = share * a->shift_px,
                            .rotate_deg = share * a->rotate_deg,
                            .scale = share * a->scale,
                            .shear = share * a->shear,
                            .elastic_px = share * a->elastic_px,
                            .elastic_cell_px = a->elastic_cell_px,
                            .stroke = share * a->stroke};
}

void augment_none(const uint8_t in[DIGIT_PIXELS], float out[DIGIT_PIXELS])
{
    for (int i = 0; i < SIDE * SIDE; i++)
        out[i] = (float)in[i] / 255;
}

/* The four weights of a uniform cubic B-spline at t in 0..1 between knots 1 and 2. */
static void spline_weights(float t, float w[4])
{
    float u = 1 - t;
    w[0] = u * u * u / 6;
    w[1] = (3 * t * t * t - 6 * t * t + 4) / 6;
    w[2] = (3 * u * u * u - 6 * u * u + 4) / 6;
    w[3] = t * t * t / 6;
}

/* field[y][x]: a smooth random field of standard deviation px. */
static void elastic_field(const struct augment *a, struct rng *r, float field[SIDE][SIDE])
{
    /* Weights squared average 0.479 along an axis (the mean of their sum over t), so a spline of unit normals has a
     * deviation of 0.479 in two dimensions. */
    const float deviation = a->elastic_px / 0.479F;
    const float cell = fminf(fmaxf(a->elastic_cell_px, 4), SIDE);
    float knot[KNOTS_MAX][KNOTS_MAX], row[KNOTS_MAX][SIDE], w[SIDE][4];
    int first[SIDE], knots = (int)((SIDE - 1) / cell) + 4;
    for (int y = 0; y < knots; y++)
        for (int x = 0; x < knots; x++)
            knot[y][x] = deviation * rng_normal(r);
    for (int x = 0; x < SIDE; x++) {
        float at = (float)x / cell;
        first[x] = (int)at;
        spline_weights(at - (float)first[x], w[x]);
    }
    for (int y = 0; y < knots; y++)
        for (int x = 0; x < SIDE; x++) {
            const float *k = &knot[y][first[x]];
            row[y][x] = w[x][0] * k[0] + w[x][1] * k[1] + w[x][2] * k[2] + w[x][3] * k[3];
        }
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float(*k)[SIDE] = &row[first[y]];
            field[y][x] = w[y][0] * k[0][x] + w[y][1] * k[1][x] + w[y][2] * k[2][x] + w[y][3] * k[3][x];
        }
}

/* fminf and fmaxf would be calls of the C library. */
static inline float between(float v, float least, float most)
{
    v = v > least ? v : least;
    return v < most ? v : most;
}

/* frame: the picture inside zeros, one row and column before, two after. x, y in pixels of the picture. */
static float sample(float frame[FRAME][FRAME], float x, float y)
{
    x = between(x + 1, 0, SIDE + 1);
    y = between(y + 1, 0, SIDE + 1);
    int xi = (int)x, yi = (int)y;
    float fx = x - (float)xi, fy = y - (float)yi;
    float top = frame[yi][xi] + fx * (frame[yi][xi + 1] - frame[yi][xi]);
    float low = frame[yi + 1][xi] + fx * (frame[yi + 1][xi + 1] - frame[yi + 1][xi]);
    return top + fy * (low - top);
}

/* Grey dilation (share > 0) or erosion (share < 0) by a cross of five pixels, blended in by |share|. */
static void widen_strokes(float share, float px[SIDE * SIDE])
{
    float at[SIDE + 2][SIDE + 2] = {0}, sign = share < 0 ? -1 : 1;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            at[y + 1][x + 1] = sign * px[y * SIDE + x];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const float *up = &at[y][x + 1], *here = &at[y + 1][x + 1], *down = &at[y + 2][x + 1];
            float sides = here[-1] > here[1] ? here[-1] : here[1], ends = *up > *down ? *up : *down;
            float most = sides > ends ? sides : ends;
            most = most > *here ? most : *here;
            px[y * SIDE + x] += share * (most - *here);
        }
}

void augment_picture(const struct augment *a, struct rng *r, const uint8_t in[DIGIT_PIXELS], float out[DIGIT_PIXELS])
{
    float frame[FRAME][FRAME] = {0}, dx[SIDE][SIDE], dy[SIDE][SIDE];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            frame[y + 1][x + 1] = (float)in[y * SIDE + x] / 255;
    float angle = a->rotate_deg * rng_signed(r) * (3.14159265F / 180), slant = a->shear * rng_signed(r);
    float sx = 1 / (1 + a->scale * rng_signed(r)), sy = 1 / (1 + a->scale * rng_signed(r));
    float tx = a->shift_px * rng_signed(r), ty = a->shift_px * rng_signed(r);
    float co = cosf(angle), si = sinf(angle);
    /* Scale, then slant, then turn, all about the middle, then shift; here its inverse is walked. */
    float xx = co * sx - slant * si * sx, xy = -si * sx - slant * co * sx, yx = si * sy, yy = co * sy;
    if (a->elastic_px > 0) {
        elastic_field(a, r, dx);
        elastic_field(a, r, dy);
    } else {
        memset(dx, 0, sizeof(dx));
        memset(dy, 0, sizeof(dy));
    }
    const float middle = (SIDE - 1) / 2.0F;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float px = (float)x - middle - tx, py = (float)y - middle - ty;
            out[y * SIDE + x] =
                sample(frame, middle + xx * px + xy * py + dx[y][x], middle + yx * px + yy * py + dy[y][x]);
        }
    if (a->stroke > 0)
        widen_strokes(a->stroke * rng_signed(r), out);
}
