/* Connected pieces are looked for on a grid of at most 256 cells a side, so that a gap of less than a cell, as a dry
 * pen leaves, does not part them. The largest piece is the digit, unless it is a frame or lies along the edge as only a
 * line does; the others are measured against it.
 *
 * "Lost at" a value are some of 560 drawn pictures (40 of each of 14 kinds, seed 1), or test_normalise_clutter fails;
 * "fine at": none, and it holds. Most rules have others beside them, so that each alone has much room. */
#include <stdlib.h>
#include <string.h>

#include "stages.h"

enum { PARTS_SIDE_MAX = 256 }; /* cells across or down */
/* What holds a piece together: half of the least sure ink, as the faint middle of a stroke is. */
enum { HOLD_MIN = INK_SURE_LEAST / 2 };
enum { AT_BORDER_PX = 1 }; /* from the border, and still at it: the outermost pixel may be blurred */
/* A scrap of a line along an edge begins so near to that edge (parts of the side, and a px), ends so near, and is so
 * many times as long as wide: a slip's is lost at ZONE 24, TIMES 12; fine at 3, 1. Or it is what a pen does not do, a
 * line through nearly all the picture that is that straight (TIMES fine at 8 and 400). */
enum { SCRAP_AT_PART = 50, SCRAP_ZONE_PART = 8, SCRAP_TIMES = 3, RULE_PERCENT = 90, RULE_TIMES = 40 };
/* What lies around a sheet has next to nothing in the middle of the picture, without a fifth at each side (INNER fine
 * at 0 and 40), and takes so much of both its sides (fine at 50 and 101), or of one where it is cut off: a shadow is
 * lost at 20, a slip at 101. */
enum { OUTER_FIFTHS = 1, AROUND_INNER_PERCENT = 5, AROUND_PERCENT = 75, AROUND_CUT_PERCENT = 50 };
/* Of a rectangle's cells hardly any lie this part of its box inside; of a round 0's, a twelfth do (fine at 0 and 12).
 * It is a frame where something of size (a part of its longest side; fine at 2 and 400) lies in it, with two cells
 * between its sides. */
enum { RECTANGLE_DEEP_PART = 8, RECTANGLE_DEEP_PERCENT = 2, FRAME_IN_PART = 16, FRAME_CELLS = 2 };
enum { MAIN_PART = 5 }; /* a plain piece smaller than this part of another kind's is a speck beside it; fine at 1, 40 */
/* What lines that went have left, as parts of the side: ends of up to 1/11 and crossings of 1/80 were seen; empty
 * squared paper is lost at 16 and 200. */
enum { REMNANT_END_PART = 8, REMNANT_PART = 32 };
/* So many pieces, the largest smaller than this part of the side, are noise: lost at 1000 pieces; pencil at PART 3. */
enum { NOISE_PIECES = 60, NOISE_PART = 12 };
/* A piece is none of the digit's where, against the main one, it is a speck, by side (fine at 2 and 40) or by area (8
 * and 1000); paler, as a shadow is, or what is left of a line (20 and 90); so many times as thick, so no stroke of the
 * same pen (1 and 10); or farther away than this part of its longest side, unless a dry pen left the gap: slips and a
 * form's neighbours are lost at 1, loose strokes at 16. */
enum { SPECK_SIDE_PART = 8, SPECK_AREA_PART = 50, PALE_PERCENT = 60, THICK_TIMES = 3, GAP_PART = 4 };
/* A scrap is, though, where it is the bar of a 5: no longer than this of the digit's width (a slip is lost at 400), nor
 * this of the picture's (fine at 30 and 101). */
enum { BAR_WIDTH_PERCENT = 125, BAR_PICTURE_PERCENT = 70 };
/* What the edge cuts off is a neighbour's where it is smaller than this part of the main piece, and so far away (fine
 * at 2 and 400). */
enum { CUT_AREA_PART = 2, CUT_GAP_PART = 20 };
/* How far the soft edge of a stroke reaches beyond the cells that are pieces: at 0 it is cut off in 541 of the 560. */
enum { BESIDE_CELLS = 2 };

