/* Pictures without any number in them, for what reads numbers. */
#ifndef DIGITD_GOLDEN_NONSENSE_H
#define DIGITD_GOLDEN_NONSENSE_H

#include "canvas.h"
#include "common/rng.h"

struct nonsense {
    struct rng r;
    int w, h;
    uint8_t *ink; /* [h][w], owned */
};

struct nonsense_kind {
    const char *name;
    void (*make)(struct nonsense *n);
};
extern const struct nonsense_kind nonsense_kinds[]; /* ended by a NULL name */

#endif
