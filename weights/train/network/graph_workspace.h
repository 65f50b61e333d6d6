/* One thread's tensors, for graph_pass.c, graph_ops.c and graph_workspace.c alone: others see a struct graph_workspace
 * only as a pointer (graph.h).
 *
 * Shapes are written as in the code that walks over them. n is the number of pictures in the shard, c and in_c are
 * channels padded to 16, and p is the border of zeros that a convolution reads beyond the picture. */
#ifndef DIGITD_WEIGHTS_GRAPH_WORKSPACE_H
#define DIGITD_WEIGHTS_GRAPH_WORKSPACE_H

#include "graph.h"

struct graph_workspace {
    float *in[MODEL_LAYERS_MAX + 1];                    /* one more than stages: the logits */
    float *z[MODEL_LAYERS_MAX], *d_z[MODEL_LAYERS_MAX]; /* d_z is z itself where it needs no border */
    uint8_t *code[MODEL_LAYERS_MAX];                    /* what the 2x2 maximum, ReLU and dropout did */
    float *scale, *shift, *mean, *inv_std;              /* [n_channels]: all stages', one after another */
    float *kg, *k1, *kz;                                /* [widest c or in_c]: of one stage at a time */
    float *sum, *sum2;                                  /* [widest]: of one picture at a time */
    double *total, *total2;                             /* [widest]: of a shard, a double each */
    float *zero;                                        /* [widest]: the bias of a stage that has none */
    float *d_out;                                       /* [n][out_h][out_w][c] of whichever stage is at hand */
    float *scratch;                                     /* the kernels' own */
    void *block;                                        /* holds all of the above */
};

/* The tensors of one stage, by name. */
struct stage_tensors {
    /* forward */
    float *in;             /* [n][p + in_h + p][p + in_w + p][in_c] */
    float *z;              /* [n][h][w][c]: what the convolution or dense layer gives */
    float *mean, *inv_std; /* [c]: what batch norm found, inv_std = 1 / sqrt(var + epsilon) */
    float *scale, *shift;  /* [c]: batch norm as y = scale * z + shift */
    uint8_t *code;         /* [n][out_h][out_w][c] */
    float *out;            /* [n][p + out_h + p][p + out_w + p][c]: the next stage's in, with the next stage's p */
    size_t out_border;     /* that p */
    /* backward */
    float *d_z;  /* [n][b + h + b][b + w + b][c], b = dz_border of the stage */
    float *d_in; /* [n][in_h][in_w][in_c]; lies where d_out lay, which has been used by then */
};

struct stage_tensors graph_stage_tensors(const struct graph *graph, struct graph_workspace *work, int stage);

/* The weights of one stage, as they are and as derived ones. */
struct stage_weights {
    const float *weight;           /* [c / 16][kernel * kernel][in_c][16] */
    const float *winograd;         /* the same after Winograd's transform; NULL: the plain way */
    const float *flipped;          /* [in_c / 16][kernel * kernel][c][16]: taps turned about, channels exchanged */
    const float *flipped_winograd; /* NULL: the plain way */
    const float *bias;             /* [c]; zeros where batch norm or nothing takes its place */
    const float *gamma, *beta;     /* [c]: batch norm's; not to be read where there is none */
};

struct stage_weights graph_stage_weights(const struct graph *graph, const struct graph_workspace *work, int stage,
                                         const struct graph_pass *pass);

#endif
