/* The trainer: a graph, its parameters and their optimiser. It takes steps on mini-batches, and answers lists of
 * pictures.
 *
 * A mini-batch is cut into a fixed number of shards. Each shard has its own gradient block, and the blocks are added in
 * order, so a seed gives the same bits on any number of threads with the same instruction set. Every random choice is a
 * function of (seed, epoch, picture) or (seed, step, shard), so a run can stop after any step and resume. */
#ifndef DIGITD_WEIGHTS_TRAINER_H
#define DIGITD_WEIGHTS_TRAINER_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/options.h"
#include "common/parallel.h"
#include "data/augment.h"
#include "data/idx.h"
#include "network/graph.h"
#include "network/optim.h"

struct trainer_settings {
    uint64_t seed;
    int threads; /* 0: as many as there are processors */
    int epochs;
    int batch;                 /* pictures a step */
    int shards;                /* parts of a batch; divides it */
    struct option_floats drop; /* rates after the 1st, 2nd ... pool or hidden dense layer, the last one repeated */
    float smoothing;           /* of labels: target is 1 - s for the truth, plus s / 10 for every class */
    bool bn;
    int bn_pictures; /* training pictures that fix the statistics of batch norm */
    struct augment augment;
    float hands;    /* share of the pictures that are drawn by other hands than MNIST's (hands.h), of the same digit */
    float remnants; /* share of the pictures with remnants beside the digit (remnants.h) */
    float calm; /* share of the epochs, at the end and at least one unless it is 0, with weaker distortions: pictures in
                   use are not distorted (He et al. 2019, arXiv 1909.09148, on the gap between the two) */
    float calm_strength;       /* their strength then, as a share */
    uint64_t distort_seed;     /* of the distortions; 0: the seed */
    int distort_epochs;        /* distortions repeat after so many epochs; 0: never */
    float distill;             /* the teachers' share of the loss; 0: their answers are not used */
    float distill_temperature; /* of the softmax in their part of the loss */
    struct optim optim;
    enum cnn_path path;
};

/* A list of pictures of a dataset; borrowed. */
struct pictures {
    const struct dataset *data;
    const uint32_t *index;
    size_t n;
};

struct trainer {
    struct trainer_settings set;
    struct pictures train;
    struct graph *graph;
    struct parallel *pool;
    struct graph_workspace **ws;                      /* [threads] */
    float *params, *first, *second, *average, *decay; /* [n_params]; average is the parameters' own where ema is 0 */
    float *derived, *grads;                           /* [n_derived], [shards][n_params] */
    double *shard_loss;                               /* [shards] */
    uint32_t *order;                                  /* [train.n]: this epoch's order */
    const float *answers;                             /* teachers' logits to this epoch's distorted pictures, borrowed:
                                                         [n_teachers][train.n][10], as train.index; NULL: none */
    int n_teachers;
    size_t keep_bytes;             /* most that trainer_stats may keep from stage to stage, so as not to begin again */
    int64_t steps_per_epoch, step; /* steps done so far, over all epochs */
    atomic_bool no_memory;         /* a picture could not be drawn: the run cannot be repeated, so it must end */
};

/* m gives the layers. A training list shorter than a batch is ERR_RANGE. Pictures at the end of an epoch that do not
 * fill a batch are left out, different ones each time. */
enum err trainer_new(struct trainer **out, const struct trainer_settings *set, const struct model *m,
                     struct pictures train, struct why *why);
void trainer_free(struct trainer *t);

/* One step; returns the mean loss over the batch. The caller stops at steps_per_epoch * epochs. */
double trainer_step(struct trainer *t);

enum { TRAINER_CALM = 1000000 }; /* numbers of distortions from here on: weaker ones */

/* Which distortions an epoch (from 0) has: a number that trainer_distort takes. */
int64_t trainer_distortions(const struct trainer_settings *set, int64_t epoch);
uint64_t trainer_distort_seed(const struct trainer_settings *set);

/* Picture `index` of d as the network reads it, before distortion: in the dataset itself, or, for a network with
 * moments in front, normalised in room. */
const uint8_t *trainer_picture(const struct trainer *t, const struct dataset *d, uint32_t index,
                               uint8_t room[DIGIT_PIXELS]);

/* Picture `index` of the dataset as those distortions make it: a function of their seed, number and picture alone. It
 * may be drawn by another hand instead, or have remnants beside it.
 * Teachers are asked about it; a network with moments in front learns from the same distortions of what its moments
 * make of the picture. */
void trainer_distort(struct trainer *t, int64_t distortions, uint32_t index, float px[DIGIT_PIXELS]);

/* Sets the number of steps done, to resume a run. */
void trainer_go_to(struct trainer *t, int64_t step);

/* Statistics of every batch norm for params, exact over the first set.bn_pictures training pictures as they are. */
enum err trainer_stats(struct trainer *t, const float *params, struct graph_stats *stats);
struct graph_stats graph_stats_new(const struct graph *g); /* .mean NULL when out of memory; free(.mean) frees both */

/* logits[n][10] of the pictures. */
void trainer_logits(struct trainer *t, const float *params, const struct graph_stats *stats, struct pictures p,
                    float *logits);

struct score {
    size_t n, right;
    double loss; /* mean cross-entropy */
};
struct score score_logits(const float *logits, struct pictures p, double temperature);

#endif
