/* Judges the paper before anything is known about the ink: its tone, whether that is the same everywhere, whether the
 * ink is darker. */
#include <stdlib.h>

#include "normalise/tools/grid.h"
#include "normalise/tools/histogram.h"
#include "stages.h"
#include "tones.h"

/* "Lost at" and "fine at" a value: as in parts.c, by the drawn pictures alone. */
enum {
    /* The light of smaller pictures is not looked at: strokes of 3 px are an eighth of them. */
    PAPER_UNEVEN_SIDE_MIN_PX = 96,
    /* Strokes thinner than this part of the longest side are no matter of light. Fine at 4 and 16. */
    PAPER_STROKE_PART = 8,
    PAPER_MEDIAN_SIDE = 64, /* cells */
    /* Of the shorter side. A cell line or a frame covers one such ring around the picture, but hardly two of three.
     * Frames are lost at 128; fine at 8. */
    PAPER_RING_PART = 32,
    /* Of a side's outermost row a thick frame covers so much, or leaves so much free: one of 80 cells is lost at 85. */
    PAPER_SIDE_PERCENT = 70,
    PAPER_LAG_PART = 64, /* of the longest side, between two pixels that are compared for grain; fine at 8 and 400 */
    /* Between these percentiles lie the tones that count: one pixel in a hundred may be a glint or a speck. */
    PAPER_RANGE_LOW_PERCENT = 1,
    PAPER_RANGE_HIGH_PERCENT = 99,
    /* A border of one tone: all but so many percent of its cells, on either side, (squared paper is lost at 0; fine at
     * 10) within a part of the picture's range (a desk at 4, squared paper at 30) or a few levels (pencil at 20; fine
     * at 2). */
    PAPER_FLAT_OUT_PERCENT = 2,
    PAPER_FLAT_RANGE_PART = 10,
    PAPER_FLAT_LEVELS = 6,
    /* What a program drew: of its pixels, so many have one of two tones, give or take some levels; the rest are the
     * edges of strokes. Photos (desk, pencil, shadow) are lost at 60; fine at 98. */
    PAPER_DRAWN_PERCENT = 85,
    PAPER_DRAWN_LEVELS = 2,
    /* What is so many levels outside the two is a third tone, where it is more than one pixel in so many. JPEG's
     * ringing beside strokes is less. */
    PAPER_THIRD_LEVELS = 24,
    PAPER_THIRD_PART = 200,
    /* Windows for telling light ink from dark where the light is uneven: this part of the side to each side, so that a
     * stroke is the smaller part of one of them. Fine at 8 and 40; the wide one: a shadow is lost at 4; fine at 16. */
    PAPER_WINDOW_PART = 16,
    PAPER_WINDOW_WIDE_PART = 8,
    PAPER_LIGHT_INK_TIMES = 3, /* light ink has to outweigh the dark so many times; fine at 1 and 10 */
    /* Darkening up to so many deviations of the grain is grain. Of a Gaussian one, a pixel in 740 is over it. Fine at 1
     * and 6. */
    PAPER_NOISE_DEVIATIONS = 3,
    /* With two tones: up to this part of the way from paper to ink. Five are lost at 2; fine at 10. */
    PAPER_NOISE_APART_PART = 4
};

/* What is found out before a visitor's wish is heard. */
struct judged {
    int tone;           /* the most usual one where the light is uneven */
    int noise;          /* standard deviation of the paper's grain, in levels */
    bool flat;          /* one tone all over: a canvas, a scan; otherwise the light has to be evened out */
    bool dark;          /* the ink is darker than the paper */
    struct tones tones; /* clear only where they may be relied on, the light being what it is */
};

