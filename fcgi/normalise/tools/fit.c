#include "fit.h"

#include <math.h>

void fit_add(struct fit *f, double u, double v)
{
    f->n++;
    f->u += u;
    f->v += v;
    f->uu += u * u;
    f->uv += u * v;
    f->vv += v * v;
}

double fit_line(const struct fit *f, double *at, double *slope)
{
    const double d = f->n * f->uu - f->u * f->u;
    double square;

    *at = *slope = 0;
    if (d <= 0)
        return INFINITY;
    *slope = (f->n * f->uv - f->u * f->v) / d;
    *at = (f->v - *slope * f->u) / f->n;
    square = (f->vv - *at * f->v - *slope * f->uv) / f->n;
    return square > 0 ? sqrt(square) : 0; /* rounding alone takes it below */
}
