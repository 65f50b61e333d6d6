/* Finds straight paths of ink through a picture, along one direction, as programs that read music scores find staff
 * lines.
 *
 * Thin runs of ink across the direction vote for the paths they may be on (a Hough transform); the path with the most
 * votes is fitted to its runs and then checked as a whole. */
#include "straight.h"

#include <math.h>
#include <stdlib.h>

#include "ballot.h"
#include "fit.h"

/* "Lost at" and "fine at": see parts.c. */
enum {
    /* A hundred lines across 1,000 px, and half as much besides. What has more is a texture, and would take a second.
     */
    RUNS_MAX = 150 * 1000,
    TRIES_MAX = 2 * STRAIGHT_MAX,
    /* The thickest run that may vote, in px and percent of the shorter side: a window's frame and cell lines are lost
     * at 0, two digits that were cropped at 10. */
    VOTER_PX = 3,
    VOTER_PERCENT = 3,
    CLIP_PART = 2,        /* a path lies inside the picture for at least this part of its length, or is a corner's */
    PRESENT_PERCENT = 65, /* of a line, ink is on its path (fine at 40 and 90), */
    THIN_PERCENT = 50,    /* no thicker than the line: where the digit crosses it, it is. Lost at 80, fine at 20 */
    END_PART = 10,        /* a line goes on to the ends: of this part of it at either, */
    END_PERCENT = 50      /* so much has ink. A stroke ends before. Lost at 95 */
};
static const double SLOPE_MAX = 0.18; /* 10 degrees; ruled paper is lost at 3 */
/* Votes of the best path, as a part of the side, or there is no more line. Ruled paper is lost at 0.7, fine at 0.1. */
static const double VOTES_MIN = 0.3;
/* How far its runs may lie off the path, root mean square: a part of the side, or so many px, a pixel's own rounding
 * being 0.3, and a lens bends lines. Fine at 0.3 and 4 px. */
static const double OFF_RMS_PART = 0.003, OFF_RMS_PX = 0.8;
/* A run up to so many times as thick as the line, and so much more, is the line's alone. Fine at 1 and 3; 0.5 and 4 px.
 */
static const double THICK_TIMES = 1.5, THICK_PX = 1.5;

struct run {
    int16_t u, v2, thick; /* v2: twice the middle */
};

static size_t runs_collect(const struct view *p, int thickest, struct run *runs)
{
    size_t n = 0;

    for (int u = 0; u < p->n_u; u++)
        for (int v = 0; v < p->n_v; v++) {
            const int first = v;

            while (v < p->n_v && view_inked(p, u, v))
                v++;
            if (v > first && v - first <= thickest)
                runs[n++] = (struct run){(int16_t)u, (int16_t)(first + v - 1), (int16_t)(v - first)};
        }
    return n;
}

/* The range of u in which a path is inside the picture. */
static void line_clip(const struct view *p, struct line *l)
{
    l->from = 0;
    l->to = p->n_u;
    while (l->from < l->to) {
        const double v = l->at + l->slope * (l->from - p->n_u / 2);

        if (v >= -0.5 && v < p->n_v - 0.5)
            break;
        l->from++;
    }
    while (l->to > l->from) {
        const double v = l->at + l->slope * (l->to - 1 - p->n_u / 2);

        if (v >= -0.5 && v < p->n_v - 0.5)
            break;
        l->to--;
    }
}

static double line_off(const struct view *p, const struct line *l, const struct run *r)
{
    return r->v2 / 2.0 - l->at - l->slope * (r->u - p->n_u / 2);
}

/* The line through the runs within reach; tells their root mean square distance. */
static double line_fit(const struct view *p, const struct run *runs, size_t n, struct line *l)
{
    struct fit f = {.n = 0};
    double at, slope, rms, thick = 0;

    for (size_t i = 0; i < n; i++) {
        const double off = line_off(p, l, &runs[i]);

        if (fabs(off) > l->reach)
            continue;
        fit_add(&f, runs[i].u - p->n_u / 2, off);
        thick += runs[i].thick;
    }
    rms = fit_line(&f, &at, &slope);
    l->votes = (int)f.n;
    l->at += at;
    l->slope += slope;
    l->thick = f.n > 0 ? thick / f.n : 0;
    return rms;
}

