/* Lines between the cells of a form where nothing joins them: separators, and the teeth of a comb. Each of them looks
 * like a one.
 *
 * What tells them from ones is that they are printed: equally long, thick and slanted, their ends on two straight
 * lines, at equal distances, and with digits between them. */
#include <math.h>
#include <stdlib.h>

#include "layout_parts.h"
#include "normalise/tools/fit.h"

enum {
    BARS_MAX = 128,       /* pieces that are looked at */
    THIN_TIMES = 5,       /* a bar is so many times as long as thick */
    ROWS_PERCENT = 90,    /* of its height, so much has ink, no thicker than it is */
    SETS_MAX = 32,        /* rows of bars */
    REGULAR_LEAST = 3,    /* bars that are as high as digits, or teeth beneath them, */
    TALL_LEAST = 2,       /* and bars that are higher: so many at least */
    SOFT_PX = 1,          /* of an edge */
    TOUCHING_PERCENT = 80 /* where a bar is missing, a digit touches it, if so much of its length has ink */
};
static const double LEAST_HEIGHT = 0.3; /* of the usual height */
static const double LEAN_MOST = 0.25;
static const double OFF_PX = 0.7, OFF_PART = 0.008; /* root mean square distance from a straight line; of the length */
static const double ALIKE_LEAN = 0.05, ALIKE_LENGTH = 0.1, ALIKE_THICK = 1.7;
static const double ENDS_OFF = 0.04, ENDS_PX = 1; /* of the length: how far ends lie off the line through the others' */
static const double PITCH_OFF = 0.07;             /* of the smallest distance */
static const double TALLER = 1.25;                /* than the digits between them */
static const double BELOW = 0.35;                 /* of the digits' height: how far a tooth's middle is from theirs */

struct bar {
    int piece;
    double x, lean; /* its middle, and how far x moves a px down */
    double y0, y1, thick;
};

struct bars {
    int n;
    struct bar bar[BARS_MAX];
};

/* The ink of a piece in a line of px: from first to last. */
static bool row_extent(const struct page *page, int piece, int y, int *first, int *last)
{
    const struct box *b = &page->piece[piece].box;

    *first = -1;
    for (int x = b->x0; x < b->x1; x++)
        if (page->label[y * page->w + x] == piece && page->px[y * page->w + x] >= page->sure) {
            *first = *first < 0 ? x : *first;
            *last = x;
        }
    return *first >= 0;
}

/* Fits a straight line to a piece, and tells whether it is a bar. */
static bool bar_take(const struct page *page, int piece, struct bar *bar)
{
    const struct box *b = &page->piece[piece].box;
    const double height = box_height(b), middle = (b->y0 + b->y1 - 1) / 2.0;
    struct fit fit = {0};
    double thick = 0, off;
    int first, last, thin = 0;

    if (height < LEAST_HEIGHT * page->height || box_width(b) > height / 2)
        return false;
    for (int y = b->y0; y < b->y1; y++) {
        if (!row_extent(page, piece, y, &first, &last))
            continue;
        fit_add(&fit, y - middle, (first + last) / 2.0);
        thick += last - first + 1;
    }
    *bar = (struct bar){.piece = piece, .y0 = b->y0, .y1 = b->y1};
    off = fit_line(&fit, &bar->x, &bar->lean);
    if (!isfinite(off))
        return false;
    bar->thick = thick /= fit.n;
    for (int y = b->y0; y < b->y1; y++)
        thin += row_extent(page, piece, y, &first, &last) && last - first + 1 <= 1.5 * thick + 1.5;
    return height >= THIN_TIMES * thick && fabs(bar->lean) <= LEAN_MOST && 100 * thin >= ROWS_PERCENT * height &&
           off <= OFF_PX + OFF_PART * height;
}

static int by_bar_x(const void *a, const void *b)
{
    const struct bar *p = a, *q = b;

    return p->x < q->x ? -1 : p->x > q->x;
}

static double length(const struct bar *b)
{
    return b->y1 - b->y0;
}

static bool is_alike(const struct bar *a, const struct bar *b)
{
    const double longer = length(a) > length(b) ? length(a) : length(b);

    return fabs(a->lean - b->lean) <= ALIKE_LEAN && fabs(length(a) - length(b)) <= ALIKE_LENGTH * longer &&
           a->thick <= ALIKE_THICK * b->thick && b->thick <= ALIKE_THICK * a->thick;
}

