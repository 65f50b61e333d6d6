/* The decoder child's sandbox. The only user of libseccomp.
 *
 * A build with a sanitizer, or for user-mode emulation (EMULATED), has neither the memory limit nor the filter: a
 * sanitizer needs terabytes of shadow memory and makes its own system calls. See sandbox_is_whole. */
#ifndef DIGITD_IMAGE_SANDBOX_H
#define DIGITD_IMAGE_SANDBOX_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/err.h"

/* The first half, right after fork, before anything is read or initialised. Descriptors 0 to 2 become /dev/null, the
 * channel becomes 3 (set in *channel), and all others are closed. The process dies with its parent and cannot be
 * traced; signals meant for the service are blocked. ERR_IO. */
enum err sandbox_enter(int *channel, pid_t parent, struct why *why);

/* The second half, after all lazy initialisation: sets limits, then allows only the system calls listed in sandbox.c;
 * any other kills the process with SIGSYS. The channel is the only descriptor left. This cannot be undone. ERR_IO,
 * ERR_NOMEM, ERR_UNSUPPORTED if the kernel has no seccomp. */
enum err sandbox_close(struct why *why);

/* Whether this build has the whole sandbox. */
bool sandbox_is_whole(void);

#endif
