/* Characters to rows, rows to a sheet, the sheet to a picture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

enum { SOLID = 128 /* ink that surely touches */ };

static const float white[3] = {255, 255, 255}, black[3] = {0, 0, 0};

/* Strokes as they are, or thinner or thicker where there are pixels enough. */
static void choose_weight(struct number *n)
{
    const uint32_t way = rng_below(&n->job.r, 5);

    n->fat = 0;
    if (way == 0 && n->scale >= 3.5F)
        n->fat = -floorf(n->scale * between(&n->job, 0.3F, 0.65F));
    else if (way == 1 && n->scale >= 2)
        n->fat = n->scale * between(&n->job, 0.3F, 0.8F);
}

void number_begin(struct number *n, float scale)
{
    n->scale = scale;
    choose_weight(n);
    if (n->hand == HAND_MNIST) {
        n->pen = fmaxf(scale * between(&n->job, 2.2F, 3.2F) + 2 * n->fat, 1.2F);
    } else {
        n->pen = fmaxf(scale * between_log(&n->job, 1.1F, 3.4F), 1.2F);
        if (n->hand != HAND_ANY)
            (n->hand == HAND_CONTINENTAL ? writer_make_continental : writer_make_english)(&n->job.writer, &n->job.r);
    }
    n->row = -1;
    n->wave = 1;
}

void number_free(struct number *n)
{
    for (int i = 0; i < n->n; i++)
        free(n->g[i].ink);
    free(n->ink);
    canvas_free(&n->job.canvas);
}

void number_say(struct number *n, char c)
{
    const size_t at = strlen(n->text);

    if (at + 1 >= sizeof(n->text))
        die("numbers", "a text is too long");
    n->text[at] = c;
}

void number_row(struct number *n, float y)
{
    if (n->row >= 0)
        number_say(n, '\n');
    n->row++;
    n->begun = n->n;
    n->base = y;
}

float number_right(const struct number *n)
{
    return n->n == n->begun ? 0 : (float)(n->g[n->n - 1].x + n->g[n->n - 1].w);
}

static struct glyph *add_glyph(struct number *n, struct glyph g)
{
    if (n->n == GLYPHS_MAX)
        die("numbers", "too many characters");
    n->g[n->n] = g;
    return &n->g[n->n++];
}

static struct glyph *add(struct number *n, char c, float size)
{
    number_say(n, c);
    return add_glyph(n, glyph_make(n, c, size));
}

/* A little off the baseline. */
static void stand(struct number *n, struct glyph *g)
{
    const float x = (float)g->x + (float)g->w / 2, off = 0.6F * n->scale * rng_normal(&n->job.r);
    const float base = n->base + n->slope * x + n->drift * sinf(x / n->wave + n->phase);

    g->y = (int)floorf(base + off + 0.5F) + g->top;
}

void number_put(struct number *n, char c, float gap, float size)
{
    const float right = number_right(n);
    struct glyph *g = add(n, c, size);

    g->x = (int)floorf(right + gap + 0.5F);
    stand(n, g);
}

void number_put_other(struct number *n, const char *skeleton, float gap, float size)
{
    const float right = number_right(n);
    struct glyph *g = add_glyph(n, glyph_make_other(n, skeleton, size));

    g->x = (int)floorf(right + gap + 0.5F);
    stand(n, g);
}

/* The first or last solid ink of a row of the plane; false: none. */
static bool edge(const struct glyph *g, int y, bool last, int *x)
{
    if (y < g->y || y >= g->y + g->h)
        return false;
    const uint8_t *row = g->ink + (size_t)(y - g->y) * (size_t)g->w;
    for (int i = 0; i < g->w; i++) {
        const int at = last ? g->w - 1 - i : i;

        if (row[at] >= SOLID) {
            *x = g->x + at;
            return true;
        }
    }
    return false;
}

void number_touch(struct number *n, char c, float over)
{
    const int right = (int)number_right(n);
    struct glyph *g = add(n, c, 1);
    const struct glyph *before = g - 1;
    int least = 0, from, to;
    bool met = false;

    g->x = right;
    stand(n, g);
    for (int y = g->y; y < g->y + g->h; y++)
        for (int k = -1; k <= 1; k++)
            if (edge(before, y + k, true, &from) && edge(g, y, false, &to) && (!met || to - from - 1 < least)) {
                least = to - from - 1; /* px between */
                met = true;
            }
    g->x -= least + (int)floorf(over + 0.5F);
}

void number_line(struct number *n, float x0, float y0, float x1, float y1, float width, float share)
{
    if (n->n_lines == LINES_MAX)
        die("numbers", "too many lines");
    n->line[n->n_lines++] = (struct line){{x0, y0}, {x1, y1}, width, share};
}

/* Left, top, right, bottom of all that was placed. */
static void extent(const struct number *n, float out[4])
{
    out[0] = out[1] = 1e9F;
    out[2] = out[3] = -1e9F;
    for (int i = 0; i < n->n; i++) {
        const struct glyph *g = &n->g[i];

        out[0] = fminf(out[0], (float)g->x);
        out[1] = fminf(out[1], (float)g->y);
        out[2] = fmaxf(out[2], (float)(g->x + g->w));
        out[3] = fmaxf(out[3], (float)(g->y + g->h));
    }
    for (int i = 0; i < n->n_lines; i++) {
        const struct line *l = &n->line[i];

        out[0] = fminf(out[0], fminf(l->from[0], l->to[0]) - l->width);
        out[1] = fminf(out[1], fminf(l->from[1], l->to[1]) - l->width);
        out[2] = fmaxf(out[2], fmaxf(l->from[0], l->to[0]) + l->width);
        out[3] = fmaxf(out[3], fmaxf(l->from[1], l->to[1]) + l->width);
    }
}

