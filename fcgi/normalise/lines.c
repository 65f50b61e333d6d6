/* Finds lines as a reader of music scores finds staff lines: thin runs of ink across, which lie on one straight path
 * from side to side. They are taken away run by run, and where a run is thicker than the line, a stroke crosses it:
 * that stays whole.
 *
 * The same code serves both directions: u runs along the line, v across it. Paths may slope by up to 10 degrees. */
#include "lines.h"

#include <math.h>
#include <stdlib.h>

#include "histogram.h"

enum {
    LINES_SIDE_MIN_PX = 16,
    LINES_MAX = 100, /* in each direction */
    /* A hundred lines across 1,000 px, and half as much besides. What has more is a texture, and would take a second.
     */
    LINES_RUNS_MAX = 150 * 1000,
    LINES_BINS_PART = 200 /* a path is known to 1/200 of its length, to begin with */
};
static const double LINES_SLOPE_MAX = 0.18;

/* A picture seen along one direction. */
struct view {
    uint8_t *px;
    int n_u, n_v;
    ptrdiff_t step_u, step_v;
    int floor;
};

struct run {
    int16_t u, v2, thick; /* v2: twice the middle */
};

/* v = at + slope * (u - n_u / 2), straight to within reach px. */
struct line {
    double at, slope, reach;
    double thick, ink, dark; /* mean of its runs: px, sum of darkening, darkening in the middle */
    int from, to;            /* the u for which it lies inside the picture, to exclusive */
    int votes;
};

/* Where runs vote for the paths they lie on: count[slope][bin]. */
struct ballot {
    double bin;
    int slopes, bins, low; /* low: the first bin's number */
    int *count;
};

static bool inked(const struct view *p, int u, int v)
{
    return p->px[u * p->step_u + v * p->step_v] > p->floor;
}

static size_t runs_collect(const struct view *p, int thickest, struct run *runs)
{
    size_t n = 0;

    for (int u = 0; u < p->n_u; u++)
        for (int v = 0; v < p->n_v; v++) {
            const int first = v;

            while (v < p->n_v && inked(p, u, v))
                v++;
            if (v > first && v - first <= thickest)
                runs[n++] = (struct run){(int16_t)u, (int16_t)(first + v - 1), (int16_t)(v - first)};
        }
    return n;
}

static double slope_of(const struct ballot *b, int k)
{
    return LINES_SLOPE_MAX * (2 * k - (b->slopes - 1)) / (b->slopes - 1);
}

static void ballot_add(struct ballot *b, const struct view *p, const struct run *r, int by)
{
    for (int k = 0; k < b->slopes; k++) {
        const double at = r->v2 / 2.0 - slope_of(b, k) * (r->u - p->n_u / 2);
        const int bin = (int)(at / b->bin - b->low);

        b->count[k * b->bins + bin] += by;
    }
}

/* The u between which a path lies inside the picture. */
static void line_clip(const struct view *p, struct line *l)
{
    l->from = 0;
    l->to = p->n_u;
    while (l->from < l->to) {
        const double v = l->at + l->slope * (l->from - p->n_u / 2);

        if (v >= -0.5 && v < p->n_v - 0.5)
            break;
        l->from++;
    }
    while (l->to > l->from) {
        const double v = l->at + l->slope * (l->to - 1 - p->n_u / 2);

        if (v >= -0.5 && v < p->n_v - 0.5)
            break;
        l->to--;
    }
}

/* The path with the most votes in two neighbouring bins. */
static struct line ballot_best(const struct ballot *b)
{
    struct line best = {.votes = 0};

    for (int k = 0; k < b->slopes; k++)
        for (int i = 0; i + 1 < b->bins; i++) {
            const int votes = b->count[k * b->bins + i] + b->count[k * b->bins + i + 1];

            if (votes > best.votes) {
                best.votes = votes;
                best.slope = slope_of(b, k);
                best.at = (b->low + i + 1) * b->bin;
            }
        }
    best.reach = b->bin;
    return best;
}

static double line_off(const struct view *p, const struct line *l, const struct run *r)
{
    return r->v2 / 2.0 - l->at - l->slope * (r->u - p->n_u / 2);
}

