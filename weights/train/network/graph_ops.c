/* Each operation fills in a question to the kernels (backward.h). They know nothing of dense layers: what is told them
 * of one is a picture of one row, with a pixel for each picture of the shard. */
#include "graph_ops.h"

#include <math.h>
#include <string.h>

#include "common/rng.h"

static bool is_dense(const struct op *op)
{
    return op->stage->kind == STAGE_DENSE;
}

/* Pictures as the kernels count them, and the width of one. */
static size_t kernel_pictures(const struct op *op)
{
    return is_dense(op) ? 1 : op->n;
}

static size_t kernel_width(const struct op *op, size_t w)
{
    return is_dense(op) ? op->n : w;
}

/* ---- convolution ---- */

/* Either way: m says what goes from where to where; a dense layer has no border. */
static void convolve(const struct op *op, struct back_map m)
{
    m.n = kernel_pictures(op);
    m.in_w = kernel_width(op, m.in_w);
    m.conv_w = kernel_width(op, m.conv_w);
    m.kernel = op->stage->kernel;
    m.scratch = op->work->scratch;
    op->graph->back->conv(&m);
}

void op_conv_forward(const struct op *op, float *z, const float *in, const struct stage_weights *weights)
{
    const struct stage *s = op->stage;
    convolve(op, (struct back_map){.in = in,
                                   .in_w = s->in_w + 2 * s->pad,
                                   .in_c = s->in_c,
                                   .in_floats = s->in_floats,
                                   .weight = weights->weight,
                                   .winograd = weights->winograd,
                                   .bias = weights->bias,
                                   .out = z,
                                   .conv_h = s->h,
                                   .conv_w = s->w,
                                   .out_c = s->c});
}

void op_conv_backward_in(const struct op *op, float *d_in, const float *d_z, const struct stage_weights *weights)
{
    const struct stage *s = op->stage;
    convolve(op, (struct back_map){.in = d_z,
                                   .in_w = s->w + 2 * s->dz_border,
                                   .in_c = s->c,
                                   .in_floats = s->dz_floats,
                                   .weight = weights->flipped,
                                   .winograd = weights->flipped_winograd,
                                   .bias = op->work->zero,
                                   .out = d_in,
                                   .conv_h = s->in_h,
                                   .conv_w = s->in_w,
                                   .out_c = s->in_c});
}

/* The kernels' question about the weights' gradient, but for where the tensors are. */
static struct back_conv weight_gradient(const struct op *op)
{
    const struct stage *s = op->stage;
    return (struct back_conv){.n = kernel_pictures(op),
                              .in_w = kernel_width(op, s->in_w + 2 * s->pad),
                              .in_c = s->in_c,
                              .out_c = s->c,
                              .kernel = s->kernel,
                              .conv_h = s->h,
                              .conv_w = kernel_width(op, s->w),
                              .in_floats = is_dense(op) ? op->n * s->in_c : s->in_floats,
                              .dz_floats = s->dz_floats,
                              .dz_row_floats = (s->w + 2 * s->dz_border) * s->c,
                              .winograd = s->winograd};
}

void op_conv_backward_weight(const struct op *op, float *d_weight, const float *in, const float *d_z)
{
    struct back_conv b = weight_gradient(op);
    b.in = in;
    b.dz = d_z + op->stage->dz_border * (b.dz_row_floats + op->stage->c); /* the first pixel inside the border */
    b.d_weight = d_weight;
    b.scratch = op->work->scratch;
    op->graph->back->conv_dw(&b);
}

size_t op_scratch_floats(const struct op *op)
{
    const struct stage *s = op->stage;
    if (s->kind == STAGE_POOL)
        return 0;
    const struct back_conv b = weight_gradient(op);
    const size_t gradient = op->graph->back->conv_dw_scratch_floats(&b);
    /* One number for both ways: it counts the channels of both sides. */
    const size_t conv = s->winograd ? op->graph->back->conv_scratch_floats(s->in_c, s->c) : 0;
    return gradient > conv ? gradient : conv;
}

/* ---- batch norm ---- */

/* A picture's sums fit a float; a shard's want a double, or the order of the pictures would show. */
static void add_to_totals(const struct op *op, double *total, double *total2)
{
    for (size_t c = 0; c < op->stage->c; c++) {
        total[c] += (double)op->work->sum[c];
        total2[c] += (double)op->work->sum2[c];
    }
}

static void clear_sums(const struct op *op)
{
    memset(op->work->sum, 0, op->stage->c * sizeof(float));
    memset(op->work->sum2, 0, op->stage->c * sizeof(float));
}

void op_moments(const struct op *op, double *total, double *total2, const float *z)
{
    const struct stage *s = op->stage;
    for (size_t i = 0; i < op->n; i++) {
        clear_sums(op);
        op->graph->back->moments(s->h * s->w, s->c, z + i * s->z_floats, op->work->sum, op->work->sum2);
        add_to_totals(op, total, total2);
    }
}

void op_norm_none(const struct op *op, const struct stage_tensors *t)
{
    for (size_t c = 0; c < op->stage->c; c++) {
        t->scale[c] = 1;
        t->shift[c] = 0;
    }
}

void op_norm_forward(const struct op *op, const struct stage_tensors *t, const double *mean, const double *var,
                     const struct stage_weights *weights)
{
    for (size_t c = 0; c < op->stage->c; c++) {
        /* A difference of two sums may round to a little below 0. */
        double inv_std = 1 / sqrt((var[c] > 0 ? var[c] : 0) + GRAPH_BN_EPSILON);
        double gamma = (double)weights->gamma[c], beta = (double)weights->beta[c];
        t->mean[c] = (float)mean[c];
        t->inv_std[c] = (float)inv_std;
        t->scale[c] = (float)(gamma * inv_std);
        t->shift[c] = (float)(beta - mean[c] * gamma * inv_std);
    }
}

