/* The training graph: a layer list as stages that run forward and backward over a shard of pictures.
 *
 * A stage is [convolution or dense] -> [batch norm] -> [ReLU] -> [2x2 maximum] -> [dropout]; every legal layer list is
 * a sequence of them. Batch norm belongs to each convolution that has a bias, and is folded into it on export. During
 * training its statistics are those of the shard ("ghost" batch norm, Hoffer et al. 2017), so results depend on the
 * size of shards but not on threads.
 *
 * A struct graph is const after graph_create. Parameters and gradients are flat blocks of the caller's, and each thread
 * brings a workspace. Forward and backward allocate nothing. */
#ifndef DIGITD_WEIGHTS_GRAPH_H
#define DIGITD_WEIGHTS_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/cnn.h"
#include "net/model.h"
#include "backward.h"

enum stage_kind { STAGE_CONV, STAGE_DENSE, STAGE_POOL };

struct stage {
    enum stage_kind kind;
    int layer;                 /* index of its conv2d or dense in the model; -1 for a lone pool */
    bool bn, bias, relu, pool; /* bn or bias, never both */
    float drop;                /* dropout rate, 0 for none */
    size_t kernel, pad;        /* dense: 1, 0 */
    size_t in_h, in_w, in_c;   /* without border; in_c padded to lanes (1 for the picture); dense: 1, 1, length */
    size_t h, w, c;            /* of z, per picture; c padded */
    size_t out_h, out_w;       /* after the pool */
    size_t real_in_c, real_c;  /* without padding; dense: real_in_c is the length before padding */
    size_t flat_h, flat_w, flat_c, flat_real_c; /* dense: what was flattened */
    size_t weight_at, shift_at, scale_at;       /* offsets into parameters: slices (backward.h), [c], [c] (bn) */
    bool winograd;                              /* 3x3 by way of tiles (backward.h) */
    size_t winograd_at, flip_at,
        flip_winograd_at; /* offsets into a derived block: Winograd transform of the weights, if used; flipped,
                          transposed weights, slices of in_c; winograd's of those */
    size_t channels_at;   /* offset into per-channel arrays */
    size_t in_floats, z_floats, code_bytes, dz_floats, dz_border; /* of one picture, borders included */
    bool needs_dx;                                                /* something trainable lies before it */
};

struct graph {
    int n_stages;
    struct stage stages[MODEL_LAYERS_MAX];
    bool moments;      /* pictures are moment-normalised (moments.h), before they are distorted and put */
    size_t shard;      /* most pictures that a workspace holds */
    size_t n_params;   /* floats in a parameter block, padding included */
    size_t n_derived;  /* floats in a derived block */
    size_t n_channels; /* sum of c over the stages */
    const struct back_set *back;
};

/* Fixed statistics of the batch norms: [n_channels] each. */
struct graph_stats {
    float *mean, *var;
};

struct graph_workspace; /* one thread's activations */

struct graph_pass {
    const float *params;             /* [n_params] */
    const float *derived;            /* graph_derive's of params */
    const struct graph_stats *fixed; /* NULL: statistics of the shard itself */
    bool dropout;
    uint64_t drop_seed; /* the mask is a function of it, the stage and the place */
    int stop_before;    /* forward ends after z of this stage; n_stages (or more) for all */
    int known;          /* forward begins with z of stage known - 1 (graph_stage_z); 0: with the pictures */
};

/* m gives shapes only. drop[n_drop]: rates after the 1st, 2nd ... pool or hidden dense layer, the last one repeated
 * (none where n_drop is 0). ERR_UNSUPPORTED for a list that the engine runs and the trainer does not: one with groups,
 * one that does not end in a dense layer. */
enum err graph_create(struct graph **out, const struct model *m, size_t shard, const float *drop, int n_drop, bool bn,
                      enum cnn_path path, struct why *why);
void graph_free(struct graph *graph);

struct graph_workspace *graph_workspace_new(const struct graph *graph); /* NULL when out of memory */
void graph_workspace_free(struct graph_workspace *work);

/* Picture i of the shard: px[28][28], 0 to 1. */
void graph_set_picture(const struct graph *graph, struct graph_workspace *work, size_t i, const float *px);

void graph_forward(const struct graph *graph, struct graph_workspace *work, size_t n, const struct graph_pass *pass);

/* z of a stage, z_floats a picture: to be saved, or restored for pass.known. */
float *graph_stage_z(struct graph_workspace *work, int stage);

/* Logits of picture i, [10], after a whole forward. */
const float *graph_logits(const struct graph *graph, const struct graph_workspace *work, size_t i);

/* loss_target of picture i: returns the loss and keeps its gradient times `weight` for graph_backward. To be called for
 * every picture of the shard. */
double graph_loss(const struct graph *graph, struct graph_workspace *work, size_t i, const float target[MODEL_CLASSES],
                  float weight);

/* After graph_loss of the same picture: loss_teacher's loss, its gradient times `weight` added to graph_loss's. */
double graph_loss_teacher(const struct graph *graph, struct graph_workspace *work, size_t i,
                          const float teacher[MODEL_CLASSES], float temperature, float weight);

/* After graph_forward (shard statistics) and graph_loss with the same pass: adds to grad[n_params]. */
void graph_backward(const struct graph *graph, struct graph_workspace *work, size_t n, const struct graph_pass *pass,
                    float *grad);

/* The weights as convolutions and input gradients want them (Winograd transforms; flipped and transposed):
 * derived[n_derived]. */
void graph_derive(const struct graph *graph, const float *params, float *derived);

/* Adds sums and squares of z of a stage (just before which the forward ended) to sum[c] and square[c]. */
void graph_sum_moments(const struct graph *graph, struct graph_workspace *work, size_t n, int stage, double *sum,
                       double *square);

#define GRAPH_BN_EPSILON 1e-5

#endif
