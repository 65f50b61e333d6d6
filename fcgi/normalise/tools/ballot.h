/* A vote on straight paths through a picture (a Hough transform). Private to the normaliser's tools. */
#ifndef DIGITD_NORMALISE_TOOLS_BALLOT_H
#define DIGITD_NORMALISE_TOOLS_BALLOT_H

#include "base/err.h"

/* Paths v = at + slope * (u - n_u / 2): count[slope][bin of at]. */
struct ballot {
    double bin, slope_max; /* px; the width of a bin */
    int n_u, slopes, bins, low;
    int *count;
};

/* No votes yet, for points of a picture n_u long and n_v across. Allocates; only ERR_NOMEM. */
enum err ballot_open(struct ballot *b, int n_u, int n_v, double slope_max);

/* A point votes for all paths through it, or takes its votes back (by: 1 or -1). v2: twice its v. */
void ballot_add(struct ballot *b, int u, int v2, int by);

/* The path with the most votes, and how many it has; it is known to within a bin. */
int ballot_best(const struct ballot *b, double *at, double *slope);

void ballot_close(struct ballot *b);

#endif
