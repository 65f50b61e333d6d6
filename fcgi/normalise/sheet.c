/* A sheet is a convex piece with four corners and sharp edges that another tone surrounds, with ink on it, which is
 * little of it; or an empty one. A digit may be such a piece too: but a 1 is longer than an empty sheet, and the hole
 * of an angular 0 or 8 is a fat block. And a sheet may lie beside the digit: so it has to be large, or in the middle.
 *
 * Looked for on a grid, at up to three splits of its tones, since a shadow over the sheet may be near the desk's tone
 * as seen from the paper's; the sheet the lighter first, then the darker. A digit that touches the sheet's edge goes
 * with what surrounds it, and then none is found. */
#include <stdlib.h>
#include <string.h>

#include "normalise/tools/grid.h"
#include "normalise/tools/histogram.h"
#include "normalise/tools/outline.h"
#include "stages.h"

enum {
    SHEET_SIDE = OUTLINE_SIDE_MAX, /* cells; at most this many */
    SHEET_MAP_MIN_PX = 96,      /* the longest side: under it, the outermost two cells of a sheet are a stroke wide */
    SHEET_APART_MIN = 30,       /* levels between the sheet and what surrounds it */
    SHEET_AREA_MIN_PERCENT = 8, /* of the picture, where the sheet covers the middle; else: */
    SHEET_AREA_ASIDE_PERCENT = 25,
    SHEET_BORDER_PART = 5,  /* one in so many cells of the border may be the sheet's, all along one side */
    SHEET_ALIKE_PART = 2,   /* of its area: with another so large, both are plates with a digit on each, as a meter's */
    SHEET_STROKE_PART = 12, /* strokes are no thicker than twice this part of the picture's longest side */
    /* An ellipse is 64 % of the quadrilateral around the two; a sheet's corners lose some cells. */
    SHEET_CONVEX_PERCENT = 93,
    SHEET_CORNERS_PERCENT = 86,
    SHEET_INK_PER_MILLE_MIN = 2,
    SHEET_INK_PER_MILLE_MAX = 350,
    /* Ink that fills so much of its box, which is so much of the sheet's shorter side, is a digit's hole. */
    SHEET_HOLE_FILL_PERCENT = 66,
    SHEET_HOLE_SIDE_PERCENT = 18,
    /* Area to the square of the longest diagonal: 50 for a square, 34 for sides as 2 to 5, 25 for a fat 1. */
    SHEET_EMPTY_PERCENT = 33,
    SHEET_OTHERS_PER_MILLE = 5, /* of the pixels, may be of an empty sheet's tone elsewhere; more may be a digit */
    /* Over so many cells to either side of its edge the tone rises by at least this part of what it rises in all: 17 of
     * the drawn pictures (desk, slip, window) are lost at 1, one at 10. */
    SHEET_EDGE_CELLS = 2,
    SHEET_EDGE_PART = 3,
    /* Ink is at least this part of the way from the paper's own tone to what surrounds the sheet; fine at 2 and 6. */
    SHEET_INK_PART = 3,
    /* Light ink is at least this part of what a closing takes away, in third powers: of the drawn patches' an 8, whose
     * holes it fills, has the least. */
    SHEET_LIGHT_PART = 4
};

enum { AROUND, SHEET, INNER, UNSEEN }; /* INNER: without the outermost cells, which are part of both */

struct search {
    struct grid g, room, opened;
    uint8_t kind[SHEET_SIDE * SHEET_SIDE];
    int stack[SHEET_SIDE * SHEET_SIDE];
    int split, around; /* the first value of the sheet; the mean tone of the dark around it */
    int cells;         /* of the piece that is looked at, its ink included */
    int next;          /* of the largest but that one */
    struct outline outline;
};

/* The box of the sheet, without its rim. */
static struct box inner_box(const struct search *s, const struct picture *map)
{
    struct box b = BOX_NONE;

    for (int i = 0; i < s->g.w * s->g.h; i++)
        if (s->kind[i] == INNER)
            box_add(&b, i % s->g.w, i / s->g.w);
    b.x0 *= s->g.cell;
    b.y0 *= s->g.cell;
    b.x1 = b.x1 * s->g.cell < map->w ? b.x1 * s->g.cell : map->w;
    b.y1 = b.y1 * s->g.cell < map->h ? b.y1 * s->g.cell : map->h;
    return b;
}

