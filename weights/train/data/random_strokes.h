/* Random pen drawings that are not digits (except by chance), among the examples the rejection head is trained on. */
#ifndef DIGITD_WEIGHTS_RANDOM_STROKES_H
#define DIGITD_WEIGHTS_RANDOM_STROKES_H

#include <stdint.h>

#include "common/rng.h"

enum { RANDOM_STROKES_SIDE = 112 };

/* px[112][112]: light ink on black. */
void random_strokes_draw(struct rng *r, uint8_t px[RANDOM_STROKES_SIDE * RANDOM_STROKES_SIDE]);

#endif
