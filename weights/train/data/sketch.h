/* Drawings with a pen that write no digit (but by chance): among the examples that a reject rule is fitted on. */
#ifndef DIGITD_WEIGHTS_SKETCH_H
#define DIGITD_WEIGHTS_SKETCH_H

#include <stdint.h>

#include "common/rng.h"

enum { SKETCH_SIDE = 112 };

/* px[112][112]: light ink on black. */
void sketch_draw(struct rng *r, uint8_t px[SKETCH_SIDE * SKETCH_SIDE]);

#endif
