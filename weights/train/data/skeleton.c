/* Text from points, and a picture from the text. */
#include "skeleton.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const float two_pi = 6.2831853F;

void skeleton_put(struct skeleton *k, const char *how, int x, int y)
{
    const size_t room = sizeof(k->text) - k->used;
    const int put = snprintf(k->text + k->used, room, "%s%d %d ", how, x, y);

    if (put < 0 || (size_t)put >= room || k->n == PEN_NODES_MAX) {
        k->text[k->used] = '\0';
        return;
    }
    k->used += (size_t)put;
    k->x[k->n] = x;
    k->y[k->n++] = y;
}

void skeleton_ellipse(struct skeleton *k, int x, int y, int wide, int high)
{
    for (int i = 0; i <= 8; i++) {
        const float angle = two_pi * (float)i / 8;

        skeleton_put(k, i == 0 ? "M" : "S", x + (int)((float)wide * sinf(angle)), y - (int)((float)high * cosf(angle)));
    }
}

void skeleton_draw(const char *text, const struct pen_hand *hand, struct rng *r, float radius, int side, uint8_t *px)
{
    struct pen_figure figure;
    float box[4];

    memset(px, 0, (size_t)side * (size_t)side);
    if (pen_write(text, hand, r, &figure) != OK)
        return; /* not met: there are two points or more and fewer than the pen may have */
    pen_box(&figure, box);
    const float edge = 2 * radius,
                scale = ((float)side - 2 * edge) / fmaxf(fmaxf(box[2] - box[0], box[3] - box[1]), 0.01F);
    pen_move(&figure, scale, edge - scale * box[0], edge - scale * box[1], radius);
    pen_draw(&figure, side, side, px);
}
