/* A pen: skeletons (lines through a few points), varied like a writer's hand and drawn with round, anti-aliased
 * strokes. For generated pictures: the rejection head's non-digits, and the drawn digits of the tests.
 *
 * A skeleton is text in a box of 0 to 100 px, y down: "M x y" puts the pen down, "L x y ..." goes straight from point
 * to point, "S x y ..." in a smooth curve through them (Catmull-Rom); a stroke that is only S and ends where it began
 * is closed smoothly. Whole numbers only, so that no locale reads them otherwise. */
#ifndef DIGITD_WEIGHTS_PEN_H
#define DIGITD_WEIGHTS_PEN_H

#include <stdint.h>

#include "base/err.h"
#include "common/rng.h"

enum { PEN_NODES_MAX = 64, PEN_POINTS_MAX = 1024, PEN_STROKES_MAX = 16 };

/* A place of the pen's middle and the pen's radius there. */
struct pen_point {
    float x, y, r;
};

/* Strokes: points first[i] to first[i + 1] - 1 are stroke i. */
struct pen_figure {
    int strokes;
    int first[PEN_STROKES_MAX + 1];
    struct pen_point p[PEN_POINTS_MAX];
};

/* How one person writes; all 0 (but width 1) is the skeleton itself. Lengths are in shares of the box's side. */
struct pen_hand {
    float width;  /* of the letters, 1: as the skeleton */
    float slant;  /* x moves by slant * height: over 0 leans to the right */
    float turn;   /* radians */
    float jitter; /* deviation of the skeleton's points */
    float loose;  /* deviation of a stroke's place, from the second stroke on */
    float wobble; /* deviation of a smooth trembling */
    float press;  /* 0 to 1: how much thinner a fast stroke gets */
};

/* A writer. Drawn from r alone: the same stream, the same writer. */
void pen_hand_make(struct pen_hand *hand, struct rng *r);

/* skeleton -> out, in a box of about 0 to 1, radius about 1. ERR_FORMAT for a skeleton that is none, ERR_LIMIT for one
 * with too many points; out is empty then. */
enum err pen_write(const char *skeleton, const struct pen_hand *hand, struct rng *r, struct pen_figure *out);

/* The box of the points (without the pen's width): x0, y0, x1, y1. The figure has a point. */
void pen_box(const struct pen_figure *f, float box[4]);

/* x * scale + dx, y * scale + dy, r * radius. */
void pen_move(struct pen_figure *f, float scale, float dx, float dy, float radius);

/* ink[h][w], 0 to 255: each pixel gets the part of it that the pen covers, if that is more than it has. A radius under
 * 0.5 px gives a grey hairline. What lies outside is left out. */
void pen_draw(const struct pen_figure *f, int w, int h, uint8_t *ink);

#endif
