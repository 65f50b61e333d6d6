/* Skeletons to points, points to pixels.
 *
 * The pen's speed is the length of a step of the curve: the points of a skeleton lie where a hand slows down, so long
 * spans are fast ones. */
#include "pen.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SPAN_STEPS = 12, WAVES = 3 };

/* A point of the skeleton, 0 to 1, and how the line comes to it. */
struct node {
    float x, y;
    char how; /* 'M', 'L', 'S' */
};

struct nodes {
    int n;
    struct node v[PEN_NODES_MAX];
};

void pen_hand_make(struct pen_hand *hand, struct rng *r)
{
    hand->width = 0.95F + 0.22F * rng_signed(r);
    hand->slant = 0.12F + 0.14F * rng_normal(r);
    hand->slant = fminf(fmaxf(hand->slant, -0.2F), 0.45F);
    hand->turn = 0.04F * rng_normal(r);
    hand->jitter = 0.012F + 0.022F * rng_float(r);
    hand->loose = 0.02F * rng_float(r);
    hand->wobble = 0.006F * rng_float(r);
    hand->press = 0.5F * rng_float(r);
}

/* One number of the skeleton; *text goes behind it. */
static bool read_number(const char **text, float *out)
{
    char *end;
    const long v = strtol(*text, &end, 10);

    if (end == *text || v < -1000 || v > 1000)
        return false;
    *text = end;
    *out = (float)v / 100;
    return true;
}

static enum err read_skeleton(const char *text, struct nodes *out)
{
    char how = 0;

    out->n = 0;
    for (;;) {
        while (*text == ' ')
            text++;
        if (*text == '\0')
            return out->n > 1 ? OK : ERR_FORMAT;
        if (*text == 'M' || *text == 'L' || *text == 'S')
            how = *text++;
        if (how == 0 || (out->n == 0 && how != 'M'))
            return ERR_FORMAT;
        if (out->n == PEN_NODES_MAX)
            return ERR_LIMIT;
        struct node *node = &out->v[out->n++];
        node->how = how;
        if (!read_number(&text, &node->x) || !read_number(&text, &node->y))
            return ERR_FORMAT;
    }
}

/* Moves the skeleton's points as this hand does, strokes after the first also as a whole. */
static void jitter_nodes(struct nodes *nodes, const struct pen_hand *hand, struct rng *r)
{
    float dx = 0, dy = 0;

    for (int i = 0; i < nodes->n; i++) {
        struct node *node = &nodes->v[i];

        if (node->how == 'M' && i > 0) {
            dx = hand->loose * rng_normal(r);
            dy = hand->loose * rng_normal(r);
        }
        node->x += dx + hand->jitter * rng_normal(r);
        node->y += dy + hand->jitter * rng_normal(r);
    }
}

/* The curve's direction at node i of the stroke first to last: towards the next where a smooth run begins, from the one
 * before where it ends. */
static void tangent(const struct nodes *nodes, int i, int first, int last, bool closed, float out[2])
{
    const struct node *v = nodes->v;
    const bool before = i > first && v[i].how == 'S', after = i < last && v[i + 1].how == 'S';
    int from = before ? i - 1 : i, to = after ? i + 1 : i;
    float share = before && after ? 0.5F : 1;

    if (closed && (i == first || i == last)) {
        from = last - 1;
        to = first + 1;
        share = 0.5F;
    }
    out[0] = share * (v[to].x - v[from].x);
    out[1] = share * (v[to].y - v[from].y);
}

static enum err add_point(struct pen_figure *out, float x, float y)
{
    int *end = &out->first[out->strokes];

    if (*end == PEN_POINTS_MAX)
        return ERR_LIMIT;
    out->p[(*end)++] = (struct pen_point){x, y, 1};
    return OK;
}

/* The span from node i to node i + 1, without its first point. */
static enum err add_span(const struct nodes *nodes, int i, int first, int last, bool closed, struct pen_figure *out)
{
    const struct node *a = &nodes->v[i], *b = &nodes->v[i + 1];
    float ta[2] = {b->x - a->x, b->y - a->y}, tb[2] = {ta[0], ta[1]};
    enum err e = OK;

