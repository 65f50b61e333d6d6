/* Which pieces stand in a row, and in which order.
 *
 * Tall pieces found the rows: from left to right, each joins the row whose last pieces stand at its height, so that a
 * row may slant and drift. All rows of a page slant alike, nearly: how much is found first. What stands in none of
 * them, and is high enough to be read, founds rows of its own: somebody writes smaller there. Lower pieces, marks and
 * loose strokes, then join the row that they stand in. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout_parts.h"

static const double TALL = 0.55;       /* of the usual height: founds a row */
static const double OVERLAP = 0.5;     /* of the lower of two bands: they are one row */
static const double MEMBER = 0.3;      /* of the height: how far outside a row's band a low piece may have its middle */
static const double OVER = 0.6;        /* of the narrower of two pieces lies under or over the other: one group */
static const double STACKED = 0.35;    /* of the narrower of two pieces lies under or over the other: two rows */
static const double BROKEN = 1.6;      /* usual heights from top to bottom of a digit in two parts, at most, */
static const double BROKEN_GAP = 0.05; /* and the gap, of the lower part */
static const double JOIN = 0.05;       /* of the lower of two neighbours: they may be one row */
static const double BESIDE = 1.5;  /* times the least distance between pieces of two rows: so far apart they count */
static const double SMALLER = 0.3; /* of the usual height: lower pieces found no rows */
static const double SLANT_STEP = 0.02;
static const double PAIR_APART = 4;   /* usual heights between the middles of two pieces: they tell the slant */
static const double SLANT_COST = 0.4; /* a page that slants by 1 has to be so much clearer */
enum {
    RECENT = 3,
    CHAINS_MAX = 512,
    JOINED_MOST = 64,
    SLANT_STEPS = 18,
    PAIRS_MAX = 8000,
    PASSES = 2,
    SMALLER_LEAST = 2
};

/* A row while it grows. */
struct chain {
    int n, last[RECENT]; /* the latest pieces */
    int tall[ROW_PIECES_MAX];
};

/* Pieces from left to right, and where they stand on a page turned upright. */
struct sorted {
    const struct page *page;
    double slant; /* of the page's rows */
    double usual; /* height */
    int n, *at;
};

/* How far lower a place of the page is than it would be without its slant. */
static double lower(const struct sorted *s, const struct box *b)
{
    return s->slant * (b->x0 + b->x1 - s->page->w) / 2;
}

static double middle_x(const struct box *b)
{
    return (b->x0 + b->x1) / 2.0;
}

static double middle_y(const struct box *b)
{
    return (b->y0 + b->y1) / 2.0;
}

static int by_x(const void *a, const void *b, void *ctx)
{
    const struct page *page = ctx;
    const struct box *p = &page->piece[*(const int *)a].box, *q = &page->piece[*(const int *)b].box;

    return p->x0 + p->x1 != q->x0 + q->x1 ? p->x0 + p->x1 - q->x0 - q->x1 : p->y0 - q->y0;
}

/* The band of the latest pieces of a chain. */
static void chain_band(const struct sorted *s, const struct chain *c, double *y0, double *y1)
{
    const int n = c->n < RECENT ? c->n : RECENT;

    *y0 = *y1 = 0;
    for (int i = 0; i < n; i++) {
        const struct box *b = &s->page->piece[c->last[i]].box;

        *y0 += (b->y0 - lower(s, b)) / n;
        *y1 += (b->y1 - lower(s, b)) / n;
    }
}

static double overlap(double a0, double a1, double b0, double b1)
{
    const double both = (a1 < b1 ? a1 : b1) - (a0 > b0 ? a0 : b0), less = a1 - a0 < b1 - b0 ? a1 - a0 : b1 - b0;

    return less > 0 ? both / less : 0;
}

static void chain_add(struct chain *c, int piece)
{
    c->last[c->n % RECENT] = piece;
    if (c->n < ROW_PIECES_MAX)
        c->tall[c->n++] = piece;
}

static int chains_make(const struct sorted *s, struct chain *chains)
{
    const struct page *page = s->page;
    int n = 0;

    for (int i = 0; i < s->n; i++) {
        const struct box *b = &page->piece[s->at[i]].box;
        double most = OVERLAP;
        int best = -1;

        if (box_height(b) < TALL * s->usual)
            continue;
        for (int k = 0; k < n; k++) {
            double y0, y1, part;

            chain_band(s, &chains[k], &y0, &y1);
            part = overlap(y0, y1, b->y0 - lower(s, b), b->y1 - lower(s, b));
            if (part > most) {
                most = part;
                best = k;
            }
        }
        if (best < 0 && n < CHAINS_MAX) {
            best = n++;
            memset(&chains[best], 0, sizeof(chains[best]));
        }
        if (best >= 0)
            chain_add(&chains[best], s->at[i]);
    }
    return n;
}

static bool is_stacked(const struct box *a, const struct box *b)
{
    return overlap(a->x0, a->x1, b->x0, b->x1) > STACKED;
}

