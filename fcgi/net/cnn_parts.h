/* Shared by the files of the engine only: cnn_create.c (turns a model into steps), cnn.c (runs pictures through them),
 * cnn_answer.c (what the visitor is told), cnn_self_test.c and cnn_reading.c (whether the network is usable).
 *
 * Activations are [part][h][w][c] (one part for each group of the convolution that reads it) with c padded to
 * KERNEL_LANES (see kernels.h). The picture itself is not padded if its parts have one channel, unless a maxpool2 reads
 * it. The input of a "same" convolution has a border of zeros; the step that writes it writes only the interior. The
 * scratch block has two regions, which activations use in turn. */
#ifndef DIGITD_NET_CNN_PARTS_H
#define DIGITD_NET_CNN_PARTS_H

#include "cnn.h"
#include "kernels.h"

enum { CNN_ALIGN = 64 }; /* bytes: of the scratch block and of the weights */

/* An activation in the scratch block. A flat vector of n has h = w = 1, c = n. */
struct place {
    int parts;       /* one for each group that reads it, stored one after another */
    int h, w, c;     /* c: of a part, padded */
    int real_c;      /* of a part, without padding */
    int border;      /* zeros on each side */
    size_t at;       /* floats from the start of the block to the first of the border */
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
    unsigned ink_max; /* a picture with a larger sum of pixels is not a digit */
    int n_reject;     /* steps of the rejection head, on the last step's input; 0: none */
    struct step reject[2];
    float *block; /* all packed weights and biases */
};

/* Index in [part][h][w][c padded] of element i in channel-first order. */
static inline size_t cnn_channels_last(const struct place *p, size_t i)
{
    const size_t area = (size_t)p->h * (size_t)p->w, channel = i / area, real_c = (size_t)p->real_c;
    return channel / real_c * p->part + i % area * (size_t)p->c + channel % real_c;
}

/* cnn_forward, but the network gets value[pixel] for each pixel; NULL: pixel / 255. */
void cnn_forward_scaled(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], const float *value,
                        float logits[MODEL_CLASSES], void *scratch);

/* If m's golden pictures do not give its golden logits: the form in which they would, as text; NULL if none is found.
 */
const char *cnn_golden_form(const struct cnn *c, const struct model *m, void *scratch);

/* The score of the rejection head for the picture that cnn_forward has just read with this scratch block; 0 without
 * one. */
float cnn_score(const struct cnn *c, void *scratch);

#endif
