/* For frames.c: straight lines through the box of a piece of ink. */
#ifndef DIGITD_LAYOUT_FRAME_LINES_H
#define DIGITD_LAYOUT_FRAME_LINES_H

#include "normalise/tools/straight.h"

/* The mean width of all strokes in a view. */
double frame_stroke_width(const struct view *ink);

/* As straight_find, in a copy k times smaller where k is over 1, so that thick lines are thin: then fitted to the view.
 * Only ERR_NOMEM. */
enum err frame_lines_find(const struct view *ink, int k, struct line lines[STRAIGHT_MAX], int *n);

/* Leaves those of n lines that have ink nearly all along; tells how many. */
int frame_lines_keep(const struct view *ink, struct line *lines, int n);

#endif
