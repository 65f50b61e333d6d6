/* The IDX reader. The parsers are pure functions of bytes; a file that is longer than its header says is refused like
 * one that is shorter, for it is not the file that it claims to be. */
#include "idx.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/rng.h"
#include "idx_files.h"

enum { IDX_TYPE_BYTES = 0x08, SIDE = DIGIT_SIDE_PX, FILE_MAX = IDX_ITEMS_MAX * SIDE * SIDE + 16 };

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static enum err idx_parse(struct idx *out, const uint8_t *bytes, size_t n, size_t dimensions, const char *name,
                          struct why *why)
{
    *out = (struct idx){0};
    size_t header = 4 + 4 * dimensions;
    if (n < header)
        return err_why(why, ERR_TRUNCATED, "%s: %zu bytes are no IDX header", name, n);
    if (bytes[0] != 0 || bytes[1] != 0 || bytes[2] != IDX_TYPE_BYTES || bytes[3] != dimensions)
        return err_why(why, ERR_FORMAT, "%s: magic number is %08x, not %08x", name, big_endian(bytes),
                       IDX_TYPE_BYTES << 8 | (unsigned)dimensions);
    out->n = big_endian(bytes + 4);
    out->item_bytes = 1;
    if (out->n > IDX_ITEMS_MAX)
        return err_why(why, ERR_LIMIT, "%s: %zu items are more than %d", name, out->n, IDX_ITEMS_MAX);
    for (size_t d = 1; d < dimensions; d++) {
        if (big_endian(bytes + 4 + 4 * d) != SIDE)
            return err_why(why, ERR_FORMAT, "%s: pictures are not %d x %d", name, SIDE, SIDE);
        out->item_bytes *= SIDE;
    }
    size_t want = header + out->n * out->item_bytes;
    if (n != want)
        return err_why(why, n < want ? ERR_TRUNCATED : ERR_FORMAT, "%s: %zu bytes where %zu items make %zu", name, n,
                       out->n, want);
    out->data = bytes + header;
    return OK;
}

enum err idx_parse_labels(struct idx *out, const uint8_t *bytes, size_t n, const char *name, struct why *why)
{
    enum err e = idx_parse(out, bytes, n, 1, name, why);
    for (size_t i = 0; e == OK && i < out->n; i++)
        if (out->data[i] > 9)
            e = err_why(why, ERR_FORMAT, "%s: label %zu is %d", name, i, out->data[i]);
    if (e != OK)
        *out = (struct idx){0};
    return e;
}

enum err idx_parse_images(struct idx *out, const uint8_t *bytes, size_t n, const char *name, struct why *why)
{
    enum err e = idx_parse(out, bytes, n, 3, name, why);
    if (e != OK)
        *out = (struct idx){0};
    return e;
}

