/* The kinds. Lengths are in px of MNIST's, whose digits are 20 px high and 14 wide, times scale. A gap that is no space
 * is under 10, a space is 24 or more: what lies between is for each reader to call. */
#include <math.h>
#include <string.h>

#include "number.h"

/* As small as MNIST's own once in four. */
static float screen_scale(struct number *n)
{
    return rng_below(&n->job.r, 4) ? between_log(&n->job, 1, 6) : 1;
}

static char any_digit(struct number *n)
{
    return (char)('0' + rng_below(&n->job.r, 10));
}

static void lay(struct number *n, float low, float high)
{
    float margin[4];

    for (int k = 0; k < 4; k++)
        margin[k] = n->scale * between_log(&n->job, low, high);
    number_lay(n, margin);
}

static void finish(struct number *n, bool camera)
{
    lay(n, 3, 24);
    if (camera)
        number_photo(n, NULL, 1);
    else
        number_screen(n);
}

/* A screen three times of four, else a camera: which one it is. */
static bool begin(struct number *n)
{
    const bool camera = rng_below(&n->job.r, 4) == 0;

    number_begin(n, camera ? between_log(&n->job, 2.5F, 7) : screen_scale(n));
    return camera;
}

/* A row of digits with gaps between. spaces: of 100 gaps, so many are as wide as a digit. */
static void write_row(struct number *n, int length, const float gap[2], uint32_t spaces)
{
    for (int i = 0; i < length; i++) {
        float left = n->scale * between(&n->job, gap[0], gap[1]);

        if (i > 0 && rng_below(&n->job.r, 100) < spaces) {
            left = n->scale * between(&n->job, 24, 40);
            number_say(n, ' ');
        }
        number_put(n, any_digit(n), left, 1);
    }
}

static const float usual_gap[2] = {3, 9};

static void make_apart(struct number *n)
{
    const bool camera = begin(n);
    const uint32_t spaces = rng_below(&n->job.r, 5) ? 0 : 35;

    number_row(n, 0);
    write_row(n, number_length(n), usual_gap, spaces);
    finish(n, camera);
}

/* 0 to 2 px from ink to ink, or from box to box. */
static void make_tight(struct number *n)
{
    const bool camera = begin(n);
    const int length = number_length(n);

    number_row(n, 0);
    number_put(n, any_digit(n), 0, 1);
    for (int i = 1; i < length; i++) {
        const bool kerned = rng_below(&n->job.r, 2);
        const float gap = n->scale * between(&n->job, 0, 2);

        if (kerned)
            number_touch(n, any_digit(n), -gap);
        else
            number_put(n, any_digit(n), gap, 1);
    }
    finish(n, camera);
}

/* Half of the pairs, rounded up, touch: which ones is drawn like lots. */
static void make_touching(struct number *n)
{
    const bool camera = begin(n);
    const int length = number_length(n);
    int pairs = length - 1, touching = length / 2;

    number_row(n, 0);
    number_put(n, any_digit(n), 0, 1);
    for (; pairs > 0; pairs--) {
        const bool touch = rng_index(&n->job.r, pairs) < touching;
        const float gap = n->scale * (touch ? between(&n->job, 0, 1.5F) : between(&n->job, 1, 7));

        touching -= touch;
        if (touch)
            number_touch(n, any_digit(n), gap);
        else
            number_put(n, any_digit(n), gap, 1);
    }
    finish(n, camera);
}

static void make_ragged(struct number *n)
{
    const bool camera = begin(n);
    const int length = number_length(n);

    n->turn = 0.15F;
    n->slope = between(&n->job, -0.12F, 0.12F);
    n->drift = n->scale * between(&n->job, 0, 5);
    n->wave = n->scale * between(&n->job, 12, 40);
    n->phase = between(&n->job, 0, 6.28F);
    number_row(n, 0);
    for (int i = 0; i < length; i++) {
        const float gap = n->scale * between(&n->job, 3, 9), size = between_log(&n->job, 0.6F, 1.4F);

        n->base = n->scale * between(&n->job, -3, 3);
        number_put(n, any_digit(n), gap, size);
    }
    finish(n, camera);
}

static void make_paper(struct number *n)
{
    number_begin(n, between(&n->job, 3, 8));
    number_row(n, 0);
    write_row(n, number_length(n), usual_gap, 0);
    lay(n, 4, 40);
    number_photo(n, NULL, 1);
}

