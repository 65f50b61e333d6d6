/* A child on a file system that lacks something: from here on, some of its system calls fail. Only ever in a child,
 * since there is no way back. */
#ifndef DIGITD_TESTS_FIXTURE_REFUSE_H
#define DIGITD_TESTS_FIXTURE_REFUSE_H

#include <stdarg.h>
#include <unistd.h>

#include <seccomp.h>

/* The calls named, up to a NULL, fail with this errno and do nothing. Ends the child with 98 where that cannot be had.
 */
static inline void refuse(int error, ...)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    va_list ap;

    va_start(ap, error);
    for (const char *call = va_arg(ap, const char *); call != NULL; call = va_arg(ap, const char *)) {
        int nr = seccomp_syscall_resolve_name(call);

        /* A negative number is of a call that this machine never had. */
        if (nr == __NR_SCMP_ERROR || (nr >= 0 && seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)error), nr, 0) != 0))
            _exit(98);
    }
    va_end(ap);
    if (seccomp_load(filter) != 0)
        _exit(98);
    seccomp_release(filter);
}

#endif
