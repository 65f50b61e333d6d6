/* Whole files: read with a limit, written so that the name always holds the old bytes or all of the new ones. */
#ifndef DIGITD_WEIGHTS_FILES_H
#define DIGITD_WEIGHTS_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* All bytes of a regular file of up to max bytes into *out (freed by the caller, NULL on failure). ERR_NOT_FOUND where
 * there is no such file, ERR_IO, ERR_LIMIT, ERR_NOMEM. */
enum err file_read(uint8_t **out, size_t *n, const char *path, size_t max, struct why *why);

/* The weights file that the command line names. Without one, and outside a source tree, the installed one. */
#define WEIGHTS_DEFAULT "weights/digits.safetensors"
const char *weights_find(const char *named);
/* The script that fetches MNIST: the source tree's, or the installed one. */
const char *fetch_mnist_find(void);

/* Files are written from parts, one after another. */
struct file_part {
    const void *bytes;
    size_t n;
};

/* path.tmp-PID, fsync, rename, fsync of the directory. On failure the temporary file is gone and path as it was. */
enum err file_write(const char *path, const struct file_part *parts, size_t n_parts, struct why *why);

/* Removes every path.tmp-PID whose process is dead, which a kill during file_write or model_save left behind. */
void file_sweep(const char *path);

/* Makes a directory and its parents; existing ones are fine. */
enum err dir_make(const char *path, struct why *why);

#endif
