/* Whether a lattice holds together. It comes from a process that has read a stranger's picture. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "lattice.h"

void layout_lattice_clear(struct layout_lattice *l)
{
    memset(l, 0, offsetof(struct layout_lattice, row));
}

size_t layout_lattice_bytes(const struct layout_lattice *l)
{
    return offsetof(struct layout_lattice, candidate) + (size_t)l->candidates * sizeof(*l->candidate);
}

void layout_single(const uint8_t input[DIGIT_PIXELS], const int box[4], struct layout_lattice *out)
{
    struct layout_candidate *c = &out->candidate[0];
    const float width = (float)box[2] / (float)(box[3] > 0 ? box[3] : 1);

    layout_lattice_clear(out);
    *c = (struct layout_candidate){.to = 1, .box = {box[0], box[1], box[0] + box[2], box[1] + box[3]}};
    c->measure[LAYOUT_HEIGHT] = 1;
    c->measure[LAYOUT_WIDTH] = width < 8 ? width : 8;
    c->measure[LAYOUT_GAP_LEFT] = c->measure[LAYOUT_GAP_RIGHT] = 1;
    c->measure[LAYOUT_INK] = 0.2F;
    c->measure[LAYOUT_FILL] = 0.3F;
    c->measure[LAYOUT_PIECES] = 1;
    memcpy(c->input, input, DIGIT_PIXELS);
    out->atom[0] = (struct layout_atom){.ink = 0.2F, .height = 1};
    out->row[0] = (struct layout_row){.atoms = 1, .candidates = 1, .height_px = (float)(box[3] > 0 ? box[3] : 1)};
    out->row[0].box = c->box;
    out->width = box[0] + box[2];
    out->height = box[1] + box[3];
    out->rows = out->atoms = out->candidates = box[2] > 0 && box[3] > 0;
}

static bool box_ok(const struct layout_lattice *l, const struct box *b)
{
    return b->x0 >= 0 && b->y0 >= 0 && b->x1 > b->x0 && b->y1 > b->y0 && b->x1 <= l->width && b->y1 <= l->height;
}

static bool number_ok(float v, float most)
{
    return isfinite(v) && v >= -most && v <= most; /* not finite: no comparison tells */
}

static bool candidates_ok(const struct layout_lattice *l, int row)
{
    const struct layout_row *r = &l->row[row];
    int from = 0, to = 0;

    for (int i = r->first; i < r->first + r->candidates; i++) {
        const struct layout_candidate *c = &l->candidate[i];

        if (c->row != row || c->from < from || (c->from == from && c->to <= to) || c->to <= c->from ||
            c->to > r->atoms || (c->cut != 0 && c->cut != 1) || !box_ok(l, &c->box))
            return false;
        for (int k = 0; k < LAYOUT_MEASURES; k++)
            if (!number_ok(c->measure[k], LAYOUT_ATOMS_MAX))
                return false;
        from = c->from;
        to = c->to;
    }
    return true;
}

bool layout_lattice_check(const struct layout_lattice *l)
{
    int atoms = 0, candidates = 0;

    if (l->rows < 0 || l->rows > LAYOUT_ROWS_MAX || l->atoms < 0 || l->atoms > LAYOUT_ATOMS_MAX || l->candidates < 0 ||
        l->candidates > LAYOUT_CANDIDATES_MAX || (l->full != 0 && l->full != 1))
        return false;
    for (int i = 0; i < l->rows; i++) {
        const struct layout_row *r = &l->row[i];

        if (r->first_atom != atoms || r->first != candidates || r->atoms < 1 || r->atoms > l->atoms - atoms ||
            r->candidates < 1 || r->candidates > l->candidates - candidates || !box_ok(l, &r->box) ||
            !number_ok(r->height_px, INT16_MAX) || r->height_px <= 0 || !candidates_ok(l, i))
            return false;
        atoms += r->atoms;
        candidates += r->candidates;
    }
    for (int i = 0; i < l->atoms; i++)
        if (!number_ok(l->atom[i].ink, LAYOUT_ATOMS_MAX) || !number_ok(l->atom[i].height, LAYOUT_ATOMS_MAX) ||
            l->atom[i].group < 0 || l->atom[i].group > LAYOUT_ATOMS_MAX ||
            (l->atom[i].wall != 0 && l->atom[i].wall != 1))
            return false;
    return atoms == l->atoms && candidates == l->candidates;
}

bool layout_lattice_take(const struct layout_lattice *from, struct layout_lattice *to)
{
    memcpy(to, from, offsetof(struct layout_lattice, candidate));
    if (to->candidates >= 0 && to->candidates <= LAYOUT_CANDIDATES_MAX) {
        memcpy(to->candidate, from->candidate, (size_t)to->candidates * sizeof(*to->candidate));
        if (layout_lattice_check(to))
            return true;
    }
    layout_lattice_clear(to);
    return false;
}
