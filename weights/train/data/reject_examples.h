/* Training pictures for the rejection head: digits and non-digits.
 *
 * The non-digits share the pen with nondigits.h, on which the head is measured, but no skeleton. They are spoilt digits
 * (two or three in a row, one over another, turned, cut off, cut into quarters), strokes and arcs that meet at random,
 * filled blobs, patterns, and shapes that earlier rejection heads took for digits (random_strokes.c: dented curves, A
 * and H, a). For hearts and these letters, measurements therefore do not show how the head handles the unfamiliar. */
#ifndef DIGITD_WEIGHTS_REJECT_EXAMPLES_H
#define DIGITD_WEIGHTS_REJECT_EXAMPLES_H

#include <stdint.h>

#include "normalise/normalise.h"
#include "idx.h"

/* The digits that examples are made from: pictures index[n] of d, n > 0. Borrowed. */
struct reject_example_source {
    const struct dataset *d;
    const uint32_t *index;
    size_t n;
};

/* Example number i of a seed, a digit or a non-digit: out[28][28], after the normaliser. Half of them are left as they
 * are, a quarter is distorted, a quarter is distorted and enlarged, as a drawing area or a camera would send them.
 * Fails only when the normaliser runs out of memory. */
enum err reject_example_make(const struct reject_example_source *s, bool digit, uint64_t seed, uint64_t i,
                             uint8_t out[DIGIT_PIXELS]);

#endif
