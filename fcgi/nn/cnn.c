/* The engine. cnn_create turns the list of layers into steps: a kernel to call, packed weights, and where in the
 * scratch block it reads and writes. cnn_forward walks the steps.
 *
 * Activations are [h][w][c] with c padded to KERNEL_LANES (see kernels.h); the picture itself has one channel, unless
 * its first layer is a maxpool2. The activation that a "same" convolution reads lies inside a border of zeros: whoever
 * writes it, writes into the interior. There are two regions in the scratch block, and activations take turns.
 *
 * Traps. The scratch block is the caller's and may hold anything, so borders are zeroed in every call (they are small);
 * all else is written before it is read. Flatten is channel-first in the file and channels-last here: the weights of
 * the dense layer behind it are reordered, not the activations. */
#include "cnn.h"

#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "layers.h"

enum { ALIGN_BYTES = 64, ALIGN_FLOATS = ALIGN_BYTES / (int)sizeof(float) };

/* An activation in the scratch block. A flat vector of n has h = w = 1, c = n. */
struct place {
    int h, w, c;     /* c is padded */
    int border;      /* zeros on each side */
    size_t at;       /* floats from the start of the block to the border's first */
    size_t row;      /* floats in a row, borders included */
    size_t interior; /* floats from the start of the block to pixel (0, 0) */
};

enum op { OP_CONV, OP_CONV_POOL, OP_MAXPOOL2, OP_DENSE };

struct step {
    enum op op;
    const struct layer *layer; /* only until its weights are packed; NULL afterwards */
    int conv_h, conv_w, kernel;
    size_t features; /* dense: inputs, without padding */
    bool relu;
    float *weight, *bias; /* in the block of the struct cnn */
    struct place in, out;
};

struct cnn {
    const struct kernel_set *kernels;
    int n_steps;
    struct step step[MODEL_LAYERS_MAX];
    struct place picture; /* where the image goes */
    size_t scratch_floats;
    float temperature, unsure_below, reject_below, doubt_below;
    unsigned ink_max; /* a sum of pixels over this is no digit */
    int n_reject;     /* steps of the reject rule, behind the last one's input; 0: there is none */
    struct step reject[2];
    float *block; /* all packed weights and biases */
};

