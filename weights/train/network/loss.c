/* Softmax losses and their gradients, which are p - q for any target q. */
#include "loss.h"

#include <math.h>

double loss_target(const float z[MODEL_CLASSES], const float target[MODEL_CLASSES], float weight,
                   float d[MODEL_CLASSES])
{
    double top = (double)z[0], sum = 0, loss = 0, p[MODEL_CLASSES];
    for (size_t k = 1; k < MODEL_CLASSES; k++)
        top = (double)z[k] > top ? (double)z[k] : top;
    for (size_t k = 0; k < MODEL_CLASSES; k++)
        sum += p[k] = exp((double)z[k] - top);
    for (size_t k = 0; k < MODEL_CLASSES; k++) {
        loss -= (double)target[k] * ((double)z[k] - top - log(sum));
        d[k] = (float)((p[k] / sum - (double)target[k]) * (double)weight);
    }
    return loss;
}

void loss_softmax(const float z[MODEL_CLASSES], double temperature, double p[MODEL_CLASSES])
{
    double top = (double)z[0], sum = 0;
    for (size_t k = 1; k < MODEL_CLASSES; k++)
        top = (double)z[k] > top ? (double)z[k] : top;
    for (size_t k = 0; k < MODEL_CLASSES; k++)
        sum += p[k] = exp(((double)z[k] - top) / temperature);
    for (size_t k = 0; k < MODEL_CLASSES; k++)
        p[k] /= sum;
}

double loss_teacher(const float z[MODEL_CLASSES], const float teacher[MODEL_CLASSES], float temperature, float weight,
                    float d[MODEL_CLASSES])
{
    const double t = (double)temperature;
    double top = (double)z[0], sum = 0, loss = 0, p[MODEL_CLASSES];
    for (size_t k = 1; k < MODEL_CLASSES; k++)
        top = (double)z[k] > top ? (double)z[k] : top;
    for (size_t k = 0; k < MODEL_CLASSES; k++)
        sum += p[k] = exp(((double)z[k] - top) / t);
    for (size_t k = 0; k < MODEL_CLASSES; k++) {
        double q = (double)teacher[k];
        if (q > 0)
            loss += q * (log(q) - ((double)z[k] - top) / t + log(sum));
        /* of t^2 * divergence: t^2 * (p - q) / t */
        d[k] += (float)(t * (p[k] / sum - q) * (double)weight);
    }
    return t * t * loss;
}
