/* Turns a grey raster of any size into the 28x28 that the network was trained on. The web service, the command line and
 * the evaluation all use this normaliser. The room's only public header.
 *
 * In all 70,000 pictures of MNIST the longest side of the ink box is 19 or 20, the median of the border pixels is 0
 * with at most 5.4 % of them lit, and the centre of mass is within 0.5 px of index (14, 14). A 28x28 raster like that
 * passes unchanged, bit for bit; its photographic negative passes as exactly 255 - v. All others go through
 * normalise_stages. */
#ifndef DIGITD_NORMALISE_NORMALISE_H
#define DIGITD_NORMALISE_NORMALISE_H

#include "picture.h"

/* Called with the pictures between the steps, in order. name is a constant word of up to 15 lower-case letters;
 * px[h][w] is grey and valid only during the call. "grey" is the input and "input" the resulting 28x28. Between them,
 * unless the picture passes unchanged: "levelled" (light evened out, lines removed, ink dark), "ink" (only the digit's,
 * light), and "scaled" if there is any ink. */
struct normalise_trace {
    void (*see)(void *ctx, const char *name, int w, int h, const uint8_t *px);
    void *ctx;
};

struct normalise_options {
    enum normalise_invert invert;
    enum normalise_center center;
    const struct normalise_trace *trace; /* NULL: no trace */
    /* Called once (NULL: not) with the picture in PICTURE_DARKENING, before its lines are taken off: the whole page,
     * for who looks for more than one digit; and in PICTURE_INK, where parts has not chosen yet, for who can use what
     * was made of it. Not for a picture that passes unchanged. Its error ends everything. */
    enum err (*page)(void *ctx, const struct picture *levelled, const struct picture *ink);
    void *page_ctx;
};

/* What was done, in pixels of the input raster. */
struct normalise_steps {
    int width, height;              /* px, of the input raster */
    bool unchanged;                 /* it was already like MNIST */
    bool inverted;                  /* dark ink on light paper: every value v became 255 - v */
    bool blank;                     /* no ink was found; out is all 0 */
    enum normalise_refusal refusal; /* why, if it is blank */
    int box[4];                     /* ink: x, y, width, height, as in the API; zeros if blank */
    double shift[2]; /* how far the centre of mass was moved to index (14, 14), in px of the 28x28: dx, dy */
};

/* out[28][28], light ink on black. Allocates and frees its working copy. Never fails because of the content: only
 * ERR_RANGE for a side below 1, and ERR_NOMEM. */
enum err normalise(const struct raster *in, uint8_t out[DIGIT_PIXELS], struct normalise_steps *steps);

/* The same with a visitor's options. If any option except trace is set, an MNIST-like picture is treated like any
 * other. */
enum err normalise_with(const struct raster *in, const struct normalise_options *options, uint8_t out[DIGIT_PIXELS],
                        struct normalise_steps *steps);

/* Where and why a picture was refused: the name of the stage, and a phrase for people. NULL for NORMALISE_NOT_REFUSED.
 */
const char *normalise_refusal_stage(enum normalise_refusal refusal);
const char *normalise_refusal_reason(enum normalise_refusal refusal);

/* The stages, in order. Each takes what the one before it leaves. */
struct normalise_stage {
    const char *name;
    enum picture_state from, to;
    enum err (*run)(struct picture *p);
    const char *seen; /* the picture's name in a trace; NULL: not shown */
};
enum { NORMALISE_STAGES = 9 };
extern const struct normalise_stage normalise_stages[NORMALISE_STAGES];

/* Runs one stage. ERR_RANGE if p is not in the state that the stage takes (p is not changed), or not in the one that it
 * must leave; ERR_NOMEM. */
enum err normalise_run_stage(const struct normalise_stage *s, struct picture *p, const struct normalise_trace *trace);

/* Runs the stages from p's state on, and stops as soon as p reaches the given state; stages that would keep it in that
 * state are left to a later call. So at PICTURE_INK, p has all ink of the page: parts has not chosen yet. See picture.h
 * for p; the caller frees it, even after an error. A refused picture stops at PICTURE_INK, which is not an error. */
enum err normalise_run_until(struct picture *p, enum picture_state state, const struct normalise_trace *trace);

/* Turns one piece of ink (as in PICTURE_INK) into 28x28, as scale and place do for a picture with its ink in that box.
 * Only ERR_NOMEM, and ERR_RANGE for a box that is empty or not inside the picture. */
enum err normalise_piece(const struct raster *ink, const struct box *box, uint8_t out[DIGIT_PIXELS], double shift[2]);

#endif