/* How far a line is under where the first digit ends: most are written over it or on it. */
static float under_line(struct number *n)
{
    return n->scale * between(&n->job, -8, 2);
}

static void rule_paper(struct number *n, float pitch)
{
    static const float colours[][3] = {{110, 140, 195}, {130, 130, 135}, {190, 120, 125}, {70, 70, 75}, {60, 80, 130}};
    struct job *j = &n->job;
    struct ruling ruling = {.pitch_y = pitch};

    lay(n, 8, 40);
    ruling.phase_y = (float)(n->g[0].y + n->g[0].h) + under_line(n);
    ruling.width = fmaxf(n->scale * between(j, 0.25F, 1), 1);
    ruling.share = between(j, 0.6F, 1);
    memcpy(ruling.rgb, colours[rng_below(&j->r, 5)], sizeof(ruling.rgb));
    number_photo(n, &ruling, rng_below(&j->r, 2) ? 1 : 0);
}

/* As a program draws them, from edge to edge, in the ink's tone. */
static void rule_screen(struct number *n, float pitch)
{
    const float left = -n->scale * between(&n->job, 8, 40),
                right = number_right(n) + n->scale * between(&n->job, 8, 40);
    const float first = (float)(n->g[0].y + n->g[0].h) + under_line(n), share = between(&n->job, 0.4F, 1);
    const float width = fmaxf(n->scale * between(&n->job, 0.25F, 1), 1);
    const int above = 1 + rng_index(&n->job.r, 2), below = rng_index(&n->job.r, 3);
    const float margin = n->scale * between(&n->job, 2, 12);

    for (int k = -above; k <= below; k++)
        number_line(n, left, first + (float)k * pitch, right, first + (float)k * pitch, width, share);
    number_lay(n, (float[]){-2 * width, margin, -2 * width, margin});
    number_screen(n);
}

static void make_ruled(struct number *n)
{
    const bool screen = rng_below(&n->job.r, 3) == 0;

    number_begin(n, between_log(&n->job, screen ? 1 : 1.5F, screen ? 6 : 7));
    const float pitch = n->scale * MNIST_HEIGHT_PX * between(&n->job, 0.8F, 2);
    number_row(n, 0);
    write_row(n, number_length(n), usual_gap, 0);
    if (screen)
        rule_screen(n, pitch);
    else
        rule_paper(n, pitch);
}

/* Where cells meet, the line between them is drawn twice: the ink is the same. */
static void draw_cell(struct number *n, float x, float y, float w, float h, float width, float share)
{
    number_line(n, x, y, x + w, y, width, share);
    number_line(n, x, y + h, x + w, y + h, width, share);
    number_line(n, x, y, x, y + h, width, share);
    number_line(n, x + w, y, x + w, y + h, width, share);
}

static void make_boxes(struct number *n)
{
    const bool camera = begin(n);
    struct job *j = &n->job;
    const int length = number_length(n);
    const float w = n->scale * between(j, 24, 32), h = n->scale * between(j, 27, 36);
    const float gap = rng_below(&j->r, 3) ? 0 : n->scale * between(j, 2, 6);
    const float width = fmaxf(n->scale * between_log(j, 0.5F, 2), 1.2F);
    const float share = rng_below(&j->r, 20) ? between(j, 0.75F, 1) : between(j, 0.2F, 0.75F);

    number_row(n, 0);
    for (int i = 0; i < length; i++) {
        const float x = (float)i * (w + gap), off_x = between(j, -3, 3), off_y = between(j, -3, 3);

        /* In the cell's middle, up to 3 px off: a wide or high digit may meet a line. */
        number_put(n, any_digit(n), 0, 1);
        struct glyph *g = &n->g[n->n - 1];
        g->x = (int)(x + (w - (float)g->w) / 2 + n->scale * off_x);
        g->y = (int)((h - (float)g->h) / 2 + n->scale * off_y);
        draw_cell(n, x, 0, w, h, width, share);
    }
    finish(n, camera);
}

