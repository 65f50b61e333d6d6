/* The part of `digitctl check` that looks at the file system. Each function reports its findings. */
#ifndef DIGITD_CTL_CTL_CHECK_FILES_H
#define DIGITD_CTL_CTL_CHECK_FILES_H

#include "ctl_finding.h"

void check_run_dir(struct check *k);
void check_files(struct check *k);
void check_disk(struct check *k);
void check_weights(struct check *k);

#endif
