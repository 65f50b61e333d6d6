/* Pictures behind a lens or from a scanner: paper of some colour, lines printed on it, light from one side, noise,
 * JPEG. */
#include "kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A photo being set up: the scene, and what comes after the lens. */
struct photo {
    struct scene scene;
    uint8_t *ink;
    int w, h;    /* of the picture; the paper is as large */
    float digit; /* px */
    float blur, noise;
};

static void set_rgb(float to[3], float r, float g, float b)
{
    to[0] = r;
    to[1] = g;
    to[2] = b;
}

/* base, and up to spread more of each channel. */
static void vary_rgb(struct job *j, float to[3], float r, float g, float b, float spread)
{
    between_each(j, to, 0, spread);
    to[0] += r;
    to[1] += g;
    to[2] += b;
}

/* Where the camera is. It steps back until the whole digit is in the picture. */
static void look(struct job *j, struct photo *p, float turn_most, float tilt_most, float zoom_low, float zoom_high)
{
    const float turn = between(j, -turn_most, turn_most), tilt_x = between(j, -tilt_most, tilt_most);
    const float tilt_y = between(j, -tilt_most, tilt_most);

    scene_view_whole(&p->scene, p->w, p->h, turn, tilt_x, tilt_y, between(j, zoom_low, zoom_high));
}

/* Paper under a lamp. pen: shares of the digit's size. */
static void photo_begin(struct job *j, struct photo *p, const float size[2], const float pen[2], enum place place)
{
    const bool upright = rng_below(&j->r, 2);
    const float side = between_log(j, 240, 720), angle = between(j, 0, 6.28F), grey = between(j, 185, 245);

    p->w = (int)(upright ? side * 0.75F : side);
    p->h = (int)(upright ? side : side * 0.75F);
    p->digit = 0.75F * side * between(j, size[0], size[1]);
    p->ink = draw_digit(j, p->w, p->h, p->digit, fmaxf(p->digit * between(j, pen[0], pen[1]), 1.2F), place);
    scene_plain(&p->scene, p->ink, p->w, p->h);
    vary_rgb(j, p->scene.paper, grey, grey - 4, grey - 10, 10);
    vary_rgb(j, p->scene.pen, 10, 10, 10, 50);
    p->scene.opacity = between(j, 0.8F, 1);
    p->scene.fibre = between(j, 0, 3);
    look(j, p, 0.12F, 0.3F, 0.95F, 1.2F);
    p->scene.light.fall = between(j, 0, 0.5F);
    p->scene.light.dx = cosf(angle);
    p->scene.light.dy = sinf(angle);
    p->scene.light.vignette = between(j, 0, 0.35F);
    for (int k = 0; k < 3; k++)
        p->scene.light.cast[k] = between(j, -0.08F, 0.02F);
    p->blur = between(j, 0.4F, 1.3F);
    p->noise = between(j, 1, 6);
}

static void photo_end(struct job *j, struct photo *p)
{
    j->canvas = canvas_new(p->w, p->h);
    canvas_scene(&j->canvas, &p->scene, &j->r);
    canvas_blur(&j->canvas, p->blur);
    canvas_noise(&j->canvas, p->noise, &j->r);
    j->format = ENCODE_JPEG;
    j->quality = between_int(j, 30, 90);
    free(p->ink);
}

static const float usual_size[2] = {0.3F, 0.75F}, usual_pen[2] = {0.04F, 0.13F};

static void blue_pen(struct job *j, struct photo *p)
{
    vary_rgb(j, p->scene.pen, 20, 30, 125, 55);
}

static void make_photo(struct job *j)
{
    struct photo p;

    photo_begin(j, &p, usual_size, usual_pen, PLACE_ANYWHERE);
    if (rng_below(&j->r, 3) == 0)
        blue_pen(j, &p);
    photo_end(j, &p);
}

/* A marker, 11 to 18 % of the shorter side thick, in poor light. */
static void make_photo_fat(struct job *j)
{
    struct photo p;

    photo_begin(j, &p, (float[]){0.75F, 0.92F}, (float[]){0.15F, 0.2F}, PLACE_MIDDLE);
    p.scene.light.fall += 0.1F;
    photo_end(j, &p);
}

