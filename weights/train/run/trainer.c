/* A training step, shared out over threads shard by shard. What a trainer answers is in trainer_predict.c. */
#include "trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "data/hands.h"
#include "data/remnants.h"
#include "net/moments.h"
#include "network/graph_params.h"
#include "teacher.h"

enum {
    CHUNK = 16384,        /* parameters that one thread updates at a time: 64 KiB of each of its arrays */
    KEEP_BYTES = 1 << 30, /* a gibibyte holds the largest activation of 4,096 pictures of a deep network */
};

static enum err check_settings(const struct trainer_settings *set, size_t n_train, struct why *why)
{
    /* Equal shards: batch norm's statistics are a shard's own, and a smaller one would have noisier ones. */
    if (set->shards < 1 || set->batch < set->shards || set->batch % set->shards != 0)
        return err_why(why, ERR_RANGE, "a batch of %d cannot be split into %d equal shards", set->batch, set->shards);
    /* Half-filled batches do not exist, so a list shorter than one would give no step at all. */
    if (n_train < (size_t)set->batch)
        return err_why(why, ERR_RANGE, "%zu training pictures do not fill a batch of %d", n_train, set->batch);
    /* The option's range forbids this; other callers have no option table. */
    if (set->epochs < 1)
        return err_why(why, ERR_RANGE, "%d epochs are too few", set->epochs);
    return OK;
}

static bool allocate(struct trainer *t, int threads)
{
    size_t n = t->graph->n_params, shards = (size_t)t->set.shards;
    t->pool = parallel_new(threads);
    if (!t->pool) /* trainer_free asks it how many workspaces there are */
        return false;
    t->ws = calloc((size_t)threads, sizeof(struct graph_workspace *));
    for (int i = 0; t->ws && i < threads; i++)
        if (!(t->ws[i] = graph_workspace_new(t->graph)))
            return false;
    t->params = graph_floats(n);
    t->first = graph_floats(n);
    t->second = graph_floats(n);
    t->decay = graph_floats(n);
    /* Without an average the parameters stand in for it, so that nobody else has to ask which is validated. */
    t->average = t->set.optim.ema > 0 ? graph_floats(n) : t->params;
    t->derived = graph_floats(t->graph->n_derived);
    t->grads = graph_floats(n * shards); /* a block for each shard: threads never add to one number */
    t->shard_loss = calloc(shards, sizeof(double));
    t->order = calloc(t->train.n, sizeof(uint32_t));
    return t->pool && t->ws && t->params && t->first && t->second && t->decay && t->average && t->derived && t->grads &&
           t->shard_loss && t->order;
}

enum err trainer_new(struct trainer **out, const struct trainer_settings *set, const struct model *m,
                     struct pictures train, struct why *why)
{
    *out = NULL;
    enum err e = check_settings(set, train.n, why);
    if (e != OK)
        return e;
    struct trainer *t = calloc(1, sizeof(*t));
    if (!t)
        return err_why(why, ERR_NOMEM, "out of memory");
    t->set = *set;
    t->keep_bytes = KEEP_BYTES;
    t->train = train;
    t->steps_per_epoch = (int64_t)train.n / set->batch; /* rounded down: see trainer_new in the header */
    e = graph_create(&t->graph, m, (size_t)(set->batch / set->shards), set->drop.v, set->drop.n, set->bn, set->path,
                     why);
    if (e != OK)
        goto out;
    /* 0 threads: as many as the processors that this process may use. */
    int threads = set->threads > 0 ? set->threads : parallel_processors();
    if (!allocate(t, threads)) {
        e = err_why(why, ERR_NOMEM, "out of memory");
        goto out;
    }
    graph_init(t->graph, set->seed, t->params);
    graph_decay_mask(t->graph, t->decay);
    /* The average begins at the first weights, not at zero: it is a network at every step. */
    if (t->average != t->params)
        memcpy(t->average, t->params, t->graph->n_params * sizeof(float));
    *out = t;
    t = NULL;
out:
    trainer_free(t);
    return e;
}

void trainer_free(struct trainer *t)
{
    if (!t)
        return;
    /* Without a pool no workspace was made. */
    int threads = t->pool ? parallel_threads(t->pool) : 0;
    parallel_free(t->pool);
    for (int i = 0; t->ws && i < threads; i++)
        graph_workspace_free(t->ws[i]);
    free(t->ws);
    if (t->average != t->params) /* else it is freed below, as the parameters */
        free(t->average);
    free(t->params);
    free(t->first);
    free(t->second);
    free(t->decay);
    free(t->derived);
    free(t->grads);
    free(t->shard_loss);
    free(t->order);
    graph_free(t->graph);
    free(t);
}

/* ---- a step ---- */

