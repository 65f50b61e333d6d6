/* Connected pieces are looked for on a grid of at most 256 cells a side, so that a gap of less than a cell, as a dry
 * pen leaves, does not part them. The largest piece is the digit, unless it is a frame or lies along the edge as only a
 * line does; the others are measured against it. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_SIDE_MAX = 256 };

enum part_kind {
    PART_PLAIN,
    PART_SCRAP,    /* lies along an edge, as a piece of a line does */
    PART_SURROUND, /* leaves the middle free: what lies around a sheet of paper; or a large 0 */
    PART_FRAME     /* a rectangle with something in it */
};

struct part {
    int parent;    /* while labels are put together */
    int box[4];    /* px: x0, y0, x1, y1 of strong ink, inclusive */
    int64_t area;  /* px of strong ink */
    int64_t mass;  /* the sum of their values */
    int64_t rim;   /* of these, with paper beside it */
    int64_t inner; /* of these, in the middle three fifths of the picture */
    enum part_kind kind;
    bool keep;
};

struct parts {
    int cell, w, h, n;
    int *label;        /* [h][w]: number of a part, 0 none */
    struct part *part; /* [n], from 1 on */
};

static int part_root(struct parts *p, int i)
{
    while (p->part[i].parent != i)
        i = p->part[i].parent = p->part[p->part[i].parent].parent;
    return i;
}

static int part_join(struct parts *p, int a, int b)
{
    if (a == 0 || b == 0)
        return a + b;
    a = part_root(p, a);
    b = part_root(p, b);
    p->part[a > b ? a : b].parent = a > b ? b : a;
    return a > b ? b : a;
}

/* Marks cells with ink in them, then gives touching cells (corners count) one label. */
static void parts_label(struct parts *p, const struct ink *ink, int faint)
{
    for (int y = 0; y < ink->h; y++)
        for (int x = 0; x < ink->w; x++)
            if (ink->px[(size_t)y * (size_t)ink->w + (size_t)x] >= faint)
                p->label[y / p->cell * p->w + x / p->cell] = 1;
    p->n = 1;
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++) {
            int *at = p->label + y * p->w + x, found = 0;

            if (*at == 0)
                continue;
            found = x > 0 ? at[-1] : 0;
            for (int dx = -1; y > 0 && dx <= 1; dx++)
                if (x + dx >= 0 && x + dx < p->w)
                    found = part_join(p, found, at[dx - p->w]);
            if (found == 0) {
                found = p->n++;
                p->part[found] = (struct part){.parent = found, .box = {ink->w, ink->h, -1, -1}};
            }
            *at = found;
        }
    for (int i = 0; i < p->w * p->h; i++)
        p->label[i] = p->label[i] > 0 ? part_root(p, p->label[i]) : 0;
}

static bool is_rim(const struct ink *ink, int x, int y, int threshold)
{
    const uint8_t *px = ink->px + (size_t)y * (size_t)ink->w + (size_t)x;

    return (x > 0 && px[-1] < threshold) || (x + 1 < ink->w && px[1] < threshold) ||
           (y > 0 && px[-ink->w] < threshold) || (y + 1 < ink->h && px[ink->w] < threshold);
}

static void parts_measure(struct parts *p, const struct ink *ink, int threshold)
{
    for (int y = 0; y < ink->h; y++)
        for (int x = 0; x < ink->w; x++) {
            struct part *part;

            if (ink->px[(size_t)y * (size_t)ink->w + (size_t)x] < threshold)
                continue;
            part = &p->part[p->label[y / p->cell * p->w + x / p->cell]];
            part->area++;
            part->mass += ink->px[(size_t)y * (size_t)ink->w + (size_t)x];
            part->rim += is_rim(ink, x, y, threshold);
            part->inner += 5 * x >= ink->w && 5 * x < 4 * ink->w && 5 * y >= ink->h && 5 * y < 4 * ink->h;
            part->box[0] = x < part->box[0] ? x : part->box[0];
            part->box[1] = y < part->box[1] ? y : part->box[1];
            part->box[2] = x > part->box[2] ? x : part->box[2];
            part->box[3] = y > part->box[3] ? y : part->box[3];
        }
}