    if (b->how == 'S') {
        tangent(nodes, i, first, last, closed, ta);
        tangent(nodes, i + 1, first, last, closed, tb);
    }
    for (int k = 1; k <= SPAN_STEPS && e == OK; k++) {
        const float t = (float)k / SPAN_STEPS, u = 1 - t;
        const float ha = u * u * (1 + 2 * t), hb = t * t * (1 + 2 * u), ga = t * u * u, gb = -t * t * u;

        e = add_point(out, ha * a->x + hb * b->x + ga * ta[0] + gb * tb[0],
                      ha * a->y + hb * b->y + ga * ta[1] + gb * tb[1]);
    }
    return e;
}

static enum err add_stroke(const struct nodes *nodes, int first, int last, bool closed, struct pen_figure *out)
{
    enum err e;

    if (out->strokes == PEN_STROKES_MAX)
        return ERR_LIMIT;
    out->strokes++;
    out->first[out->strokes] = out->first[out->strokes - 1];
    e = add_point(out, nodes->v[first].x, nodes->v[first].y);
    for (int i = first; i < last && e == OK; i++)
        e = add_span(nodes, i, first, last, closed, out);
    return e;
}

/* nodes: as the hand moved them; plain: as the skeleton has them, which tells what is closed. */
static enum err add_strokes(const struct nodes *nodes, const struct nodes *plain, struct pen_figure *out)
{
    enum err e = OK;
    int first = 0;

    while (first < nodes->n && e == OK) {
        int last = first;
        bool smooth = true;

        while (last + 1 < nodes->n && nodes->v[last + 1].how != 'M')
            smooth = nodes->v[++last].how == 'S' && smooth;
        const struct node *a = &plain->v[first], *b = &plain->v[last];
        const bool same = fabsf(a->x - b->x) < 0.001F && fabsf(a->y - b->y) < 0.001F;
        e = add_stroke(nodes, first, last, smooth && same && last > first + 1, out);
        first = last + 1;
    }
    return e;
}

/* Slow waves across the whole drawing, so that strokes that meet go on meeting. */
static void tremble(struct pen_figure *f, const struct pen_hand *hand, struct rng *r)
{
    const int n = f->first[f->strokes];

    for (int wave = 0; wave < WAVES; wave++) {
        const float fx = 12 * rng_signed(r), fy = 12 * rng_signed(r), phase = 3.14F * rng_signed(r);
        const float ax = hand->wobble * rng_normal(r), ay = hand->wobble * rng_normal(r);

        for (int i = 0; i < n; i++) {
            const float s = sinf(fx * f->p[i].x + fy * f->p[i].y + phase);

            f->p[i].x += ax * s;
            f->p[i].y += ay * s;
        }
    }
}

static void slant_and_turn(struct pen_figure *f, const struct pen_hand *hand)
{
    const float co = cosf(hand->turn), si = sinf(hand->turn);

    for (int i = 0; i < f->first[f->strokes]; i++) {
        const float y = f->p[i].y - 0.5F, x = hand->width * (f->p[i].x - 0.5F) - hand->slant * y;

        f->p[i].x = 0.5F + co * x - si * y;
        f->p[i].y = 0.5F + si * x + co * y;
    }
}

/* Fast is thin, slow is thick; a running mean keeps it gradual. */
static void press(struct pen_figure *f, const struct pen_hand *hand)
{
    const int n = f->first[f->strokes];
    float all = 0, speed = 0;

    for (int i = 1; i < n; i++)
        all += hypotf(f->p[i].x - f->p[i - 1].x, f->p[i].y - f->p[i - 1].y);
    for (int i = 1; i < n && all > 0; i++) {
        const float step = hypotf(f->p[i].x - f->p[i - 1].x, f->p[i].y - f->p[i - 1].y) * (float)n / all;

        speed = i == 1 ? 1 : 0.85F * speed + 0.15F * fminf(step, 3);
        f->p[i].r = fminf(fmaxf(1 - hand->press * (speed - 1), 0.55F), 1.5F);
    }
}