/* Least squares through the runs within reach; tells their root mean square distance. */
static double line_fit(const struct view *p, const struct run *runs, size_t n, struct line *l)
{
    double s = 0, su = 0, sv = 0, suu = 0, suv = 0, svv = 0, thick = 0, d, slope, at;

    for (size_t i = 0; i < n; i++) {
        const double off = line_off(p, l, &runs[i]), u = runs[i].u - p->n_u / 2;

        if (off > l->reach || off < -l->reach)
            continue;
        s++;
        su += u;
        sv += off;
        suu += u * u;
        suv += u * off;
        svv += off * off;
        thick += runs[i].thick;
    }
    d = s * suu - su * su;
    l->votes = (int)s;
    if (d <= 0)
        return INFINITY;
    slope = (s * suv - su * sv) / d;
    at = (sv - slope * su) / s;
    l->at += at;
    l->slope += slope;
    l->thick = thick / s;
    d = (svv - at * sv - slope * suv) / s;
    return d > 0 ? sqrt(d) : 0;
}

/* The run of ink that the path meets at u: false where there is none. */
static bool run_at(const struct view *p, const struct line *l, int u, int *first, int *last)
{
    const double path = l->at + l->slope * (u - p->n_u / 2);
    const int reach = (int)ceil(l->reach);
    int v = (int)floor(path + 0.5);

    for (int d = 0; d <= reach; d++) {
        if (v + d >= 0 && v + d < p->n_v && inked(p, u, v + d)) {
            v += d;
            break;
        }
        if (v - d >= 0 && v - d < p->n_v && inked(p, u, v - d)) {
            v -= d;
            break;
        }
        if (d == reach)
            return false;
    }
    *first = *last = v;
    while (*first > 0 && inked(p, u, *first - 1))
        --*first;
    while (*last + 1 < p->n_v && inked(p, u, *last + 1))
        ++*last;
    return true;
}

static int line_thickest(const struct line *l)
{
    return (int)(1.5 * l->thick + 1.5);
}

static int run_ink(const struct view *p, int u, int first, int last)
{
    int sum = 0;

    for (int v = first; v <= last; v++)
        sum += p->px[u * p->step_u + v * p->step_v];
    return sum;
}

/* Whether ink lies on the path nearly all the way, and for the most part of it no thicker than a line. */
static bool line_is_whole(const struct view *p, struct line *l)
{
    const int tenth = (l->to - l->from + 9) / 10;
    int present = 0, thin = 0, at_start = 0, at_end = 0;
    int64_t ink = 0;
    int dark = 0;

    for (int u = l->from; u < l->to; u++) {
        int first, last;

        if (!run_at(p, l, u, &first, &last))
            continue;
        present++;
        at_start += u < l->from + tenth;
        at_end += u >= l->to - tenth;
        if (last - first < line_thickest(l)) {
            thin++;
            ink += run_ink(p, u, first, last);
            dark += p->px[u * p->step_u + (first + last) / 2 * p->step_v];
        }
    }
    l->ink = thin > 0 ? (double)ink / thin : 0;
    l->dark = thin > 0 ? (double)dark / thin : 0;
    return 20 * present >= 13 * (l->to - l->from) && 2 * thin >= l->to - l->from && 2 * at_start >= tenth &&
           2 * at_end >= tenth;
}

/* A run with more ink in it than the line has, has a stroke in it. */
static void line_erase(const struct view *p, const struct line *l)
{
    for (int u = l->from; u < l->to; u++) {
        int first, last;

        if (!run_at(p, l, u, &first, &last) || last - first >= line_thickest(l) ||
            2 * run_ink(p, u, first, last) > 3 * l->ink)
            continue;
        for (int v = first; v <= last; v++)
            p->px[u * p->step_u + v * p->step_v] = 0;
    }
}

static bool line_along_edge(const struct view *p, const struct line *l)
{
    const double a = l->at + l->slope * (l->from - p->n_u / 2), b = l->at + l->slope * (l->to - 1 - p->n_u / 2);
    const double zone = 0.15 * p->n_v;

    return (a < zone && b < zone) || (a > p->n_v - zone && b > p->n_v - zone);
}

