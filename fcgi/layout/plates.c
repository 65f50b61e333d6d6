/* What is as dark as ink, and is none: the table round a sheet of paper, the wall round a plate; and dark plates with
 * light digits on them, as meters, house numbers and sample pictures on a white page have them. */
#include <math.h>
#include <stdlib.h>

#include "normalise/tools/histogram.h"
#include "layout_parts.h"

enum {
    /* Round a sheet: along half of a side of the picture, or round a corner, and wider than a frame's line. */
    ALONG_PERCENT = 50,
    CORNER_PERCENT = 8,
    WIDE_PX = 4,
    WIDE_PART = 50, /* of the picture's shorter side */
    /* A plate: a rectangle, turned by up to TURN_MOST degrees, nearly full, with something written in it. */
    PLATE_LEAST_PX = 24,
    PLATE_PERCENT = 45, /* of its box is its own */
    FULL_PERCENT = 88,  /* of the rectangle, to its outermost ink */
    TURN_MOST = 14,
    TURN_STEP = 2,
    EDGE_PERCENT = 86, /* of its outermost px, a part of its shorter side deep, are its own */
    EDGE_PART = 20,
    RING_DEEP = 2, /* behind it, so many edges deep, so much is its own: what is thinner is a frame's line */
    RING_PERCENT = 50,
    WRITTEN_LEAST = 1, /* percent of it are lighter than it is */
    WRITTEN_MOST = 55,
    HOLE_SIDE_PERCENT = 28, /* of its shorter side, which no stroke of a one on a plate has; and so full */
    HOLE_FILL_PERCENT = 66,
    RIM_PX = 1, /* and a part of its shorter side: the soft edge of a plate */
    RIM_PART = 28
};

/* How many px of a side of the picture are of a piece, in percent. */
static int along(const struct ink_pieces *ink, int piece, int x, int y, int dx, int dy)
{
    const int n = dx ? ink->w : ink->h;
    int count = 0;

    for (int i = 0; i < n; i++)
        count += ink->label[(size_t)(y + i * dy) * (size_t)ink->w + (size_t)(x + i * dx)] == piece;
    return 100 * count / n;
}

/* The mean width of a piece, as of a stroke: twice its area by the length of its rim. */
static int width_of(const struct ink_pieces *ink, int piece)
{
    const struct box *b = &ink->piece[piece].box;
    int rim = 1;

    for (int y = b->y0; y < b->y1; y++)
        for (int x = b->x0; x < b->x1; x++) {
            const int *at = ink->label + (size_t)y * (size_t)ink->w + (size_t)x;

            rim += *at == piece && ((x > 0 && at[-1] != piece) || (x + 1 < ink->w && at[1] != piece) ||
                                    (y > 0 && at[-ink->w] != piece) || (y + 1 < ink->h && at[ink->w] != piece));
        }
    return 2 * ink->piece[piece].area / rim;
}

static bool is_surroundings(const struct ink_pieces *ink, int i)
{
    const struct box *b = &ink->piece[i].box;
    const int shorter = ink->w < ink->h ? ink->w : ink->h;
    const int least = shorter / WIDE_PART > WIDE_PX ? shorter / WIDE_PART : WIDE_PX;
    const int left = b->x0 == 0 ? along(ink, i, 0, 0, 0, 1) : 0;
    const int right = b->x1 == ink->w ? along(ink, i, ink->w - 1, 0, 0, 1) : 0;
    const int top = b->y0 == 0 ? along(ink, i, 0, 0, 1, 0) : 0;
    const int low = b->y1 == ink->h ? along(ink, i, 0, ink->h - 1, 1, 0) : 0;
    const int across = left > right ? left : right, down = top > low ? top : low;

    return (across >= ALONG_PERCENT || down >= ALONG_PERCENT || (across >= CORNER_PERCENT && down >= CORNER_PERCENT)) &&
           width_of(ink, i) >= least;
}