enum err pen_write(const char *skeleton, const struct pen_hand *hand, struct rng *r, struct pen_figure *out)
{
    struct nodes plain, moved;
    enum err e;

    out->strokes = 0;
    out->first[0] = 0;
    e = read_skeleton(skeleton, &plain);
    if (e != OK)
        return e;
    moved = plain;
    jitter_nodes(&moved, hand, r);
    e = add_strokes(&moved, &plain, out);
    if (e != OK) {
        out->strokes = 0;
        return e;
    }
    tremble(out, hand, r);
    slant_and_turn(out, hand);
    press(out, hand);
    return OK;
}

void pen_box(const struct pen_figure *f, float box[4])
{
    box[0] = box[2] = f->p[0].x;
    box[1] = box[3] = f->p[0].y;
    for (int i = 1; i < f->first[f->strokes]; i++) {
        box[0] = fminf(box[0], f->p[i].x);
        box[1] = fminf(box[1], f->p[i].y);
        box[2] = fmaxf(box[2], f->p[i].x);
        box[3] = fmaxf(box[3], f->p[i].y);
    }
}

void pen_move(struct pen_figure *f, float scale, float dx, float dy, float radius)
{
    for (int i = 0; i < f->first[f->strokes]; i++) {
        f->p[i].x = f->p[i].x * scale + dx;
        f->p[i].y = f->p[i].y * scale + dy;
        f->p[i].r *= radius;
    }
}

/* fminf and fmaxf would be calls of the C library, several for each pixel. */
static inline float lesser(float a, float b)
{
    return a < b ? a : b;
}

static inline float greater(float a, float b)
{
    return a > b ? a : b;
}

/* A pixel of side 1 whose middle is d from the middle of a stroke of radius r: the part that is covered. */
static float coverage(float d, float r)
{
    const float from = greater(-r, d - 0.5F), to = lesser(r, d + 0.5F);

    return to > from ? to - from : 0;
}

static int clamped(float v, int n)
{
    return v < 0 ? 0 : v > (float)n ? n : (int)v;
}

static void draw_step(const struct pen_point *a, const struct pen_point *b, int w, int h, uint8_t *ink)
{
    const float reach = greater(a->r, b->r) + 1, dx = b->x - a->x, dy = b->y - a->y, length = dx * dx + dy * dy;
    const int x0 = clamped(lesser(a->x, b->x) - reach, w), x1 = clamped(greater(a->x, b->x) + reach + 1, w);
    const int y0 = clamped(lesser(a->y, b->y) - reach, h), y1 = clamped(greater(a->y, b->y) + reach + 1, h);

    for (int y = y0; y < y1; y++) {
        uint8_t *row = ink + (size_t)y * (size_t)w;
        const float py = (float)y + 0.5F - a->y, along = py * dy;

        for (int x = x0; x < x1; x++) {
            if (row[x] == 255) /* most pixels of a stroke: its steps are shorter than it is wide */
                continue;
            const float px = (float)x + 0.5F - a->x;
            const float t = length > 0 ? lesser(greater((px * dx + along) / length, 0), 1) : 0;
            const float ex = px - t * dx, ey = py - t * dy, r = a->r + t * (b->r - a->r);
            const float d2 = ex * ex + ey * ey, far = r + 0.5F;

            if (d2 >= far * far)
                continue;
            const uint8_t v = (uint8_t)(255 * coverage(sqrtf(d2), r) + 0.5F);
            row[x] = v > row[x] ? v : row[x];
        }
    }
}

void pen_draw(const struct pen_figure *f, int w, int h, uint8_t *ink)
{
    for (int s = 0; s < f->strokes; s++)
        for (int i = f->first[s]; i + 1 < f->first[s + 1]; i++)
            draw_step(&f->p[i], &f->p[i + 1], w, h, ink);
}
