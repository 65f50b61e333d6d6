/* The usual height of a digit, told by the pieces of ink. */
#include <stdlib.h>

#include "layout_parts.h"

/* A 1 is so many times as high as wide, or wider. */
enum { THIN_PART = 4 };

/* What a piece counts: its height squared, and as much less as it is thinner than a 1, which a piece of a line is. */
static int64_t weight(const struct box *b)
{
    const int64_t h = box_height(b), wide = (int64_t)THIN_PART * box_width(b);

    return h * (wide < h ? wide : h);
}

struct tall {
    int height;
    int64_t weight;
};

static int by_height(const void *a, const void *b)
{
    return ((const struct tall *)a)->height - ((const struct tall *)b)->height;
}

int pieces_usual_height(const struct piece *piece, int n)
{
    struct tall *all = calloc((size_t)n, sizeof(*all));
    int64_t sum = 0, half = 0;
    int at = 0;

    if (all == NULL)
        return -1;
    for (int i = 1; i < n; i++)
        if (!piece[i].gone)
            sum += (all[i] = (struct tall){box_height(&piece[i].box), weight(&piece[i].box)}).weight;
    qsort(all, (size_t)n, sizeof(*all), by_height);
    while (at + 1 < n && 2 * half < sum)
        half += all[++at].weight;
    at = all[at].height;
    free(all);
    return at;
}

int pieces_usual_height_of(const struct piece *piece, const int *which, int n)
{
    struct piece *some = calloc((size_t)n + 1, sizeof(*some));
    int usual = -1;

    for (int i = 0; some != NULL && i < n; i++)
        some[i + 1] = piece[which[i]];
    if (some != NULL)
        usual = pieces_usual_height(some, n + 1);
    free(some);
    return usual;
}