/* From the first to the last px of a piece in each line of its box. */
struct extent {
    int *first, *last; /* [height]; last < first: none */
};

static void extent_find(const struct ink_pieces *ink, int piece, const struct extent *e)
{
    const struct box *b = &ink->piece[piece].box;

    for (int y = b->y0; y < b->y1; y++) {
        const int *row = ink->label + (size_t)y * (size_t)ink->w;
        int first = b->x0, last = b->x1 - 1;

        while (first < b->x1 && row[first] != piece)
            first++;
        while (last >= first && row[last] != piece)
            last--;
        e->first[y - b->y0] = first;
        e->last[y - b->y0] = last;
    }
}

/* The area of the smallest rectangle round it, of those turned a little. */
static double rectangle_area(const struct extent *e, int height)
{
    double least = INFINITY;

    for (int degrees = -TURN_MOST; degrees <= TURN_MOST; degrees += TURN_STEP) {
        const double c = cos(degrees * 0.01745329), s = sin(degrees * 0.01745329);
        double u0 = INFINITY, u1 = -INFINITY, v0 = INFINITY, v1 = -INFINITY;

        for (int y = 0; y < height; y++)
            for (int end = 0; end < 2 && e->last[y] >= e->first[y]; end++) {
                const double x = end == 0 ? e->first[y] : e->last[y] + 1;

                u0 = fmin(u0, fmin(c * x + s * y, c * x + s * (y + 1)));
                u1 = fmax(u1, fmax(c * x + s * y, c * x + s * (y + 1)));
                v0 = fmin(v0, fmin(c * y - s * x, c * (y + 1) - s * x));
                v1 = fmax(v1, fmax(c * y - s * x, c * (y + 1) - s * x));
            }
        least = fmin(least, (u1 - u0) * (v1 - v0));
    }
    return least;
}

/* Whether a px lies in a plate, and not at its edge. */
static bool is_inside(const struct extent *e, int height, int x, int y, int rim)
{
    for (int dy = -rim; dy <= rim; dy += rim > 0 ? rim : 1) {
        if (y + dy < 0 || y + dy >= height || x - rim < e->first[y + dy] || x + rim > e->last[y + dy])
            return false;
    }
    return true;
}

/* How much of the edge of a plate is its own, in percent, or of the ring so many edges deep in it: digits that touch
 * each other have gaps in the edge, and in a frame with a digit there is little behind it. */
static int edge_percent(const struct ink_pieces *ink, int i, const struct extent *e, int deep)
{
    const struct box *b = &ink->piece[i].box;
    const int h = box_height(b), rim = RIM_PX + box_shortest(b) / EDGE_PART;
    int all = 0, own = 0;

    for (int y = 0; y < h; y++)
        for (int x = e->first[y]; x <= e->last[y]; x++)
            if (is_inside(e, h, x, y, deep * rim) && !is_inside(e, h, x, y, (deep + 1) * rim)) {
                all++;
                own += ink->label[(size_t)(b->y0 + y) * (size_t)ink->w + (size_t)x] == i;
            }
    return all > 0 ? 100 * own / all : 0;
}

/* Whether what is light in it is a block: then it is the hole of an angular zero. (Inside of a zero on a
 * plate is a piece of its own.) */
static bool has_hole(const struct ink_pieces *ink, int i, const struct extent *e)
{
    const struct box *b = &ink->piece[i].box;
    struct box light = BOX_NONE;
    int n = 0;

    for (int y = 0; y < box_height(b); y++)
        for (int x = e->first[y]; x <= e->last[y]; x++)
            if (ink->label[(size_t)(b->y0 + y) * (size_t)ink->w + (size_t)x] == 0) {
                box_add(&light, x, y);
                n++;
            }
    return 100 * box_shortest(&light) >= HOLE_SIDE_PERCENT * box_shortest(b) &&
           100 * (int64_t)n >= HOLE_FILL_PERCENT * (int64_t)box_width(&light) * box_height(&light);
}

