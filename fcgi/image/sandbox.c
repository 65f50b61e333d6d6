/* Reduces the descriptors, limits and system calls of the decoder child to what reading a picture needs.
 *
 * What is on the list, and why (everything else kills, R36):
 *   read, write     of the channel; write to 2 as well, which is /dev/null: libpng prints some warnings past libgd's
 *                   hook, and a kill there would lose pictures that are good
 *   brk, munmap, mremap   malloc, realloc, free
 *   mmap, mmap2     malloc again: anonymous memory alone, never executable. mmap2 is its name where long has 32 bits.
 *                   glibc.malloc.hugetlb=2 asks it for huge pages; the kernel may refuse, and malloc asks without
 *   madvise         malloc where glibc.malloc.hugetlb=1 is set, or is the default (MADV_HUGEPAGE), and malloc_trim
 *                   (MADV_DONTNEED). Both are about the child's own memory
 *   prctl           PR_SET_VMA alone: malloc of glibc 2.39 on gives what it maps a name where
 *                   glibc.mem.decorate_maps=1 is set. The name is seen in /proc/PID/maps, by whoever may look there
 *   exit_group      the end, when the channel closes
 *
 * What is not on it, though malloc knows it:
 *   mprotect        for the heaps of further threads, and there are none: with one thread malloc asks brk and mmap
 *   openat          of /sys (huge pages, processors), by malloc before main, and by the warm-up (decoder_child.c)
 *   writev, tgkill  what abort asks for when free meets a damaged heap. The child ends either way; the log then says
 *                   sandbox_kill, and a picture that damages the heap is no less than that
 *
 * Pitfalls:
 * - The kernel's filter sees numbers of system calls, and they differ by processor: libseccomp takes names. For a name
 *   that a processor lacks, seccomp_rule_add says OK and adds nothing (mmap on ARM); seccomp_rule_add_exact tells.
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

/* A user-mode emulator (qemu-user) makes its own system calls and needs its own memory, like a sanitizer. */
#ifdef EMULATED
#define SANDBOX_WHOLE 0
#else
#define SANDBOX_WHOLE !SANDBOX_ASAN
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

/* A terminal's Ctrl-C and systemd's SIGTERM reach every process of the service; this one ends only with its worker. All
 * other signals get their default action, because the handlers of the parent's libraries must not run here. */
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

        if (!SANDBOX_WHOLE && LIMITS[i].resource == RLIMIT_AS)
            continue;
        if (setrlimit((__rlimit_resource_t)LIMITS[i].resource, &both) != 0)
            return err_why(why, ERR_IO, "decoder: limits: %s", strerror(errno));
    }
    return OK;
}

/* The system call that maps memory, by processor. Tested: x86-64, 64-bit and 32-bit ARM. Add another one only if its
 * call takes protection and flags as arguments 2 and 3 (the mmap of i386 and s390x takes a pointer). */
#if defined(__x86_64__) || defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64) ||                         \
    defined(__powerpc64__) || defined(__loongarch64)
#define SANDBOX_MMAP SCMP_SYS(mmap)
#elif defined(__arm__) || defined(__i386__)
#define SANDBOX_MMAP SCMP_SYS(mmap2)
#else
#error "sandbox.c: which system call maps memory on this processor?"
#endif

/* An int argument: the upper half of its register is undefined. */
#define SANDBOX_INT(number, value)                                                                                     \
    {                                                                                                                  \
        .arg = (number), .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = (value)                           \
    }
#define SANDBOX_BITS(number, mask, value)                                                                              \
    {                                                                                                                  \
        .arg = (number), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value)                               \
    }

/* The list of allowed calls; any other kills. All conditions of a line must hold; a call may have several lines. */
static const struct {
    int call;
    unsigned n_conditions;
    struct scmp_arg_cmp conditions[2];
} SANDBOX_CALLS[] = {
    {SCMP_SYS(read), 1, {SANDBOX_INT(0, SANDBOX_CHANNEL)}},
    {SCMP_SYS(write), 1, {SANDBOX_INT(0, SANDBOX_CHANNEL)}},
    {SCMP_SYS(write), 1, {SANDBOX_INT(0, STDERR_FILENO)}},
    {SCMP_SYS(brk), 0, {{0}}},
    {SANDBOX_MMAP, 2, {SANDBOX_BITS(2, PROT_EXEC, 0), SANDBOX_BITS(3, MAP_ANONYMOUS, MAP_ANONYMOUS)}},
    {SCMP_SYS(munmap), 0, {{0}}},
    {SCMP_SYS(mremap), 0, {{0}}},
    {SCMP_SYS(madvise), 1, {SANDBOX_INT(2, MADV_HUGEPAGE)}},
    {SCMP_SYS(madvise), 1, {SANDBOX_INT(2, MADV_DONTNEED)}},
    {SCMP_SYS(prctl), 2, {SANDBOX_INT(0, PR_SET_VMA), SANDBOX_INT(1, PR_SET_VMA_ANON_NAME)}},
    {SCMP_SYS(exit_group), 0, {{0}}},
};

static int sandbox_rules(scmp_filter_ctx filter)
{
    int fault = 0;

    for (size_t i = 0; fault == 0 && i < sizeof(SANDBOX_CALLS) / sizeof(SANDBOX_CALLS[0]); i++)
        fault = seccomp_rule_add_exact_array(filter, SCMP_ACT_ALLOW, SANDBOX_CALLS[i].call,
                                             SANDBOX_CALLS[i].n_conditions, SANDBOX_CALLS[i].conditions);
    return fault;
}

static enum err sandbox_filter(struct why *why)
{
    scmp_filter_ctx filter;
    int fault;

    errno = 0;
    filter = seccomp_init(SCMP_ACT_KILL_PROCESS); /* NULL too where the kernel does not know the action */
    if (filter == NULL && errno == ENOMEM)
        return err_why(why, ERR_NOMEM, "decoder: out of memory for its sandbox");
    if (filter == NULL)
        return err_why(why, ERR_UNSUPPORTED,
                       "decoder: the kernel's seccomp cannot kill a process; Linux 4.14 or later is needed");
    fault = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (fault == 0)
        fault = sandbox_rules(filter);
    if (fault == 0)
        fault = seccomp_load(filter); /* sets NO_NEW_PRIVS */
    seccomp_release(filter);
    if (fault != 0)
        return err_why(why, ERR_UNSUPPORTED, "decoder: the kernel refuses the sandbox (seccomp): %s", strerror(-fault));
    return OK;
}

enum err sandbox_close(struct why *why)
{
    enum err e = sandbox_limit(why);

    if (e == OK && sandbox_is_whole())
        e = sandbox_filter(why);
    return e;
}

bool sandbox_is_whole(void)
{
    return SANDBOX_WHOLE;
}
