/* Finds straight paths of ink through a picture, for lines.c.
 *
 * The same code works in both directions: u runs along the path, v across it. */
#ifndef DIGITD_NORMALISE_TOOLS_STRAIGHT_H
#define DIGITD_NORMALISE_TOOLS_STRAIGHT_H

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
    int floor; /* pixels above this are ink of some kind */
};

/* v = at + slope * (u - n_u / 2), straight to within reach px. */
struct line {
    double at, slope, reach;
    double thick, ink, dark; /* means over its runs: px, sum of darkening, darkening in the middle */
    int from, to;            /* the u for which it is inside the picture; to is exclusive */
    int votes;
};

static inline bool view_inked(const struct view *p, int u, int v)
{
    return p->px[u * p->step_u + v * p->step_v] > p->floor;
}

/* Finds all straight paths covered with ink from end to end, best first. Allocates up to 8 bytes a pixel and frees
 * them; only ERR_NOMEM. */
enum err straight_find(const struct view *p, struct line lines[STRAIGHT_MAX], int *found);

/* The run of ink on the path at u, from first to last; false if there is none. */
bool straight_run(const struct view *p, const struct line *l, int u, int *first, int *last);

/* A run this many px thick, or thicker, is not only the line: a stroke crosses it. */
int straight_thickest(const struct line *l);

/* The sum of darkening of a run. */
int straight_ink(const struct view *p, int u, int first, int last);

#endif
