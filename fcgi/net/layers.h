/* The layers as in a textbook, forward and backward, in double precision and plain loops: the reference that the fast
 * kernels are tested against, and nothing else. Activations are [c][h][w], weights as in the file (conv [O][I][K][K],
 * dense [out][in]). Nothing is allocated. "Backward" adds to the gradients d_weight and d_bias and overwrites d_in. */
#ifndef DIGITD_NET_LAYERS_H
#define DIGITD_NET_LAYERS_H

#include "model.h"

/* l has the shapes, padding and ReLU. weight and bias are separate arguments so that a test can perturb them in double.
 * bias may be NULL. */
void layer_conv2d_forward(const struct layer *l, const double *weight, const double *bias, const double *in,
                          double *out);
/* d_out is the gradient after the ReLU; out is the forward result, which shows where the ReLU was active. */
void layer_conv2d_backward(const struct layer *l, const double *weight, const double *in, const double *out,
                           const double *d_out, double *d_in, double *d_weight, double *d_bias);

/* The first of equal values is the maximum, forward and backward. */
void layer_maxpool2_forward(const struct layer *l, const double *in, double *out);
void layer_maxpool2_backward(const struct layer *l, const double *in, const double *d_out, double *d_in);

void layer_dense_forward(const struct layer *l, const double *weight, const double *bias, const double *in,
                         double *out);
void layer_dense_backward(const struct layer *l, const double *weight, const double *in, const double *out,
                          const double *d_out, double *d_in, double *d_weight, double *d_bias);

/* out[n] = softmax(in[n]), with the maximum subtracted first. */
void layer_softmax_forward(int n, const double *in, double *out);
/* Cross-entropy -log softmax(logits)[label], and its gradient d_logits[n] (may be NULL). */
double layer_cross_entropy(int n, const double *logits, int label, double *d_logits);

/* Runs the whole network on one picture with the plain layers: logits before the softmax layer. Allocates and frees its
 * activations. ERR_NOMEM is the only error. */
enum err layers_forward(const struct model *m, const uint8_t image[DIGIT_PIXELS], double logits[MODEL_CLASSES]);

#endif
