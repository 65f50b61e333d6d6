/* From a row to its atoms and candidates, each with its 28x28. */
#include <stdlib.h>
#include <string.h>

#include "spans.h"

enum {
    /* Ink of at least this belongs to a stroke, its soft edge too: see INK_LEAST in normalise/stages.h. */
    EDGE_LEAST = 33,
    CUTS_SINGLE = 5, /* in what is no wider than two narrow digits */
    JOINED_MOST = 3  /* groups of one candidate: a 5 has two, a 4 in three strokes three */
};
/* All of the row's height. */
static const double CUT_WIDTH = 0.3;     /* a narrower group is not cut, */
static const double CROWDED_WIDTH = 0.9; /* nor is this on a crowded page */
/* So many cuts at most in a width of the height, beyond CUTS_FROM: in a single digit four, in two that touch seven. */
static const double CUTS_TIMES = 12, CUTS_FROM = 0.2;
static const double THREE_WIDE = 1.0;    /* a narrower group is not cut twice */
static const double WIDE = 1.5;          /* a candidate of several groups is no wider, */
static const double GAP = 0.4;           /* and no gap in it is */
static const double CUT_JOIN_GAP = 0.12; /* with a cut: what touches */
static const double NARROW = 0.06;       /* a part between two cuts is at least this wide */
static const double PART_WIDE = 1.3;     /* and at most this, */
static const double PART_HIGH = 0.35;    /* and at least so high */

static bool is_wanted(const struct maker *m, const struct span *s)
{
    const double height = m->row->height, width = span_right(m, s) - span_left(m, s);
    const bool cut = s->cut_from >= 0 || s->cut_to >= 0;

    if (s->first == s->last && !cut)
        return true;
    if (s->first == s->last && s->cut_from >= 0 && s->cut_to >= 0 && box_width(&s->box) < THREE_WIDE * height)
        return false;
    if (cut)
        return s->last - s->first <= 1 && width >= NARROW * height && width <= PART_WIDE * height &&
               span_gap(m, s) <= CUT_JOIN_GAP * height;
    return s->last - s->first < JOINED_MOST && width <= WIDE * height && span_gap(m, s) <= GAP * height;
}

/* The box in px of the raster; the picture may end within the last px of the page. */
static struct box on_raster(const struct maker *m, const struct span *s, const struct box *ink)
{
    const int k = m->page->scale;
    const int x1 = (s->crop.x0 + ink->x1) * k, y1 = (s->crop.y0 + ink->y1) * k;

    return (struct box){(s->crop.x0 + ink->x0) * k, (s->crop.y0 + ink->y0) * k,
                        x1 < m->page->raster_w ? x1 : m->page->raster_w,
                        y1 < m->page->raster_h ? y1 : m->page->raster_h};
}

static enum err candidate_add(struct maker *m, int from, int to)
{
    const struct span s = span_of(m, from, to);
    const struct raster crop = {.w = box_width(&s.crop), .h = box_height(&s.crop), .px = m->px};
    struct layout_candidate *c = &m->out->candidate[m->out->candidates];
    struct box ink;
    double shift[2];
    enum err e;
    int area;

    if (!is_wanted(m, &s))
        return OK;
    if (m->out->candidates == LAYOUT_CANDIDATES_MAX) {
        m->out->full = 1;
        return OK;
    }
    area = span_take_ink(m, &s, &ink);
    if (area == 0 || ((s.cut_from >= 0 || s.cut_to >= 0) && box_height(&ink) < PART_HIGH * m->row->height))
        return OK;
    *c = (struct layout_candidate){.row = m->out->rows, .from = from, .to = to};
    c->cut = s.cut_from >= 0 || s.cut_to >= 0;
    span_measure(m, &s, &ink, area, c->measure);
    c->measure[LAYOUT_ATOMS] = (float)(to - from - 1);
    c->box = on_raster(m, &s, &ink);
    box_grow(&ink, &crop, EDGE_LEAST);
    e = normalise_piece(&crop, &ink, c->input, shift);
    if (e == OK)
        m->out->candidates++;
    return e;
}

/* The nodes of a row: the left end of each group, its cuts, and the row's end. */
static void nodes_make(struct maker *m)
{
    for (int g = 0; g < m->row->n; g++) {
        m->node[m->nodes++] = (struct node){g, -1};
        for (int k = 0; k < m->cuts[g].n; k++)
            m->node[m->nodes++] = (struct node){g, k};
    }
    m->node[m->nodes++] = (struct node){m->row->n, -1};
}

/* Whether what was left out, as a frame is, lies between two places of a line of px. */
static bool has_frame(const struct page *page, int x0, int x1, int y)
{
    if (y < 0 || y >= page->h)
        return false;
    for (int x = x0; x < x1; x++) {
        const struct piece *p = &page->piece[page->label[y * page->w + x]];

        if (page->label[y * page->w + x] > 0 && p->gone && box_height(&p->box) > page->height)
            return true;
    }
    return false;
}

