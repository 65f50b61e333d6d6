/* Digits in company, and digits that a pen, an edge or a size has made hard to put together: a ring or a box drawn by
 * hand around the digit, the neighbours on a counter's wheels or in a form, marks that people add, broken strokes. */
#include "kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct area {
    float x0, y0, x1, y1;
};

static struct area area_of(const uint8_t *ink, int w, int h)
{
    struct area a = {(float)w, (float)h, 0, 0};

    for (int i = 0; i < w * h; i++)
        if (ink[i] > 127) {
            const float x = (float)(i % w), y = (float)(i / w);

            a.x0 = fminf(a.x0, x);
            a.x1 = fmaxf(a.x1, x + 1);
            a.y0 = fminf(a.y0, y);
            a.y1 = fmaxf(a.y1, y + 1);
        }
    return a;
}

/* Ink onto paper: clean as a canvas, or as a scanner or a phone has it. free()s the ink. */
static void finish(struct job *j, uint8_t *ink, int w, int h)
{
    const float grey = between(j, 170, 250), angle = between(j, 0, 6.28F), dark = between(j, 0, 90);
    const uint32_t look = rng_below(&j->r, 4);
    struct scene s;

    scene_plain(&s, ink, w, h);
    if (look == 1)
        for (int k = 0; k < 3; k++) {
            s.paper[k] = dark / 3;
            s.pen[k] = grey;
        }
    if (look > 1) {
        for (int k = 0; k < 3; k++) {
            s.paper[k] = grey;
            s.pen[k] = dark;
        }
        s.fibre = between(j, 0, 3);
        s.light.fall = between(j, 0, 0.3F);
        s.light.dx = cosf(angle);
        s.light.dy = sinf(angle);
    }
    j->canvas = canvas_new(w, h);
    canvas_scene(&j->canvas, &s, &j->r);
    free(ink);
    if (look < 2)
        return;
    canvas_blur(&j->canvas, fminf(between(j, 0.3F, 1.2F), (float)w / 150));
    canvas_noise(&j->canvas, between(j, 0, 4), &j->r);
    j->format = ENCODE_JPEG;
    j->quality = between_int(j, 40, 92);
}

enum { RING_POINTS = 160 };

/* A line around: an oval by a hand that does not come back to where it began. half: from its middle, px. */
static void draw_ring(struct job *j, uint8_t *ink, int w, int h, const float middle[2], const float half[2],
                      float pen_px)
{
    const float from = between(j, -2.4F, -0.8F), sweep = 6.283F * between(j, 0.93F, 1.1F),
                drift = between(j, -0.06F, 0.06F);
    const float flat = between(j, -0.06F, 0.06F), lean = between(j, 0, 6.28F);
    struct pen_figure f = {.strokes = 1, .first = {0, RING_POINTS}};

    for (int i = 0; i < RING_POINTS; i++) {
        const float part = (float)i / (RING_POINTS - 1), a = from + sweep * part;
        const float r = 1 + drift * (part - 0.5F) + flat * cosf(2 * a + lean);

        f.p[i] = (struct pen_point){middle[0] + half[0] * r * cosf(a), middle[1] + half[1] * r * sinf(a), pen_px / 2};
    }
    pen_draw(&f, w, h, ink);
}

/* Four strokes by a free hand: askew, too long or too short. */
static void draw_box(struct job *j, uint8_t *ink, int w, int h, const float middle[2], const float half[2],
                     float pen_px)
{
    float corner[5][2];

    for (int k = 0; k < 4; k++) {
        corner[k][0] = middle[0] + half[0] * (k == 0 || k == 3 ? -1 : 1) * between(j, 0.94F, 1.08F);
        corner[k][1] = middle[1] + half[1] * (k < 2 ? -1 : 1) * between(j, 0.94F, 1.08F);
    }
    corner[4][0] = corner[0][0];
    corner[4][1] = corner[0][1];
    for (int k = 0; k < 4; k++) {
        const float over = between(j, -0.04F, 0.06F), dx = corner[k + 1][0] - corner[k][0];
        const float dy = corner[k + 1][1] - corner[k][1];
        const float a[2] = {corner[k][0] - over * dx, corner[k][1] - over * dy};

        draw_line(ink, w, h, a, corner[k + 1], pen_px, 1);
    }
}

