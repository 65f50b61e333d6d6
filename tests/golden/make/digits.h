/* Digits as people write them: several skeletons (weights/train/data/pen.h) each, and writers who keep to theirs. */
#ifndef DIGITD_GOLDEN_DIGITS_H
#define DIGITD_GOLDEN_DIGITS_H

#include "data/pen.h"

/* One person: a hand, and which of the styles of each digit is theirs. */
struct writer {
    struct pen_hand hand;
    uint32_t style[10];
};

void writer_make(struct writer *w, struct rng *r);

/* Digit label by that writer, in a box of about 0 to 1. */
enum err writer_write(const struct writer *w, int label, struct rng *r, struct pen_figure *out);

/* How many styles a digit has; a style's name and skeleton. */
uint32_t digits_styles(int label);
const char *digits_style_name(int label, uint32_t style);
const char *digits_skeleton(int label, uint32_t style);

#endif
