/* The fast float32 loops of training, one table for each instruction set. Like net/kernels.c, backward.c is compiled
 * once a set (-DKERNEL_SET=...).
 *
 * Activations are [h][w][c], c a multiple of 16 (or 1: the input picture). Weights lie in slices of 16 output channels,
 * [out_c / 16][kernel][kernel][in_c][16]: what an inner loop walks over has no gaps, for lines that lie a power of two
 * apart evict each other from the first-level cache (this is worth a third of the speed, and why training does not use
 * the forward kernels of net/). Every sum is taken in one fixed order, so a set gives the same bits from run to run.
 *
 * The gradient with respect to a convolution's input is a convolution too: of the output gradient (inside a border of
 * kernel - 1 - padding zeros) with the flipped, transposed weights. A 3x3 convolution and both its gradients can go by
 * way of Winograd's tiles, with a quarter of the multiplications where the tiles of 4x4 results fill, a third at 14x14
 * and 7x7. A dense layer over a shard of n pictures is a 1x1 convolution over n pixels. */
#ifndef DIGITD_WEIGHTS_BACKWARD_H
#define DIGITD_WEIGHTS_BACKWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BACK_SLICE = 16, BACK_WINOGRAD_TAPS = 36 };

/* Where the weight of a tap, an input and an output channel lies. */
static inline size_t back_at(size_t taps, size_t in_c, size_t tap, size_t in, size_t out)
{
    return ((out / BACK_SLICE * taps + tap) * in_c + in) * BACK_SLICE + out % BACK_SLICE;
}

/* n pictures through a convolution: out = bias + in * weight. */
struct back_map {
    size_t n;
    size_t in_w, in_c, out_c;      /* in_w in pixels, border included */
    size_t kernel, conv_h, conv_w; /* kernel 1, 3 or 5; conv_h x conv_w is the size of the result */
    const float *in;               /* [n] pictures, in_floats apart, of rows [in_w][in_c] */
    size_t in_floats;
    const float *weight, *bias; /* slices; [out_c] */
    const float *winograd;      /* winograd_weights' instead of weight, for a kernel of 3; or NULL */
    float *scratch;             /* conv_scratch_floats floats, with winograd alone */
    float *out;                 /* [n][conv_h][conv_w][out_c] without gaps */
};

/* The gradient of its weights: d_weight += sum over pictures and pixels of in * dz. */
struct back_conv {
    size_t n, in_w, in_c, out_c, kernel, conv_h, conv_w; /* as above */
    const float *in;
    size_t in_floats;
    const float *dz; /* [n] pictures, dz_floats apart, of rows of [conv_w][out_c], dz_row_floats apart */
    size_t dz_floats, dz_row_floats;
    float *d_weight; /* slices */
    bool winograd;   /* by way of the tiles, for a kernel of 3 and in_c over 1 */
    float *scratch;  /* conv_dw_scratch_floats floats */
};

/* What follows a convolution: y = scale * z + shift, ReLU, 2x2 maximum, dropout. One picture. */
struct back_act {
    size_t h, w, c; /* of z [h][w][c] */
    bool relu, pool;
    const float *z, *scale, *shift; /* scale and shift: [c] */
    float *out;                     /* [oh][ow][c], rows out_row_floats apart; oh = h / 2 where pooled */
    size_t out_row_floats;
    uint8_t *code; /* [oh][ow][c]: which of the 2x2 was the (first) maximum, 0 to 3; BACK_SHUT where nothing passes */
    float keep_scale;    /* 1 / (1 - rate) */
    uint32_t drop_below; /* dropped where hash(element, drop_key) is under it: rate * 2^32; 0: no dropout */
    uint32_t drop_key;
};
enum { BACK_SHUT = 255 };

/* The way back through the same. g is the gradient at y: d_out * keep_scale at the maximum, 0 elsewhere. */
struct back_act_grad {
    size_t h, w, c;
    bool pool;
    float keep_scale;
    const uint8_t *code;
    const float *d_out;        /* [oh][ow][c] without gaps */
    const float *z;            /* [h][w][c] */
    float *sum_g, *sum_gz;     /* sums: [c], added to: of g and of g * z */
    const float *kg, *k1, *kz; /* spread: dz = kg * g + k1 + kz * z, [c] each */
    float *dz;                 /* rows dz_row_floats apart; may be z itself where rows have no gaps */
    size_t dz_row_floats;
};

struct back_set {
    const char *name;
    size_t (*conv_scratch_floats)(size_t in_c, size_t out_c); /* with winograd; in_c and out_c may change places */
    void (*conv)(const struct back_map *m);
    size_t (*conv_dw_scratch_floats)(const struct back_conv *b);
    void (*conv_dw)(const struct back_conv *b);
    /* weight (slices, a kernel of 3) -> winograd[BACK_WINOGRAD_TAPS][slices of a kernel of 1]. */
    void (*winograd_weights)(size_t in_c, size_t out_c, const float *weight, float *winograd);
    void (*act)(const struct back_act *a);
    void (*act_sums)(const struct back_act_grad *g);
    void (*act_spread)(const struct back_act_grad *g);
    /* sum[c] += z, square[c] += z * z over z[n][c]. */
    void (*moments)(size_t n, size_t c, const float *z, float *sum, float *square);
};

/* The set, or NULL where this processor (or this build) lacks it. */
const struct back_set *back_base(void);
const struct back_set *back_avx2(void);
const struct back_set *back_avx512(void);

#endif
