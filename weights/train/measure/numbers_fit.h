/* Fits the terms by which numbers are read (layout/terms.h) to a network and to pictures of which the text is known.
 *
 * Only the text of a picture is known, not where its digits are cut. So what is made as large as possible is the
 * probability of the text: the sum over all ways through the lattice that give it, against the sum over all ways (a
 * semi-Markov conditional random field: Sarawagi and Cohen 2004). That makes the confidence honest as well. */
#ifndef DIGITD_WEIGHTS_NUMBERS_FIT_H
#define DIGITD_WEIGHTS_NUMBERS_FIT_H

#include <stdio.h>

#include "layout/terms.h"

struct numbers_set; /* pictures to fit to */

enum err numbers_set_new(struct numbers_set **out);
void numbers_set_free(struct numbers_set *set);

/* Adds a picture with its text: digits and marks, without spaces; rows one after another. ERR_NOMEM; ERR_RANGE for
 * another character. *possible: whether there is a way that gives the text; without one it is not fitted to. */
enum err numbers_set_add(struct numbers_set *set, const struct layout_lattice *l, const struct layout_looks *looks,
                         const char *text, bool *possible);

struct numbers_fit {
    int epochs;
    uint64_t seed;
    float rate, decay;
    FILE *progress; /* a line for each epoch; NULL: none */
};

/* Fits t, which is where it starts from; all 0: anew. */
enum err numbers_fit(const struct numbers_set *set, const struct numbers_fit *how, struct layout_terms *t);

#endif
