/* The pictures that numbers_fit.c fits to, as it needs them. Private to it and numbers_set.c. */
#ifndef DIGITD_WEIGHTS_NUMBERS_SET_H
#define DIGITD_WEIGHTS_NUMBERS_SET_H

#include "numbers_fit.h"

struct sample_candidate {
    int from, to;
    uint16_t may; /* bit k: it may be label k */
    float x[TERMS_INPUTS], log_probability[LAYOUT_CLASSES], own[LAYOUT_CLASSES];
};

/* All rows of a picture, one after another: the last node of one is the first of the next. */
struct sample {
    int nodes, n, n_text;
    struct sample_candidate *c; /* [n], in order of to */
    float (*skip)[TERMS_SKIP];  /* [nodes - 1] */
    uint8_t *text;              /* [n_text]: labels */
};

struct numbers_set {
    size_t n, room;
    struct sample *sample;
};

#endif
