/* Recognises pictures of two tones, one of them drawn in strokes, however fat, and in light that may be somewhat
 * uneven. Used by paper.c and level.c. */
#ifndef DIGITD_NORMALISE_TONES_H
#define DIGITD_NORMALISE_TONES_H

#include "normalise/tools/grid.h"
#include "normalise/tools/histogram.h"
#include "picture.h"

struct tones {
    bool clear;      /* two tones with hardly any pixels in between, the ink in strokes; otherwise ignore the rest */
    bool dark;       /* the ink is darker than the paper */
    bool off_border; /* the ink touches the border no more than a digit does: then clear counts in uneven light too */
    bool across;     /* the ink goes from one side of the picture to another as a shadow does; false if not two tones */
    int split;       /* the lowest value of the lighter tone */
    int paper;       /* median of the paper */
    int apart;       /* levels between the two means */
};

/* Judges p's px, whose histogram is all. g: working space. */
void tones_judge(const struct picture *p, const struct histogram *all, struct grid *g, struct tones *out);

/* Sets each cell of g to the paper's tone: that of the pixels from split up, if the paper is lighter; under the ink,
 * that of the paper around it. room: working space. */
void tones_fill(const struct picture *p, int split, struct grid *g, struct grid *room);

#endif