/* Whether the ends of c lie on the lines through those of a and b. */
static bool is_in_line(const struct bar *a, const struct bar *b, const struct bar *c)
{
    const double t = (c->x - a->x) / (b->x - a->x), most = ENDS_PX + ENDS_OFF * length(a);

    return fabs(a->y0 + t * (b->y0 - a->y0) - c->y0) <= most && fabs(a->y1 + t * (b->y1 - a->y1) - c->y1) <= most;
}

/* All bars in line with two: a set, from left to right. */
static void set_collect(const struct bars *all, int a, int b, struct bars *set)
{
    const struct bar *p = &all->bar[a], *q = &all->bar[b];

    set->n = 0;
    if (q->x - p->x < length(p) / 4 || !is_alike(p, q) || fabs(q->y0 - p->y0) > (q->x - p->x) / 2)
        return;
    for (int i = 0; i < all->n; i++)
        if (i == a || i == b || (is_alike(p, &all->bar[i]) && is_in_line(p, q, &all->bar[i])))
            set->bar[set->n++] = all->bar[i];
}

/* The distance of which all distances in a set are multiples; 0: there is none. */
static double set_pitch(const struct bars *set)
{
    double least = INFINITY, sum = 0, times = 0;

    for (int i = 1; i < set->n; i++)
        least = fmin(least, set->bar[i].x - set->bar[i - 1].x);
    for (int i = 1; i < set->n; i++) {
        const double gap = set->bar[i].x - set->bar[i - 1].x, k = floor(gap / least + 0.5);

        if (fabs(gap - k * least) > PITCH_OFF * least * k + 1)
            return 0;
        sum += gap;
        times += k;
    }
    return sum / times;
}

static bool in_set(const struct bars *set, int piece)
{
    for (int i = 0; i < set->n; i++)
        if (set->bar[i].piece == piece)
            return true;
    return false;
}

/* What stands between the bars of a set. */
struct between {
    int filled;            /* gaps with something of size in them */
    double height, middle; /* of that, in the mean; how far below the middles of the bars */
};

static struct between set_between(const struct page *page, const struct bars *set)
{
    const struct bar *a = &set->bar[0], *b = &set->bar[set->n - 1];
    struct between found = {0};
    bool filled[BARS_MAX] = {false};
    double n = 0;

    for (int i = 1; i < page->n; i++) {
        const struct piece *p = &page->piece[i];
        const double x = (p->box.x0 + p->box.x1) / 2.0, y = (p->box.y0 + p->box.y1) / 2.0;
        const double t = (x - a->x) / (b->x - a->x), high = box_height(&p->box);
        const double off = y - (a->y0 + a->y1 + t * (b->y0 + b->y1 - a->y0 - a->y1)) / 2;
        int gap = 0;

        if (p->gone || t <= 0 || t >= 1 || high < LEAST_HEIGHT * length(a) || high < page->height / 3.0 ||
            fabs(off) > (length(a) + high) / 2 * 1.3 || in_set(set, i))
            continue;
        while (gap + 2 < set->n && set->bar[gap + 1].x < x)
            gap++;
        filled[gap] = true;
        found.height += high;
        found.middle += off;
        n++;
    }
    for (int i = 0; i + 1 < set->n; i++)
        found.filled += filled[i];
    found.height = n > 0 ? found.height / n : 0;
    found.middle = n > 0 ? found.middle / n : 0;
    return found;
}

static bool set_is_printed(const struct page *page, const struct bars *set)
{
    const struct between in = set_between(page, set);

    if (in.filled == 0 || 2 * in.filled < set->n - 1)
        return false;
    if (set->n >= TALL_LEAST && length(&set->bar[0]) >= TALLER * in.height)
        return fabs(in.middle) < length(&set->bar[0]) / 2 || set->n >= REGULAR_LEAST;
    if (set->n < REGULAR_LEAST || set_pitch(set) <= 0)
        return false;
    return set->n > REGULAR_LEAST || fabs(in.middle) >= BELOW * in.height;
}

/* The ink in a line of px that lies at x, or within reach of it: from first to last. */
static bool run_at(const struct page *page, int x, int y, int reach, int *first, int *last)
{
    const int *row = page->label + y * page->w;
    int at = x;

    for (int d = 0; d <= reach; d++)
        if (row[x + d] > 0 || row[x - d] > 0) {
            at = row[x + d] > 0 ? x + d : x - d;
            break;
        }
    if (row[at] == 0)
        return false;
    *first = *last = at;
    while (*first > 0 && row[*first - 1] > 0)
        --*first;
    while (*last + 1 < page->w && row[*last + 1] > 0)
        ++*last;
    return true;
}

