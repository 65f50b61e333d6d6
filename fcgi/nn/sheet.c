/* A sheet is a convex piece with four corners that another tone surrounds, with ink on it, which is little of it; or an
 * empty one. A digit may be such a piece too: but a 1 is longer than an empty sheet, and the hole of an angular 0 or 8
 * is a fat block.
 *
 * Looked for on a grid, at up to three splits of its tones, since a shadow over the sheet may be near the desk's tone
 * as seen from the paper's; the sheet the lighter first, then the darker. */
#include "sheet.h"

#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "histogram.h"

enum {
    SHEET_SIDE = 96,            /* cells; at most this many */
    SHEET_MAP_MIN_PX = 96,      /* the longest side: under it, a cell is a pixel, and a rim of two is a stroke */
    SHEET_APART_MIN = 30,       /* levels between the sheet and what surrounds it */
    SHEET_AREA_MIN_PERCENT = 8, /* of the picture */
    SHEET_BORDER_PART = 5,      /* one in so many cells of the border may be the sheet's */
    SHEET_STROKE_PART = 12,     /* strokes are no thicker than twice this part of the picture's longest side */
    /* An ellipse is 64 % of the quadrilateral around the two; a sheet's corners lose some cells. */
    SHEET_CONVEX_PERCENT = 93,
    SHEET_QUAD_PERCENT = 86,
    SHEET_INK_PER_MILLE_MIN = 2,
    SHEET_INK_PER_MILLE_MAX = 350,
    /* Ink that fills so much of its box, which is so much of the sheet's shorter side, is a digit's hole. */
    SHEET_HOLE_FILL_PERCENT = 66,
    SHEET_HOLE_SIDE_PERCENT = 18,
    /* Area to the square of the longest diagonal: 50 for a square, 34 for sides as 2 to 5, 25 for a fat 1. */
    SHEET_EMPTY_PERCENT = 33,
    SHEET_OTHERS_PART = 50,
    HULL_MAX = 4 * (SHEET_SIDE + 1) + 1
};

enum { AROUND, SHEET, INNER, UNSEEN }; /* INNER: without the outermost cells, which are part of both */

struct search {
    struct grid g, room;
    uint8_t kind[SHEET_SIDE * SHEET_SIDE];
    int stack[SHEET_SIDE * SHEET_SIDE];
    int split, around; /* the first value of the sheet; the mean tone of the dark around it */
    bool compact;      /* of a shape that no digit's stroke has */
};

struct point {
    int x, y;
};

static int greater(int a, int b)
{
    return a > b ? a : b;
}

/* Twice the area of a triangle, its sign tells on which side of the way from a to b c lies. */
static int turn(struct point a, struct point b, struct point c)
{
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/* Gives kind to to all cells connected with cell (by sides) of kind from, on their side of the split; how many. */
static int flood(struct search *s, int cell, int from, int to, bool light)
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
            if (s->kind[next[i]] == from && (light || s->g.v[next[i]] < s->split)) {
                s->kind[next[i]] = (uint8_t)to;
                s->stack[n++] = next[i];
            }
    }
    return found;
}

static bool on_border(const struct grid *g, int cell)
{
    return cell % g->w == 0 || cell % g->w == g->w - 1 || cell < g->w || cell >= g->w * (g->h - 1);
}

/* What is dark and connected with the border is around; of the rest, the largest piece is left as SHEET, its ink
 * included. How many cells it has; 0 where it is small or the picture's border cuts much of it off. */
static int part_from_border(struct search *s)
{
    const int n = s->g.w * s->g.h;
    int most = 0, at = 0, cut = 0;

    memset(s->kind, UNSEEN, sizeof(s->kind));
    for (int i = 0; i < n; i++)
        if (on_border(&s->g, i) && s->kind[i] == UNSEEN && s->g.v[i] < s->split)
            (void)flood(s, i, UNSEEN, AROUND, false);
    for (int i = 0; i < n; i++)
        if (s->kind[i] == UNSEEN) {
            const int found = flood(s, i, UNSEEN, SHEET, true), worse = found > most ? at : i;

            if (most > 0)
                (void)flood(s, worse, SHEET, AROUND, true);
            at = found > most ? i : at;
            most = found > most ? found : most;
        }
    for (int i = 0; i < n; i++)
        cut += on_border(&s->g, i) && s->kind[i] == SHEET;
    return 100 * most >= SHEET_AREA_MIN_PERCENT * n && cut * SHEET_BORDER_PART <= 2 * (s->g.w + s->g.h) ? most : 0;
}

