/* What people send, as near as a program comes to it: numbers in any hand on any paper, with letters, scratched-out
 * digits, specks and underlines beside them that are not to be read; and pictures without a digit. The fit learns from
 * these what a reading has to leave out.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

/* Scratched out: back and forth, or crossed. */
static const char *const scratches[] = {"M-6 20 L96 6 L0 40 L100 30 L-4 62 L98 54 L2 84 L102 78 L10 100",
                                        "M-10 4 L104 96 M100 0 L-6 98 M-8 50 L108 46",
                                        "M-8 30 L108 22 M-10 50 L110 44 M-8 72 L108 64",
                                        "M0 50 S20 0 40 60 30 90 50 20 70 0 60 80 84 90 80 20 100 40 96 70",
                                        "M-12 96 L30 4 L24 98 L64 2 L58 98 L96 4 L100 96"};

static const char *any_of(struct number *n, const char *const *list, uint32_t count)
{
    return list[rng_below(&n->job.r, count)];
}

static bool chance(struct number *n, uint32_t percent)
{
    return rng_below(&n->job.r, 100) < percent;
}

static char any_digit(struct number *n)
{
    return (char)('0' + rng_below(&n->job.r, 10));
}

/* ---- numbers ---- */

/* How a person spaces and sizes digits. */
struct manner {
    float gap[2], size[2];
    uint32_t touching; /* of 100 pairs */
};

static struct manner manner_make(struct number *n)
{
    static const float gaps[][2] = {{3, 9}, {1, 5}, {0, 3}, {4, 12}};
    const float *gap = gaps[rng_below(&n->job.r, 4)];
    struct manner m = {{gap[0], gap[1]}, {1, 1}, 0};

    if (chance(n, 35))
        m.touching = 10 + rng_below(&n->job.r, 50);
    if (chance(n, 60)) {
        m.size[0] = between(&n->job, 0.65F, 1);
        m.size[1] = 1 / m.size[0];
    }
    return m;
}

static void put_digit(struct number *n, const struct manner *m, char c)
{
    const bool first = n->n == n->begun || n->g[n->n - 1].c == '\0';

    if (!first && c >= '0' && c <= '9' && chance(n, m->touching)) {
        number_touch(n, c, n->scale * between(&n->job, 0, 2));
    } else {
        const float size = between_log(&n->job, m->size[0], m->size[1]);

        number_put(n, c, n->scale * between(&n->job, m->gap[0], m->gap[1]), size);
    }
}

/* A word, or a sign: before the number or behind it. */
static void put_word(struct number *n)
{
    const int length = chance(n, 30) ? 1 : between_int(&n->job, 1, 4);
    const float size = between(&n->job, 0.7F, 1.1F);
    float gap = n->scale * between(&n->job, 5, 18);

    if (chance(n, 35)) {
        number_put_other(n, any_of(n, number_signs, NUMBER_SIGNS), gap, size);
        return;
    }
    for (int i = 0; i < length; i++) {
        number_put_other(n, any_of(n, number_letters, NUMBER_LETTERS), gap, size);
        gap = n->scale * between(&n->job, 0, 6);
    }
}

/* A digit that was scratched out. */
static void put_scratched(struct number *n)
{
    const float gap = n->scale * between(&n->job, 4, 10);
    struct glyph *g;

    number_put_other(n, n->job.writer.skeleton[rng_below(&n->job.r, 10)], gap, 1);
    g = &n->g[n->n - 1];
    const int x = g->x, y = g->y;
    const float size = between(&n->job, 0.9F, 1.2F);
    number_put_other(n, any_of(n, scratches, sizeof(scratches) / sizeof(*scratches)), 0, size);
    g = &n->g[n->n - 1];
    g->x = x - (int)(n->scale * between(&n->job, 0, 4));
    g->y = y + (int)(n->scale * between(&n->job, -2, 2));
}

static void write_line(struct number *n, const struct manner *m, bool company)
{
    const int length = number_length(n);
    char text[DIGITS_MAX * 2 + 1];

    if (company && chance(n, 25))
        put_word(n);
    if (company && chance(n, 12))
        put_scratched(n);
    if (chance(n, 20)) {
        number_text(n, text);
        for (const char *c = text; *c; c++)
            put_digit(n, m, *c);
    } else {
        for (int i = 0; i < length; i++)
            put_digit(n, m, any_digit(n));
    }
    if (company && chance(n, 12))
        put_scratched(n);
    if (company && chance(n, 45))
        put_word(n);
}

