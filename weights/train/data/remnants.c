/* The digit lies in the middle of a larger picture, remnants come around it, and all ink is one piece to the
 * normaliser.
 */
#include "remnants.h"

#include <math.h>
#include <string.h>

#include "normalise/normalise.h"

enum { DIGIT = DIGIT_SIDE_PX, ROOM = 16, SIDE = DIGIT + 2 * ROOM, INK = 33 };

static void put(uint8_t *px, int x, int y, uint8_t v)
{
    if (x >= 0 && y >= 0 && x < SIDE && y < SIDE && v > px[y * SIDE + x])
        px[y * SIDE + x] = v;
}

static struct box ink_box(const uint8_t *px)
{
    struct box b = BOX_NONE;

    for (int i = 0; i < SIDE * SIDE; i++)
        if (px[i] >= INK)
            box_add(&b, i % SIDE, i / SIDE);
    return b;
}

/* From x, y on, to the right or down. */
static void put_line(uint8_t *px, int down, int x, int y, int length, int wide, uint8_t v)
{
    for (int i = 0; i < length; i++)
        for (int k = 0; k < wide; k++)
            put(px, x + (down ? k : i), y + (down ? i : k), v);
}

/* A rest of a line along one side of the digit, or of a corner, in the digit's own edge or up to 3 px from it. */
static void add_line(const struct box *b, struct rng *r, uint8_t *px)
{
    const int side = rng_pick(r, 0, 3), away = rng_pick(r, -1, 3), wide = rng_pick(r, 1, 2), down = side < 2;
    const int span = down ? b->y1 - b->y0 : b->x1 - b->x0;
    const int least = rng_pick(r, 3, 4), length = rng_pick(r, least, least + span * 2 / 3);
    const int from = rng_pick(r, -3, span - length + 3);
    const int x = side == 0 ? b->x0 - away - wide : side == 1 ? b->x1 + away : b->x0 + from;
    const int y = side == 2 ? b->y0 - away - wide : side == 3 ? b->y1 + away : b->y0 + from;
    const uint8_t v = (uint8_t)rng_pick(r, 60, 255);

    put_line(px, down, x, y, length, wide, v);
    if (rng_pick(r, 0, 3) == 0) /* a corner */
        put_line(px, !down, x, y, rng_pick(r, 3, 7), wide, v);
}

/* The nearest columns or rows of another digit. */
static void add_sliver(const struct box *b, const uint8_t *neighbour, struct rng *r, uint8_t *px)
{
    const int side = rng_pick(r, 0, 3), deep = rng_pick(r, 2, 5), gap = rng_pick(r, 0, 2), along = rng_pick(r, -5, 5);

    for (int i = 0; i < DIGIT; i++)
        for (int k = 0; k < deep; k++) {
            /* the digit's box is 4 px inside of its picture at the least */
            const int from = side == 0 || side == 2 ? DIGIT - 5 - k : 4 + k;
            const int x = side == 0 ? b->x0 - gap - 1 - k : side == 1 ? b->x1 + gap + k : ROOM + i + along;
            const int y = side == 2 ? b->y0 - gap - 1 - k : side == 3 ? b->y1 + gap + k : ROOM + i + along;

            put(px, x, y, side < 2 ? neighbour[i * DIGIT + from] : neighbour[from * DIGIT + i]);
        }
}

static void add_speck(const struct box *b, struct rng *r, uint8_t *px)
{
    const int x = rng_pick(r, b->x0 - 3, b->x1 + 2), y = rng_pick(r, b->y0 - 3, b->y1 + 2);
    const int v = rng_pick(r, 80, 255), high = rng_pick(r, 1, 2), wide = rng_pick(r, 1, 2);

    put_line(px, 0, x, y, wide, high, (uint8_t)v);
}

enum err remnants_add(const uint8_t neighbour[DIGIT_PIXELS], struct rng *r, uint8_t px[DIGIT_PIXELS])
{
    uint8_t all[SIDE * SIDE] = {0};
    const struct raster ink = {SIDE, SIDE, all};
    double shift[2];

    for (int y = 0; y < DIGIT; y++)
        memcpy(all + (ROOM + y) * SIDE + ROOM, px + y * DIGIT, DIGIT);
    const struct box digit = ink_box(all);
    if (box_width(&digit) == 0)
        return OK;
    for (int i = rng_pick(r, 1, 2); i > 0; i--) {
        const int what = rng_pick(r, 0, 5);

        if (what < 3)
            add_line(&digit, r, all);
        else if (what < 5)
            add_sliver(&digit, neighbour, r, all);
        else
            add_speck(&digit, r, all);
    }
    const struct box box = ink_box(all);
    return normalise_piece(&ink, &box, px, shift);
}
