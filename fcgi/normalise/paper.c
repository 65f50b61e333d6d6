/* Judges the paper before anything is known of the ink. */
#include "paper.h"

#include <stdlib.h>

#include "grid.h"
#include "histogram.h"

enum {
    /* The light of smaller pictures is not looked at: strokes of 3 px are an eighth of them. */
    PAPER_UNEVEN_SIDE_MIN_PX = 96,
    /* Strokes thinner than this part of the longest side are no matter of light. */
    PAPER_STROKE_PART = 8,
    PAPER_MEDIAN_SIDE = 64
};

/* A ring of 1/32 of the shorter side; the nth from the edge. */
static int ring_median(const uint8_t *px, int w, int h, int nth)
{
    struct histogram ring = {.total = 0};
    const int side = w < h ? w : h, deep = side / 32 > 1 ? side / 32 : 1, from = nth * deep, to = from + deep;

    if (2 * to > side)
        return -1;
    for (int y = from; y < h - from; y++)
        for (int x = from; x < w - from; x++) {
            if (y >= to && y < h - to && x == to)
                x = w - to;
            histogram_add(&ring, px[(size_t)y * (size_t)w + (size_t)x]);
        }
    return histogram_percentile(&ring, 50);
}

static int middle_of(int a, int b, int c)
{
    return (a > b) == (b > c) ? b : (b > a) == (a > c) ? a : c;
}

/* The paper's tone. More than half of the border is paper even where a digit touches it; a cell line or a frame may
 * cover one ring around the picture, but hardly two of three. A vignette darkens the border, though. The median of the
 * whole picture is another measure, unless ink covers half of it, as in a tight cut around a fat digit. The two differ
 * by the contrast then, and by less than half of it in a vignette. */
static int paper_tone(const struct ink *map, const struct histogram *all)
{
    const int first = ring_median(map->px, map->w, map->h, 0), second = ring_median(map->px, map->w, map->h, 1);
    const int third = ring_median(map->px, map->w, map->h, 2);
    const int whole = histogram_percentile(all, 50);
    const int border = first < 0 ? whole : third < 0 ? first : middle_of(first, second, third);
    const int range = histogram_percentile(all, 99) - histogram_percentile(all, 1);

    return 2 * abs(border - whole) <= range ? whole : border;
}

/* The median difference between pixels a sixty-fourth of the side apart: most pairs lie on paper, and the light is
 * about the same for both. It is 0.95 standard deviations of a Gaussian grain. */
static int paper_grain(const struct ink *map)
{
    struct histogram differences = {.total = 0};
    const int lag = (map->w > map->h ? map->w : map->h) / 64 + 1;

    for (int y = 0; y < map->h; y++) {
        const uint8_t *row = map->px + (size_t)y * (size_t)map->w;

        for (int x = lag; x < map->w; x++)
            histogram_add(&differences, (uint8_t)abs(row[x] - row[x - lag]));
    }
    return differences.total > 0 ? histogram_percentile(&differences, 50) : 0;
}

/* Whether a closing (or opening: the other way round) that takes away what is thinner than an eighth of the side leaves
 * one tone along the border, as deep as that. Shadows and vignettes reach the border; a fat stroke seldom does. */
static bool paper_is_left(const struct ink *map, int tone, int near, bool closing, struct grid *g)
{
    struct histogram left = {.total = 0};
    int deep;

    grid_average(g, map->px, map->w, map->h, GRID_SIDE_MAX);
    deep = (g->w > g->h ? g->w : g->h) / PAPER_STROKE_PART;
    grid_spread(g, deep / 2, closing);
    grid_spread(g, deep / 2, !closing);
    for (int y = 0; y < g->h; y++)
        for (int x = 0; x < g->w; x++)
            if (x < deep || y < deep || x >= g->w - deep || y >= g->h - deep)
                histogram_add(&left, g->v[y * g->w + x]);
    return histogram_percentile(&left, 2) >= tone - near && histogram_percentile(&left, 98) <= tone + near;
}

