/* Writes tar archives (POSIX.1-1988 "ustar") of a few small files. */
#ifndef DIGITD_FILES_TAR_H
#define DIGITD_FILES_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { TAR_NAME_MAX = 100, TAR_BLOCK_BYTES = 512 };

/* Appends a file of mode 0644. ERR_LIMIT: a name longer than TAR_NAME_MAX, 8 GiB or more, or a full buffer; ERR_NOMEM.
 */
enum err tar_add(struct buf *out, const char *name, const void *bytes, size_t n, int64_t modified_s);
/* Appends the end of the archive. */
enum err tar_end(struct buf *out);

#endif