static void make_page(struct number *n)
{
    struct job *j = &n->job;
    const bool camera = rng_below(&j->r, 3) == 0;
    const int rows = between_int(j, 3, 8);

    number_begin(n, camera ? between_log(j, 2.5F, 5) : rng_below(&j->r, 4) ? between_log(j, 1, 4) : 1);
    const float pitch = n->scale * between(j, 29, 44), indent = rng_below(&j->r, 2) ? n->scale * 20 : 0;
    const uint32_t spaces = rng_below(&j->r, 4) ? 0 : 30;
    n->slope = between(j, -0.03F, 0.03F);

    for (int i = 0; i < rows; i++) {
        const float margin = between(j, 0, indent);

        number_row(n, pitch * (float)i);
        number_put(n, any_digit(n), margin, 1);
        for (int rest = number_length(n) - 1; rest > 0; rest--) {
            float gap = n->scale * between(j, 3, 9);

            if (rng_below(&j->r, 100) < spaces) {
                gap = n->scale * between(j, 24, 40);
                number_say(n, ' ');
            }
            number_put(n, any_digit(n), gap, 1);
        }
    }
    finish(n, camera);
}

/* Half of the numbers by MNIST's digits, the others by a continental or an English hand. */
static void make_marks(struct number *n)
{
    static const enum hand hands[] = {HAND_MNIST, HAND_MNIST, HAND_CONTINENTAL, HAND_ENGLISH};
    char text[DIGITS_MAX * 2 + 1];

    n->hand = hands[rng_below(&n->job.r, 4)];
    const bool camera = begin(n);
    number_row(n, 0);
    number_text(n, text);
    for (const char *c = text; *c; c++) {
        const float gap = n->scale * between(&n->job, 2.5F, 6);

        number_put(n, *c, gap, 1);
    }
    finish(n, camera);
}

enum { TABLE_MAX = 6, CELL_DIGITS = 3 };

/* How many digits each cell has; 0 for one in five, but no row and no column is all empty. */
static void fill_table(struct number *n, int rows, int columns, int cell[TABLE_MAX][TABLE_MAX])
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            const bool kept = c == r % columns || r == c % rows;

            cell[r][c] = !kept && rng_below(&n->job.r, 5) == 0 ? 0 : between_int(&n->job, 1, CELL_DIGITS);
        }
}

static void draw_grid(struct number *n, int rows, int columns, float w, float h, bool verticals)
{
    const float width = fmaxf(n->scale * between_log(&n->job, 0.3F, 1.4F), 1), share = between(&n->job, 0.4F, 1);
    const float right = (float)columns * w, low = (float)rows * h;

    for (int r = 0; r <= rows; r++)
        number_line(n, 0, (float)r * h, right, (float)r * h, width, share);
    for (int c = 0; c <= columns && verticals; c++)
        number_line(n, (float)c * w, 0, (float)c * w, low, width, share);
}

static void make_table(struct number *n)
{
    struct job *j = &n->job;
    const bool camera = rng_below(&j->r, 3) == 0, lined = rng_below(&j->r, 2), flush_right = rng_below(&j->r, 2);
    const int rows = between_int(j, 2, TABLE_MAX), columns = between_int(j, 2, 4);
    int cell[TABLE_MAX][TABLE_MAX];

    number_begin(n, camera ? between_log(j, 2, 4.5F) : rng_below(&j->r, 4) ? between_log(j, 1, 4) : 1);
    /* Three digits are up to 74 px wide; 26 px more are a gap that nobody takes for one in a number. */
    const float w = n->scale * between(j, 100, 115), h = n->scale * between(j, 30, 44);
    fill_table(n, rows, columns, cell);
    for (int r = 0; r < rows; r++) {
        number_row(n, h * ((float)r + 0.5F) + n->scale * MNIST_HEIGHT_PX / 2);
        for (int c = 0; c < columns; c++) {
            const int first = n->n;

            if (c > 0)
                number_say(n, '\t');
            for (int i = 0; i < cell[r][c]; i++) {
                const float gap = n->scale * between(j, 2, 7);

                if (i == 0)
                    number_put(n, any_digit(n), w * (float)c + n->scale * 12 - number_right(n), 1);
                else
                    number_put(n, any_digit(n), gap, 1);
            }
            const int room = (int)(w * (float)(c + 1) - n->scale * 12 - number_right(n));
            for (int i = first; i < n->n && flush_right; i++)
                n->g[i].x += room;
        }
    }
    if (lined)
        draw_grid(n, rows, columns, w, h, rng_below(&j->r, 4) > 0);
    finish(n, camera);
}

const struct number_kind number_kinds[] = {
    {"apart", make_apart}, {"tight", make_tight}, {"touching", make_touching},  {"ragged", make_ragged},
    {"paper", make_paper}, {"ruled", make_ruled}, {"boxes", make_boxes},        {"page", make_page},
    {"marks", make_marks}, {"table", make_table}, {"hands", number_make_hands}, {"nothing", number_make_nothing},
    {NULL, NULL},
};
