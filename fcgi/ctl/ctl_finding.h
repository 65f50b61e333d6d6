/* Counts and prints the findings of `digitctl check`. */
#ifndef DIGITD_CTL_CTL_FINDING_H
#define DIGITD_CTL_CTL_FINDING_H

#include "ctl_parts.h"

enum level { LEVEL_OK, LEVEL_WARN, LEVEL_BAD };

struct check {
    struct ctl *c;
    int count[LEVEL_BAD + 1]; /* findings of each level */
};

/* Prints one line: the level, what was checked, what was found. */
void check_tell(struct check *k, enum level level, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
