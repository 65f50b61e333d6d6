/* What may happen to a picture of MNIST before somebody uploads it: one row a kind, in the order of the report. */
#ifndef DIGITD_GOLDEN_PERTURBATIONS_H
#define DIGITD_GOLDEN_PERTURBATIONS_H

#include "canvas.h"
#include "encode.h"

/* A picture on its way. What a kind leaves alone is a PNG. */
struct perturbed {
    const uint8_t *mnist; /* [28][28] */
    struct rng r;
    struct canvas canvas;
    enum encode_format format;
    int quality;
};

struct perturbation {
    const char *name, *what; /* what: for the report */
    void (*make)(struct perturbed *p);
};

/* Ended by a NULL name. */
extern const struct perturbation perturbations[];

#endif