/* The published files: name, SHA-256. */
static const struct {
    const char *name, *sha256;
} files[][2] = {
    {{"train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
     {"train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"}},
    {{"t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
     {"t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}},
};

/* The files of dir that are called as `which` to block and idx, with their digests; the caller frees the blocks, also
 * after a failure. published: they must be MNIST's own. */
static enum err load_pair(uint8_t *block[2], struct idx idx[2], char *digests[2], const char *dir, enum idx_files which,
                          bool published, struct why *why)
{
    for (int i = 0; i < 2; i++) {
        char path[IDX_PATH_BYTES];
        struct why missing = {0};
        size_t n = 0;
        enum err e = idx_file_read(&block[i], &n, path, dir, files[which][i].name, FILE_MAX, &missing);
        if (e == ERR_NOT_FOUND && published)
            return err_why(why, e, "%s; %s %s fetches it", missing.text, fetch_mnist_find(), dir);
        if (e != OK)
            return err_why(why, e, "%s", missing.text);
        e = (i == 0 ? idx_parse_images : idx_parse_labels)(&idx[i], block[i], n, path, why);
        if (e != OK)
            return e;
        digest_sha256_hex(block[i], n, digests[i]);
        if (published && strcmp(digests[i], files[which][i].sha256) != 0)
            return err_why(why, ERR_FORMAT, "%s: SHA-256 is %.16s..., MNIST's is %.16s...", path, digests[i],
                           files[which][i].sha256);
    }
    if (idx[0].n != idx[1].n)
        return err_why(why, ERR_FORMAT, "%s: %zu pictures but %zu labels", dir, idx[0].n, idx[1].n);
    return OK;
}

enum err dataset_load(struct dataset *d, const char *dir, enum idx_files which, struct why *why)
{
    struct idx idx[2];
    char *digests[2] = {d->images_sha256, d->labels_sha256};
    *d = (struct dataset){0};
    enum err e = load_pair(d->block, idx, digests, dir, which, true, why);
    if (e != OK)
        return e;
    d->n = idx[0].n;
    d->images = idx[0].data;
    d->labels = idx[1].data;
    return OK;
}

/* first[n_first] and then second[n_second] in a block of their own; NULL: out of memory. */
static uint8_t *joined(const uint8_t *first, size_t n_first, const uint8_t *second, size_t n_second)
{
    uint8_t *all = malloc(n_first + n_second + 1);
    if (all) {
        if (n_first > 0) /* of nothing there is no pointer */
            memcpy(all, first, n_first);
        memcpy(all + n_first, second, n_second);
    }
    return all;
}

enum err dataset_append(struct dataset *d, const char *dir, struct why *why)
{
    enum { PICTURE = SIDE * SIDE };
    uint8_t *block[2] = {NULL, NULL}, *all[2] = {NULL, NULL};
    char digest[2][DIGEST_HEX + 1], both[2 * DIGEST_HEX + 1], *digests[2] = {digest[0], digest[1]};
    struct idx idx[2];
    enum err e = load_pair(block, idx, digests, dir, IDX_TRAIN, false, why);
    if (e == OK && d->n + idx[0].n > IDX_ITEMS_MAX)
        e = err_why(why, ERR_LIMIT, "%s: more than %d pictures together with MNIST's", dir, IDX_ITEMS_MAX);
    if (e == OK) {
        all[0] = joined(d->images, d->n * PICTURE, idx[0].data, idx[0].n * PICTURE);
        all[1] = joined(d->labels, d->n, idx[1].data, idx[1].n);
        if (!all[0] || !all[1])
            e = err_why(why, ERR_NOMEM, "out of memory");
    }
    for (int i = 0; i < 2; i++) {
        free(e == OK ? d->block[i] : all[i]);
        if (e == OK)
            d->block[i] = all[i];
        free(block[i]);
    }
    if (e != OK)
        return e;
    d->images = all[0];
    d->labels = all[1];
    d->n += idx[0].n;
    d->n_more += idx[0].n;
    snprintf(both, sizeof(both), "%s%s", digest[0], digest[1]);
    digest_sha256_hex(both, strlen(both), d->more_sha256);
    return OK;
}

void dataset_free(struct dataset *d)
{
    free(d->block[0]);
    free(d->block[1]);
    *d = (struct dataset){0};
}

/* Both lists from held[d->n], which is 1 for validation; the counts are 0 before. */
static enum err lists_new(const struct dataset *d, const uint8_t *held, uint32_t **train, size_t *n_train,
                          uint32_t **validation, size_t *n_validation)
{
    *train = calloc(d->n + 1, sizeof(**train));
    *validation = calloc(d->n + 1, sizeof(**validation));
    if (!*train || !*validation) {
        free(*train);
        free(*validation);
        *train = *validation = NULL;
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < d->n; i++)
        if (held[i])
            (*validation)[(*n_validation)++] = (uint32_t)i;
        else
            (*train)[(*n_train)++] = (uint32_t)i;
    return OK;
}

enum err dataset_split(const struct dataset *d, uint32_t **train, size_t *n_train, uint32_t **validation,
                       size_t *n_validation)
{
    enum err e = ERR_NOMEM;
    const size_t n = d->n - d->n_more;
    uint32_t *order = calloc(d->n + 1, sizeof(*order));
    uint8_t *held = calloc(d->n + 1, 1);
    *train = *validation = NULL;
    *n_train = *n_validation = 0;
    if (!order || !held)
        goto out;
    struct rng r;
    rng_seed(&r, IDX_SPLIT_SEED, RNG_SPLIT, 0);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    rng_shuffle(&r, order, n);
    size_t seen = 0;
    for (int label = 0; label < 10; label++)
        for (size_t i = 0; i < n; i++)
            if (d->labels[order[i]] == label)
                held[order[i]] = seen++ % IDX_SPLIT_PART == 0;
    e = lists_new(d, held, train, n_train, validation, n_validation);
out:
    free(order);
    free(held);
    return e;
}

enum err dataset_split_writers(const struct dataset *d, uint32_t **train, size_t *n_train, uint32_t **validation,
                               size_t *n_validation)
{
    const size_t n = d->n - d->n_more;
    uint8_t *held = calloc(d->n + 1, 1);
    *train = *validation = NULL;
    *n_train = *n_validation = 0;
    if (!held)
        return ERR_NOMEM;
    memset(held + n - n / IDX_WRITERS_PART, 1, n / IDX_WRITERS_PART);
    enum err e = lists_new(d, held, train, n_train, validation, n_validation);
    free(held);
    return e;
}
