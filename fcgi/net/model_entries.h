/* The tensors as listed in a safetensors header, and checks that they are those that the layers need. */
#ifndef DIGITD_NET_MODEL_ENTRIES_H
#define DIGITD_NET_MODEL_ENTRIES_H

#include "model_parts.h"

enum { MODEL_ENTRIES_MAX = 1024 };

/* One tensor, as in the header. */
struct model_entry {
    const char *name;  /* borrowed from the JSON */
    const char *dtype; /* "F32": one of safetensors' names, not the JSON's text */
    size_t item_bytes;
    bool used;
    int n_dims;
    size_t dim[MODEL_DIMS_MAX];
    size_t begin, end; /* bytes, from the end of the header */
};

struct model_entries {
    const char *file; /* for messages */
    int n;
    struct model_entry of[MODEL_ENTRIES_MAX];
};

/* Reads all tensors of the header, in the order of the data, which they must cover without gaps. Accepts every type and
 * shape that safetensors has. Set e->file before. Here and below, every failure has a line in why that begins with the
 * file's name. */
enum err model_entries_read(struct model_entries *e, const struct json *header, size_t data_n, struct why *why);

/* Finds a tensor by name; NULL if the file has none. */
struct model_entry *model_entries_find(struct model_entries *e, const char *name);

/* Sets *at to the entry of m's tensor t, if the file has it with the right type and shape. Otherwise the line in why
 * says which layer it belongs to, what is wrong, and what to do. */
enum err model_entries_check(struct model_entries *e, const struct model *m, const struct model_tensor *t,
                             struct model_entry **at, struct why *why);

/* Checks that all are used, except other golden.* tensors. */
enum err model_entries_all_used(const struct model_entries *e, const struct model *m, struct why *why);

/* n bytes, the least significant first. */
uint64_t model_little_endian(const uint8_t *b, int n);

#endif
