/* Places the digit as in MNIST: by whole pixels, without resampling.
 *
 * Coordinates are indices: the centre of the first pixel is 0, so "14" is the centre of the fifteenth. No function of
 * libm is called, so the result is the same everywhere. */
#include <string.h>

#include "stages.h"

enum { SIDE = DIGIT_SIDE_PX, CENTRE = SIDE / 2 };

/* Where to put the first of n so that moment / mass comes to lie on the centre, to whole pixels as in MNIST, with all n
 * inside. */
static int first_at(double moment, double mass, int n)
{
    const double at = CENTRE - moment / mass + 0.5;
    const int most = SIDE - n;

    return at <= 0 ? 0 : at >= most ? most : (int)at;
}

void place_small(const struct small *s, enum normalise_center center, uint8_t digit[DIGIT_PIXELS], double shift[2])
{
    double mass = 0, moment_x = 0, moment_y = 0;
    int left = (SIDE - s->w) / 2, top = (SIDE - s->h) / 2;

    for (int y = 0; y < s->h; y++)
        for (int x = 0; x < s->w; x++) {
            const double v = s->v[y * s->w + x];

            mass += v;
            moment_x += v * x;
            moment_y += v * y;
        }
    if (center == NORMALISE_CENTER_MASS) {
        left = first_at(moment_x, mass, s->w);
        top = first_at(moment_y, mass, s->h);
    }
    memset(digit, 0, DIGIT_PIXELS);
    for (int y = 0; y < s->h; y++)
        for (int x = 0; x < s->w; x++)
            digit[(top + y) * SIDE + left + x] = (uint8_t)(s->v[y * s->w + x] + 0.5);
    shift[0] = left - (SIDE - s->w) / 2.0;
    shift[1] = top - (SIDE - s->h) / 2.0;
}

enum err place_run(struct picture *p)
{
    place_small(&p->small, p->center, p->digit, p->shift);
    p->state = PICTURE_DIGIT;
    return OK;
}
