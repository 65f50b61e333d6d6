/* Cells of forms, tables, comb fields and score boxes, cut out with some of their lines, which the digit often touches.
 *
 * Lengths that belong to the writing are shares of the digit's size, as people fill a cell whatever its size. */
#include "kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum side { TOP, RIGHT, BOTTOM, LEFT, SIDES };

/* A cell being made; px of the picture unless said otherwise. */
struct cell {
    int w, h;                 /* of the picture */
    float at[SIDES];          /* the middle of each line: y, x, y, x */
    bool drawn[SIDES];        /* or the cell goes on outside the picture */
    float width, dash, share; /* of the lines: dash: 0 or a dash and its gap; share of full ink */
    float over;               /* lines go on so far beyond the corners */
    float turn;               /* radians, the lines alone: a hand does not care */
    float size, pen;          /* the digit's longest side, and its stroke */
    float x, y;               /* middle of the digit */
    float half_w, half_h;     /* of the digit with its pen */
    float paper[3], ink[3], line[3];
    float blur, noise;
    struct pen_figure digit;
    uint8_t *strokes, *lines; /* [h][w] */
};

static float cell_side(struct job *j, const struct cell *c, float low, float high)
{
    return (float)(c->w < c->h ? c->w : c->h) * between(j, low, high);
}

static void cell_size_digit(struct job *j, struct cell *c, float low, float high)
{
    float box[4];

    c->size = cell_side(j, c, low, high);
    c->pen = fmaxf(c->size * between_log(j, 0.045F, 0.13F), 1.3F);
    pen_box(&c->digit, box);
    const float scale = (c->size - c->pen) / fmaxf(box[2] - box[0], box[3] - box[1]);

    c->half_w = (scale * (box[2] - box[0]) + c->pen) / 2;
    c->half_h = (scale * (box[3] - box[1]) + c->pen) / 2;
    c->width = fmaxf(c->size * between_log(j, 0.015F, 0.06F), 1);
}

/* A line on that side, up to so much of the picture inside its border. */
static void cell_draw_side(struct job *j, struct cell *c, enum side side, float low, float high)
{
    const float in = cell_side(j, c, low, high);

    c->drawn[side] = true;
    c->at[side] = side == TOP || side == LEFT ? in : (float)(side == RIGHT ? c->w : c->h) - in;
}

static void cell_begin(struct job *j, struct cell *c)
{
    const float dark = between(j, 5, 70), paper = between(j, 222, 247);
    const int sides = between_int(j, 1, 15);

    *c = (struct cell){.share = between(j, 0.75F, 1), .over = 1e4F};
    c->w = (int)between_log(j, 48, 500);
    c->h = (int)((float)c->w * between(j, 0.85F, 1.4F));
    if (writer_write(&j->writer, j->label, &j->r, &c->digit) != OK)
        die("digits", "a skeleton cannot be drawn");
    cell_size_digit(j, c, 0.5F, 0.8F);
    c->x = (float)c->w * between(j, 0.46F, 0.54F);
    c->y = (float)c->h * between(j, 0.46F, 0.54F);
    c->turn = between(j, -0.025F, 0.025F);
    for (int k = 0; k < SIDES; k++)
        if (sides >> k & 1)
            cell_draw_side(j, c, (enum side)k, 0, 0.09F);
    between_each(j, c->paper, paper, paper + 8);
    for (int k = 0; k < 3; k++) {
        c->ink[k] = dark + (rng_below(&j->r, 2) ? 0.0F : between(j, 0, 40));
        c->line[k] = between(j, 10, 70);
    }
    if (rng_below(&j->r, 3) == 0)
        c->ink[2] += 80;
    c->blur = between(j, 0, 0.9F);
    c->noise = between(j, 0, 4);
    j->format = rng_below(&j->r, 2) ? ENCODE_PNG : ENCODE_JPEG;
    j->quality = between_int(j, 45, 92);
}

/* Moves the digit so that its side lies at, or beyond, the line's near edge by so much of the line's width. */
static void cell_touch(struct job *j, struct cell *c, enum side side, float low, float high)
{
    const float past = c->width * between(j, low, high) - c->width / 2;

    if (side == TOP)
        c->y = c->at[TOP] + c->half_h - past;
    else if (side == BOTTOM)
        c->y = c->at[BOTTOM] - c->half_h + past;
    else if (side == LEFT)
        c->x = c->at[LEFT] + c->half_w - past;
    else
        c->x = c->at[RIGHT] - c->half_w + past;
}

