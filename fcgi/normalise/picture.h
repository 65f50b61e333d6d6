/* What the stages of the normaliser hand on: a picture, and what is known of it so far. normalise.h brings it along.
 *
 * The same pixels mean different things on the way, so a picture has a state. Stages never look at each other: what one
 * finds for a later one is a member here. */
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

/* Pixels (or cells) x0 to x1 - 1, y0 to y1 - 1. Empty where x1 <= x0: its sides are 0. */
struct box {
    int x0, y0, x1, y1;
};
#define BOX_NONE ((struct box){INT32_MAX, INT32_MAX, 0, 0}) /* to add to; {0} is empty as well */

/* What a visitor may say better than the normaliser can guess. Zero: it decides (yes: ink is dark), and centres as
 * MNIST does. */
enum normalise_invert { NORMALISE_INVERT_AUTO, NORMALISE_INVERT_YES, NORMALISE_INVERT_NO };
enum normalise_center {
    NORMALISE_CENTER_MASS, /* the ink box to 20 px, the centre of mass to index (14, 14) */
    NORMALISE_CENTER_BOX,  /* the ink box to 20 px, its middle to the middle */
    NORMALISE_CENTER_NONE  /* the whole picture to 28 px, as it lies */
};

/* Why a picture has no ink; its 28x28 is black then. */
enum normalise_refusal {
    NORMALISE_NOT_REFUSED,
    NORMALISE_NO_CONTRAST,   /* threshold: nothing stands out from the paper */
    NORMALISE_ONLY_FRAMES,   /* parts: no piece but frames, or one that fills the picture */
    NORMALISE_ONLY_REMNANTS, /* parts: no piece but what lines have left where they went */
    NORMALISE_ONLY_NOISE,    /* parts: many pieces, none of them large */
    NORMALISE_REFUSALS
};

enum picture_state {
    PICTURE_RASTER,    /* in alone */
    PICTURE_TONES,     /* px: 0 black to 255 white, up to a megapixel */
    PICTURE_DARKENING, /* px: by how many levels darker than the paper around it */
    PICTURE_INK,       /* px: 0 paper to 255 ink, the edges of strokes in between */
    PICTURE_SMALL,     /* small: the ink, its longest side 20 px (28 with NORMALISE_CENTER_NONE) */
    PICTURE_DIGIT      /* digit: light ink on black */
};

struct paper { /* known from the stage of that name on */
    enum { PAPER_FLAT, PAPER_TWO_TONES, PAPER_UNEVEN } light;
    int tone;  /* flat: its tone, the paper being the lighter */
    int split; /* two tones: the first value of the paper's; the rest is ink */
    int noise; /* darkening up to this is the paper's grain */
};

struct small {
    int w, h;               /* up to 28 */
    double v[DIGIT_PIXELS]; /* [h][w], 0 to 255 */
};

/* Zeroed but for in, invert and center to begin with; px is its own (picture_free). */
struct picture {
    enum picture_state state;
    struct raster in; /* sides of at least 1 */
    enum normalise_invert invert;
    enum normalise_center center;
    int w, h;
    uint8_t *px; /* [h][w], from PICTURE_TONES on */
    int scale;   /* in was averaged down so many times on each side, else 1 */
    bool dark;   /* the ink is darker than the paper; px has been turned over where it is not */
    struct paper paper;
    bool lined;                     /* straight lines were taken away */
    int threshold;                  /* ink of at least this is sure, 1 to 255; below it are edges and faint ends */
    enum normalise_refusal refusal; /* px is all 0 then */
    struct box box;                 /* around the ink, in px of this picture; {0} before parts and when refused */
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
int picture_longest(const struct picture *p);    /* side, px */

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
void box_join(struct box *b, const struct box *by);    /* b grows over by, too */
struct box box_turned(const struct box *b);            /* across and down change places */

/* b grows over ink of at least `least` that lies beside it, by a sixteenth of its longest side (2 px at least). */
void box_grow(struct box *b, const struct raster *ink, int least);

#endif
