/* From a layer list to stages: shapes, offsets, which kernels. No pictures pass here (graph_pass.c). */
#include "graph.h"

#include <stdlib.h>

static size_t padded(size_t c)
{
    return (c + BACK_SLICE - 1) / BACK_SLICE * BACK_SLICE;
}

/* A stage for a layer with weights. prev is the stage before, or NULL. */
static void stage_linear(struct stage *s, const struct stage *prev, const struct layer *l, bool bn)
{
    bool conv = l->kind == LAYER_CONV2D;
    s->kind = conv ? STAGE_CONV : STAGE_DENSE;
    s->bn = conv && bn && l->bias;
    s->bias = l->bias && !s->bn;
    s->relu = l->relu;
    s->real_c = (size_t)l->out_c;
    s->real_in_c = (size_t)l->in_c;
    s->c = padded(s->real_c);
    s->kernel = conv ? (size_t)l->kernel : 1;
    s->pad = conv && l->same ? s->kernel / 2 : 0;
    if (conv) {
        s->in_h = (size_t)l->in_h;
        s->in_w = (size_t)l->in_w;
        s->in_c = prev ? prev->c : 1;
    } else {
        s->flat_h = prev ? prev->out_h : DIGIT_SIDE_PX;
        s->flat_w = prev ? prev->out_w : DIGIT_SIDE_PX;
        s->flat_c = prev ? prev->c : BACK_SLICE;
        s->flat_real_c = prev ? prev->real_c : 1;
        s->in_h = s->in_w = 1;
        s->in_c = s->flat_h * s->flat_w * s->flat_c;
    }
    s->h = s->out_h = (size_t)l->out_h;
    s->w = s->out_w = (size_t)l->out_w;
}

static void stage_lone_pool(struct stage *s, const struct stage *prev, const struct layer *l)
{
    s->kind = STAGE_POOL;
    s->layer = -1;
    s->pool = true;
    s->kernel = 1;
    s->in_h = s->h = (size_t)l->in_h;
    s->in_w = s->w = (size_t)l->in_w;
    s->in_c = s->c = prev ? prev->c : BACK_SLICE;
    s->real_in_c = s->real_c = (size_t)l->in_c;
    s->out_h = (size_t)l->out_h;
    s->out_w = (size_t)l->out_w;
}

static enum err build_stages(struct graph *g, const struct model *m, bool bn, struct why *why)
{
    for (int i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layers[i];
        struct stage *s = &g->stages[g->n_stages], *prev = g->n_stages > 0 ? s - 1 : NULL;
        switch (l->kind) {
        case LAYER_VIEWS:
            if (l->out_c > 1)
                return err_why(
                    why, ERR_UNSUPPORTED,
                    "layer %d: the trainer supports only one view; train the networks separately, then use digit join",
                    i + 1);
            break; /* whoever puts a picture sees to it */
        case LAYER_FLATTEN:
        case LAYER_SOFTMAX:
            break; /* the dense stage's input is flat anyway; softmax is in the loss */
        case LAYER_CONV2D:
        case LAYER_DENSE:
            if (layer_groups(l) > 1)
                return err_why(
                    why, ERR_UNSUPPORTED,
                    "layer %d: the trainer does not support groups; train the networks separately, then use digit join",
                    i + 1);
            s->layer = i;
            stage_linear(s, prev, l, bn);
            g->n_stages++;
            break;
        case LAYER_MAXPOOL2:
            if (prev && !prev->pool) {
                prev->pool = true;
                prev->out_h = (size_t)l->out_h;
                prev->out_w = (size_t)l->out_w;
            } else {
                stage_lone_pool(s, prev, l);
                g->n_stages++;
            }
            break;
        }
    }
    if (g->n_stages == 0 || g->stages[g->n_stages - 1].kind != STAGE_DENSE)
        return err_why(why, ERR_UNSUPPORTED, "the layer list must end in a dense layer with %d classes", MODEL_CLASSES);
    return OK;
}

/* Whether tiles of 4x4 results save multiplications: not where most of them would lie outside the picture. */
static bool winograd_pays(const struct stage *s)
{
    size_t tiles = ((s->h + 3) / 4) * ((s->w + 3) / 4);
    return s->kind == STAGE_CONV && s->kernel == 3 && s->in_c > 1 && tiles * BACK_WINOGRAD_TAPS < s->h * s->w * 6;
}

static void lay_out(struct graph *g)
{
    bool trainable_before = false;
    for (int i = 0; i < g->n_stages; i++) {
        struct stage *s = &g->stages[i];
        size_t weights = s->kernel * s->kernel * s->in_c * s->c;
        s->needs_dx = trainable_before;
        s->channels_at = g->n_channels;
        g->n_channels += s->c;
        if (s->kind != STAGE_POOL) {
            trainable_before = true;
            s->weight_at = g->n_params;
            s->shift_at = s->weight_at + weights;
            s->scale_at = s->shift_at + s->c;
            g->n_params = s->scale_at + (s->bn ? s->c : 0);
            s->winograd = winograd_pays(s);
            size_t winograd = s->winograd ? weights / 9 * BACK_WINOGRAD_TAPS : 0;
            s->winograd_at = g->n_derived;
            s->flip_at = s->winograd_at + winograd;
            s->flip_winograd_at = s->flip_at + (s->needs_dx ? weights : 0);
            g->n_derived = s->flip_winograd_at + (s->needs_dx ? winograd : 0);
        }
        s->dz_border = s->needs_dx && s->kind == STAGE_CONV ? s->kernel - 1 - s->pad : 0;
        s->in_floats = (s->in_h + 2 * s->pad) * (s->in_w + 2 * s->pad) * s->in_c;
        s->z_floats = s->h * s->w * s->c;
        s->code_bytes = s->out_h * s->out_w * s->c;
        s->dz_floats = (s->h + 2 * s->dz_border) * (s->w + 2 * s->dz_border) * s->c;
    }
}

static enum err choose_kernels(struct graph *g, enum cnn_path path, struct why *why)
{
    const struct back_set *sets[] = {back_avx512(), back_avx2(), back_base()};
    const enum cnn_path paths[] = {CNN_AVX512, CNN_AVX2, CNN_BASE};
    for (int i = 0; i < 3 && !g->back; i++)
        if (path == CNN_AUTO || path == paths[i])
            g->back = sets[i];
    return g->back ? OK : err_why(why, ERR_UNSUPPORTED, "this processor does not support that instruction set");
}

enum err graph_create(struct graph **out, const struct model *m, size_t shard, const float *drop, int n_drop, bool bn,
                      enum cnn_path path, struct why *why)
{
    *out = NULL;
    struct graph *g = calloc(1, sizeof(*g));
    if (!g)
        return err_why(why, ERR_NOMEM, "out of memory");
    g->moments = m->layers[0].moments != 0;
    g->shard = shard;
    enum err e = choose_kernels(g, path, why);
    if (e == OK)
        e = build_stages(g, m, bn, why);
    if (e != OK) {
        graph_free(g);
        return e;
    }
    for (int i = 0, d = 0; i + 1 < g->n_stages && n_drop > 0; i++)
        if (g->stages[i].pool || g->stages[i].kind == STAGE_DENSE) {
            g->stages[i].drop = drop[d < n_drop ? d : n_drop - 1];
            d++;
        }
    lay_out(g);
    *out = g;
    return OK;
}

void graph_free(struct graph *g)
{
    free(g);
}
