/* Takes off lines along the sides of the picture, thin or thick: a cell's, a frame's, a table's. A digit may touch,
 * stand on or cross them. */
#include <string.h>

#include "normalise/tools/histogram.h"
#include "normalise/tools/mend.h"
#include "normalise/tools/side.h"
#include "stages.h"

/* "Lost at": pictures of the kinds named (tests/golden/make), seeds 1 to 4. */
enum {
    /* Of full ink, lines are at least so dark; JPEG's ringing beside them is less. */
    SURE_PERCENT = 40,
    ZONE_PERCENT = 40,  /* of the side: so far from its border; four of 80 of cell-cross are lost at 30 */
    THICK_PERCENT = 18, /* of the shorter side: so thick at most; cells have lines of up to a fifth of the digit */
    REST_PERCENT = 30,  /* of the longer side: without lines, there is something of this size; a tiny 1 is lost at 20 */
    CELL_LINES = 3,     /* across or down; squared paper is lost at 8 */
    BORDER_PERCENT = 3  /* of the shorter side: so near to the border, a stroke is where a crop was cut */
};
/* The end of a line, from the picture's border or from the line across: a part of the side, and px. A tiny 4 is lost at
 * 0.04 and 1.5. */
static const double END_PART = 0.02, END_PX = 1;

enum { SIDE_TOP, SIDE_BOTTOM, SIDE_LEFT, SIDE_RIGHT, SIDES };

struct sides {
    struct view view[SIDES];
    struct side_line line[SIDES][SIDE_LINES_MAX];
    bool off[SIDES][SIDE_LINES_MAX]; /* it is no line */
    int n[SIDES];
};

/* The picture with that side's border first. */
static struct view view_from(const struct picture *p, int side, int floor)
{
    switch (side) {
    case SIDE_TOP:
        return (struct view){p->px, p->w, p->h, 1, p->w, floor};
    case SIDE_BOTTOM:
        return (struct view){p->px + (size_t)p->w * (size_t)(p->h - 1), p->w, p->h, 1, -p->w, floor};
    case SIDE_LEFT:
        return (struct view){p->px, p->h, p->w, p->w, 1, floor};
    default:
        return (struct view){p->px + p->w - 1, p->h, p->w, p->w, -1, floor};
    }
}

/* Whether a line's end at u lies at the border, or at a line across. v: where the line is there. */
static bool ends_well(const struct sides *s, int side, int u, int v, bool high)
{
    const struct view *p = &s->view[side];
    const int across = (side < SIDE_LEFT ? SIDE_LEFT : SIDE_TOP) + high, along = side % 2 ? p->n_v - 1 - v : v;
    const double far = high ? p->n_u - u : u, near = END_PART * p->n_u + END_PX;

    if (far <= near || v <= 2 * END_PX) /* it leaves by the side that it runs along */
        return true;
    for (int i = 0; i < s->n[across]; i++)
        if (!s->off[across][i] && far <= side_inner(&s->view[across], &s->line[across][i], along) + near &&
            far >= side_outer(&s->view[across], &s->line[across][i], along) - near)
            return true;
    return false;
}

/* A line that ends in the open is none. Takes away one, and says whether it has. */
static bool drop_short(struct sides *s)
{
    for (int side = 0; side < SIDES; side++)
        for (int i = 0; i < s->n[side]; i++) {
            const struct view *p = &s->view[side];
            const struct side_line *l = &s->line[side][i];

            if (s->off[side][i] || (ends_well(s, side, l->from, side_inner(p, l, l->from), false) &&
                                    ends_well(s, side, l->to, side_inner(p, l, l->to - 1), true)))
                continue;
            s->off[side][i] = true;
            return true;
        }
    return false;
}

static int count_lines(const struct sides *s, int side)
{
    int n = 0;

    for (int i = 0; i < s->n[side]; i++)
        n += !s->off[side][i];
    return n;
}

static bool is_lined(const struct sides *s, int x, int y)
{
    for (int side = 0; side < SIDES; side++) {
        const struct view *p = &s->view[side];
        const int u = side < SIDE_LEFT ? x : y, at = side < SIDE_LEFT ? y : x, v = side % 2 ? p->n_v - 1 - at : at;

        for (int i = 0; i < s->n[side]; i++)
            if (!s->off[side][i] && v <= side_inner(p, &s->line[side][i], u) &&
                v >= side_outer(p, &s->line[side][i], u) - 1)
                return true;
    }
    return false;
}

