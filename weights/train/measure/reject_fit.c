/* AdamW with the logistic loss. Every example is drawn for one step only: when examples come up again and again, the
 * head learns the pictures and not what they have in common. (A training digit that is left unchanged can come up again
 * by chance.)
 *
 * Examples come in chunks, whose features are computed together. While fitting, features are divided by their standard
 * deviation in the first chunk; the divisors go into the weights at the end. A batch is cut into a fixed number of
 * shards with a gradient each, added up in order, so threads do not change a bit. Half of the features are 0, because
 * they come out of a ReLU, and are skipped. */
#include "reject_fit.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/parallel.h"
#include "common/rng.h"
#include "net/cnn.h"
#include "network/optim.h"

enum { PIECE = 64, BATCH = 128, SHARDS = 4, SHARD = BATCH / SHARDS, CHUNK = 64 * BATCH };

const struct reject_settings reject_defaults = {.seed = 1, .hidden = 64, .examples = REJECT_EXAMPLES};

static const struct optim recipe = {.rate = 2e-3F,
                                    .warm_up = 0.1F,
                                    .final_rate = 1e-3F,
                                    .beta1 = 0.9F,
                                    .beta2 = 0.999F,
                                    .epsilon = 1e-8F,
                                    .weight_decay = 3e-2F};

struct fit {
    struct reject_example_source digits;
    const struct reject_settings *set;
    const struct cnn *cnn;
    struct parallel *pool;
    void **scratch;                         /* [threads] */
    size_t f, h;                            /* features; hidden units */
    uint64_t chunk;                         /* number of the chunk's first example: even ones are digits */
    size_t n;                               /* examples of the chunk, whole batches */
    float *features;                        /* [n][f] */
    float *divisors;                        /* [f] */
    size_t n_params;                        /* hidden weights [f][h], hidden biases [h], out weights [h], out bias */
    float *params, *first, *second, *decay; /* [n_params] */
    float *grads;                           /* [SHARDS][n_params] */
    size_t batch;                           /* under way, in its chunk */
    atomic_int failed;                      /* an enum err */
};

static bool is_digit(size_t i)
{
    return i % 2 == 0;
}

static void features_piece(void *ctx, size_t piece, int thread)
{
    struct fit *t = ctx;
    uint8_t px[DIGIT_PIXELS];
    float logits[MODEL_CLASSES];
    for (size_t i = piece * PIECE; i < (piece + 1) * PIECE; i++) {
        enum err e = reject_example_make(&t->digits, is_digit(i), t->set->seed, t->chunk + i, px);
        if (e != OK) {
            atomic_store(&t->failed, (int)e);
            return;
        }
        cnn_forward(t->cnn, px, logits, t->scratch[thread]);
        cnn_features_get(t->cnn, t->scratch[thread], t->features + i * t->f);
    }
}

/* A feature that never varies keeps divisor 1. */
static void find_divisors(struct fit *t)
{
    for (size_t k = 0; k < t->f; k++) {
        double sum = 0, square = 0, count = (double)t->n;
        for (size_t i = 0; i < t->n; i++) {
            const double v = (double)t->features[i * t->f + k];
            sum += v;
            square += v * v;
        }
        const double var = square / count - sum / count * (sum / count);
        t->divisors[k] = var > 1e-12 ? (float)sqrt(var) : 1;
    }
}

/* The chunk that begins with this batch of so many. */
static enum err next_chunk(struct fit *t, int64_t batch, int64_t batches)
{
    t->chunk = (uint64_t)batch * BATCH;
    t->n = batches - batch < CHUNK / BATCH ? (size_t)(batches - batch) * BATCH : CHUNK;
    parallel_run(t->pool, t->n / PIECE, features_piece, t);
    const enum err e = (enum err)atomic_load(&t->failed);
    if (e != OK)
        return e;
    if (batch == 0)
        find_divisors(t);
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->f; k++)
            t->features[i * t->f + k] /= t->divisors[k];
    return OK;
}

/* The head's score of x[f]; hidden[h] gets the outputs of the hidden units. */
static float score(const struct fit *t, const float *x, float *hidden)
{
    const float *bias = t->params + t->f * t->h, *out = bias + t->h;
    float s = out[t->h];
    memcpy(hidden, bias, t->h * sizeof(*hidden));
    for (size_t k = 0; k < t->f; k++)
        if (x[k] != 0)
            for (size_t j = 0; j < t->h; j++)
                hidden[j] += x[k] * t->params[k * t->h + j];
    for (size_t j = 0; j < t->h; j++) {
        hidden[j] = hidden[j] > 0 ? hidden[j] : 0;
        s += hidden[j] * out[j];
    }
    return s;
}

/* Adds the gradient of one example's logistic loss. */
static void add_gradient(const struct fit *t, size_t i, float *grad)
{
    const float *x = t->features + i * t->f, *out = t->params + t->f * t->h + t->h;
    float *bias_grad = grad + t->f * t->h, *out_grad = bias_grad + t->h, hidden[MODEL_REJECT_MAX],
          back[MODEL_REJECT_MAX];
    const float p = 1 / (1 + expf(-score(t, x, hidden))), d = (p - (is_digit(i) ? 1 : 0)) / BATCH;
    for (size_t j = 0; j < t->h; j++) {
        back[j] = hidden[j] > 0 ? d * out[j] : 0;
        out_grad[j] += d * hidden[j];
        bias_grad[j] += back[j];
    }
    out_grad[t->h] += d;
    for (size_t k = 0; k < t->f; k++)
        if (x[k] != 0)
            for (size_t j = 0; j < t->h; j++)
                grad[k * t->h + j] += x[k] * back[j];
}

