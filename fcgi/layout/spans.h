/* For lattice.c: what lies between two nodes of a row. */
#ifndef DIGITD_LAYOUT_SPANS_H
#define DIGITD_LAYOUT_SPANS_H

#include "layout_parts.h"

enum { PAD_PX = 4 }; /* soft edges reach no farther: SOFT_REACH in ink.c */

struct node {
    int group, cut; /* the cut in it; -1: its left end */
};

/* Sums over the ink of a candidate, px from the corner of its crop. */
struct moments {
    int64_t n, x, y, xy, yy;
};

struct maker {
    const struct page *page;
    const struct row *row;
    int row_number;
    struct cuts *cuts; /* [row->n] */
    struct node *node; /* [nodes] */
    int nodes;
    uint8_t *px;            /* room for the ink of one candidate */
    struct moments moments; /* of it */
    struct layout_lattice *out;
};

/* What lies between two nodes: groups first to last, from a cut of the first and up to one of the last (-1: none). */
struct span {
    int first, last, cut_from, cut_to;
    struct box box;  /* of the groups' sure ink */
    struct box crop; /* with room for soft edges */
};

struct span span_of(const struct maker *m, int from, int to);

/* Its ends, with a cut's mean place; the widest gap between its groups (0 where it has one). */
double span_left(const struct maker *m, const struct span *s);
double span_right(const struct maker *m, const struct span *s);
double span_gap(const struct maker *m, const struct span *s);

/* Copies its ink to m->px, and tells the box of its sure ink there. Returns the number of px. */
int span_take_ink(struct maker *m, const struct span *s, struct box *ink);

/* Sets the measures of a candidate from the ink that was taken, but for LAYOUT_ATOMS. */
void span_measure(const struct maker *m, const struct span *s, const struct box *ink, int area,
                  float measure[LAYOUT_MEASURES]);

static inline float capped(double v, double most)
{
    return (float)(v > most ? most : v < -most ? -most : v);
}

#endif
