/* Unpacks whole gzip files with the program gzip: linking zlib for one command would be one library more. */
#ifndef DIGITD_WEIGHTS_GUNZIP_H
#define DIGITD_WEIGHTS_GUNZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Unpacks path, up to max bytes, into *out (freed by the caller, NULL on failure). ERR_NOT_FOUND, ERR_FORMAT when gzip
 * cannot unpack it, ERR_LIMIT, ERR_IO, ERR_NOMEM. gzip may say why on standard error. */
enum err gunzip_read(uint8_t **out, size_t *n, const char *path, size_t max, struct why *why);

#endif