static int greater(int a, int b)
{
    return a > b ? a : b;
}

/* Makes cells of kind from that hang together with cell (by their sides) kind to, all or the dark alone; how many. */
static int flood(struct search *s, int cell, int from, int to, bool dark)
{
    int n = 0, found = 0;

    s->kind[cell] = (uint8_t)to;
    s->stack[n++] = cell;
    while (n > 0) {
        const int at = s->stack[--n], x = at % s->g.w, y = at / s->g.w;
        const int next[4] = {x > 0 ? at - 1 : at, x + 1 < s->g.w ? at + 1 : at, y > 0 ? at - s->g.w : at,
                             y + 1 < s->g.h ? at + s->g.w : at};

        found++;
        for (int i = 0; i < 4; i++)
            if (s->kind[next[i]] == from && (!dark || s->g.v[next[i]] < s->split)) {
                s->kind[next[i]] = (uint8_t)to;
                s->stack[n++] = next[i];
            }
    }
    return found;
}

/* What is dark and connected with the border is around; of the rest, the largest piece is left as SHEET, its ink
 * included: how many cells. */
static int part_from_border(struct search *s)
{
    const int n = s->g.w * s->g.h;
    int most = 0, at = 0;

    s->next = 0;
    memset(s->kind, UNSEEN, sizeof(s->kind));
    for (int i = 0; i < n; i++)
        if (grid_on_border(&s->g, i) && s->kind[i] == UNSEEN && s->g.v[i] < s->split)
            (void)flood(s, i, UNSEEN, AROUND, true);
    for (int i = 0; i < n; i++)
        if (s->kind[i] == UNSEEN) {
            const int found = flood(s, i, UNSEEN, SHEET, false), worse = found > most ? at : i;

            if (most > 0)
                (void)flood(s, worse, SHEET, AROUND, false);
            s->next = greater(s->next, found < most ? found : most);
            at = found > most ? i : at;
            most = found > most ? found : most;
        }
    return most;
}

/* Whether the piece lies as a sheet does: large, or over the middle; and cut off by one side of the picture at most. */
static bool lies_well(const struct search *s)
{
    const int w = s->g.w, h = s->g.h, percent = 100 * s->cells / (w * h);
    int along[4];

    grid_count_border(&s->g, s->kind, SHEET, along);
    if ((along[0] > 0) + (along[1] > 0) + (along[2] > 0) + (along[3] > 0) > 1 ||
        SHEET_BORDER_PART * (along[0] + along[1] + along[2] + along[3]) > 2 * (w + h))
        return false;
    return percent >= (s->kind[h / 2 * w + w / 2] == SHEET ? SHEET_AREA_MIN_PERCENT : SHEET_AREA_ASIDE_PERCENT);
}

/* Whether the piece fills its convex hull, and a quadrilateral of its corners does. */
static bool has_four_corners(const struct search *s)
{
    return 2 * 100 * s->cells >= SHEET_CONVEX_PERCENT * s->outline.hull2 &&
           100 * s->outline.quadrilateral2 >= SHEET_CORNERS_PERCENT * s->outline.hull2;
}

/* Adds what a row or column of n cells gains in tone over the piece's first and over its last edge. */
static void edges_add(const struct search *s, int from, int step, int n, struct histogram *gains)
{
    int first = n, last = -1;

    for (int i = 0; i < n; i++)
        if (s->kind[from + i * step] != AROUND) {
            first = i < first ? i : first;
            last = i;
        }
    for (int end = 0; end < 2; end++) {
        const int out = end == 0 ? first - SHEET_EDGE_CELLS : last + SHEET_EDGE_CELLS;
        const int in = end == 0 ? first + SHEET_EDGE_CELLS : last - SHEET_EDGE_CELLS;

        if (last >= 0 && out >= 0 && out < n && in >= 0 && in < n)
            histogram_add(gains, (uint8_t)greater(0, s->g.v[from + in * step] - s->g.v[from + out * step]));
    }
}

