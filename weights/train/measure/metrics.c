/* Counting. Everything in double and in the order of the pictures, so figures are the same from run to run. */
#include "metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double metrics_confidence(const float logits[METRICS_CLASSES], double temperature, int *digit)
{
    int best = 0;
    double sum = 0;
    for (int k = 1; k < METRICS_CLASSES; k++)
        best = logits[k] > logits[best] ? k : best;
    for (int k = 0; k < METRICS_CLASSES; k++)
        sum += exp((double)(logits[k] - logits[best]) / temperature);
    *digit = best;
    return sum >= 1 ? 1 / sum : 0; /* infinite logits or NaN make the sum a NaN */
}

/* -log probability of the truth. */
static double loss_of(const float *logits, int truth, double temperature)
{
    int digit;
    double confidence = metrics_confidence(logits, temperature, &digit);
    return -log(confidence) - (double)(logits[truth] - logits[digit]) / temperature;
}

void metrics_count(struct metrics *m, size_t n, const float *logits, const uint8_t *labels, const bool *refused,
                   const bool *doubted, double temperature, double unsure_below)
{
    memset(m, 0, sizeof(*m));
    m->n = n;
    for (size_t i = 0; i < n; i++) {
        const float *z = logits + i * METRICS_CLASSES;
        int digit, truth = labels[i];
        double confidence = metrics_confidence(z, temperature, &digit);
        int bin = (int)(confidence * METRICS_BINS);
        bin = bin < METRICS_BINS ? bin : METRICS_BINS - 1;
        m->bin[bin].n++;
        m->bin[bin].confidence += confidence;
        m->bin[bin].right += digit == truth;
        m->right += digit == truth;
        m->confusion[truth][digit]++;
        m->loss += loss_of(z, truth, temperature);
        m->doubted += doubted && doubted[i];
        if (refused && refused[i]) {
            m->refused++;
            m->refused_wrong += digit != truth;
        } else if (confidence < unsure_below || (doubted && doubted[i])) {
            m->unsure++;
            m->unsure_wrong += digit != truth;
        }
    }
    for (int b = 0; b < METRICS_BINS && n > 0; b++)
        m->ece += fabs(m->bin[b].confidence - (double)m->bin[b].right) / (double)n;
    m->loss = n > 0 ? m->loss / (double)n : 0;
}

void metrics_wilson(size_t right, size_t n, double *low, double *high)
{
    if (n == 0) {
        *low = 0;
        *high = 1;
        return;
    }
    const double z = 1.959963984540054, count = (double)n, p = (double)right / count;
    double middle = (p + z * z / (2 * count)) / (1 + z * z / count);
    double half = z / (1 + z * z / count) * sqrt(p * (1 - p) / count + z * z / (4 * count * count));
    *low = fmax(0, middle - half);
    *high = fmin(1, middle + half);
}

static double mean_loss(size_t n, const float *logits, const uint8_t *labels, double temperature)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += loss_of(logits + i * METRICS_CLASSES, labels[i], temperature);
    return sum / (double)n;
}

double metrics_fit_temperature(size_t n, const float *logits, const uint8_t *labels)
{
    const double ratio = (sqrt(5) - 1) / 2;
    double a = -log(20), b = log(20);
    for (int i = 0; i < 60 && n > 0; i++) {
        double c = b - ratio * (b - a), d = a + ratio * (b - a);
        if (mean_loss(n, logits, labels, exp(c)) < mean_loss(n, logits, labels, exp(d)))
            b = d;
        else
            a = c;
    }
    return exp((a + b) / 2);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double metrics_quantile(size_t n, const float *logits, double temperature, double share)
{
    double *all = calloc(n + 1, sizeof(*all));
    if (!all || n == 0) {
        free(all);
        return 0;
    }
    int digit;
    for (size_t i = 0; i < n; i++)
        all[i] = metrics_confidence(logits + i * METRICS_CLASSES, temperature, &digit);
    qsort(all, n, sizeof(*all), by_value);
    size_t at = (size_t)(share * (double)n);
    double value = all[at < n ? at : n - 1];
    free(all);
    return value;
}

/* The points of a calibration plot: mean confidence and accuracy of the answers in each bin that has any. */
static void add_bins(const struct metrics *m, struct json *bins)
{
    for (int b = 0; b < METRICS_BINS; b++) {
        const double n = (double)m->bin[b].n;
        if (m->bin[b].n == 0)
            continue;
        struct json *bin = json_add_object(bins);
        json_set_num(bin, "from", (double)b / METRICS_BINS);
        json_set_num(bin, "to", (double)(b + 1) / METRICS_BINS);
        json_set_int(bin, "pictures", (int64_t)m->bin[b].n);
        json_set_num(bin, "confidence", m->bin[b].confidence / n);
        json_set_num(bin, "accuracy", (double)m->bin[b].right / n);
    }
}

void metrics_json(const struct metrics *m, struct json *obj)
{
    double low, high;
    metrics_wilson(m->right, m->n, &low, &high);
    json_set_int(obj, "pictures", (int64_t)m->n);
    json_set_int(obj, "right", (int64_t)m->right);
    json_set_num(obj, "accuracy", m->n > 0 ? (double)m->right / (double)m->n : 0);
    json_set_num(obj, "accuracy_low", low);
    json_set_num(obj, "accuracy_high", high);
    json_set_num(obj, "loss", m->loss);
    json_set_num(obj, "ece", m->ece);
    json_set_int(obj, "unsure", (int64_t)m->unsure);
    json_set_int(obj, "unsure_wrong", (int64_t)m->unsure_wrong);
    json_set_int(obj, "doubted", (int64_t)m->doubted);
    json_set_int(obj, "refused", (int64_t)m->refused);
    json_set_int(obj, "refused_wrong", (int64_t)m->refused_wrong);
    add_bins(m, json_set_array(obj, "bins"));
    struct json *classes = json_set_array(obj, "classes"), *confusion = json_set_array(obj, "confusion");
    for (int k = 0; k < METRICS_CLASSES; k++) {
        size_t truth = 0, answered = 0, hit = m->confusion[k][k];
        struct json *row = json_add_array(confusion), *class = json_add_object(classes);
        for (int j = 0; j < METRICS_CLASSES; j++) {
            truth += m->confusion[k][j];
            answered += m->confusion[j][k];
            json_add_int(row, (int64_t)m->confusion[k][j]);
        }
        json_set_int(class, "digit", k);
        json_set_int(class, "pictures", (int64_t)truth);
        json_set_num(class, "precision", answered > 0 ? (double)hit / (double)answered : 0);
        json_set_num(class, "recall", truth > 0 ? (double)hit / (double)truth : 0);
    }
}
