/* The fast float32 loops, one table of functions for each instruction set. kernels.c is compiled once for each set
 * (-DKERNEL_SET=...), so there is only one source.
 *
 * Activations are [h][w][c] (channels last), with c padded with zero channels up to KERNEL_LANES. The input of a "same"
 * convolution has a border of zeros. Output channels are the vector dimension, and every output adds its terms in the
 * same order (ky, kx, input channel), so the result does not depend on the vector width. Sets with and without FMA
 * differ only by rounding. */
#ifndef DIGITD_NET_KERNELS_H
#define DIGITD_NET_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

enum { KERNEL_LANES = 16 }; /* channel counts are padded to a multiple of this: one AVX-512 vector, two AVX2 ones */

/* in: [in_h][in_w][in_c], border included. weight: [kernel][kernel][in_c][out_c]. bias: [out_c] (zeros where there is
 * none). out: rows of out_row_floats floats, pixels of out_c. conv_h x conv_w is the size of the convolution's result.
 */
struct kernel_conv {
    int in_w, in_c, out_c, kernel, conv_h, conv_w;
    const float *in, *weight, *bias;
    float *out;
    size_t out_row_floats;
    bool relu;
};

struct kernel_set {
    const char *name;
    /* Convolution, bias, ReLU. */
    void (*conv)(const struct kernel_conv *k);
    /* Convolution, bias, ReLU and 2x2 max pooling in one pass. Only the pixels that the pool reads are computed, and
     * out is the pooled picture of conv_h / 2 rows. */
    void (*conv_pool)(const struct kernel_conv *k);
    void (*maxpool2)(int h, int w, int c, const float *in, size_t in_row_floats, float *out, size_t out_row_floats);
    /* weight: [in_n][out_n], both padded; out[out_n] = bias + in * weight, ReLU if asked. */
    void (*dense)(int in_n, int out_n, const float *in, const float *weight, const float *bias, bool relu, float *out);
};

/* The set, or NULL if this processor (or this build) does not have it. */
const struct kernel_set *kernels_base(void);
const struct kernel_set *kernels_avx2(void);
const struct kernel_set *kernels_avx512(void);

#endif
