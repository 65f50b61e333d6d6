/* Straight paths of ink through a picture: a tool of lines.c.
 *
 * One code serves both directions: u runs along the path, v across it. */
#ifndef DIGITD_NORMALISE_STRAIGHT_H
#define DIGITD_NORMALISE_STRAIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { STRAIGHT_MAX = 100 }; /* paths in each direction */

/* A picture seen along one direction. */
struct view {
    uint8_t *px;
    int n_u, n_v;
    ptrdiff_t step_u, step_v;
    int floor; /* what is over it is ink of some kind */
};

/* v = at + slope * (u - n_u / 2), straight to within reach px. */
struct line {
    double at, slope, reach;
    double thick, ink, dark; /* mean of its runs: px, sum of darkening, darkening in the middle */
    int from, to;            /* the u for which it lies inside the picture, to exclusive */
    int votes;
};

static inline bool view_inked(const struct view *p, int u, int v)
{
    return p->px[u * p->step_u + v * p->step_v] > p->floor;
}

/* All straight paths that ink lies on from end to end, best first. Allocates up to 8 bytes a pixel and frees them; only
 * ERR_NOMEM. */
enum err straight_find(const struct view *p, struct line lines[STRAIGHT_MAX], int *found);

/* The run of ink that the path meets at u, first to last: false where there is none. */
bool straight_run(const struct view *p, const struct line *l, int u, int *first, int *last);

/* A run that is as many px thick, or more, is not the line's alone: a stroke crosses there. */
int straight_thickest(const struct line *l);

/* The sum of darkening of a run. */
int straight_ink(const struct view *p, int u, int first, int last);

#endif
