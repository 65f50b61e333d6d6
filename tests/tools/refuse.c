/* refuse CALL[,CALL...]=ERROR ... -- PROGRAM [ARGUMENT...]: runs a program on a kernel, or a file system, that lacks
 * something: each system call named fails with that error and does nothing, as in
 *
 *   refuse link,linkat=ENOSYS fchmod=EPERM -- digitctl backup FILE
 *
 * Three names are narrower than a call: inet6 is socket() for IPv6, mapshared mmap() of a file that others are to see,
 * noreplace renameat2() with flags. A seccomp filter does it, so neither root nor a mount is needed, and it holds for
 * what the program starts too. */
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>

enum { ERRORS_MAX = 134, EXIT_USAGE = 2 };

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "refuse: %s: %s\n", what, why);
    return EXIT_USAGE;
}

/* 0: no such name. */
static int error_number(const char *name)
{
    for (int i = 1; i < ERRORS_MAX; i++)
        if (strerrorname_np(i) != NULL && strcmp(strerrorname_np(i), name) == 0)
            return i;
    return 0;
}

static bool refuse_call(scmp_filter_ctx filter, const char *call, uint32_t action)
{
    int nr;

    if (strcmp(call, "inet6") == 0)
        return seccomp_rule_add(filter, action, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0)) == 0;
    if (strcmp(call, "mapshared") == 0)
        return seccomp_rule_add(filter, action, SCMP_SYS(mmap), 1,
                                SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED)) == 0;
    if (strcmp(call, "noreplace") == 0)
        return seccomp_rule_add(filter, action, SCMP_SYS(renameat2), 1, SCMP_A4(SCMP_CMP_NE, 0, 0)) == 0;
    nr = seccomp_syscall_resolve_name(call);
    /* One that this machine's kernel never had (link on arm64) cannot be made, so it need not be refused. */
    return nr != __NR_SCMP_ERROR && (nr < 0 || seccomp_rule_add(filter, action, nr, 0) == 0);
}

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int i = 1;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        char *equals = strchr(argv[i], '='), *rest = NULL;
        const int error = equals == NULL ? 0 : error_number(equals + 1);

        if (error == 0)
            return fail(argv[i], "not CALL=ERROR");
        *equals = '\0';
        for (char *call = strtok_r(argv[i], ",", &rest); call != NULL; call = strtok_r(NULL, ",", &rest))
            if (!refuse_call(filter, call, SCMP_ACT_ERRNO((unsigned)error)))
                return fail(call, "no such system call");
    }
    if (i + 1 >= argc)
        return fail("usage", "refuse CALL[,CALL...]=ERROR ... -- PROGRAM [ARGUMENT...]");
    if (seccomp_load(filter) != 0)
        return fail("seccomp", "refused by the kernel");
    seccomp_release(filter);
    (void)execvp(argv[i + 1], argv + i + 1);
    return fail(argv[i + 1], strerror(errno));
}