/* Cut out at the ink, as somebody's own program does it, light or dark, in uneven light. */
static void make_cropped(struct job *j)
{
    const int side = between_int(j, 80, 400), all = 2 * side;
    const float angle = between(j, 0, 6.28F), light = between(j, 200, 250), dark = between(j, 10, 70);
    const bool negative = rng_below(&j->r, 2);
    uint8_t *ink = draw_digit(j, all, all, (float)side, (float)side * between(j, 0.05F, 0.2F), PLACE_MIDDLE);
    int x0 = all, y0 = all, x1 = 0, y1 = 0;
    struct scene s;

    for (int i = 0; i < all * all; i++)
        if (ink[i] > 127) {
            x0 = i % all < x0 ? i % all : x0;
            x1 = i % all > x1 ? i % all : x1;
            y0 = i / all < y0 ? i / all : y0;
            y1 = i / all;
        }
    for (int y = y0; y <= y1; y++)
        memmove(ink + (y - y0) * (x1 - x0 + 1), ink + y * all + x0, (size_t)(x1 - x0 + 1));
    scene_plain(&s, ink, x1 - x0 + 1, y1 - y0 + 1);
    set_rgb(s.paper, negative ? dark : light, negative ? dark : light, negative ? dark : light);
    set_rgb(s.pen, negative ? light : dark, negative ? light : dark, negative ? light : dark);
    s.light.fall = between(j, 0, 0.4F);
    s.light.dx = cosf(angle);
    s.light.dy = sinf(angle);
    j->canvas = canvas_new(s.ink_w, s.ink_h);
    canvas_scene(&j->canvas, &s, &j->r);
    canvas_noise(&j->canvas, between(j, 0, 3), &j->r);
    free(ink);
    j->format = rng_below(&j->r, 2) ? ENCODE_PNG : ENCODE_JPEG;
    j->quality = between_int(j, 50, 92);
}

/* Grey, brown, yellow or pink paper in poor light. */
static void make_tinted(struct job *j)
{
    static const float tints[][3] = {
        {150, 150, 148}, {190, 150, 105}, {170, 130, 90}, {240, 225, 120}, {240, 190, 200}};
    struct photo p;

    photo_begin(j, &p, usual_size, usual_pen, PLACE_ANYWHERE);
    memcpy(p.scene.paper, tints[j->number / 10 % 5], sizeof(p.scene.paper));
    p.scene.fibre = between(j, 2, 7);
    if (rng_below(&j->r, 2))
        blue_pen(j, &p);
    photo_end(j, &p);
}

static void cast_shadow(struct job *j, struct photo *p, float angle)
{
    struct light *l = &p->scene.light;

    l->shadow = between(j, 0.25F, 0.55F);
    l->shadow_x = cosf(angle);
    l->shadow_y = sinf(angle);
    const float at_x = between(j, 0.25F, 0.75F), at_y = between(j, 0.25F, 0.75F);

    l->shadow_at = l->shadow_x * (float)p->w * at_x + l->shadow_y * (float)p->h * at_y;
    l->shadow_soft = between_log(j, 2, 60);
    l->fall /= 2;
}

/* The edge of a shadow (a hand's, the phone's) across the digit or beside it. */
static void make_shadow(struct job *j)
{
    const float angle = between(j, 0, 6.28F);
    struct photo p;

    photo_begin(j, &p, usual_size, usual_pen, PLACE_ANYWHERE);
    cast_shadow(j, &p, angle);
    photo_end(j, &p);
}

/* Lines of an exercise book: written between two of them, or over several. */
static void rule(struct job *j, struct photo *p, bool squared)
{
    static const float colours[][3] = {{120, 150, 200}, {150, 150, 155}, {200, 150, 150}, {110, 170, 175}};
    struct ruling *l = &p->scene.ruling;

    l->pitch_y = p->digit * (squared ? between(j, 0.3F, 1.1F) : between(j, 0.5F, 1.6F));
    l->pitch_x = squared ? l->pitch_y : 0;
    l->phase_x = between(j, 0, p->digit);
    l->phase_y = between(j, 0, p->digit);
    l->width = fmaxf(p->digit * between(j, 0.006F, 0.02F), 0.8F);
    l->share = between(j, 0.35F, 0.9F);
    memcpy(l->rgb, colours[rng_below(&j->r, 4)], sizeof(l->rgb));
}