/* A line drawn by hand under what the row holds, or through cells; now and then two. */
static void underline(struct number *n, float low)
{
    const float left = -n->scale * between(&n->job, 0, 10),
                right = number_right(n) + n->scale * between(&n->job, 0, 10);
    const float y = low + n->scale * between(&n->job, 2.5F, 7), tilt = n->scale * between(&n->job, -2, 2);

    for (uint32_t k = 0; k <= rng_below(&n->job.r, 4) / 3; k++)
        number_line(n, left, y + 4 * n->scale * (float)k, right, y + tilt + 4 * n->scale * (float)k, n->pen, 1);
}

/* Dust and dirt: dots that are finer than the pen. */
static void add_specks(struct number *n)
{
    const int count = between_int(&n->job, 3, 40);

    for (int i = 0; i < count; i++) {
        const float x = between(&n->job, 2, (float)n->w - 3), y = between(&n->job, 2, (float)n->h - 3);
        struct pen_figure f = {.strokes = 1, .first = {0, 2}};

        f.p[0] = (struct pen_point){x, y, n->pen * between(&n->job, 0.08F, 0.3F)};
        f.p[1] = f.p[0];
        f.p[1].x += between(&n->job, 0, 0.3F) * n->pen;
        pen_draw(&f, n->w, n->h, n->ink);
    }
}

/* As a fax or a copier leaves it: two tones, and the noise becomes specks and ragged edges. */
static void to_two_tones(struct number *n)
{
    const struct canvas *c = &n->job.canvas;
    const size_t size = (size_t)c->w * (size_t)c->h;
    double sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += c->px[4 * i + 1];
    const double at = sum / (double)size * (double)between(&n->job, 0.62F, 0.8F);
    for (size_t i = 0; i < size; i++)
        memset(c->px + 4 * i, c->px[4 * i + 1] < at ? 0 : 255, 3);
    n->job.format = ENCODE_PNG;
}

static void picture(struct number *n, bool camera)
{
    static const float colours[][3] = {{140, 165, 205}, {165, 165, 165}, {205, 150, 150}};
    struct ruling ruling = {0};
    struct job *j = &n->job;

    if (chance(n, 30))
        add_specks(n);
    if (!camera) {
        number_screen(n);
        return;
    }
    ruling.pitch_y = n->scale * between(j, 22, 44);
    ruling.pitch_x = chance(n, 40) ? ruling.pitch_y : 0;
    ruling.phase_x = between(j, 0, ruling.pitch_y);
    ruling.phase_y = between(j, 0, ruling.pitch_y);
    ruling.width = fmaxf(n->scale * between(j, 0.2F, 0.7F), 1);
    ruling.share = between(j, 0.3F, 0.9F);
    memcpy(ruling.rgb, colours[rng_below(&j->r, 3)], sizeof(ruling.rgb));
    const float askew = chance(n, 50) ? 1 : 0.3F;
    number_photo(n, chance(n, 30) ? &ruling : NULL, askew);
    if (chance(n, 12))
        to_two_tones(n);
}

static bool begin(struct number *n)
{
    static const enum hand hands[] = {HAND_MNIST, HAND_MNIST, HAND_CONTINENTAL, HAND_ENGLISH, HAND_ANY, HAND_ANY};
    const bool camera = chance(n, 50);

    n->hand = hands[rng_below(&n->job.r, 6)];
    number_begin(n, camera ? between_log(&n->job, 2, 8) : chance(n, 75) ? between_log(&n->job, 1, 8) : 1);
    return camera;
}

static void lay(struct number *n)
{
    float margin[4];

    for (int k = 0; k < 4; k++)
        margin[k] = n->scale * between_log(&n->job, 3, 40);
    number_lay(n, margin);
}