/* The dropout seed differs for each step and shard, and is the same in a run that was stopped in between. Shifting the
 * counter keeps it away from the low bits, where seeds of neighbouring runs differ. */
static struct graph_pass training_pass(const struct trainer *t, size_t shard)
{
    return (struct graph_pass){.params = t->params,
                               .derived = t->derived,
                               .dropout = true,
                               .drop_seed = t->set.seed ^ ((uint64_t)t->step * (uint64_t)t->set.shards + shard) << 20,
                               .stop_before = t->graph->n_stages};
}

int64_t trainer_distortions(const struct trainer_settings *set, int64_t epoch)
{
    /* Coming round again lets teachers' answers be asked once and kept. */
    int64_t number = set->distort_epochs > 0 ? epoch % set->distort_epochs : epoch;
    long calm = lroundf(set->calm * (float)set->epochs);
    /* Whoever asks for some calm gets an epoch of it, in a short trial as well. */
    if (set->calm > 0 && calm < 1)
        calm = 1;
    /* Numbers of their own: the same epoch's stronger distortions are other pictures. */
    return epoch >= set->epochs - calm ? TRAINER_CALM + number : number;
}

uint64_t trainer_distort_seed(const struct trainer_settings *set)
{
    /* A seed of its own lets runs with other first weights share their teachers' answers. */
    return set->distort_seed ? set->distort_seed : set->seed;
}

/* image as the network reads it: itself, or in room. */
static const uint8_t *as_read(const struct trainer *t, const uint8_t *image, uint8_t room[DIGIT_PIXELS])
{
    if (!t->graph->moments)
        return image;
    moments_normalise(image, room);
    return room;
}

const uint8_t *trainer_picture(const struct trainer *t, const struct dataset *d, uint32_t index,
                               uint8_t room[DIGIT_PIXELS])
{
    return as_read(t, d->images + (size_t)index * DIGIT_PIXELS, room);
}

/* The picture to be distorted: in the dataset itself, or in room. Its label is the dataset's. */
static const uint8_t *varied_picture(struct trainer *t, int64_t distortions, uint32_t index, uint8_t room[DIGIT_PIXELS])
{
    const struct dataset *d = t->train.data;
    const uint8_t *image = d->images + (size_t)index * DIGIT_PIXELS;
    struct rng r;
    enum err e = OK;

    /* A stream of its own: runs without hands and remnants have the distortions that they always had. */
    rng_seed(&r, trainer_distort_seed(&t->set), RNG_HAND, (uint64_t)distortions << 32 | index);
    const bool drawn = rng_float(&r) < t->set.hands, beside = rng_float(&r) < t->set.remnants;
    if (!drawn && !beside)
        return image;
    memcpy(room, image, DIGIT_PIXELS);
    if (drawn)
        e = hands_make(d->labels[index], &r, room);
    if (e == OK && beside) {
        const uint32_t neighbour = t->train.index[rng_below(&r, (uint32_t)t->train.n)];
        e = remnants_add(d->images + (size_t)neighbour * DIGIT_PIXELS, &r, room);
    }
    if (e != OK)
        atomic_store(&t->no_memory, true);
    return room;
}

static void distort(const struct trainer *t, int64_t distortions, uint32_t index, const uint8_t *image,
                    float px[DIGIT_PIXELS])
{
    const float strength = distortions >= TRAINER_CALM ? t->set.calm_strength : 1;
    const struct augment a = augment_weaker(&t->set.augment, strength);
    struct rng r;
    /* Nothing of the step or the thread is in the stream's name, so that order does not matter. */
    rng_seed(&r, trainer_distort_seed(&t->set), RNG_AUGMENT, (uint64_t)distortions << 32 | index);
    augment_picture(&a, &r, image, px);
}

void trainer_distort(struct trainer *t, int64_t distortions, uint32_t index, float px[DIGIT_PIXELS])
{
    /* The plain picture: a teacher may see pictures otherwise than the student does. */
    uint8_t room[DIGIT_PIXELS];
    distort(t, distortions, index, varied_picture(t, distortions, index, room), px);
}

/* Loss of picture i of a shard, which is number `at` of the training list: part from its label, part from the teachers'
 * answer. Leaves the gradient of the same in the workspace. */
