/* Runs of ink across the side vote with their inner end. A stroke that touches the line hides that end, and a run that
 * the border cuts has no other. */
#include "side.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ballot.h"
#include "fit.h"

/* "Lost at" and "fine at": of 520 drawn pictures (40 each of the kinds of cells, photo-slip and cropped, seed 1), of
 * which 511 are read. */
enum {
    COLUMN_RUNS_MAX = 8,  /* runs in one column of the zone: what has more is a texture */
    TRIES_MAX = 8,        /* paths */
    PRESENT_PERCENT = 85, /* of a line, ink is on it (fine at 60 and 97), */
    FREE_PERCENT = 35,    /* and nothing crosses it; two are lost at 70, fine at 10 */
    LENGTH_PERCENT = 50   /* of the side: a line is at least so long; one is lost at 80, fine at 25 */
};
static const double SLOPE_MAX = 0.12; /* 7 degrees */
/* How far its ends lie off the path, root mean square: as in straight.c. */
static const double OFF_RMS_PART = 0.003, OFF_RMS_PX = 0.8;
/* A run so many times as thick as the line, and so much more, is not the line's alone. */
static const double THICK_TIMES = 1.4, THICK_PX = 1.5;

struct edge {
    int16_t u, end, thick; /* the first v after the run */
    int16_t tone;
};

static size_t edges_collect(const struct view *p, int zone, int thickest, struct edge *edges)
{
    size_t n = 0;

    for (int u = 0; u < p->n_u; u++) {
        const size_t first = n;

        for (int v = 0; v < zone; v++) {
            const int from = v;
            int sum = 0;

            for (; v < p->n_v && view_inked(p, u, v); v++)
                sum += p->px[u * p->step_u + v * p->step_v];
            if (v > from && v - from <= thickest && v <= zone && n - first < COLUMN_RUNS_MAX)
                edges[n++] = (struct edge){(int16_t)u, (int16_t)v, (int16_t)(v - from), (int16_t)(sum / (v - from))};
        }
    }
    return n;
}

static double edge_off(const struct view *p, const struct side_line *l, const struct edge *e)
{
    return e->end - l->inner - l->slope * (e->u - p->n_u / 2);
}

/* The line through the edges within reach; tells their root mean square distance. */
static double side_fit(const struct view *p, const struct edge *edges, size_t n, double reach, struct side_line *l)
{
    struct fit f = {.n = 0};
    double at, slope, rms;

    for (size_t i = 0; i < n; i++) {
        const double off = edge_off(p, l, &edges[i]);

        if (fabs(off) <= reach)
            fit_add(&f, edges[i].u - p->n_u / 2, off);
    }
    rms = fit_line(&f, &at, &slope);
    l->inner += at;
    l->slope += slope;
    return rms;
}

/* Thickness, tone and ends, by the edges within reach. */
static int side_measure(const struct view *p, const struct edge *edges, size_t n, double reach, int thickest,
                        struct side_line *l, int *count)
{
    int on = 0, open = 0, clear = 0, at = 0;
    int64_t tone = 0;

    memset(count, 0, (size_t)(thickest + 1) * sizeof(*count));
    l->from = p->n_u;
    l->to = 0;
    for (size_t i = 0; i < n; i++)
        if (fabs(edge_off(p, l, &edges[i])) <= reach) {
            on++;
            count[edges[i].thick]++;
            open += edges[i].thick >= edges[i].end;
            l->from = edges[i].u < l->from ? edges[i].u : l->from;
            l->to = edges[i].u >= l->to ? edges[i].u + 1 : l->to;
        }
    for (int sum = 0; at < thickest && 2 * (sum + count[at]) < on; at++)
        sum += count[at];
    l->thick = at;
    l->open = 2 * open >= on;
    for (size_t i = 0; i < n; i++)
        if (fabs(edge_off(p, l, &edges[i])) <= reach && edges[i].thick <= THICK_TIMES * at + THICK_PX) {
            clear++;
            tone += edges[i].tone;
        }
    l->tone = clear > 0 ? (double)tone / clear : 0;
    return clear;
}

int side_inner(const struct view *p, const struct side_line *l, int u)
{
    return (int)floor(l->inner + l->slope * (u - p->n_u / 2) + 0.5);
}

int side_outer(const struct view *p, const struct side_line *l, int u)
{
    const int v = l->open ? 0 : (int)floor(l->inner + l->slope * (u - p->n_u / 2) - l->thick + 0.5);

    return v > 0 ? v : 0;
}

/* Whether it has ink from end to end, and most of it is free. */
static bool side_is_whole(const struct view *p, const struct side_line *l, int clear, int reach)
{
    int present = 0, inside = 0;

    for (int u = l->from; u < l->to; u++) {
        const int inner = side_inner(p, l, u);
        bool any = false;

        if (inner <= 0)
            continue;
        inside++;
        for (int v = inner - 1 - reach; v <= inner - 1 + reach && !any; v++)
            any = v >= 0 && v < p->n_v && view_inked(p, u, v);
        present += any;
    }
    return 100 * inside >= LENGTH_PERCENT * p->n_u && 100 * present >= PRESENT_PERCENT * inside &&
           100 * clear >= FREE_PERCENT * inside;
}

/* What voted for a path votes no more. */
static size_t withdraw(const struct view *p, const struct side_line *l, double reach, struct ballot *b,
                       struct edge *edges, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (fabs(edge_off(p, l, &edges[i])) > reach) {
            i++;
            continue;
        }
        ballot_add(b, edges[i].u, 2 * edges[i].end, -1);
        edges[i] = edges[--n];
    }
    return n;
}

static int find(const struct view *p, int thickest, struct edge *edges, size_t n, struct ballot *b, int *count,
                struct side_line *lines)
{
    const double off_part = OFF_RMS_PART * p->n_u, off_max = off_part > OFF_RMS_PX ? off_part : OFF_RMS_PX;
    int found = 0;

    for (size_t i = 0; i < n; i++)
        ballot_add(b, edges[i].u, 2 * edges[i].end, 1);
    for (int tries = 0; tries < TRIES_MAX && found < SIDE_LINES_MAX; tries++) {
        struct side_line l = {.open = false};
        const double reach = b->bin / 2 > 1.5 ? b->bin / 2 : 1.5;
        double rms;
        int clear;

        if (100 * ballot_best(b, &l.inner, &l.slope) < FREE_PERCENT * LENGTH_PERCENT * p->n_u / 100)
            break;
        side_fit(p, edges, n, b->bin, &l);
        rms = side_fit(p, edges, n, reach, &l);
        clear = side_measure(p, edges, n, reach, thickest, &l, count);
        if (rms <= off_max && side_is_whole(p, &l, clear, (int)ceil(reach)))
            lines[found++] = l;
        n = withdraw(p, &l, b->bin + 1, b, edges, n);
    }
    return found;
}

enum err side_find(const struct view *p, int zone, int thickest, struct side_line lines[SIDE_LINES_MAX], int *found)
{
    struct edge *edges = malloc((size_t)p->n_u * COLUMN_RUNS_MAX * sizeof(*edges));
    int *count = malloc((size_t)(thickest + 1) * sizeof(*count));
    struct ballot b = {.count = NULL};
    enum err e = ERR_NOMEM;

    *found = 0;
    if (edges == NULL || count == NULL || ballot_open(&b, p->n_u, zone, SLOPE_MAX) != OK)
        goto out;
    *found = find(p, thickest, edges, edges_collect(p, zone, thickest, edges), &b, count, lines);
    e = OK;
out:
    free(edges);
    free(count);
    ballot_close(&b);
    return e;
}