/* Raster, digit and pen of a picture with something around the digit. */
struct middle {
    int w, h;
    float size, pen;
    uint8_t *ink;
    struct area at;
};

static struct middle digit_in_middle(struct job *j, float low, float high, float share_low, float share_high)
{
    struct middle m;
    const float side = between_log(j, low, high);

    m.w = (int)side;
    m.h = (int)(side * between(j, 0.85F, 1.2F));
    m.size = (float)(m.w < m.h ? m.w : m.h) * between(j, share_low, share_high);
    m.pen = fmaxf(m.size * between_log(j, 0.03F, 0.13F), 1.2F);
    m.ink = draw_digit(j, m.w, m.h, m.size, m.pen, PLACE_MIDDLE);
    m.at = area_of(m.ink, m.w, m.h);
    return m;
}

/* One in three is boxed; one in three is by a pen of another width. */
static void make_ringed(struct job *j)
{
    struct middle m = digit_in_middle(j, 70, 1200, 0.3F, 0.5F);
    const float pen = rng_below(&j->r, 3) ? m.pen : m.pen * between(j, 0.6F, 1.6F), room = between(j, 1.2F, 1.7F);
    const float width = m.at.x1 - m.at.x0, height = m.at.y1 - m.at.y0;
    const bool boxed = rng_below(&j->r, 3) == 0;
    const float aside = 0.05F * m.size * rng_signed(&j->r), down = 0.05F * m.size * rng_signed(&j->r);
    const float middle[2] = {(m.at.x0 + m.at.x1) / 2 + aside, (m.at.y0 + m.at.y1) / 2 + down};
    /* Round a narrow 1 too, hardly an oval. */
    const float half[2] = {room * fmaxf(width, 0.7F * height) / 2 + 1.2F * pen + 2, room * height / 2 + 1.2F * pen + 2};

    (boxed ? draw_box : draw_ring)(j, m.ink, m.w, m.h, middle, half, pen);
    finish(j, m.ink, m.w, m.h);
}

/* Lays another digit of the same writer over ink, dx, dy px beside the middle. */
static void add_neighbour(struct job *j, struct middle *m, int label, float dx, float dy)
{
    const int all = 3 * (m->w > m->h ? m->w : m->h), mine = j->label;
    struct area a;
    uint8_t *other;

    j->label = label;
    other = draw_digit(j, all, all, m->size, m->pen, PLACE_MIDDLE);
    j->label = mine;
    a = area_of(other, all, all);
    const int to_x = (int)((m->at.x0 + m->at.x1 - a.x0 - a.x1) / 2 + dx);
    const int to_y = (int)((m->at.y0 + m->at.y1 - a.y0 - a.y1) / 2 + dy);
    for (int i = 0; i < all * all; i++) {
        const int x = i % all + to_x, y = i / all + to_y;

        if (x >= 0 && y >= 0 && x < m->w && y < m->h && other[i] > m->ink[y * m->w + x])
            m->ink[y * m->w + x] = other[i];
    }
    free(other);
}

/* A counter's window: of the digits before and after on the wheel, up to half is in view, of one or of both. */
static void make_wheel(struct job *j)
{
    struct middle m = digit_in_middle(j, 60, 500, 0.4F, 0.52F);
    const float up = between(j, 0.05F, 0.5F), low = between(j, 0.05F, 0.5F), apart = m.size * between(j, 1.12F, 1.3F);
    const float middle = (m.at.y0 + m.at.y1) / 2;
    const uint32_t which = rng_below(&j->r, 3);

    /* So much of each is seen, unless it would touch the digit. */
    if (which != 1)
        add_neighbour(j, &m, (j->label + 9) % 10, 0, -fmaxf(apart, middle + (0.5F - up) * m.size));
    if (which != 2)
        add_neighbour(j, &m, (j->label + 1) % 10, 0, fmaxf(apart, (float)m.h - middle + (0.5F - low) * m.size));
    finish(j, m.ink, m.w, m.h);
}

