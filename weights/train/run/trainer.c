/* Steps and answers, shared out over threads shard by shard. */
#include "trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "net/moments.h"
#include "network/graph_params.h"
#include "teacher.h"

enum { CHUNK = 16384, KEEP_BYTES = 1 << 30 }; /* CHUNK: parameters that one thread updates at a time */

struct graph_stats graph_stats_new(const struct graph *g)
{
    struct graph_stats s = {.mean = graph_floats(2 * g->n_channels)};
    s.var = s.mean ? s.mean + g->n_channels : NULL;
    return s;
}

static enum err check_settings(const struct trainer_settings *set, size_t n_train, struct why *why)
{
    if (set->shards < 1 || set->batch < set->shards || set->batch % set->shards != 0)
        return err_why(why, ERR_RANGE, "a batch of %d cannot be cut into %d equal shards", set->batch, set->shards);
    if (n_train < (size_t)set->batch)
        return err_why(why, ERR_RANGE, "%zu training pictures are fewer than a batch of %d", n_train, set->batch);
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
    t->average = t->set.optim.ema > 0 ? graph_floats(n) : t->params;
    t->derived = graph_floats(t->graph->n_derived);
    t->grads = graph_floats(n * shards);
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
    t->steps_per_epoch = (int64_t)train.n / set->batch;
    e = graph_create(&t->graph, m, (size_t)(set->batch / set->shards), set->drop.v, set->drop.n, set->bn, set->path,
                     why);
    if (e != OK)
        goto out;
    int threads = set->threads > 0 ? set->threads : parallel_processors();
    if (!allocate(t, threads)) {
        e = err_why(why, ERR_NOMEM, "out of memory");
        goto out;
    }
    graph_init(t->graph, set->seed, t->params);
    graph_decay_mask(t->graph, t->decay);
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
    int threads = t->pool ? parallel_threads(t->pool) : 0;
    parallel_free(t->pool);
    for (int i = 0; t->ws && i < threads; i++)
        graph_workspace_free(t->ws[i]);
    free(t->ws);
    if (t->average != t->params)
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
    int64_t number = set->distort_epochs > 0 ? epoch % set->distort_epochs : epoch;
    long calm = lroundf(set->calm * (float)set->epochs);
    if (set->calm > 0 && calm < 1)
        calm = 1;
    return epoch >= set->epochs - calm ? TRAINER_CALM + number : number;
}

uint64_t trainer_distort_seed(const struct trainer_settings *set)
{
    return set->distort_seed ? set->distort_seed : set->seed;
}

/* The picture as the network reads it, before anything is done to it: in the dataset itself, or in normal. */
static const uint8_t *picture_of(const struct trainer *t, const struct dataset *d, uint32_t index,
                                 uint8_t normal[DIGIT_PIXELS])
{
    const uint8_t *image = d->images + (size_t)index * DIGIT_PIXELS;
    if (!t->graph->moments)
        return image;
    moments_normalise(image, normal);
    return normal;
}

static void distort(const struct trainer *t, int64_t distortions, uint32_t index, const uint8_t *image,
                    float px[DIGIT_PIXELS])
{
    const float strength = distortions >= TRAINER_CALM ? t->set.calm_strength : 1;
    const struct augment a = augment_weaker(&t->set.augment, strength);
    struct rng r;
    rng_seed(&r, trainer_distort_seed(&t->set), RNG_AUGMENT, (uint64_t)distortions << 32 | index);
    augment_picture(&a, &r, image, px);
}

void trainer_distort(const struct trainer *t, int64_t distortions, uint32_t index, float px[DIGIT_PIXELS])
{
    distort(t, distortions, index, t->train.data->images + (size_t)index * DIGIT_PIXELS, px);
}