static bool is_plate(const struct ink_pieces *ink, int i, const struct extent *e)
{
    const struct piece *p = &ink->piece[i];
    const int h = box_height(&p->box);
    int64_t filled = 0;

    extent_find(ink, i, e);
    for (int y = 0; y < h; y++)
        filled += e->last[y] >= e->first[y] ? e->last[y] - e->first[y] + 1 : 0;
    return 100 * (filled - p->area) >= WRITTEN_LEAST * filled && 100 * (filled - p->area) <= WRITTEN_MOST * filled &&
           100 * (double)filled >= FULL_PERCENT * rectangle_area(e, h) && edge_percent(ink, i, e, 0) >= EDGE_PERCENT &&
           edge_percent(ink, i, e, RING_DEEP) >= RING_PERCENT && !has_hole(ink, i, e);
}

/* Makes the light digits of a plate ink, and the plate none. */
static void plate_turn(struct picture *p, const struct ink_pieces *ink, int i, const struct extent *e)
{
    const struct box *b = &ink->piece[i].box;
    const int h = box_height(b), rim = RIM_PX + box_shortest(b) / RIM_PART;
    struct histogram own = {.total = 0};
    int tone;

    for (int y = b->y0; y < b->y1; y++)
        for (int x = b->x0; x < b->x1; x++)
            if (ink->label[(size_t)y * (size_t)ink->w + (size_t)x] == i)
                histogram_add(&own, *picture_at(p, x, y));
    tone = histogram_percentile(&own, 50);
    for (int y = b->y0 > RIM_PX ? b->y0 - RIM_PX : 0; y < b->y1 + RIM_PX && y < p->h; y++)
        for (int x = b->x0 > RIM_PX ? b->x0 - RIM_PX : 0; x < b->x1 + RIM_PX && x < p->w; x++) {
            uint8_t *px = picture_at(p, x, y);

            if (is_inside(e, h, x, y - b->y0, rim))
                *px = (uint8_t)(tone > *px ? tone - *px : 0);
            else if (is_inside(e, h, x, y - b->y0, 0) || y < b->y0 || y >= b->y1 ||
                     (x >= e->first[y - b->y0] - RIM_PX && x <= e->last[y - b->y0] + RIM_PX))
                *px = 0;
        }
}

static void erase(struct picture *p, const struct ink_pieces *ink, int i)
{
    const struct box *b = &ink->piece[i].box;

    for (int y = b->y0; y < b->y1; y++)
        for (int x = b->x0; x < b->x1; x++)
            if (ink->label[(size_t)y * (size_t)ink->w + (size_t)x] == i)
                for (int dx = -RIM_PX; dx <= RIM_PX; dx++)
                    for (int dy = -RIM_PX; dy <= RIM_PX; dy++)
                        if (x + dx >= 0 && x + dx < p->w && y + dy >= 0 && y + dy < p->h)
                            *picture_at(p, x + dx, y + dy) = 0;
}

enum err plates_turn(struct picture *p, const struct ink_pieces *ink, bool *any)
{
    struct extent e = {malloc(2 * (size_t)p->h * sizeof(int)), NULL};

    *any = false;
    if (e.first == NULL)
        return ERR_NOMEM;
    e.last = e.first + p->h;
    for (int i = 1; i < ink->n; i++) {
        const struct box *b = &ink->piece[i].box;
        const bool at_edge = b->x0 == 0 || b->y0 == 0 || b->x1 == p->w || b->y1 == p->h;

        if (box_shortest(b) < PLATE_LEAST_PX)
            continue;
        if (100 * (int64_t)ink->piece[i].area >= PLATE_PERCENT * (int64_t)box_width(b) * box_height(b) &&
            is_plate(ink, i, &e)) {
            plate_turn(p, ink, i, &e);
            *any = true;
        } else if (at_edge && is_surroundings(ink, i)) {
            erase(p, ink, i);
            *any = true;
        }
    }
    free(e.first);
    return OK;
}
