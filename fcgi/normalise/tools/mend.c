/* A stroke on both sides of the line crosses it: what lies between stays. One that ends on it keeps as much ink in the
 * line as a pen's width still lacks: the round foot of a 0 that stands on the line stays round. Two that run into it
 * towards each other met in it: they are joined. */
#include "mend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOFT_PX = 2, /* how far a line's soft edge reaches beyond it */
    CROSSINGS_MAX = 16,
    /* So many strokes at a line are looked at. None of 2,680 drawn pictures (40 of each kind) has more than 4; a comb
     * of 3,200 teeth before a block took 0.8 s. */
    SPANS_MAX = 64
};
/* What sticks out by less than this part of the line's thickness, and a px, is its own rough edge. */
static const double ROUGH_PART = 0.12, ROUGH_PX = 1;
/* A stroke comes out on the other side within so many times the line's thickness of where it went in; one of side.c's
 * pictures is lost at 0.3. */
static const double SHIFT_TIMES = 1.5;
/* Strokes lean towards each other by this many px a px at the least (fine at 0.05 and 0.6), and would meet within so
 * many times the line's thickness and the pen's. */
static const double LEAN_MIN = 0.25, MEET_TIMES = 2.5;
/* A line paler than this part of full ink does not hide the strokes on it. One is lost at 0.9; fine at 0.3. */
static const double PALE_PART = 0.6;

struct span {
    int from, to; /* to is exclusive */
};

/* A stroke through the line: where it is at the inner edge, and at the outer. */
struct crossing {
    struct span in, out;
};

struct work {
    const struct view *p;
    const struct side_line *l;
    const struct mending *m;
    int *in, *out; /* [n_u]: px of ink that go on beyond the line's inner and outer edge */
    int *keep;     /* [n_u]: px that stay in the line, from the inner edge outwards */
    int crossings;
    struct crossing crossing[CROSSINGS_MAX];
};

static int value(const struct view *p, int u, int v)
{
    return v >= 0 && v < p->n_v ? p->px[u * p->step_u + v * p->step_v] : 0;
}

static int sticks(const struct work *w, int u, int v, int step)
{
    const int rough = (int)(ROUGH_PX + ROUGH_PART * w->l->thick);
    int n = 0;

    while (v >= 0 && v < w->p->n_v && view_inked(w->p, u, v)) {
        v += step;
        n++;
    }
    return n > rough ? n : 0;
}

static bool next_span(const int *beyond, int n, struct span *s)
{
    int u = s->to;

    while (u < n && beyond[u] == 0)
        u++;
    if (u >= n)
        return false;
    s->from = u;
    while (u < n && beyond[u] > 0)
        u++;
    s->to = u;
    return true;
}

static double middle(const struct span *s)
{
    return (s->from + s->to - 1) / 2.0;
}

/* Pairs each span inside with the nearest one outside. */
static void find_crossings(struct work *w)
{
    const int n = w->p->n_u;
    int spans = 0;

    for (struct span in = {0, 0}; next_span(w->in, n, &in) && w->crossings < CROSSINGS_MAX && spans < SPANS_MAX;
         spans++) {
        double nearest = SHIFT_TIMES * w->l->thick + w->m->pen;
        struct span best = {0, 0};

        for (struct span out = {0, 0}; next_span(w->out, n, &out);)
            if (fabs(middle(&in) - middle(&out)) < nearest) {
                nearest = fabs(middle(&in) - middle(&out));
                best = out;
            }
        if (best.to > best.from)
            w->crossing[w->crossings++] = (struct crossing){in, best};
    }
}

static bool is_crossed(const struct work *w, int u, double depth)
{
    for (int i = 0; i < w->crossings; i++) {
        const struct crossing *c = &w->crossing[i];

        if (u >= c->in.from + depth * (c->out.from - c->in.from) - 0.5 &&
            u < c->in.to + depth * (c->out.to - c->in.to) + 0.5)
            return true;
    }
    return false;
}

/* How many px a px the stroke at s moves to higher u as it goes away from the line. */
static double lean(const struct work *w, const struct span *s)
{
    const int high = (int)ceil(w->m->pen) > 3 ? (int)ceil(w->m->pen) : 3;
    const int from = side_inner(w->p, w->l, (int)middle(s)) + 1;
    struct span at = *s, first = *s;

    for (int v = from; v < from + high; v++) {
        int a = at.from, b;

        while (a < at.to && (v >= w->p->n_v || value(w->p, a, v) <= w->p->floor))
            a++;
        if (a >= at.to)
            return 0;
        for (b = a; b < w->p->n_u && value(w->p, b, v) > w->p->floor;)
            b++;
        while (a > 0 && value(w->p, a - 1, v) > w->p->floor)
            a--;
        at = (struct span){a, b};
        if (v == from)
            first = at;
    }
    return (middle(&at) - middle(&first)) / (high - 1);
}

/* Joins neighbouring spans that lean towards each other. */
static void join_arcs(struct work *w)
{
    const int n = w->p->n_u, pen = (int)ceil(w->m->pen);
    struct span a = {0, 0}, b;
    int spans = 1;

    if (!next_span(w->in, n, &a))
        return;
    for (b = a; next_span(w->in, n, &b) && spans < SPANS_MAX; a = b, spans++) {
        const double la = -lean(w, &a), lb = lean(w, &b);

        if (la < LEAN_MIN || lb < LEAN_MIN || b.from - a.to > MEET_TIMES * (la + lb) * (w->l->thick + pen))
            continue;
        for (int u = a.to; u < b.from; u++)
            w->keep[u] = pen;
    }
}

static void erase_column(const struct work *w, int u)
{
    const struct view *p = w->p;
    const int inner = side_inner(p, w->l, u), outer = side_outer(p, w->l, u), thick = inner - outer;
    const int last = w->in[u] > 0 ? inner : inner + SOFT_PX, first = w->out[u] > 0 ? outer : outer - SOFT_PX;
    const bool pale = w->l->tone < PALE_PART * w->m->ink;
    const int seen = (int)(w->l->tone + w->m->ink) / 2;

    for (int v = first > 0 ? first : 0; v < last && v < p->n_v; v++) {
        uint8_t *px = &p->px[u * p->step_u + v * p->step_v];

        if ((pale && *px > seen) || (v < inner && inner - v <= w->keep[u]) ||
            (v >= outer && v < inner && is_crossed(w, u, (double)(inner - v) / (thick > 0 ? thick : 1))))
            continue;
        *px = 0;
    }
}

enum err mend_out(const struct view *p, const struct side_line *l, const struct mending *m)
{
    int *room = calloc((size_t)p->n_u * 3, sizeof(*room));
    struct work w = {.p = p, .l = l, .m = m, .in = room};

    if (room == NULL)
        return ERR_NOMEM;
    w.out = room + p->n_u;
    w.keep = room + 2 * p->n_u;
    for (int u = 0; u < p->n_u; u++) {
        const int inner = side_inner(p, l, u), outer = side_outer(p, l, u);

        if (inner <= 0)
            continue;
        w.in[u] = sticks(&w, u, inner, 1);
        w.out[u] = outer > 0 ? sticks(&w, u, outer - 1, -1) : 0;
        if (w.in[u] > 0 && w.in[u] < m->pen)
            w.keep[u] = (int)(m->pen - w.in[u] + 0.5);
    }
    find_crossings(&w);
    join_arcs(&w);
    for (int u = 0; u < p->n_u; u++)
        if (side_inner(p, l, u) > 0)
            erase_column(&w, u);
    free(room);
    return OK;
}