static void shard_gradient(void *ctx, size_t shard, int thread)
{
    struct fit *t = ctx;
    (void)thread;
    float *grad = t->grads + shard * t->n_params;
    memset(grad, 0, t->n_params * sizeof(*grad));
    for (size_t i = 0; i < SHARD; i++)
        add_gradient(t, t->batch * BATCH + shard * SHARD + i, grad);
}

static void step(struct fit *t, int64_t number, int64_t steps)
{
    parallel_run(t->pool, SHARDS, shard_gradient, t);
    for (size_t s = 1; s < SHARDS; s++)
        for (size_t i = 0; i < t->n_params; i++)
            t->grads[i] += t->grads[s * t->n_params + i];
    optim_step(&recipe, number, optim_rate(&recipe, number, steps), 0, t->n_params, t->grads, t->decay, t->params,
               t->first, t->second, NULL);
}

/* He's normal initialisation (2015); biases 0. */
static void start(struct fit *t)
{
    struct rng r;
    const size_t weights = t->f * t->h;
    rng_seed(&r, t->set->seed, RNG_INIT, UINT64_C(1) << 40);
    for (size_t i = 0; i < t->n_params; i++) {
        const bool out = i >= weights + t->h && i < weights + 2 * t->h;
        t->decay[i] = i < weights || out ? 1 : 0;
        if (i < weights || out)
            t->params[i] = sqrtf(2 / (float)(out ? t->h : t->f)) * rng_normal(&r);
    }
}

/* Prints a line at the start and for each tenth. */
static void tell(FILE *progress, int64_t done, int64_t steps)
{
    if (progress && (done == 0 || done * 10 / steps != (done - 1) * 10 / steps))
        fprintf(progress, "fitting the rejection head: %d %%\n", (int)(done * 100 / steps));
}

static enum err learn(struct fit *t)
{
    const int64_t steps = (2 * (int64_t)t->set->examples + BATCH - 1) / BATCH;
    start(t);
    tell(t->set->progress, 0, steps);
    for (int64_t number = 0; number < steps; number++) {
        t->batch = (size_t)number % (CHUNK / BATCH);
        if (t->batch == 0) {
            const enum err e = next_chunk(t, number, steps);
            if (e != OK)
                return e;
        }
        step(t, number, steps);
        tell(t->set->progress, number + 1, steps);
        if (t->set->stop && *t->set->stop)
            return ERR_STOPPED;
    }
    return OK;
}

/* Transposes [f][h] to [h][f], and divides by the divisors. */
static void put_into(const struct fit *t, struct model_reject *r)
{
    const float *bias = t->params + t->f * t->h;
    for (size_t j = 0; j < t->h; j++)
        for (size_t k = 0; k < t->f; k++)
            r->hidden_weight[j * t->f + k] = t->params[k * t->h + j] / t->divisors[k];
    memcpy(r->hidden_bias, bias, t->h * sizeof(*bias));
    memcpy(r->out_weight, bias + t->h, t->h * sizeof(*bias));
    r->out_bias[0] = bias[2 * t->h];
}

static bool allocate(struct fit *t, int threads)
{
    t->pool = parallel_new(threads);
    t->scratch = calloc((size_t)threads, sizeof(*t->scratch));
    if (!t->pool || !t->scratch)
        return false;
    for (int i = 0; i < threads; i++)
        if (!(t->scratch[i] = cnn_scratch_new(t->cnn)))
            return false;
    t->features = calloc(CHUNK * t->f, sizeof(float));
    t->divisors = calloc(t->f, sizeof(float));
    t->params = calloc(t->n_params * (4 + SHARDS), sizeof(float));
    if (!t->features || !t->divisors || !t->params)
        return false;
    t->first = t->params + t->n_params;
    t->second = t->first + t->n_params;
    t->decay = t->second + t->n_params;
    t->grads = t->decay + t->n_params;
    return true;
}

static void release(struct fit *t)
{
    const int threads = t->pool ? parallel_threads(t->pool) : 0;
    for (int i = 0; t->scratch && i < threads; i++)
        free(t->scratch[i]);
    free(t->scratch);
    parallel_free(t->pool);
    free(t->features);
    free(t->divisors);
    free(t->params);
}

enum err reject_fit(struct model *m, const struct reject_example_source *digits, const struct reject_settings *set,
                    struct why *why)
{
    const int threads = set->threads > 0 ? set->threads : parallel_processors();
    struct fit t = {.digits = *digits, .set = set};
    struct cnn *cnn = NULL;
    if (set->hidden > MODEL_REJECT_MAX || set->examples < 1 || digits->n == 0)
        return err_why(why, ERR_RANGE,
                       "rejection head: cannot be fitted with %d hidden units, %d examples and %zu digits", set->hidden,
                       set->examples, digits->n);
    enum err e = model_reject_new(m, set->hidden, why);
    if (e == OK)
        e = cnn_create(&cnn, m, CNN_AUTO, why);
    if (e != OK)
        goto out;
    t.cnn = cnn;
    t.f = cnn_features(cnn);
    t.h = (size_t)set->hidden;
    t.n_params = t.f * t.h + 2 * t.h + 1;
    if (!allocate(&t, threads)) {
        e = err_why(why, ERR_NOMEM, "out of memory");
        goto out;
    }
    e = learn(&t);
    if (e != OK) {
        err_why(why, e, "rejection head: %s", err_str(e));
        goto out;
    }
    put_into(&t, &m->reject);
out:
    release(&t);
    cnn_free(cnn);
    if (e != OK)
        model_reject_clear(m);
    return e;
}