/* A digit cut from a row: up to half of the ones to the left and right. */
static void make_beside(struct job *j)
{
    struct middle m = digit_in_middle(j, 50, 500, 0.55F, 0.62F);
    const uint32_t which = rng_below(&j->r, 3), before = rng_below(&j->r, 10), after = rng_below(&j->r, 10);
    const float left = between(j, 0.35F, 0.55F) * (float)m.w, right = between(j, 0.35F, 0.55F) * (float)m.w;
    const float clear = (m.at.x1 - m.at.x0) / 2 + 0.5F * m.size + m.pen;

    if (which != 1)
        add_neighbour(j, &m, (int)before, -fmaxf(left + (m.at.x0 + m.at.x1 - (float)m.w) / 2, clear), 0);
    if (which != 2)
        add_neighbour(j, &m, (int)after, fmaxf(right - (m.at.x0 + m.at.x1 - (float)m.w) / 2, clear), 0);
    finish(j, m.ink, m.w, m.h);
}

static void draw_dot(struct job *j, struct middle *m)
{
    const float x = m->at.x1 + m->pen * between(j, 1.8F, 3), y = m->at.y1 - m->pen * between(j, 0, 0.8F);
    const float at[2] = {x, y};

    draw_line(m->ink, m->w, m->h, at, at, m->pen * between(j, 1, 1.4F), 1);
}

static void draw_underline(struct job *j, struct middle *m)
{
    const float y = m->at.y1 + m->size * between(j, 0.08F, 0.25F) + 1.2F * m->pen,
                over = m->size * between(j, 0, 0.25F);
    const float lean = m->size * between(j, -0.06F, 0.06F), width = fmaxf(m->at.x1 - m->at.x0, 0.5F * m->size);
    const float middle = (m->at.x0 + m->at.x1) / 2;
    const float a[2] = {middle - width / 2 - over, y + fabsf(lean)},
                b[2] = {middle + width / 2 + over, y + fabsf(lean) + lean};

    draw_line(m->ink, m->w, m->h, a, b, m->pen, 1);
}

static void draw_brackets(struct job *j, struct middle *m)
{
    const float off = m->size * between(j, 0.08F, 0.3F) + m->pen, bow = m->size * between(j, 0.12F, 0.22F);
    const float y = (m->at.y0 + m->at.y1) / 2, half = m->size * between(j, 0.5F, 0.65F);

    for (int side = -1; side < 2; side += 2) {
        const float x = (side < 0 ? m->at.x0 : m->at.x1) + (float)side * off;
        struct pen_figure f = {.strokes = 1, .first = {0, RING_POINTS}};

        for (int i = 0; i < RING_POINTS; i++) {
            const float v = 2 * (float)i / (RING_POINTS - 1) - 1;

            f.p[i] = (struct pen_point){x + (float)side * bow * (1 - v * v), y + half * v, m->pen / 2};
        }
        pen_draw(&f, m->w, m->h, m->ink);
    }
}

/* 7. and (3) and what is underlined. */
static void make_marked(struct job *j)
{
    struct middle m = digit_in_middle(j, 80, 900, 0.35F, 0.55F);
    static void (*const marks[])(struct job *, struct middle *) = {draw_dot, draw_underline, draw_brackets};

    marks[j->number / 10 % 3](j, &m);
    finish(j, m.ink, m.w, m.h);
}

/* A pen that skipped: up to four gaps, each up to twice as long as the pen is wide. */
static void make_broken(struct job *j)
{
    struct middle m = digit_in_middle(j, 90, 900, 0.45F, 0.85F);
    const int n = m.w * m.h, gaps = between_int(j, 1, 4);
    uint8_t *skip = need((size_t)n);

    for (int k = 0; k < gaps; k++) {
        int at;

        do
            at = rng_index(&j->r, n);
        while (m.ink[at] < 200);
        const float p[2] = {(float)(at % m.w), (float)(at / m.w)};

        draw_line(skip, m.w, m.h, p, p, m.pen * between(j, 1.3F, 2.2F), 1);
    }
    for (int i = 0; i < n; i++)
        m.ink[i] = (uint8_t)(m.ink[i] * (255 - skip[i]) / 255);
    free(skip);
    finish(j, m.ink, m.w, m.h);
}