/* From one end to the other of a side, in a picture turned about its middle. */
static void cell_line(const struct cell *c, float from[2], float to[2])
{
    const float si = sinf(c->turn), co = cosf(c->turn), cx = (float)c->w / 2, cy = (float)c->h / 2;

    for (int k = 0; k < 2; k++) {
        float *p = k == 0 ? from : to;
        const float dx = p[0] - cx, dy = p[1] - cy;

        p[0] = cx + co * dx - si * dy;
        p[1] = cy + si * dx + co * dy;
    }
    draw_line(c->lines, c->w, c->h, from, to, c->width, c->share);
}

static void cell_dashes(const struct cell *c, const float from[2], const float to[2])
{
    const float length = hypotf(to[0] - from[0], to[1] - from[1]), dx = (to[0] - from[0]) / length;
    const float dy = (to[1] - from[1]) / length, on = fmaxf(c->dash / 2 - c->width, 0);

    for (float at = 0; at < length; at += c->dash) {
        float a[2] = {from[0] + at * dx, from[1] + at * dy}, b[2] = {a[0] + on * dx, a[1] + on * dy};

        cell_line(c, a, b);
    }
}

static void cell_lines(const struct cell *c)
{
    const float over = fminf(c->over, (float)(c->w + c->h) / 4);

    for (int k = 0; k < SIDES; k++) {
        const int before = k == TOP || k == BOTTOM ? LEFT : TOP, after = before == LEFT ? RIGHT : BOTTOM;
        /* A line ends at the corner where there is one, and leaves the picture where there is none. */
        const float from = c->drawn[before] ? c->at[before] - over : -c->width * 2 - over;
        const float far = (float)(before == LEFT ? c->w : c->h);
        const float to = c->drawn[after] ? c->at[after] + over : far + c->width * 2 + over;
        float a[2] = {from, c->at[k]}, b[2] = {to, c->at[k]};

        if (!c->drawn[k])
            continue;
        if (before == TOP) {
            a[0] = b[0] = c->at[k];
            a[1] = from;
            b[1] = to;
        }
        if (c->dash > 0)
            cell_dashes(c, a, b);
        else
            cell_line(c, a, b);
    }
}

/* f's middle to x, y, at the size and with the pen of the cell's digit. */
static void cell_write(const struct cell *c, struct pen_figure *f, float x, float y)
{
    float box[4];

    pen_box(f, box);
    const float scale = (c->size - c->pen) / fmaxf(box[2] - box[0], box[3] - box[1]);

    pen_move(f, scale, x - scale * (box[0] + box[2]) / 2, y - scale * (box[1] + box[3]) / 2, c->pen / 2);
    pen_draw(f, c->w, c->h, c->strokes);
}

static void cell_layers(struct cell *c)
{
    c->strokes = need((size_t)c->w * (size_t)c->h);
    c->lines = need((size_t)c->w * (size_t)c->h);
    cell_write(c, &c->digit, c->x, c->y);
    cell_lines(c);
}

static void cell_paint(struct job *j, const struct cell *c)
{
    j->canvas = canvas_new(c->w, c->h);
    for (size_t i = 0; i < (size_t)c->w * (size_t)c->h; i++) {
        uint8_t *px = j->canvas.px + 4 * i;

        for (int k = 0; k < 3; k++) {
            const float lined = c->paper[k] + (float)c->lines[i] / 255 * (c->line[k] - c->paper[k]);
            const float v = lined + (float)c->strokes[i] / 255 * (c->ink[k] - lined);

            px[k] = (uint8_t)fminf(fmaxf(v + 0.5F, 0), 255);
        }
        px[3] = 255;
    }
}

static void cell_end(struct job *j, struct cell *c)
{
    canvas_blur(&j->canvas, c->blur);
    canvas_noise(&j->canvas, c->noise, &j->r);
    free(c->strokes);
    free(c->lines);
}

static void cell_finish(struct job *j, struct cell *c)
{
    cell_layers(c);
    cell_paint(j, c);
    cell_end(j, c);
}

/* The digit stands on the base line, thin or thick. */
static void make_stands(struct job *j)
{
    struct cell c;

    cell_begin(j, &c);
    c.width = fmaxf(c.size * between_log(j, 0.02F, 0.14F), 1);
    cell_draw_side(j, &c, BOTTOM, 0.02F, 0.14F);
    cell_touch(j, &c, BOTTOM, 0, 1.5F);
    cell_finish(j, &c);
}

/* A printed frame of up to a fifth of the digit, which the cut may leave a part of. */
static void make_thick(struct job *j)
{
    struct cell c;

    cell_begin(j, &c);
    c.width = c.size * between_log(j, 0.07F, 0.2F);
    for (int k = 0; k < SIDES; k++)
        if (c.drawn[k])
            cell_draw_side(j, &c, (enum side)k, -0.02F, 0.08F);
    if (rng_below(&j->r, 2)) {
        int side = between_int(j, 0, 3);

        cell_draw_side(j, &c, (enum side)side, 0, 0.08F);
        cell_touch(j, &c, (enum side)side, -0.3F, 0.6F);
    }
    cell_finish(j, &c);
}

