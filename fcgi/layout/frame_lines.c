/* Straight lines through the box of a piece of ink, thick ones too, from end to end. */
#include <math.h>
#include <stdlib.h>

#include "normalise/tools/fit.h"
#include "layout_parts.h"

enum {
    WALL_END_PART = 16, /* without this part of it at either end, */
    WALL_PERCENT = 90,  /* so much of a wall has ink */
};
/* How far from its path a line's ink may lie: px, and of its length, as a lens bends lines. */
static const double NEAR_PX = 1.2, NEAR_PART = 0.002;
/* A frame seen at an angle leans by so much at most (10 degrees, as lines.c has it). Fitted to its runs, a path that
 * only touched a 1 may have turned into the 1. */
static const double LEAN_MOST = 0.2;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* How thick a line is and how much ink it has: in the middle of its runs, as some have a digit's stroke in them. */
static enum err line_measure(const struct view *ink, struct line *l)
{
    const size_t n = (size_t)(l->to - l->from);
    double *thick = malloc(2 * (n + 1) * sizeof(*thick)), *sum;
    size_t runs = 0;

    if (thick == NULL)
        return ERR_NOMEM;
    sum = thick + n + 1;
    for (int u = l->from; u < l->to; u++) {
        int first, last;

        if (!straight_run(ink, l, u, &first, &last))
            continue;
        thick[runs] = last - first + 1;
        sum[runs++] = straight_ink(ink, u, first, last);
    }
    qsort(thick, runs, sizeof(*thick), by_value);
    qsort(sum, runs, sizeof(*sum), by_value);
    l->thick = runs > 0 ? thick[runs / 2] : 0;
    l->ink = runs > 0 ? sum[runs / 2] : 0;
    free(thick);
    return OK;
}

/* Fits a line anew to those of its runs that are no thicker than it is. */
static void line_fit(const struct view *ink, struct line *l)
{
    struct fit fit = {0};
    double at, slope;

    for (int u = l->from; u < l->to; u++) {
        int first, last;

        if (!straight_run(ink, l, u, &first, &last) || last - first >= straight_thickest(l))
            continue;
        fit_add(&fit, u - ink->n_u / 2, (first + last) / 2.0);
    }
    if (!isfinite(fit_line(&fit, &at, &slope)))
        return;
    l->slope = slope;
    l->at = at;
    l->reach = NEAR_PX + NEAR_PART * ink->n_u;
}

/* straight_find on a smaller copy, where a thick line is thin: the darkest of k x k px. */
static enum err find_smaller(const struct view *ink, int k, struct line *lines, int *n)
{
    struct view small = {NULL, ink->n_u / k, ink->n_v / k, 1, ink->n_u / k, ink->floor};
    enum err e = ERR_NOMEM;

    *n = 0;
    small.px = calloc((size_t)small.n_u * (size_t)small.n_v, 1);
    if (small.px == NULL)
        return ERR_NOMEM;
    for (int v = 0; v < small.n_v * k; v++)
        for (int u = 0; u < small.n_u * k; u++) {
            uint8_t *to = &small.px[v / k * small.n_u + u / k];
            const uint8_t px = ink->px[u * ink->step_u + v * ink->step_v];

            *to = px > *to ? px : *to;
        }
    e = straight_find(&small, lines, n);
    free(small.px);
    for (int i = 0; e == OK && i < *n; i++) {
        struct line *l = &lines[i];

        l->at = l->at * k + (k - 1) / 2.0 + l->slope * (ink->n_u / 2 - small.n_u / 2 * k);
        l->reach *= k;
        l->from *= k;
        l->to = l->to == small.n_u ? ink->n_u : l->to * k;
        e = line_measure(ink, l);
        if (e == OK)
            line_fit(ink, l);
    }
    return e;
}

/* The mean width of the strokes of all that is in a view: twice the area by the length of the rim. */
double frame_stroke_width(const struct view *ink)
{
    int64_t area = 0, rim = 0;

    for (int v = 0; v < ink->n_v; v++)
        for (int u = 0; u < ink->n_u; u++) {
            if (!view_inked(ink, u, v))
                continue;
            area++;
            rim += u == 0 || v == 0 || u + 1 == ink->n_u || v + 1 == ink->n_v || !view_inked(ink, u - 1, v) ||
                   !view_inked(ink, u + 1, v) || !view_inked(ink, u, v - 1) || !view_inked(ink, u, v + 1);
        }
    return rim > 0 ? 2.0 * (double)area / (double)rim : 0;
}

enum err frame_lines_find(const struct view *ink, int k, struct line lines[STRAIGHT_MAX], int *n)
{
    return k > 1 ? find_smaller(ink, k, lines, n) : straight_find(ink, lines, n);
}

/* Whether there is ink nearly all along a line, but for the outermost part. A digit's stem is not: it ends before the
 * frame does. */
static bool is_wall(const struct view *ink, const struct line *l)
{
    const int end = (l->to - l->from) / WALL_END_PART;
    int present = 0, first, last;

    if (fabs(l->slope) > LEAN_MOST)
        return false;
    for (int u = l->from + end; u < l->to - end; u++)
        present += straight_run(ink, l, u, &first, &last);
    return 100 * present >= WALL_PERCENT * (l->to - l->from - 2 * end);
}

int frame_lines_keep(const struct view *ink, struct line *lines, int n)
{
    int kept = 0;

    for (int i = 0; i < n; i++)
        if (is_wall(ink, &lines[i]))
            lines[kept++] = lines[i];
    return kept;
}
