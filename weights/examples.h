/* Pictures to fit the reject rule on: digits, and what is none.
 *
 * What is none has nothing in common with nondigits.h, on which the rule is measured, but the pen: no letter, no drawn
 * shape, no plain noise, no photo of clothes. It is digits spoilt (a row of two or three, one over another, turned, cut
 * into quarters), strokes and arcs that meet at random, filled blobs, and patterns. */
#ifndef DIGITD_WEIGHTS_EXAMPLES_H
#define DIGITD_WEIGHTS_EXAMPLES_H

#include <stdint.h>

#include "../fcgi/nn/normalise.h"
#include "idx.h"

enum { EXAMPLE_SIDE = 112 };

/* The digits that examples are made of: the pictures index[n] of d, n > 0; borrowed. */
struct example_source {
    const struct dataset *d;
    const uint32_t *index;
    size_t n;
};

/* Number i of what the seed makes, as it would be uploaded: 28 to EXAMPLE_SIDE px each way, in the caller's px, to go
 * through the normaliser. Digits are the first n of the source as they are, then each once more distorted, then
 * enlarged. */
struct raster example_digit(const struct example_source *s, uint64_t seed, uint64_t i,
                            uint8_t px[EXAMPLE_SIDE * EXAMPLE_SIDE]);
struct raster example_other(const struct example_source *s, uint64_t seed, uint64_t i,
                            uint8_t px[EXAMPLE_SIDE * EXAMPLE_SIDE]);

#endif
