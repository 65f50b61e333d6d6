/* Maximum likelihood by Adam, with the gradient of forward and backward sums over all ways. */
#include "numbers_fit.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "layout/ways.h"
#include "numbers_set.h"

enum { BATCH = 16 };

/* ---- one sample ---- */

/* Working space for a sample: all in doubles. */
struct pass {
    double *value, *grad;             /* [n][LAYOUT_LABELS] */
    float *hidden;                    /* [n][LAYOUT_LABELS][TERMS_HIDDEN] */
    double *skip, *skip_grad;         /* [nodes - 1] */
    double *before, *after;           /* [nodes] */
    double *text_before, *text_after; /* [nodes][n_text + 1] */
};

static void pass_free(struct pass *p)
{
    free(p->value);
    free(p->grad);
    free(p->hidden);
    free(p->skip);
    free(p->skip_grad);
    free(p->before);
    free(p->after);
    free(p->text_before);
    free(p->text_after);
}

static bool pass_new(struct pass *p, const struct sample *s)
{
    const size_t labels = (size_t)s->n * LAYOUT_LABELS + 1, nodes = (size_t)s->nodes,
                 wide = nodes * ((size_t)s->n_text + 1);

    p->value = malloc(labels * sizeof(double));
    p->grad = calloc(labels, sizeof(double));
    p->hidden = malloc(labels * TERMS_HIDDEN * sizeof(float));
    p->skip = malloc(nodes * sizeof(double));
    p->skip_grad = calloc(nodes, sizeof(double));
    p->before = malloc(nodes * sizeof(double));
    p->after = malloc(nodes * sizeof(double));
    p->text_before = malloc(wide * sizeof(double));
    p->text_after = malloc(wide * sizeof(double));
    return p->value && p->grad && p->hidden && p->skip && p->skip_grad && p->before && p->after && p->text_before &&
           p->text_after;
}

/* As terms_own. */
static float own(const struct sample_candidate *c, int label)
{
    return label < LAYOUT_CLASSES ? c->own[label] : 0;
}

static void forward(const struct sample *s, const struct layout_terms *t, struct pass *p)
{
    for (int i = 0; i < s->n; i++) {
        const struct sample_candidate *c = &s->c[i];
        float base[TERMS_HIDDEN];

        for (int h = 0; h < TERMS_HIDDEN; h++) {
            base[h] = t->bias[h];
            for (int k = 0; k < TERMS_INPUTS; k++)
                base[h] += t->hidden[h][k] * c->x[k];
        }
        for (int k = 0; k < LAYOUT_LABELS; k++) {
            float *hidden = p->hidden + ((size_t)i * LAYOUT_LABELS + (size_t)k) * TERMS_HIDDEN;
            double *value = &p->value[i * LAYOUT_LABELS + k];

            *value = -INFINITY;
            if (!(c->may >> k & 1))
                continue;
            *value = (double)(t->label_out[k] + (k < LAYOUT_CLASSES ? t->trust * c->log_probability[k] : 0));
            for (int h = 0; h < TERMS_HIDDEN; h++) {
                hidden[h] = tanhf(base[h] + t->label[k][h] + t->own[h] * own(c, k));
                *value += (double)(t->out[h] * hidden[h]);
            }
        }
    }
    for (int i = 0; i + 1 < s->nodes; i++) {
        p->skip[i] = 0;
        for (int k = 0; k < TERMS_SKIP; k++)
            p->skip[i] += (double)(t->skip[k] * s->skip[i][k]);
    }
}

/* Probabilities of all ways into grad, with a sign of +1. Returns the log of their sum. */
static double all_ways(const struct sample *s, struct pass *p)
{
    int at = 0;

    p->before[0] = 0;
    for (int i = 1; i < s->nodes; i++) {
        p->before[i] = p->before[i - 1] + p->skip[i - 1];
        for (; at < s->n && s->c[at].to == i; at++)
            for (int k = 0; k < LAYOUT_LABELS; k++)
                if (s->c[at].may >> k & 1)
                    p->before[i] = log_add(p->before[i], p->before[s->c[at].from] + p->value[at * LAYOUT_LABELS + k]);
    }
    for (int i = 0; i < s->nodes; i++)
        p->after[i] = -INFINITY;
    p->after[s->nodes - 1] = 0;
    at = s->n - 1;
    const double sum = p->before[s->nodes - 1];
    for (int i = s->nodes - 1; i > 0; i--) {
        p->skip_grad[i - 1] += exp(p->before[i - 1] + p->skip[i - 1] + p->after[i] - sum);
        p->after[i - 1] = log_add(p->after[i - 1], p->after[i] + p->skip[i - 1]);
        for (; at >= 0 && s->c[at].to == i; at--)
            for (int k = 0; k < LAYOUT_LABELS; k++)
                if (s->c[at].may >> k & 1) {
                    const double v = p->value[at * LAYOUT_LABELS + k] + p->after[i];

                    p->grad[at * LAYOUT_LABELS + k] += exp(p->before[s->c[at].from] + v - sum);
                    p->after[s->c[at].from] = log_add(p->after[s->c[at].from], v);
                }
    }
    return sum;
}

