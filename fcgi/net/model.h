/* A network as a file: safetensors (8-byte little-endian header length, JSON header, raw little-endian tensors;
 * https://github.com/huggingface/safetensors#format).
 *
 * The layers are data: __metadata__.layers is a JSON list, and any sequence whose shapes fit is a network. Tensors are
 * named and laid out as in a PyTorch state_dict (conv [O][I][K][K], dense [out][in], flatten channel-first), input is
 * pixel/255, or, where {"type": "views", "of": "plain,moments"} is in front, a channel for each name (moments.h). The
 * file is a hostile input until every shape, dtype, offset and length was checked. */
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
    MODEL_GROUPS_MAX = 64, /* of a conv2d, each padded by itself: many small ones would be mostly padding; and views */
    MODEL_PARAMS_MAX = 16 * 1024 * 1024,
    MODEL_GOLDEN_MAX = 256,
    MODEL_REJECT_MAX = 256 /* hidden units of the reject rule */
};

enum layer_kind { LAYER_CONV2D, LAYER_MAXPOOL2, LAYER_FLATTEN, LAYER_DENSE, LAYER_SOFTMAX, LAYER_VIEWS };

struct layer {
    enum layer_kind kind;
    char name[32];           /* of its tensors: NAME.weight, NAME.bias; empty where there are none */
    int in_c, in_h, in_w;    /* shape that comes in; a flat vector is c = length, h = w = 1 */
    int out_c, out_h, out_w; /* shape that goes out; maxpool2 drops an odd last row and column */
    int kernel;              /* conv2d: 3 or 5 */
    bool same;               /* conv2d: zero padding by kernel / 2; otherwise "valid" */
    uint64_t moments;        /* views: bit i: channel i is the picture moments_normalise'd, not as it is */
    int groups;    /* conv2d: outputs of group g see the inputs of group g alone (as in PyTorch); 1, or 0 for 1 */
    bool relu;     /* conv2d, dense */
    bool has_bias; /* conv2d, dense */
    float *weight; /* conv2d [out_c][in_c / groups][kernel][kernel], dense [out_c][in_c]; inside model.block */
    float *bias;   /* [out_c]; NULL for a layer without one */
};

/* Groups of a layer, and the inputs that one of its outputs sees: channels of a conv2d, all of a dense layer. */
static inline int layer_groups(const struct layer *l)
{
    return l->groups > 1 ? l->groups : 1;
}

static inline int layer_fan_c(const struct layer *l)
{
    return l->in_c / layer_groups(l);
}

/* What tells digits from other pictures: two dense layers on what the network's last layer reads (its features, in the
 * file's order), ReLU between them, one number out, the score: under `below` a picture is not a digit. Fitted apart
 * from the network, which stays as it is (weights/train/measure/reject_fit.h). */
struct model_reject {
    int hidden;           /* 0: the file has no such rule, and the rest is NULL */
    int features;         /* inputs of the network's last layer */
    float *hidden_weight; /* [hidden][features]; from malloc, with all below, freed by model_free */
    float *hidden_bias;   /* [hidden] */
    float *out_weight;    /* [1][hidden] */
    float *out_bias;      /* [1] */
    float below;          /* a score under this: not a digit */
    float doubt;          /* a score under this, but not under below: unsure; at least below */
};

struct model {
    int n_layers;
    struct layer layers[MODEL_LAYERS_MAX];
    size_t n_params;
    float *block;           /* all weights and biases, 64-byte aligned */
    struct json *meta;      /* __metadata__: an object of strings (owned); never NULL */
    int n_golden;           /* 0 where the file has none */
    uint8_t *golden_input;  /* [n_golden][28][28]; from malloc, freed by model_free */
    float *golden_logits;   /* [n_golden][10]; the same */
    float temperature;      /* probabilities are softmax(logits / temperature); 1 unless the file says */
    float look_again_below; /* a first confidence under this is looked at again (cnn_answer); 0 unless the file says */
    float unsure_below;     /* a confidence under this is "unsure"; 0 unless the file says */
    float ink_above;        /* a picture whose mean pixel / 255 is over this is not a digit; 1 unless the file says */
    struct model_reject reject;
    bool sha256_in_file;         /* the file carries its own digest, and it was right */
    char sha256[DIGEST_HEX + 1]; /* over the whole file, its own 64 digits taken as '0' */
};

/* A model of the given layers, without weights from a file: shapes are worked out and checked, tensors allocated and
 * zeroed. spec[n] needs kind, name, out_c (conv2d, dense, views), moments, kernel, same, relu, has_bias. The caller
 * frees it with model_free. */
enum err model_create(struct model **out, const struct layer *spec, int n, struct why *why);

/* Reads a file. On any mismatch *out is NULL and why has one line that names the file and what is wrong.
 * A wrong sha256 is an error; a missing one is not (sha256_in_file tells). */
enum err model_load(struct model **out, const char *path, struct why *why);

/* The same from bytes in memory (pure: for the fuzzer and the tests); name is used in messages only. */
enum err model_parse(struct model **out, const uint8_t *bytes, size_t n, const char *name, struct why *why);

/* Writes path.tmp-PID, syncs, renames, syncs the directory: path is the old file or the whole new one, never between.
 * Sets __metadata__.layers, sha256, temperature, look_again_below, unsure_below, ink_above, reject_below and
 * doubt_below (where there is a rule), and writer itself; other metadata is written as it stands in m->meta. */
enum err model_save(struct model *m, const char *path, struct why *why);

/* Makes m->reject, all 0, in place of what it has. ERR_UNSUPPORTED where the network does not end with a dense layer,
 * ERR_RANGE for less than 1 or more than MODEL_REJECT_MAX, ERR_NOMEM. */
enum err model_reject_new(struct model *m, int hidden, struct why *why);
void model_reject_clear(struct model *m); /* takes it away */

/* A metadata value, or NULL. */
const char *model_meta(const struct model *m, const char *key);
void model_set_meta(struct model *m, const char *key, const char *value);
void model_free(struct model *m);

const char *layer_kind_name(enum layer_kind kind);         /* "conv2d", "maxpool2", ... */
const char *layer_view_name(const struct layer *l, int i); /* of a channel of views: "plain", "moments" */

#endif
