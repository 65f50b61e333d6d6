/* Where a piece of ink may be cut: seams of least ink from its top to its bottom, one pixel sideways a row at most.
 *
 * A seam is looked for through each place at a quarter, a half and three quarters of the height; those that cost less
 * than their neighbours are cuts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout_parts.h"

static const double EDGE = 0.05; /* of the row's height: no cut so near to the end of the piece, where it passes */
static const double SIDE_LEAST =
    0.45;                            /* of the height: on either side of a cut is ink in so many rows, as in a digit */
static const double APART = 0.07;    /* of the height: cuts nearer to each other, on average, are one */
static const double INK_MOST = 0.6;  /* of the height: a cut through more ink is none */
static const double CROSSING = 0.15; /* of the height: a cut through one more stroke is so much worse than its ink */
static const double leans[] = {-0.15, 0, 0.15, 0.35, 0.6}; /* of straight cuts: how people write */
enum { INSIDE = 128 /* is in a stroke */ };
enum { SIDEWAYS = 24 }; /* what a px sideways costs, in ink: a seam is straight where nothing is in its way */

struct seams {
    int w, h;
    const uint8_t *px; /* [h][w] */
    int *up, *down;    /* [h][w]: least cost from the top, from the bottom */
    int *first, *last; /* [h]: where ink begins and ends; last < first: none */
};

static int least_of(const int *row, int w, int x)
{
    int least = row[x];

    if (x > 0 && row[x - 1] + SIDEWAYS < least)
        least = row[x - 1] + SIDEWAYS;
    if (x + 1 < w && row[x + 1] + SIDEWAYS < least)
        least = row[x + 1] + SIDEWAYS;
    return least;
}

static void seams_cost(struct seams *s)
{
    const int w = s->w, h = s->h;

    for (int x = 0; x < w; x++) {
        s->up[x] = s->px[x];
        s->down[(h - 1) * w + x] = s->px[(h - 1) * w + x];
    }
    for (int y = 1; y < h; y++)
        for (int x = 0; x < w; x++) {
            s->up[y * w + x] = s->px[y * w + x] + least_of(s->up + (y - 1) * w, w, x);
            s->down[(h - 1 - y) * w + x] = s->px[(h - 1 - y) * w + x] + least_of(s->down + (h - y) * w, w, x);
        }
}

static int step_to(const int *row, int w, int x)
{
    const int least = least_of(row, w, x);

    if (row[x] == least)
        return x;
    return x > 0 && row[x - 1] + SIDEWAYS == least ? x - 1 : x + 1;
}

/* The cheapest seam through (x, y). */
static double seam_trace(const struct seams *s, int x, int y, int16_t *path)
{
    int64_t ink = 0;

    path[y] = (int16_t)x;
    for (int i = y; i > 0; i--)
        path[i - 1] = (int16_t)step_to(s->up + (i - 1) * s->w, s->w, path[i]);
    for (int i = y; i + 1 < s->h; i++)
        path[i + 1] = (int16_t)step_to(s->down + (i + 1) * s->w, s->w, path[i]);
    for (int i = 0; i < s->h; i++)
        ink += s->px[i * s->w + path[i]];
    return (double)ink / 255;
}

static void seams_ends(struct seams *s, int sure)
{
    for (int y = 0; y < s->h; y++) {
        const uint8_t *row = s->px + (size_t)y * (size_t)s->w;

        s->first[y] = 0;
        s->last[y] = s->w - 1;
        while (s->first[y] < s->w && row[s->first[y]] < sure)
            s->first[y]++;
        while (s->last[y] >= s->first[y] && row[s->last[y]] < sure)
            s->last[y]--;
    }
}

/* Whether there may be a digit on both sides: it has ink in each of its rows. */
static bool has_sides(const struct seams *s, const int16_t *path, double height)
{
    int left = 0, right = 0;

    for (int y = 0; y < s->h; y++) {
        left += s->first[y] < path[y] && s->last[y] >= s->first[y];
        right += s->last[y] >= path[y];
    }
    return left >= SIDE_LEAST * height && right >= SIDE_LEAST * height;
}

