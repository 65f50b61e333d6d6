/* Lines along one side of a picture, as a cell's are, of any thickness: found by the edge that faces the picture's
 * middle. The other edge may be outside the picture. Private to the normaliser. */
#ifndef DIGITD_NORMALISE_TOOLS_SIDE_H
#define DIGITD_NORMALISE_TOOLS_SIDE_H

#include "straight.h"

enum { SIDE_LINES_MAX = 4 };

/* In a view whose v is 0 at that side's border and grows towards the middle. */
struct side_line {
    double inner, slope; /* the first v beyond it, towards the middle: inner + slope * (u - n_u / 2) */
    double thick, tone;  /* px across (what is in view of it), and mean darkening, where nothing crosses it */
    bool open;           /* it reaches the border */
    int from, to;        /* u from end to end; to is exclusive */
};

/* Finds lines up to thickest px thick that keep within zone px of the border, best first. They may end before the
 * picture does. p->floor: only what is darker is a line's. Allocates up to 64 bytes for each px of p's length, and
 * its ballot, and frees them; only ERR_NOMEM. */
enum err side_find(const struct view *p, int zone, int thickest, struct side_line lines[SIDE_LINES_MAX], int *found);

/* Its edge at u, rounded: the first v beyond it towards the middle; and its first v. */
int side_inner(const struct view *p, const struct side_line *l, int u);
int side_outer(const struct view *p, const struct side_line *l, int u);

#endif