/* Loss of picture i of a shard, which is number `at` of the training list: of its label and of the teachers' answer. */
static double picture_loss(struct trainer *t, struct graph_workspace *ws, size_t i, uint32_t at)
{
    const struct trainer_settings *set = &t->set;
    float target[MODEL_CLASSES], spread = set->smoothing / MODEL_CLASSES, weight = 1.0F / (float)set->batch;
    float share = t->answers ? set->distill : 0;
    for (int k = 0; k < MODEL_CLASSES; k++)
        target[k] = spread;
    target[t->train.data->labels[t->train.index[at]]] += 1 - set->smoothing;
    double loss = (double)(1 - share) * graph_loss(t->graph, ws, i, target, weight * (1 - share));
    if (share > 0) {
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
    size_t n = g->shard, first = (size_t)(t->step % t->steps_per_epoch) * (size_t)t->set.batch + shard * n;
    int64_t distortions = trainer_distortions(&t->set, t->step / t->steps_per_epoch);
    float *grad = t->grads + shard * g->n_params, px[DIGIT_PIXELS];
    uint8_t normal[DIGIT_PIXELS];
    struct graph_pass pass = training_pass(t, shard);
    for (size_t i = 0; i < n; i++) {
        uint32_t index = t->train.index[t->order[first + i]];
        distort(t, distortions, index, picture_of(t, t->train.data, index, normal), px);
        graph_set_picture(g, ws, i, px);
    }
    memset(grad, 0, g->n_params * sizeof(float));
    graph_forward(g, ws, n, &pass);
    t->shard_loss[shard] = 0;
    for (size_t i = 0; i < n; i++)
        t->shard_loss[shard] += picture_loss(t, ws, i, t->order[first + i]);
    graph_backward(g, ws, n, &pass, grad);
}

static void update_chunk(void *ctx, size_t chunk, int thread)
{
    struct trainer *t = ctx;
    (void)thread;
    size_t n = t->graph->n_params, i0 = chunk * CHUNK, i1 = i0 + CHUNK < n ? i0 + CHUNK : n;
    for (int s = 1; s < t->set.shards; s++) {
        const float *from = t->grads + (size_t)s * n;
        for (size_t i = i0; i < i1; i++)
            t->grads[i] += from[i];
    }
    float rate = optim_rate(&t->set.optim, t->step, t->steps_per_epoch * t->set.epochs);
    optim_step(&t->set.optim, t->step, rate, i0, i1, t->grads, t->decay, t->params, t->first, t->second,
               t->average != t->params ? t->average : NULL);
}

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
    if (step % t->steps_per_epoch != 0)
        shuffle_epoch(t);
}

double trainer_step(struct trainer *t)
{
    size_t shards = (size_t)t->set.shards;
    if (t->step % t->steps_per_epoch == 0)
        shuffle_epoch(t);
    graph_derive(t->graph, t->params, t->derived);
    parallel_run(t->pool, shards, shard_gradient, t);
    parallel_run(t->pool, (t->graph->n_params + CHUNK - 1) / CHUNK, update_chunk, t);
    double loss = 0;
    for (size_t s = 0; s < shards; s++)
        loss += t->shard_loss[s];
    t->step++;
    return loss / t->set.batch;
}

/* ---- answers ---- */

/* What the pieces of one pass over a list of pictures share. */
struct sweep {
    struct trainer *t;
    struct pictures pictures;
    struct graph_pass pass;
    float *logits;        /* [n][10], or NULL */
    double *sum, *square; /* [pieces][c] of stage pass.stop_before, or NULL */
    float *kept;          /* [n][kept_floats]: z of stage pass.known - 1, then of stage pass.stop_before; or NULL */
    size_t kept_floats;
};

static size_t sweep_pieces(const struct sweep *s)
{
    return (s->pictures.n + s->t->graph->shard - 1) / s->t->graph->shard;
}

/* The pictures of a piece, or what is known of them, into the workspace. */
static void sweep_begin(const struct sweep *s, struct graph_workspace *ws, size_t i0, size_t n)
{
    const struct graph *g = s->t->graph;
    float px[DIGIT_PIXELS];
    uint8_t normal[DIGIT_PIXELS];
    if (s->pass.known > 0) {
        size_t z_floats = g->stages[s->pass.known - 1].z_floats;
        memcpy(graph_stage_z(ws, s->pass.known - 1), s->kept + i0 * s->kept_floats, n * z_floats * sizeof(float));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        augment_none(picture_of(s->t, s->pictures.data, s->pictures.index[i0 + i], normal), px);
        graph_set_picture(g, ws, i, px);
    }
}