static int padded(int c)
{
    return (c + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES;
}

static const struct kernel_set *kernels_of(enum cnn_path path)
{
    switch (path) {
    case CNN_BASE:
        return kernels_base();
    case CNN_AVX2:
        return kernels_avx2();
    case CNN_AVX512:
        return kernels_avx512();
    case CNN_AUTO:
        break;
    }
    const struct kernel_set *best = kernels_avx512();
    best = best ? best : kernels_avx2();
    return best ? best : kernels_base();
}

bool cnn_path_available(enum cnn_path path)
{
    return kernels_of(path) != NULL;
}

const char *cnn_path_name(const struct cnn *c)
{
    return c->kernels->name;
}

/* The steps of m's layers, shapes only. Flatten and softmax are no steps; a maxpool2 behind a convolution is fused. */
static void make_steps(struct cnn *c, const struct model *m)
{
    for (int i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layers[i], *next = i + 1 < m->n_layers ? l + 1 : NULL;
        if (l->kind == LAYER_FLATTEN || l->kind == LAYER_SOFTMAX)
            continue;
        struct step *s = &c->step[c->n_steps++];
        *s = (struct step){.layer = l,
                           .kernel = l->kernel,
                           .relu = l->relu,
                           .conv_h = l->out_h,
                           .conv_w = l->out_w,
                           .features = (size_t)l->in_c};
        s->op = l->kind == LAYER_CONV2D ? OP_CONV : l->kind == LAYER_MAXPOOL2 ? OP_MAXPOOL2 : OP_DENSE;
        s->out = (struct place){.h = l->out_h, .w = l->out_w, .c = padded(l->out_c)};
        if (s->op == OP_CONV && next && next->kind == LAYER_MAXPOOL2) {
            s->op = OP_CONV_POOL;
            s->out.h = next->out_h;
            s->out.w = next->out_w;
            i++;
        }
    }
}

static int border_before(const struct cnn *c, int step)
{
    if (step == c->n_steps)
        return 0;
    const struct layer *l = c->step[step].layer;
    return l->kind == LAYER_CONV2D && l->same ? l->kernel / 2 : 0;
}

/* Gives p its border and its place behind `at`; returns its size in floats, rounded up. */
static size_t place_fit(struct place *p, int border, size_t at)
{
    p->border = border;
    p->row = (size_t)(p->w + 2 * border) * (size_t)p->c;
    p->at = at;
    p->interior = at + (size_t)border * (p->row + (size_t)p->c);
    const size_t floats = p->row * (size_t)(p->h + 2 * border);
    return (floats + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
}

/* Two regions: even activations (the picture is number 0) in the first, odd ones in the second. */
static void place_activations(struct cnn *c)
{
    size_t largest[2] = {0};
    for (int pass = 0; pass < 2; pass++) /* the second region's place is known after the first pass */
        for (int i = 0; i <= c->n_steps; i++) {
            struct place *p = i == 0 ? &c->picture : &c->step[i - 1].out;
            const size_t floats = place_fit(p, border_before(c, i), i % 2 ? largest[0] : 0);
            largest[i % 2] = floats > largest[i % 2] ? floats : largest[i % 2];
            if (i < c->n_steps)
                c->step[i].in = *p;
        }
    c->scratch_floats = largest[0] + largest[1];
}

static size_t packed_weights(const struct step *s)
{
    if (s->op == OP_DENSE)
        return (size_t)s->in.h * (size_t)s->in.w * (size_t)s->in.c * (size_t)s->out.c;
    if (s->op == OP_MAXPOOL2)
        return 0;
    return (size_t)(s->kernel * s->kernel) * (size_t)s->in.c * (size_t)s->out.c;
}

/* [o][i][ky][kx] -> [ky][kx][i][o], the last two padded. */
static void pack_conv(const struct step *s)
{
    const struct layer *l = s->layer;
    const size_t area = (size_t)(l->kernel * l->kernel);
    const float *from = l->weight;
    for (int o = 0; o < l->out_c; o++)
        for (int i = 0; i < l->in_c; i++)
            for (size_t k = 0; k < area; k++)
                s->weight[(k * (size_t)s->in.c + (size_t)i) * (size_t)s->out.c + (size_t)o] = *from++;
}

/* Index in [h][w][c padded] of element number i of the same in channel-first order. */
static size_t channels_last(const struct place *p, size_t i)
{
    const size_t area = (size_t)p->h * (size_t)p->w;
    return i % area * (size_t)p->c + i / area;
}

/* [o][i] -> [i][o], both padded, i as the activation has it in memory. */
static void pack_dense(const struct step *s)
{
    const struct layer *l = s->layer;
    const float *from = l->weight;
    for (int o = 0; o < l->out_c; o++)
        for (size_t i = 0; i < (size_t)l->in_c; i++)
            s->weight[channels_last(&s->in, i) * (size_t)s->out.c + (size_t)o] = *from++;
}

/* The two dense steps of the reject rule. They read what the last step reads, so they run before anything else is put
 * into the scratch block, and write behind all activations. */
static void make_reject(struct cnn *c, const struct model *m, struct layer rule[2])
{
    const struct model_reject *r = &m->reject;
    if (r->hidden == 0)
        return;
    c->n_reject = 2;
    c->reject_below = r->below;
    c->doubt_below = r->doubt;
    rule[0] = (struct layer){.in_c = r->features, .out_c = r->hidden, .weight = r->hidden_weight, .relu = true};
    rule[0].bias = r->hidden_bias;
    rule[1] = (struct layer){.in_c = r->hidden, .out_c = 1, .weight = r->out_weight, .bias = r->out_bias};
    for (int i = 0; i < c->n_reject; i++) {
        struct step *s = &c->reject[i];
        *s = (struct step){.op = OP_DENSE, .layer = &rule[i], .relu = rule[i].relu};
        s->in = i == 0 ? c->step[c->n_steps - 1].in : c->reject[i - 1].out;
        s->out = (struct place){.h = 1, .w = 1, .c = padded(rule[i].out_c)};
        c->scratch_floats += place_fit(&s->out, 0, c->scratch_floats);
    }
}

static struct step *step_at(struct cnn *c, int i)
{
    return i < c->n_steps ? &c->step[i] : &c->reject[i - c->n_steps];
}

/* One zeroed block for all steps; KERNEL_LANES makes every part of it a multiple of the alignment. */
static enum err pack_weights(struct cnn *c)
{
    size_t floats = ALIGN_FLOATS;
    for (int i = 0; i < c->n_steps + c->n_reject; i++)
        floats += packed_weights(step_at(c, i)) + (size_t)step_at(c, i)->out.c;
    c->block = aligned_alloc(ALIGN_BYTES, floats * sizeof *c->block);
    if (!c->block)
        return ERR_NOMEM;
    memset(c->block, 0, floats * sizeof *c->block);
    float *next = c->block;
    for (int i = 0; i < c->n_steps + c->n_reject; i++) {
        struct step *s = step_at(c, i);
        s->weight = next;
        s->bias = next + packed_weights(s);
        next = s->bias + s->out.c;
        if (s->op == OP_DENSE)
            pack_dense(s);
        else if (s->op != OP_MAXPOOL2)
            pack_conv(s);
        if (s->layer->bias)
            memcpy(s->bias, s->layer->bias, (size_t)s->layer->out_c * sizeof *s->bias);
        s->layer = NULL;
    }
    return OK;
}

enum err cnn_create(struct cnn **out, const struct model *m, enum cnn_path path, struct why *why)
{
    *out = NULL;
    const struct kernel_set *kernels = kernels_of(path);
    if (!kernels)
        return err_why(why, ERR_UNSUPPORTED, "this processor does not have the instructions asked for");
    struct cnn *c = calloc(1, sizeof *c);
    if (!c)
        return err_why(why, ERR_NOMEM, "out of memory");
    c->kernels = kernels;
    c->temperature = m->temperature;
    c->unsure_below = m->unsure_below;
    c->ink_max = (unsigned)((double)m->ink_above * 255 * MODEL_PIXELS);
    struct layer rule[2];
    make_steps(c, m);
    const bool one_channel = c->step[0].op != OP_MAXPOOL2;
    c->picture = (struct place){.h = MODEL_SIDE, .w = MODEL_SIDE, .c = one_channel ? 1 : KERNEL_LANES};
    place_activations(c);
    make_reject(c, m, rule);
    if (pack_weights(c)) {
        cnn_free(c);
        return err_why(why, ERR_NOMEM, "out of memory");
    }
    *out = c;
    return OK;
}

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
    return aligned_alloc(ALIGN_BYTES, cnn_scratch_bytes(c));
}

static void zero_border(const struct place *p, float *scratch)
{
    const size_t side = (size_t)p->border * (size_t)p->c, whole = (size_t)p->border * p->row;
    float *row = scratch + p->at;
    if (p->border == 0)
        return;
    memset(row, 0, whole * sizeof *row);
    row += whole;
    for (int y = 0; y < p->h; y++, row += p->row) {
        memset(row, 0, side * sizeof *row);
        memset(row + p->row - side, 0, side * sizeof *row);
    }
    memset(row, 0, whole * sizeof *row);
}

static void put_picture(const struct place *p, const uint8_t image[MODEL_PIXELS], float *scratch)
{
    zero_border(p, scratch);
    for (int y = 0; y < p->h; y++) {
        float *row = scratch + p->interior + (size_t)y * p->row;
        if (p->c > 1)
            memset(row, 0, (size_t)p->w * (size_t)p->c * sizeof *row);
        for (int x = 0; x < p->w; x++)
            row[(size_t)x * (size_t)p->c] = (float)image[y * MODEL_SIDE + x] / 255.0F;
    }
}

static void run_step(const struct kernel_set *kernels, const struct step *s, float *scratch)
{
    zero_border(&s->out, scratch);
    if (s->op == OP_CONV || s->op == OP_CONV_POOL) {
        const struct kernel_conv k = {.in_w = s->in.w + 2 * s->in.border,
                                      .in_c = s->in.c,
                                      .out_c = s->out.c,
                                      .kernel = s->kernel,
                                      .conv_h = s->conv_h,
                                      .conv_w = s->conv_w,
                                      .in = scratch + s->in.at,
                                      .weight = s->weight,
                                      .bias = s->bias,
                                      .out = scratch + s->out.interior,
                                      .out_row_floats = s->out.row,
                                      .relu = s->relu};
        (s->op == OP_CONV ? kernels->conv : kernels->conv_pool)(&k);
    } else if (s->op == OP_MAXPOOL2) {
        kernels->maxpool2(s->in.h, s->in.w, s->in.c, scratch + s->in.at, s->in.row, scratch + s->out.interior,
                          s->out.row);
    } else {
        kernels->dense(s->in.h * s->in.w * s->in.c, s->out.c, scratch + s->in.at, s->weight, s->bias, s->relu,
                       scratch + s->out.at);
    }
}

/* The last activation is one pixel of ten channels: everything is square, and ten is not a multiple of 4 or 9. */
void cnn_forward(const struct cnn *c, const uint8_t image[MODEL_PIXELS], float logits[MODEL_CLASSES], void *scratch)
{
    float *const block = scratch;
    put_picture(&c->picture, image, block);
    for (int i = 0; i < c->n_steps; i++)
        run_step(c->kernels, &c->step[i], block);
    memcpy(logits, block + c->step[c->n_steps - 1].out.at, MODEL_CLASSES * sizeof *logits);
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
        features[i] = block[in->at + channels_last(in, i)];
}

/* Whether the picture that cnn_forward just saw is none of a digit: without ink, with too much, or by the rule. "not at
 * least" instead of "below", here and with the confidence: what is no number (weights near the end of the float range
 * can make infinities meet) must not pass for a digit. */
static bool is_refused(const struct cnn *c, const uint8_t image[MODEL_PIXELS], float *block, float *score)
{
    unsigned ink = 0;
    for (int i = 0; i < MODEL_PIXELS; i++)
        ink += image[i];
    *score = 0;
    for (int i = 0; i < c->n_reject; i++) {
        run_step(c->kernels, &c->reject[i], block);
        *score = block[c->reject[i].out.at];
    }
    return ink == 0 || ink > c->ink_max || !(*score >= c->reject_below);
}

void cnn_answer(const struct cnn *c, const uint8_t image[MODEL_PIXELS], struct answer *a, void *scratch)
{
    double scaled[MODEL_CLASSES], probability[MODEL_CLASSES];

    *a = (struct answer){.verdict = VERDICT_DIGIT};
    cnn_forward(c, image, a->logits, scratch);
    for (int i = 0; i < MODEL_CLASSES; i++)
        scaled[i] = (double)a->logits[i] / (double)c->temperature;
    layer_softmax_forward(MODEL_CLASSES, scaled, probability);
    for (int i = 0; i < MODEL_CLASSES; i++) {
        a->probability[i] = (float)probability[i];
        if (a->probability[i] > a->probability[a->digit])
            a->digit = i;
    }
    a->confidence = a->probability[a->digit];
    if (is_refused(c, image, scratch, &a->score))
        a->verdict = VERDICT_NOT_A_DIGIT;
    a->doubted = a->verdict == VERDICT_NOT_A_DIGIT || !(a->score >= c->doubt_below);
    if (a->verdict == VERDICT_DIGIT && (a->doubted || !(a->confidence >= c->unsure_below)))
        a->verdict = VERDICT_UNSURE;
}