static double picture_loss(struct trainer *t, struct graph_workspace *ws, size_t i, uint32_t at)
{
    const struct trainer_settings *set = &t->set;
    float target[MODEL_CLASSES], spread = set->smoothing / MODEL_CLASSES;
    const float weight = 1.0F / (float)set->batch; /* the mean over the batch, however it is cut into shards */
    float share = t->answers ? set->distill : 0;
    /* Label smoothing: a little of the target goes to every class, the rest to the right one. */
    for (int k = 0; k < MODEL_CLASSES; k++)
        target[k] = spread;
    target[t->train.data->labels[t->train.index[at]]] += 1 - set->smoothing;
    double loss = (double)(1 - share) * graph_loss(t->graph, ws, i, target, weight * (1 - share));
    if (share > 0) { /* adds to the gradient of the label's part, so it comes second */
        float mean[MODEL_CLASSES];
        teachers_mean(t->answers + (size_t)at * MODEL_CLASSES, t->n_teachers, t->train.n * MODEL_CLASSES,
                      set->distill_temperature, mean);
        loss += (double)share * graph_loss_teacher(t->graph, ws, i, mean, set->distill_temperature, weight * share);
    }
    return loss;
}

/* One shard: distorted pictures in, gradient out. */
static void shard_gradient(void *ctx, size_t shard, int thread)
{
    struct trainer *t = ctx;
    struct graph_workspace *ws = t->ws[thread];
    const struct graph *g = t->graph;
    /* Places in this epoch's order: the batch begins at step % steps_per_epoch, the shard inside of it. */
    size_t n = g->shard, first = (size_t)(t->step % t->steps_per_epoch) * (size_t)t->set.batch + shard * n;
    int64_t distortions = trainer_distortions(&t->set, t->step / t->steps_per_epoch);
    float *grad = t->grads + shard * g->n_params, px[DIGIT_PIXELS];
    uint8_t room[DIGIT_PIXELS], normal[DIGIT_PIXELS];
    struct graph_pass pass = training_pass(t, shard);
    for (size_t i = 0; i < n; i++) {
        uint32_t index = t->train.index[t->order[first + i]];
        /* Normalised first, then distorted: the other way round would undo the slant that was just put in. */
        const uint8_t *image = varied_picture(t, distortions, index, room);
        distort(t, distortions, index, as_read(t, image, normal), px);
        graph_set_picture(g, ws, i, px);
    }
    /* graph_backward adds, and this block still holds the last step's. */
    memset(grad, 0, g->n_params * sizeof(float));
    graph_forward(g, ws, n, &pass);
    t->shard_loss[shard] = 0;
    for (size_t i = 0; i < n; i++)
        t->shard_loss[shard] += picture_loss(t, ws, i, t->order[first + i]);
    graph_backward(g, ws, n, &pass, grad);
}

/* Sums the shards' gradients over a range of parameters and updates those. Each sum is taken in the order of the
 * shards, whichever thread takes the range, so threads do not change a bit. */
static void update_chunk(void *ctx, size_t chunk, int thread)
{
    struct trainer *t = ctx;
    (void)thread;
    size_t n = t->graph->n_params, i0 = chunk * CHUNK, i1 = i0 + CHUNK < n ? i0 + CHUNK : n;
    for (int s = 1; s < t->set.shards; s++) { /* the sum lands in the first shard's block */
        const float *from = t->grads + (size_t)s * n;
        for (size_t i = i0; i < i1; i++)
            t->grads[i] += from[i];
    }
    float rate = optim_rate(&t->set.optim, t->step, t->steps_per_epoch * t->set.epochs);
    optim_step(&t->set.optim, t->step, rate, i0, i1, t->grads, t->decay, t->params, t->first, t->second,
               t->average != t->params ? t->average : NULL);
}

/* The order is a function of seed and epoch alone: a resumed run shuffles to the same one. */
static void shuffle_epoch(struct trainer *t)
{
    struct rng r;
    rng_seed(&r, t->set.seed, RNG_SHUFFLE, (uint64_t)(t->step / t->steps_per_epoch));
    for (size_t i = 0; i < t->train.n; i++)
        t->order[i] = (uint32_t)i;
    rng_shuffle(&r, t->order, t->train.n);
}

void trainer_go_to(struct trainer *t, int64_t step)
{
    t->step = step;
    /* In the middle of an epoch its order is needed; at the beginning of one trainer_step makes it. */
    if (step % t->steps_per_epoch != 0)
        shuffle_epoch(t);
}

double trainer_step(struct trainer *t)
{
    size_t shards = (size_t)t->set.shards;
    if (t->step % t->steps_per_epoch == 0)
        shuffle_epoch(t);
    /* Once a step, before the threads begin: all of them read it. */
    graph_derive(t->graph, t->params, t->derived);
    parallel_run(t->pool, shards, shard_gradient, t);
    parallel_run(t->pool, (t->graph->n_params + CHUNK - 1) / CHUNK, update_chunk, t);
    double loss = 0; /* in the order of the shards, as the gradients */
    for (size_t s = 0; s < shards; s++)
        loss += t->shard_loss[s];
    t->step++;
    return loss / t->set.batch;
}