static void sweep_piece(void *ctx, size_t piece, int thread)
{
    struct sweep *s = ctx;
    const struct graph *g = s->t->graph;
    struct graph_workspace *ws = s->t->ws[thread];
    size_t i0 = piece * g->shard, n = s->pictures.n - i0 < g->shard ? s->pictures.n - i0 : g->shard;
    sweep_begin(s, ws, i0, n);
    graph_forward(g, ws, n, &s->pass);
    if (s->sum) {
        const struct stage *st = &g->stages[s->pass.stop_before];
        graph_sum_moments(g, ws, n, s->pass.stop_before, s->sum + piece * st->c, s->square + piece * st->c);
        if (s->kept)
            memcpy(s->kept + i0 * s->kept_floats, graph_stage_z(ws, s->pass.stop_before),
                   n * st->z_floats * sizeof(float));
    }
    for (size_t i = 0; s->logits && i < n; i++)
        memcpy(s->logits + (i0 + i) * MODEL_CLASSES, graph_logits(g, ws, i), MODEL_CLASSES * sizeof(float));
}

/* Room to keep the largest z of all pictures, so that each stage goes on from the one before; without it (too large, or
 * no memory) each stage begins with the pictures again, and finds the same. */
static void sweep_keep(struct sweep *s)
{
    const struct graph *g = s->t->graph;
    for (int i = 0; i < g->n_stages; i++)
        if (g->stages[i].bn && g->stages[i].z_floats > s->kept_floats)
            s->kept_floats = g->stages[i].z_floats;
    size_t bytes = s->pictures.n * s->kept_floats * sizeof(float);
    if (bytes > 0 && bytes <= s->t->keep_bytes)
        s->kept = malloc(bytes);
}

/* The statistics of stage i, for which s->pass.fixed has those of the stages before. */
static enum err stage_stats(struct sweep *s, int i, struct graph_stats *stats)
{
    const struct stage *st = &s->t->graph->stages[i];
    size_t pieces = sweep_pieces(s);
    s->sum = calloc(2 * pieces * st->c, sizeof(double));
    if (!s->sum)
        return ERR_NOMEM;
    s->square = s->sum + pieces * st->c;
    s->pass.stop_before = i;
    parallel_run(s->t->pool, pieces, sweep_piece, s);
    s->pass.known = s->kept ? i + 1 : 0;
    double count = (double)(s->pictures.n * st->h * st->w);
    for (size_t c = 0; c < st->c; c++) {
        double sum = 0, square = 0;
        for (size_t p = 0; p < pieces; p++) {
            sum += s->sum[p * st->c + c];
            square += s->square[p * st->c + c];
        }
        double mean = sum / count, var = square / count - mean * mean;
        stats->mean[st->channels_at + c] = (float)mean;
        stats->var[st->channels_at + c] = (float)(var > 0 ? var : 0);
    }
    free(s->sum);
    return OK;
}

enum err trainer_stats(struct trainer *t, const float *params, struct graph_stats *stats)
{
    struct sweep s = {.t = t, .pictures = t->train, .pass = {.params = params, .derived = t->derived, .fixed = stats}};
    enum err e = OK;
    if (s.pictures.n > (size_t)t->set.bn_pictures)
        s.pictures.n = (size_t)t->set.bn_pictures;
    sweep_keep(&s);
    graph_derive(t->graph, params, t->derived);
    for (int i = 0; e == OK && i < t->graph->n_stages; i++)
        if (t->graph->stages[i].bn)
            e = stage_stats(&s, i, stats);
    free(s.kept);
    return e;
}

void trainer_logits(struct trainer *t, const float *params, const struct graph_stats *stats, struct pictures p,
                    float *logits)
{
    struct sweep s = {.t = t, .pictures = p, .logits = logits};
    s.pass =
        (struct graph_pass){.params = params, .derived = t->derived, .fixed = stats, .stop_before = t->graph->n_stages};
    graph_derive(t->graph, params, t->derived);
    parallel_run(t->pool, sweep_pieces(&s), sweep_piece, &s);
}

struct score score_logits(const float *logits, struct pictures p, double temperature)
{
    struct score s = {.n = p.n};
    for (size_t i = 0; i < p.n; i++) {
        const float *z = logits + i * MODEL_CLASSES;
        int best = 0, truth = p.data->labels[p.index[i]];
        double sum = 0;
        for (int k = 1; k < MODEL_CLASSES; k++)
            best = z[k] > z[best] ? k : best;
        for (int k = 0; k < MODEL_CLASSES; k++)
            sum += exp((double)(z[k] - z[best]) / temperature);
        s.loss += log(sum) - (double)(z[truth] - z[best]) / temperature;
        s.right += best == truth;
    }
    s.loss = p.n > 0 ? s.loss / (double)p.n : 0;
    return s;
}
