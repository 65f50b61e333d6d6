/* The tensors as a safetensors header lists them, and whether they are those that the layers want. */
#ifndef DIGITD_NET_MODEL_ENTRIES_H
#define DIGITD_NET_MODEL_ENTRIES_H

#include "model_parts.h"

enum { MODEL_ENTRIES_MAX = 1024 };

/* One tensor as the header has it. */
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

/* All tensors of the header, in the order of the data, which they must cover from end to end. Any type and shape is
 * taken that safetensors has; e->file is set before. Every failure has a line in why that begins with the file's name,
 * here and below. */
enum err model_entries_read(struct model_entries *e, const struct json *header, size_t data_n, struct why *why);

/* By its name; NULL where the file has none. */
struct model_entry *model_entries_find(struct model_entries *e, const char *name);

/* *at becomes the entry of the tensor t of m, if the file has it, in its type and shape; otherwise the line tells whose
 * it is, what is wrong with it, and what to do. */
enum err model_entries_check(struct model_entries *e, const struct model *m, const struct model_tensor *t,
                             struct model_entry **at, struct why *why);

/* Whether all are used, but for other golden.* ones. */
enum err model_entries_all_used(const struct model_entries *e, const struct model *m, struct why *why);

/* n bytes, the least significant first. */
uint64_t model_little_endian(const uint8_t *b, int n);

#endif