void op_norm_backward(const struct op *op, float *d_gamma, float *d_beta, const double *total_g, const double *total_gz,
                      const struct stage_tensors *t)
{
    const struct stage *s = op->stage;
    const double count = (double)(op->n * s->h * s->w);
    for (size_t c = 0; c < s->c; c++) {
        /* With zhat = (z - mean) / std: d_gamma = sum(g * zhat), d_beta = sum(g), and
         * d_z = gamma / std * (g - mean(g) - zhat * mean(g * zhat))  (Ioffe, Szegedy 2015), sorted by g, 1 and z. */
        double mean = (double)t->mean[c], inv_std = (double)t->inv_std[c], scale = (double)t->scale[c];
        double d = (total_gz[c] - mean * total_g[c]) * inv_std;
        d_gamma[c] += (float)d;
        d_beta[c] += (float)total_g[c];
        op->work->kg[c] = (float)scale;
        op->work->k1[c] = (float)(scale * (mean * inv_std * d - total_g[c]) / count);
        op->work->kz[c] = (float)(-scale * inv_std * d / count);
    }
}

void op_bias_backward(const struct op *op, float *d_bias, const double *total_g)
{
    for (size_t c = 0; c < op->stage->c; c++) {
        op->work->kg[c] = 1;
        op->work->k1[c] = op->work->kz[c] = 0;
        if (d_bias)
            d_bias[c] += (float)total_g[c];
    }
}

/* ---- ReLU, 2x2 maximum, dropout ---- */

/* A picture's key; the kernel hashes it with the element's place. */
static uint32_t drop_key(const struct op_dropout *dropout, size_t picture)
{
    struct rng r;
    rng_seed(&r, dropout->seed, RNG_DROPOUT, ((uint64_t)dropout->stage << 32) | picture);
    return (uint32_t)rng_u64(&r);
}

/* What passes is made larger, so that its mean stays what it is without dropout. */
static float keep_scale(float dropout_rate)
{
    return dropout_rate > 0 ? 1 / (1 - dropout_rate) : 1;
}

void op_act_forward(const struct op *op, float *out, uint8_t *code, const float *z, const struct stage_tensors *t,
                    const struct op_dropout *dropout)
{
    const struct stage *s = op->stage;
    const size_t p = t->out_border, row = (s->out_w + 2 * p) * s->c, picture = (s->out_h + 2 * p) * row;
    struct back_act a = {.h = s->h,
                         .w = kernel_width(op, s->w),
                         .c = s->c,
                         .relu = s->relu,
                         .pool = s->pool,
                         .scale = t->scale,
                         .shift = t->shift,
                         .out_row_floats = row,
                         .keep_scale = keep_scale(dropout->rate),
                         .drop_below = dropout->rate > 0 ? (uint32_t)((double)dropout->rate * 0x1p32) : 0};
    for (size_t i = 0; i < kernel_pictures(op); i++) {
        a.z = z + i * s->z_floats;
        a.out = out + i * picture + p * (row + s->c); /* the first pixel inside the border */
        a.code = code + i * s->code_bytes;
        a.drop_key = dropout->rate > 0 ? drop_key(dropout, i) : 0;
        op->graph->back->act(&a);
    }
}

/* The kernels' question on the way back, but for where a picture is. */
static struct back_act_grad act_gradient(const struct op *op, float dropout_rate)
{
    const struct stage *s = op->stage;
    const struct graph_workspace *work = op->work;
    return (struct back_act_grad){.h = s->h,
                                  .w = kernel_width(op, s->w),
                                  .c = s->c,
                                  .pool = s->pool,
                                  .keep_scale = keep_scale(dropout_rate),
                                  .sum_g = work->sum,
                                  .sum_gz = work->sum2,
                                  .kg = work->kg,
                                  .k1 = work->k1,
                                  .kz = work->kz,
                                  .dz_row_floats = (s->w + 2 * s->dz_border) * s->c};
}

void op_act_sums(const struct op *op, double *total_g, double *total_gz, const float *d_out,
                 const struct stage_tensors *t, float dropout_rate)
{
    const struct stage *s = op->stage;
    struct back_act_grad a = act_gradient(op, dropout_rate);
    memset(total_g, 0, s->c * sizeof(*total_g));
    memset(total_gz, 0, s->c * sizeof(*total_gz));
    for (size_t i = 0; i < kernel_pictures(op); i++) {
        a.z = t->z + i * s->z_floats;
        a.code = t->code + i * s->code_bytes;
        a.d_out = d_out + i * s->code_bytes; /* d_out has a float where code has a byte */
        clear_sums(op);
        op->graph->back->act_sums(&a);
        add_to_totals(op, total_g, total_gz);
    }
}

void op_act_backward(const struct op *op, float *d_z, const float *d_out, const struct stage_tensors *t,
                     float dropout_rate)
{
    const struct stage *s = op->stage;
    struct back_act_grad a = act_gradient(op, dropout_rate);
    for (size_t i = 0; i < kernel_pictures(op); i++) {
        a.z = t->z + i * s->z_floats;
        a.code = t->code + i * s->code_bytes;
        a.d_out = d_out + i * s->code_bytes;
        a.dz = d_z + i * s->dz_floats + s->dz_border * (a.dz_row_floats + s->c); /* inside the border */
        op->graph->back->act_spread(&a);
    }
}
