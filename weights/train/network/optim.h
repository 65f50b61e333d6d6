/* AdamW (Loshchilov and Hutter 2019), its learning rate over a run, and the running average of the weights. */
#ifndef DIGITD_WEIGHTS_OPTIM_H
#define DIGITD_WEIGHTS_OPTIM_H

#include <stddef.h>
#include <stdint.h>

struct optim {
    float rate;         /* the highest learning rate */
    float warm_up;      /* share of all steps in which the rate rises from rate / 25 (half a cosine) */
    float final_rate;   /* where the falling half cosine ends, as a share of rate */
    float beta1, beta2; /* decays of the first and second moment */
    float epsilon;
    float weight_decay; /* decoupled: each step takes learning rate * weight_decay * weight off */
    float ema;          /* decay of the average of the weights, a step; 0: no average */
};

/* The learning rate of step (0 to steps - 1). */
float optim_rate(const struct optim *o, int64_t step, int64_t steps);

/* The decay of the average at a step: shorter at the start, when there is little to average. */
float optim_ema_decay(const struct optim *o, int64_t step);

/* One step of parameters i0 to i1 (threads may share out the range). grad is the whole batch's; decay[i] is 1 where
 * weight decay applies; first, second are Adam's moments, average the running average (may be NULL); no two of them
 * overlap. step from 0. */
void optim_step(const struct optim *o, int64_t step, float rate, size_t i0, size_t i1, const float *restrict grad,
                const float *restrict decay, float *restrict params, float *restrict first, float *restrict second,
                float *restrict average);

#endif
