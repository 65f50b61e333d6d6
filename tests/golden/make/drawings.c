/* Drawings made on a screen: a pen, a paper, a file. Pen widths are shares of the picture's side unless said otherwise.
 */
#include "kinds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

float between(struct job *j, float low, float high)
{
    return low + (high - low) * rng_float(&j->r);
}

int between_int(struct job *j, int low, int high)
{
    return rng_pick(&j->r, low, high);
}

void between_each(struct job *j, float out[3], float low, float high)
{
    for (int k = 0; k < 3; k++)
        out[k] = between(j, low, high);
}

float between_log(struct job *j, float low, float high)
{
    return low * powf(high / low, rng_float(&j->r));
}

/* Where the first of size px goes in a side of n px. */
static float place_on(struct job *j, float n, float size, float pen, enum place place)
{
    const float room = n - size;

    if (place == PLACE_MIDDLE)
        return room * between(j, 0.35F, 0.65F);
    return place == PLACE_EDGE ? -between(j, 0, 0.33F) * pen : room * rng_float(&j->r);
}

uint8_t *draw_digit(struct job *j, int w, int h, float size_px, float pen_px, enum place place)
{
    uint8_t *ink = need((size_t)w * (size_t)h);
    struct pen_figure f;
    float box[4];
    const int edges = 1 + rng_index(&j->r, 3), far = rng_index(&j->r, 4);

    if (writer_write(&j->writer, j->label, &j->r, &f) != OK)
        die("digits", "a skeleton cannot be drawn");
    pen_box(&f, box);
    const float fw = box[2] - box[0], fh = box[3] - box[1], scale = (size_px - pen_px) / fmaxf(fw, fh);
    const float dw = scale * fw + pen_px, dh = scale * fh + pen_px;
    float x = place_on(j, (float)w, dw, pen_px, place == PLACE_EDGE && !(edges & 1) ? PLACE_ANYWHERE : place);
    float y = place_on(j, (float)h, dh, pen_px, place == PLACE_EDGE && !(edges & 2) ? PLACE_ANYWHERE : place);

    if (place == PLACE_EDGE && far & 1)
        x = (float)w - dw - x;
    if (place == PLACE_EDGE && far & 2)
        y = (float)h - dh - y;
    pen_move(&f, scale, x + pen_px / 2 - scale * box[0], y + pen_px / 2 - scale * box[1], pen_px / 2);
    pen_draw(&f, w, h, ink);
    return ink;
}

void draw_line(uint8_t *ink, int w, int h, const float from[2], const float to[2], float width_px, float share)
{
    const size_t n = (size_t)w * (size_t)h;
    uint8_t *line = need(n);
    struct pen_figure f = {.strokes = 1, .first = {0, 2}};

    f.p[0] = (struct pen_point){from[0], from[1], width_px / 2};
    f.p[1] = (struct pen_point){to[0], to[1], width_px / 2};
    pen_draw(&f, w, h, line);
    for (size_t i = 0; i < n; i++) {
        const uint8_t v = (uint8_t)((float)line[i] * share + 0.5F);

        ink[i] = v > ink[i] ? v : ink[i];
    }
    free(line);
}

/* A canvas as web pages have them: square, or a little wider or higher. */
static void canvas_sides(struct job *j, float low, float high, int *w, int *h)
{
    const float side = between_log(j, low, high);

    *w = *h = (int)side;
    if (rng_below(&j->r, 3) == 0)
        *w = (int)(side * between(j, 1.1F, 1.6F));
    else if (rng_below(&j->r, 3) == 0)
        *h = (int)(side * between(j, 1.1F, 1.6F));
}

static int shorter(int a, int b)
{
    return a < b ? a : b;
}

/* A drawing with the pen a share of the side, but no thicker than most of the digit's own size. */
static void draw(struct job *j, float low, float high, const float pen[2], const float size[2], float most,
                 enum place place, const float paper[3], const float colour[3])
{
    int w, h;

    canvas_sides(j, low, high, &w, &h);
    const float side = (float)shorter(w, h), px = side * between(j, size[0], size[1]);
    const float width = fmaxf(fminf(side * between_log(j, pen[0], pen[1]), most * px), 0.8F);
    uint8_t *ink = draw_digit(j, w, h, px, width, place);

    j->canvas = canvas_new(w, h);
    canvas_ink(&j->canvas, ink, paper, colour);
    free(ink);
}

static const float white[3] = {255, 255, 255}, black[3] = {0, 0, 0};

static void make_hairline(struct job *j)
{
    draw(j, 200, 900, (float[]){0.005F, 0.015F}, (float[]){0.4F, 0.95F}, 1, PLACE_ANYWHERE, white, black);
}

static void make_canvas(struct job *j)
{
    draw(j, 160, 700, (float[]){0.015F, 0.12F}, (float[]){0.3F, 0.95F}, 0.17F, PLACE_ANYWHERE, white, black);
}

