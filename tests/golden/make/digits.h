/* Digits as people write them: several skeletons (weights/train/data/pen.h) each, and writers who keep to theirs. */
#ifndef DIGITD_GOLDEN_DIGITS_H
#define DIGITD_GOLDEN_DIGITS_H

#include "data/pen.h"

/* One person: a hand, and which of the skeletons of each digit is theirs. */
struct writer {
    struct pen_hand hand;
    const char *skeleton[10];
};

void writer_make(struct writer *w, struct rng *r);
/* Somebody who learned to write on the European continent. */
void writer_make_continental(struct writer *w, struct rng *r);
/* Somebody whose 1 is a stroke and whose 7 has no bar across. */
void writer_make_english(struct writer *w, struct rng *r);

/* Digit label by that writer, in a box of about 0 to 1. */
enum err writer_write(const struct writer *w, int label, struct rng *r, struct pen_figure *out);

#endif
