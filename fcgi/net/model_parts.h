/* Shared by the files of the model only. Each calls only those before it: model.c (a model in memory), model_layers.c
 * (the list of layers), model_reject.c (the rejection head), model_layers_json.c (the list as text), model_entries.c
 * (the tensors in a header), model_parse.c (bytes to a model), model_load.c (a file to a model), model_save.c (a model
 * to a file). */
#ifndef DIGITD_NET_MODEL_PARTS_H
#define DIGITD_NET_MODEL_PARTS_H

#include "base/buf.h"
#include "model.h"

enum {
    MODEL_LENGTH_BYTES = 8,            /* the header's length, in front of the header */
    MODEL_HEADER_MAX = 1024 * 1024,    /* bytes; the metadata of a trained network is about 20 KiB */
    MODEL_HEADER_ALIGN = 64,           /* the header is padded so that the tensors begin at a multiple of this */
    MODEL_FILE_MAX = 80 * 1024 * 1024, /* bytes: enough for MODEL_PARAMS_MAX, and some more */
    MODEL_TENSORS_MAX = 2 * MODEL_LAYERS_MAX + 6,
    MODEL_TENSOR_NAME = 48,
    MODEL_DIMS_MAX = 4
};

/* __metadata__.writer of the files that model_save writes. */
#define MODEL_WRITER "digitd"

/* A tensor of m: where it is in memory (f32 or u8, the other is NULL) and its name in the file. */
struct model_tensor {
    char name[MODEL_TENSOR_NAME];
    int layer; /* its layer; -1 if it belongs to none */
    int n_dims;
    size_t dim[MODEL_DIMS_MAX];
    size_t n; /* elements */
    float *f32;
    uint8_t *u8;
};

/* All tensors of m in the order of the file: the layers', then golden.logits and golden.input, then reject.*, if m has
 * them. Returns how many. If m has no block, do not use f32. */
int model_tensors(const struct model *m, struct model_tensor t[MODEL_TENSORS_MAX]);

/* model_create in two steps: first the shapes, with no weights allocated, because a file may not contain what its list
 * says; then one zeroed block for all weights and biases, and each layer's place in it (ERR_NOMEM). */
enum err model_shape(struct model **out, const struct layer *spec, int n, struct why *why);
enum err model_allocate(struct model *m);

/* The list of layers as in __metadata__.layers: JSON text to a model as of model_shape, and back. */
enum err model_layers_read(struct model **out, const char *text, size_t n, struct why *why);
enum err model_layers_write(const struct model *m, struct buf *out);

/* The offset of the 64 digits in the file's header [header, header + header_n). False if they do not occur exactly
 * once. */
bool model_digits_find(const uint8_t *header, size_t header_n, const char digits[DIGEST_HEX], size_t *at);

/* The file's digest: SHA-256 of bytes[n] with the characters at [zero_at, zero_at + 64) taken as '0' (0x30); if zero_at
 * is n, of the bytes as they are. ERR_NOMEM: it works on a copy. */
enum err model_digest(const uint8_t *bytes, size_t n, size_t zero_at, char hex[DIGEST_HEX + 1]);

/* Whether m's temperature is above 0 and at most 1000, and its two confidences are 0 to 1: checked as floats, as they
 * are used. */
bool model_numbers_ok(const struct model *m);

/* Whether m's ink_above is above 0 and at most 1, and the rejection head's threshold at most a million either way. */
bool model_limits_ok(const struct model *m);

/* Whether all numbers of m->reject are finite; true if there is none. */
bool model_reject_finite(const struct model *m);

/* Whether all of v[n] are finite numbers. */
bool model_all_finite(const float *v, size_t n);

/* Copies all members of from, an object of strings, to to. */
void model_copy_strings(const struct json *from, struct json *to);

/* Makes text from a file fit for a message: printable ASCII, cut to the buffer. Returns to. */
const char *model_printable(const char *text, char to[64]);

#endif
