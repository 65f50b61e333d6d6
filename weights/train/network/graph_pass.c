/* A shard forward and back through the stages.
 *
 * What lies where, for stage i and n pictures: in [n][border + h + border][..][in_c] (its border of zeros is written
 * once, when the workspace is made), z [n][h][w][c], code [n][oh][ow][c], and the next stage's in as its output. A
 * dense stage sees its n pictures as n pixels of one picture, for it is a 1x1 convolution over them. The gradient at a
 * stage's output lies in d_out [n][oh][ow][c]; dz takes z's place where no border is needed. */
#include "graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "loss.h"

struct graph_workspace {
    float *in[MODEL_LAYERS_MAX + 1]; /* one more: the logits */
    float *z[MODEL_LAYERS_MAX], *dz[MODEL_LAYERS_MAX];
    uint8_t *code[MODEL_LAYERS_MAX];
    float *scale, *shift, *mean, *inv;         /* [n_channels]: what act applies; the shard's statistics */
    float *kg, *k1, *kz, *sum, *square, *zero; /* [widest c or in_c] */
    double *sum_d, *square_d;
    float *d_out, *scratch;
    void *block;
};

enum { ALIGN = 64 };

/* Two walks over one list of sizes: the first adds up, the second hands out. */
struct carve {
    uint8_t *base;
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

/* conv_dw's question for stage s; the pointers are filled in where it is meant to work. */
static struct back_conv dw_of(const struct stage *s, size_t n)
{
    bool dense = s->kind == STAGE_DENSE;
    size_t dz_w = s->w + 2 * s->dz_border;
    struct back_conv b = {.n = dense ? 1 : n,
                          .in_w = dense ? n : s->in_w + 2 * s->pad,
                          .in_c = s->in_c,
                          .out_c = s->c,
                          .kernel = s->kernel,
                          .conv_h = s->h,
                          .conv_w = dense ? n : s->w,
                          .in_floats = dense ? n * s->in_c : s->in_floats,
                          .dz_floats = s->dz_floats,
                          .dz_row_floats = dz_w * s->c,
                          .winograd = s->winograd};
    return b;
}

static void carve_ws(const struct graph *g, struct graph_workspace *ws, struct carve *c)
{
    size_t widest = 0, d_out = 0, scratch = 0;
    for (int i = 0; i < g->n_stages; i++) {
        const struct stage *s = &g->stages[i];
        ws->in[i] = take_floats(c, g->shard * s->in_floats);
        ws->z[i] = s->kind == STAGE_POOL ? ws->in[i] : take_floats(c, g->shard * s->z_floats);
        bool own_dz = s->dz_border > 0 || s->kind == STAGE_POOL;
        ws->dz[i] = own_dz ? take_floats(c, g->shard * s->dz_floats) : ws->z[i];
        ws->code[i] = take(c, g->shard * s->code_bytes);
        widest = s->c > widest ? s->c : widest;
        widest = s->in_c > widest ? s->in_c : widest;
        size_t in = g->shard * s->in_h * s->in_w * s->in_c;
        d_out = in > d_out && s->needs_dx ? in : d_out;
        struct back_conv b = dw_of(s, g->shard);
        if (s->kind == STAGE_POOL)
            continue;
        size_t need = g->back->conv_dw_scratch_floats(&b);
        scratch = need > scratch ? need : scratch;
        /* Forward and back have the same scratch: it counts the channels of both sides. */
        need = s->winograd ? g->back->conv_scratch_floats(s->in_c, s->c) : 0;
        scratch = need > scratch ? need : scratch;
    }
    size_t logits = g->shard * g->stages[g->n_stages - 1].c;
    ws->in[g->n_stages] = take_floats(c, logits);
    ws->d_out = take_floats(c, d_out > logits ? d_out : logits);
    ws->scratch = take_floats(c, scratch);
    float **per_channel[] = {&ws->scale, &ws->shift, &ws->mean, &ws->inv};
    for (size_t i = 0; i < sizeof(per_channel) / sizeof(*per_channel); i++)
        *per_channel[i] = take_floats(c, g->n_channels);
    float **per_width[] = {&ws->kg, &ws->k1, &ws->kz, &ws->sum, &ws->square, &ws->zero};
    for (size_t i = 0; i < sizeof(per_width) / sizeof(*per_width); i++)
        *per_width[i] = take_floats(c, widest);
    ws->sum_d = take(c, widest * sizeof(double));
    ws->square_d = take(c, widest * sizeof(double));
}

struct graph_workspace *graph_workspace_new(const struct graph *g)
{
    struct graph_workspace *ws = calloc(1, sizeof(*ws));
    if (!ws)
        return NULL;
    struct carve c = {0};
    carve_ws(g, ws, &c);
    size_t bytes = c.used;
    ws->block = aligned_alloc(ALIGN, bytes);
    if (!ws->block) {
        free(ws);
        return NULL;
    }
    memset(ws->block, 0, bytes); /* the borders stay zero from here on */
    c = (struct carve){.base = ws->block};
    carve_ws(g, ws, &c);
    return ws;
}

void graph_workspace_free(struct graph_workspace *ws)
{
    if (ws)
        free(ws->block);
    free(ws);
}

void graph_set_picture(const struct graph *g, struct graph_workspace *ws, size_t i, const float *px)
{
    const struct stage *s = &g->stages[0];
    size_t step = s->kind == STAGE_DENSE ? s->flat_c : s->in_c, row = (DIGIT_SIDE_PX + 2 * s->pad) * step;
    float *to = ws->in[0] + i * s->in_floats + s->pad * (row + step);
    for (size_t y = 0; y < DIGIT_SIDE_PX; y++)
        for (size_t x = 0; x < DIGIT_SIDE_PX; x++)
            to[y * row + x * step] = px[y * DIGIT_SIDE_PX + x];
}

float *graph_stage_z(struct graph_workspace *ws, int s)
{
    return ws->z[s];
}

const float *graph_logits(const struct graph *g, const struct graph_workspace *ws, size_t i)
{
    return ws->in[g->n_stages] + i * g->stages[g->n_stages - 1].c;
}

/* ---- forward ---- */

/* m says what goes from where to where; a dense stage's n pictures are n pixels of one. */
static void run_conv(const struct graph *g, struct graph_workspace *ws, size_t n, const struct stage *s,
                     struct back_map m)
{
    m.n = n;
    m.kernel = s->kernel;
    m.scratch = ws->scratch;
    if (s->kind == STAGE_DENSE) {
        m.n = 1;
        m.in_w = m.conv_w = n;
    }
    g->back->conv(&m);
}

static void linear_forward(const struct graph *g, struct graph_workspace *ws, size_t n, int i,
                           const struct graph_pass *p)
{
    const struct stage *s = &g->stages[i];
    run_conv(g, ws, n, s,
             (struct back_map){.in_w = s->in_w + 2 * s->pad,
                               .in_c = s->in_c,
                               .out_c = s->c,
                               .conv_h = s->h,
                               .conv_w = s->w,
                               .in = ws->in[i],
                               .in_floats = s->in_floats,
                               .weight = p->params + s->weight_at,
                               .bias = s->bias ? p->params + s->shift_at : ws->zero,
                               .winograd = s->winograd ? p->derived + s->winograd_at : NULL,
                               .out = ws->z[i]});
}

void graph_sum_moments(const struct graph *g, struct graph_workspace *ws, size_t n, int i, double *sum, double *square)
{
    const struct stage *s = &g->stages[i];
    for (size_t p = 0; p < n; p++) {
        /* A picture's sums fit a float, a shard's want a double. */
        memset(ws->sum, 0, s->c * sizeof(float));
        memset(ws->square, 0, s->c * sizeof(float));
        g->back->moments(s->h * s->w, s->c, ws->z[i] + p * s->z_floats, ws->sum, ws->square);
        for (size_t c = 0; c < s->c; c++) {
            sum[c] += (double)ws->sum[c];
            square[c] += (double)ws->square[c];
        }
    }
}

/* Fills scale and shift of stage i, for y = scale * z + shift. */
static void stage_norm(const struct graph *g, struct graph_workspace *ws, size_t n, int i, const struct graph_pass *p)
{
    const struct stage *s = &g->stages[i];
    float *scale = ws->scale + s->channels_at, *shift = ws->shift + s->channels_at;
    float *mean = ws->mean + s->channels_at, *inv = ws->inv + s->channels_at;
    if (s->bn && !p->fixed) {
        memset(ws->sum_d, 0, s->c * sizeof(double));
        memset(ws->square_d, 0, s->c * sizeof(double));
        graph_sum_moments(g, ws, n, i, ws->sum_d, ws->square_d);
    }
    for (size_t c = 0; c < s->c; c++) {
        if (!s->bn) {
            scale[c] = 1;
            shift[c] = 0;
            continue;
        }
        double count = (double)(n * s->h * s->w), mu, var;
        if (p->fixed) {
            mu = (double)p->fixed->mean[s->channels_at + c];
            var = (double)p->fixed->var[s->channels_at + c];
        } else {
            mu = ws->sum_d[c] / count;
            var = ws->square_d[c] / count - mu * mu;
        }
        double is = 1 / sqrt((var > 0 ? var : 0) + GRAPH_BN_EPSILON);
        double gamma = (double)p->params[s->scale_at + c], beta = (double)p->params[s->shift_at + c];
        mean[c] = (float)mu;
        inv[c] = (float)is;
        scale[c] = (float)(gamma * is);
        shift[c] = (float)(beta - mu * gamma * is);
    }
}

static uint32_t drop_key(uint64_t seed, int stage, size_t picture)
{
    struct rng r;
    rng_seed(&r, seed, RNG_DROPOUT, ((uint64_t)stage << 32) | picture);
    return (uint32_t)rng_u64(&r);
}

static void stage_act(const struct graph *g, struct graph_workspace *ws, size_t n, int i, const struct graph_pass *p)
{
    const struct stage *s = &g->stages[i], *next = i + 1 < g->n_stages ? s + 1 : NULL;
    bool dense = s->kind == STAGE_DENSE, drop = p->dropout && s->drop > 0;
    bool bordered = next && next->kind == STAGE_CONV;
    size_t pad = bordered ? next->pad : 0, row = (s->out_w + 2 * pad) * s->c;
    size_t pic = (s->out_h + 2 * pad) * row;
    struct back_act a = {.h = s->h,
                         .w = dense ? n : s->w,
                         .c = s->c,
                         .relu = s->relu,
                         .pool = s->pool,
                         .scale = ws->scale + s->channels_at,
                         .shift = ws->shift + s->channels_at,
                         .out_row_floats = row,
                         .keep_scale = drop ? 1 / (1 - s->drop) : 1,
                         .drop_below = drop ? (uint32_t)((double)s->drop * 0x1p32) : 0};
    for (size_t q = 0; q < (dense ? 1 : n); q++) {
        a.z = ws->z[i] + q * s->z_floats;
        a.out = ws->in[i + 1] + q * pic + pad * (row + s->c);
        a.code = ws->code[i] + q * s->code_bytes;
        a.drop_key = drop ? drop_key(p->drop_seed, i, q) : 0;
        g->back->act(&a);
    }
}

void graph_forward(const struct graph *g, struct graph_workspace *ws, size_t n, const struct graph_pass *p)
{
    for (int i = p->known > 0 ? p->known - 1 : 0; i < g->n_stages; i++) {
        if (g->stages[i].kind != STAGE_POOL && i != p->known - 1)
            linear_forward(g, ws, n, i, p);
        if (i == p->stop_before)
            return;
        stage_norm(g, ws, n, i, p);
        stage_act(g, ws, n, i, p);
    }
}

double graph_loss(const struct graph *g, struct graph_workspace *ws, size_t i, const float target[MODEL_CLASSES],
                  float weight)
{
    size_t width = g->stages[g->n_stages - 1].c;
    float *d = ws->d_out + i * width;
    memset(d, 0, width * sizeof(float));
    return loss_target(graph_logits(g, ws, i), target, weight, d);
}

double graph_loss_teacher(const struct graph *g, struct graph_workspace *ws, size_t i,
                          const float teacher[MODEL_CLASSES], float temperature, float weight)
{
    float *d = ws->d_out + i * g->stages[g->n_stages - 1].c;
    return loss_teacher(graph_logits(g, ws, i), teacher, temperature, weight, d);
}

/* ---- backward ---- */

/* From the gradient at the stage's output to dz; gradients of scale, shift and bias on the way. */
static void act_backward(const struct graph *g, struct graph_workspace *ws, size_t n, int i, const struct graph_pass *p,
                         const float *d_out, float *grad)
{
    const struct stage *s = &g->stages[i];
    bool dense = s->kind == STAGE_DENSE;
    size_t row = (s->w + 2 * s->dz_border) * s->c, pics = dense ? 1 : n;
    struct back_act_grad a = {.h = s->h,
                              .w = dense ? n : s->w,
                              .c = s->c,
                              .pool = s->pool,
                              .keep_scale = p->dropout && s->drop > 0 ? 1 / (1 - s->drop) : 1,
                              .sum_g = ws->sum,
                              .sum_gz = ws->square,
                              .kg = ws->kg,
                              .k1 = ws->k1,
                              .kz = ws->kz,
                              .dz_row_floats = row};
    memset(ws->sum_d, 0, s->c * sizeof(double));
    memset(ws->square_d, 0, s->c * sizeof(double));
    for (size_t q = 0; q < pics && s->kind != STAGE_POOL; q++) {
        a.z = ws->z[i] + q * s->z_floats;
        a.code = ws->code[i] + q * s->code_bytes;
        a.d_out = d_out + q * s->code_bytes;
        memset(ws->sum, 0, s->c * sizeof(float));
        memset(ws->square, 0, s->c * sizeof(float));
        g->back->act_sums(&a);
        for (size_t c = 0; c < s->c; c++) {
            ws->sum_d[c] += (double)ws->sum[c];
            ws->square_d[c] += (double)ws->square[c];
        }
    }
    double count = (double)(n * s->h * s->w);
    for (size_t c = 0; c < s->c; c++) {
        ws->kg[c] = 1;
        ws->k1[c] = ws->kz[c] = 0;
        if (s->bn) {
            /* dz = gamma / std * (g - mean(g) - zhat * mean(g * zhat)), zhat = (z - mean) / std (Ioffe, Szegedy 2015)
             */
            double mu = (double)ws->mean[s->channels_at + c], is = (double)ws->inv[s->channels_at + c];
            double gk = (double)ws->scale[s->channels_at + c];
            double d_scale = (ws->square_d[c] - mu * ws->sum_d[c]) * is;
            grad[s->scale_at + c] += (float)d_scale;
            ws->kg[c] = (float)gk;
            ws->k1[c] = (float)(gk * (mu * is * d_scale - ws->sum_d[c]) / count);
            ws->kz[c] = (float)(-gk * is * d_scale / count);
        }
        if (s->bn || s->bias)
            grad[s->shift_at + c] += (float)ws->sum_d[c];
    }
    for (size_t q = 0; q < pics; q++) {
        a.z = ws->z[i] + q * s->z_floats;
        a.code = ws->code[i] + q * s->code_bytes;
        a.d_out = d_out + q * s->code_bytes;
        a.dz = ws->dz[i] + q * s->dz_floats + s->dz_border * (row + s->c);
        g->back->act_spread(&a);
    }
}

static void linear_backward(const struct graph *g, struct graph_workspace *ws, size_t n, int i,
                            const struct graph_pass *p, float *grad)
{
    const struct stage *s = &g->stages[i];
    struct back_conv b = dw_of(s, n);
    b.in = ws->in[i];
    b.dz = ws->dz[i] + s->dz_border * (b.dz_row_floats + s->c);
    b.d_weight = grad + s->weight_at;
    b.scratch = ws->scratch;
    g->back->conv_dw(&b);
    if (!s->needs_dx)
        return;
    run_conv(g, ws, n, s,
             (struct back_map){.in_w = s->w + 2 * s->dz_border,
                               .in_c = s->c,
                               .out_c = s->in_c,
                               .conv_h = s->in_h,
                               .conv_w = s->in_w,
                               .in = ws->dz[i],
                               .in_floats = s->dz_floats,
                               .weight = p->derived + s->flip_at,
                               .bias = ws->zero,
                               .winograd = s->winograd ? p->derived + s->flip_winograd_at : NULL,
                               .out = ws->d_out});
}

void graph_backward(const struct graph *g, struct graph_workspace *ws, size_t n, const struct graph_pass *p,
                    float *grad)
{
    const float *d_out = ws->d_out;
    for (int i = g->n_stages - 1; i >= 0; i--) {
        const struct stage *s = &g->stages[i];
        if (s->kind == STAGE_POOL && !s->needs_dx)
            return;
        act_backward(g, ws, n, i, p, d_out, grad);
        if (s->kind == STAGE_POOL) {
            d_out = ws->dz[i];
        } else {
            linear_backward(g, ws, n, i, p, grad);
            d_out = ws->d_out;
        }
    }
}