/* Written in dots or dashes, as a tracing book has it, or with an empty pencil. */
static void make_dotted(struct job *j)
{
    struct middle m = digit_in_middle(j, 120, 900, 0.45F, 0.85F);
    const float step = m.pen * between(j, 1.6F, 2.4F), dash = m.pen * (rng_below(&j->r, 2) ? 0 : between(j, 0.4F, 2));
    struct pen_figure f;
    float box[4], gone = 0;

    memset(m.ink, 0, (size_t)m.w * (size_t)m.h);
    if (writer_write(&j->writer, j->label, &j->r, &f) != OK)
        die("digits", "a skeleton cannot be drawn");
    pen_box(&f, box);
    pen_move(&f, m.size / fmaxf(box[2] - box[0], box[3] - box[1]), 0, 0, 1);
    pen_box(&f, box);
    pen_move(&f, 1, (float)m.w / 2 - (box[0] + box[2]) / 2, (float)m.h / 2 - (box[1] + box[3]) / 2, 1);
    for (int k = 0; k < f.strokes; k++)
        for (int i = f.first[k]; i + 1 < f.first[k + 1]; i++) {
            const struct pen_point *a = &f.p[i], *b = a + 1;
            const float length = hypotf(b->x - a->x, b->y - a->y);

            for (float at = 0; at < length; at += 0.5F) {
                const float p[2] = {a->x + (b->x - a->x) * at / length, a->y + (b->y - a->y) * at / length};

                gone = gone + 0.5F > step + dash ? 0 : gone + 0.5F;
                if (gone <= dash)
                    draw_line(m.ink, m.w, m.h, p, p, m.pen, 1);
            }
        }
    finish(j, m.ink, m.w, m.h);
}

/* A hand that writes narrow digits, with a fine pen or a fat one: hooks and loops have little room. */
static void make_narrow(struct job *j)
{
    const float side = between_log(j, 160, 900), size = side * between(j, 0.4F, 0.9F);
    const float pen = fmaxf(size * (rng_below(&j->r, 2) ? between_log(j, 0.006F, 0.03F) : between(j, 0.08F, 0.13F)), 1);

    j->writer.hand.width *= between(j, 0.45F, 0.65F);
    finish(j, draw_digit(j, (int)side, (int)side, size, pen, PLACE_ANYWHERE), (int)side, (int)side);
}

/* The border cuts off a part of the digit. */
static void make_cut(struct job *j)
{
    struct middle m = digit_in_middle(j, 100, 800, 0.6F, 0.8F);
    const float off = between(j, 0.04F, 0.12F) * m.size;
    const uint32_t side = rng_below(&j->r, 4);
    const int dx = (int)(side == 0 ? -m.at.x0 - off : side == 1 ? (float)m.w - m.at.x1 + off : 0);
    const int dy = (int)(side == 2 ? -m.at.y0 - off : side == 3 ? (float)m.h - m.at.y1 + off : 0);
    uint8_t *ink = need((size_t)m.w * (size_t)m.h);

    for (int y = 0; y < m.h; y++)
        for (int x = 0; x < m.w; x++)
            if (x - dx >= 0 && x - dx < m.w && y - dy >= 0 && y - dy < m.h)
                ink[y * m.w + x] = m.ink[(y - dy) * m.w + x - dx];
    free(m.ink);
    finish(j, ink, m.w, m.h);
}

/* Twice as wide or half as wide as a hand writes. */
static void make_long(struct job *j)
{
    const float side = between_log(j, 120, 900), size = side * between(j, 0.5F, 0.9F);
    const float pen = fmaxf(size * between_log(j, 0.02F, 0.09F), 1);

    j->writer.hand.width *= rng_below(&j->r, 2) ? between(j, 1.6F, 2.2F) : between(j, 0.35F, 0.5F);
    finish(j, draw_digit(j, (int)side, (int)side, size, pen, PLACE_ANYWHERE), (int)side, (int)side);
}

/* Digits of 7 to 11 px in a picture that is little larger, or much larger. */
static void make_minute(struct job *j)
{
    const float size = between(j, 7, 11), side = rng_below(&j->r, 2) ? between(j, 12, 24) : between_log(j, 40, 300);

    finish(j, draw_digit(j, (int)side, (int)side, size, between(j, 1, 1.5F), PLACE_MIDDLE), (int)side, (int)side);
}

const struct kind kinds_company[] = {
    {"ringed", make_ringed},
    {"wheel", make_wheel},
    {"beside", make_beside},
    {"marked", make_marked},
    {"broken", make_broken},
    {"dotted", make_dotted},
    {"narrow", make_narrow},
    {"cut", make_cut},
    {"long", make_long},
    {"minute", make_minute},
    {NULL, NULL},
};