static void print_glyph(struct number *n, const struct glyph *g)
{
    for (int y = 0; y < g->h; y++)
        for (int x = 0; x < g->w; x++) {
            uint8_t *to = &n->ink[(size_t)(g->y + y) * (size_t)n->w + (size_t)(g->x + x)];
            const uint8_t v = g->ink[(size_t)y * (size_t)g->w + (size_t)x];

            *to = v > *to ? v : *to;
        }
}

void number_lay(struct number *n, const float margin[4])
{
    float all[4];

    extent(n, all);
    const int dx = (int)ceilf(margin[0] - all[0]), dy = (int)ceilf(margin[1] - all[1]);
    n->w = (int)ceilf(all[2] + margin[2]) + dx;
    n->h = (int)ceilf(all[3] + margin[3]) + dy;
    n->ink = need((size_t)n->w * (size_t)n->h);
    for (int i = 0; i < n->n; i++) {
        struct glyph *g = &n->g[i];

        g->x += dx;
        g->y += dy;
        print_glyph(n, g);
        memcpy(n->box[i], (float[]){(float)g->x, (float)g->y, (float)g->w, (float)g->h}, sizeof(n->box[i]));
    }
    for (int i = 0; i < n->n_lines; i++) {
        const struct line *l = &n->line[i];
        const float from[2] = {l->from[0] + (float)dx, l->from[1] + (float)dy};
        const float to[2] = {l->to[0] + (float)dx, l->to[1] + (float)dy};

        draw_line(n->ink, n->w, n->h, from, to, l->width, l->share);
    }
}

void number_screen(struct number *n)
{
    struct job *j = &n->job;
    const bool dark = rng_below(&j->r, 2), grey = rng_below(&j->r, 3) == 0;
    float light[3] = {255, 255, 255}, ink[3] = {0, 0, 0};

    if (grey) {
        between_each(j, light, 190, 255);
        between_each(j, ink, 0, 80);
    }
    j->canvas = canvas_new(n->w, n->h);
    canvas_ink(&j->canvas, n->ink, grey ? (dark ? ink : light) : (dark ? black : white),
               grey ? (dark ? light : ink) : (dark ? white : black));
    if (rng_below(&j->r, 4) == 0) {
        j->format = ENCODE_JPEG;
        j->quality = between_int(j, 60, 95);
    }
}

/* The inverse of a projective map, but for a factor. */
static void inverse(const float m[9], float out[9])
{
    for (int i = 0; i < 9; i++) {
        const int r = i % 3, c = i / 3, r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;

        out[i] = m[3 * r1 + c1] * m[3 * r2 + c2] - m[3 * r1 + c2] * m[3 * r2 + c1];
    }
}

/* The box in the picture of a glyph's ink. Of each pixel of the sheet the middle counts, and half a pixel around. */
static void see(const float map[9], const struct glyph *g, float box[4])
{
    float x0 = 1e9F, y0 = 1e9F, x1 = -1e9F, y1 = -1e9F;

    for (int i = 0; i < g->w * g->h; i++) {
        const float x = (float)(g->x + i % g->w) + 0.5F, y = (float)(g->y + i / g->w) + 0.5F;
        const float z = map[6] * x + map[7] * y + map[8];
        const float u = (map[0] * x + map[1] * y + map[2]) / z, v = (map[3] * x + map[4] * y + map[5]) / z;

        if (g->ink[i] < GLYPH_INK)
            continue;
        x0 = fminf(x0, u - 0.5F);
        y0 = fminf(y0, v - 0.5F);
        x1 = fmaxf(x1, u + 0.5F);
        y1 = fmaxf(y1, v + 0.5F);
    }
    memcpy(box, (float[]){x0, y0, x1 - x0, y1 - y0}, 4 * sizeof(*box));
}

/* Grey or cream paper, black or blue ink, a lamp on one side. */
static void light_up(struct number *n, struct scene *s)
{
    struct job *j = &n->job;
    const float grey = between(j, 170, 245), angle = between(j, 0, 6.28F);

    between_each(j, s->paper, grey - 8, grey + 6);
    between_each(j, s->pen, 5, 60);
    if (rng_below(&j->r, 3) == 0)
        s->pen[2] += between(j, 60, 110);
    s->opacity = between(j, 0.8F, 1);
    s->fibre = between(j, 0, 3);
    s->light.fall = between(j, 0, 0.4F);
    s->light.dx = cosf(angle);
    s->light.dy = sinf(angle);
    s->light.vignette = between(j, 0, 0.2F);
}

void number_photo(struct number *n, const struct ruling *ruling, float askew)
{
    struct job *j = &n->job;
    struct scene s;
    float map[9];

    scene_plain(&s, n->ink, n->w, n->h);
    light_up(n, &s);
    if (ruling)
        s.ruling = *ruling;
    const float turn = askew * between(j, -0.03F, 0.03F), tilt_x = askew * between(j, -0.15F, 0.15F);
    const float tilt_y = askew * between(j, -0.15F, 0.15F);
    if (askew > 0)
        scene_view_whole(&s, n->w, n->h, turn, tilt_x, tilt_y, 1);
    inverse(s.view, map);
    for (int i = 0; i < n->n; i++)
        see(map, &n->g[i], n->box[i]);
    j->canvas = canvas_new(n->w, n->h);
    canvas_scene(&j->canvas, &s, &j->r);
    canvas_blur(&j->canvas, fminf(between(j, 0.3F, 1.3F), n->scale / 4));
    canvas_noise(&j->canvas, between(j, 1, 7), &j->r);
    j->format = ENCODE_JPEG;
    j->quality = between_int(j, 40, 92);
}
