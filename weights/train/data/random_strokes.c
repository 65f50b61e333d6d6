/* Skeletons put together at random: lines, arcs, polygons and loops, which start anywhere or on an earlier stroke; and
 * shapes that earlier rejection heads took for digits. */
#include "random_strokes.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "skeleton.h"

enum { SIDE = RANDOM_STROKES_SIDE, FULL_TURN_DEG = 360 };
static const float two_pi = 6.2831853F;

/* -1 or 1. */
static int either(struct rng *r)
{
    return rng_index(r, 2) ? 1 : -1;
}

/* Starts anywhere, or on an earlier stroke: at one of its points or half-way between two. */
static void begin_stroke(struct skeleton *k, struct rng *r)
{
    if (k->n < 2 || rng_index(r, 10) < 3) {
        const int x = rng_index(r, 101);

        skeleton_put(k, "M", x, rng_index(r, 101));
        return;
    }
    const int a = rng_index(r, k->n - 1), b = rng_index(r, 2) ? a + 1 : a;

    skeleton_put(k, "M", (k->x[a] + k->x[b]) / 2, (k->y[a] + k->y[b]) / 2);
}

/* A part of an ellipse, open by 70 degrees or more. */
static void add_arc(struct skeleton *k, struct rng *r)
{
    const int steps = 4 + rng_index(r, 3), way = either(r), sweep = way * (100 + rng_index(r, 190));
    const int wide = 15 + rng_index(r, 36), high = 15 + rng_index(r, 36), from = rng_index(r, FULL_TURN_DEG);
    const bool joins = k->n > 1 && rng_index(r, 2);
    const int at = joins ? rng_index(r, k->n) : 0;
    float x = 50 + (float)rng_index(r, 31) - 15, y = 50 + (float)rng_index(r, 31) - 15;
    const float first = two_pi * (float)from / FULL_TURN_DEG;

    if (joins) { /* the middle is where the arc begins at that point */
        x = (float)k->x[at] - (float)wide * cosf(first);
        y = (float)k->y[at] - (float)high * sinf(first);
    }
    for (int i = 0; i <= steps; i++) {
        const float angle = first + two_pi * (float)(sweep * i) / (float)(FULL_TURN_DEG * steps);

        skeleton_put(k, i == 0 ? "M" : "S", (int)(x + (float)wide * cosf(angle)), (int)(y + (float)high * sinf(angle)));
    }
}

/* A straight line that stands, lies or leans; a corner; a curve through two to four points. */
static void add_line(struct skeleton *k, struct rng *r)
{
    const int how = rng_index(r, 6), way = either(r), far = way * (30 + rng_index(r, 71));

    begin_stroke(k, r);
    if (how == 0)
        skeleton_put(k, "L", k->x[k->n - 1] + far, k->y[k->n - 1]);
    if (how == 1)
        skeleton_put(k, "L", k->x[k->n - 1], k->y[k->n - 1] + far);
    for (int i = how < 2 ? 0 : how < 4 ? 1 : how == 4 ? 2 : 2 + rng_index(r, 3); i > 0; i--) {
        const int x = rng_index(r, 101);

        skeleton_put(k, how == 5 ? "S" : "L", x, rng_index(r, 101));
    }
}

/* A line or a bent one over an earlier stroke: its middle is where that has a point, or between two. */
static void add_crossing(struct skeleton *k, struct rng *r)
{
    const float angle = two_pi * rng_float(r), half = 15 + 35 * rng_float(r), bend = rng_index(r, 3) ? 0 : 12;
    int x = 50, y = 50;

    if (k->n > 1) {
        const int a = rng_index(r, k->n - 1), b = a + rng_index(r, 2);

        x = (k->x[a] + k->x[b]) / 2;
        y = (k->y[a] + k->y[b]) / 2;
    }
    const int dx = (int)(half * cosf(angle)), dy = (int)(half * sinf(angle));
    skeleton_put(k, "M", x - dx, y - dy);
    if (bend > 0)
        skeleton_put(k, "S", x + (int)(bend * sinf(angle)), y - (int)(bend * cosf(angle)));
    skeleton_put(k, bend > 0 ? "S" : "L", x + dx, y + dy);
}

/* A straight line between two earlier strokes. */
static void add_strut(struct skeleton *k, struct rng *r)
{
    int end[2][2] = {{50, 20}, {50, 80}};

    for (int i = 0; i < 2 && k->n > 1; i++) {
        const int a = rng_index(r, k->n - 1), b = a + rng_index(r, 2);

        end[i][0] = (k->x[a] + k->x[b]) / 2;
        end[i][1] = (k->y[a] + k->y[b]) / 2;
    }
    skeleton_put(k, "M", end[0][0], end[0][1]);
    skeleton_put(k, "L", end[1][0], end[1][1]);
}

/* Three to six corners around a middle, closed; now and then a point of it is drawn in, as in a heart or a star. */
static void add_polygon(struct skeleton *k, struct rng *r)
{
    const int corners = 3 + rng_index(r, 4), x = 35 + rng_index(r, 31), y = 35 + rng_index(r, 31),
              from = rng_index(r, FULL_TURN_DEG);
    const int drawn_in = rng_index(r, 2) ? rng_index(r, corners) : corners,
              closed = rng_index(r, 3) ? corners : corners - 1;
    const char *how = corners > 4 && rng_index(r, 2) ? "S" : "L";
    int px[6], py[6];

    for (int i = 0; i < corners; i++) {
        const float radius = (25 + 25 * rng_float(r)) * (i == drawn_in ? 0.4F : 1);
        const float angle = two_pi * ((float)from / FULL_TURN_DEG + ((float)i + 0.4F * rng_signed(r)) / (float)corners);

        px[i] = x + (int)(radius * cosf(angle));
        py[i] = y + (int)(radius * sinf(angle));
    }
    for (int i = 0; i <= closed; i++)
        skeleton_put(k, i == 0 ? "M" : how, px[i % corners], py[i % corners]);
}

