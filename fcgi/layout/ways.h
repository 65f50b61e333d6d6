/* All ways through a row: the best ones, and how probable each step is. Private to the room and to those who fit. */
#ifndef DIGITD_LAYOUT_WAYS_H
#define DIGITD_LAYOUT_WAYS_H

#include "terms.h"

enum { WAYS_BEST = 4 };

/* A candidate as one label. */
struct way_step {
    int candidate, from, to, label; /* nodes of the row; in order of to */
    double value;
};

struct ways {
    int nodes, n;           /* nodes of the row; steps */
    struct way_step *step;  /* [n] */
    double *skip;           /* [nodes - 1] */
    double *before, *after; /* [nodes]: log of the sum over all ways from the start, to the end */
};

/* Takes a row; ways_free also after an error. Only ERR_NOMEM. */
enum err ways_make(struct ways *w, const struct layout_lattice *l, const struct layout_looks *looks,
                   const struct layout_terms *terms, int row);
void ways_free(struct ways *w);

/* The probability of step i, among all ways. */
double ways_probability(const struct ways *w, int i);

/* log of the probability that the labels of a way are these, however it is cut. ERR_NOMEM. */
enum err ways_probability_of(const struct ways *w, const int *labels, int n, double *log_probability);

/* The best ways whose labels differ, best first. */
struct way {
    double value;
    int n;
    int *step; /* [n], from left to right */
};
enum err ways_best(const struct ways *w, struct way best[WAYS_BEST], int *n);
void way_free(struct way *w);

enum { DATE_SIGNS = 10 /* at most */ };

/* Whether these n characters are a day, a month and a year with slashes between them, in any country's order. */
bool date_is(const char *text, int n);

double log_add(double a, double b);

#endif