/* From behind a candidate that is read as a label to before it. */
static void text_back(struct pass *p, int at, int label, size_t from, double after, double sum)
{
    const double v = p->value[at * LAYOUT_LABELS + label] + after;

    p->grad[at * LAYOUT_LABELS + label] -= exp(p->text_before[from] + v - sum);
    p->text_after[from] = log_add(p->text_after[from], v);
}

/* The same for the ways that give the text, with a sign of -1. */
static double text_ways(const struct sample *s, struct pass *p)
{
    const size_t width = (size_t)s->n_text + 1, n = (size_t)s->nodes * width;
    int at = 0;

    for (size_t i = 0; i < n; i++)
        p->text_before[i] = p->text_after[i] = -INFINITY;
    p->text_before[0] = p->text_after[n - 1] = 0;
    for (int i = 1; i < s->nodes; i++) {
        double *to = p->text_before + (size_t)i * width;
        const double *last = to - width;

        for (size_t k = 0; k < width; k++)
            to[k] = last[k] + p->skip[i - 1];
        for (; at < s->n && s->c[at].to == i; at++) {
            const double *from = p->text_before + (size_t)s->c[at].from * width;

            for (size_t k = 0; k < width && (s->c[at].may >> LAYOUT_NOTHING & 1); k++)
                to[k] = log_add(to[k], from[k] + p->value[at * LAYOUT_LABELS + LAYOUT_NOTHING]);
            for (int k = 0; k < s->n_text; k++)
                if ((s->c[at].may >> s->text[k] & 1) && from[k] > -INFINITY)
                    to[k + 1] = log_add(to[k + 1], from[k] + p->value[at * LAYOUT_LABELS + s->text[k]]);
        }
    }
    const double sum = p->text_before[n - 1];
    at = s->n - 1;
    for (int i = s->nodes - 1; i > 0; i--) {
        const double *to = p->text_after + (size_t)i * width;
        double *skip = p->text_after + (size_t)(i - 1) * width;
        const double *before = p->text_before + (size_t)(i - 1) * width;

        for (size_t k = 0; k < width; k++)
            if (to[k] > -INFINITY) {
                p->skip_grad[i - 1] -= exp(before[k] + p->skip[i - 1] + to[k] - sum);
                skip[k] = log_add(skip[k], to[k] + p->skip[i - 1]);
            }
        for (; at >= 0 && s->c[at].to == i; at--) {
            for (size_t k = 0; k < width && (s->c[at].may >> LAYOUT_NOTHING & 1); k++)
                if (to[k] > -INFINITY)
                    text_back(p, at, LAYOUT_NOTHING, (size_t)s->c[at].from * width + k, to[k], sum);
            for (int k = 0; k < s->n_text; k++)
                if ((s->c[at].may >> s->text[k] & 1) && to[k + 1] > -INFINITY)
                    text_back(p, at, s->text[k], (size_t)s->c[at].from * width + (size_t)k, to[k + 1], sum);
        }
    }
    return sum;
}

/* Adds the gradient of -log P(text) to g. */
static void backward(const struct sample *s, const struct layout_terms *t, const struct pass *p, struct layout_terms *g)
{
    for (int i = 0; i < s->n; i++) {
        const struct sample_candidate *c = &s->c[i];
        float base[TERMS_HIDDEN] = {0};

        for (int k = 0; k < LAYOUT_LABELS; k++) {
            const float d = (float)p->grad[i * LAYOUT_LABELS + k];
            const float *hidden = p->hidden + ((size_t)i * LAYOUT_LABELS + (size_t)k) * TERMS_HIDDEN;

            if (!(c->may >> k & 1) || fabsf(d) < 1e-7F)
                continue;
            g->label_out[k] += d;
            if (k < LAYOUT_CLASSES)
                g->trust += d * c->log_probability[k];
            for (int h = 0; h < TERMS_HIDDEN; h++) {
                const float in = d * t->out[h] * (1 - hidden[h] * hidden[h]);

                g->out[h] += d * hidden[h];
                g->label[k][h] += in;
                g->own[h] += in * own(c, k);
                base[h] += in;
            }
        }
        for (int h = 0; h < TERMS_HIDDEN; h++) {
            g->bias[h] += base[h];
            for (int k = 0; k < TERMS_INPUTS; k++)
                g->hidden[h][k] += base[h] * c->x[k];
        }
    }
    for (int i = 0; i + 1 < s->nodes; i++)
        for (int k = 0; k < TERMS_SKIP; k++)
            g->skip[k] += (float)p->skip_grad[i] * s->skip[i][k];
}