/* Whether 17 of 20 pixels have one of two tones, give or take two levels: drawn by a program, and not under a lamp. */
static bool paper_is_drawn(const struct histogram *all)
{
    struct histogram left = *all;
    int64_t two = 0;

    for (int peak = 0; peak < 2; peak++) {
        int64_t most = 0;
        int at = 0;

        for (int v = 0; v < 256; v++) {
            int64_t near = 0;

            for (int k = v > 2 ? v - 2 : 0; k < 256 && k <= v + 2; k++)
                near += left.count[k];
            if (near > most) {
                most = near;
                at = v;
            }
        }
        for (int k = at > 2 ? at - 2 : 0; k < 256 && k <= at + 2; k++)
            left.count[k] = 0;
        two += most;
    }
    return 20 * two >= 17 * all->total;
}

/* What deviates along the border is a shadow, a vignette, or a very fat stroke. */
static bool paper_is_flat(const struct ink *map, const struct histogram *all, int tone, struct grid *g)
{
    const int range = histogram_percentile(all, 99) - histogram_percentile(all, 1);
    const int near = range / 10 > 6 ? range / 10 : 6;

    return (map->w > map->h ? map->w : map->h) < PAPER_UNEVEN_SIDE_MIN_PX || paper_is_drawn(all) ||
           paper_is_left(map, tone, near, true, g) || paper_is_left(map, tone, near, false, g);
}

/* Whether the ink is darker than the paper. Distances from the paper's tone count with their third power, so that a
 * little ink of high contrast outweighs much shading of low contrast: a vignette of 30 over half the page (27,000 x
 * 0.5) against ink of 150 over one twentieth of it (3,375,000 x 0.05). */
static bool ink_is_dark(const struct histogram *all, int paper)
{
    int64_t darker = 0, lighter = 0;

    for (int v = 0; v < 256; v++) {
        const int64_t d = v < paper ? paper - v : v - paper;

        *(v < paper ? &darker : &lighter) += all->count[v] * d * d * d;
    }
    return darker > lighter;
}

/* What lies darker and lighter than the median of a window around each cell, in third powers. */
static void paper_weigh(const struct grid *g, int radius, int64_t *darker, int64_t *lighter)
{
    for (int y = 0; y < g->h; y++)
        for (int x = 0; x < g->w; x++) {
            struct histogram window = {.total = 0};
            int64_t d;

            for (int wy = y - radius > 0 ? y - radius : 0; wy < g->h && wy <= y + radius; wy++)
                for (int wx = x - radius > 0 ? x - radius : 0; wx < g->w && wx <= x + radius; wx++)
                    histogram_add(&window, g->v[wy * g->w + wx]);
            d = g->v[y * g->w + x] - histogram_percentile(&window, 50);
            *(d < 0 ? darker : lighter) += d < 0 ? -d * d * d : d * d * d;
        }
}

/* The same in uneven light: distances are from the tone around. A stroke is the smaller part of its window, while of a
 * shadow's edge both sides show, one about as much as the other: so light ink has to be plain before it is believed. */
static bool ink_is_darker_than_around(const struct ink *map, struct grid *g)
{
    int64_t darker = 0, lighter = 0;
    int longest;

    grid_average(g, map->px, map->w, map->h, PAPER_MEDIAN_SIDE);
    longest = g->w > g->h ? g->w : g->h;
    paper_weigh(g, longest / 16, &darker, &lighter);
    paper_weigh(g, longest / 8, &darker, &lighter);
    return 3 * darker > lighter;
}

enum err paper_judge(const struct ink *map, struct paper *out)
{
    struct histogram all = {.total = 0};
    struct grid *g = malloc(sizeof(*g));

    if (g == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < (size_t)map->w * (size_t)map->h; i++)
        histogram_add(&all, map->px[i]);
    out->tone = paper_tone(map, &all);
    out->noise = paper_grain(map);
    out->flat = paper_is_flat(map, &all, out->tone, g);
    tones_judge(map, &all, g, &out->tones);
    out->tones.clear &= out->flat || out->tones.off_border;
    if (out->tones.clear) {
        out->tone = out->tones.paper;
        out->dark = out->tones.dark;
    } else {
        out->dark = out->flat ? ink_is_dark(&all, out->tone) : ink_is_darker_than_around(map, g);
    }
    free(g);
    return OK;
}
