/* What people draw around a digit: a ring, a box, brackets. Of 120 drawn rings and boxes 36 were read without these
 * rules, 114 with them. A ring that touches the digit is one piece with it, and stays. "Lost at": test_stage_parts
 * fails. */
#include "parts.h"

enum {
    /* A ring is met on so many of the lines from its middle to its box: a hand leaves a gap (lost at 100). */
    RING_RAYS = 64,
    RING_RAYS_PERCENT = 85,
    RING_FREE_PERCENT = 55, /* of the way to it they are free of it: it is a line, not a digit with a loop */
    RING_CELLS = 6,         /* across: what is smaller has no room for a digit */
    /* What it goes around is so high at least, compared with it, as no dot in a 0 is; and in its middle, to this part.
     */
    RING_IN_PART = 3,
    RING_ASIDE_PART = 4,
    /* And it is not the slash of a 0: a straight line, its rim hardly longer than twice the diagonal, that leans so
     * much that it is half as wide as high. */
    SLASH_RIM_TENTHS = 26,
    SLASH_WIDE_PART = 2,
    /* The loops of an outlined 8 differ by less than this in height and width; the bar of a 5 is lower. Of 120 outlined
     * digits, three 8s were read as 0 without this. */
    LOOP_PART = 2
};

enum {
    BRACKETS_MAX = 16,         /* so many pieces shaped like one are looked at */
    BRACKET_RIM_PART = 3,      /* one stroke: its rim is no longer than so many times its height, */
    BRACKET_WIDE_PART = 2,     /* no wider than this part of it, */
    BRACKET_BOW_PART = 16,     /* and its middle lies farther out than its ends, by this part of it. */
    BRACKET_ALIKE_PERCENT = 70 /* The other is as high at least, and beside it as far */
};

/* Whether ink of part i is met on the way from the middle of its box to x, y (cells), and not early. */
static bool ray_meets(const struct parts *p, int i, const int middle[2], int x, int y, bool *early)
{
    const int dx = x - middle[0], dy = y - middle[1], ax = dx < 0 ? -dx : dx, ay = dy < 0 ? -dy : dy;
    const int steps = ax > ay ? ax : ay;
    int first = -1, last = -1;

    for (int s = 0; s <= steps && steps > 0; s++) {
        const int cx = middle[0] + dx * s / steps, cy = middle[1] + dy * s / steps;

        /* Two cells, or a line of one cell would let a slanting ray through. */
        if (p->label[cy * p->w + cx] == i || (cx + 1 < p->w && p->label[cy * p->w + cx + 1] == i)) {
            first = first < 0 ? s : first;
            last = s;
        }
    }
    *early = first >= 0 && 100 * first < RING_FREE_PERCENT * last;
    return first >= 0;
}

static bool goes_around(const struct parts *p, int i)
{
    const struct box *b = &p->part[i].box;
    const int x0 = b->x0 / p->cell, y0 = b->y0 / p->cell, w = (b->x1 - 1) / p->cell - x0,
              h = (b->y1 - 1) / p->cell - y0;
    const int middle[2] = {x0 + w / 2, y0 + h / 2}, side = RING_RAYS / 4;
    int met = 0;

    if (w < RING_CELLS || h < RING_CELLS)
        return false;
    for (int k = 0; k < RING_RAYS; k++) {
        const int at = k % side, edge = k / side;
        const int x = edge == 0 ? x0 + w * at / side : edge == 2 ? x0 + w - w * at / side : edge == 1 ? x0 + w : x0;
        const int y = edge == 1 ? y0 + h * at / side : edge == 3 ? y0 + h - h * at / side : edge == 0 ? y0 : y0 + h;
        bool early;

        met += ray_meets(p, i, middle, x, y, &early);
        if (early)
            return false;
    }
    return 100 * met >= RING_RAYS_PERCENT * RING_RAYS;
}

static bool is_slash(const struct part *part)
{
    const int64_t w = box_width(&part->box), h = box_height(&part->box);

    return SLASH_WIDE_PART * w >= h &&
           100 * part->rim * part->rim <= SLASH_RIM_TENTHS * SLASH_RIM_TENTHS * (w * w + h * h);
}

/* Whether a piece is what somebody would draw a ring around. */
static bool is_ringed(const struct part *in, const struct part *ring)
{
    const struct box *a = &in->box, *b = &ring->box;
    const int dx = a->x0 + a->x1 - b->x0 - b->x1, dy = a->y0 + a->y1 - b->y0 - b->y1;

    return a->x0 > b->x0 && a->y0 > b->y0 && a->x1 < b->x1 && a->y1 < b->y1 &&
           RING_IN_PART * box_height(a) >= box_height(b) && RING_ASIDE_PART * (dx < 0 ? -dx : dx) <= 2 * box_width(b) &&
           RING_ASIDE_PART * (dy < 0 ? -dy : dy) <= 2 * box_height(b) && !part_is_paler(in, ring) &&
           !part_is_thicker(in, ring) && !is_slash(in);
}