/* A closed curve, which alone would be a 0. */
static void add_loop(struct skeleton *k, struct rng *r)
{
    const int wide = 12 + rng_index(r, 39), high = 12 + rng_index(r, 39);

    skeleton_ellipse(k, 50, 20 + rng_index(r, 61), wide, high);
    for (int i = 2 + rng_index(r, 2); i > 0; i--)
        (rng_index(r, 2) ? add_line : add_arc)(k, r);
}

/* A closed curve with a dent on one side: round as a bean, or with corners in the dent and across from it, as a heart
 * or a leaf. Every other one stands upright or upside down. */
static void add_dented(struct skeleton *k, struct rng *r)
{
    enum { POINTS = 8, ACROSS = POINTS / 2 };
    const float wide = (float)(25 + rng_index(r, 26)), high = (float)(25 + rng_index(r, 26)),
                dent = 0.6F * rng_float(r);
    const float tip = 1 + 0.3F * rng_float(r), upright = (float)either(r), lean = rng_index(r, 2) ? 0.15F : 1;
    const float turn = two_pi / 4 * (upright + 2 * lean * rng_signed(r));
    const bool corners = rng_index(r, 3) > 0;
    int x[POINTS], y[POINTS];

    for (int i = 0; i < POINTS; i++) {
        const float radius = (i == 0 ? dent : i == ACROSS ? tip : 1) + 0.1F * rng_signed(r);
        const float angle = turn + two_pi * ((float)i + 0.2F * rng_signed(r)) / POINTS;

        x[i] = 50 + (int)(wide * radius * cosf(angle));
        y[i] = 50 + (int)(high * radius * sinf(angle));
    }
    for (int i = 0; i <= POINTS; i++) {
        skeleton_put(k, i == 0 ? "M" : "S", x[i % POINTS], y[i % POINTS]);
        if (i == ACROSS && corners)
            skeleton_put(k, "M", x[i], y[i]);
    }
}

/* Two lines side by side or leaning together, and a third across: A and H. Unlike a 4's, both lines go on beyond it. */
static void add_posts(struct skeleton *k, struct rng *r)
{
    const int wide = 25 + rng_index(r, 26), narrow = rng_index(r, 2) ? wide : rng_index(r, wide);
    const int top = rng_index(r, 4) ? narrow : wide, low = top == wide ? narrow : wide; /* from the middle */
    const int across = 35 + rng_index(r, 31), half = top + (low - top) * across / 100, slope = rng_index(r, 21) - 10;

    for (int side = -1; side <= 1; side += 2) {
        skeleton_put(k, "M", 50 + side * top, 0);
        skeleton_put(k, "L", 50 + side * low, 100);
    }
    skeleton_put(k, "M", 50 - half, across);
    skeleton_put(k, "L", 50 + half, across + slope);
}

/* A closed curve and a line along its side as high as itself, with or without a tail: a. A 6's or a 9's line is twice
 * as high. */
static void add_belly(struct skeleton *k, struct rng *r)
{
    const int wide = 20 + rng_index(r, 31), high = 20 + rng_index(r, 31), side = rng_index(r, 4) ? 1 : -1,
              x = 50 + side * wide;
    const int top = 50 - high + rng_index(r, 11) - 5, low = 50 + high + rng_index(r, 11) - 5, tail = rng_index(r, 2);

    skeleton_ellipse(k, 50, 50, wide, high);
    skeleton_put(k, "M", x + rng_index(r, 11) - 5, top);
    skeleton_put(k, "L", x + rng_index(r, 11) - 5, low);
    if (tail)
        skeleton_put(k, "S", x + side * (8 + rng_index(r, 15)), low + 3);
}

/* A drawing that is not meant as a digit. By chance a few of these are. */
static void strokes_make(struct skeleton *k, struct rng *r)
{
    static const struct {
        void (*add)(struct skeleton *, struct rng *);
        int alone; /* so many of eight have nothing else */
    } first[] = {{add_arc, 3},     {add_arc, 3},  {add_line, 0},   {add_line, 0},  {add_line, 0},
                 {add_polygon, 3}, {add_loop, 3}, {add_dented, 7}, {add_posts, 7}, {add_belly, 7}};
    static void (*const then[])(struct skeleton *, struct rng *) = {add_line, add_line, add_arc, add_crossing,
                                                                    add_strut};
    const int what = rng_index(r, sizeof(first) / sizeof(*first));

    *k = SKELETON_EMPTY;
    first[what].add(k, r);
    for (int i = rng_index(r, 8) < first[what].alone ? 0 : 1 + rng_index(r, 4); i > 0; i--)
        then[rng_index(r, 5)](k, r);
}

void random_strokes_draw(struct rng *r, uint8_t px[SIDE * SIDE])
{
    struct skeleton strokes;
    struct pen_hand hand;

    strokes_make(&strokes, r);
    pen_hand_make(&hand, r);
    const float radius = SIDE * (0.01F + 0.05F * rng_float(r));
    skeleton_draw(strokes.text, &hand, r, radius, SIDE, px);
}