/* The ends of a line of cells' corners, between rows y - 1 and y, as far as these are SHEET: how many points, 0 or 2.
 */
static int ends_of(const struct search *s, int y, struct point out[2])
{
    out[0] = (struct point){s->g.w, y};
    out[1] = (struct point){-1, y};
    for (int row = y > 0 ? y - 1 : 0; row <= y && row < s->g.h; row++)
        for (int x = 0; x < s->g.w; x++)
            if (s->kind[row * s->g.w + x] == SHEET) {
                out[0].x = x < out[0].x ? x : out[0].x;
                out[1].x = x + 1 > out[1].x ? x + 1 : out[1].x;
            }
    return out[1].x < 0 ? 0 : 2;
}

/* The corners of the convex hull of the SHEET's cells, in order (Andrew's monotone chain). */
static int hull_of(const struct search *s, struct point hull[HULL_MAX])
{
    struct point ends[2 * (SHEET_SIDE + 1)];
    int n = 0, m = 0;

    for (int y = 0; y <= s->g.h; y++)
        n += ends_of(s, y, ends + n);
    for (int pass = 0, least = 2; pass < 2; pass++, least = m + 1)
        for (int i = pass; i < n; i++) {
            const struct point p = ends[pass == 0 ? i : n - 1 - i];

            while (m >= least && turn(hull[m - 2], hull[m - 1], p) <= 0)
                m--;
            hull[m++] = p;
        }
    return m - 1; /* the first point has come once more */
}

/* Whether the SHEET's cells fill their convex hull, and a quadrilateral of its corners fills it too. */
static bool is_quadrilateral(struct search *s, int cells)
{
    struct point hull[HULL_MAX];
    const int n = hull_of(s, hull);
    int area = 0, best = 0, longest = 0;

    for (int i = 1; i + 1 < n; i++)
        area += turn(hull[0], hull[i], hull[i + 1]);
    if (2 * 100 * cells < SHEET_CONVEX_PERCENT * area)
        return false;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            const struct point d = {hull[j].x - hull[i].x, hull[j].y - hull[i].y};
            int before = 0, after = 0;

            for (int k = i + 1; k < j; k++)
                before = greater(before, turn(hull[i], hull[k], hull[j]));
            for (int k = j + 1; k < n + i; k++)
                after = greater(after, turn(hull[j], hull[k % n], hull[i]));
            best = greater(best, before + after);
            longest = greater(longest, d.x * d.x + d.y * d.y);
        }
    s->compact = 100 * cells >= SHEET_EMPTY_PERCENT * longest;
    return 100 * (int64_t)best >= SHEET_QUAD_PERCENT * (int64_t)area;
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

static void box_add(int box[4], int x, int y)
{
    box[0] = x < box[0] ? x : box[0];
    box[1] = y < box[1] ? y : box[1];
    box[2] = greater(box[2], x);
    box[3] = greater(box[3], y);
}

static int box_shorter(const int box[4])
{
    const int w = box[2] - box[0] + 1, h = box[3] - box[1] + 1;

    return w < h ? w : h;
}

/* What a closing leaves in room is the paper's own tone; ink is nearer to what surrounds the sheet than to that, by a
 * third. So a shadow over half the sheet is no ink. */
static bool is_ink(const struct search *s, int cell, int v)
{
    return s->kind[cell] == INNER && 3 * v < 2 * s->room.v[cell] + s->around;
}

static bool is_hole(const struct search *s)
{
    int ink[4] = {SHEET_SIDE, SHEET_SIDE, 0, 0}, all[4] = {SHEET_SIDE, SHEET_SIDE, 0, 0}, n = 0;

    for (int i = 0; i < s->g.w * s->g.h; i++) {
        if (s->kind[i] == INNER)
            box_add(all, i % s->g.w, i / s->g.w);
        if (!is_ink(s, i, s->g.v[i]))
            continue;
        box_add(ink, i % s->g.w, i / s->g.w);
        n++;
    }
    return n > 0 && 100 * box_shorter(ink) >= SHEET_HOLE_SIDE_PERCENT * box_shorter(all) &&
           100 * n >= SHEET_HOLE_FILL_PERCENT * (ink[2] - ink[0] + 1) * (ink[3] - ink[1] + 1);
}

