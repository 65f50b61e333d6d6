/* From a grey raster of any size to the 28x28 that the network was trained on. THE one normaliser: web, command line
 * and evaluation all come here. The room's only public header.
 *
 * What MNIST's pictures are (measured over all 70,000): the longest side of the ink box is 19 or 20, the median of the
 * border ring is 0 with at most 5.4 % of it lit, the centre of mass within 0.5 px of index (14, 14). A 28x28 raster
 * like that passes unchanged, bit for bit; its photographic negative passes as exactly 255 - v. All others go through
 * normalise_stages. */
#ifndef DIGITD_NORMALISE_NORMALISE_H
#define DIGITD_NORMALISE_NORMALISE_H

#include "picture.h"

/* Sees the pictures between the steps, in order: name is a constant word of lower-case letters, up to 15; px[h][w]
 * grey, valid during the call only. "grey" is what came in and "input" the 28x28 that goes out; between them, unless
 * the picture passes unchanged: "levelled" (the light evened out and lines gone, ink dark), "ink" (the digit's
 * alone, light), and where there is any, "scaled". */
struct normalise_trace {
    void (*see)(void *ctx, const char *name, int w, int h, const uint8_t *px);
    void *ctx;
};

struct normalise_options {
    enum normalise_invert invert;
    enum normalise_center center;
    const struct normalise_trace *trace; /* NULL: nobody looks */
};

/* What was done, in the pixels of the raster given. */
struct normalise_steps {
    int width, height;              /* px, of the raster that came in */
    bool unchanged;                 /* it was MNIST-like already */
    bool inverted;                  /* dark ink on light paper: every value v became 255 - v */
    bool blank;                     /* no ink was found; out is all 0 */
    enum normalise_refusal refusal; /* why, where it is blank */
    int box[4];                     /* ink: x, y, width, height, as API and pages tell it; zeros when blank */
    double shift[2]; /* how far the centre of mass was moved to index (14, 14), in px of the 28x28: dx, dy */
};

/* out[28][28], light ink on black. Allocates its working copy and frees it. Never fails for content, only ERR_RANGE for
 * a side under 1 and ERR_NOMEM. */
enum err normalise(const struct raster *in, uint8_t out[DIGIT_PIXELS], struct normalise_steps *steps);

/* The same with a visitor's wishes. With any option set but trace, an MNIST-like picture is treated like others. */
enum err normalise_with(const struct raster *in, const struct normalise_options *options, uint8_t out[DIGIT_PIXELS],
                        struct normalise_steps *steps);

/* Where and why a picture was refused: the stage's name, and a phrase for a person. NULL for NORMALISE_NOT_REFUSED. */
const char *normalise_refusal_stage(enum normalise_refusal refusal);
const char *normalise_refusal_reason(enum normalise_refusal refusal);

/* The stages, in order. What one leaves is what the next one takes. */
struct normalise_stage {
    const char *name;
    enum picture_state from, to;
    enum err (*run)(struct picture *p);
    const char *seen; /* what a trace calls the picture after it; NULL: it is not shown */
};
enum { NORMALISE_STAGES = 9 };
extern const struct normalise_stage normalise_stages[NORMALISE_STAGES];

/* Runs one of them. ERR_RANGE where p has not the state that it takes (then p is left alone), or has not the one that
 * it is to leave; ERR_NOMEM. */
enum err normalise_run_stage(const struct normalise_stage *s, struct picture *p, const struct normalise_trace *trace);

/* Runs the stages from p's state on, and stops as soon as p has the state that is asked for; stages that would keep it
 * in that state are left to a later call. So at PICTURE_INK p has all ink of the page: parts has not chosen yet. p: see
 * picture.h; its owner frees it, also after an error. A refused picture stops at PICTURE_INK, which is no error. */
enum err normalise_run_until(struct picture *p, enum picture_state state, const struct normalise_trace *trace);

/* One piece of ink (as of PICTURE_INK) to 28x28: what scale and place do with a picture whose ink is that box.
 * Only ERR_NOMEM, and ERR_RANGE for a box that is empty or not inside. */
enum err normalise_piece(const struct raster *ink, const struct box *box, uint8_t out[DIGIT_PIXELS], double shift[2]);

#endif