static int box_side(const int box[4], int axis)
{
    return box[2 + axis] - box[axis] + 1;
}

static int box_longest(const int box[4])
{
    return box_side(box, 0) > box_side(box, 1) ? box_side(box, 0) : box_side(box, 1);
}

/* px between two boxes, the greater of across and down; 0 when they touch or overlap. */
static int box_gap(const int a[4], const int b[4])
{
    int gap = 0;

    for (int axis = 0; axis < 2; axis++) {
        const int after = a[axis] - b[2 + axis] - 1, before = b[axis] - a[2 + axis] - 1;

        gap = after > gap ? after : gap;
        gap = before > gap ? before : gap;
    }
    return gap;
}

static void box_grow(int box[4], const int by[4])
{
    for (int axis = 0; axis < 2; axis++) {
        box[axis] = by[axis] < box[axis] ? by[axis] : box[axis];
        box[2 + axis] = by[2 + axis] > box[2 + axis] ? by[2 + axis] : box[2 + axis];
    }
}

static bool at_border(const struct ink *ink, const int box[4])
{
    return box[0] <= 1 || box[1] <= 1 || box[2] >= ink->w - 2 || box[3] >= ink->h - 2;
}

/* A scrap of a line along an edge: within an eighth of the side from that edge, and at least 3 times as long; or what a
 * pen does not do, a line straight to a fortieth of its length through nearly all the picture. */
static bool is_along_edge(const struct ink *ink, const int box[4])
{
    for (int axis = 0; axis < 2; axis++) {
        const int side = axis == 0 ? ink->w : ink->h, zone = side / 8;
        const bool near = box[axis] <= side / 50 + 1 && box[2 + axis] < zone;
        const bool far = box[2 + axis] >= side - side / 50 - 2 && box[axis] >= side - zone;

        if ((near || far) && box_side(box, !axis) >= 3 * box_side(box, axis))
            return true;
        if (10 * box_side(box, !axis) >= 9 * (axis == 0 ? ink->h : ink->w) &&
            box_side(box, !axis) >= 40 * box_side(box, axis))
            return true;
    }
    return false;
}

/* So does a large 0: but then nothing else lies in it. */
static bool is_around(const struct ink *ink, const struct part *part)
{
    const int w = box_side(part->box, 0), h = box_side(part->box, 1);

    return 20 * part->inner <= part->area && ((4 * w >= 3 * ink->w && 4 * h >= 3 * ink->h) ||
                                              (at_border(ink, part->box) && (2 * w > ink->w || 2 * h > ink->h)));
}

/* Whether part i runs along the sides of its own box, and hardly ever an eighth inside: of a round 0, a twelfth does.
 */
static bool is_rectangle(const struct parts *p, int i)
{
    const int *box = p->part[i].box, dx = box_side(box, 0) / 8, dy = box_side(box, 1) / 8;
    int cells = 0, deep = 0;

    for (int cy = box[1] / p->cell; cy <= box[3] / p->cell; cy++)
        for (int cx = box[0] / p->cell; cx <= box[2] / p->cell; cx++) {
            const int x = cx * p->cell, y = cy * p->cell;

            if (p->label[cy * p->w + cx] != i)
                continue;
            cells++;
            deep += x > box[0] + dx && x < box[2] - dx && y > box[1] + dy && y < box[3] - dy;
        }
    return 50 * deep <= cells;
}

/* A frame anywhere in the picture, as that of a canvas in a window: a rectangle with something of size in it. There may
 * be 16,000 pieces: what is too narrow to have another in it, as a dot is, must not be held against each of them. */