/* Of the nth ring from the edge; -1 where there is none. */
static int ring_median(const uint8_t *px, int w, int h, int nth)
{
    struct histogram ring = {.total = 0};
    const int side = w < h ? w : h, part = side / PAPER_RING_PART, deep = part > 1 ? part : 1;
    const int from = nth * deep, to = from + deep;

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

/* From the darkest tone that counts to the lightest. */
static int range_of(const struct histogram *all)
{
    return histogram_percentile(all, PAPER_RANGE_HIGH_PERCENT) - histogram_percentile(all, PAPER_RANGE_LOW_PERCENT);
}

static int middle_of(int a, int b, int c)
{
    return (a > b) == (b > c) ? b : (b > a) == (a > c) ? a : c;
}

/* Whether each side's outermost row lies on one side of the split, nearly: dark where a thick frame runs along it, and
 * light where there is none. A digit that was cut out tightly covers parts of the sides. */
static bool is_framed(const struct picture *p, int split)
{
    for (int side = 0; side < 4; side++) {
        const int n = side < 2 ? p->w : p->h, at = side % 2 == 0 ? 0 : side < 2 ? p->h - 1 : p->w - 1;
        int light = 0;

        for (int i = 0; i < n; i++)
            light += (side < 2 ? *picture_at(p, i, at) : *picture_at(p, at, i)) >= split;
        if (100 * light < PAPER_SIDE_PERCENT * n && 100 * (n - light) < PAPER_SIDE_PERCENT * n)
            return false;
    }
    return true;
}

/* The paper's tone. More than half of the border is paper even where a digit touches it; a cell line or a frame may
 * cover one ring around the picture, but hardly two of three. A vignette darkens the border, though. The median of the
 * whole picture is another measure, unless ink covers half of it, as in a tight cut around a fat digit. The two differ
 * by the contrast then, and by less than half of it in a vignette. They also differ where a frame is so thick that it
 * covers all three rings. */
static int paper_tone(const struct picture *p, const struct histogram *all)
{
    const int first = ring_median(p->px, p->w, p->h, 0), second = ring_median(p->px, p->w, p->h, 1);
    const int third = ring_median(p->px, p->w, p->h, 2);
    const int whole = histogram_percentile(all, 50);
    const int border = first < 0 ? whole : third < 0 ? first : middle_of(first, second, third);

    return 2 * abs(border - whole) <= range_of(all) || is_framed(p, (border + whole) / 2) ? whole : border;
}

/* The median difference between pixels PAPER_LAG_PART of the side apart: most pairs lie on paper, and the light is
 * about the same for both. It is 0.95 standard deviations of a Gaussian grain. */
static int paper_grain(const struct picture *p)
{
    struct histogram differences = {.total = 0};
    const int lag = picture_longest(p) / PAPER_LAG_PART + 1;

    for (int y = 0; y < p->h; y++) {
        const uint8_t *row = picture_at(p, 0, y);

        for (int x = lag; x < p->w; x++)
            histogram_add(&differences, (uint8_t)abs(row[x] - row[x - lag]));
    }
    return differences.total > 0 ? histogram_percentile(&differences, 50) : 0;
}

/* Whether a closing (or opening: the other way round) that takes away what is thinner than an eighth of the side leaves
 * one tone along the border, as deep as that. Shadows and vignettes reach the border; a fat stroke seldom does. */
static bool paper_is_left(const struct picture *p, int tone, int near, bool closing, struct grid *g)
{
    struct histogram left = {.total = 0};
    int deep;

    grid_average(g, p->px, p->w, p->h, GRID_SIDE_MAX);
    deep = (g->w > g->h ? g->w : g->h) / PAPER_STROKE_PART;
    grid_spread(g, deep / 2, closing);
    grid_spread(g, deep / 2, !closing);
    for (int y = 0; y < g->h; y++)
        for (int x = 0; x < g->w; x++)
            if (x < deep || y < deep || x >= g->w - deep || y >= g->h - deep)
                histogram_add(&left, g->v[y * g->w + x]);
    return histogram_percentile(&left, PAPER_FLAT_OUT_PERCENT) >= tone - near &&
           histogram_percentile(&left, 100 - PAPER_FLAT_OUT_PERCENT) <= tone + near;
}

/* Whether nearly all pixels have one of two tones, and hardly any lies outside them: drawn by a program, and not under
 * a lamp. On a page that is half in the shadow of something, without grain, the two are paper, and the ink is a third.
 */
static bool paper_is_drawn(const struct histogram *all)
{
    struct histogram left = *all;
    int64_t two = 0, outside = 0;
    int low = 255, high = 0;

    for (int peak = 0; peak < 2; peak++) {
        int64_t most = 0;
        int at = 0;

        for (int v = 0; v < 256; v++) {
            int64_t near = 0;

            for (int k = v > PAPER_DRAWN_LEVELS ? v - PAPER_DRAWN_LEVELS : 0; k < 256 && k <= v + PAPER_DRAWN_LEVELS;
                 k++)
                near += left.count[k];
            if (near > most) {
                most = near;
                at = v;
            }
        }
        for (int k = at > PAPER_DRAWN_LEVELS ? at - PAPER_DRAWN_LEVELS : 0; k < 256 && k <= at + PAPER_DRAWN_LEVELS;
             k++)
            left.count[k] = 0;
        two += most;
        low = most > 0 && at < low ? at : low;
        high = most > 0 && at > high ? at : high;
    }
    for (int v = 0; v < 256; v++)
        outside += v < low - PAPER_THIRD_LEVELS || v > high + PAPER_THIRD_LEVELS ? all->count[v] : 0;
    return 100 * two >= PAPER_DRAWN_PERCENT * all->total && PAPER_THIRD_PART * outside <= all->total;
}

/* What deviates along the border is a shadow, a vignette, or a very fat stroke. Of a picture in two tones, the second
 * may be a shadow without grain: where it goes across, it is drawn only if that tone is in strokes. */
static bool paper_is_flat(const struct picture *p, const struct histogram *all, const struct tones *tones, int tone,
                          struct grid *g)
{
    const int part = range_of(all) / PAPER_FLAT_RANGE_PART, near = part > PAPER_FLAT_LEVELS ? part : PAPER_FLAT_LEVELS;

    return picture_longest(p) < PAPER_UNEVEN_SIDE_MIN_PX || ((tones->clear || !tones->across) && paper_is_drawn(all)) ||
           paper_is_left(p, tone, near, true, g) || paper_is_left(p, tone, near, false, g);
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
static bool ink_is_darker_than_around(const struct picture *p, struct grid *g)
{
    int64_t darker = 0, lighter = 0;
    int longest;

    grid_average(g, p->px, p->w, p->h, PAPER_MEDIAN_SIDE);
    longest = g->w > g->h ? g->w : g->h;
    paper_weigh(g, longest / PAPER_WINDOW_PART, &darker, &lighter);
    paper_weigh(g, longest / PAPER_WINDOW_WIDE_PART, &darker, &lighter);
    return PAPER_LIGHT_INK_TIMES * darker > lighter;
}

static void judge(const struct picture *p, struct grid *g, struct judged *out)
{
    struct histogram all = {.total = 0};
    const size_t n = picture_pixels(p);

    for (size_t i = 0; i < n; i++)
        histogram_add(&all, p->px[i]);
    out->tone = paper_tone(p, &all);
    out->noise = paper_grain(p);
    tones_judge(p, &all, g, &out->tones);
    out->flat = paper_is_flat(p, &all, &out->tones, out->tone, g);
    out->tones.clear &= out->flat || out->tones.off_border;
    if (out->tones.clear) {
        out->tone = out->tones.paper;
        out->dark = out->tones.dark;
    } else {
        out->dark = out->flat ? ink_is_dark(&all, out->tone) : ink_is_darker_than_around(p, g);
    }
}

/* Ink that is light becomes dark: what was found is said of the picture turned over. */
static struct paper paper_of(const struct judged *j)
{
    const int tone = j->dark ? j->tone : 255 - j->tone, split = j->dark ? j->tones.split : 256 - j->tones.split;

    if (j->flat)
        return (struct paper){.light = PAPER_FLAT, .tone = tone, .noise = PAPER_NOISE_DEVIATIONS * j->noise};
    if (j->tones.clear)
        return (struct paper){
            .light = PAPER_TWO_TONES, .tone = tone, .split = split, .noise = j->tones.apart / PAPER_NOISE_APART_PART};
    return (struct paper){.light = PAPER_UNEVEN, .tone = tone};
}

enum err paper_run(struct picture *p)
{
    struct grid *g = malloc(sizeof(*g));
    struct judged j;

    if (g == NULL)
        return ERR_NOMEM;
    judge(p, g, &j);
    free(g);
    p->dark = p->invert == NORMALISE_INVERT_AUTO ? j.dark : p->invert == NORMALISE_INVERT_YES;
    if (p->dark == j.dark)
        p->paper = paper_of(&j);
    else /* against the evidence: the paper is then the other end of the scale */
        p->paper = (struct paper){.light = PAPER_FLAT, .tone = 255};
    if (!p->dark)
        picture_invert(p);
    return OK;
}
