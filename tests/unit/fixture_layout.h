/* For the tests of fcgi/layout: pictures of strokes, and lattices made by hand. */
#ifndef DIGITD_TESTS_FIXTURE_LAYOUT_H
#define DIGITD_TESTS_FIXTURE_LAYOUT_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_stage.h"
#include "layout/layout_parts.h"
#include "layout/ways.h"

/* The outline of a box, so many px thick. */
static inline void picture_frame(const struct picture *p, struct box b, int thick, uint8_t v)
{
    picture_fill(p, BOX(b.x0, b.y0, b.x1, b.y0 + thick), v);
    picture_fill(p, BOX(b.x0, b.y1 - thick, b.x1, b.y1), v);
    picture_fill(p, BOX(b.x0, b.y0, b.x0 + thick, b.y1), v);
    picture_fill(p, BOX(b.x1 - thick, b.y0, b.x1, b.y1), v);
}

/* A picture that layout_find takes. */
static inline struct picture page_picture(int w, int h)
{
    struct picture p = picture_new(PICTURE_DARKENING, w, h, 0);

    p.in = (struct raster){.w = w, .h = h, .px = p.px};
    p.paper.noise = 10;
    return p;
}

/* A lattice of one row with n atoms, each a group of its own, 60 px apart, and as yet without candidates. */
static inline struct layout_lattice *lattice_new(int atoms)
{
    struct layout_lattice *l = calloc(1, sizeof(*l));

    assert_non_null(l);
    l->width = l->height = 2000;
    l->rows = 1;
    l->atoms = atoms;
    l->row[0] = (struct layout_row){.atoms = atoms, .height_px = 50, .box = {0, 0, 60 * atoms, 50}};
    for (int i = 0; i < atoms; i++)
        l->atom[i] = (struct layout_atom){.group = i, .ink = 0.2F, .height = 1};
    return l;
}

/* Adds a candidate from one node to another: as high as its row, and 40 px wide for the first atom, 60 more for each
 * that follows. In order of from, then to. */
static inline struct layout_candidate *lattice_put(struct layout_lattice *l, int from, int to)
{
    struct layout_candidate *c = &l->candidate[l->candidates++];

    *c = (struct layout_candidate){.row = l->rows - 1, .from = from, .to = to};
    c->box = BOX(60 * from, 0, 60 * (to - 1) + 40, 50);
    c->measure[LAYOUT_HEIGHT] = 1;
    c->measure[LAYOUT_WIDTH] = (float)(c->box.x1 - c->box.x0) / 50;
    c->measure[LAYOUT_PIECES] = (float)(to - from);
    l->row[l->rows - 1].candidates++;
    return c;
}

/* As though the network had said that it is a digit, so probably. */
static inline void look_put(struct layout_looks *looks, int candidate, int digit, double probability)
{
    struct layout_score *s = &looks->score[candidate];

    for (int i = 0; i < LAYOUT_CLASSES; i++)
        s->log_probability[i] = (float)log(i == digit ? probability : (1 - probability) / (LAYOUT_CLASSES - 1));
    looks->seen[candidate] = 1;
    looks->n++;
}

/* Terms by which a candidate is worth its log-probability and base, and an atom that is left out costs skip. */
static inline struct layout_terms terms_plain(float base, float skip)
{
    struct layout_terms t = {.trust = 1, .skip = {-skip}};

    for (int i = 0; i < LAYOUT_LABELS; i++)
        t.label_out[i] = i < LAYOUT_CLASSES ? base : -20;
    return t;
}

/* The rows of an ink; returns how many. */
static inline int fixture_rows(const struct picture *p, struct page *page, struct row rows[LAYOUT_ROWS_MAX])
{
    int n;

    assert_int_equal(page_take(page, p), OK);
    assert_int_equal(rows_find(page, rows, LAYOUT_ROWS_MAX, &n), OK);
    return n;
}

#endif
