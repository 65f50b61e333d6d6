/* Single characters: a digit of MNIST enlarged, a digit or a mark drawn by a pen. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "strokes.h"

/* Marks of a digit 100 high that stands on 100. A dot is a stroke too short to see. */
static const struct {
    char c;
    const char *skeleton;
} marks[] = {
    {'-', "M0 56 L44 54"},
    {'.', "M0 97 L2 97"},
    {',', "M8 92 S9 104 0 116"},
    {'/', "M46 -8 L0 106"},
    {':', "M2 38 L3 39 M0 88 L1 89"},
};

/* Cuts the raster w x h at its ink. Its first row belongs top px under the baseline. */
static void cut(struct glyph *g, uint8_t *raster, int w, int h, int top)
{
    int x0 = w, y0 = h, x1 = -1, y1 = -1;

    for (int i = 0; i < w * h; i++)
        if (raster[i] >= GLYPH_INK) {
            x0 = i % w < x0 ? i % w : x0;
            x1 = i % w > x1 ? i % w : x1;
            y0 = i / w < y0 ? i / w : y0;
            y1 = i / w;
        }
    if (x1 < 0)
        die("numbers", "a character without ink");
    g->w = x1 - x0 + 1;
    g->h = y1 - y0 + 1;
    g->top = top + y0;
    g->ink = need((size_t)g->w * (size_t)g->h);
    for (int y = 0; y < g->h; y++)
        memcpy(g->ink + (size_t)y * (size_t)g->w, raster + (size_t)(y0 + y) * (size_t)w + (size_t)x0, (size_t)g->w);
}

/* As thick as the number's strokes are to be. */
static void weigh(const struct number *n, uint8_t *raster, int w, int h)
{
    if (n->fat > 0)
        strokes_thicken(raster, w, h, n->fat);
    else if (n->fat < 0)
        strokes_thin(raster, w, h, (int)-n->fat);
}

static void take(struct number *n, struct glyph *g, float size)
{
    const struct pool *p = n->pool;
    const int label = g->c - '0', side = (int)ceilf(1.5F * DIGIT_SIDE_PX * n->scale * size);
    const uint32_t at = p->index[label][rng_below(&n->job.r, (uint32_t)p->n[label])];
    /* Sharp where nothing is turned or resized: MNIST's own pixels. */
    const float middle = (float)(side / 2);
    struct placing placing = {n->scale * size, between(&n->job, -n->turn, n->turn), middle, middle};
    uint8_t *raster = need((size_t)side * (size_t)side);

    g->mnist = (int)at;
    strokes_place(p->data.images + (size_t)at * DIGIT_PIXELS, &placing, side, side, raster);
    weigh(n, raster, side, side);
    cut(g, raster, side, side, 0);
    g->top = -g->h;
    free(raster);
}

/* A figure that the pen has written, size times as large as a digit. */
static void draw_figure(struct number *n, struct glyph *g, struct pen_figure *f, float size, float radius)
{
    const float high = MNIST_HEIGHT_PX * n->scale * size, pad = n->pen + 2;
    float box[4];

    pen_box(f, box);
    const int w = (int)ceilf((box[2] - box[0]) * high + 2 * pad), h = (int)ceilf((box[3] - box[1]) * high + 2 * pad);
    const float y0 = floorf((box[1] - 1) * high - pad);
    uint8_t *raster = need((size_t)w * (size_t)(h + 1));

    pen_move(f, high, pad - box[0] * high, -high - y0, radius);
    pen_draw(f, w, h + 1, raster);
    cut(g, raster, w, h + 1, (int)y0);
    free(raster);
}

static void draw(struct number *n, struct glyph *g, float size)
{
    const struct writer *who = &n->job.writer;
    struct pen_figure f;
    enum err e = OK;

    if (g->c >= '0' && g->c <= '9')
        e = writer_write(who, g->c - '0', &n->job.r, &f);
    for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
        if (marks[i].c == g->c)
            e = pen_write(marks[i].skeleton, &who->hand, &n->job.r, &f);
    if (e != OK)
        die("numbers", "a skeleton cannot be drawn");
    /* A dot is pressed: a little wider than a stroke. */
    draw_figure(n, g, &f, size, n->pen / 2 * (strchr(".:", g->c) ? between(&n->job, 1, 1.5F) : 1));
}

struct glyph glyph_make_other(struct number *n, const char *skeleton, float size)
{
    struct glyph g = {.mnist = -1, .row = n->row};
    struct pen_figure f;

    if (pen_write(skeleton, &n->job.writer.hand, &n->job.r, &f) != OK)
        die("numbers", "a skeleton cannot be drawn");
    draw_figure(n, &g, &f, size, n->pen / 2);
    return g;
}

struct glyph glyph_make(struct number *n, char c, float size)
{
    struct glyph g = {.c = c, .mnist = -1, .row = n->row};

    if (n->hand == HAND_MNIST && c >= '0' && c <= '9')
        take(n, &g, size);
    else
        draw(n, &g, size);
    return g;
}
