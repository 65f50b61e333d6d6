/* Whole files: read with a limit, and written so that a name always has the old bytes or all of the new ones. */
#ifndef DIGITD_FILES_WHOLE_H
#define DIGITD_FILES_WHOLE_H

#include "base/buf.h"

/* Reads a regular file of at most max bytes into a new buffer, which the caller frees (NULL on failure). ERR_NOT_FOUND,
 * ERR_IO, ERR_FORMAT (not a regular file), ERR_LIMIT, ERR_NOMEM; one line in why. */
enum err whole_read(struct buf **out, const char *path, size_t max, struct why *why);

/* Writes a file of mode 0600 next to path, syncs it, renames it to path and syncs the directory. If root does this, the
 * file gets the owner of `like`. A link at path is replaced, not followed. ERR_IO, ERR_LIMIT; path is then as it was,
 * or has the new bytes but might lose them in a crash. */
enum err whole_write(const char *path, const struct buf *bytes, const char *like, struct why *why);

#endif
