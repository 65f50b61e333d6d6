/* What the normaliser leaves beside a digit now and then: rests of ruled lines and frames, a sliver of the neighbouring
 * digit, specks. Networks learn that these change nothing. */
#ifndef DIGITD_WEIGHTS_REMNANTS_H
#define DIGITD_WEIGHTS_REMNANTS_H

#include <stdint.h>

#include "base/digit_size.h"
#include "base/err.h"
#include "common/rng.h"

/* Puts one or two of them beside px[28][28], a digit, and scales and places both together, as the normaliser would:
 * the digit gets a little smaller and moves. neighbour[28][28] is what a sliver is cut from. Only ERR_NOMEM. */
enum err remnants_add(const uint8_t neighbour[DIGIT_PIXELS], struct rng *r, uint8_t px[DIGIT_PIXELS]);

#endif
