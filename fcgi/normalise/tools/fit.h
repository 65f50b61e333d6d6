/* A straight line through points, by least squares. For the normaliser's tools and fcgi/layout. */
#ifndef DIGITD_NORMALISE_TOOLS_FIT_H
#define DIGITD_NORMALISE_TOOLS_FIT_H

/* Sums over the points; all 0: none yet. */
struct fit {
    double n, u, v, uu, uv, vv;
};

void fit_add(struct fit *f, double u, double v);

/* v = at + slope * u. Returns how far the points are from it, root mean square; INFINITY, and at and slope 0, where
 * there are no two different u. */
double fit_line(const struct fit *f, double *at, double *slope);

#endif
