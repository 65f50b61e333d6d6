/* Letters and signs, among the examples of non-digits that the rejection head is trained on. What is a digit in shape
 * (O, I, l, Z, S, b, g, q, round brackets, a tick) is left out. Skeletons of its own: nondigits.h, on which heads are
 * measured, has others. */
#ifndef DIGITD_WEIGHTS_LETTERS_H
#define DIGITD_WEIGHTS_LETTERS_H

#include <stdint.h>

#include "common/rng.h"

enum { LETTERS_SIDE = 112 };

/* px[112][112]: light ink on black. */
void letters_draw(struct rng *r, uint8_t px[LETTERS_SIDE * LETTERS_SIDE]);

#endif
