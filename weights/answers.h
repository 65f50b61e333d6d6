/* Answers of the service's own engine for many pictures, on all processors. */
#ifndef DIGITD_WEIGHTS_ANSWERS_H
#define DIGITD_WEIGHTS_ANSWERS_H

#include "../fcgi/nn/cnn.h"
#include "idx.h"

/* logits[n][10] and labels[n] of the pictures index[n] of d (index NULL: the first n). Each picture goes through the
 * normaliser, as an upload does (MNIST's pass it unchanged), and cnn_forward. *changed counts those that the
 * normaliser did not leave as they are (may be NULL). */
enum err answers_run(const struct cnn *c, const struct dataset *d, const uint32_t *index, size_t n, int threads,
                     float *logits, uint8_t *labels, size_t *changed, struct why *why);

#endif
