/* What a piece is, by where it lies and what it goes around. "Lost at" and "fine at": see parts.c. */
#include "parts.h"

/* A scrap of a line along an edge begins so near to that edge (parts of the side, and a px), ends so near, and is so
 * many times as long as wide: a slip's is lost at ZONE 24, TIMES 12; fine at 3, 1. Or it is what a pen does not do, a
 * line through nearly all the picture that is that straight (TIMES fine at 8 and 400). */
enum { SCRAP_AT_PART = 50, SCRAP_ZONE_PART = 8, SCRAP_TIMES = 3, RULE_PERCENT = 90, RULE_TIMES = 40 };
/* What lies around a sheet has next to nothing in the middle of the picture, without a fifth at each side (INNER fine
 * at 0 and 40), and takes so much of both its sides (fine at 50 and 101), or of one where it is cut off: a shadow is
 * lost at 20, a slip at 101. */
enum { AROUND_INNER_PERCENT = 5, AROUND_PERCENT = 75, AROUND_CUT_PERCENT = 50 };
/* Of a rectangle's cells hardly any lie this part of its box inside; of a round 0's, a twelfth do (fine at 0 and 12).
 * It is a frame where something of size (a part of its longest side; fine at 2 and 400) lies in it, with two cells
 * between its sides. */
enum { RECTANGLE_DEEP_PART = 8, RECTANGLE_DEEP_PERCENT = 2, FRAME_IN_PART = 16, FRAME_CELLS = 2 };

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
            (cut_by(ink, &part->box) != 0 && (w > AROUND_CUT_PERCENT * ink->w || h > AROUND_CUT_PERCENT * ink->h)));
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

static enum part_kind part_kind_of(const struct parts *p, const struct picture *ink, int i)
{
    if (is_scrap(ink, &p->part[i].box))
        return PART_SCRAP;
    if (is_frame(p, i) || part_is_ring(p, i))
        return PART_FRAME;
    return is_around(ink, &p->part[i]) ? PART_SURROUND : PART_PLAIN;
}

void parts_find_kinds(struct parts *p, const struct picture *ink)
{
    for (int i = 1; i < p->n; i++)
        if (p->part[i].area > 0)
            p->part[i].kind = part_kind_of(p, ink, i);
    parts_find_brackets(p);
}
