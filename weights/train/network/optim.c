/* AdamW. Element by element, so that the result does not depend on how a range is cut, nor on the vectors that the
 * compiler makes of it (see the Makefile). */
#include "optim.h"

#include <math.h>

/* Half a cosine from a (t = 0) to b (t = 1). */
static double ease(double a, double b, double t)
{
    return b + (a - b) * (1 + cos(3.14159265358979323846 * t)) / 2;
}

float optim_rate(const struct optim *o, int64_t step, int64_t steps)
{
    double rate = (double)o->rate, warm = (double)o->warm_up * (double)steps, t = (double)step;
    if (t < warm)
        return (float)ease(rate / 25, rate, t / warm);
    double rest = (double)steps - 1 - warm;
    return (float)ease(rate, rate * (double)o->final_rate, rest > 0 ? (t - warm) / rest : 1);
}

float optim_ema_decay(const struct optim *o, int64_t step)
{
    float start = (1 + (float)step) / (10 + (float)step);
    return start < o->ema ? start : o->ema;
}

void optim_step(const struct optim *o, int64_t step, float rate, size_t i0, size_t i1, const float *restrict grad,
                const float *restrict decay, float *restrict params, float *restrict first, float *restrict second,
                float *restrict average)
{
    double t = (double)step + 1;
    float correct1 = (float)(1 / (1 - pow((double)o->beta1, t)));
    float correct2 = (float)(1 / (1 - pow((double)o->beta2, t)));
    float keep = optim_ema_decay(o, step), fade = rate * o->weight_decay;
    for (size_t i = i0; i < i1; i++) {
        float g = grad[i];
        first[i] += (1 - o->beta1) * (g - first[i]);
        second[i] += (1 - o->beta2) * (g * g - second[i]);
        float move = first[i] * correct1 / (sqrtf(second[i] * correct2) + o->epsilon);
        params[i] -= rate * move + fade * decay[i] * params[i];
        if (average)
            average[i] += (1 - keep) * (params[i] - average[i]);
    }
}
