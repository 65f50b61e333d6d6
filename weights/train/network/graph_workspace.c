/* One block of memory for each thread, cut up once. The borders of zeros are written here and never again: forward and
 * backward write inside of them. */
#include "graph_workspace.h"

#include <stdlib.h>
#include <string.h>

#include "graph_ops.h"

enum { ALIGN = 64 }; /* a cache line, and the widest vector */

/* Two walks over one list of sizes: the first adds up, the second hands out. */
struct carve {
    uint8_t *base; /* NULL in the first walk */
    size_t used;
};

static void *take(struct carve *c, size_t bytes)
{
    void *p = c->base ? c->base + c->used : NULL;
    c->used += (bytes + ALIGN - 1) / ALIGN * ALIGN;
    return p;
}

static float *take_floats(struct carve *c, size_t n)
{
    return take(c, n * sizeof(float));
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The tensors that each stage has for itself: backward needs what forward left in all of them. */
static void carve_stage(const struct graph *graph, struct graph_workspace *work, struct carve *c, int i)
{
    const struct stage *s = &graph->stages[i];
    work->in[i] = take_floats(c, graph->shard * s->in_floats);
    /* A lone pool computes nothing before the maximum. */
    work->z[i] = s->kind == STAGE_POOL ? work->in[i] : take_floats(c, graph->shard * s->z_floats);
    /* Backward is done with z, element by element, when it writes d_z. A pool's z is the in of others to read. */
    bool own_d_z = s->dz_border > 0 || s->kind == STAGE_POOL;
    work->d_z[i] = own_d_z ? take_floats(c, graph->shard * s->dz_floats) : work->z[i];
    work->code[i] = take(c, graph->shard * s->code_bytes);
}

static void carve_workspace(const struct graph *graph, struct graph_workspace *work, struct carve *c)
{
    size_t widest = 0, d_out = 0, scratch = 0;
    for (int i = 0; i < graph->n_stages; i++) {
        const struct stage *s = &graph->stages[i];
        carve_stage(graph, work, c, i);
        widest = larger(widest, larger(s->c, s->in_c));
        if (s->needs_dx)
            d_out = larger(d_out, graph->shard * s->in_h * s->in_w * s->in_c);
        scratch = larger(scratch, op_scratch_floats(&(struct op){.graph = graph, .stage = s, .n = graph->shard}));
    }
    size_t logits = graph->shard * graph->stages[graph->n_stages - 1].c;
    work->in[graph->n_stages] = take_floats(c, logits);
    work->d_out = take_floats(c, larger(d_out, logits));
    work->scratch = take_floats(c, scratch);
    float **per_channel[] = {&work->scale, &work->shift, &work->mean, &work->inv_std};
    for (size_t i = 0; i < sizeof(per_channel) / sizeof(*per_channel); i++)
        *per_channel[i] = take_floats(c, graph->n_channels);
    float **per_width[] = {&work->kg, &work->k1, &work->kz, &work->sum, &work->sum2, &work->zero};
    for (size_t i = 0; i < sizeof(per_width) / sizeof(*per_width); i++)
        *per_width[i] = take_floats(c, widest);
    work->total = take(c, widest * sizeof(double));
    work->total2 = take(c, widest * sizeof(double));
}

struct graph_workspace *graph_workspace_new(const struct graph *graph)
{
    struct graph_workspace *work = calloc(1, sizeof(*work));
    if (!work)
        return NULL;
    struct carve c = {0};
    carve_workspace(graph, work, &c);
    size_t bytes = c.used;
    work->block = aligned_alloc(ALIGN, bytes);
    if (!work->block) {
        free(work);
        return NULL;
    }
    memset(work->block, 0, bytes); /* the borders stay zero from here on */
    c = (struct carve){.base = work->block};
    carve_workspace(graph, work, &c);
    return work;
}

void graph_workspace_free(struct graph_workspace *work)
{
    if (work)
        free(work->block);
    free(work);
}

struct stage_tensors graph_stage_tensors(const struct graph *graph, struct graph_workspace *work, int stage)
{
    const struct stage *s = &graph->stages[stage];
    const bool last = stage + 1 == graph->n_stages;
    return (struct stage_tensors){.in = work->in[stage],
                                  .z = work->z[stage],
                                  .mean = work->mean + s->channels_at,
                                  .inv_std = work->inv_std + s->channels_at,
                                  .scale = work->scale + s->channels_at,
                                  .shift = work->shift + s->channels_at,
                                  .code = work->code[stage],
                                  .out = work->in[stage + 1],
                                  .out_border = last ? 0 : s[1].pad,
                                  .d_z = work->d_z[stage],
                                  .d_in = work->d_out};
}

struct stage_weights graph_stage_weights(const struct graph *graph, const struct graph_workspace *work, int stage,
                                         const struct graph_pass *pass)
{
    const struct stage *s = &graph->stages[stage];
    return (struct stage_weights){.weight = pass->params + s->weight_at,
                                  .winograd = s->winograd ? pass->derived + s->winograd_at : NULL,
                                  .flipped = pass->derived + s->flip_at,
                                  .flipped_winograd = s->winograd ? pass->derived + s->flip_winograd_at : NULL,
                                  .bias = s->bias ? pass->params + s->shift_at : work->zero,
                                  .gamma = pass->params + s->scale_at,
                                  .beta = pass->params + s->shift_at};
}

void graph_set_picture(const struct graph *graph, struct graph_workspace *work, size_t i, const float *px)
{
    const struct stage *s = &graph->stages[0];
    /* A picture has one channel. A convolution reads it as such; a dense layer reads padded ones. */
    size_t pixel = s->kind == STAGE_DENSE ? s->flat_c : s->in_c, row = (DIGIT_SIDE_PX + 2 * s->pad) * pixel;
    float *to = work->in[0] + i * s->in_floats + s->pad * (row + pixel);
    for (size_t y = 0; y < DIGIT_SIDE_PX; y++)
        for (size_t x = 0; x < DIGIT_SIDE_PX; x++)
            to[y * row + x * pixel] = px[y * DIGIT_SIDE_PX + x];
}

float *graph_stage_z(struct graph_workspace *work, int stage)
{
    return work->z[stage];
}

const float *graph_logits(const struct graph *graph, const struct graph_workspace *work, size_t i)
{
    return work->in[graph->n_stages] + i * graph->stages[graph->n_stages - 1].c;
}