static int path_sum(const int16_t *path, int h)
{
    int sum = 0;

    for (int y = 0; y < h; y++)
        sum += path[y];
    return sum;
}

static double path_apart(const int16_t *a, const int16_t *b, int h)
{
    int sum = 0;

    for (int y = 0; y < h; y++)
        sum += a[y] > b[y] ? a[y] - b[y] : b[y] - a[y];
    return (double)sum / h;
}

/* Keeps a cut unless a cheaper one is nearly the same; it then takes its place if it is the cheaper. */
static void cuts_keep(struct cuts *c, const int16_t *path, double ink, double cost, int h, double apart)
{
    int at = -1;

    for (int i = 0; i < c->n; i++)
        if (path_apart(c->cut[i].x, path, h) < apart) {
            if (c->cut[i].cost <= cost)
                return;
            at = i;
            break;
        }
    if (at < 0 && c->n < CUTS_MAX)
        at = c->n++;
    for (int i = 0; at < 0 && i < c->n; i++) /* full: the dearest goes */
        if (c->cut[i].cost > cost && (at < 0 || c->cut[i].cost > c->cut[at].cost))
            at = i;
    if (at < 0)
        return;
    c->cut[at].x = c->x + (size_t)at * (size_t)h;
    c->cut[at].sum = path_sum(path, h);
    c->cut[at].ink = ink;
    c->cut[at].cost = cost;
    memcpy(c->cut[at].x, path, (size_t)h * sizeof(*path));
}

/* How often a path goes through ink: where digits touch once, through a loop twice. */
static int path_crossings(const struct seams *s, const int16_t *path)
{
    int n = 0;
    bool was = false;

    for (int y = 0; y < s->h; y++) {
        const bool is = path[y] >= 0 && path[y] < s->w && s->px[y * s->w + path[y]] >= INSIDE;

        n += is && !was;
        was = is;
    }
    return n;
}

static void cuts_take(const struct seams *s, const int16_t *path, double ink, double height, struct cuts *c)
{
    const int n = path_crossings(s, path);

    if (ink <= INK_MOST * height && has_sides(s, path, height))
        cuts_keep(c, path, ink, ink + (n > 1 ? CROSSING * height * (n - 1) : 0), s->h, APART * height);
}

/* Leaves the cheapest. */
static void cuts_cheapest(struct cuts *c, int most)
{
    while (c->n > most) {
        int dearest = 0;

        for (int i = 1; i < c->n; i++)
            dearest = c->cut[i].cost > c->cut[dearest].cost ? i : dearest;
        c->cut[dearest] = c->cut[--c->n];
    }
}

/* In order from left to right. The paths move with their cuts. */
static void cuts_sort(struct cuts *c)
{
    for (int i = 1; i < c->n; i++)
        for (int k = i; k > 0 && c->cut[k].sum < c->cut[k - 1].sum; k--) {
            const struct cut swap = c->cut[k];

            c->cut[k] = c->cut[k - 1];
            c->cut[k - 1] = swap;
        }
}

static void cuts_at(const struct seams *s, int y, double height, int16_t *path, struct cuts *c)
{
    const int edge = (int)(EDGE * height) + 1;
    const int *up = s->up + y * s->w, *down = s->down + y * s->w;

    for (int x = edge; x < s->w - edge; x++) {
        const int cost = up[x] + down[x] - s->px[y * s->w + x];
        int last = x;

        if (up[x - 1] + down[x - 1] - s->px[y * s->w + x - 1] < cost)
            continue;
        while (last + 1 < s->w && up[last + 1] + down[last + 1] - s->px[y * s->w + last + 1] == cost)
            last++;
        if (last + 1 < s->w && up[last + 1] + down[last + 1] - s->px[y * s->w + last + 1] < cost) {
            x = last;
            continue;
        }
        if ((x + last) / 2 < s->w - edge) {
            const double ink = seam_trace(s, (x + last) / 2, y, path);

            cuts_take(s, path, ink, height, c);
        }
        x = last;
    }
}

