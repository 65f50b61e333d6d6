/* Seeded small distortions of training pictures: shift, rotation, scale, shear, and a mild elastic one, all in one
 * bilinear resampling, then strokes made thicker or thinner. A picture depends on its own random stream alone. */
#ifndef DIGITD_WEIGHTS_AUGMENT_H
#define DIGITD_WEIGHTS_AUGMENT_H

#include <stdint.h>

#include "base/digit_size.h"
#include "common/rng.h"

/* Strengths; all 0 gives every picture back as it is. Drawn evenly from -x to x, but for the elastic one. */
struct augment {
    float shift_px; /* in x and in y */
    float rotate_deg;
    float scale;           /* 0.1: sides from 0.9 to 1.1, x and y apart */
    float shear;           /* tangent of the slant: x moves by shear * y */
    float elastic_px;      /* standard deviation of a point's displacement in x and in y (after Simard et al. 2003) */
    float elastic_cell_px; /* distance of the displacement's knots: larger is smoother; 4 to 28 */
    float stroke;          /* each pixel goes up to this share of the way to the largest (or least) of its neighbours:
                              0.5 moves an edge by about half a pixel; 0 draws no number */
};

/* The same distortions, each of `share` of its strength. */
struct augment augment_weaker(const struct augment *a, float share);

/* in[28][28] -> out[28][28], 0 to 1. What comes from outside the picture is 0. */
void augment_picture(const struct augment *a, struct rng *r, const uint8_t in[DIGIT_PIXELS], float out[DIGIT_PIXELS]);

/* The same without distortion: in / 255. */
void augment_none(const uint8_t in[DIGIT_PIXELS], float out[DIGIT_PIXELS]);

#endif
