/* Dynamic programming over the nodes of a row, from left to right (and back, for the probabilities). */
#include "ways.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double log_add(double a, double b)
{
    const double more = a > b ? a : b, less = a > b ? b : a;

    return less == -INFINITY ? more : more + log1p(exp(less - more));
}

static int by_end(const void *a, const void *b)
{
    const struct way_step *p = a, *q = b;

    return p->to != q->to                 ? p->to - q->to
           : p->candidate != q->candidate ? p->candidate - q->candidate
                                          : p->label - q->label;
}

static void sum_up(struct ways *w)
{
    int at = 0;

    w->before[0] = 0;
    for (int i = 1; i < w->nodes; i++) {
        w->before[i] = w->before[i - 1] + w->skip[i - 1];
        for (; at < w->n && w->step[at].to == i; at++)
            w->before[i] = log_add(w->before[i], w->before[w->step[at].from] + w->step[at].value);
    }
    for (int i = 0; i < w->nodes; i++)
        w->after[i] = -INFINITY;
    w->after[w->nodes - 1] = 0;
    at = w->n - 1;
    for (int i = w->nodes - 1; i > 0; i--) { /* all that leaves node i is in after[i] by now */
        w->after[i - 1] = log_add(w->after[i - 1], w->after[i] + w->skip[i - 1]);
        for (; at >= 0 && w->step[at].to == i; at--)
            w->after[w->step[at].from] = log_add(w->after[w->step[at].from], w->after[i] + w->step[at].value);
    }
}

enum err ways_make(struct ways *w, const struct layout_lattice *l, const struct layout_looks *looks,
                   const struct layout_terms *terms, int row)
{
    const struct layout_row *r = &l->row[row];
    const size_t nodes = (size_t)r->atoms + 1;

    *w = (struct ways){.nodes = r->atoms + 1};
    w->step = malloc((size_t)r->candidates * LAYOUT_LABELS * sizeof(*w->step));
    w->skip = malloc(nodes * sizeof(*w->skip));
    w->before = malloc(nodes * sizeof(*w->before));
    w->after = malloc(nodes * sizeof(*w->after));
    if (w->step == NULL || w->skip == NULL || w->before == NULL || w->after == NULL)
        return ERR_NOMEM;
    for (int i = 0; i < r->atoms; i++)
        w->skip[i] = (double)terms_skip(terms, &l->atom[r->first_atom + i]);
    for (int i = r->first; i < r->first + r->candidates; i++) {
        float value[LAYOUT_LABELS];

        if (!looks->seen[i])
            continue;
        terms_values(terms, &l->candidate[i], &looks->score[i], value, NULL);
        for (int k = 0; k < LAYOUT_LABELS; k++)
            if (value[k] > -INFINITY)
                w->step[w->n++] = (struct way_step){i, l->candidate[i].from, l->candidate[i].to, k, (double)value[k]};
    }
    qsort(w->step, (size_t)w->n, sizeof(*w->step), by_end);
    sum_up(w);
    return OK;
}

void ways_free(struct ways *w)
{
    free(w->step);
    free(w->skip);
    free(w->before);
    free(w->after);
    *w = (struct ways){0};
}

double ways_probability(const struct ways *w, int i)
{
    const struct way_step *s = &w->step[i];

    return exp(w->before[s->from] + s->value + w->after[s->to] - w->before[w->nodes - 1]);
}

enum err ways_probability_of(const struct ways *w, const int *labels, int n, double *log_probability)
{
    const size_t width = (size_t)n + 1;
    double *sum = malloc((size_t)w->nodes * width * sizeof(*sum)); /* [node][labels so far] */
    int at = 0;

    if (sum == NULL)
        return ERR_NOMEM;
    for (size_t k = 0; k < width; k++)
        sum[k] = k == 0 ? 0 : -INFINITY;
    for (int i = 1; i < w->nodes; i++) {
        double *to = sum + (size_t)i * width;
        const double *last = to - width;

        for (size_t k = 0; k < width; k++)
            to[k] = last[k] + w->skip[i - 1];
        for (; at < w->n && w->step[at].to == i; at++) {
            const struct way_step *s = &w->step[at];
            const double *from = sum + (size_t)s->from * width;

            if (s->label == LAYOUT_NOTHING)
                for (size_t k = 0; k < width; k++)
                    to[k] = log_add(to[k], from[k] + s->value);
            for (int k = 0; k < n; k++)
                if (labels[k] == s->label && from[k] > -INFINITY)
                    to[k + 1] = log_add(to[k + 1], from[k] + s->value);
        }
    }
    *log_probability = sum[(size_t)w->nodes * width - 1] - w->before[w->nodes - 1];
    free(sum);
    return OK;
}