static enum err sample_gradient(const struct sample *s, const struct layout_terms *t, struct layout_terms *g,
                                double *loss)
{
    struct pass p = {0};
    enum err e = ERR_NOMEM;

    if (pass_new(&p, s)) {
        forward(s, t, &p);
        *loss = all_ways(s, &p) - text_ways(s, &p);
        backward(s, t, &p, g);
        e = OK;
    }
    pass_free(&p);
    return e;
}

/* ---- Adam ---- */

struct adam {
    float v[TERMS_NUMBERS], g[TERMS_NUMBERS], m[TERMS_NUMBERS], s[TERMS_NUMBERS];
    int steps;
};

/* What says how much something counts beside the geometry, which digits could be learnt by heart with. Biases, trust
 * and skip are few, and where they lie is no matter of size. */
static bool decays(size_t i)
{
    const size_t at = i * sizeof(float);

    return at < offsetof(struct layout_terms, bias) ||
           (at >= offsetof(struct layout_terms, label) && at < offsetof(struct layout_terms, label_out));
}

static void adam_step(struct adam *a, struct layout_terms *t, const struct layout_terms *g, float rate, float decay)
{
    a->steps++;
    memcpy(a->v, t, sizeof(a->v));
    memcpy(a->g, g, sizeof(a->g));
    const float c1 = 1 - powf(0.9F, (float)a->steps), c2 = 1 - powf(0.99F, (float)a->steps);
    for (size_t i = 0; i < TERMS_NUMBERS; i++) {
        const float pull = decays(i) ? decay * a->v[i] : 0;

        a->m[i] = 0.9F * a->m[i] + 0.1F * a->g[i];
        a->s[i] = 0.99F * a->s[i] + 0.01F * a->g[i] * a->g[i];
        a->v[i] -= rate * (a->m[i] / c1 / (sqrtf(a->s[i] / c2) + 1e-6F) + pull);
    }
    memcpy(t, a->v, sizeof(a->v));
}

static void terms_start(struct layout_terms *t, uint64_t seed)
{
    struct rng r;

    rng_seed(&r, seed, RNG_INIT, 0);
    for (int h = 0; h < TERMS_HIDDEN; h++) {
        for (int k = 0; k < TERMS_INPUTS; k++)
            t->hidden[h][k] = 0.2F * rng_normal(&r);
        for (int k = 0; k < LAYOUT_LABELS; k++)
            t->label[k][h] = 0.2F * rng_normal(&r);
        t->out[h] = 0.3F * rng_normal(&r);
    }
    t->trust = 1;
    t->skip[0] = -2;
    t->label_out[LAYOUT_NOTHING] = -2;
}

enum err numbers_fit(const struct numbers_set *set, const struct numbers_fit *how, struct layout_terms *t)
{
    uint32_t *order = malloc((set->n + 1) * sizeof(*order));
    struct adam *a = calloc(1, sizeof(*a));
    enum err e = order && a ? OK : ERR_NOMEM;

    if (t->trust == 0)
        terms_start(t, how->seed);
    for (size_t i = 0; e == OK && i < set->n; i++)
        order[i] = (uint32_t)i;
    for (int epoch = 0; e == OK && epoch < how->epochs; epoch++) {
        const float rate = how->rate * (1 - 0.95F * (float)epoch / (float)how->epochs);
        double sum = 0;
        struct rng r;

        rng_seed(&r, how->seed, RNG_SHUFFLE, (uint64_t)epoch);
        rng_shuffle(&r, order, set->n);
        for (size_t i = 0; e == OK && i < set->n; i += BATCH) {
            struct layout_terms g = {0};
            double loss = 0;

            for (size_t k = i; e == OK && k < i + BATCH && k < set->n; k++) {
                e = sample_gradient(&set->sample[order[k]], t, &g, &loss);
                sum += loss;
            }
            adam_step(a, t, &g, rate, how->decay);
        }
        if (how->progress)
            (void)fprintf(how->progress, "epoch %d: %.4f nats a picture\n", epoch + 1, sum / (double)set->n);
    }
    free(order);
    free(a);
    return e;
}