void number_make_hands(struct number *n)
{
    const bool camera = begin(n);
    const bool company = chance(n, 50), lined = chance(n, 15);
    const int rows = chance(n, 70) ? 1 : between_int(&n->job, 2, 5);
    const float pitch = n->scale * between(&n->job, 30, 48);
    const struct manner m = manner_make(n);

    n->turn = chance(n, 50) ? 0.15F : 0;
    n->slope = between(&n->job, -0.07F, 0.07F);
    n->drift = n->scale * between(&n->job, 0, 3);
    n->wave = n->scale * between(&n->job, 12, 40);
    n->phase = between(&n->job, 0, 6.28F);
    for (int i = 0; i < rows; i++) {
        number_row(n, pitch * (float)i);
        write_line(n, &m, company);
        if (lined && n->hand != HAND_CONTINENTAL && n->slope > -0.02F && n->slope < 0.02F)
            underline(n, pitch * (float)i + n->drift);
    }
    lay(n);
    picture(n, camera);
}

/* ---- nothing ---- */

static void sheet(struct number *n, int w, int h)
{
    n->w = w;
    n->h = h;
    n->ink = need((size_t)w * (size_t)h);
}

static void fill(struct number *n, float x0, float y0, float x1, float y1)
{
    for (int y = (int)fmaxf(y0, 0); y < (int)y1 && y < n->h; y++)
        for (int x = (int)fmaxf(x0, 0); x < (int)x1 && x < n->w; x++)
            n->ink[(size_t)y * (size_t)n->w + (size_t)x] = 255;
}

/* Black modules by lot, with the three eyes of a QR code. */
static void make_code(struct number *n)
{
    const int side = between_int(&n->job, 17, 41), module = between_int(&n->job, 2, 9), edge = 3 * module;
    const int eyes[3][2] = {{0, 0}, {side - 7, 0}, {0, side - 7}};
    const float m = (float)module, e = (float)edge;

    sheet(n, side * module + 2 * edge, side * module + 2 * edge);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            if (chance(n, 48))
                fill(n, e + m * (float)x, e + m * (float)y, e + m * (float)(x + 1), e + m * (float)(y + 1));
    for (int k = 0; k < 3; k++)
        for (int y = -1; y < 8; y++)
            for (int x = -1; x < 8; x++) {
                const int ring = abs(x - 3) > abs(y - 3) ? abs(x - 3) : abs(y - 3);
                const int px = edge + module * (eyes[k][0] + x), py = edge + module * (eyes[k][1] + y);

                for (int i = 0; i < module * module; i++) {
                    const int at_x = px + i % module, at_y = py + i / module;

                    if (at_x >= 0 && at_y >= 0 && at_x < n->w && at_y < n->h)
                        n->ink[at_y * n->w + at_x] = ring <= 1 || ring == 3 ? 255 : 0;
                }
            }
}

static void make_checkers(struct number *n)
{
    const int side = between_int(&n->job, 4, 14), field = between_int(&n->job, 6, 40);

    sheet(n, side * field + 20, side * field + 20);
    for (int i = 0; i < side * side; i++) {
        const float x = (float)(10 + i % side * field), y = (float)(10 + i / side * field);

        if ((i % side + i / side) % 2)
            fill(n, x, y, x + (float)field, y + (float)field);
    }
}

static void draw_at(struct number *n, const char *skeleton, float x, float y, float size, float radius)
{
    struct pen_figure f;

    if (pen_write(skeleton, &n->job.writer.hand, &n->job.r, &f) != OK)
        die("numbers", "a skeleton cannot be drawn");
    pen_move(&f, size, x, y, radius);
    pen_draw(&f, n->w, n->h, n->ink);
}