static void make_lined(struct job *j, bool squared)
{
    struct photo p;

    photo_begin(j, &p, (float[]){0.25F, 0.6F}, (float[]){0.06F, 0.13F}, PLACE_ANYWHERE);
    p.scene.opacity = between(j, 0.9F, 1);
    rule(j, &p, squared);
    if (rng_below(&j->r, 2))
        blue_pen(j, &p);
    photo_end(j, &p);
}

static void make_ruled(struct job *j)
{
    make_lined(j, false);
}

static void make_squared(struct job *j)
{
    make_lined(j, true);
}

/* Thin, grey, broken by the paper's grain. */
static void make_pencil(struct job *j)
{
    const float grey = between(j, 60, 110);
    struct photo p;

    photo_begin(j, &p, usual_size, (float[]){0.025F, 0.07F}, PLACE_ANYWHERE);
    set_rgb(p.scene.pen, grey, grey, grey + 4);
    p.scene.rough = between(j, 0.2F, 0.6F);
    p.scene.opacity = between(j, 0.7F, 0.95F);
    p.scene.light.fall *= 0.7F;
    photo_end(j, &p);
}

/* A slip of paper on a table: its edges are in the picture. */
static void make_slip(struct job *j)
{
    static const float tables[][3] = {{60, 40, 25}, {120, 85, 55}, {35, 35, 40}, {95, 100, 105}, {150, 115, 80}};
    struct photo p;

    photo_begin(j, &p, (float[]){0.45F, 0.75F}, usual_pen, PLACE_MIDDLE);
    p.scene.endless = false;
    memcpy(p.scene.table, tables[rng_below(&j->r, 5)], sizeof(p.scene.table));
    look(j, &p, 0.15F, 0.25F, 0.75F, 0.92F);
    photo_end(j, &p);
}

/* The same from further away, on a darker table, half of them with a shadow across. */
static void make_desk(struct job *j)
{
    static const float tables[][3] = {{60, 40, 25}, {95, 65, 40}, {30, 30, 32}, {45, 50, 60}};
    struct photo p;

    photo_begin(j, &p, (float[]){0.35F, 0.75F}, usual_pen, PLACE_MIDDLE);
    p.scene.endless = false;
    memcpy(p.scene.table, tables[rng_below(&j->r, 4)], sizeof(p.scene.table));
    if (rng_below(&j->r, 2))
        cast_shadow(j, &p, between(j, 0, 6.28F));
    look(j, &p, 0.15F, 0.2F, 0.55F, 0.75F);
    photo_end(j, &p);
}

/* A phone that was held sideways or upside down and says so in EXIF. */
static void make_turned(struct job *j)
{
    static const int orientations[4] = {1, 8, 3, 6}; /* that undo 0 to 3 quarters clockwise */
    const int quarters = 1 + j->number % 3;
    struct photo p;

    photo_begin(j, &p, usual_size, usual_pen, PLACE_ANYWHERE);
    photo_end(j, &p);
    canvas_turn(&j->canvas, quarters);
    j->orientation = orientations[quarters];
}

/* Chalk on a green or black board, marker on a white one. */
static void make_board(struct job *j)
{
    static const float boards[][3] = {{40, 80, 60}, {35, 38, 40}, {235, 238, 240}};
    static const float markers[][3] = {{20, 20, 25}, {190, 30, 35}, {25, 60, 170}, {20, 120, 60}};
    const uint32_t board = rng_below(&j->r, 3);
    struct photo p;

    photo_begin(j, &p, usual_size, (float[]){0.05F, 0.12F}, PLACE_ANYWHERE);
    memcpy(p.scene.paper, boards[board], sizeof(p.scene.paper));
    memcpy(p.scene.pen, markers[rng_below(&j->r, 4)], sizeof(p.scene.pen));
    if (board < 2) {
        set_rgb(p.scene.pen, 230, 230, 222);
        p.scene.rough = between(j, 0.2F, 0.6F);
        p.scene.fibre = between(j, 2, 8);
    }
    photo_end(j, &p);
}

/* --- scans ----------------------------------------------------------------------------------------------------------
 */

enum cut { CUT_CLEAN, CUT_LINES, CUT_PARTS };

/* One side of the cell, in a raster that is `margin` px larger than the picture on each side: whole, or a part of it.
 */
