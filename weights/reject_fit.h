/* Fits a model's reject rule (model.h): a small network on top of the features, which learns to tell example digits
 * from examples of what is none. The model's own layers stay as they are. */
#ifndef DIGITD_WEIGHTS_REJECT_FIT_H
#define DIGITD_WEIGHTS_REJECT_FIT_H

#include "../fcgi/nn/model.h"
#include "examples.h"

enum { REJECT_HIDDEN_MAX = 128, REJECT_EXAMPLES = 55000 };

struct reject_settings {
    uint64_t seed;
    int hidden;   /* units */
    int examples; /* at most so many digits, and as many others; no more than there are digits */
    int epochs;   /* passes over them */
    int threads;  /* 0: one a processor; does not change the result */
};
extern const struct reject_settings reject_defaults;

/* Makes m->reject but for its threshold. The same bits from the same seed and kernels. ERR_UNSUPPORTED where m does not
 * end with a dense layer. */
enum err reject_fit(struct model *m, const struct example_source *digits, const struct reject_settings *set,
                    struct why *why);

#endif