static bool is_frame(const struct parts *p, int i)
{
    const int *box = p->part[i].box;

    if (box[2] / p->cell - box[0] / p->cell < 2 || box[3] / p->cell - box[1] / p->cell < 2 || !is_rectangle(p, i))
        return false;
    for (int k = 1; k < p->n; k++) {
        const int *in = p->part[k].box;

        if (p->part[k].area > 0 && 16 * box_longest(in) >= box_longest(box) && in[0] > box[0] && in[1] > box[1] &&
            in[2] < box[2] && in[3] < box[3])
            return true;
    }
    return false;
}

/* The one with the longest rim: that counts strokes by their length, and a patch of shadow for little. */
static struct part *parts_longest(struct parts *p, bool plain)
{
    struct part *longest = NULL;
    double most = 0;

    for (int i = 1; i < p->n; i++) {
        struct part *part = &p->part[i];
        const double mean = part->area > 0 ? (double)part->mass / (double)part->area : 0;

        if ((plain ? part->kind == PART_PLAIN : part->kind != PART_FRAME) && (double)part->rim * mean * mean > most) {
            most = (double)part->rim * mean * mean;
            longest = part;
        }
    }
    return longest;
}

/* The digit's main piece: a plain one, unless it is a speck beside something of another kind. */
static struct part *parts_main(struct parts *p)
{
    struct part *plain = parts_longest(p, true), *any = parts_longest(p, false);

    return plain != NULL && 5 * box_longest(plain->box) >= box_longest(any->box) ? plain : any;
}

/* What lines that went have left: an end where they leave the picture, a crossing. It is all that an empty cell or
 * sheet of squared paper has: ends of up to 1/11 of the side and crossings of 1/80 were seen (test_normalise_clutter).
 */
static bool part_is_remnant(const struct ink *ink, const struct part *part)
{
    const int side = ink->w > ink->h ? ink->w : ink->h;

    return ink->lined && (at_border(ink, part->box) ? 8 : 32) * box_longest(part->box) < side;
}

/* Pieces of about one size all over the place are noise. */
static bool parts_are_noise(const struct parts *p, const struct ink *ink, const struct part *largest)
{
    const int side = ink->w > ink->h ? ink->w : ink->h;
    int n = 0;

    for (int i = 1; i < p->n; i++)
        n += p->part[i].area > 0;
    return n >= 60 && 12 * box_longest(largest->box) < side;
}

/* Whether a piece belongs to the digit, of which the main piece and the box so far are known. */
static bool part_belongs(const struct ink *ink, const struct part *part, const struct part *main, const int box[4])
{
    const int size = box_longest(main->box), gap = box_gap(part->box, box);

    if (8 * box_longest(part->box) < size || 50 * part->area < main->area) /* a speck */
        return false;
    if (5 * part->mass * main->area < 3 * main->mass * part->area) /* much paler: a shadow, or what is left of a line */
        return false;
    if (part->area * main->rim > 3 * main->area * part->rim) /* thrice as thick: no stroke of the same pen */
        return false;
    if (part->kind == PART_SURROUND || part->kind == PART_FRAME)
        return false;
    if (part->kind == PART_SCRAP) {
        /* the bar of a 5 along the upper edge is over the digit, and no longer than it is wide */
        const int axis = box_side(part->box, 0) < box_side(part->box, 1);

        return 4 * gap <= size && box_side(part->box, axis) <= box_side(box, axis) * 5 / 4 &&
               10 * box_side(part->box, axis) < 7 * (axis == 0 ? ink->w : ink->h);
    }
    if (at_border(ink, part->box) && !at_border(ink, main->box) && 2 * part->area < main->area && 20 * gap > size)
        return false; /* cut by the edge: a neighbour's */
    /* A gap of up to the pen's width, which is twice the area to the length of the rim, is one that a dry pen leaves.
     */
    return 4 * gap <= size || gap * main->rim <= 2 * main->area;
}

static enum part_kind part_kind_of(const struct parts *p, const struct ink *ink, int i)
{
    if (is_along_edge(ink, p->part[i].box))
        return PART_SCRAP;
    if (is_frame(p, i))
        return PART_FRAME;
    return is_around(ink, &p->part[i]) ? PART_SURROUND : PART_PLAIN;
}