/* Whether two pieces may be one digit with a gap in its stroke. */
static bool is_broken(const struct sorted *s, const struct box *a, const struct box *b)
{
    struct box both = *a;

    box_join(&both, b);
    return is_stacked(a, b) && overlap(a->y0, a->y1, b->y0, b->y1) > -BROKEN_GAP &&
           box_height(&both) < BROKEN * s->usual;
}

/* Whether two chains have digits over one another: then they are two rows. */
static bool chains_meet(const struct sorted *s, const struct chain *a, const struct chain *b)
{
    for (int i = 0; i < a->n; i++)
        for (int k = 0; k < b->n; k++) {
            const struct box *p = &s->page->piece[a->tall[i]].box, *q = &s->page->piece[b->tall[k]].box;

            if (is_stacked(p, q) && !is_broken(s, p, q))
                return true;
        }
    return false;
}

static double apart(const struct page *page, int a, int b)
{
    return fabs(middle_x(&page->piece[a].box) - middle_x(&page->piece[b].box));
}

/* How far two chains lie at one height, in the mean over where they come about as near to each other as they do: once,
 * or many times, as digits that are written high and low by turns do. */
static double chains_overlap(const struct sorted *s, const struct chain *a, const struct chain *b)
{
    double least = INFINITY, sum = 0;
    int n = 0;

    for (int i = 0; i < a->n; i++)
        for (int k = 0; k < b->n; k++)
            least = fmin(least, apart(s->page, a->tall[i], b->tall[k]));
    for (int i = 0; i < a->n; i++)
        for (int k = 0; k < b->n; k++) {
            const struct box *p = &s->page->piece[a->tall[i]].box, *q = &s->page->piece[b->tall[k]].box;
            const double down = lower(s, q) - lower(s, p);

            if (apart(s->page, a->tall[i], b->tall[k]) > BESIDE * least)
                continue;
            sum += is_broken(s, p, q) ? 1 : overlap(p->y0, p->y1, q->y0 - down, q->y1 - down);
            n++;
        }
    return n > 0 ? sum / n : 0;
}

/* Joins chains that only looked like two rows, because somebody writes up and down: nothing of one stands over anything
 * of the other. */
static int chains_join(const struct sorted *s, struct chain *chains, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = i + 1; k < n; k++) {
            if (chains[i].n + chains[k].n > ROW_PIECES_MAX || chains_overlap(s, &chains[i], &chains[k]) < JOIN ||
                chains_meet(s, &chains[i], &chains[k]))
                continue;
            memcpy(chains[i].tall + chains[i].n, chains[k].tall, (size_t)chains[k].n * sizeof(int));
            chains[i].n += chains[k].n;
            chains[k] = chains[--n];
            k = i; /* it may meet those now that it did not before, and the other way round */
        }
    return n;
}

