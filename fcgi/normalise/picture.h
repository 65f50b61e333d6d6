/* What the stages of the normaliser pass on: a picture, and what is known about it so far. Included by normalise.h.
 *
 * The pixels mean different things at different stages, so a picture has a state. Stages do not know each other: what
 * one finds out for a later one is a member here. */
#ifndef DIGITD_NORMALISE_PICTURE_H
#define DIGITD_NORMALISE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digit_size.h"
#include "base/err.h"

struct raster {
    int w, h;
    const uint8_t *px; /* [h][w] without gaps: 0 black to 255 white; borrowed */
};

/* Pixels (or cells) x0 to x1 - 1, y0 to y1 - 1. Empty if x1 <= x0; its sides are then 0. */
struct box {
    int x0, y0, x1, y1;
};
#define BOX_NONE ((struct box){INT32_MAX, INT32_MAX, 0, 0}) /* a start for box_add; {0} is empty as well */

/* What a visitor may know better. Zero: the normaliser decides (yes: ink is dark), and centres like MNIST. */
enum normalise_invert { NORMALISE_INVERT_AUTO, NORMALISE_INVERT_YES, NORMALISE_INVERT_NO };
enum normalise_center {
    NORMALISE_CENTER_MASS, /* the ink box to 20 px, the centre of mass to index (14, 14) */
    NORMALISE_CENTER_BOX,  /* the ink box to 20 px, its centre to the centre */
    NORMALISE_CENTER_NONE  /* the whole picture to 28 px, not moved */
};

/* Why a picture has no ink; its 28x28 is then black. */
enum normalise_refusal {
    NORMALISE_NOT_REFUSED,
    NORMALISE_NO_CONTRAST,   /* threshold: nothing stands out from the paper */
    NORMALISE_ONLY_FRAMES,   /* parts: only frames, or a piece that fills the picture */
    NORMALISE_ONLY_REMNANTS, /* parts: only what removed lines have left behind */
    NORMALISE_ONLY_NOISE,    /* parts: many pieces, none of them large */
    NORMALISE_REFUSALS
};

enum picture_state {
    PICTURE_RASTER,    /* in alone */
    PICTURE_TONES,     /* px: 0 black to 255 white, up to a megapixel */
    PICTURE_DARKENING, /* px: how many levels darker than the paper around it */
    PICTURE_INK,       /* px: 0 paper to 255 ink; edges of strokes in between */
    PICTURE_SMALL,     /* small: the ink, its longest side 20 px (28 with NORMALISE_CENTER_NONE) */
    PICTURE_DIGIT      /* digit: light ink on black */
};

struct paper { /* known after the stage paper */
    enum { PAPER_FLAT, PAPER_TWO_TONES, PAPER_UNEVEN } light;
    int tone;  /* flat: its tone; the paper is lighter than the ink */
    int split; /* two tones: the paper's lowest value; below it is ink */
    int noise; /* darkening up to this is the paper's grain */
};

struct small {
    int w, h;               /* up to 28 */
    double v[DIGIT_PIXELS]; /* [h][w], 0 to 255 */
};

/* At first all zero except in, invert and center. Owns px (picture_free). */
struct picture {
    enum picture_state state;
    struct raster in; /* sides of at least 1 */
    enum normalise_invert invert;
    enum normalise_center center;
    int w, h;
    uint8_t *px;      /* [h][w], from PICTURE_TONES on */
    int scale;        /* each side of in was divided by this; 1: not reduced */
    bool dark;        /* the ink is darker than the paper; if not, px has been inverted */
    struct box sheet; /* that lies in the picture, without its rim; {0}: none was found, and the picture is paper */
    struct paper paper;
    bool lined;                     /* straight lines were removed */
    int threshold;                  /* ink of at least this is certain, 1 to 255; below it are edges and faint ends */
    enum normalise_refusal refusal; /* if set, px is all 0 */
    struct box box;                 /* around the ink, in px of this picture; {0} before parts and if refused */
    struct small small;
    uint8_t digit[DIGIT_PIXELS];
    double shift[2]; /* how far place moved the centre of mass: dx, dy, in px of digit */
};
static inline uint8_t *picture_at(const struct picture *p, int x, int y)
{
    return p->px + (size_t)y * (size_t)p->w + (size_t)x;
}

static inline size_t picture_pixels(const struct picture *p)
{
    return (size_t)p->w * (size_t)p->h;
}

enum err picture_take(struct picture *p, int k); /* px: means of blocks of k x k of in; only ERR_NOMEM */
void picture_shrink(struct picture *p, int k);   /* px: of px itself, in place */
void picture_invert(struct picture *p);          /* every value v of px becomes 255 - v */
void picture_free(struct picture *p);            /* px alone */
enum err picture_clone(const struct picture *p, struct picture *to); /* with px of its own. ERR_NOMEM */
int picture_longest(const struct picture *p);                        /* side, px */

static inline void box_add(struct box *b, int x, int y)
{
    b->x0 = x < b->x0 ? x : b->x0;
    b->y0 = y < b->y0 ? y : b->y0;
    b->x1 = x >= b->x1 ? x + 1 : b->x1;
    b->y1 = y >= b->y1 ? y + 1 : b->y1;
}
int box_width(const struct box *b);
int box_height(const struct box *b);
int box_longest(const struct box *b);
int box_shortest(const struct box *b);
int box_gap(const struct box *a, const struct box *b); /* px between them, across or down; 0: they touch or overlap */
void box_join(struct box *b, const struct box *by);    /* enlarges b to contain by */
struct box box_turned(const struct box *b);            /* swaps x and y */

/* Enlarges b over adjacent ink of at least `least`, by up to a sixteenth of its longest side (at least 2 px). */
void box_grow(struct box *b, const struct raster *ink, int least);

#endif
