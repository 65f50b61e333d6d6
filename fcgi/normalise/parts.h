/* The pieces that the stage parts tells apart: parts.c finds and measures them, parts_kinds.c says what each is by
 * itself or around another, parts_chain.c puts dots together, parts_choose.c tells the digit's. Private to the stage.
 */
#ifndef DIGITD_NORMALISE_PARTS_H
#define DIGITD_NORMALISE_PARTS_H

#include "stages.h"

enum part_kind {
    PART_PLAIN,
    PART_SCRAP,    /* lies along an edge, as a piece of a line does */
    PART_SURROUND, /* leaves the middle free: what lies around a sheet of paper; or a large 0 */
    PART_FRAME     /* goes around something: a rectangle, a ring, a pair of brackets */
};

struct part {
    int parent;                     /* while labels are put together */
    struct box box;                 /* of sure ink */
    int64_t area, mass, rim, inner; /* px of it; the sum of their values; px beside paper; px in the picture's middle */
    enum part_kind kind;
    bool keep;
};

struct parts {
    int cell, w, h, n;
    int *label;        /* [h][w]: number of a part, 0 none */
    struct part *part; /* [n], from 1 on; those with area 0 are none */
};

/* From the border, and still at it: the outermost pixel may be blurred. */
enum { AT_BORDER_PX = 1 };
enum { CUT_LEFT = 1, CUT_ABOVE = 2, CUT_RIGHT = 4, CUT_BELOW = 8 };

/* Which edges of the picture a box is at. */
static inline int cut_by(const struct picture *ink, const struct box *b)
{
    return (b->x0 <= AT_BORDER_PX ? CUT_LEFT : 0) | (b->y0 <= AT_BORDER_PX ? CUT_ABOVE : 0) |
           (b->x1 >= ink->w - AT_BORDER_PX ? CUT_RIGHT : 0) | (b->y1 >= ink->h - AT_BORDER_PX ? CUT_BELOW : 0);
}

/* The pen's width, px: twice the area to the length of the rim. Of a dot, 0.6 of its diameter. */
static inline int64_t part_pen(const struct part *part)
{
    return part->rim > 0 ? 2 * part->area / part->rim : 0;
}

/* Whether one is so much paler than the other as a shadow is, or what is left of a line. */
bool part_is_paler(const struct part *part, const struct part *than);
/* Whether one is so many times as thick that it is no stroke of the same pen. */
bool part_is_thicker(const struct part *part, const struct part *than);

/* Sets kind of all. */
void parts_find_kinds(struct parts *p, const struct picture *ink);
void parts_find_brackets(struct parts *p);
/* Whether part i is a line around another. */
bool part_is_ring(const struct parts *p, int i);

/* Makes one part of the dots or dashes of a dotted line. */
void parts_join_chains(struct parts *p);

/* The digit's main piece; NULL if all are frames. */
struct part *parts_main(struct parts *p, const struct picture *ink);
/* Whether a piece belongs to the digit, of which the main piece and the box so far are known. */
bool part_belongs(const struct picture *ink, const struct part *part, const struct part *main, const struct box *box);

#endif