static void draw_cell_side(struct job *j, uint8_t *ink, int w, int h, int margin, int side, bool whole, float width,
                           float share)
{
    const float inset = (float)margin + (float)(w - 2 * margin) * between(j, 0, 0.05F);
    const float length = (float)(side & 1 ? h : w), from = whole ? 0 : length * between(j, 0, 0.6F);
    const float to = whole ? length : from + length * between(j, 0.15F, 0.5F);
    const float across = side < 2 ? inset : (float)(side & 1 ? w : h) - inset;
    float a[2] = {from, across}, b[2] = {to, across};

    if (side & 1) {
        a[0] = b[0] = across;
        a[1] = from;
        b[1] = to;
    }
    draw_line(ink, w, h, a, b, width, share);
}

static void draw_specks(struct job *j, uint8_t *ink, int w, int h, int n)
{
    for (int i = 0; i < n; i++) {
        const float x = between(j, 0, (float)w), y = between(j, 0, (float)h), width = between(j, 1, 2.5F);
        const float at[2] = {x, y};

        draw_line(ink, w, h, at, at, width, between(j, 0.4F, 1));
    }
}

/* Black and white alone, as many scanners save. */
static void to_two_levels(struct canvas *c, int limit)
{
    for (size_t i = 0; i < 4 * (size_t)c->w * (size_t)c->h; i++)
        if (i % 4 != 3)
            c->px[i] = c->px[i] < limit ? 0 : 255;
}

/* A cell cut from a form: 60 to 260 px, a little askew. */
static void scan(struct job *j, enum cut cut)
{
    const int w = (int)between_log(j, 60, 260), h = (int)((float)w * between(j, 0.9F, 1.4F)), margin = 2 + w / 12;
    const int raster_w = w + 2 * margin, raster_h = h + 2 * margin, sides = 1 + rng_index(&j->r, 15);
    const float size = (float)(w < h ? w : h) * between(j, 0.5F, 0.85F), pen = size * between(j, 0.05F, 0.13F);
    const float width = fmaxf((float)w * between(j, 0.008F, 0.03F), 1), share = between(j, 0.5F, 1);
    struct scene s;
    uint8_t *ink = draw_digit(j, raster_w, raster_h, size, fmaxf(pen, 1.2F), PLACE_MIDDLE);

    for (int k = 0; k < 4 && cut != CUT_CLEAN; k++)
        if (sides >> k & 1)
            draw_cell_side(j, ink, raster_w, raster_h, margin, k, cut == CUT_LINES, width, share);
    draw_specks(j, ink, raster_w, raster_h, between_int(j, 0, cut == CUT_LINES ? 3 : 10));
    scene_plain(&s, ink, raster_w, raster_h);
    s.fibre = between(j, 0, 3);
    vary_rgb(j, s.pen, 10, 10, 20, 60);
    vary_rgb(j, s.paper, 238, 238, 232, 15);
    scene_view(&s, w, h, between(j, -0.035F, 0.035F), 0, 0, 1);
    j->canvas = canvas_new(w, h);
    canvas_scene(&j->canvas, &s, &j->r);
    canvas_blur(&j->canvas, between(j, 0, 0.9F));
    canvas_noise(&j->canvas, between(j, 0, 4), &j->r);
    free(ink);
    j->format = rng_below(&j->r, 2) ? ENCODE_PNG : ENCODE_JPEG;
    j->quality = between_int(j, 50, 92);
    if (rng_below(&j->r, 4) == 0) {
        to_two_levels(&j->canvas, between_int(j, 130, 200));
        j->format = ENCODE_PNG;
    }
}

static void make_scan(struct job *j)
{
    scan(j, CUT_CLEAN);
}

static void make_scan_lines(struct job *j)
{
    scan(j, CUT_LINES);
}

static void make_scan_parts(struct job *j)
{
    scan(j, CUT_PARTS);
}

const struct kind kinds_photographed[] = {
    {"photo", make_photo},           {"photo-fat", make_photo_fat},
    {"cropped", make_cropped},       {"photo-tinted", make_tinted},
    {"photo-shadow", make_shadow},   {"photo-ruled", make_ruled},
    {"photo-squared", make_squared}, {"photo-pencil", make_pencil},
    {"photo-slip", make_slip},       {"photo-turned", make_turned},
    {"board", make_board},           {"scan", make_scan},
    {"scan-lines", make_scan_lines}, {"scan-parts", make_scan_parts},
    {"photo-desk", make_desk},       {NULL, NULL},
};
