/* Digits as people write them who do not write like MNIST's: skeletons whose parts (upstroke, foot, bar, slash, loop,
 * corners) and proportions are drawn at random, in strokes of any pen.
 *
 * MNIST's writers learned American forms: hardly one of its 1s has an upstroke, no 0 is slashed, few 7s are barred. The
 * network and its rejection head learn from these drawings beside MNIST. The test pictures (tests/golden/make/digits.c)
 * have skeletons of their own. */
#ifndef DIGITD_WEIGHTS_HANDS_H
#define DIGITD_WEIGHTS_HANDS_H

#include <stdint.h>

#include "base/digit_size.h"
#include "base/err.h"
#include "common/rng.h"
#include "idx.h"

enum { HANDS_SIDE = 112 };

/* px[112][112]: light ink on black. label is 0 to 9. */
void hands_draw(int label, struct rng *r, uint8_t px[HANDS_SIDE * HANDS_SIDE]);

/* The same, scaled and placed as the normaliser does it: out[28][28]. Only ERR_NOMEM. */
enum err hands_make(int label, struct rng *r, uint8_t out[DIGIT_PIXELS]);

/* n of them, digit i % 10 by hand i of this seed. The caller frees out with dataset_free, also after a failure. Only
 * ERR_NOMEM. */
enum err hands_dataset(struct dataset *out, uint64_t seed, size_t n);

#endif