/* Whether what lies in a ring is a loop, and so is another piece above or below it, not much smaller: no digit, but
 * what the outline of an 8 encloses. (The halves of a broken digit are no loops.) */
static bool are_two_loops(const struct parts *p, int in, const struct box *ring)
{
    const struct box *a = &p->part[in].box;

    if (!goes_around(p, in))
        return false;

    for (int k = 1; k < p->n; k++) {
        const struct box *b = &p->part[k].box;

        if (p->part[k].area > 0 && b->x0 > ring->x0 && b->y0 > ring->y0 && b->x1 < ring->x1 && b->y1 < ring->y1 &&
            (b->y0 >= a->y1 || b->y1 <= a->y0) && b->x0 < a->x1 && b->x1 > a->x0 &&
            LOOP_PART * box_height(b) >= box_height(a) && LOOP_PART * box_width(b) >= box_width(a) && goes_around(p, k))
            return true;
    }
    return false;
}

bool part_is_ring(const struct parts *p, int i)
{
    int highest = 0;

    if (!goes_around(p, i))
        return false;
    for (int k = 1; k < p->n; k++)
        if (p->part[k].area > 0 && is_ringed(&p->part[k], &p->part[i]) &&
            (highest == 0 || box_height(&p->part[k].box) > box_height(&p->part[highest].box)))
            highest = k;
    return highest != 0 && !are_two_loops(p, highest, &p->part[i].box);
}

/* The mean of x, in cells and 16ths, of part i's cells between two 16ths of its height; -1 if there are none. */
static int mean_x(const struct parts *p, int i, int from, int to)
{
    const struct box *b = &p->part[i].box;
    const int y0 = b->y0 / p->cell, h = (b->y1 - 1) / p->cell + 1 - y0;
    int sum = 0, n = 0;

    for (int cy = y0 + h * from / 16; cy < y0 + (h * to + 15) / 16; cy++)
        for (int cx = b->x0 / p->cell; cx <= (b->x1 - 1) / p->cell; cx++)
            if (p->label[cy * p->w + cx] == i) {
                sum += 16 * cx;
                n++;
            }
    return n > 0 ? sum / n : -1;
}

/* -1: an opening bracket, 1: a closing one, 0: none. */
static int bracket_side(const struct parts *p, int i)
{
    const struct part *part = &p->part[i];
    const int w = box_width(&part->box), h = box_height(&part->box);
    const int ends[2] = {mean_x(p, i, 0, 3), mean_x(p, i, 13, 16)}, middle = mean_x(p, i, 6, 10);
    const int bow = 16 * h / p->cell / BRACKET_BOW_PART;

    if (part->rim > BRACKET_RIM_PART * h || BRACKET_WIDE_PART * w > h || ends[0] < 0 || ends[1] < 0 || middle < 0)
        return 0;
    if (middle + bow <= ends[0] && middle + bow <= ends[1])
        return -1;
    return middle - bow >= ends[0] && middle - bow >= ends[1] ? 1 : 0;
}

/* Whether a piece lies between two brackets, as high as the digit that they belong to. */
static bool lies_between(const struct part *in, const struct part *left, const struct part *right)
{
    const struct box *l = &left->box, *r = &right->box, *b = &in->box;
    const int middle = b->x0 + b->x1, height = box_height(b), y = (b->y0 + b->y1) / 2;

    return in->kind == PART_PLAIN && middle > l->x0 + l->x1 && middle < r->x0 + r->x1 &&
           RING_IN_PART * height >= box_height(l) && y > l->y0 && y < l->y1 && !part_is_paler(in, left) &&
           !part_is_thicker(in, left) && !is_slash(in);
}

static bool are_brackets(const struct parts *p, const struct part *left, const struct part *right)
{
    const struct box *l = &left->box, *r = &right->box;
    const int high = box_height(l) > box_height(r) ? box_height(l) : box_height(r);
    const int from = l->y0 > r->y0 ? l->y0 : r->y0, to = l->y1 < r->y1 ? l->y1 : r->y1;

    if (l->x1 >= r->x0 || 100 * (to - from) < BRACKET_ALIKE_PERCENT * high || 2 * high < r->x0 - l->x1)
        return false;
    for (int i = 1; i < p->n; i++)
        if (&p->part[i] != left && &p->part[i] != right && p->part[i].area > 0 &&
            lies_between(&p->part[i], left, right))
            return true;
    return false;
}

void parts_find_brackets(struct parts *p)
{
    int found[BRACKETS_MAX], side[BRACKETS_MAX], n = 0;

    for (int i = 1; i < p->n && n < BRACKETS_MAX; i++) {
        side[n] = p->part[i].area > 0 ? bracket_side(p, i) : 0;
        if (side[n] != 0)
            found[n++] = i;
    }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            if (side[i] == -1 && side[k] == 1 && are_brackets(p, &p->part[found[i]], &p->part[found[k]]))
                p->part[found[i]].kind = p->part[found[k]].kind = PART_FRAME;
}
