/* How many non-digits a network rejects: Fashion-MNIST's test set (Xiao et al. 2017), and the noise, blank paper,
 * letters and shapes of nondigits.h. Each picture is read like an upload. */
#ifndef DIGITD_WEIGHTS_REJECTION_RATES_H
#define DIGITD_WEIGHTS_REJECTION_RATES_H

#include <stdio.h>

#include "data/nondigits.h"
#include "net/cnn.h"

#define REJECTION_RATES_FASHION_DIR "/usr/share/datasets/fashion-mnist"

enum {
    REJECTION_RATES_KINDS = NONDIGIT_KINDS + 1,
    REJECTION_RATES_LABELS_MAX = 64, /* of one kind: "A", "star" ... */
    REJECTION_RATES_EACH = 2200      /* of each seeded kind */
};

struct rejection_label {
    const char *name; /* a constant */
    size_t n, refused, doubted;
};

struct rejection_kind {
    const char *name;                   /* a constant: "fashion", "noise" ... */
    size_t n, refused, doubted, unsure; /* doubted: refused or with a score under doubt_below */
    int n_labels;                       /* 0 for Fashion-MNIST */
    struct rejection_label label[REJECTION_RATES_LABELS_MAX];
};

struct rejection_rates {
    uint64_t seed;
    struct rejection_kind kind[REJECTION_RATES_KINDS];
    struct why fashion_missing;          /* why there is no kind "fashion": its n is 0 then */
    char fashion_sha256[DIGEST_HEX + 1]; /* of the unpacked file */
};

/* fashion_dir has t10k-images-idx3-ubyte, packed or not; without it the other kinds, `each` pictures of them, are
 * measured all the same. */
enum err rejection_rates_measure(struct rejection_rates *r, const struct cnn *c, const char *fashion_dir, size_t each,
                                 uint64_t seed, int threads, struct why *why);

void rejection_rates_print(const struct rejection_rates *r, FILE *out);
void rejection_rates_json(const struct rejection_rates *r, struct json *obj);

#endif