enum part_kind {
    PART_PLAIN,
    PART_SCRAP,    /* lies along an edge, as a piece of a line does */
    PART_SURROUND, /* leaves the middle free: what lies around a sheet of paper; or a large 0 */
    PART_FRAME     /* a rectangle with something in it */
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

static bool at_border(const struct picture *ink, const struct box *b)
{
    return b->x0 <= AT_BORDER_PX || b->y0 <= AT_BORDER_PX || b->x1 >= ink->w - AT_BORDER_PX ||
           b->y1 >= ink->h - AT_BORDER_PX;
}

/* Whether a box of a picture w wide and h high is such a scrap that runs down. */
static bool is_scrap_down(const struct box *b, int w, int h)
{
    const int zone = w / SCRAP_ZONE_PART, at = w / SCRAP_AT_PART + 1, wide = box_width(b), high = box_height(b);
    const bool left = b->x0 <= at && b->x1 <= zone, right = b->x1 >= w - at && b->x0 >= w - zone;

    return ((left || right) && high >= SCRAP_TIMES * wide) ||
           (100 * high >= RULE_PERCENT * h && high >= RULE_TIMES * wide);
}

static bool is_scrap(const struct picture *ink, const struct box *b)
{
    const struct box turned = box_turned(b);

    return is_scrap_down(b, ink->w, ink->h) || is_scrap_down(&turned, ink->h, ink->w);
}

/* So does a large 0: but then nothing else lies in it. */
static bool is_around(const struct picture *ink, const struct part *part)
{
    const int w = 100 * box_width(&part->box), h = 100 * box_height(&part->box);

    return 100 * part->inner <= AROUND_INNER_PERCENT * part->area &&
           ((w >= AROUND_PERCENT * ink->w && h >= AROUND_PERCENT * ink->h) ||
            (at_border(ink, &part->box) && (w > AROUND_CUT_PERCENT * ink->w || h > AROUND_CUT_PERCENT * ink->h)));
}

/* Whether part i runs along the sides of its own box. */
static bool is_rectangle(const struct parts *p, int i)
{
    const struct box *b = &p->part[i].box;
    const int dx = box_width(b) / RECTANGLE_DEEP_PART, dy = box_height(b) / RECTANGLE_DEEP_PART;
    int cells = 0, deep = 0;

    for (int cy = b->y0 / p->cell; cy <= (b->y1 - 1) / p->cell; cy++)
        for (int cx = b->x0 / p->cell; cx <= (b->x1 - 1) / p->cell; cx++) {
            const int x = cx * p->cell, y = cy * p->cell;

            if (p->label[cy * p->w + cx] != i)
                continue;
            cells++;
            deep += x > b->x0 + dx && x < b->x1 - 1 - dx && y > b->y0 + dy && y < b->y1 - 1 - dy;
        }
    return 100 * deep <= RECTANGLE_DEEP_PERCENT * cells;
}

static bool lies_in(const struct box *in, const struct box *b)
{
    return in->x0 > b->x0 && in->y0 > b->y0 && in->x1 < b->x1 && in->y1 < b->y1;
}

/* A frame anywhere in the picture, as that of a canvas in a window: a rectangle with something of size in it. There may
 * be 16,000 pieces: what is too narrow to have another in it, as a dot is, must not be held against each of them. */
static bool is_frame(const struct parts *p, int i)
{
    const struct box *b = &p->part[i].box;

    if ((b->x1 - 1) / p->cell - b->x0 / p->cell < FRAME_CELLS ||
        (b->y1 - 1) / p->cell - b->y0 / p->cell < FRAME_CELLS || !is_rectangle(p, i))
        return false;
    for (int k = 1; k < p->n; k++) {
        const struct part *in = &p->part[k];

        if (in->area > 0 && FRAME_IN_PART * box_longest(&in->box) >= box_longest(b) && lies_in(&in->box, b))
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

    return plain != NULL && MAIN_PART * box_longest(&plain->box) >= box_longest(&any->box) ? plain : any;
}

/* It is all that an empty cell or sheet of squared paper has: an end where lines leave the picture, a crossing. */
static bool is_remnant(const struct picture *ink, const struct part *part)
{
    return ink->lined && (at_border(ink, &part->box) ? REMNANT_END_PART : REMNANT_PART) * box_longest(&part->box) <
                             picture_longest(ink);
}

/* Pieces of about one size all over the place. */
static bool is_noise(const struct parts *p, const struct picture *ink, const struct part *largest)
{
    int n = 0;

    for (int i = 1; i < p->n; i++)
        n += p->part[i].area > 0;
    return n >= NOISE_PIECES && NOISE_PART * box_longest(&largest->box) < picture_longest(ink);
}

/* Whether a scrap is the bar of a 5, over the digit whose box this is. */
static bool is_bar(const struct picture *ink, const struct box *scrap, const struct box *digit)
{
    const bool across = box_width(scrap) >= box_height(scrap);
    const int length = box_longest(scrap), digits = across ? box_width(digit) : box_height(digit);

    return length <= digits * BAR_WIDTH_PERCENT / 100 &&
           100 * length < BAR_PICTURE_PERCENT * (across ? ink->w : ink->h);
}

/* Whether a piece belongs to the digit, of which the main piece and the box so far are known. */
static bool belongs(const struct picture *ink, const struct part *part, const struct part *main, const struct box *box)
{
    const int size = box_longest(&main->box), gap = box_gap(&part->box, box);

    if (SPECK_SIDE_PART * box_longest(&part->box) < size || SPECK_AREA_PART * part->area < main->area)
        return false;
    if (100 * part->mass * main->area < PALE_PERCENT * main->mass * part->area)
        return false;
    if (part->area * main->rim > THICK_TIMES * main->area * part->rim)
        return false;
    if (part->kind == PART_SURROUND || part->kind == PART_FRAME)
        return false;
    if (part->kind == PART_SCRAP)
        return GAP_PART * gap <= size && is_bar(ink, &part->box, box);
    if (at_border(ink, &part->box) && !at_border(ink, &main->box) && CUT_AREA_PART * part->area < main->area &&
        CUT_GAP_PART * gap > size)
        return false;
    /* A dry pen's gap is up to the pen's width, which is twice the area to the length of the rim. */
    return GAP_PART * gap <= size || gap * main->rim <= 2 * main->area;
}

static enum part_kind part_kind_of(const struct parts *p, const struct picture *ink, int i)
{
    if (is_scrap(ink, &p->part[i].box))
        return PART_SCRAP;
    if (is_frame(p, i))
        return PART_FRAME;
    return is_around(ink, &p->part[i]) ? PART_SURROUND : PART_PLAIN;
}

/* Marks what is kept; why there is nothing. */
static enum normalise_refusal parts_keep(struct parts *p, const struct picture *ink)
{
    struct part *main;
    struct box box;
    bool grown = true;

    for (int i = 1; i < p->n; i++)
        if (p->part[i].area > 0)
            p->part[i].kind = part_kind_of(p, ink, i);
    main = parts_main(p);
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
            if (p->part[i].area > 0 && !p->part[i].keep && belongs(ink, &p->part[i], main, &box)) {
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
    ink->refusal = parts_keep(&p, ink);
    parts_clear(&p, ink);
    e = OK;
out:
    free(p.label);
    free(p.part);
    return e;
}
