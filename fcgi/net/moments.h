/* Moment normalisation (Casey 1970, "Moment normalization of handprinted characters", IBM Journal of Research and
 * Development 14(5), 548-557): removes slant and evens out proportions, in which writers differ most, before the
 * network reads a picture. Digits of writers it has never seen then look more like those it was trained on. */
#ifndef DIGITD_NET_MOMENTS_H
#define DIGITD_NET_MOMENTS_H

#include "model.h"

/* in[28][28], light ink on dark, to out[28][28]: sheared along x until the covariance of x and y of the ink is 0 (at
 * most 45 degrees), then scaled along x and y separately. The ink's standard deviation becomes before * pow(goal /
 * before, MOMENTS_SHARE), most of the way to the goal, within limits. The ink's centre of mass stays where it is, so a
 * picture shifted by whole pixels gives the same result, shifted. Ink that leaves the picture is lost. */
void moments_normalise(const uint8_t in[DIGIT_PIXELS], uint8_t out[DIGIT_PIXELS]);

#define MOMENTS_SHARE    0.8
#define MOMENTS_WIDTH    4.0 /* px, goal of the deviation of x; upright digits of MNIST have 3.4 on average */
#define MOMENTS_HEIGHT   5.4 /* px, of y; 5.5 */
#define MOMENTS_NARROWER 0.6 /* least factor of x */
#define MOMENTS_WIDER    1.6 /* most */
#define MOMENTS_LOWER    0.7 /* of y */
#define MOMENTS_TALLER   1.4

#endif
