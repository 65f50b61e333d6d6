/* MNIST's pictures taken larger, smaller, turned, and with other pens. Light ink on black throughout. */
#ifndef DIGITD_GOLDEN_STROKES_H
#define DIGITD_GOLDEN_STROKES_H

#include <stdint.h>

#include "base/digit_size.h"

/* Where the 28x28 goes: scale px of the result for one of its px, turned by turn radians about its middle (index 14, 14
 * is where the digit's mass is; the middle of the square is 13.5), which comes to lie at x, y of the result. */
struct placing {
    float scale, turn, x, y;
};

/* out[h][w]: between pixels by a cubic (Keys 1981, a = -1/2); where it gets smaller, the mean over each pixel's area.
 */
void strokes_place(const uint8_t mnist[DIGIT_PIXELS], const struct placing *at, int w, int h, uint8_t *out);

/* px[h][w], strokes of 255 on 0: up to rounds px off each side of a stroke, which never breaks or vanishes (Zhang and
 * Suen 1984); or radius px onto it. What was grey becomes black or white, with edges made soft again. */
void strokes_thin(uint8_t *px, int w, int h, int rounds);
void strokes_thicken(uint8_t *px, int w, int h, float radius);

#endif
