/* The pieces of ink of a picture, and the size of its digits.
 *
 * Pieces are found at the picture's full scale, where a gap of one pixel parts them. What comes after works on a
 * smaller copy, in which a usual digit is some 50 px high: that is enough for a 28x28. */
#include <stdlib.h>
#include <string.h>

#include "layout_parts.h"

enum {
    DIGIT_PX = 48,    /* a usual digit of the smaller copy is at least this high, and less than twice this */
    SOFT_LEAST = 16,  /* ink of at least this may be the soft edge of a piece */
    SOFT_REACH = 3,   /* px from sure ink, and still its edge */
    HEIGHT_LEAST = 6, /* px: nothing smaller can be read */
    /* A speck: both its sides are below this part of a usual digit's height. A full stop is as large as the pen. */
    SPECK_PART = 12,
    FRAME_LEAST_PX = 16, /* a frame is no lower, */
    HELD_PART = 5,       /* and holds something of this part of its height: one thing, if it is a rectangle, */
    RING_PART = 8,       /* of whose ink hardly any lies this part of its sides inside; or two. */
    RING_DEEP_PERCENT = 3,
    /* Or it is thin, hardly any of its box is ink, and smaller things are in it: the edge of a sheet, a tall table. */
    HOLLOW_PERCENT = 15,
    HOLLOW_HELD_PART = 16,
    HOLLOW_LEAST_PX = 60,
    HOLLOW_HELD = 2,
    FRAMES_MAX = 300, /* pieces that are looked at */
    /* A rule is so many times as long as wide, and in tenths of the usual height at least so wide, or so high. */
    RULE_TIMES = 8,
    RULE_TENTHS = 13,
    RULE_HIGH_TENTHS = 17
};