/* Written over one or two lines that are well inside the picture. */
static void make_cross(struct job *j)
{
    const int side = between_int(j, 0, 3), second = between_int(j, 0, 3);
    struct cell c;

    cell_begin(j, &c);
    cell_size_digit(j, &c, 0.65F, 0.9F);
    cell_draw_side(j, &c, (enum side)side, 0.12F, 0.3F);
    cell_draw_side(j, &c, (enum side)second, 0.12F, 0.3F);
    c.over = rng_below(&j->r, 3) ? 1e4F : 0;
    cell_finish(j, &c);
}

/* In a corner, touching both of its lines. */
static void make_corner(struct job *j)
{
    const enum side across = rng_below(&j->r, 2) ? TOP : BOTTOM, down = rng_below(&j->r, 2) ? LEFT : RIGHT;
    struct cell c;

    cell_begin(j, &c);
    memset(c.drawn, 0, sizeof(c.drawn));
    cell_draw_side(j, &c, across, 0.01F, 0.1F);
    cell_draw_side(j, &c, down, 0.01F, 0.1F);
    cell_touch(j, &c, across, -0.5F, 1.2F);
    cell_touch(j, &c, down, -0.5F, 1.2F);
    c.over = rng_below(&j->r, 2) ? 1e4F : 0;
    cell_finish(j, &c);
}

/* A side of the digit lies along a line: the stem of a 4 or 9, the bar of a 5 or 7, the foot of a 2. */
static void make_side(struct job *j)
{
    static const enum side sides[10] = {LEFT, RIGHT, BOTTOM, RIGHT, RIGHT, TOP, LEFT, TOP, RIGHT, RIGHT};
    const enum side side = sides[j->label];
    struct cell c;

    cell_begin(j, &c);
    cell_draw_side(j, &c, side, 0.01F, 0.12F);
    cell_touch(j, &c, side, -1, 1.5F);
    cell_finish(j, &c);
}

/* Printed in grey or colour, or in dots or dashes. */
static void make_pale(struct job *j)
{
    static const float inks[][3] = {{90, 90, 90}, {120, 160, 220}, {225, 120, 120}, {100, 170, 110}, {160, 160, 165}};
    const int ink = between_int(j, 0, 4), side = between_int(j, 0, 3);
    struct cell c;

    cell_begin(j, &c);
    memcpy(c.line, inks[ink], sizeof(c.line));
    cell_draw_side(j, &c, (enum side)side, 0.02F, 0.12F);
    if (rng_below(&j->r, 2)) {
        c.dash = c.width * between(j, 2.5F, 7);
        between_each(j, c.line, 20, 120);
    }
    if (rng_below(&j->r, 2))
        cell_touch(j, &c, (enum side)side, -0.5F, 1.5F);
    cell_finish(j, &c);
}

/* Up to 5 degrees askew, and compressed. */
static void make_askew(struct job *j)
{
    const int side = between_int(j, 0, 3);
    struct cell c;

    cell_begin(j, &c);
    c.turn = between(j, 0.03F, 0.087F);
    if (rng_below(&j->r, 2) == 0)
        c.turn = -c.turn;
    cell_draw_side(j, &c, (enum side)side, 0.03F, 0.12F);
    if (rng_below(&j->r, 2))
        cell_touch(j, &c, (enum side)side, -0.5F, 1.5F);
    cell_finish(j, &c);
    j->format = ENCODE_JPEG;
    j->quality = between_int(j, 30, 80);
}

/* A base line with ticks between the places, or with corners alone. */
static void make_comb(struct job *j)
{
    const bool corners = rng_below(&j->r, 2);
    struct cell c;

    cell_begin(j, &c);
    for (int k = 0; k < SIDES; k++)
        cell_draw_side(j, &c, (enum side)k, 0.02F, 0.1F);
    if (rng_below(&j->r, 2))
        cell_touch(j, &c, BOTTOM, -0.5F, 1.2F);
    cell_layers(&c);
    const float from = between(j, 0.15F, 0.35F), to = corners ? between(j, 0.6F, 0.85F) : 1;

    for (int y = 0; y < c.h; y++)
        for (int x = 0; x < c.w; x++) {
            const float along = (float)x / (float)c.w, up = 1 - (float)y / (float)c.h;
            const bool inner_x = along > 1 - to && along<to, inner_y = up> from && (!corners || up < to);

            /* A comb has its base line whole and no top; corners have the middle of each side free. */
            if (inner_y && (!corners || along < from || along > 1 - from || up > to))
                c.lines[y * c.w + x] = 0;
            if (corners && inner_x)
                c.lines[y * c.w + x] = 0;
        }
    cell_paint(j, &c);
    cell_end(j, &c);
}

