/* Calibration: makes a network's confidence match its accuracy without changing the network. Fits the temperature (Guo
 * et al. 2017), the confidence below which it takes a second look, the one below which it is unsure, and the rejection
 * head.
 *
 * All thresholds but ink_above come from the validation set. The rejection head (model.h) learns from training pictures
 * and from examples made of them. */
#ifndef DIGITD_WEIGHTS_CALIBRATE_H
#define DIGITD_WEIGHTS_CALIBRATE_H

#include "metrics.h"
#include "reject_fit.h"

struct calibration {
    const struct dataset *data;
    const uint32_t *train, *validation; /* the split; --all has trained on both */
    size_t n_train, n_validation;
    const struct model *like;             /* copy all thresholds from this one; NULL: fit them */
    const struct reject_settings *reject; /* NULL: fit no rejection head, and remove m's */
    int threads;                          /* 0: one a processor */
};

/* Sets m's temperature, look_again_below, unsure_below, ink_above, rejection head with its thresholds, and the metadata
 * that describe them. v (may be NULL) gets the resulting figures on the validation set. A network that does not end in
 * a dense layer gets no head. With like, the head is fitted but its thresholds are copied; if like has no head, m gets
 * none. */
enum err calibrate(struct model *m, const struct calibration *c, struct metrics *v, struct why *why);

/* Loads a network whose thresholds are to be copied. ERR_FORMAT when it was never calibrated: it would call nothing
 * unsure. The caller frees *out. */
enum err calibration_load(struct model **out, const char *path, struct why *why);

#endif
