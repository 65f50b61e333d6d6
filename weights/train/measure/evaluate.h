/* Measures a weights file on MNIST's test or validation set, the way the service reads pictures. */
#ifndef DIGITD_WEIGHTS_EVALUATE_H
#define DIGITD_WEIGHTS_EVALUATE_H

#include <stdio.h>

#include "data/idx.h"
#include "net/model.h"
#include "engine_answers.h"
#include "metrics.h"
#include "rejection_rates.h"

enum evaluate_split { EVALUATE_TEST, EVALUATE_VALIDATION };

struct evaluate_settings {
    const char *weights, *data;
    enum evaluate_split split;
    int threads;         /* 0: one a processor */
    bool reject;         /* also measure the rejection of non-digits */
    const char *fashion; /* where Fashion-MNIST is */
    uint64_t seed;       /* of the generated non-digits */
};

struct evaluation {
    struct evaluate_settings set; /* borrowed */
    struct dataset data;
    struct engine_answers answers;
    struct metrics metrics;
    bool has_reject; /* the weights file has a rejection head */
    bool trained_on; /* according to its metadata, it was trained on this split */
    double temperature, look_again_below, unsure_below, ink_above, reject_below, doubt_below;
    size_t n_params;
    double seconds; /* of normaliser and network alone */
    int threads;
    char kernels[16];
    char weights_sha256[DIGEST_HEX + 1]; /* as in the file: its own 64 digits set to 0 */
    char file_sha256[DIGEST_HEX + 1];    /* as sha256sum tells it */
    struct rejection_rates rejection;    /* where set.reject */
};

/* The caller ends with evaluate_free, also after a failure. */
enum err evaluate_run(struct evaluation *out, const struct evaluate_settings *set, struct why *why);
void evaluate_free(struct evaluation *e);

/* Every wrong picture as DIR/INDEX-truthT-answerA-CONFIDENCE.png, INDEX being its number in the split's IDX file. Makes
 * DIR; *n is how many. ERR_EXISTS where DIR has such pictures already, which may be another network's. */
enum err evaluate_errors_write(const struct evaluation *e, const char *dir, size_t *n, struct why *why);

/* evaluate_report.c */
const char *evaluate_split_name(enum evaluate_split s);
void evaluate_print(const struct evaluation *e, FILE *out);

/* All of it as one JSON object, with the wrong pictures themselves. */
enum err evaluate_json(const struct evaluation *e, FILE *out, struct why *why);

#endif
