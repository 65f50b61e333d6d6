/* The engine: cnn_forward runs the steps that cnn_create made.
 *
 * Pitfall: the scratch block is the caller's and may contain anything, so the borders, which are small, are zeroed in
 * every call; everything else is written before it is read. */
#include <stdlib.h>
#include <string.h>

#include "cnn_parts.h"
#include "moments.h"

void cnn_free(struct cnn *c)
{
    if (!c)
        return;
    free(c->block);
    free(c);
}

size_t cnn_scratch_bytes(const struct cnn *c)
{
    return c->scratch_floats * sizeof(float);
}

void *cnn_scratch_new(const struct cnn *c)
{
    return aligned_alloc(CNN_ALIGN, cnn_scratch_bytes(c));
}

static void zero_border(const struct place *p, float *scratch)
{
    const size_t side = (size_t)p->border * (size_t)p->c, whole = (size_t)p->border * p->row;
    if (p->border == 0)
        return;
    for (int part = 0; part < p->parts; part++) {
        float *row = scratch + p->at + (size_t)part * p->part;
        memset(row, 0, whole * sizeof(*row));
        row += whole;
        for (int y = 0; y < p->h; y++, row += p->row) {
            memset(row, 0, side * sizeof(*row));
            memset(row + p->row - side, 0, side * sizeof(*row));
        }
        memset(row, 0, whole * sizeof(*row));
    }
}

/* One view of the picture to its channel. */
static void put_view(const struct place *p, int view, const uint8_t image[DIGIT_PIXELS], const float *value,
                     float *scratch)
{
    float *to = scratch + p->interior + (size_t)(view / p->real_c) * p->part + (size_t)(view % p->real_c);
    for (int y = 0; y < p->h; y++, to += p->row)
        for (int x = 0; x < p->w; x++) {
            const uint8_t pixel = image[y * DIGIT_SIDE_PX + x];
            to[(size_t)x * (size_t)p->c] = value ? value[pixel] : (float)pixel / 255.0F;
        }
}

static void put_picture(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], const float *value, float *scratch)
{
    const struct place *p = &c->picture;
    uint8_t normal[DIGIT_PIXELS];
    if (c->views)
        moments_normalise(image, normal);
    if (p->c > p->real_c)
        memset(scratch + p->at, 0, (size_t)p->parts * p->part * sizeof(*scratch));
    else
        zero_border(p, scratch);
    for (int v = 0; v < p->parts * p->real_c; v++)
        put_view(p, v, c->views >> v & 1 ? normal : image, value, scratch);
}

/* Computes part `part` of the output from the part of the input that it sees: its own, or the only one. */
static void run_part(const struct kernel_set *kernels, const struct step *s, float *scratch, int part)
{
    const size_t from = s->in.parts > 1 ? (size_t)part * s->in.part : 0, to = (size_t)part * s->out.part;
    if (s->op == OP_MAXPOOL2) {
        kernels->maxpool2(s->in.h, s->in.w, s->in.c, scratch + s->in.at + from, s->in.row,
                          scratch + s->out.interior + to, s->out.row);
        return;
    }
    const struct kernel_conv k = {.in_w = s->in.w + 2 * s->in.border,
                                  .in_c = s->in.c,
                                  .out_c = s->out.c,
                                  .kernel = s->kernel,
                                  .conv_h = s->conv_h,
                                  .conv_w = s->conv_w,
                                  .in = scratch + s->in.at + from,
                                  .weight = s->weight + (size_t)part * s->part_weights,
                                  .bias = s->bias + part * s->out.c,
                                  .out = scratch + s->out.interior + to,
                                  .out_row_floats = s->out.row,
                                  .relu = s->relu};
    (s->op == OP_CONV ? kernels->conv : kernels->conv_pool)(&k);
}

static void run_step(const struct kernel_set *kernels, const struct step *s, float *scratch)
{
    zero_border(&s->out, scratch);
    if (s->op == OP_DENSE)
        kernels->dense((int)((size_t)s->in.parts * s->in.part), s->out.c, scratch + s->in.at, s->weight, s->bias,
                       s->relu, scratch + s->out.at);
    else
        for (int part = 0; part < s->out.parts; part++)
            run_part(kernels, s, scratch, part);
}

/* The last activation is one pixel of ten channels (everything is square, and ten is not a multiple of 4 or 9), in
 * parts where no dense layer follows grouped convolutions. */
void cnn_forward_scaled(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], const float *value,
                        float logits[MODEL_CLASSES], void *scratch)
{
    float *const block = scratch;
    put_picture(c, image, value, block);
    for (int i = 0; i < c->n_steps; i++)
        run_step(c->kernels, &c->step[i], block);
    const struct place *out = &c->step[c->n_steps - 1].out;
    for (size_t i = 0; i < MODEL_CLASSES; i++)
        logits[i] = block[out->at + cnn_channels_last(out, i)];
}

void cnn_forward(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], float logits[MODEL_CLASSES], void *scratch)
{
    cnn_forward_scaled(c, image, NULL, logits, scratch);
}

size_t cnn_features(const struct cnn *c)
{
    const struct step *last = &c->step[c->n_steps - 1];
    return last->op == OP_DENSE ? last->features : 0;
}

void cnn_features_get(const struct cnn *c, const void *scratch, float *features)
{
    const struct place *in = &c->step[c->n_steps - 1].in;
    const float *block = scratch;
    for (size_t i = 0; i < cnn_features(c); i++)
        features[i] = block[in->at + cnn_channels_last(in, i)];
}

float cnn_score(const struct cnn *c, void *scratch)
{
    float *const block = scratch;
    for (int i = 0; i < c->n_reject; i++)
        run_step(c->kernels, &c->reject[i], block);
    return c->n_reject > 0 ? block[c->reject[c->n_reject - 1].out.at] : 0;
}
