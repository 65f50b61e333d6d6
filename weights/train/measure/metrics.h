/* Figures about a network's answers: counts, loss, calibration. Pure functions of logits and labels. */
#ifndef DIGITD_WEIGHTS_METRICS_H
#define DIGITD_WEIGHTS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

enum { METRICS_CLASSES = 10, METRICS_BINS = 15 };

struct metrics {
    size_t n, right;
    double loss; /* mean of -log probability of the truth, with the temperature */
    double ece;  /* expected calibration error over METRICS_BINS equal bins of confidence (Guo et al. 2017) */
    struct {
        size_t n, right;
        double confidence; /* sum */
    } bin[METRICS_BINS];
    size_t confusion[METRICS_CLASSES][METRICS_CLASSES]; /* [truth][answer] */
    size_t unsure, unsure_wrong;   /* below the threshold or doubted, but not refused; how many are wrong */
    size_t doubted;                /* including the refused ones */
    size_t refused, refused_wrong; /* rejected as not a digit; those whose most likely digit is wrong too */
};

/* logits[n][10], labels[n], refused[n] (NULL: none is), doubted[n] (NULL: none is; what is refused is doubted too). */
void metrics_count(struct metrics *m, size_t n, const float *logits, const uint8_t *labels, const bool *refused,
                   const bool *doubted, double temperature, double unsure_below);

/* Wilson's score interval at 95 % for `right` of n (Wilson 1927). */
void metrics_wilson(size_t right, size_t n, double *low, double *high);

/* Probability of the most likely class, and which it is; 0 where the logits make no probabilities (they may be infinite
 * or no numbers, for weights near the end of the float range). */
double metrics_confidence(const float logits[METRICS_CLASSES], double temperature, int *digit);

/* The temperature that minimises the loss (golden section over 1/20 to 20). */
double metrics_fit_temperature(size_t n, const float *logits, const uint8_t *labels);

/* The confidence below which this share of the answers lies. 0 when out of memory. */
double metrics_quantile(size_t n, const float *logits, double temperature, double share);

/* Everything as members of obj. */
void metrics_json(const struct metrics *m, struct json *obj);

#endif
