/* The rule for pictures that pass unchanged. Measured on all 70,000 pictures of MNIST, and on 5,000 of them (and as
 * many negatives) after JPEG at quality 75, which must pass too:
 *
 *                                             MNIST            JPEG 75 (95: nearer to MNIST)    rule
 *   median of the border ring (108 px)        0                0                                up to 16
 *   pixels over 48 in the ring                up to 5          up to 4                          up to 8
 *   longest side of the box of pixels > 32    18 to 20         18 and more (ringing)            18 and more
 *   longest side of the box of pixels > 48    14 to 20         14 to 20                         up to 21
 *   centre of mass of pixels > 32, from 14    up to 0.57       up to 0.61                       up to 0.75
 *   brightest pixel                           254, 255         251 and more                     200 and more */
#include <string.h>

#include "stages.h"

enum { SIDE = DIGIT_SIDE_PX, CENTRE = SIDE / 2 };
enum { RULE_PAPER = 16, RULE_RING = 8, RULE_INK = INK_LEAST - 1, RULE_SURE_INK = 48, RULE_SHORT = 18, RULE_LONG = 21 };
enum { RULE_BRIGHTEST = 200, RULE_RING_PX = 4 * (SIDE - 1) };
static const double RULE_OFF_CENTRE_PX = 0.75;

static bool near_centre(int64_t moment, int64_t mass)
{
    const double off = (double)moment / (double)mass - CENTRE;

    return off <= RULE_OFF_CENTRE_PX && -off <= RULE_OFF_CENTRE_PX;
}

/* Whether px[28][28], light ink on black, is as MNIST's are; *ink is its box then. */
static bool is_mnist_like(const uint8_t *px, struct box *ink)
{
    struct box sure = BOX_NONE;
    int64_t mass = 0, moment_x = 0, moment_y = 0;
    int ring_light = 0, ring_lit = 0, brightest = 0;

    *ink = BOX_NONE;
    for (int i = 0; i < DIGIT_PIXELS; i++) {
        const int x = i % SIDE, y = i / SIDE, v = px[i];

        if (x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1) {
            ring_light += v > RULE_PAPER;
            ring_lit += v > RULE_SURE_INK;
        }
        brightest = v > brightest ? v : brightest;
        if (v > RULE_SURE_INK)
            box_add(&sure, x, y);
        if (v > RULE_INK) {
            box_add(ink, x, y);
            mass += v;
            moment_x += v * x;
            moment_y += v * y;
        }
    }
    return 2 * ring_light < RULE_RING_PX && ring_lit <= RULE_RING && brightest >= RULE_BRIGHTEST &&
           box_longest(ink) >= RULE_SHORT && box_longest(&sure) <= RULE_LONG && near_centre(moment_x, mass) &&
           near_centre(moment_y, mass);
}

bool mnist_pass(struct picture *p)
{
    uint8_t px[DIGIT_PIXELS];
    struct box ink;
    bool negative = false;

    if (p->in.w != SIDE || p->in.h != SIDE)
        return false;
    memcpy(px, p->in.px, sizeof(px));
    if (!is_mnist_like(px, &ink)) {
        negative = true;
        for (int i = 0; i < DIGIT_PIXELS; i++)
            px[i] = (uint8_t)(255 - p->in.px[i]);
        if (!is_mnist_like(px, &ink))
            return false;
    }
    memcpy(p->digit, px, sizeof(px));
    p->scale = 1;
    p->dark = negative;
    p->box = ink;
    p->state = PICTURE_DIGIT;
    return true;
}
