/* A closing (level.c) tells strokes from light by their width, and takes a stroke as wide as a fifth of the side for
 * light. If ink and paper are clearly two tones all over the picture, the split between them says which is which. */
#include "tones.h"

#include <string.h>

/* "Lost at" and "fine at" a value: as in parts.c, by the drawn pictures alone. */
enum {
    /* Less is a matter of light: a shadow is up to 60 % darker, which on grey paper is 50 levels. */
    TONES_APART_MIN = 50,
    /* The valley between the tones is at least this part of the way from one to the other (a fat digit is lost at 3;
     * fine at 12), and hardly any pixel lies in it, one in so many: the edges of strokes, which a lens blurs. Digits
     * that were cropped, and fat ones, are lost at 300; fine at 10. */
    TONES_VALLEY_PART = 6,
    TONES_VALLEY_PIXELS_PART = 50,
    TONES_SIDE = 64, /* cells */
    /* Strokes are no thicker than twice this and a cell, 27 % of the side; a shadow or a table is. */
    TONES_STROKE_CELLS = 8,
    TONES_THICK_PERCENT = 1, /* of the ink may be thicker; a slip and frames are lost at 10; fine at 0 */
    /* A closing by so many cells to each side takes what is written off a sheet lighter than its table.
     * Fine at 1 and 8. */
    TONES_WRITTEN_CELLS = 3,
    TONES_BORDER_PART = 4, /* of the border is a digit's, at most; 21 that were cropped are lost at 12; fine at 2 */
    TONES_CUT_SIDES = 3    /* sides that such a digit touches */
};

/* Of the paper's side of a split: how many of the pixels, and how many of those in the outermost ring. */
static void count_light(const struct picture *p, int split, int64_t *light, int64_t *ring_light)
{
    *light = *ring_light = 0;
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++)
            if (*picture_at(p, x, y) >= split) {
                ++*light;
                *ring_light += x == 0 || y == 0 || x == p->w - 1 || y == p->h - 1;
            }
}

static double mean_of(const struct histogram *all, int from, int to)
{
    int64_t n = 0, sum = 0;

    for (int v = from; v < to; v++) {
        n += all->count[v];
        sum += all->count[v] * v;
    }
    return n > 0 ? (double)sum / (double)n : 0;
}

/* The middle of the emptiest stretch between the means; -1 where it is not empty enough. In uneven light it may be far
 * from Otsu's threshold. */
static int valley_between(const struct histogram *all, int low, int high)
{
    const int wide = (high - low) / TONES_VALLEY_PART;
    int64_t least = all->total;
    int at = -1;

    for (int from = low + wide; from + 2 * wide <= high; from++) {
        int64_t inside = 0;

        for (int v = from; v < from + wide; v++)
            inside += all->count[v];
        if (inside < least) {
            least = inside;
            at = from + wide / 2;
        }
    }
    return TONES_VALLEY_PIXELS_PART * least <= all->total ? at : -1;
}

/* How much of the border is ink. */
struct border {
    int corners, sides; /* of four each */
    bool little;        /* no more of it than a digit covers */
};

static struct border border_of(const struct grid *g)
{
    const uint8_t *first = g->v, *last = g->v + (g->h - 1) * g->w;
    int along[4];

    grid_count_border(g, g->v, 1, along);
    return (struct border){first[0] + first[g->w - 1] + last[0] + last[g->w - 1],
                           (along[0] > 0) + (along[1] > 0) + (along[2] > 0) + (along[3] > 0),
                           TONES_BORDER_PART * (along[0] + along[1] + along[2] + along[3]) <= 2 * (g->w + g->h)};
}

/* Whether next to nothing of the ink is thicker than a stroke; sets off_border and across. */
static bool is_strokes(const struct picture *p, struct tones *t, struct grid *g)
{
    struct border border;
    int inked = 0, thick = 0;

    grid_average(g, p->px, p->w, p->h, TONES_SIDE);
    for (int y = 0; y < g->h; y++)
        for (int x = 0; x < g->w; x++) {
            uint8_t *v = g->v + y * g->w + x;

            *v = (*v < t->split) == t->dark ? 1 : 0;
            inked += *v;
        }
    border = border_of(g);
    /* A shadow and the table around a sheet reach into corners, or far along the border. A digit cut out tightly
     * touches three sides and may end in one corner; a shadow that touches three has two. */
    t->off_border = border.little && border.corners <= (border.sides >= TONES_CUT_SIDES);
    t->across = border.sides >= 2 && !(t->off_border && border.sides >= TONES_CUT_SIDES);
    /* A sheet of paper on a table is not in strokes, though what is written on it makes it look so. */
    if (!t->dark && border.sides < TONES_CUT_SIDES) {
        grid_spread(g, TONES_WRITTEN_CELLS, true);
        grid_spread(g, TONES_WRITTEN_CELLS, false);
    }
    for (int i = 0; i < g->w * g->h; i++)
        if (grid_on_border(g, i)) /* outside is paper */
            g->v[i] = 0;
    grid_spread(g, TONES_STROKE_CELLS, false);
    for (int i = 0; i < g->w * g->h; i++)
        thick += g->v[i];
    return 100 * thick <= TONES_THICK_PERCENT * inked;
}

void tones_judge(const struct picture *p, const struct histogram *all, struct grid *g, struct tones *out)
{
    const int64_t n = all->total, ring = 2 * (int64_t)(p->w + p->h) - 4;
    struct histogram paper = {.total = 0};
    int64_t light, ring_light;
    double low, high;

    memset(out, 0, sizeof(*out));
    out->split = histogram_otsu(all, 0);
    low = mean_of(all, 0, out->split);
    high = mean_of(all, out->split, 256);
    out->apart = (int)(high - low);
    if (out->apart < TONES_APART_MIN || p->w < 2 || p->h < 2)
        return;
    out->split = valley_between(all, (int)low, (int)high);
    if (out->split < 0)
        return;
    count_light(p, out->split, &light, &ring_light);
    /* Paper is more of the border than ink is, or more of the picture: a digit cut out tightly may cover half of
     * either, but not of both. */
    out->dark = (double)light / (double)n + (double)ring_light / (double)ring > 1;
    for (int v = 0; v < 256; v++)
        if ((v >= out->split) == out->dark) {
            paper.count[v] = all->count[v];
            paper.total += all->count[v];
        }
    out->paper = histogram_percentile(&paper, 50);
    out->clear = is_strokes(p, out, g);
}

/* Mean of the paper's pixels of each cell, 0 where there are none. */
static void paper_average(const struct picture *p, int split, struct grid *g)
{
    grid_shape(g, p->w, p->h, TONES_SIDE);
    for (int gy = 0; gy < g->h; gy++)
        for (int gx = 0; gx < g->w; gx++) {
            int sum = 0, n = 0;

            for (int y = gy * g->cell; y < (gy + 1) * g->cell && y < p->h; y++)
                for (int x = gx * g->cell; x < (gx + 1) * g->cell && x < p->w; x++) {
                    const int v = *picture_at(p, x, y);

                    n += v >= split;
                    sum += v >= split ? v : 0;
                }
            g->v[gy * g->w + gx] = (uint8_t)(n > 0 ? sum / n : 0);
        }
}

void tones_fill(const struct picture *p, int split, struct grid *g, struct grid *room)
{
    paper_average(p, split, g);
    grid_fill(g, room);
}
