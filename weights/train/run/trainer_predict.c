/* What a trainer says of pictures that are not trained on: statistics of batch norm, and logits. Pictures are shared
 * out over the threads in pieces of a shard, and whatever is summed is summed in the order of the pieces. */
#include "trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network/graph_params.h"

struct graph_stats graph_stats_new(const struct graph *g)
{
    struct graph_stats s = {.mean = graph_floats(2 * g->n_channels)}; /* one block: a copy is one memcpy */
    s.var = s.mean ? s.mean + g->n_channels : NULL;
    return s;
}

/* One forward pass over a list of pictures: what its pieces share. */
struct prediction {
    struct trainer *t;
    struct pictures pictures;
    struct graph_pass pass;
    float *logits;        /* [n][10], or NULL */
    double *sum, *square; /* [pieces][c] of stage pass.stop_before, or NULL */
    float *kept;          /* [n][kept_floats]: z of stage pass.known - 1, then of stage pass.stop_before; or NULL */
    size_t kept_floats;
};

static size_t prediction_pieces(const struct prediction *s)
{
    return (s->pictures.n + s->t->graph->shard - 1) / s->t->graph->shard;
}

/* The pictures of a piece, or what is known of them, into the workspace. */
static void prediction_begin(const struct prediction *s, struct graph_workspace *ws, size_t i0, size_t n)
{
    const struct graph *g = s->t->graph;
    float px[DIGIT_PIXELS];
    uint8_t normal[DIGIT_PIXELS];
    /* A later stage's statistics: what comes before was computed for the stage before, and kept. */
    if (s->pass.known > 0) {
        size_t z_floats = g->stages[s->pass.known - 1].z_floats;
        memcpy(graph_stage_z(ws, s->pass.known - 1), s->kept + i0 * s->kept_floats, n * z_floats * sizeof(float));
        return;
    }
    for (size_t i = 0; i < n; i++) { /* as they are: only training distorts */
        augment_none(trainer_picture(s->t, s->pictures.data, s->pictures.index[i0 + i], normal), px);
        graph_set_picture(g, ws, i, px);
    }
}

static void prediction_piece(void *ctx, size_t piece, int thread)
{
    struct prediction *s = ctx;
    const struct graph *g = s->t->graph;
    struct graph_workspace *ws = s->t->ws[thread];
    size_t i0 = piece * g->shard, n = s->pictures.n - i0 < g->shard ? s->pictures.n - i0 : g->shard;
    /* The last piece may be short; kernels take any number of pictures. */
    prediction_begin(s, ws, i0, n);
    graph_forward(g, ws, n, &s->pass);
    if (s->sum) {
        /* Sums of its own for each piece: added up in one thread afterwards, in order. */
        const struct stage *st = &g->stages[s->pass.stop_before];
        graph_sum_moments(g, ws, n, s->pass.stop_before, s->sum + piece * st->c, s->square + piece * st->c);
        if (s->kept)
            memcpy(s->kept + i0 * s->kept_floats, graph_stage_z(ws, s->pass.stop_before),
                   n * st->z_floats * sizeof(float));
    }
    for (size_t i = 0; s->logits && i < n; i++)
        memcpy(s->logits + (i0 + i) * MODEL_CLASSES, graph_logits(g, ws, i), MODEL_CLASSES * sizeof(float));
}

/* Room for the largest z of all pictures, so that each stage continues from the one before. Without it (too large, or
 * no memory) each stage starts from the pictures again and finds the same, only later. */
static void prediction_keep(struct prediction *s)
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
static enum err stage_stats(struct prediction *s, int i, struct graph_stats *stats)
{
    const struct stage *st = &s->t->graph->stages[i];
    size_t pieces = prediction_pieces(s);
    /* Sums and squares in one block; doubles, since millions of pixels are added up. */
    s->sum = calloc(2 * pieces * st->c, sizeof(double));
    if (!s->sum)
        return ERR_NOMEM;
    s->square = s->sum + pieces * st->c;
    s->pass.stop_before = i;
    parallel_run(s->t->pool, pieces, prediction_piece, s);
    s->pass.known = s->kept ? i + 1 : 0; /* the next stage starts here */
    double count = (double)(s->pictures.n * st->h * st->w);
    for (size_t c = 0; c < st->c; c++) {
        double sum = 0, square = 0;
        for (size_t p = 0; p < pieces; p++) {
            sum += s->sum[p * st->c + c];
            square += s->square[p * st->c + c];
        }
        double mean = sum / count, var = square / count - mean * mean;
        stats->mean[st->channels_at + c] = (float)mean;
        stats->var[st->channels_at + c] = (float)(var > 0 ? var : 0); /* rounding can leave it just below 0 */
    }
    free(s->sum);
    return OK;
}

enum err trainer_stats(struct trainer *t, const float *params, struct graph_stats *stats)
{
    struct prediction s = {
        .t = t, .pictures = t->train, .pass = {.params = params, .derived = t->derived, .fixed = stats}};
    enum err e = OK;
    /* A limit of its own: each of these pictures costs a forward pass at the end of every epoch. */
    if (s.pictures.n > (size_t)t->set.bn_pictures)
        s.pictures.n = (size_t)t->set.bn_pictures;
    prediction_keep(&s);
    graph_derive(t->graph, params, t->derived);
    /* One after another: a stage's statistics are exact only with the exact ones of all stages before it. */
    for (int i = 0; e == OK && i < t->graph->n_stages; i++)
        if (t->graph->stages[i].bn)
            e = stage_stats(&s, i, stats);
    free(s.kept);
    return e;
}

void trainer_logits(struct trainer *t, const float *params, const struct graph_stats *stats, struct pictures p,
                    float *logits)
{
    struct prediction s = {.t = t, .pictures = p, .logits = logits};
    s.pass =
        (struct graph_pass){.params = params, .derived = t->derived, .fixed = stats, .stop_before = t->graph->n_stages};
    graph_derive(t->graph, params, t->derived);
    parallel_run(t->pool, prediction_pieces(&s), prediction_piece, &s);
}

struct score score_logits(const float *logits, struct pictures p, double temperature)
{
    struct score s = {.n = p.n};
    for (size_t i = 0; i < p.n; i++) {
        const float *z = logits + i * MODEL_CLASSES;
        int best = 0, truth = p.data->labels[p.index[i]];
        for (int k = 1; k < MODEL_CLASSES; k++)
            best = z[k] > z[best] ? k : best;
        /* Relative to the largest logit, so that exp() cannot overflow. */
        double sum = exp((double)(z[0] - z[best]) / temperature);
        for (int k = 1; k < MODEL_CLASSES; k++)
            sum += exp((double)(z[k] - z[best]) / temperature);
        s.loss += log(sum) - (double)(z[truth] - z[best]) / temperature;
        s.right += best == truth;
    }
    s.loss = p.n > 0 ? s.loss / (double)p.n : 0;
    return s;
}