bool straight_run(const struct view *p, const struct line *l, int u, int *first, int *last)
{
    const double path = l->at + l->slope * (u - p->n_u / 2);
    const int reach = (int)ceil(l->reach);
    int v = (int)floor(path + 0.5);

    for (int d = 0; d <= reach; d++) {
        if (v + d >= 0 && v + d < p->n_v && view_inked(p, u, v + d)) {
            v += d;
            break;
        }
        if (v - d >= 0 && v - d < p->n_v && view_inked(p, u, v - d)) {
            v -= d;
            break;
        }
        if (d == reach)
            return false;
    }
    *first = *last = v;
    while (*first > 0 && view_inked(p, u, *first - 1))
        --*first;
    while (*last + 1 < p->n_v && view_inked(p, u, *last + 1))
        ++*last;
    return true;
}

int straight_thickest(const struct line *l)
{
    return (int)(THICK_TIMES * l->thick + THICK_PX);
}

int straight_ink(const struct view *p, int u, int first, int last)
{
    int sum = 0;

    for (int v = first; v <= last; v++)
        sum += p->px[u * p->step_u + v * p->step_v];
    return sum;
}

/* Whether there is ink on nearly all of the path, and for most of it no thicker than a line. */
static bool line_is_whole(const struct view *p, struct line *l)
{
    const int n = l->to - l->from, end = (n + END_PART - 1) / END_PART;
    int present = 0, thin = 0, at_start = 0, at_end = 0;
    int64_t ink = 0;
    int dark = 0;

    for (int u = l->from; u < l->to; u++) {
        int first, last;

        if (!straight_run(p, l, u, &first, &last))
            continue;
        present++;
        at_start += u < l->from + end;
        at_end += u >= l->to - end;
        if (last - first < straight_thickest(l)) {
            thin++;
            ink += straight_ink(p, u, first, last);
            dark += p->px[u * p->step_u + (first + last) / 2 * p->step_v];
        }
    }
    l->ink = thin > 0 ? (double)ink / thin : 0;
    l->dark = thin > 0 ? (double)dark / thin : 0;
    return 100 * present >= PRESENT_PERCENT * n && 100 * thin >= THIN_PERCENT * n &&
           100 * at_start >= END_PERCENT * end && 100 * at_end >= END_PERCENT * end;
}

/* All straight paths, best first. */
static int find(const struct view *p, struct run *runs, size_t n, struct ballot *b, struct line *lines)
{
    const double off_part = OFF_RMS_PART * p->n_u, off_max = off_part > OFF_RMS_PX ? off_part : OFF_RMS_PX;
    int found = 0;

    for (size_t i = 0; i < n; i++)
        ballot_add(b, runs[i].u, runs[i].v2, 1);
    for (int tries = 0; tries < TRIES_MAX && found < STRAIGHT_MAX; tries++) {
        struct line l = {.reach = b->bin};
        double rms;

        l.votes = ballot_best(b, &l.at, &l.slope);
        if (l.votes < VOTES_MIN * p->n_u)
            break;
        line_fit(p, runs, n, &l);
        rms = line_fit(p, runs, n, &l);
        line_clip(p, &l);
        for (size_t i = 0; i < n;) { /* what voted for it votes no more */
            const double off = line_off(p, &l, &runs[i]);

            if (off > l.reach || off < -l.reach) {
                i++;
                continue;
            }
            ballot_add(b, runs[i].u, runs[i].v2, -1);
            runs[i] = runs[--n];
        }
        if (l.votes == 0)
            break;
        l.reach = l.reach / 2 > 1 ? l.reach / 2 : 1;
        if (CLIP_PART * (l.to - l.from) >= p->n_u && rms <= off_max && line_is_whole(p, &l))
            lines[found++] = l;
    }
    return found;
}

enum err straight_find(const struct view *p, struct line lines[STRAIGHT_MAX], int *found)
{
    const int side = p->n_u < p->n_v ? p->n_u : p->n_v, thickest = VOTER_PX + side * VOTER_PERCENT / 100;
    struct run *runs = malloc(((size_t)p->n_u * (size_t)(p->n_v + 1) / 2 + 1) * sizeof(*runs));
    struct ballot b = {.count = NULL};
    enum err e = ERR_NOMEM;
    size_t n;

    *found = 0;
    if (runs == NULL || ballot_open(&b, p->n_u, p->n_v, SLOPE_MAX) != OK)
        goto out;
    n = runs_collect(p, thickest, runs);
    if (n <= RUNS_MAX)
        *found = find(p, runs, n, &b, lines);
    e = OK;
out:
    free(runs);
    ballot_close(&b);
    return e;
}