static int root(int *parent, int i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static int join(int *parent, int a, int b)
{
    if (a == 0 || b == 0)
        return a + b;
    a = root(parent, a);
    b = root(parent, b);
    parent[a > b ? a : b] = a > b ? b : a;
    return a > b ? b : a;
}

/* Labels sure ink, 8-connected. label[h][w]; parent has room for every label. Returns their number, with 0. */
static int label_ink(const struct picture *p, int *label, int *parent)
{
    const int w = p->w, h = p->h, sure = p->threshold;
    int n = 1;

    parent[0] = 0;
    for (int y = 0; y < h; y++) {
        const uint8_t *px = p->px + (size_t)y * (size_t)w;
        int *at = label + (size_t)y * (size_t)w, *up = y > 0 ? at - w : at;

        for (int x = 0; x < w; x++) {
            int found;

            if (px[x] < sure)
                continue;
            found = x > 0 ? at[x - 1] : 0;
            if (y > 0) {
                found = found == up[x] ? found : join(parent, found, up[x]);
                if (up[x] == 0) {
                    found = x > 0 ? join(parent, found, up[x - 1]) : found;
                    found = x + 1 < w ? join(parent, found, up[x + 1]) : found;
                }
            }
            if (found == 0) {
                found = n++;
                parent[found] = found;
            }
            at[x] = found;
        }
    }
    return n;
}

/* Numbers the roots from 1 on: to[label]. Returns how many there are, with 0. */
static int number_roots(int *parent, int n)
{
    int pieces = 1;

    for (int i = 1; i < n; i++)
        parent[i] = root(parent, i) == i ? i : root(parent, i);
    for (int i = 1; i < n; i++) /* a root is smaller than what hangs on it, so its number is known */
        parent[i] = parent[i] == i ? -pieces++ : parent[parent[i]];
    for (int i = 1; i < n; i++)
        parent[i] = -parent[i];
    return pieces;
}

static void forget(struct piece *piece, int n)
{
    for (int i = 1; i < n; i++)
        piece[i] = (struct piece){.box = BOX_NONE, .row = -1, .gone = piece[i].gone};
}

/* Adds px x0 to x1 of line y. */
static void piece_add(struct piece *p, int x0, int x1, int y)
{
    p->area += x1 - x0;
    box_add(&p->box, x0, y);
    box_add(&p->box, x1 - 1, y);
}

static void measure(struct piece *piece, int n, const int *label, int w, int h)
{
    forget(piece, n);
    for (int y = 0; y < h; y++, label += w)
        for (int x = 0; x < w; x++) {
            const int first = x, i = label[x];

            if (i == 0)
                continue;
            while (x + 1 < w && label[x + 1] == i)
                x++;
            piece_add(&piece[i], first, x + 1, y);
        }
}

/* The smaller copy: means of the ink; of the labels, that of the darkest pixel. */
static void reduce(struct page *page, const struct picture *p, const int *label, int k)
{
    for (int y = 0; y < page->h; y++)
        for (int x = 0; x < page->w; x++) {
            const int x1 = (x + 1) * k < p->w ? (x + 1) * k : p->w, y1 = (y + 1) * k < p->h ? (y + 1) * k : p->h;
            int sum = 0, most = 0, of = 0;

            for (int py = y * k; py < y1; py++)
                for (int px = x * k; px < x1; px++) {
                    const int v = *picture_at(p, px, py);

                    sum += v;
                    if (v > most) {
                        most = v;
                        of = label[(size_t)py * (size_t)p->w + (size_t)px];
                    }
                }
            page->px[y * page->w + x] = (uint8_t)(sum / ((x1 - x * k) * (y1 - y * k)));
            page->label[y * page->w + x] = of;
        }
}

/* Gives the soft edges of strokes to the pieces beside them, a px in each round. Only ERR_NOMEM. */
static enum err spread(struct page *page)
{
    int *const label = page->label, w = page->w, pixels = page->w * page->h;
    int *soft, n = 0;

    for (int i = 0; i < pixels; i++)
        n += label[i] == 0 && page->px[i] >= SOFT_LEAST;
    soft = malloc(((size_t)n + 1) * sizeof(*soft));
    if (soft == NULL)
        return ERR_NOMEM;
    n = 0;
    for (int i = 0; i < pixels; i++)
        if (label[i] == 0 && page->px[i] >= SOFT_LEAST)
            soft[n++] = i;
    for (int round = 1; round <= SOFT_REACH; round++) {
        int left = 0;

        for (int i = 0; i < n; i++) {
            const int at = soft[i], x = at % w;
            int of = 0;

            of = x > 0 && label[at - 1] > 0 ? label[at - 1] : of;
            of = x + 1 < w && label[at + 1] > 0 ? label[at + 1] : of;
            of = at >= w && label[at - w] > 0 ? label[at - w] : of;
            of = at + w < pixels && label[at + w] > 0 ? label[at + w] : of;
            label[at] = -of; /* not yet: in this round it is nobody's neighbour */
        }
        for (int i = 0; i < n; i++) {
            if (label[soft[i]] == 0)
                soft[left++] = soft[i];
            else
                label[soft[i]] = -label[soft[i]];
        }
        n = left;
    }
    free(soft);
    return OK;
}

/* How many pieces that are higher than this part of it lie in the box of piece i; it need not be known beyond most. */
static int count_held(const struct ink_pieces *ink, int i, int part, int most)
{
    const struct box *b = &ink->piece[i].box;
    int n = 0;

    for (int k = 1; k < ink->n && n < most; k++) {
        const struct box *in = &ink->piece[k].box;

        n += part * box_height(in) > box_height(b) && in->x0 > b->x0 && in->x1 < b->x1 && in->y0 > b->y0 &&
             in->y1 < b->y1;
    }
    return n;
}

/* Whether nearly all of a piece lies along the sides of its box, as a frame does, and a zero does not. */
static bool is_rectangle(const struct ink_pieces *ink, int i)
{
    const struct box *b = &ink->piece[i].box;
    const int dx = box_width(b) / RING_PART + 1, dy = box_height(b) / RING_PART + 1;
    int deep = 0;

    for (int y = b->y0 + dy; y < b->y1 - dy; y++)
        for (int x = b->x0 + dx; x < b->x1 - dx; x++)
            deep += ink->label[(size_t)y * (size_t)ink->w + (size_t)x] == i;
    return 100 * (int64_t)deep <= (int64_t)RING_DEEP_PERCENT * ink->piece[i].area;
}

/* Whether a piece runs round smaller things of size, far from most of its box. */
static bool is_hollow(const struct ink_pieces *ink, int i)
{
    const struct box *b = &ink->piece[i].box;

    return box_shortest(b) >= HOLLOW_LEAST_PX &&
           100 * (int64_t)ink->piece[i].area < (int64_t)HOLLOW_PERCENT * box_width(b) * box_height(b) &&
           count_held(ink, i, HOLLOW_HELD_PART, HOLLOW_HELD) == HOLLOW_HELD;
}

/* Frames and grids that were not erased: what holds others of size. There may be thousands of pieces, so only large
 * ones are held against each of them. */
static void drop_frames(struct ink_pieces *ink)
{
    int tried = 0;

    for (int i = 1; i < ink->n && tried < FRAMES_MAX; i++) {
        struct piece *p = &ink->piece[i];

        if (box_height(&p->box) < FRAME_LEAST_PX ||
            2 * (int64_t)p->area > (int64_t)box_width(&p->box) * box_height(&p->box))
            continue;
        const int held = count_held(ink, i, HELD_PART, 2);

        tried++;
        p->gone = held > 1 || (held == 1 && is_rectangle(ink, i)) || is_hollow(ink, i);
    }
}

/* A piece of a rule, long and thin. A minus is shorter; a one stands, and is lower. */
static bool is_rule(const struct box *b, int usual)
{
    const int w = box_width(b), h = box_height(b);

    return (10 * w > RULE_TENTHS * usual && w > RULE_TIMES * h) ||
           (10 * h > RULE_HIGH_TENTHS * usual && h > RULE_TIMES * w);
}

static void drop_specks(struct page *page)
{
    const int usual = page->height;

    for (int i = 1; i < page->n; i++)
        if (SPECK_PART * box_longest(&page->piece[i].box) < usual || is_rule(&page->piece[i].box, usual))
            page->piece[i].gone = true;
}

/* Pieces are of ink, whose labels it may take. */
static enum err take_copy(struct page *page, const struct picture *p, struct ink_pieces *ink)
{
    const int usual = pieces_usual_height(page->piece, page->n), k = usual / DIGIT_PX > 1 ? usual / DIGIT_PX : 1;

    if (usual < 0)
        return ERR_NOMEM;
    page->w = (p->w + k - 1) / k;
    page->h = (p->h + k - 1) / k;
    page->raster_w = p->in.w;
    page->raster_h = p->in.h;
    page->shrunk = k;
    page->scale = p->scale * k;
    page->sure = p->threshold;
    page->px = malloc((size_t)(page->w * page->h));
    if (k == 1) {
        page->label = ink->label;
        ink->label = NULL;
    } else {
        page->label = malloc((size_t)(page->w * page->h) * sizeof(*page->label));
    }
    if (page->px == NULL || page->label == NULL)
        return ERR_NOMEM;
    if (k == 1) {
        memcpy(page->px, p->px, picture_pixels(p));
    } else {
        reduce(page, p, ink->label, k);
        measure(page->piece, page->n, page->label, page->w, page->h);
    }
    page->height = usual / k;
    return spread(page);
}

enum err ink_pieces_find(struct ink_pieces *ink, const struct picture *p)
{
    const size_t n = picture_pixels(p);
    int *parent = malloc((n / 2 + (size_t)p->w + 2) * sizeof(*parent));
    enum err e = ERR_NOMEM;

    *ink = (struct ink_pieces){.w = p->w, .h = p->h, .label = calloc(n, sizeof(*ink->label))};
    if (ink->label == NULL || parent == NULL)
        goto out;
    ink->n = number_roots(parent, label_ink(p, ink->label, parent));
    ink->piece = calloc((size_t)ink->n, sizeof(*ink->piece));
    if (ink->piece == NULL)
        goto out;
    for (size_t i = 0; i < n; i++)
        if (ink->label[i] > 0)
            ink->label[i] = parent[ink->label[i]];
    measure(ink->piece, ink->n, ink->label, p->w, p->h);
    e = OK;
out:
    free(parent);
    return e;
}

void ink_pieces_free(struct ink_pieces *ink)
{
    free(ink->label);
    free(ink->piece);
    *ink = (struct ink_pieces){0};
}

void page_measure(struct page *page)
{
    int usual;

    measure(page->piece, page->n, page->label, page->w, page->h);
    for (int i = 1; i < page->n; i++)
        page->piece[i].gone = page->piece[i].gone || page->piece[i].area == 0;
    usual = pieces_usual_height(page->piece, page->n);
    page->height = usual > 0 ? usual : page->height;
}

enum err page_take(struct page *page, const struct picture *p)
{
    struct ink_pieces ink;
    enum err e = ink_pieces_find(&ink, p);

    *page = (struct page){0};
    if (e == OK) {
        drop_frames(&ink);
        page->n = ink.n;
        page->piece = ink.piece;
        ink.piece = NULL;
        e = take_copy(page, p, &ink);
    }
    ink_pieces_free(&ink);
    if (e == OK && page->height < HEIGHT_LEAST)
        page->n = 1;
    if (e == OK)
        drop_specks(page);
    return e;
}

void page_free(struct page *page)
{
    free(page->px);
    free(page->label);
    free(page->piece);
    *page = (struct page){0};
}
