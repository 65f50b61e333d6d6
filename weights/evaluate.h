/* A weights file measured on MNIST's test or validation pictures, by the service's own path. */
#ifndef DIGITD_WEIGHTS_EVALUATE_H
#define DIGITD_WEIGHTS_EVALUATE_H

#include <stdio.h>

#include "../fcgi/nn/model.h"
#include "idx.h"
#include "metrics.h"

enum evaluate_split { EVALUATE_TEST, EVALUATE_VALIDATION };

struct evaluation {
    enum evaluate_split split;
    struct metrics metrics;
    double temperature, unsure_below;
    size_t n_params, changed; /* changed: pictures that the normaliser did not pass unchanged */
    double seconds;           /* of normaliser and network alone */
    int threads;
    char kernels[16];
    char weights_sha256[DIGEST_HEX + 1]; /* as in the file: its own 64 digits set to 0 */
    char file_sha256[DIGEST_HEX + 1];    /* as sha256sum tells it */
    char images_sha256[DIGEST_HEX + 1], labels_sha256[DIGEST_HEX + 1];
};

/* threads 0: one a processor. */
enum err evaluate_run(struct evaluation *out, const char *weights, const char *data, enum evaluate_split split,
                      int threads, struct why *why);

void evaluate_print(const struct evaluation *e, FILE *out);

/* The same as one JSON object. */
enum err evaluate_json(const struct evaluation *e, FILE *out, struct why *why);

#endif
