/* Moment normalisation (Casey 1970, "Moment normalization of handprinted characters", IBM Journal of Research and
 * Development 14(5), 548-557): what tells one hand from another, slant and proportions, taken off a picture before a
 * network reads it, so that the digits of a writer whom it never saw look more like those that it knows. */
#ifndef DIGITD_NET_MOMENTS_H
#define DIGITD_NET_MOMENTS_H

#include "model.h"

/* in[28][28], light ink on dark, to out[28][28]: sheared along x until the ink's covariance of x and y is 0 (by 45
 * degrees at most), and stretched or shrunk, along x and along y by themselves: the ink's deviation is then
 * before * pow(goal / before, MOMENTS_SHARE), most of the way to the goal, within limits. All about the ink's centre of
 * mass, which stays where it is: a picture moved by whole pixels gives the same result, moved as far. What gets outside
 * is lost. */
void moments_normalise(const uint8_t in[DIGIT_PIXELS], uint8_t out[DIGIT_PIXELS]);

#define MOMENTS_SHARE    0.8
#define MOMENTS_WIDTH    4.0 /* px, goal of the deviation of x; upright digits of MNIST have 3.4 on average */
#define MOMENTS_HEIGHT   5.4 /* px, of y; 5.5 */
#define MOMENTS_NARROWER 0.6 /* least factor of x */
#define MOMENTS_WIDER    1.6 /* most */
#define MOMENTS_LOWER    0.7 /* of y */
#define MOMENTS_TALLER   1.4

#endif
