/* What a stage computes, one operation at a time, forward and back, with the shape of every tensor beside it. For
 * graph_pass.c, which is the list of them, and for graph_workspace.c.
 *
 * n pictures; h x w pixels; c and in_c channels; p the input's border of zeros, b that of d_z. A dense layer is a 1x1
 * convolution to the kernels, and its n pictures are n pixels of one picture: h = 1, w = n. All tensors of a stage with
 * a border are given with it; the operations write inside of it. */
#ifndef DIGITD_WEIGHTS_GRAPH_OPS_H
#define DIGITD_WEIGHTS_GRAPH_OPS_H

#include "graph_workspace.h"

/* Which stage, on how many pictures, in whose workspace (for scratch alone: tensors are arguments). */
struct op {
    const struct graph *graph;
    const struct stage *stage;
    struct graph_workspace *work;
    size_t n;
};

/* Which elements are dropped: a function of all of these and of the element's place. */
struct op_dropout {
    float rate; /* 0: none */
    uint64_t seed;
    int stage; /* its number */
};

/* The scratch that a stage's convolutions want, forward and back; 0 for a lone pool. op->work is not read. */
size_t op_scratch_floats(const struct op *op);

/* ---- forward ---- */

void op_conv_forward(const struct op *op, float *z /* [n][h][w][c] */,
                     const float *in /* [n][p + in_h + p][p + in_w + p][in_c] */, const struct stage_weights *weights);

/* Adds the shard's sums of z and of z * z to total and total2. */
void op_moments(const struct op *op, double *total /* [c] */, double *total2 /* [c] */,
                const float *z /* [n][h][w][c] */);

/* Batch norm as a scale and a shift: gamma * (z - mean) / sqrt(var + epsilon) + beta = scale * z + shift. */
void op_norm_forward(const struct op *op, const struct stage_tensors *t, const double *mean /* [c] */,
                     const double *var /* [c] */, const struct stage_weights *weights);

/* No batch norm: y = z. */
void op_norm_none(const struct op *op, const struct stage_tensors *t);

/* out = dropout(maximum of 2x2(ReLU(scale * z + shift))), each where the stage has it. code notes, for each element of
 * out, which of the 2x2 it came from, or that nothing passed. */
void op_act_forward(const struct op *op, float *out /* [n][p + out_h + p][p + out_w + p][c], the next stage's p */,
                    uint8_t *code /* [n][out_h][out_w][c] */, const float *z /* [n][h][w][c] */,
                    const struct stage_tensors *t, const struct op_dropout *dropout);

/* ---- back ---- */

/* With g the gradient at scale * z + shift: the shard's sums of g and of g * z. */
void op_act_sums(const struct op *op, double *total_g /* [c] */, double *total_gz /* [c] */,
                 const float *d_out /* [n][out_h][out_w][c] */, const struct stage_tensors *t, float dropout_rate);

/* From those sums, with batch norm: adds to the gradients of gamma and beta, and gives kg, k1 and kz, [c] each in the
 * workspace, so that d_z = kg * g + k1 + kz * z. */
void op_norm_backward(const struct op *op, float *d_gamma /* [c] */, float *d_beta /* [c] */, const double *total_g,
                      const double *total_gz, const struct stage_tensors *t);

/* The same without batch norm: d_z = g. d_bias is NULL where the stage has no bias either. */
void op_bias_backward(const struct op *op, float *d_bias /* [c] */, const double *total_g);

/* d_z = kg * g + k1 + kz * z. */
void op_act_backward(const struct op *op, float *d_z /* [n][b + h + b][b + w + b][c] */,
                     const float *d_out /* [n][out_h][out_w][c] */, const struct stage_tensors *t, float dropout_rate);

/* Adds to the weights' gradient. */
void op_conv_backward_weight(const struct op *op, float *d_weight /* [c / 16][kernel * kernel][in_c][16] */,
                             const float *in /* [n][p + in_h + p][p + in_w + p][in_c] */,
                             const float *d_z /* [n][b + h + b][b + w + b][c] */);

/* The gradient at the input: d_z convolved with the flipped weights. */
void op_conv_backward_in(const struct op *op, float *d_in /* [n][in_h][in_w][in_c] */,
                         const float *d_z /* [n][b + h + b][b + w + b][c] */, const struct stage_weights *weights);

#endif