/* One of the best ways to a node. */
struct partial {
    double value;
    uint64_t labels; /* a hash of them */
    int step, from, rank;
};

static uint64_t labels_with(uint64_t labels, int label)
{
    return label == LAYOUT_NOTHING ? labels : (labels ^ (uint64_t)(label + 1)) * 1099511628211U;
}

static void partial_add(struct partial *best, int *n, struct partial p)
{
    int at = *n;

    for (int i = 0; i < *n; i++)
        if (best[i].labels == p.labels) {
            if (best[i].value >= p.value)
                return;
            memmove(best + i, best + i + 1, (size_t)(*n - i - 1) * sizeof(*best));
            --*n;
            break;
        }
    at = *n;
    while (at > 0 && best[at - 1].value < p.value)
        at--;
    if (at == WAYS_BEST)
        return;
    if (*n == WAYS_BEST)
        --*n;
    memmove(best + at + 1, best + at, (size_t)(*n - at) * sizeof(*best));
    best[at] = p;
    ++*n;
}

static enum err way_trace(const struct ways *w, const struct partial (*best)[WAYS_BEST], int rank, struct way *out)
{
    int node = w->nodes - 1, n = 0;

    *out = (struct way){.value = best[node][rank].value, .step = malloc((size_t)w->nodes * sizeof(int))};
    if (out->step == NULL)
        return ERR_NOMEM;
    while (node > 0) {
        const struct partial *p = &best[node][rank];

        if (p->step >= 0 && w->step[p->step].label != LAYOUT_NOTHING)
            out->step[n++] = p->step;
        node = p->from;
        rank = p->rank;
    }
    out->n = n;
    for (int i = 0; i < n / 2; i++) {
        const int swap = out->step[i];

        out->step[i] = out->step[n - 1 - i];
        out->step[n - 1 - i] = swap;
    }
    return OK;
}

enum err ways_best(const struct ways *w, struct way out[WAYS_BEST], int *n)
{
    struct partial(*best)[WAYS_BEST] = calloc((size_t)w->nodes, sizeof(*best));
    int *count = calloc((size_t)w->nodes, sizeof(*count)), at = 0;
    enum err e = ERR_NOMEM;

    *n = 0;
    memset(out, 0, WAYS_BEST * sizeof(*out));
    if (best == NULL || count == NULL)
        goto out;
    count[0] = 1;
    best[0][0] = (struct partial){.labels = 1469598103934665603U, .step = -1};
    for (int i = 1; i < w->nodes; i++) {
        for (int k = 0; k < count[i - 1]; k++)
            partial_add(best[i], &count[i],
                        (struct partial){best[i - 1][k].value + w->skip[i - 1], best[i - 1][k].labels, -1, i - 1, k});
        for (; at < w->n && w->step[at].to == i; at++) {
            const struct way_step *s = &w->step[at];

            for (int k = 0; k < count[s->from]; k++)
                partial_add(best[i], &count[i],
                            (struct partial){best[s->from][k].value + s->value,
                                             labels_with(best[s->from][k].labels, s->label), at, s->from, k});
        }
    }
    e = OK;
    while (e == OK && *n < count[w->nodes - 1])
        if ((e = way_trace(w, (const struct partial(*)[WAYS_BEST])best, *n, &out[*n])) == OK)
            ++*n;
out:
    free(best);
    free(count);
    return e;
}

void way_free(struct way *w)
{
    free(w->step);
    *w = (struct way){0};
}

/* A slash leans as ones of many people do; often only the rest of the row tells them apart. */
enum { DAYS_MOST = 31, MONTHS_MOST = 12, PARTS = 3, SHORT = 2, YEAR = 4 };

bool date_is(const char *text, int n)
{
    int value[PARTS] = {0}, length[PARTS] = {0}, part = 0;

    for (int i = 0; i < n; i++) {
        if (text[i] == '/' && part + 1 < PARTS) {
            part++;
        } else if (text[i] >= '0' && text[i] <= '9' && length[part] < YEAR) {
            value[part] = 10 * value[part] + text[i] - '0';
            length[part]++;
        } else {
            return false;
        }
    }
    const bool first = length[0] == YEAR; /* the year; else it is the last */
    const int *day = first ? value + 1 : value, *digits = first ? length + 1 : length;
    const int year = first ? YEAR : length[PARTS - 1];

    if (part + 1 < PARTS || (year != SHORT && year != YEAR))
        return false;
    for (int i = 0; i < 2; i++)
        if (digits[i] < 1 || digits[i] > SHORT || day[i] < 1 || day[i] > DAYS_MOST)
            return false;
    return day[0] <= MONTHS_MOST || day[1] <= MONTHS_MOST;
}