static void make_drawing(struct number *n)
{
    static const char *const drawings[] = {
        "M50 0 S86 14 100 50 86 86 50 100 14 86 0 50 14 14 50 0 M32 34 L33 40 M68 34 L67 40 M26 62 S50 82 74 62",
        "M50 0 S90 20 92 56 70 98 50 100 14 92 8 56 20 14 50 0 M30 40 S36 34 42 40 M58 40 S64 34 70 40 M50 46 L46 64 "
        "L54 "
        "64 M34 78 S50 84 66 78",
        "M14 98 L14 44 L50 6 L86 44 L86 98 L14 98 M14 44 L86 44 M42 98 L42 66 L60 66 L60 98",
        "M20 96 L50 2 L80 96 L4 36 L96 36 L20 96",
        "M50 50 S60 54 54 64 36 60 34 44 56 28 76 44 72 80 44 86 12 66 14 34 50 4 92 24 100 66",
        "M50 100 L50 72 M50 0 L20 36 L38 36 L10 72 L90 72 L62 36 L80 36 L50 0",
        "M0 30 S12 10 25 30 50 30 75 30 100 30 M0 70 S12 50 25 70 50 70 75 70 100 70",
        "M0 60 S10 30 16 60 30 30 36 60 50 30 56 60 70 30 76 60 90 30 98 60",
        ("M0 0 L100 0 M0 33 L100 33 M0 67 L100 67 M0 100 L100 100 M0 0 L0 100 M33 0 L33 100 M67 0 L67 100 M100 0 L100 "
         "100"),
    };
    const float side = between_log(&n->job, 60, 500), radius = side * between(&n->job, 0.008F, 0.03F);

    sheet(n, (int)(side * 1.5F), (int)(side * 1.5F));
    draw_at(n, any_of(n, drawings, sizeof(drawings) / sizeof(*drawings)), side * 0.25F, side * 0.25F, side,
            fmaxf(radius, 0.6F));
}

static void make_words(struct number *n)
{
    const float size = between_log(&n->job, 20, 120), radius = fmaxf(size * between(&n->job, 0.03F, 0.07F), 0.6F);
    const int rows = between_int(&n->job, 1, 4), length = between_int(&n->job, 1, 9);

    sheet(n, (int)(size * (float)(length + 1)), (int)(size * 1.7F * (float)(rows + 1)));
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < length; x++)
            if (chance(n, 85)) {
                const float high = size * between(&n->job, 0.8F, 1.1F);
                const float left = size * (0.4F + between(&n->job, 0.9F, 1) * (float)x);

                draw_at(n,
                        chance(n, 85) ? any_of(n, number_letters, NUMBER_LETTERS)
                                      : any_of(n, number_signs, NUMBER_SIGNS),
                        left, size * (0.6F + 1.7F * (float)y), high, radius);
            }
}

/* Strokes without an order: a hatching where they are alike, grass where they are not. */
static void make_strokes(struct number *n)
{
    const float side = between_log(&n->job, 80, 500), length = side * between(&n->job, 0.1F, 0.5F);
    const float turn = between(&n->job, 0, 3.14F), spread = chance(n, 50) ? 0.08F : between(&n->job, 0.3F, 1.6F);
    const float radius = fmaxf(side * between(&n->job, 0.003F, 0.012F), 0.5F);
    const int count = between_int(&n->job, 60, 400);

    sheet(n, (int)side, (int)side);
    for (int i = 0; i < count; i++) {
        const float a = turn + spread * rng_normal(&n->job.r), x = between(&n->job, 0, side);
        const float y = between(&n->job, 0, side), bend = 0.2F * length * rng_normal(&n->job.r);
        struct pen_figure f = {.strokes = 1, .first = {0, 8}};

        for (int k = 0; k < 8; k++) {
            const float t = (float)k / 7 - 0.5F, off = bend * (0.25F - t * t);

            f.p[k] = (struct pen_point){x + length * t * cosf(a) - off * sinf(a),
                                        y + length * t * sinf(a) + off * cosf(a), radius};
        }
        pen_draw(&f, n->w, n->h, n->ink);
    }
}

/* Blots of any size. */
static void make_blots(struct number *n)
{
    const float side = between_log(&n->job, 60, 500), cell = side * between(&n->job, 0.01F, 0.12F);
    const float level = between(&n->job, 0.1F, 0.9F);
    const uint32_t seed = rng_below(&n->job.r, 1U << 30);

    sheet(n, (int)side, (int)side);
    for (int i = 0; i < n->w * n->h; i++)
        n->ink[i] = smooth_noise((float)(i % n->w), (float)(i / n->w), cell, seed) > level ? 255 : 0;
}

void number_make_nothing(struct number *n)
{
    static void (*const what[])(struct number *) = {make_code,  make_checkers, make_drawing, make_words,
                                                    make_words, make_strokes,  make_strokes, make_blots};

    n->hand = HAND_ANY;
    number_begin(n, between_log(&n->job, 2, 5));
    what[n->job.number % (int)(sizeof(what) / sizeof(*what))](n);
    picture(n, chance(n, 50));
}
