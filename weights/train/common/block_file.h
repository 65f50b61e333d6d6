/* A working file of the trainer: eight bytes that say what it is, the length of a JSON header (64 bits, this machine's
 * order), the header, float blocks (this machine's order), and SHA-256 of all that. It is made and read by one kind of
 * machine, not an exchange format; the digest tells a damaged one. */
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
    uint8_t *bytes;        /* of the whole file, of which the floats are a part */
    const uint8_t *floats; /* not aligned */
    size_t float_bytes;
};

/* ERR_NOT_FOUND where there is no such file; ERR_FORMAT with what is wrong. f is to be freed in any case. */
enum err block_file_read(struct block_file *f, const char *path, const char magic[BLOCK_FILE_MAGIC + 1], size_t max,
                         struct why *why);
void block_file_free(struct block_file *f);

/* Fills the blocks; false, and nothing is filled, where their sizes do not add up to what the file holds. */
bool block_file_fill(const struct block_file *f, const struct float_block *blocks, size_t n_blocks);

#endif
