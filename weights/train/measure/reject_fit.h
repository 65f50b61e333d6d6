/* Fits a model's rejection head (model.h): a small network on top of the features, which learns to tell digits from
 * non-digits. The model's own layers do not change. */
#ifndef DIGITD_WEIGHTS_REJECT_FIT_H
#define DIGITD_WEIGHTS_REJECT_FIT_H

#include <signal.h>
#include <stdio.h>

#include "data/reject_examples.h"
#include "net/model.h"

enum { REJECT_EXAMPLES = 550000, REJECT_EXAMPLES_MAX = 10000000 };

struct reject_settings {
    uint64_t seed;
    int hidden;     /* units, at most MODEL_REJECT_MAX */
    int examples;   /* so many digits, drawn anew for each step, and as many others; made up to whole batches */
    int threads;    /* 0: one a processor; does not change the result */
    FILE *progress; /* gets a line for each tenth; NULL: silent */
    const volatile sig_atomic_t *stop; /* looked at after every step: when it is not 0, ERR_STOPPED; may be NULL */
};
extern const struct reject_settings reject_defaults;

/* Makes m->reject but for its threshold. The same bits from the same seed and kernels. ERR_UNSUPPORTED where m does not
 * end with a dense layer. */
enum err reject_fit(struct model *m, const struct reject_example_source *digits, const struct reject_settings *set,
                    struct why *why);

#endif
