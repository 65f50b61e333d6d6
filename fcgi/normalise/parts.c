/* Connected pieces are looked for on a grid of at most 256 cells a side, so that a gap of less than a cell, as a dry
 * pen leaves, does not part them. The largest piece is the digit, unless it is a frame or lies along the edge as only a
 * line does; the others are measured against it.
 *
 * "Lost at" a value are some of 560 drawn pictures (40 of each of 14 kinds, seed 1), or test_normalise_clutter fails;
 * "fine at": none, and it holds. Most rules have others beside them, so that each alone has much room. */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

enum { PARTS_SIDE_MAX = 256 }; /* cells across or down */
/* What holds a piece together: half of the least sure ink, as the faint middle of a stroke is. */
enum { HOLD_MIN = INK_SURE_LEAST / 2 };
/* What lines that went have left, as parts of the side: ends of up to 1/11 and crossings of 1/80 were seen; empty
 * squared paper is lost at 16 and 200. */
enum { REMNANT_END_PART = 8, REMNANT_PART = 32 };
/* So many pieces, the largest smaller than this part of the side, are noise: lost at 1000 pieces; pencil at PART 3. */
enum { NOISE_PIECES = 60, NOISE_PART = 12 };
/* The middle of a picture is without a fifth at each side. */
enum { OUTER_FIFTHS = 1 };
/* How far the soft edge of a stroke reaches beyond the cells that are pieces: at 0 it is cut off in 541 of the 560. */
enum { BESIDE_CELLS = 2 };

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
static void parts_label(struct parts *p, const struct picture *ink)
{
    for (int y = 0; y < ink->h; y++)
        for (int x = 0; x < ink->w; x++)
            if (*picture_at(ink, x, y) >= HOLD_MIN)
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
                p->part[found] = (struct part){.parent = found, .box = BOX_NONE};
            }
            *at = found;
        }
    for (int i = 0; i < p->w * p->h; i++)
        p->label[i] = p->label[i] > 0 ? part_root(p, p->label[i]) : 0;
}

static bool is_rim(const struct picture *ink, int x, int y)
{
    const uint8_t *px = picture_at(ink, x, y);
    const int sure = ink->threshold;

    return (x > 0 && px[-1] < sure) || (x + 1 < ink->w && px[1] < sure) || (y > 0 && px[-ink->w] < sure) ||
           (y + 1 < ink->h && px[ink->w] < sure);
}

static bool in_middle(int at, int side)
{
    return 5 * at >= OUTER_FIFTHS * side && 5 * at < (5 - OUTER_FIFTHS) * side;
}

static void parts_measure(struct parts *p, const struct picture *ink)
{
    for (int y = 0; y < ink->h; y++)
        for (int x = 0; x < ink->w; x++) {
            const int v = *picture_at(ink, x, y);
            struct part *part;

            if (v < ink->threshold)
                continue;
            part = &p->part[p->label[y / p->cell * p->w + x / p->cell]];
            part->area++;
            part->mass += v;
            part->rim += is_rim(ink, x, y);
            part->inner += in_middle(x, ink->w) && in_middle(y, ink->h);
            box_add(&part->box, x, y);
        }
}

/* It is all that an empty cell or sheet of squared paper has: an end where lines leave the picture, a crossing. */
static bool is_remnant(const struct picture *ink, const struct part *part)
{
    return ink->lined &&
           (cut_by(ink, &part->box) ? REMNANT_END_PART : REMNANT_PART) * box_longest(&part->box) < picture_longest(ink);
}

/* Pieces of about one size all over the place. */
static bool is_noise(const struct parts *p, const struct picture *ink, const struct part *largest)
{
    int n = 0;

    for (int i = 1; i < p->n; i++)
        n += p->part[i].area > 0;
    return n >= NOISE_PIECES && NOISE_PART * box_longest(&largest->box) < picture_longest(ink);
}