/* The neighbour's digit is in view beyond a line, partly. */
static void make_neighbour(struct job *j)
{
    const enum side side = rng_below(&j->r, 2) ? LEFT : RIGHT;
    struct pen_figure other;
    struct cell c;

    cell_begin(j, &c);
    cell_draw_side(j, &c, side, 0.1F, 0.2F);
    c.x += (side == LEFT ? 0.06F : -0.06F) * (float)c.w;
    if (writer_write(&j->writer, between_int(j, 0, 9), &j->r, &other) != OK)
        die("digits", "a skeleton cannot be drawn");
    cell_layers(&c);
    const float gap = c.width + c.size * between(j, 0.3F, 0.5F);

    cell_write(&c, &other, side == LEFT ? c.at[LEFT] - gap : c.at[RIGHT] + gap, c.y);
    cell_paint(j, &c);
    cell_end(j, &c);
}

/* Any side may be touched, in what follows. */
static void cell_maybe_touch(struct job *j, struct cell *c)
{
    const int side = between_int(j, 0, 3);

    cell_draw_side(j, c, (enum side)side, 0.02F, 0.1F);
    if (rng_below(&j->r, 2))
        cell_touch(j, c, (enum side)side, -0.5F, 1.2F);
}

/* A grey cell printed as dots, scanned: the dots are resolved or nearly. */
static void make_halftone(struct job *j)
{
    const float pitch = between(j, 2.2F, 6), angle = between(j, 0.6F, 1), cover = between(j, 0.12F, 0.4F);
    const float depth = between(j, 60, 150);
    struct cell c;

    cell_begin(j, &c);
    cell_maybe_touch(j, &c);
    cell_layers(&c);
    cell_paint(j, &c);
    for (int y = 0; y < c.h; y++)
        for (int x = 0; x < c.w; x++) {
            const float u = (cosf(angle) * (float)x + sinf(angle) * (float)y) / pitch * 6.2832F;
            const float v = (cosf(angle) * (float)y - sinf(angle) * (float)x) / pitch * 6.2832F;
            const float dot = fminf(fmaxf(1.5F * (0.5F + 0.25F * (cosf(u) + cosf(v)) - 1 + cover) + 0.5F, 0), 1);
            uint8_t *px = j->canvas.px + 4 * (y * c.w + x);

            for (int k = 0; k < 3; k++)
                px[k] = (uint8_t)((float)px[k] * (1 - dot * depth / 255));
        }
    c.blur = between(j, 0.5F, 1.1F);
    cell_end(j, &c);
}

/* A screen photographed: its pixels beat with the camera's, in each colour a little differently. */
static void make_moire(struct job *j)
{
    const float wave = between_log(j, 4, 30), angle = between(j, 0, 3.14F), depth = between(j, 0.04F, 0.16F);
    const float second = wave * between(j, 0.6F, 1.6F), bend = between(j, 0, 0.3F);
    struct cell c;

    cell_begin(j, &c);
    cell_maybe_touch(j, &c);
    cell_layers(&c);
    cell_paint(j, &c);
    for (int y = 0; y < c.h; y++)
        for (int x = 0; x < c.w; x++) {
            const float u = cosf(angle) * (float)x + sinf(angle) * (float)y;
            const float v = cosf(angle) * (float)y - sinf(angle) * (float)x;
            uint8_t *px = j->canvas.px + 4 * (y * c.w + x);

            for (int k = 0; k < 3; k++) {
                const float phase = 6.2832F * (u / wave + bend * sinf(v / (4 * wave))) + 1.1F * (float)k;
                const float beat = cosf(phase) + 0.6F * cosf(6.2832F * v / second + 0.8F * (float)k);

                px[k] = (uint8_t)fminf(fmaxf((float)px[k] * (0.9F + depth * beat) + 12, 0), 255);
            }
        }
    c.blur = between(j, 0.5F, 1);
    cell_end(j, &c);
    j->format = ENCODE_JPEG;
}

const struct kind kinds_cells[] = {
    {"cell-stands", make_stands},     {"cell-thick", make_thick}, {"cell-cross", make_cross},
    {"cell-corner", make_corner},     {"cell-side", make_side},   {"cell-pale", make_pale},
    {"cell-askew", make_askew},       {"cell-comb", make_comb},   {"cell-neighbour", make_neighbour},
    {"cell-halftone", make_halftone}, {"cell-moire", make_moire}, {NULL, NULL},
};
