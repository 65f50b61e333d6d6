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

int histogram_otsu(const struct histogram *all, int floor)
{
    double n = (double)all->total, sum = 0, n0 = 0, sum0 = 0, best = -1;
    int first = floor, last = floor;

    for (int v = 0; v < 256; v++)
        sum += v > floor ? (double)all->count[v] * v : 0;
    for (int v = 0; v < 255; v++) {
        double between;

        n0 += (double)all->count[v];
        sum0 += v > floor ? (double)all->count[v] * v : 0;
        if (v < floor || n0 == 0 || n0 == n)
            continue;
        between = sum0 / n0 - (sum - sum0) / (n - n0);
        between *= between * n0 * (n - n0);
        if (between > best) {
            best = between;
            first = last = v;
        } else if (between == best) {
            last = v;
        }
    }
    return (first + last) / 2 + 1;
}
