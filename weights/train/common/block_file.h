/* A working file of the trainer: a magic of eight bytes, the length of a JSON header (64 bits), the header, blocks of
 * floats, and the SHA-256 of all that. Numbers are in this machine's byte order, since it is not an exchange format.
 * The digest shows damage. */
#ifndef DIGITD_WEIGHTS_BLOCK_FILE_H
#define DIGITD_WEIGHTS_BLOCK_FILE_H

#include <stdbool.h>

#include "base/json.h"
#include "files.h"

enum { BLOCK_FILE_MAGIC = 8, BLOCK_FILE_HEADER_MAX = 8 * 1024 * 1024 };

struct float_block {
    float *at;
    size_t n;
};

/* Written as by file_write: path holds the old file or all of the new one. */
enum err block_file_write(const char *path, const char magic[BLOCK_FILE_MAGIC + 1], const struct json *head,
                          const struct float_block *blocks, size_t n_blocks, struct why *why);

struct block_file {
    struct json *head;
    uint8_t *bytes;        /* the whole file; floats points into it */
    const uint8_t *floats; /* not aligned */
    size_t float_bytes;
};

/* ERR_NOT_FOUND where there is no such file; ERR_FORMAT with what is wrong. The caller frees f, also after a
 * failure. */
enum err block_file_read(struct block_file *f, const char *path, const char magic[BLOCK_FILE_MAGIC + 1], size_t max,
                         struct why *why);
void block_file_free(struct block_file *f);

/* Fills the blocks. Returns false and fills nothing when their sizes do not add up to what the file holds. */
bool block_file_fill(const struct block_file *f, const struct float_block *blocks, size_t n_blocks);

#endif
