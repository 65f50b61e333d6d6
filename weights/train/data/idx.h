/* MNIST's IDX files (http://yann.lecun.com/exdb/mnist/, "file formats"), read strictly, and its splits.
 *
 * An IDX file is a big-endian header (two zero bytes, 0x08 for bytes, the number of dimensions, each dimension's
 * length as 32 bits) and then exactly the product of the lengths in bytes. */
#ifndef DIGITD_WEIGHTS_IDX_H
#define DIGITD_WEIGHTS_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/digit_size.h"
#include "base/err.h"

enum { IDX_ITEMS_MAX = 1000 * 1000, IDX_SPLIT_PART = 12, IDX_SPLIT_SEED = 1, IDX_WRITERS_PART = 6 };

/* What a file says; data points into the bytes. */
struct idx {
    size_t n;            /* items */
    size_t item_bytes;   /* 1 for labels, DIGIT_PIXELS for pictures */
    const uint8_t *data; /* [n][item_bytes] */
};

/* Pure. Labels: one dimension, each 0 to 9. Pictures: n x 28 x 28. ERR_TRUNCATED, ERR_FORMAT, ERR_LIMIT, with a line
 * in why that begins with name. */
enum err idx_parse_labels(struct idx *out, const uint8_t *bytes, size_t n, const char *name, struct why *why);
enum err idx_parse_images(struct idx *out, const uint8_t *bytes, size_t n, const char *name, struct why *why);

/* Pictures and their labels. */
struct dataset {
    size_t n;
    const uint8_t *images; /* [n][28][28] */
    const uint8_t *labels; /* [n], 0 to 9 */
    size_t n_more;         /* of them not MNIST's, behind those that are (dataset_append) */
    char images_sha256[DIGEST_HEX + 1], labels_sha256[DIGEST_HEX + 1]; /* of MNIST's files */
    char more_sha256[DIGEST_HEX + 1]; /* of the pictures and labels that were appended; empty: none were */
    uint8_t *block[2];                /* owned: the files */
};

enum idx_files { IDX_TRAIN, IDX_TEST };

/* Reads dir/train-images-idx3-ubyte and its labels (or t10k-..., each under any of the names of idx_files.h) and checks
 * that they are MNIST's by SHA-256 (ERR_FORMAT if they are not). The caller frees d with dataset_free, also after a
 * failure. */
enum err dataset_load(struct dataset *d, const char *dir, enum idx_files which, struct why *why);
void dataset_free(struct dataset *d);

/* Puts the pictures of dir/train-images-idx3-ubyte, with their labels, behind those of d, which was loaded: anybody's
 * digits, such as those that GET /history/export?format=idx gives. On failure d is as it was. */
enum err dataset_append(struct dataset *d, const char *dir, struct why *why);

/* The fixed split of the training set: MNIST's pictures are shuffled with IDX_SPLIT_SEED, put together by class
 * (keeping that order), and every twelfth goes to validation: 5,000 of 60,000, each class by its share. What was
 * appended is trained on. Both lists are in increasing order and are freed by the caller. */
enum err dataset_split(const struct dataset *d, uint32_t **train, size_t *n_train, uint32_t **validation,
                       size_t *n_validation);

/* A split to compare recipes by: the last sixth of MNIST's pictures, 10,000, goes to validation. The training set
 * alternates between two sources, and within each a writer's digits lie together (measured: stroke width and slant
 * correlate with 0.36 and 0.48 between pictures two apart, hardly between neighbours). So, but for whoever lies at the
 * cut, these are of other writers than the rest, as the test pictures are; the fixed split's are of the same. A network
 * of this split is for comparing alone: evaluate and calibrate go by the fixed split, most of which it was trained on,
 * as a teacher of the fixed split was on this one's validation pictures. */
enum err dataset_split_writers(const struct dataset *d, uint32_t **train, size_t *n_train, uint32_t **validation,
                               size_t *n_validation);

#endif