/* Whether it is all of its tone, and hardly anything else is: not what a stroke and a shadow leave of a sheet. */
static bool is_empty(const struct search *s)
{
    const int n = s->g.w * s->g.h;
    int others = 0;

    for (int i = 0; i < n; i++) {
        if (s->kind[i] == INNER && s->g.v[i] < s->split)
            return false;
        others += s->kind[i] == AROUND && s->g.v[i] >= s->split;
    }
    return s->compact && SHEET_OTHERS_PART * others <= n;
}

/* Whether it is a sheet by what is on it: some of its pixels are ink, not many, and no block; or nothing at all. */
static bool is_written_or_empty(struct search *s, const struct ink *map)
{
    const int radius = greater(s->g.w, s->g.h) / SHEET_STROKE_PART;
    struct histogram paper = {.total = 0};
    int64_t inked = 0;

    s->room = s->g;
    grid_spread(&s->room, radius, true);
    grid_spread(&s->room, radius, false);
    for (int y = 0; y < map->h; y++)
        for (int x = 0; x < map->w; x++) {
            const int cell = y / s->g.cell * s->g.w + x / s->g.cell;

            if (s->kind[cell] == INNER)
                histogram_add(&paper, s->room.v[cell]);
            inked += is_ink(s, cell, map->px[(size_t)y * (size_t)map->w + (size_t)x]);
        }
    if (paper.total == 0 || histogram_percentile(&paper, 50) - s->around < SHEET_APART_MIN)
        return false;
    if (1000 * inked < SHEET_INK_PER_MILLE_MIN * paper.total)
        return is_empty(s);
    return 1000 * inked <= SHEET_INK_PER_MILLE_MAX * paper.total && !is_hole(s);
}

static bool find_at(struct search *s, const struct ink *map)
{
    const int cells = part_from_border(s);
    int sum = 0, n = 0;

    if (cells == 0 || !is_quadrilateral(s, cells))
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

/* Around the INNER cells comes what their paper is like there. */
static void fill_around(struct search *s, struct ink *map)
{
    for (int i = 0; i < s->g.w * s->g.h; i++)
        s->g.v[i] = s->kind[i] != INNER || s->g.v[i] < s->split ? 0 : s->g.v[i];
    grid_fill(&s->g, &s->room);
    for (int y = 0; y < map->h; y++)
        for (int x = 0; x < map->w; x++) {
            const int cell = y / s->g.cell * s->g.w + x / s->g.cell;

            if (s->kind[cell] != INNER)
                map->px[(size_t)y * (size_t)map->w + (size_t)x] = s->g.v[cell];
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
static bool isolate_light(struct search *s, struct ink *map)
{
    int splits[3]; /* the lowest first: at a higher one, half a sheet in the light may be four-cornered too */

    splits[1] = split_of(&s->g, 0, 256);
    splits[0] = split_of(&s->g, 0, splits[1]);
    splits[2] = split_of(&s->g, splits[1], 256);
    for (int i = 0; i < 3; i++) {
        s->split = splits[i];
        if (s->split > 0 && find_at(s, map)) {
            fill_around(s, map);
            return true;
        }
    }
    return false;
}

static void invert(uint8_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (uint8_t)(255 - v[i]);
}

enum err sheet_isolate(struct ink *map)
{
    const size_t n = (size_t)map->w * (size_t)map->h;
    struct search *s;

    if (map->w < SHEET_MAP_MIN_PX && map->h < SHEET_MAP_MIN_PX)
        return OK;
    s = malloc(sizeof(*s));
    if (s == NULL)
        return ERR_NOMEM;
    grid_average(&s->g, map->px, map->w, map->h, SHEET_SIDE);
    if (!isolate_light(s, map)) {
        invert(map->px, n);
        invert(s->g.v, (size_t)(s->g.w * s->g.h));
        (void)isolate_light(s, map);
        invert(map->px, n);
    }
    free(s);
    return OK;
}
