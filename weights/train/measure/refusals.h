/* What a network takes for no digit of what is none: Fashion-MNIST's test pictures (Xiao et al. 2017), and noise, blank
 * paper, letters and shapes of nondigits.h. Each picture goes the way of an upload. */
#ifndef DIGITD_WEIGHTS_REFUSALS_H
#define DIGITD_WEIGHTS_REFUSALS_H

#include <stdio.h>

#include "data/nondigits.h"
#include "net/cnn.h"

#define REFUSALS_FASHION_DIR "/usr/share/datasets/fashion-mnist"

enum {
    REFUSALS_KINDS = NONDIGIT_KINDS + 1,
    REFUSALS_LABELS_MAX = 64, /* of one kind: "A", "star" ... */
    REFUSALS_EACH = 2200      /* of each seeded kind */
};

struct refusals_label {
    const char *name; /* a constant */
    size_t n, refused, doubted;
};

struct refusals_kind {
    const char *name;                   /* a constant: "fashion", "noise" ... */
    size_t n, refused, doubted, unsure; /* doubted: refused or with a score under doubt_below */
    int n_labels;                       /* 0 for Fashion-MNIST */
    struct refusals_label label[REFUSALS_LABELS_MAX];
};

struct refusals {
    uint64_t seed;
    struct refusals_kind kind[REFUSALS_KINDS];
    struct why fashion_missing;          /* why there is no kind "fashion": its n is 0 then */
    char fashion_sha256[DIGEST_HEX + 1]; /* of the unpacked file */
};

/* fashion_dir has t10k-images-idx3-ubyte, packed or not; without it the other kinds, `each` pictures of them, are
 * measured all the same. */
enum err refusals_measure(struct refusals *r, const struct cnn *c, const char *fashion_dir, size_t each, uint64_t seed,
                          int threads, struct why *why);

void refusals_print(const struct refusals *r, FILE *out);
void refusals_json(const struct refusals *r, struct json *obj);

#endif