static void make_continental(struct job *j)
{
    writer_make_continental(&j->writer, &j->r);
    draw(j, 100, 700, (float[]){0.01F, 0.1F}, (float[]){0.4F, 0.95F}, 0.16F, PLACE_ANYWHERE, white, black);
}

/* A 1 with an upstroke from a fifth to more than half of its height, upright or leaning. */
static void make_upstroke(struct job *j)
{
    char skeleton[64];
    const float angle = between(j, 0.63F, 0.9F);
    const int length = between_int(j, 20, 60);

    (void)snprintf(skeleton, sizeof(skeleton), "M%d %d L70 0 L70 100", 70 - (int)((float)length * sinf(angle)),
                   (int)((float)length * cosf(angle)));
    j->label = 1;
    j->writer.skeleton[1] = skeleton;
    j->writer.hand.slant = between(j, 0, 0.4F);
    draw(j, 60, 500, (float[]){0.02F, 0.1F}, (float[]){0.4F, 0.9F}, 0.14F, PLACE_ANYWHERE, white, black);
    j->writer.skeleton[1] = NULL;
}

static void make_fat(struct job *j)
{
    draw(j, 160, 600, (float[]){0.12F, 0.25F}, (float[]){0.8F, 1}, 0.25F, PLACE_MIDDLE, white, black);
}

static void make_edge(struct job *j)
{
    draw(j, 160, 600, (float[]){0.02F, 0.1F}, (float[]){0.4F, 0.9F}, 0.15F, PLACE_EDGE, white, black);
}

static void make_small(struct job *j)
{
    draw(j, 300, 1000, (float[]){0.006F, 0.03F}, (float[]){0.08F, 0.25F}, 0.15F, PLACE_ANYWHERE, white, black);
}

static void make_dark(struct job *j)
{
    const float paper = between(j, 0, 60), ink = between(j, 190, 255);

    draw(j, 160, 700, (float[]){0.015F, 0.12F}, (float[]){0.3F, 0.95F}, 0.17F, PLACE_ANYWHERE,
         (float[]){paper, paper, paper}, (float[]){ink, ink, ink});
}

/* Ink and paper that differ for the eye; some have nearly the same luminance. */
static void make_colour(struct job *j)
{
    static const float pairs[][2][3] = {
        {{20, 40, 200}, {250, 225, 40}},   {{215, 20, 30}, {255, 255, 255}}, {{255, 255, 255}, {20, 95, 50}},
        {{230, 120, 20}, {255, 250, 235}}, {{20, 130, 60}, {255, 255, 255}}, {{255, 230, 60}, {25, 40, 110}},
        {{120, 30, 140}, {235, 225, 250}}, {{200, 30, 90}, {60, 190, 90}},   {{0, 90, 220}, {255, 150, 60}},
        {{255, 90, 160}, {20, 20, 25}},    {{90, 60, 30}, {235, 215, 180}},  {{0, 170, 190}, {255, 255, 255}},
    };
    const size_t pair = (size_t)(j->number / 10 + 5 * j->number) % (sizeof(pairs) / sizeof(*pairs));

    draw(j, 160, 600, (float[]){0.02F, 0.12F}, (float[]){0.3F, 0.95F}, 0.16F, PLACE_ANYWHERE, pairs[pair][1],
         pairs[pair][0]);
}

/* The paper becomes clear, as a drawing program saves a layer: the colour is that of the ink everywhere. */
static void make_clear(struct job *j, const float ink[3])
{
    draw(j, 160, 700, (float[]){0.015F, 0.12F}, (float[]){0.3F, 0.95F}, 0.17F, PLACE_ANYWHERE, white, black);
    for (size_t i = 0; i < (size_t)j->canvas.w * (size_t)j->canvas.h; i++) {
        uint8_t *px = j->canvas.px + 4 * i;

        px[3] = (uint8_t)(255 - px[0]);
        for (int k = 0; k < 3; k++)
            px[k] = (uint8_t)ink[k];
    }
}

static void make_clear_black(struct job *j)
{
    make_clear(j, black);
}

static void make_clear_white(struct job *j)
{
    make_clear(j, white);
}

static void make_clear_colour(struct job *j)
{
    float ink[3];

    between_each(j, ink, 0, 120);
    ink[2] += 60;
    make_clear(j, ink);
}

/* A frame around the drawing, all sides or an edge of it, as a canvas with a border is saved. */
static void make_framed(struct job *j)
{
    int w, h;

    canvas_sides(j, 200, 600, &w, &h);
    const float side = (float)shorter(w, h), px = side * between(j, 0.35F, 0.8F);
    const float pen = px * between(j, 0.03F, 0.14F), line = fmaxf(side * between(j, 0.004F, 0.02F), 1);
    const float at = line / 2 + side * (rng_below(&j->r, 2) ? 0 : between(j, 0, 0.03F));
    const float x1 = (float)w - at, y1 = (float)h - at, share = between(j, 0.4F, 1);
    const float corner[5][2] = {{at, at}, {x1, at}, {x1, y1}, {at, y1}, {at, at}};
    const int sides = rng_below(&j->r, 3) ? 15 : 1 + rng_index(&j->r, 14);
    uint8_t *ink = draw_digit(j, w, h, px, pen, PLACE_MIDDLE);

    for (int k = 0; k < 4; k++)
        if (sides >> k & 1)
            draw_line(ink, w, h, corner[k], corner[k + 1], line, share);
    j->canvas = canvas_new(w, h);
    canvas_ink(&j->canvas, ink, white, black);
    free(ink);
}

