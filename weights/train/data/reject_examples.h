/* Pictures to fit the reject rule on: digits, and what is none.
 *
 * What is none shares the pen with nondigits.h, on which the rule is measured, and no skeleton. It is digits spoilt (a
 * row of two or three, one over another, turned, cut off, cut into quarters), strokes and arcs that meet at random,
 * filled blobs, patterns, and what rules took for digits that had not learnt it (random_strokes.c: dented curves, A and
 * H, a): for hearts and these letters a measurement does not tell how the rule does on what it never saw the like of.
 */
#ifndef DIGITD_WEIGHTS_REJECT_EXAMPLES_H
#define DIGITD_WEIGHTS_REJECT_EXAMPLES_H

#include <stdint.h>

#include "normalise/normalise.h"
#include "idx.h"

/* The digits that examples are made of: the pictures index[n] of d, n > 0; borrowed. */
struct reject_example_source {
    const struct dataset *d;
    const uint32_t *index;
    size_t n;
};

/* Example number i of what the seed makes, a digit or something else: out[28][28], after the normaliser. Half of them
 * as they are, a quarter distorted, a quarter distorted and enlarged, as a drawing area or a camera would send them.
 * ERR_NOMEM of the normaliser is the only failure. */
enum err reject_example_make(const struct reject_example_source *s, bool digit, uint64_t seed, uint64_t i,
                             uint8_t out[DIGIT_PIXELS]);

#endif
