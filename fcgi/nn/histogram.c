/* Counts of grey values. */
#include "histogram.h"

int histogram_percentile(const struct histogram *h, int percent)
{
    int64_t seen = 0;
    int v = 0;

    for (; v < 255; v++) {
        seen += h->count[v];
        if (seen * 100 >= h->total * percent)
            break;
    }
    return v;
}