static void paint(struct canvas *c, const int box[4], float tone)
{
    for (int y = box[1]; y < box[3]; y++)
        for (int x = box[0]; x < box[2]; x++)
            for (int k = 0; k < 3; k++)
                c->px[4 * (y * c->w + x) + k] = (uint8_t)tone;
}

/* A screenshot of a program: a window with a title, a page, a canvas in it and a button below; light or dark all. */
static void make_window(struct job *j)
{
    static const float pages[][2] = {{20, 255}, {45, 255}, {60, 240}, {240, 12}, {255, 0}, {215, 255}};
    const float *tone = pages[rng_below(&j->r, 6)], bar_tone = between(j, 0, 255);
    int w, h;

    canvas_sides(j, 320, 900, &w, &h);
    const int bar = between_int(j, 20, 44), gap = between_int(j, 8, 40), foot = between_int(j, 8, 60);
    const int inside[4] = {gap, bar + gap, w - gap, h - gap - foot};
    const int size_w = inside[2] - inside[0], size_h = inside[3] - inside[1];
    const float px = (float)shorter(size_w, size_h) * between(j, 0.4F, 0.85F);
    uint8_t *ink = draw_digit(j, size_w, size_h, px, px * between(j, 0.04F, 0.14F), PLACE_ANYWHERE);

    j->canvas = canvas_new(w, h);
    for (int i = 0; i < w * h; i++)
        j->canvas.px[4 * i + 3] = 255;
    paint(&j->canvas, (int[]){0, 0, w, h}, tone[0]);
    paint(&j->canvas, (int[]){0, 0, w, bar}, bar_tone);
    paint(&j->canvas, inside, tone[1]);
    paint(&j->canvas, (int[]){gap, h - foot, gap + 80, h - foot / 3}, 110);
    for (int i = 0; i < size_w * size_h; i++) {
        const float v = tone[1] + (float)ink[i] / 255 * (tone[1] > 127 ? -tone[1] : 255 - tone[1]);
        const int x = inside[0] + i % size_w, y = inside[1] + i / size_w;

        paint(&j->canvas, (int[]){x, y, x + 1, y + 1}, v);
    }
    free(ink);
}

/* 20 to 40 px: icons, and what somebody shrank towards 28x28 by themselves, some with JPEG's dirt. */
static void make_tiny(struct job *j)
{
    const bool light = rng_below(&j->r, 2);

    draw(j, 20, 40, (float[]){0.06F, 0.12F}, (float[]){0.65F, 0.95F}, 0.16F, PLACE_ANYWHERE, light ? black : white,
         light ? white : black);
    if (rng_below(&j->r, 3) == 0) {
        j->format = ENCODE_JPEG;
        j->quality = between_int(j, 60, 95);
    }
}

static void make_huge(struct job *j)
{
    draw(j, 1500, 2200, (float[]){0.004F, 0.1F}, (float[]){0.3F, 0.9F}, 0.16F, PLACE_ANYWHERE, white, black);
}

/* The other formats; one in two is grey on grey. */
static void make_formats(struct job *j)
{
    static const enum encode_format formats[] = {ENCODE_GIF, ENCODE_BMP, ENCODE_WEBP, ENCODE_JPEG};
    const float paper = between(j, 150, 255), ink = between(j, 0, 70);

    draw(j, 100, 500, (float[]){0.02F, 0.1F}, (float[]){0.4F, 0.95F}, 0.16F, PLACE_ANYWHERE,
         (float[]){paper, paper, paper}, (float[]){ink, ink, ink});
    j->format = formats[j->number % 4];
    j->quality = between_int(j, 30, 95);
}

const struct kind kinds_drawn[] = {
    {"canvas-hairline", make_hairline},
    {"canvas", make_canvas},
    {"continental", make_continental},
    {"upstroke", make_upstroke},
    {"canvas-fat", make_fat},
    {"canvas-edge", make_edge},
    {"canvas-small", make_small},
    {"canvas-framed", make_framed},
    {"window", make_window},
    {"dark", make_dark},
    {"colour", make_colour},
    {"clear-black", make_clear_black},
    {"clear-white", make_clear_white},
    {"clear-colour", make_clear_colour},
    {"tiny", make_tiny},
    {"huge", make_huge},
    {"formats", make_formats},
    {NULL, NULL},
};
