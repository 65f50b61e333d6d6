/* What the decoder child gives up. The only user of libseccomp.
 *
 * A build with a sanitizer, or for an emulator of one program (EMULATED), leaves out the limit on memory and the
 * filter: the sanitizer's shadow is terabytes, and it makes system calls of its own. sandbox_is_whole tells. */
#ifndef DIGITD_IMAGE_SANDBOX_H
#define DIGITD_IMAGE_SANDBOX_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/err.h"

/* The first half, right after fork, before anything is read or initialised: descriptors 0 to 2 become /dev/null, the
 * channel becomes 3 (told in *channel), all others are closed; it dies with parent, cannot be traced, and signals that
 * are meant for the service pass it by. ERR_IO. */
enum err sandbox_enter(int *channel, pid_t parent, struct why *why);

/* The second half, when everything lazy is initialised: limits, then a list of the system calls that are left (the list
 * is in sandbox.c; of descriptors, the channel is left); any other ends the process with SIGSYS. There is no way back.
 * ERR_IO, ERR_NOMEM, ERR_UNSUPPORTED where the kernel has no seccomp. */
enum err sandbox_close(struct why *why);

/* Whether this build has all of it. */
bool sandbox_is_whole(void);

#endif
