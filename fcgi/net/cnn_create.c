/* Turns a list of layers into steps: a kernel to call, packed weights, and where in the scratch block it reads and
 * writes.
 *
 * Pitfalls: flatten is channel-first in the file and channels-last here, so the weights of the dense layer after it are
 * reordered, not the activations. Grouped convolutions read and write parts, each a separate picture, so that kernels
 * know nothing about groups; each part is padded separately. */
#include <stdlib.h>
#include <string.h>

#include "cnn_parts.h"

enum { ALIGN_FLOATS = CNN_ALIGN / (int)sizeof(float) };

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

/* The number of parts of layer i's output: what the next convolution needs, or else what this one makes. */
static int parts_after(const struct model *m, int i)
{
    int parts = 1;
    for (int k = 0; k < m->n_layers && m->layers[k].kind != LAYER_FLATTEN; k++)
        if (m->layers[k].kind == LAYER_CONV2D) {
            parts = layer_groups(&m->layers[k]);
            if (k > i)
                break;
        }
    return m->layers[i].kind == LAYER_DENSE ? 1 : parts;
}

static struct place place_of(int parts, int h, int w, int channels)
{
    const int real_c = channels / parts;
    return (struct place){.parts = parts, .h = h, .w = w, .c = padded(real_c), .real_c = real_c};
}

/* Makes the steps of m's layers, shapes only. Views, flatten and softmax are not steps; a maxpool2 after a convolution
 * is fused with it. */
static void make_steps(struct cnn *c, const struct model *m)
{
    for (int i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layers[i], *next = i + 1 < m->n_layers ? l + 1 : NULL;
        if (l->kind == LAYER_VIEWS || l->kind == LAYER_FLATTEN || l->kind == LAYER_SOFTMAX)
            continue;
        struct step *s = &c->step[c->n_steps++];
        *s = (struct step){.layer = l,
                           .kernel = l->kernel,
                           .relu = l->relu,
                           .conv_h = l->out_h,
                           .conv_w = l->out_w,
                           .features = (size_t)l->in_c};
        s->op = l->kind == LAYER_CONV2D ? OP_CONV : l->kind == LAYER_MAXPOOL2 ? OP_MAXPOOL2 : OP_DENSE;
        s->out = place_of(parts_after(m, i), l->out_h, l->out_w, l->out_c);
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

/* Sets p's border and its place, starting at `at`; returns its size in floats, rounded up. */
static size_t place_fit(struct place *p, int border, size_t at)
{
    p->border = border;
    p->row = (size_t)(p->w + 2 * border) * (size_t)p->c;
    p->at = at;
    p->interior = at + (size_t)border * (p->row + (size_t)p->c);
    p->part = (p->row * (size_t)(p->h + 2 * border) + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
    return p->part * (size_t)p->parts;
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

/* What one part of the output takes; a dense layer has one. */
static size_t part_weights(const struct step *s)
{
    if (s->op == OP_DENSE)
        return (size_t)s->in.parts * s->in.part * (size_t)s->out.c;
    if (s->op == OP_MAXPOOL2)
        return 0;
    return (size_t)(s->kernel * s->kernel) * (size_t)s->in.c * (size_t)s->out.c;
}

static size_t packed_weights(const struct step *s)
{
    return part_weights(s) * (size_t)s->out.parts;
}

static size_t packed_bias(const struct step *s)
{
    return (size_t)s->out.parts * (size_t)s->out.c;
}

/* [part * o][i][ky][kx] -> [part][ky][kx][i][o], the last two padded. */
static void pack_conv(const struct step *s)
{
    const struct layer *l = s->layer;
    const size_t area = (size_t)(l->kernel * l->kernel);
    const float *from = l->weight;
    float *to = s->weight;
    for (int part = 0; part < s->out.parts; part++, to += s->part_weights)
        for (int o = 0; o < s->out.real_c; o++)
            for (int i = 0; i < layer_fan_c(l); i++)
                for (size_t k = 0; k < area; k++)
                    to[(k * (size_t)s->in.c + (size_t)i) * (size_t)s->out.c + (size_t)o] = *from++;
}

/* [o][i] -> [i][o], both padded, with i in the activation's memory order. */
static void pack_dense(const struct step *s)
{
    const struct layer *l = s->layer;
    const float *from = l->weight;
    for (int o = 0; o < l->out_c; o++)
        for (size_t i = 0; i < (size_t)l->in_c; i++)
            s->weight[cnn_channels_last(&s->in, i) * (size_t)s->out.c + (size_t)o] = *from++;
}

/* The two dense steps of the rejection head. They read the last step's input, so they run before the scratch block is
 * overwritten, and write after all activations. */
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
        s->out = place_of(1, 1, 1, rule[i].out_c);
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
        floats += packed_weights(step_at(c, i)) + packed_bias(step_at(c, i));
    c->block = aligned_alloc(CNN_ALIGN, floats * sizeof(*c->block));
    if (!c->block)
        return ERR_NOMEM;
    memset(c->block, 0, floats * sizeof(*c->block));
    float *next = c->block;
    for (int i = 0; i < c->n_steps + c->n_reject; i++) {
        struct step *s = step_at(c, i);
        s->weight = next;
        s->part_weights = part_weights(s);
        s->bias = next + packed_weights(s);
        next = s->bias + packed_bias(s);
        if (s->op == OP_DENSE)
            pack_dense(s);
        else if (s->op != OP_MAXPOOL2)
            pack_conv(s);
        for (int o = 0; s->layer->bias && o < s->layer->out_c; o++)
            s->bias[o / s->out.real_c * s->out.c + o % s->out.real_c] = s->layer->bias[o];
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
    struct cnn *c = calloc(1, sizeof(*c));
    if (!c)
        return err_why(why, ERR_NOMEM, "out of memory");
    c->kernels = kernels;
    c->temperature = m->temperature;
    c->look_again_below = m->look_again_below;
    c->unsure_below = m->unsure_below;
    c->ink_max = (unsigned)((double)m->ink_above * 255 * DIGIT_PIXELS);
    struct layer rule[2];
    const struct layer *first = &m->layers[0];
    c->views = first->moments;
    make_steps(c, m);
    c->picture = first->kind == LAYER_VIEWS ? place_of(parts_after(m, 0), DIGIT_SIDE_PX, DIGIT_SIDE_PX, first->out_c)
                                            : place_of(1, DIGIT_SIDE_PX, DIGIT_SIDE_PX, 1);
    if (c->picture.real_c == 1 && c->step[0].op != OP_MAXPOOL2)
        c->picture.c = 1;
    place_activations(c);
    make_reject(c, m, rule);
    if (pack_weights(c)) {
        cnn_free(c);
        return err_why(why, ERR_NOMEM, "out of memory");
    }
    *out = c;
    return OK;
}
