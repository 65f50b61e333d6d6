/* Moments are exact sums of integers; the picture is resampled linearly. */
#include <math.h>
#include <string.h>

#include "moments.h"

#define LEAST_VARIANCE 0.3 /* px^2: that of a straight line as wide as a pen, about */

struct frame {
    double x, y;          /* the ink's centre */
    double slant;         /* px to the right for a px down */
    double wider, taller; /* factors of the picture */
};

static double limited(double least, double v, double most)
{
    return v < least ? least : v > most ? most : v;
}

static double factor(double variance, double deviation, double least, double most)
{
    const double before = sqrt(fmax(variance, LEAST_VARIANCE));
    return limited(least, pow(deviation / before, MOMENTS_SHARE), most);
}

/* false without ink */
static bool measure(const uint8_t in[DIGIT_PIXELS], struct frame *f)
{
    int64_t ink = 0, ink_x = 0, ink_y = 0, ink_xx = 0, ink_xy = 0, ink_yy = 0;
    for (int y = 0; y < DIGIT_SIDE_PX; y++)
        for (int x = 0; x < DIGIT_SIDE_PX; x++) {
            const int64_t v = in[y * DIGIT_SIDE_PX + x];
            ink += v;
            ink_x += v * x;
            ink_y += v * y;
            ink_xx += v * x * x;
            ink_xy += v * x * y;
            ink_yy += v * y * y;
        }
    if (ink == 0)
        return false;
    const double mass = (double)ink;
    f->x = (double)ink_x / mass;
    f->y = (double)ink_y / mass;
    const double xx = (double)ink_xx / mass - f->x * f->x;
    const double xy = (double)ink_xy / mass - f->x * f->y;
    const double yy = (double)ink_yy / mass - f->y * f->y;
    f->slant = limited(-1, xy / fmax(yy, LEAST_VARIANCE), 1);
    f->wider =
        factor(xx - 2 * f->slant * xy + f->slant * f->slant * yy, MOMENTS_WIDTH, MOMENTS_NARROWER, MOMENTS_WIDER);
    f->taller = factor(yy, MOMENTS_HEIGHT, MOMENTS_LOWER, MOMENTS_TALLER);
    return true;
}

enum {
    BEFORE = 2,
    AFTER = 3,
    STRIDE = BEFORE + DIGIT_SIDE_PX + AFTER
}; /* a border of zeros, so that no pixel is outside */

/* Where to read, between the pixels `at` (in the picture with its border) and the one after it. */
struct spot {
    int at;
    double share; /* of the one after */
};

/* where: 0 is the first pixel's centre; beyond the border everything reads as zero, too. */
static struct spot spot(double where)
{
    const double inside = limited(0, where + BEFORE, STRIDE - 2);
    const int at = (int)inside;
    return (struct spot){at, inside - at};
}

static uint8_t mixed(const uint8_t *pixel, double right, double low)
{
    const double above = (1 - right) * pixel[0] + right * pixel[1];
    const double below = (1 - right) * pixel[STRIDE] + right * pixel[STRIDE + 1];
    return (uint8_t)((1 - low) * above + low * below + 0.5);
}

void moments_normalise(const uint8_t in[DIGIT_PIXELS], uint8_t out[DIGIT_PIXELS])
{
    struct frame f;
    uint8_t padded[STRIDE * STRIDE] = {0};
    if (!measure(in, &f)) {
        memset(out, 0, DIGIT_PIXELS);
        return;
    }
    for (int y = 0; y < DIGIT_SIDE_PX; y++)
        memcpy(padded + (y + BEFORE) * STRIDE + BEFORE, in + y * DIGIT_SIDE_PX, DIGIT_SIDE_PX);
    for (int y = 0; y < DIGIT_SIDE_PX; y++) {
        const double down = (y - f.y) / f.taller, left = f.x - f.x / f.wider + f.slant * down, step = 1 / f.wider;
        const struct spot row = spot(f.y + down);
        for (int x = 0; x < DIGIT_SIDE_PX; x++) {
            const struct spot column = spot(left + x * step);
            out[y * DIGIT_SIDE_PX + x] = mixed(padded + row.at * STRIDE + column.at, column.share, row.share);
        }
    }
}
