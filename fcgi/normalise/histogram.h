/* Counts of grey values. Used by the files of the normaliser alone. */
#ifndef DIGITD_NORMALISE_HISTOGRAM_H
#define DIGITD_NORMALISE_HISTOGRAM_H

#include <stdint.h>

struct histogram {
    int64_t count[256], total;
};

/* Zero it first. In the header, since it runs for each pixel. */
static inline void histogram_add(struct histogram *h, uint8_t v)
{
    h->count[v]++;
    h->total++;
}

/* The least value that at least total * percent / 100 of the values do not exceed. */
int histogram_percentile(const struct histogram *h, int percent);

/* Otsu's threshold: the split with the greatest variance between its two classes; where a gap of the histogram makes
 * many splits equal, the middle of the gap. What is within floor counts as 0: a thin stroke is one pixel in a thousand,
 * and the variance of the paper's noise would outweigh it. */
int histogram_otsu(const struct histogram *all, int floor);

#endif