static void parts_keep(struct parts *p, const struct ink *ink)
{
    struct part *main;
    int box[4];
    bool grown = true;

    for (int i = 1; i < p->n; i++)
        if (p->part[i].area > 0)
            p->part[i].kind = part_kind_of(p, ink, i);
    main = parts_main(p);
    if (main == NULL || part_is_remnant(ink, main) || parts_are_noise(p, ink, main))
        return;
    main->keep = true;
    memcpy(box, main->box, sizeof(box));
    while (grown) {
        grown = false;
        for (int i = 1; i < p->n; i++)
            if (p->part[i].area > 0 && !p->part[i].keep && part_belongs(ink, &p->part[i], main, box)) {
                p->part[i].keep = grown = true;
                box_grow(box, p->part[i].box);
            }
    }
}

static bool cell_is_kept(const struct parts *p, int x, int y)
{
    return x >= 0 && y >= 0 && x < p->w && y < p->h && p->part[p->label[y * p->w + x]].keep;
}

/* Whether the soft edge of a stroke may lie in a cell that has no label: one that is kept is within two of it. */
static bool cell_is_beside(const struct parts *p, int x, int y)
{
    bool beside = false;

    for (int i = 0; i < 25 && !beside; i++)
        beside = cell_is_kept(p, x + i % 5 - 2, y + i / 5 - 2);
    return beside;
}

static void parts_clear(const struct parts *p, struct ink *ink)
{
    int box[4] = {ink->w, ink->h, -1, -1};

    for (int cy = 0; cy < p->h; cy++)
        for (int cx = 0; cx < p->w; cx++) {
            const int x0 = cx * p->cell, x1 = x0 + p->cell < ink->w ? x0 + p->cell : ink->w;
            const int y1 = (cy + 1) * p->cell < ink->h ? (cy + 1) * p->cell : ink->h;
            int any = 0;

            for (int y = cy * p->cell; y < y1; y++)
                for (int x = x0; x < x1; x++)
                    any |= ink->px[(size_t)y * (size_t)ink->w + (size_t)x];
            if (any == 0 || cell_is_kept(p, cx, cy) || (p->label[cy * p->w + cx] == 0 && cell_is_beside(p, cx, cy)))
                continue;
            for (int y = cy * p->cell; y < y1; y++)
                memset(ink->px + (size_t)y * (size_t)ink->w + (size_t)x0, 0, (size_t)(x1 - x0));
        }
    for (int i = 1; i < p->n; i++)
        if (p->part[i].keep)
            box_grow(box, p->part[i].box);
    ink->box[0] = box[2] < 0 ? 0 : box[0];
    ink->box[1] = box[2] < 0 ? 0 : box[1];
    ink->box[2] = box[2] < 0 ? 0 : box_side(box, 0);
    ink->box[3] = box[2] < 0 ? 0 : box_side(box, 1);
}

enum err parts_choose(struct ink *ink, int faint, int threshold)
{
    const int longest = ink->w > ink->h ? ink->w : ink->h;
    struct parts p = {.cell = (longest + PARTS_SIDE_MAX - 1) / PARTS_SIDE_MAX};
    enum err e = ERR_NOMEM;

    p.w = (ink->w + p.cell - 1) / p.cell;
    p.h = (ink->h + p.cell - 1) / p.cell;
    p.label = calloc((size_t)(p.w * p.h), sizeof(*p.label));
    p.part = calloc((size_t)(((p.w + 1) / 2) * ((p.h + 1) / 2) + 2), sizeof(*p.part));
    if (p.label == NULL || p.part == NULL)
        goto out;
    parts_label(&p, ink, faint);
    parts_measure(&p, ink, threshold);
    parts_keep(&p, ink);
    parts_clear(&p, ink);
    e = OK;
out:
    free(p.label);
    free(p.part);
    return e;
}