/* Light falls off slowly, a sheet ends at once: most of the difference lies within a few cells. */
static bool has_sharp_edges(const struct search *s, int paper)
{
    struct histogram gains = {.total = 0};

    for (int y = 0; y < s->g.h; y++)
        edges_add(s, y * s->g.w, 1, s->g.w, &gains);
    for (int x = 0; x < s->g.w; x++)
        edges_add(s, x, s->g.w, s->g.h, &gains);
    return gains.total > 0 && SHEET_EDGE_PART * histogram_percentile(&gains, 50) >= paper - s->around;
}

static void mark_inner(struct search *s)
{
    for (int y = 1; y + 1 < s->g.h; y++)
        for (int x = 1; x + 1 < s->g.w; x++) {
            int inside = 0;

            for (int i = 0; i < 9; i++)
                inside += s->kind[(y + i / 3 - 1) * s->g.w + x + i % 3 - 1] != AROUND;
            if (inside == 9)
                s->kind[y * s->g.w + x] = INNER;
        }
}

/* What a closing leaves in room is the paper's own tone. So a shadow over half the sheet is no ink. */
static bool is_ink(const struct search *s, int cell, int v)
{
    return s->kind[cell] == INNER && SHEET_INK_PART * v < (SHEET_INK_PART - 1) * s->room.v[cell] + s->around;
}

static bool is_hole(const struct search *s)
{
    struct box ink = BOX_NONE, all = BOX_NONE;
    int n = 0;

    for (int i = 0; i < s->g.w * s->g.h; i++) {
        if (s->kind[i] == INNER)
            box_add(&all, i % s->g.w, i / s->g.w);
        if (!is_ink(s, i, s->g.v[i]))
            continue;
        box_add(&ink, i % s->g.w, i / s->g.w);
        n++;
    }
    return n > 0 && 100 * box_shortest(&ink) >= SHEET_HOLE_SIDE_PERCENT * box_shortest(&all) &&
           100 * n >= SHEET_HOLE_FILL_PERCENT * box_width(&ink) * box_height(&ink);
}

static bool is_plain(const struct search *s)
{
    for (int i = 0; i < s->g.w * s->g.h; i++)
        if (s->kind[i] == INNER && s->g.v[i] < s->split)
            return false;
    return true;
}

/* Whether it is a sheet by what is on it: some of its pixels are ink, not many, and no block; or nothing is, it is of a
 * shape that no stroke has, and nothing else is of its tone, as what a stroke leaves of a sheet would be. */
static bool is_written_or_empty(struct search *s, const struct picture *map)
{
    const int radius = greater(s->g.w, s->g.h) / SHEET_STROKE_PART;
    struct histogram paper = {.total = 0};
    int64_t inked = 0, others = 0;

    s->room = s->g;
    grid_spread(&s->room, radius, true);
    grid_spread(&s->room, radius, false);
    for (int y = 0; y < map->h; y++)
        for (int x = 0; x < map->w; x++) {
            const int cell = y / s->g.cell * s->g.w + x / s->g.cell;
            const int v = *picture_at(map, x, y);

            if (s->kind[cell] == INNER)
                histogram_add(&paper, s->room.v[cell]);
            inked += is_ink(s, cell, v);
            others += s->kind[cell] == AROUND && v >= s->split;
        }
    if (paper.total == 0 || histogram_percentile(&paper, 50) - s->around < SHEET_APART_MIN ||
        !has_sharp_edges(s, histogram_percentile(&paper, 50)))
        return false;
    if (1000 * inked < SHEET_INK_PER_MILLE_MIN * paper.total)
        return is_plain(s) && 100 * s->cells >= SHEET_EMPTY_PERCENT * s->outline.longest &&
               1000 * others <= SHEET_OTHERS_PER_MILLE * (int64_t)map->w * map->h;
    return 1000 * inked <= SHEET_INK_PER_MILLE_MAX * paper.total && !is_hole(s);
}

static bool find_at(struct search *s, const struct picture *map)
{
    int sum = 0, n = 0;

    s->cells = part_from_border(s);
    if (!lies_well(s) || SHEET_ALIKE_PART * s->next >= s->cells)
        return false;
    outline_of(s->kind, s->g.w, s->g.h, SHEET, &s->outline);
    if (!has_four_corners(s))
        return false;
    for (int i = 0; i < s->g.w * s->g.h; i++)
        if (s->kind[i] == AROUND && s->g.v[i] < s->split) {
            sum += s->g.v[i];
            n++;
        }
    if (n == 0)
        return false;
    s->around = sum / n;
    mark_inner(s);
    return is_written_or_empty(s, map);
}

