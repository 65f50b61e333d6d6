/* For the tests of the normaliser's stages one by one: pictures as a stage is given them, and what it has changed. */
#ifndef DIGITD_TESTS_FIXTURE_STAGE_H
#define DIGITD_TESTS_FIXTURE_STAGE_H

#include "canvas.h"
#include "normalise/stages.h"

/* A picture of one value in a state of PICTURE_TONES to PICTURE_INK; picture_free. */
static inline struct picture picture_new(enum picture_state state, int w, int h, uint8_t v)
{
    return (struct picture){.state = state, .w = w, .h = h, .px = canvas(w, h, v), .scale = 1, .threshold = 128};
}

/* The pixels of b become v. */
static inline void picture_fill(const struct picture *p, struct box b, uint8_t v)
{
    fill(p->px, p->w, b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0, v);
}

static inline uint8_t *picture_copy(const struct picture *p)
{
    return bytes_copy(p->px, picture_pixels(p));
}

/* Least and greatest value within b. */
static inline void picture_range(const struct picture *p, struct box b, int *least, int *most)
{
    *least = 255;
    *most = 0;
    for (int y = b.y0; y < b.y1; y++)
        for (int x = b.x0; x < b.x1; x++) {
            *least = *picture_at(p, x, y) < *least ? *picture_at(p, x, y) : *least;
            *most = *picture_at(p, x, y) > *most ? *picture_at(p, x, y) : *most;
        }
}

#define EXPECT_RANGE(p, b, from, to)                                                                                   \
    do {                                                                                                               \
        int least_, most_;                                                                                             \
        picture_range(p, b, &least_, &most_);                                                                          \
        if (least_ < (from) || most_ > (to))                                                                           \
            fail_msg("line %d: %d to %d, not within %d to %d", __LINE__, least_, most_, from, to);                     \
    } while (0)

#define EXPECT_BOX(b, ax0, ay0, ax1, ay1)                                                                              \
    do {                                                                                                               \
        const struct box *is = b;                                                                                      \
        if (is->x0 != (ax0) || is->y0 != (ay0) || is->x1 != (ax1) || is->y1 != (ay1))                                  \
            fail_msg("line %d: %d,%d to %d,%d", __LINE__, is->x0, is->y0, is->x1, is->y1);                             \
    } while (0)

#define BOX(x0, y0, x1, y1) ((struct box){x0, y0, x1, y1})

#endif
