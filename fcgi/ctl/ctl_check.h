/* What the parts of `digitctl check` share. */
#ifndef DIGITD_CTL_CTL_CHECK_H
#define DIGITD_CTL_CTL_CHECK_H

#include <sys/stat.h>

#include "ctl_parts.h"

enum level { LEVEL_OK, LEVEL_WARN, LEVEL_BAD };

struct check {
    struct ctl *c;
    int count[LEVEL_BAD + 1]; /* findings of each level */
};

/* One line: the level, what was looked at, what was found. */
void check_tell(struct check *k, enum level level, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether the owner of the database, as whom digitd runs, may do this (R_OK | W_OK | X_OK) with path: asked as that
 * user where root asks. */
bool check_owner_may(const struct check *k, const char *path, int mode);

/* ---- ctl_check_files.c ---- */
void check_run_dir(struct check *k);
void check_files(struct check *k);
void check_disk(struct check *k);
void check_weights(struct check *k);

#endif
