/* What the files of the engine share among themselves: cnn_create.c (a model to steps), cnn.c (pictures through them),
 * cnn_answer.c (what a visitor is told), cnn_self_test.c and cnn_reading.c (whether it can be used).
 * Nobody else includes this.
 *
 * Activations are [part][h][w][c] (a part for each group of the convolution that reads it) with c padded to
 * KERNEL_LANES (see kernels.h); the picture itself is not padded where a part of it has one channel, unless a maxpool2
 * reads it. The activation that a "same" convolution reads lies inside a border of zeros: whoever writes it, writes
 * into the interior. There are two regions in the scratch block, and activations take turns. */
#ifndef DIGITD_NET_CNN_PARTS_H
#define DIGITD_NET_CNN_PARTS_H

#include "cnn.h"
#include "kernels.h"

enum { CNN_ALIGN = 64 }; /* bytes: of the scratch block and of the weights */

/* An activation in the scratch block. A flat vector of n has h = w = 1, c = n. */
struct place {
    int parts;       /* as many as groups read it: each has its channels to itself, in pictures of its own */
    int h, w, c;     /* c: of a part, padded */
    int real_c;      /* of a part, without padding */
    int border;      /* zeros on each side */
    size_t at;       /* floats from the start of the block to the border's first */
    size_t row;      /* floats in a row, borders included */
    size_t part;     /* floats in a part */
    size_t interior; /* floats from the start of the block to pixel (0, 0) */
};

enum op { OP_CONV, OP_CONV_POOL, OP_MAXPOOL2, OP_DENSE };

struct step {
    enum op op;
    const struct layer *layer; /* only until its weights are packed; NULL afterwards */
    int conv_h, conv_w, kernel;
    size_t features; /* dense: inputs, without padding */
    bool relu;
    float *weight, *bias; /* in the block of the struct cnn; for each part of out */
    size_t part_weights;  /* floats of weight for one part */
    struct place in, out;
};

struct cnn {
    const struct kernel_set *kernels;
    uint64_t views; /* bit i: channel i of the picture is moment-normalised */
    int n_steps;
    struct step step[MODEL_LAYERS_MAX];
    struct place picture; /* where the image goes, once for each view */
    size_t scratch_floats;
    float temperature, look_again_below, unsure_below, reject_below, doubt_below;
    unsigned ink_max; /* a sum of pixels over this is no digit */
    int n_reject;     /* steps of the reject rule, behind the last one's input; 0: there is none */
    struct step reject[2];
    float *block; /* all packed weights and biases */
};

/* Index in [part][h][w][c padded] of element number i of the same in channel-first order. */
static inline size_t cnn_channels_last(const struct place *p, size_t i)
{
    const size_t area = (size_t)p->h * (size_t)p->w, channel = i / area, real_c = (size_t)p->real_c;
    return channel / real_c * p->part + i % area * (size_t)p->c + channel % real_c;
}

/* cnn_forward with value[pixel] as what the network is given for a pixel; NULL: pixel / 255. */
void cnn_forward_scaled(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], const float *value,
                        float logits[MODEL_CLASSES], void *scratch);

/* The form in which m's golden pictures have its golden logits, where they do not as they are given here; as text, NULL
 * where none is found. */
const char *cnn_golden_form(const struct cnn *c, const struct model *m, void *scratch);

/* The score of the reject rule for the picture that cnn_forward just saw with this scratch block; 0 without a rule. */
float cnn_score(const struct cnn *c, void *scratch);

#endif
