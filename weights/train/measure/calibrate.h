/* What a network's answers are worth, fitted without touching the network: the temperature that makes its
 * probabilities true (Guo et al. 2017), when it looks again, the confidence under which it is unsure, and what it takes
 * for no digit.
 *
 * Everything that decides is taken from validation pictures; the reject rule itself (model.h) learns from training
 * pictures and examples made from them. */
#ifndef DIGITD_WEIGHTS_CALIBRATE_H
#define DIGITD_WEIGHTS_CALIBRATE_H

#include "metrics.h"
#include "reject_fit.h"

struct calibration {
    const struct dataset *data;
    const uint32_t *train, *validation; /* the split; a network trained on all pictures has seen the validation too */
    size_t n_train, n_validation;
    const struct model *like;             /* take all thresholds from this one, of the same recipe; NULL: fit them */
    const struct reject_settings *reject; /* NULL: no rule is fitted, and what m has is taken away */
    int threads;                          /* 0: one a processor */
};

/* Sets m's temperature, look_again_below, unsure_below, ink_above, reject rule and its threshold, and the metadata that
 * say how; v (may be NULL) gets the figures on the validation pictures with them. A network that does not end with a
 * dense layer gets no rule. With like, the rule is fitted and its threshold is that of like; without a rule in like,
 * there is none. */
enum err calibrate(struct model *m, const struct calibration *c, struct metrics *v, struct why *why);

/* A network whose thresholds another one may take: ERR_FORMAT where it was never calibrated, and so would call nothing
 * unsure. The caller frees *out. */
enum err calibration_load(struct model **out, const char *path, struct why *why);

#endif
