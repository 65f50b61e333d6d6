/* One of the files that MNIST and sets like it consist of, under the names that people have it by. */
#ifndef DIGITD_WEIGHTS_IDX_FILES_H
#define DIGITD_WEIGHTS_IDX_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { IDX_PATH_BYTES = 4096 };

/* Reads dir/name ("train-images-idx3-ubyte"), or that with a dot before idx ("train-images.idx3-ubyte"), or either with
 * .gz: the first that is there, in this order, but a plain one before a packed one. *out is freed by the caller, NULL
 * on failure; path is that of the file, for messages. A directory of such a name is passed over (some archives unpack
 * to that). ERR_NOT_FOUND, with a line that tells what was looked for; else as file_read and gunzip_read. */
enum err idx_file_read(uint8_t **out, size_t *n, char path[IDX_PATH_BYTES], const char *dir, const char *name,
                       size_t max, struct why *why);

#endif