/* Takes a bar off what touches it. */
static void bar_erase(struct page *page, double x, const struct bar *like, double y0, double y1)
{
    const double middle = (y0 + y1) / 2, most = 1.5 * like->thick + 2 * SOFT_PX;
    const int reach = (int)(like->thick / 2) + 1;
    int there = 0;

    for (int pass = 0; pass < 2 && (pass == 0 || 100 * there >= TOUCHING_PERCENT * (int)(y1 - y0)); pass++)
        for (int y = (int)y0; y < (int)y1; y++) {
            const int at = (int)floor(x + like->lean * (y - middle) + 0.5);
            int first, last;

            if (y < 0 || y >= page->h || at < reach || at + reach >= page->w ||
                !run_at(page, at, y, reach, &first, &last))
                continue;
            there += pass == 0;
            for (int i = first; pass == 1 && i <= last && last - first < most; i++)
                page->label[y * page->w + i] = page->px[y * page->w + i] = 0;
        }
}

/* Bars that digits touch are part of these pieces: they stand where one is missing. */
static void set_complete(struct page *page, const struct bars *set)
{
    const double pitch = set_pitch(set);
    const struct bar *a = &set->bar[0], *b = &set->bar[set->n - 1];

    if (set->n < REGULAR_LEAST || pitch <= 0)
        return;
    for (double x = a->x - pitch; x < b->x + 1.5 * pitch; x += pitch) {
        const double t = (x - a->x) / (b->x - a->x);
        bool there = false;

        for (int i = 0; i < set->n; i++)
            there = there || fabs(set->bar[i].x - x) < pitch / 4;
        if (!there)
            bar_erase(page, x, a, a->y0 + t * (b->y0 - a->y0), a->y1 + t * (b->y1 - a->y1));
    }
}

/* The largest set of printed bars. */
static bool set_find(const struct page *page, const struct bars *all, struct bars *best, struct bars *room)
{
    best->n = 0;
    for (int a = 0; a < all->n; a++)
        for (int b = a + 1; b < all->n; b++) {
            set_collect(all, a, b, room);
            if (room->n >= TALL_LEAST && room->n > best->n && set_is_printed(page, room))
                *best = *room;
        }
    return best->n > 0;
}

/* The outermost bars are often longer: one end of them is in line with the others, one distance away. */
static void set_extend(const struct bars *all, struct bars *set)
{
    const double pitch = set->n >= REGULAR_LEAST ? set_pitch(set) : 0;
    const struct bar a = set->bar[0], b = set->bar[set->n - 1];

    for (int i = 0; i < all->n && pitch > 0 && set->n < BARS_MAX; i++) {
        const struct bar *c = &all->bar[i];
        const double t = (c->x - a.x) / (b.x - a.x), most = ENDS_PX + ENDS_OFF * length(&a);
        const double away = fmin(fabs(a.x - pitch - c->x), fabs(b.x + pitch - c->x));

        if (away <= PITCH_OFF * pitch + 1 && fabs(c->lean - a.lean) <= ALIKE_LEAN &&
            c->thick <= ALIKE_THICK * a.thick && a.thick <= ALIKE_THICK * c->thick &&
            (fabs(a.y0 + t * (b.y0 - a.y0) - c->y0) <= most || fabs(a.y1 + t * (b.y1 - a.y1) - c->y1) <= most))
            set->bar[set->n++] = *c;
    }
}

enum err bars_drop(struct page *page)
{
    struct bars *all = malloc(3 * sizeof(*all)), *set;
    bool any = false;

    if (all == NULL)
        return ERR_NOMEM;
    set = all + 1;
    all->n = 0;
    for (int i = 1; i < page->n && all->n < BARS_MAX; i++)
        if (!page->piece[i].gone && bar_take(page, i, &all->bar[all->n]))
            all->n++;
    qsort(all->bar, (size_t)all->n, sizeof(all->bar[0]), by_bar_x);
    for (int k = 0; k < SETS_MAX && set_find(page, all, set, all + 2); k++) {
        int left = 0;

        any = true;
        set_complete(page, set);
        set_extend(all, set);
        for (int i = 0; i < set->n; i++)
            page->piece[set->bar[i].piece].gone = true;
        for (int i = 0; i < all->n; i++)
            if (!in_set(set, all->bar[i].piece))
                all->bar[left++] = all->bar[i];
        all->n = left;
    }
    free(all);
    if (any)
        page_measure(page);
    return OK;
}