/* Marks what is kept; why there is nothing. */
static enum normalise_refusal parts_keep(struct parts *p, const struct picture *ink)
{
    struct part *main;
    struct box box;
    bool grown = true;

    parts_find_kinds(p, ink);
    main = parts_main(p, ink);
    if (main == NULL)
        return NORMALISE_ONLY_FRAMES;
    if (is_remnant(ink, main))
        return NORMALISE_ONLY_REMNANTS;
    if (is_noise(p, ink, main))
        return NORMALISE_ONLY_NOISE;
    main->keep = true;
    box = main->box;
    while (grown) {
        grown = false;
        for (int i = 1; i < p->n; i++)
            if (p->part[i].area > 0 && !p->part[i].keep && part_belongs(ink, &p->part[i], main, &box)) {
                p->part[i].keep = grown = true;
                box_join(&box, &p->part[i].box);
            }
    }
    return NORMALISE_NOT_REFUSED;
}

static bool cell_is_kept(const struct parts *p, int x, int y)
{
    return x >= 0 && y >= 0 && x < p->w && y < p->h && p->part[p->label[y * p->w + x]].keep;
}

/* Whether the soft edge of a stroke may lie in a cell that has no label: one that is kept is near. */
static bool cell_is_beside(const struct parts *p, int x, int y)
{
    bool beside = false;

    for (int dy = -BESIDE_CELLS; dy <= BESIDE_CELLS && !beside; dy++)
        for (int dx = -BESIDE_CELLS; dx <= BESIDE_CELLS && !beside; dx++)
            beside = cell_is_kept(p, x + dx, y + dy);
    return beside;
}

static void parts_clear(const struct parts *p, struct picture *ink)
{
    const struct raster raster = {.w = ink->w, .h = ink->h, .px = ink->px};

    for (int cy = 0; cy < p->h; cy++)
        for (int cx = 0; cx < p->w; cx++) {
            const int x0 = cx * p->cell, x1 = x0 + p->cell < ink->w ? x0 + p->cell : ink->w;
            const int y1 = (cy + 1) * p->cell < ink->h ? (cy + 1) * p->cell : ink->h;
            int any = 0;

            for (int y = cy * p->cell; y < y1; y++)
                for (int x = x0; x < x1; x++)
                    any |= *picture_at(ink, x, y);
            if (any == 0 || cell_is_kept(p, cx, cy) || (p->label[cy * p->w + cx] == 0 && cell_is_beside(p, cx, cy)))
                continue;
            for (int y = cy * p->cell; y < y1; y++)
                memset(picture_at(ink, x0, y), 0, (size_t)(x1 - x0));
        }
    if (ink->refusal != NORMALISE_NOT_REFUSED)
        return;
    ink->box = BOX_NONE;
    for (int i = 1; i < p->n; i++)
        if (p->part[i].keep)
            box_join(&ink->box, &p->part[i].box);
    box_grow(&ink->box, &raster, INK_LEAST);
}

enum err parts_run(struct picture *ink)
{
    struct parts p = {.cell = (picture_longest(ink) + PARTS_SIDE_MAX - 1) / PARTS_SIDE_MAX};
    enum err e = ERR_NOMEM;

    if (ink->refusal != NORMALISE_NOT_REFUSED)
        return OK;
    p.w = (ink->w + p.cell - 1) / p.cell;
    p.h = (ink->h + p.cell - 1) / p.cell;
    p.label = calloc((size_t)(p.w * p.h), sizeof(*p.label));
    p.part = calloc((size_t)(((p.w + 1) / 2) * ((p.h + 1) / 2) + 2), sizeof(*p.part));
    if (p.label == NULL || p.part == NULL)
        goto out;
    parts_label(&p, ink);
    parts_measure(&p, ink);
    if (!ink->lined) /* or it is what the lines have left where they cross */
        parts_join_chains(&p);
    ink->refusal = parts_keep(&p, ink);
    parts_clear(&p, ink);
    e = OK;
out:
    free(p.label);
    free(p.part);
    return e;
}
