/* Counts of grey values. Private to the normaliser. */
#ifndef DIGITD_NORMALISE_TOOLS_HISTOGRAM_H
#define DIGITD_NORMALISE_TOOLS_HISTOGRAM_H

#include <stdint.h>

struct histogram {
    int64_t count[256], total;
};

/* Zero the histogram first. In the header, because it runs for each pixel. */
static inline void histogram_add(struct histogram *h, uint8_t v)
{
    h->count[v]++;
    h->total++;
}

/* The smallest v such that at least total * percent / 100 of the values are v or less. */
int histogram_percentile(const struct histogram *h, int percent);

/* Otsu's threshold: the split with the greatest variance between the two classes, or the middle of a gap in the
 * histogram where many splits are equal. Values up to floor count as 0: a thin stroke is one pixel in a thousand, and
 * the variance of the paper's noise would outweigh it. */
int histogram_otsu(const struct histogram *all, int floor);

#endif
