/* The path to 28x28: a picture that is not already like MNIST goes through the stages of the table, one after another.
 * Only this file checks which state a stage takes and leaves, and calls the trace. */
#include "normalise.h"

#include <string.h>

#include "stages.h"

const struct normalise_stage normalise_stages[NORMALISE_STAGES] = {
    {"reduce", PICTURE_RASTER, PICTURE_TONES, reduce_run, NULL},
    {"sheet", PICTURE_TONES, PICTURE_TONES, sheet_run, NULL},
    {"paper", PICTURE_TONES, PICTURE_TONES, paper_run, NULL},
    {"level", PICTURE_TONES, PICTURE_DARKENING, level_run, NULL},
    {"lines", PICTURE_DARKENING, PICTURE_DARKENING, lines_run, "levelled"},
    {"threshold", PICTURE_DARKENING, PICTURE_INK, threshold_run, NULL},
    {"parts", PICTURE_INK, PICTURE_INK, parts_run, "ink"},
    {"scale", PICTURE_INK, PICTURE_SMALL, scale_run, "scaled"},
    {"place", PICTURE_SMALL, PICTURE_DIGIT, place_run, NULL},
};

static const struct {
    const char *stage, *reason;
} refusals[NORMALISE_REFUSALS] = {
    [NORMALISE_NO_CONTRAST] = {"threshold", "nothing stands out from the paper"},
    [NORMALISE_ONLY_FRAMES] = {"parts", "there is nothing but a frame, or ink all over"},
    [NORMALISE_ONLY_REMNANTS] = {"parts", "there is nothing but lines"},
    [NORMALISE_ONLY_NOISE] = {"parts", "there is nothing but many small spots"},
};

const char *normalise_refusal_stage(enum normalise_refusal refusal)
{
    return refusals[refusal].stage;
}

const char *normalise_refusal_reason(enum normalise_refusal refusal)
{
    return refusals[refusal].reason;
}

/* A picture as it is shown in its state: paper white while there is any. */
static void see(const struct normalise_trace *trace, const char *name, struct picture *p)
{
    uint8_t px[DIGIT_PIXELS];

    if (trace == NULL || name == NULL)
        return;
    switch (p->state) {
    case PICTURE_RASTER:
        trace->see(trace->ctx, name, p->in.w, p->in.h, p->in.px);
        break;
    case PICTURE_TONES:
    case PICTURE_INK:
        trace->see(trace->ctx, name, p->w, p->h, p->px);
        break;
    case PICTURE_DARKENING:
        picture_invert(p);
        trace->see(trace->ctx, name, p->w, p->h, p->px);
        picture_invert(p);
        break;
    case PICTURE_SMALL:
        for (int i = 0; i < p->small.w * p->small.h; i++)
            px[i] = (uint8_t)(p->small.v[i] + 0.5);
        trace->see(trace->ctx, name, p->small.w, p->small.h, px);
        break;
    case PICTURE_DIGIT:
        trace->see(trace->ctx, name, DIGIT_SIDE_PX, DIGIT_SIDE_PX, p->digit);
        break;
    }
}

enum err normalise_run_stage(const struct normalise_stage *s, struct picture *p, const struct normalise_trace *trace)
{
    enum err e = p->state == s->from ? s->run(p) : ERR_RANGE;

    if (e == OK && p->state != s->to)
        e = ERR_RANGE;
    if (e == OK)
        see(trace, s->seen, p);
    return e;
}

/* What was refused goes through the rest of its state's stages, so that a trace sees what was left of it: nothing. */
enum err normalise_run_until(struct picture *p, enum picture_state state, const struct normalise_trace *trace)
{
    enum err e = OK;

    for (int i = 0; e == OK && i < NORMALISE_STAGES && p->state < state; i++) {
        const struct normalise_stage *s = &normalise_stages[i];

        if (p->refusal != NORMALISE_NOT_REFUSED && s->to > PICTURE_INK)
            break;
        if (s->from >= p->state)
            e = normalise_run_stage(s, p, trace);
    }
    return e;
}

/* The box in px of the raster that came in. */
static void tell_box(const struct picture *p, struct normalise_steps *steps)
{
    const int x1 = p->box.x1 * p->scale, y1 = p->box.y1 * p->scale;

    steps->box[0] = p->box.x0 * p->scale;
    steps->box[1] = p->box.y0 * p->scale;
    steps->box[2] = (x1 < p->in.w ? x1 : p->in.w) - steps->box[0];
    steps->box[3] = (y1 < p->in.h ? y1 : p->in.h) - steps->box[1];
}

static void tell_steps(const struct picture *p, struct normalise_steps *steps)
{
    steps->refusal = p->refusal;
    steps->blank = p->refusal != NORMALISE_NOT_REFUSED;
    /* as wished, though it led to nothing */
    steps->inverted = steps->blank ? p->invert == NORMALISE_INVERT_YES : p->dark;
    if (!steps->blank)
        tell_box(p, steps);
    memcpy(steps->shift, p->shift, sizeof(steps->shift));
}

/* Runs p to its ink, and shows both: the page before its lines were taken off, and that. */
static enum err show_page(struct picture *p, const struct normalise_options *options)
{
    struct picture levelled;
    enum err e = picture_clone(p, &levelled);

    if (e == OK)
        e = normalise_run_until(p, PICTURE_INK, options->trace);
    if (e == OK)
        e = options->page(options->page_ctx, &levelled, p);
    picture_free(&levelled);
    return e;
}

enum err normalise_with(const struct raster *in, const struct normalise_options *options, uint8_t out[DIGIT_PIXELS],
                        struct normalise_steps *steps)
{
    const bool wishes = options->invert != NORMALISE_INVERT_AUTO || options->center != NORMALISE_CENTER_MASS;
    struct picture p = {.in = *in, .invert = options->invert, .center = options->center};
    enum err e = OK;

    memset(out, 0, DIGIT_PIXELS);
    memset(steps, 0, sizeof(*steps));
    if (in->w < 1 || in->h < 1)
        return ERR_RANGE;
    steps->width = in->w;
    steps->height = in->h;
    see(options->trace, "grey", &p);
    steps->unchanged = !wishes && mnist_pass(&p);
    if (!steps->unchanged) {
        e = normalise_run_until(&p, PICTURE_DARKENING, options->trace);
        if (e == OK && options->page != NULL)
            e = show_page(&p, options);
        if (e == OK)
            e = normalise_run_until(&p, PICTURE_DIGIT, options->trace);
    }
    if (e == OK) {
        p.state = PICTURE_DIGIT; /* black, where it was refused */
        see(options->trace, "input", &p);
        tell_steps(&p, steps);
        memcpy(out, p.digit, DIGIT_PIXELS);
    }
    picture_free(&p);
    return e;
}

enum err normalise(const struct raster *in, uint8_t out[DIGIT_PIXELS], struct normalise_steps *steps)
{
    return normalise_with(in, &(struct normalise_options){0}, out, steps);
}

enum err normalise_piece(const struct raster *ink, const struct box *box, uint8_t out[DIGIT_PIXELS], double shift[2])
{
    struct small small;
    enum err e;

    memset(out, 0, DIGIT_PIXELS);
    if (box->x0 < 0 || box->y0 < 0 || box->x1 > ink->w || box->y1 > ink->h || box->x1 <= box->x0 || box->y1 <= box->y0)
        return ERR_RANGE;
    e = scale_piece(ink, box, SCALE_BOX_PX, SCALE_MARGIN_PX, &small);
    if (e == OK)
        place_small(&small, NORMALISE_CENTER_MASS, out, shift);
    return e;
}
