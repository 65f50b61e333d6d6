/* A network as a file: safetensors (8-byte little-endian header length, JSON header, raw little-endian tensors;
 * https://github.com/huggingface/safetensors#format).
 *
 * The layers are data: __metadata__.layers is a JSON list, and any sequence of layers whose shapes fit is a network.
 * Tensors are named and laid out as in a PyTorch state_dict (conv [O][I][K][K], dense [out][in], flatten
 * channel-first). The input is pixel/255, or one channel for each name if {"type": "views", "of": "plain,moments"}
 * comes first (moments.h). The file is hostile input until every shape, dtype, offset and length has been checked. */
#ifndef DIGITD_NET_MODEL_H
#define DIGITD_NET_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/digit_size.h"
#include "base/err.h"
#include "base/json.h"

enum {
    MODEL_CLASSES = 10,
    MODEL_LAYERS_MAX = 64,
    MODEL_CHANNELS_MAX = 4096, /* outputs of one conv2d or dense layer */
    MODEL_GROUPS_MAX = 64, /* of a conv2d, each padded separately: small ones would be mostly padding; also of views */
    MODEL_PARAMS_MAX = 16 * 1024 * 1024,
    MODEL_GOLDEN_MAX = 256,
    MODEL_REJECT_MAX = 256 /* hidden units of the rejection head */
};

enum layer_kind { LAYER_CONV2D, LAYER_MAXPOOL2, LAYER_FLATTEN, LAYER_DENSE, LAYER_SOFTMAX, LAYER_VIEWS };

struct layer {
    enum layer_kind kind;
    char name[32];           /* of its tensors: NAME.weight, NAME.bias; empty if it has none */
    int in_c, in_h, in_w;    /* shape of the input; a flat vector is c = length, h = w = 1 */
    int out_c, out_h, out_w; /* shape of the output; maxpool2 drops an odd last row and column */
    int kernel;              /* conv2d: 3 or 5 */
    bool same;               /* conv2d: zero padding by kernel / 2; otherwise "valid" */
    uint64_t moments;        /* views: bit i: channel i is the picture after moments_normalise, not as it is */
    int groups;              /* conv2d: outputs of group g see only the inputs of group g (as in PyTorch); 0 means 1 */
    bool relu;               /* conv2d, dense */
    bool has_bias;           /* conv2d, dense */
    float *weight; /* conv2d [out_c][in_c / groups][kernel][kernel], dense [out_c][in_c]; inside model.block */
    float *bias;   /* [out_c]; NULL for a layer without one */
};

/* The groups of a layer, and how many inputs each of its outputs sees: channels of a conv2d, all of a dense layer. */
static inline int layer_groups(const struct layer *l)
{
    return l->groups > 1 ? l->groups : 1;
}

static inline int layer_fan_c(const struct layer *l)
{
    return l->in_c / layer_groups(l);
}

/* The rejection head, which tells digits from other pictures: two dense layers with a ReLU between them, on the inputs
 * of the network's last layer (the features, in the file's order). The output is the score; below `below`, a picture is
 * not a digit. Fitted separately, with the network unchanged (weights/train/measure/reject_fit.h). */
struct model_reject {
    int hidden;           /* 0: the file has no rejection head, and the rest is NULL */
    int features;         /* inputs of the network's last layer */
    float *hidden_weight; /* [hidden][features]; from malloc, with all below, freed by model_free */
    float *hidden_bias;   /* [hidden] */
    float *out_weight;    /* [1][hidden] */
    float *out_bias;      /* [1] */
    float below;          /* a score below this: not a digit */
    float doubt;          /* a score below this, but not below `below`: unsure; at least `below` */
};

struct model {
    int n_layers;
    struct layer layers[MODEL_LAYERS_MAX];
    size_t n_params;
    float *block;           /* all weights and biases, 64-byte aligned */
    struct json *meta;      /* __metadata__: an object of strings (owned); never NULL */
    int n_golden;           /* 0 if the file has none */
    uint8_t *golden_input;  /* [n_golden][28][28]; from malloc, freed by model_free */
    float *golden_logits;   /* [n_golden][10]; the same */
    float temperature;      /* probabilities are softmax(logits / temperature); 1 unless set in the file */
    float look_again_below; /* a first confidence below this leads to a second look (cnn_answer); 0 unless set */
    float unsure_below;     /* a confidence below this is "unsure"; 0 unless set */
    float ink_above;        /* a picture with a mean pixel / 255 above this is not a digit; 1 unless set */
    struct model_reject reject;
    bool sha256_in_file;         /* the file contains its own digest, and it was right */
    char sha256[DIGEST_HEX + 1]; /* of the whole file, with its own 64 digits taken as '0' */
};

/* Makes a model of the given layers without a file: works out and checks the shapes, allocates and zeroes the tensors.
 * spec[n] needs kind, name, out_c (conv2d, dense, views), moments, kernel, same, relu, has_bias. Free it with
 * model_free. */
enum err model_create(struct model **out, const struct layer *spec, int n, struct why *why);

/* Reads a file. On failure *out is NULL, and why has one line with the file's name and what is wrong. A wrong sha256 is
 * an error, a missing one is not (see sha256_in_file). */
enum err model_load(struct model **out, const char *path, struct why *why);

/* The same from bytes in memory (pure: for the fuzzer and the tests); name is only for messages. */
enum err model_parse(struct model **out, const uint8_t *bytes, size_t n, const char *name, struct why *why);

/* Writes path.tmp-PID, syncs, renames, syncs the directory: path is always the old file or the complete new one. Sets
 * __metadata__.layers, sha256, temperature, look_again_below, unsure_below, ink_above, reject_below and doubt_below (if
 * there is a rejection head), and writer; other metadata is written as it is in m->meta. */
enum err model_save(struct model *m, const char *path, struct why *why);

/* Replaces m->reject with one that is all 0. ERR_UNSUPPORTED if the network does not end with a dense layer, ERR_RANGE
 * for less than 1 or more than MODEL_REJECT_MAX, ERR_NOMEM. */
enum err model_reject_new(struct model *m, int hidden, struct why *why);
void model_reject_clear(struct model *m); /* removes it */

/* A metadata value, or NULL. */
const char *model_meta(const struct model *m, const char *key);
void model_set_meta(struct model *m, const char *key, const char *value);
void model_free(struct model *m);

const char *layer_kind_name(enum layer_kind kind);         /* "conv2d", "maxpool2", ... */
const char *layer_view_name(const struct layer *l, int i); /* of a channel of views: "plain", "moments" */

#endif