/* What is ink but no line: its box, and how thick its strokes are. */
static struct box measure_rest(const struct picture *p, const struct sides *s, double *pen)
{
    const int floor = s->view[0].floor;
    struct box box = BOX_NONE;
    int64_t area = 0, rim = 0;

    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++) {
            const uint8_t *px = picture_at(p, x, y);

            if (*px <= floor || is_lined(s, x, y))
                continue;
            area++;
            rim += (x + 1 < p->w && px[1] <= floor) + (x > 0 && px[-1] <= floor) + (y > 0 && px[-p->w] <= floor) +
                   (y + 1 < p->h && px[p->w] <= floor);
            box_add(&box, x, y);
        }
    /* The rim of a slanted stroke is counted by its steps, which are up to 1.4 times as long. */
    *pen = rim > 0 ? 2.4 * (double)area / (double)rim : 0;
    return box;
}

/* Cut out at its own ink, a 7 has its bar along the border, or a 4 its stem near it; the rest of it reaches both this
 * border, if the line does not, and the one opposite. */
static bool may_be_stroke(const struct picture *p, const struct sides *s, int side, const struct side_line *l,
                          const struct box *rest)
{
    const struct view *v = &s->view[side];
    const int shorter = p->w < p->h ? p->w : p->h, near = BORDER_PERCENT * shorter / 100 + 1;
    const int room[SIDES] = {rest->y0, p->h - rest->y1, rest->x0, p->w - rest->x1};

    return room[side ^ 1] <= near && count_lines(s, side ^ 1) == 0 &&
           (room[side] <= near || side_outer(v, l, l->from) <= near || side_outer(v, l, l->to - 1) <= near);
}

static enum err take_out(struct picture *p, struct sides *s, int ink)
{
    struct mending m = {.ink = ink};
    const struct box rest = measure_rest(p, s, &m.pen);
    enum err e = OK;

    if (100 * box_longest(&rest) < REST_PERCENT * picture_longest(p))
        return OK;
    for (int side = 0; e == OK && side < SIDES; side++)
        for (int i = 0; e == OK && i < s->n[side]; i++) {
            const struct side_line *l = &s->line[side][i];

            if (s->off[side][i] || may_be_stroke(p, s, side, l, &rest))
                continue;
            e = mend_out(&s->view[side], l, &m);
            p->lined = true;
        }
    return e;
}

/* More lines in one direction than a cell and its neighbours have: ruled or squared paper, which lines.c knows as a
 * whole. Dark squared paper is lost without this (test_normalise_clutter). */
static bool is_paper(const struct sides *s)
{
    return count_lines(s, SIDE_TOP) + count_lines(s, SIDE_BOTTOM) > CELL_LINES ||
           count_lines(s, SIDE_LEFT) + count_lines(s, SIDE_RIGHT) > CELL_LINES;
}

/* Full ink: a tenth of what is darker than the split is darker still. */
static int full_tone(const struct picture *p)
{
    struct histogram all = {.total = 0}, inked = {.total = 0};
    const size_t n = picture_pixels(p);
    int split;

    for (size_t i = 0; i < n; i++)
        histogram_add(&all, p->px[i]);
    split = histogram_otsu(&all, p->paper.noise);
    for (int v = split; v < 256; v++) {
        inked.count[v] = all.count[v];
        inked.total += all.count[v];
    }
    return inked.total > 0 ? histogram_percentile(&inked, 90) : 0;
}

enum err sides_run(struct picture *p)
{
    const int shorter = p->w < p->h ? p->w : p->h, ink = p->paper.noise < 255 ? full_tone(p) : 0;
    const int sure = SURE_PERCENT * ink / 100, floor = sure > p->paper.noise ? sure : p->paper.noise;
    struct sides s = {.n = {0}};
    enum err e = OK;

    if (ink == 0)
        return OK;
    for (int side = 0; e == OK && side < SIDES; side++) {
        s.view[side] = view_from(p, side, floor);
        e = side_find(&s.view[side], s.view[side].n_v * ZONE_PERCENT / 100, shorter * THICK_PERCENT / 100, s.line[side],
                      &s.n[side]);
    }
    while (drop_short(&s))
        ;
    return e == OK && !is_paper(&s) ? take_out(p, &s, ink) : e;
}
