/* Neighbouring slopes differ by a bin from one end of the picture to the other. */
#include "ballot.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

/* "Fine at": see parts.c. */
enum {
    BINS_PART = 200, /* a path is known to 1/200 of its length; fine at 80 and 500 */
    BIN_MIN_PX = 2
};

enum err ballot_open(struct ballot *b, int n_u, int n_v, double slope_max)
{
    const int bin = n_u / BINS_PART;
    const double lean = slope_max * (n_u / 2 + 1);

    *b = (struct ballot){.bin = bin > BIN_MIN_PX ? bin : BIN_MIN_PX, .slope_max = slope_max, .n_u = n_u};
    b->slopes = 2 * (int)ceil(lean / b->bin) + 1;
    b->low = (int)floor(-lean / b->bin) - 1;
    b->bins = (int)ceil((n_v + lean) / b->bin) + 2 - b->low;
    b->count = calloc((size_t)(b->slopes * b->bins), sizeof(*b->count));
    return b->count != NULL ? OK : ERR_NOMEM;
}

void ballot_close(struct ballot *b)
{
    free(b->count);
    b->count = NULL;
}

static double slope_of(const struct ballot *b, int k)
{
    return b->slope_max * (2 * k - (b->slopes - 1)) / (b->slopes - 1);
}

void ballot_add(struct ballot *b, int u, int v2, int by)
{
    for (int k = 0; k < b->slopes; k++) {
        const double at = v2 / 2.0 - slope_of(b, k) * (u - b->n_u / 2);
        const int bin = (int)(at / b->bin - b->low);

        b->count[k * b->bins + bin] += by;
    }
}

/* Votes in two neighbouring bins count together: a path may lie on the border of two. */
int ballot_best(const struct ballot *b, double *at, double *slope)
{
    int most = 0;

    for (int k = 0; k < b->slopes; k++)
        for (int i = 0; i + 1 < b->bins; i++) {
            const int votes = b->count[k * b->bins + i] + b->count[k * b->bins + i + 1];

            if (votes > most) {
                most = votes;
                *slope = slope_of(b, k);
                *at = (b->low + i + 1) * b->bin;
            }
        }
    return most;
}