/* Sets the cells of opened that are not INNER to v, where they must not count. */
static void mask_opened(struct search *s, uint8_t v)
{
    for (int i = 0; i < s->g.w * s->g.h; i++)
        if (s->kind[i] != INNER)
            s->opened.v[i] = v;
}

static int64_t cube(int d)
{
    return (int64_t)d * d * d;
}

/* Whether the ink is lighter than the sheet, as a pen's on a grey patch in a white page is when turned over. Nothing on
 * it is then as dark as what is around, and most of the ink is lighter than the sheet's median, in third powers as in
 * paper.c. So is the lit half of a sheet in the shadow, but an opening does not take that away, as it does strokes. (A
 * closing takes away what strokes enclose, too.) */
static bool ink_is_light(const struct search *s)
{
    struct histogram inner = {.total = 0};
    int64_t skew = 0, light = 0, dark = 0;
    int middle;

    for (int i = 0; i < s->g.w * s->g.h; i++)
        if (s->kind[i] == INNER) {
            histogram_add(&inner, s->g.v[i]);
            light += cube(s->g.v[i] - s->opened.v[i]);
            dark += cube(s->room.v[i] - s->g.v[i]);
        }
    middle = histogram_percentile(&inner, 50);
    for (int v = 0; v < 256; v++)
        skew += inner.count[v] * cube(v - middle);
    return is_plain(s) && skew > 0 && SHEET_LIGHT_PART * light > dark;
}

/* Around the INNER cells comes what their paper is like there. Ink that is darker than it is no more in room. What is
 * lighter is taken off by an opening, of the sheet alone: where it touches the sheet's edge, it would be drawn out to
 * the border. */
static void fill_around(struct search *s, struct picture *map)
{
    const int radius = greater(s->g.w, s->g.h) / SHEET_STROKE_PART;

    s->opened = s->g;
    mask_opened(s, 255);
    grid_spread(&s->opened, radius, false);
    mask_opened(s, 0);
    grid_spread(&s->opened, radius, true);
    if (ink_is_light(s))
        s->room = s->opened;
    for (int i = 0; i < s->g.w * s->g.h; i++)
        s->g.v[i] = (uint8_t)(s->kind[i] == INNER ? greater(s->room.v[i], 1) : 0);
    grid_fill(&s->g, &s->room);
    for (int y = 0; y < map->h; y++)
        for (int x = 0; x < map->w; x++) {
            const int cell = y / s->g.cell * s->g.w + x / s->g.cell;

            if (s->kind[cell] != INNER)
                *picture_at(map, x, y) = s->g.v[cell];
        }
}

/* Otsu's split of the values from first up to last, or 0. */
static int split_of(const struct grid *g, int first, int last)
{
    struct histogram some = {.total = 0};

    for (int i = 0; i < g->w * g->h; i++)
        if (g->v[i] >= first && g->v[i] < last)
            histogram_add(&some, g->v[i]);
    return some.total > 0 ? histogram_otsu(&some, 0) : 0;
}

/* Where the sheet is the lighter one; g is map's. */
static bool isolate_light(struct search *s, struct picture *map)
{
    int splits[3]; /* the lowest first: at a higher one, half a sheet in the light may be four-cornered too */

    splits[1] = split_of(&s->g, 0, 256);
    splits[0] = split_of(&s->g, 0, splits[1]);
    splits[2] = split_of(&s->g, splits[1], 256);
    for (int i = 0; i < 3; i++) {
        s->split = splits[i];
        if (s->split > 0 && find_at(s, map)) {
            map->sheet = inner_box(s, map);
            fill_around(s, map);
            return true;
        }
    }
    return false;
}

enum err sheet_run(struct picture *p)
{
    struct search *s;

    if (picture_longest(p) < SHEET_MAP_MIN_PX)
        return OK;
    s = malloc(sizeof(*s));
    if (s == NULL)
        return ERR_NOMEM;
    grid_average(&s->g, p->px, p->w, p->h, SHEET_SIDE);
    if (!isolate_light(s, p)) {
        picture_invert(p);
        grid_invert(&s->g);
        (void)isolate_light(s, p);
        picture_invert(p);
    }
    free(s);
    return OK;
}