/* All straight paths, best first. */
static int lines_find(const struct view *p, struct run *runs, size_t n, struct ballot *b, struct line *lines)
{
    int found = 0;

    for (size_t i = 0; i < n; i++)
        ballot_add(b, p, &runs[i], 1);
    for (int tries = 0; tries < 2 * LINES_MAX && found < LINES_MAX; tries++) {
        struct line l = ballot_best(b);
        double rms;

        if (l.votes < 0.3 * p->n_u)
            break;
        line_fit(p, runs, n, &l);
        rms = line_fit(p, runs, n, &l);
        line_clip(p, &l);
        for (size_t i = 0; i < n;) { /* what voted for it votes no more */
            const double off = line_off(p, &l, &runs[i]);

            if (off > l.reach || off < -l.reach) {
                i++;
                continue;
            }
            ballot_add(b, p, &runs[i], -1);
            runs[i] = runs[--n];
        }
        if (l.votes == 0)
            break;
        l.reach = l.reach / 2 > 1 ? l.reach / 2 : 1;
        if (2 * (l.to - l.from) >= p->n_u && rms <= (0.003 * p->n_u > 0.8 ? 0.003 * p->n_u : 0.8) &&
            line_is_whole(p, &l))
            lines[found++] = l;
    }
    return found;
}

/* How many of the lines have about as much ink as this one. Not how dark their middle is: halved with the picture, a
 * line is two pixels of full tone and half, and which of them is its middle depends on where it lies. */
static int lines_alike(const struct line *lines, int n, const struct line *l)
{
    int alike = 0;

    for (int i = 0; i < n; i++)
        alike += 2 * lines[i].ink <= 3 * l->ink && 2 * l->ink <= 3 * lines[i].ink;
    return alike;
}

/* Lines along the edges go. Others go where they are at least two of a kind, or paler than the ink: a single one may be
 * the stem of a 4. */
static bool lines_erase_view(const struct view *p, const struct line *lines, int n, int ink)
{
    bool any = false;

    for (int i = 0; i < n; i++)
        if (line_along_edge(p, &lines[i]) || 5 * lines[i].dark < 3 * ink ||
            2 * lines_alike(lines, n, &lines[i]) > n + (n < 3)) {
            line_erase(p, &lines[i]);
            any = true;
        }
    return any;
}

static enum err lines_erase_direction(const struct view *p, int ink, bool *any)
{
    const int side = p->n_u < p->n_v ? p->n_u : p->n_v, thickest = 3 + side * 3 / 100;
    const double lean = LINES_SLOPE_MAX * (p->n_u / 2 + 1);
    struct ballot b = {.bin = p->n_u / LINES_BINS_PART > 2 ? p->n_u / LINES_BINS_PART : 2};
    struct line lines[LINES_MAX];
    struct run *runs = malloc(((size_t)p->n_u * (size_t)(p->n_v + 1) / 2 + 1) * sizeof(*runs));
    enum err e = ERR_NOMEM;
    size_t n;

    b.slopes = 2 * (int)ceil(lean / b.bin) + 1; /* neighbours differ by a bin from end to end */
    b.low = (int)floor(-lean / b.bin) - 1;
    b.bins = (int)ceil((p->n_v + lean) / b.bin) + 2 - b.low;
    b.count = calloc((size_t)(b.slopes * b.bins), sizeof(*b.count));
    if (runs == NULL || b.count == NULL)
        goto out;
    n = runs_collect(p, thickest, runs);
    if (n <= LINES_RUNS_MAX)
        *any |= lines_erase_view(p, lines, lines_find(p, runs, n, &b, lines), ink);
    e = OK;
out:
    free(runs);
    free(b.count);
    return e;
}

/* How dark full ink is: a tenth of all that is darker than the paper is darker still. */
static int darkest_tone(const struct ink *ink, int floor)
{
    struct histogram inked = {.total = 0};

    for (size_t i = 0; i < (size_t)ink->w * (size_t)ink->h; i++)
        if (ink->px[i] > floor)
            histogram_add(&inked, ink->px[i]);
    return inked.total > 0 ? histogram_percentile(&inked, 90) : 0;
}

enum err lines_erase(struct ink *ink, int floor)
{
    struct view across = {ink->px, ink->w, ink->h, 1, ink->w, floor};
    struct view down = {ink->px, ink->h, ink->w, ink->w, 1, floor};
    const int ink_tone = darkest_tone(ink, floor);
    enum err e = OK;

    if (ink->w < LINES_SIDE_MIN_PX || ink->h < LINES_SIDE_MIN_PX)
        return OK;
    e = lines_erase_direction(&across, ink_tone, &ink->lined);
    if (e == OK)
        e = lines_erase_direction(&down, ink_tone, &ink->lined);
    return e;
}
