/* A graph's parameters: first values, weight decay mask, conversion from and to the tensors of a model. */
#ifndef DIGITD_WEIGHTS_GRAPH_PARAMS_H
#define DIGITD_WEIGHTS_GRAPH_PARAMS_H

#include "graph.h"

/* n zeros, aligned as the kernels want parameters and derived weights; NULL when out of memory. free() them. */
float *graph_floats(size_t n);

/* He's normal initialisation (2015) from a seed: params[n_params]. */
void graph_init(const struct graph *g, uint64_t seed, float *params);

/* decay[n_params]: 1 for weights, 0 for shifts, scales and padding. */
void graph_decay_mask(const struct graph *g, float *decay);

/* Folds batch norm with the given statistics and writes the tensors of m. */
void graph_export(const struct graph *g, const float *params, const struct graph_stats *fixed, struct model *m);

/* The tensors of m, which has the layers that g was made of, as params[n_params] of a graph without batch norm. */
void graph_import(const struct graph *g, const struct model *m, float *params);

#endif
