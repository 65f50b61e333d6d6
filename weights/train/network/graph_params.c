/* Parameters: first values, which of them decay, and the way to and from the layout of a weights file. */
#include "graph_params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"

enum { ALIGN = 64 };

float *graph_floats(size_t n)
{
    size_t bytes = (n * sizeof(float) + ALIGN) / ALIGN * ALIGN;
    float *p = aligned_alloc(ALIGN, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void graph_init(const struct graph *g, uint64_t seed, float *params)
{
    memset(params, 0, g->n_params * sizeof(float));
    for (int i = 0; i < g->n_stages; i++) {
        const struct stage *s = &g->stages[i];
        if (s->kind == STAGE_POOL)
            continue;
        struct rng r;
        rng_seed(&r, seed, RNG_INIT, (uint64_t)i);
        size_t fan_in = s->kernel * s->kernel * s->real_in_c;
        float deviation = sqrtf((s->relu ? 2.0F : 1.0F) / (float)fan_in), *w = params + s->weight_at;
        /* dense: real inputs lie in flat_real_c of every flat_c */
        size_t group = s->kind == STAGE_DENSE ? s->flat_c : s->in_c;
        size_t real = s->kind == STAGE_DENSE ? s->flat_real_c : s->real_in_c;
        for (size_t o = 0; o < s->real_c; o++)
            for (size_t t = 0; t < s->kernel * s->kernel; t++)
                for (size_t k = 0; k < s->in_c; k++)
                    if (k % group < real)
                        w[back_at(s->kernel * s->kernel, s->in_c, t, k, o)] = deviation * rng_normal(&r);
        for (size_t o = 0; s->bn && o < s->real_c; o++)
            params[s->scale_at + o] = 1;
    }
}

void graph_decay_mask(const struct graph *g, float *decay)
{
    memset(decay, 0, g->n_params * sizeof(float));
    for (int i = 0; i < g->n_stages; i++) {
        const struct stage *s = &g->stages[i];
        if (s->kind != STAGE_POOL)
            for (size_t k = s->weight_at; k < s->shift_at; k++)
                decay[k] = 1;
    }
}

/* Where weight (tap, input k, output o) of the file's order lies in the stage's block. For a dense layer k counts
 * channel-first over what was flattened; the block is channels-last. */
static size_t weight_index(const struct stage *s, size_t tap, size_t k, size_t o)
{
    size_t at = k;
    if (s->kind == STAGE_DENSE) {
        size_t area = s->flat_h * s->flat_w, c = k / area, pixel = k % area;
        at = pixel * s->flat_c + c;
    }
    return s->weight_at + back_at(s->kernel * s->kernel, s->in_c, tap, at, o);
}

void graph_export(const struct graph *g, const float *params, const struct graph_stats *fixed, struct model *m)
{
    for (int i = 0; i < g->n_stages; i++) {
        const struct stage *s = &g->stages[i];
        if (s->kind == STAGE_POOL)
            continue;
        struct layer *l = &m->layers[s->layer];
        size_t taps = s->kernel * s->kernel;
        for (size_t o = 0; o < s->real_c; o++) {
            double scale = 1, shift = s->bias ? (double)params[s->shift_at + o] : 0;
            if (s->bn) {
                double var = (double)fixed->var[s->channels_at + o];
                scale = (double)params[s->scale_at + o] / sqrt(var + GRAPH_BN_EPSILON);
                shift = (double)params[s->shift_at + o] - (double)fixed->mean[s->channels_at + o] * scale;
            }
            for (size_t k = 0; k < s->real_in_c; k++)
                for (size_t t = 0; t < taps; t++)
                    l->weight[(o * s->real_in_c + k) * taps + t] =
                        (float)((double)params[weight_index(s, t, k, o)] * scale);
            if (l->bias)
                l->bias[o] = (float)shift;
        }
    }
}

void graph_import(const struct graph *g, const struct model *m, float *params)
{
    memset(params, 0, g->n_params * sizeof(float));
    for (int i = 0; i < g->n_stages; i++) {
        const struct stage *s = &g->stages[i];
        if (s->kind == STAGE_POOL)
            continue;
        const struct layer *l = &m->layers[s->layer];
        size_t taps = s->kernel * s->kernel;
        for (size_t o = 0; o < s->real_c; o++) {
            for (size_t k = 0; k < s->real_in_c; k++)
                for (size_t t = 0; t < taps; t++)
                    params[weight_index(s, t, k, o)] = l->weight[(o * s->real_in_c + k) * taps + t];
            if (s->bias)
                params[s->shift_at + o] = l->bias[o];
        }
    }
}

/* w with taps turned about and channels exchanged. */
static void flip_weights(const struct stage *s, const float *w, float *flip)
{
    size_t taps = s->kernel * s->kernel;
    for (size_t ic = 0; ic < s->in_c; ic++)
        for (size_t t = 0; t < taps; t++)
            for (size_t o = 0; o < s->c; o++)
                flip[back_at(taps, s->c, t, o, ic)] = w[back_at(taps, s->in_c, taps - 1 - t, ic, o)];
}

void graph_derive(const struct graph *g, const float *params, float *derived)
{
    for (int i = 0; i < g->n_stages; i++) {
        const struct stage *s = &g->stages[i];
        if (s->kind == STAGE_POOL)
            continue;
        if (s->winograd)
            g->back->winograd_weights(s->in_c, s->c, params + s->weight_at, derived + s->winograd_at);
        if (!s->needs_dx)
            continue;
        flip_weights(s, params + s->weight_at, derived + s->flip_at);
        if (s->winograd)
            g->back->winograd_weights(s->c, s->in_c, derived + s->flip_at, derived + s->flip_winograd_at);
    }
}