/* A straight line that leans, through x at half the height: shape[y] px from there. */
static double line_trace(const struct seams *s, int x, const int16_t *shape, int16_t *path)
{
    int64_t ink = 0;

    for (int y = 0; y < s->h; y++) {
        const int at = x + shape[y];

        path[y] = (int16_t)(at < 0 ? 0 : at > s->w ? s->w : at);
        ink += at >= 0 && at < s->w ? s->px[y * s->w + at] : 0;
    }
    return (double)ink / 255;
}

/* The same without the path, from every second row: enough to find where there is least. */
static int line_ink(const struct seams *s, int x, const int16_t *shape)
{
    int ink = 0;

    for (int y = 0; y < s->h; y += 2) {
        const int at = x + shape[y];

        if (at >= 0 && at < s->w)
            ink += s->px[y * s->w + at];
    }
    return ink;
}

/* A digit that leans on a whole stroke of its neighbour, as a 1 does, is divided from it by a straight line that goes
 * through more ink than the seams around it. shape[h] is room. */
static void cuts_straight(const struct seams *s, double lean, double height, int16_t *shape, int16_t *path,
                          struct cuts *c)
{
    const int edge = (int)(EDGE * height) + 1, reach = (int)(fabs(lean) * s->h / 2);
    bool falls = false;

    for (int y = 0; y < s->h; y++)
        shape[y] = (int16_t)floor(lean * (s->h / 2.0 - y));
    int ink = line_ink(s, edge - reach - 1, shape);
    for (int x = edge - reach; x <= s->w - edge + reach; x++) {
        const int before = ink;

        ink = line_ink(s, x, shape);
        if (falls && ink > before)
            cuts_take(s, path, line_trace(s, x - 1, shape, path), height, c);
        falls = ink < before || (falls && ink == before);
    }
}

static bool in_group(const struct group *g, int label)
{
    for (int i = 0; i < g->n; i++)
        if (g->piece[i] == label)
            return true;
    return false;
}

static void take_group(const struct page *page, const struct group *g, int w, int h, uint8_t *px)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int at = (g->box.y0 + y) * page->w + g->box.x0 + x;

            px[y * w + x] = in_group(g, page->label[at]) ? page->px[at] : 0;
        }
}

enum err cuts_find(const struct page *page, const struct group *g, double height, int most, struct cuts *out)
{
    const int w = box_width(&g->box), h = box_height(&g->box);
    const size_t n = (size_t)w * (size_t)h;
    uint8_t *px = malloc(n);
    int *costs = malloc(2 * (n + (size_t)h) * sizeof(*costs));
    int16_t *path = malloc(2 * (size_t)h * sizeof(*path));
    struct seams s = {.w = w, .h = h, .px = px, .up = costs};
    enum err e = ERR_NOMEM;

    *out = (struct cuts){.x = malloc(CUTS_MAX * (size_t)h * sizeof(*out->x))};
    if (px == NULL || costs == NULL || path == NULL || out->x == NULL)
        goto out;
    s.down = costs + n;
    s.first = s.down + n;
    s.last = s.first + h;
    take_group(page, g, w, h, px);
    seams_cost(&s);
    seams_ends(&s, page->sure);
    for (int quarter = 1; quarter <= 3; quarter++)
        cuts_at(&s, quarter * (h - 1) / 4, height, path, out);
    for (size_t i = 0; i < sizeof(leans) / sizeof(*leans); i++)
        cuts_straight(&s, leans[i], height, path + h, path, out);
    cuts_cheapest(out, most);
    cuts_sort(out);
    e = OK;
out:
    free(px);
    free(costs);
    free(path);
    return e;
}

void cuts_free(struct cuts *c)
{
    free(c->x);
    *c = (struct cuts){0};
}
