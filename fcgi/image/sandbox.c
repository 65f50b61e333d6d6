/* Descriptors, limits and system calls of the decoder child, down to what reading a picture takes.
 *
 * What is on the list, and why (everything else kills, R36):
 *   read, write     of the channel; write to 2 as well, which is /dev/null: libpng prints some warnings past libgd's
 *                   hook, and a kill there would lose pictures that are good
 *   brk, mmap, munmap, mremap   malloc; mmap of anonymous memory alone, never executable. No mprotect: glibc uses it
 *                   for the heaps of further threads, and there are none
 *   exit_group      the end, when the channel closes
 *
 * Traps:
 * - The kernel's filter sees numbers of system calls: libseccomp takes names, so one source serves every processor.
 * - SIGSYS of a filter cannot be blocked, and kills the process; the worker reads it from wait and logs it (R87).
 * - RLIMIT_NPROC does not hold root, RLIMIT_FSIZE not pipes: the filter does.
 * - RLIMIT_AS counts what was mapped at fork: libgd and its codecs, the network, the shared area. */
#include "sandbox.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>

#include "decoder.h"

#ifdef __has_feature
#define SANDBOX_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SANDBOX_ASAN 1
#else
#define SANDBOX_ASAN 0
#endif

enum { SANDBOX_CHANNEL = STDERR_FILENO + 1 };

static enum err sandbox_descriptors(int *channel)
{
    int null;

    if (*channel < SANDBOX_CHANNEL) { /* a parent without 0 to 2: out of the way first */
        *channel = fcntl(*channel, F_DUPFD, SANDBOX_CHANNEL);
        if (*channel < 0)
            return ERR_IO;
    }
    if (*channel != SANDBOX_CHANNEL && dup2(*channel, SANDBOX_CHANNEL) < 0)
        return ERR_IO;
    *channel = SANDBOX_CHANNEL;
    closefrom(SANDBOX_CHANNEL + 1); /* close_range, or by way of /proc where a container forbids that; never fails */
    null = open("/dev/null", O_RDWR);
    if (null < 0)
        return ERR_IO;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (null != fd && dup2(null, fd) < 0)
            return ERR_IO;
    if (null > STDERR_FILENO)
        (void)close(null);
    return OK;
}

/* A terminal's Ctrl-C and systemd's SIGTERM reach every process of the service: this one ends when its worker does. The
 * rest has its default action: the handlers of the parent's libraries are not for here. */
static enum err sandbox_signals(void)
{
    static const int ours[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGCHLD};
    sigset_t set;

    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL); /* not SIGKILL, nor those of libc */
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        (void)sigaddset(&set, ours[i]);
    return sigprocmask(SIG_SETMASK, &set, NULL) == 0 ? OK : ERR_IO;
}

enum err sandbox_enter(int *channel, pid_t parent, struct why *why)
{
    if (sandbox_descriptors(channel) != OK || sandbox_signals() != OK)
        return err_why(why, ERR_IO, "decoder: descriptors: %s", strerror(errno));
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) /* it may have died before prctl */
        return err_why(why, ERR_IO, "decoder: its worker is gone");
    if (!SANDBOX_ASAN && prctl(PR_SET_DUMPABLE, 0) != 0) /* the leak checker is a ptrace */
        return err_why(why, ERR_IO, "decoder: %s", strerror(errno));
    return OK;
}

static enum err sandbox_limit(struct why *why)
{
    static const struct {
        int resource;
        rlim_t most;
    } LIMITS[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_FSIZE, 0},
        {RLIMIT_NPROC, 0},
        {RLIMIT_NOFILE, SANDBOX_CHANNEL + 1},
        {RLIMIT_AS, DECODER_AREA_MAX_BYTES},
    };

    for (size_t i = 0; i < sizeof(LIMITS) / sizeof(LIMITS[0]); i++) {
        const struct rlimit both = {LIMITS[i].most, LIMITS[i].most};

        if (SANDBOX_ASAN && LIMITS[i].resource == RLIMIT_AS)
            continue;
        if (setrlimit((__rlimit_resource_t)LIMITS[i].resource, &both) != 0)
            return err_why(why, ERR_IO, "decoder: limits: %s", strerror(errno));
    }
    return OK;
}

static int sandbox_rules(scmp_filter_ctx filter, int channel)
{
    static const int plain[] = {SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(exit_group)};
    /* Numbers of descriptors are ints: the upper half of the register says nothing. */
    const struct scmp_arg_cmp memory[] = {
        {.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0},
        {.arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = MAP_ANONYMOUS, .datum_b = MAP_ANONYMOUS}};
    const struct scmp_arg_cmp to_channel = {
        .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = (uint32_t)channel};
    const struct scmp_arg_cmp to_null = {
        .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = STDERR_FILENO};
    int fault = 0;

    for (size_t i = 0; fault == 0 && i < sizeof(plain) / sizeof(plain[0]); i++)
        fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain[i], 0);
    if (fault == 0)
        fault = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, memory);
    if (fault == 0)
        fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, to_channel);
    if (fault == 0)
        fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, to_channel);
    if (fault == 0)
        fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, to_null);
    return fault;
}

static enum err sandbox_filter(int channel, struct why *why)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int fault;

    if (filter == NULL)
        return err_why(why, ERR_NOMEM, "decoder: out of memory for its sandbox");
    fault = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (fault == 0)
        fault = sandbox_rules(filter, channel);
    if (fault == 0)
        fault = seccomp_load(filter); /* sets NO_NEW_PRIVS */
    seccomp_release(filter);
    if (fault != 0)
        return err_why(why, ERR_UNSUPPORTED, "decoder: the kernel refuses the sandbox (seccomp): %s", strerror(-fault));
    return OK;
}

enum err sandbox_close(int channel, struct why *why)
{
    enum err e = sandbox_limit(why);

    if (e == OK && sandbox_is_whole())
        e = sandbox_filter(channel, why);
    return e;
}

bool sandbox_is_whole(void)
{
    return !SANDBOX_ASAN;
}