/* Whether a line between cells ran down between a group and the one before it. */
static bool has_wall(const struct maker *m, int group)
{
    const struct walls *walls = m->page->walls;
    const int k = m->page->shrunk;
    double x0, x1;

    if (group == 0)
        return false;
    x0 = (m->row->group[group - 1].box.x0 + m->row->group[group - 1].box.x1) * k / 2.0;
    x1 = (m->row->group[group].box.x0 + m->row->group[group].box.x1) * k / 2.0;
    for (int i = 0; i < walls->n; i++) {
        const double y = (m->row->middle + m->row->slope * x1 / k) * k;
        const double x = walls->wall[i].x + walls->wall[i].slope * y;

        if (y >= walls->wall[i].y0 && y < walls->wall[i].y1 && x > x0 && x < x1)
            return true;
    }
    return has_frame(m->page, (int)(x0 / k), (int)(x1 / k), (int)(m->row->middle + m->row->slope * x0 / k));
}

static void atoms_add(struct maker *m)
{
    struct layout_lattice *out = m->out;
    const double height = m->row->height;

    for (int i = 0; i + 1 < m->nodes; i++) {
        const struct span s = span_of(m, i, i + 1);
        struct box ink;
        const int area = span_take_ink(m, &s, &ink);

        out->atom[out->atoms++] = (struct layout_atom){.group = s.first,
                                                       .wall = m->node[i].cut < 0 && has_wall(m, s.first),
                                                       .ink = capped(area / (height * height), 4),
                                                       .height = capped(box_height(&ink) / height, 8)};
    }
}

static enum err cuts_make(struct maker *m)
{
    const double height = m->row->height, least = m->page->crowded ? CROWDED_WIDTH : CUT_WIDTH;
    enum err e = OK;

    for (int g = 0; e == OK && g < m->row->n; g++) {
        const struct box *b = &m->row->group[g].box;

        if (box_width(b) < least * height || box_width(b) > 12 * height)
            continue;
        int most = (int)(CUTS_TIMES * (box_width(b) / height - CUTS_FROM));
        if (most > CUTS_SINGLE && box_width(b) < THREE_WIDE * height)
            most = CUTS_SINGLE;
        e = cuts_find(m->page, &m->row->group[g], height, most, &m->cuts[g]);
    }
    return e;
}

static enum err row_add(struct maker *m)
{
    struct layout_lattice *out = m->out;
    struct layout_row *r = &out->row[out->rows];
    enum err e = OK;

    nodes_make(m);
    if (out->atoms + m->nodes - 1 > LAYOUT_ATOMS_MAX || out->rows == LAYOUT_ROWS_MAX) {
        out->full = 1;
        return OK;
    }
    *r = (struct layout_row){.first_atom = out->atoms, .atoms = m->nodes - 1, .first = out->candidates};
    r->height_px = (float)(m->row->height * m->page->scale);
    atoms_add(m);
    for (int from = 0; e == OK && from + 1 < m->nodes; from++)
        for (int to = from + 1; e == OK && to < m->nodes && m->node[to].group - m->node[from].group <= JOINED_MOST;
             to++)
            e = candidate_add(m, from, to);
    r->candidates = out->candidates - r->first;
    r->box = BOX_NONE;
    for (int i = 0; i < r->candidates; i++)
        box_join(&r->box, &out->candidate[r->first + i].box);
    if (r->candidates > 0)
        out->rows++;
    else
        out->atoms = r->first_atom;
    return e;
}

enum err lattice_add(const struct page *page, const struct row *row, int number, struct layout_lattice *out)
{
    struct maker m = {.page = page, .row = row, .row_number = number, .out = out};
    struct box all = BOX_NONE;
    enum err e = ERR_NOMEM;

    for (int g = 0; g < row->n; g++)
        box_join(&all, &row->group[g].box);
    m.px = malloc((size_t)(box_width(&all) + 2 * PAD_PX) * (size_t)(box_height(&all) + 2 * PAD_PX));
    m.cuts = calloc((size_t)row->n + 1, sizeof(*m.cuts));
    m.node = calloc((size_t)row->n * (CUTS_MAX + 1) + 1, sizeof(*m.node));
    if (m.px != NULL && m.cuts != NULL && m.node != NULL)
        e = cuts_make(&m);
    if (e == OK)
        e = row_add(&m);
    for (int g = 0; m.cuts != NULL && g < row->n; g++)
        cuts_free(&m.cuts[g]);
    free(m.px);
    free(m.cuts);
    free(m.node);
    return e;
}