static int by_int(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* A straight line through the middles, and the usual height. A short row is taken to slant as the page does. */
static void chain_fit(const struct sorted *s, const struct chain *c, struct row *row)
{
    const struct page *page = s->page;
    double sx = 0, sy = 0, sxx = 0, sxy = 0, d;
    int heights[ROW_PIECES_MAX] = {0};

    for (int i = 0; i < c->n; i++) {
        const struct box *b = &page->piece[c->tall[i]].box;

        sx += middle_x(b);
        sy += middle_y(b);
        sxx += middle_x(b) * middle_x(b);
        sxy += middle_x(b) * middle_y(b);
        heights[i] = box_height(b);
    }
    qsort(heights, (size_t)c->n, sizeof(*heights), by_int);
    row->height = heights[c->n / 2];
    d = c->n * sxx - sx * sx;
    row->slope = c->n * sxy - sx * sy;
    if (c->n > 2) {
        const double trust = c->n * c->n * row->height * row->height;

        row->slope = (row->slope + trust * s->slant) / (d + trust);
    } else {
        row->slope = s->slant;
    }
    row->slope = row->slope > 0.5 ? 0.5 : row->slope < -0.5 ? -0.5 : row->slope;
    row->middle = (sy - row->slope * sx) / c->n;
}

/* The row that a piece stands in: the one whose middle is nearest, in heights. */
static int row_of(const struct page *page, const struct row *rows, int n, int piece)
{
    const struct box *b = &page->piece[piece].box;
    double least = 0.5 + MEMBER;
    int best = -1;

    for (int k = 0; k < n; k++) {
        const double off = fabs(middle_y(b) - rows[k].middle - rows[k].slope * middle_x(b)) / rows[k].height;

        if (off < least) {
            least = off;
            best = k;
        }
    }
    return best;
}

static int by_middle(const void *a, const void *b, void *ctx)
{
    const struct row *p = a, *q = b;
    const double x = *(const double *)ctx, y = p->middle + p->slope * x, z = q->middle + q->slope * x;

    return y < z ? -1 : y > z;
}

static bool is_over(const struct row *row, const struct box *a, const struct box *b)
{
    const int low = a->y0 < b->y0 ? a->y0 : b->y0, high = a->y1 > b->y1 ? a->y1 : b->y1;

    return overlap(a->x0, a->x1, b->x0, b->x1) >= OVER && high - low < 1.7 * row->height;
}

static void row_add(struct page *page, struct row *row, int piece)
{
    const struct box *b = &page->piece[piece].box;
    struct group *g = row->n > 0 ? &row->group[row->n - 1] : NULL;

    if (g != NULL && g->n < 8 && is_over(row, &g->box, b)) {
        g->piece[g->n++] = piece;
        box_join(&g->box, b);
        g->area += page->piece[piece].area;
        page->piece[piece].group = row->n - 1;
        return;
    }
    if (row->n == ROW_PIECES_MAX)
        return;
    page->piece[piece].group = row->n;
    g = &row->group[row->n++];
    *g = (struct group){.box = *b, .n = 1, .piece = {piece}, .area = page->piece[piece].area};
}

/* How clearly neighbours stand in rows, if these slant so much. pair[2 * n]. */
static double slant_clear(const struct sorted *s, const int *pair, int n, double slant)
{
    double sum = 0;

    for (int i = 0; i < n; i++) {
        const struct box *a = &s->page->piece[pair[2 * i]].box, *b = &s->page->piece[pair[2 * i + 1]].box;
        const double off = slant * (middle_x(b) - middle_x(a));

        sum += fmax(overlap(a->y0, a->y1, b->y0 - off, b->y1 - off), 0);
    }
    return sum * (1 - SLANT_COST * fabs(slant));
}

/* Finds how much the rows of the page slant, by tall pieces that stand near each other. */
static enum err slant_find(struct sorted *s)
{
    int *pair = malloc(2 * (PAIRS_MAX + 1) * sizeof(*pair)), n = 0;
    double best = 0;

    if (pair == NULL)
        return ERR_NOMEM;
    for (int i = 0; i < s->n; i++)
        for (int k = i + 1; k < s->n && n < PAIRS_MAX; k++) {
            const struct box *a = &s->page->piece[s->at[i]].box, *b = &s->page->piece[s->at[k]].box;

            if (middle_x(b) - middle_x(a) > PAIR_APART * s->usual)
                break;
            if (box_height(a) < TALL * s->usual || box_height(b) < TALL * s->usual ||
                fabs(middle_y(b) - middle_y(a)) > PAIR_APART * s->usual)
                continue;
            pair[2 * n] = s->at[i];
            pair[2 * n++ + 1] = s->at[k];
        }
    for (int k = 0; k <= 2 * SLANT_STEPS; k++) { /* 0, then from little to much */
        const double slant = SLANT_STEP * ((k + 1) / 2) * (k % 2 ? 1 : -1), clear = slant_clear(s, pair, n, slant);

        if (clear > best) {
            best = clear;
            s->slant = slant;
        }
    }
    free(pair);
    return OK;
}

/* All pieces that stand in no row yet, from left to right. */
static void sort_loose(struct page *page, const struct row *rows, int n, struct sorted *s)
{
    s->n = 0;
    for (int i = 1; i < page->n; i++)
        if (!page->piece[i].gone && row_of(page, rows, n, i) < 0)
            s->at[s->n++] = i;
    qsort_r(s->at, (size_t)s->n, sizeof(*s->at), by_x, page);
}

static void rows_fill(struct page *page, struct row *rows, int n, struct sorted *s)
{
    sort_loose(page, rows, 0, s);
    for (int i = 0; i < s->n; i++) {
        const int row = row_of(page, rows, n, s->at[i]);

        if (row >= 0) {
            page->piece[s->at[i]].row = row;
            page->piece[s->at[i]].group = -1; /* where the row is full */
            row_add(page, &rows[row], s->at[i]);
        }
    }
}

enum err rows_find(struct page *page, struct row *rows, int max, int *n)
{
    struct chain *chains = malloc(CHAINS_MAX * sizeof(*chains));
    struct sorted s = {.page = page, .usual = page->height, .at = malloc((size_t)page->n * sizeof(int))};
    enum err e = ERR_NOMEM;
    double x = page->w / 2.0;
    int tall = 0;

    *n = 0;
    if (chains == NULL || s.at == NULL)
        goto out;
    sort_loose(page, rows, 0, &s);
    e = s.n > 0 && s.usual > 0 ? slant_find(&s) : OK;
    for (int pass = 0; e == OK && pass < PASSES && s.n > 0 && s.usual >= SMALLER * page->height; pass++) {
        int found = chains_make(&s, chains);

        found = found <= JOINED_MOST ? chains_join(&s, chains, found) : found;
        for (int i = 0; i < found && *n < max; i++) {
            if (pass > 0 && (tall < SMALLER_LEAST || chains[i].n < SMALLER_LEAST))
                continue;
            tall += chains[i].n;
            rows[*n].n = 0;
            chain_fit(&s, &chains[i], &rows[(*n)++]);
        }
        sort_loose(page, rows, *n, &s);
        s.usual = pieces_usual_height_of(page->piece, s.at, s.n);
    }
    qsort_r(rows, (size_t)*n, sizeof(*rows), by_middle, &x); /* from the top down, in the middle of the page */
    if (e == OK)
        rows_fill(page, rows, *n, &s);
out:
    free(chains);
    free(s.at);
    return e;
}
