/* Pictures of two tones, one of them drawn in strokes: however fat these are, and somewhat uneven the light. Used by
 * paper.c and level.c. */
#ifndef DIGITD_NORMALISE_TONES_H
#define DIGITD_NORMALISE_TONES_H

#include "grid.h"
#include "histogram.h"
#include "picture.h"

struct tones {
    bool clear;      /* two tones that hardly any pixel lies between, the ink in strokes; the rest counts only then */
    bool dark;       /* the ink is the darker */
    bool off_border; /* the ink touches the border no more than a digit does: it may be told so in uneven light too */
    int split;       /* the first value of the lighter tone */
    int paper;       /* median of the paper */
    int apart;       /* levels between the two means */
};

/* Of p's px, whose histogram is all; g: room to work in. */
void tones_judge(const struct picture *p, const struct histogram *all, struct grid *g, struct tones *out);

/* The paper's tone in each cell of g: of the pixels from split on, for paper that is the lighter; under the ink, what
 * is around it. room: to work in. */
void tones_fill(const struct picture *p, int split, struct grid *g, struct grid *room);

#endif
