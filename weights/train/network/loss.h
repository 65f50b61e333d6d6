/* What a picture's ten logits cost, and the way down. Pure arithmetic in double. */
#ifndef DIGITD_WEIGHTS_LOSS_H
#define DIGITD_WEIGHTS_LOSS_H

#include "net/model.h"

/* Cross-entropy of softmax(z) against target (sums to 1). Sets d to its gradient with respect to z, times weight. */
double loss_target(const float z[MODEL_CLASSES], const float target[MODEL_CLASSES], float weight,
                   float d[MODEL_CLASSES]);

/* The teacher's part of distillation (Hinton, Vinyals, Dean 2015, arXiv 1503.02531): T^2 times the divergence of
 * softmax(z / T) from the teacher's probabilities at the same temperature T. It differs from the cross-entropy of the
 * paper by a constant, so that 0 says "answers like the teacher"; the gradient is the same, and T^2 keeps its size when
 * T changes. Adds the gradient times weight to d. */
double loss_teacher(const float z[MODEL_CLASSES], const float teacher[MODEL_CLASSES], float temperature, float weight,
                    float d[MODEL_CLASSES]);

/* softmax(z / temperature). */
void loss_softmax(const float z[MODEL_CLASSES], double temperature, double p[MODEL_CLASSES]);

#endif
