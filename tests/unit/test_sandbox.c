/* image/sandbox: what a decoder child can still do, and that everything else ends it. R36, R31, R4.
 *
 * Each try is a process of its own that closes the sandbox on itself and then does one thing. A sanitizer's build has
 * no filter: there the tests of the filter see that the build says so. */
#include "image/sandbox.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "image/decoder.h"
#include "pictures.h"

#include "fixture_tunables.h"

enum { TIMES = 10, NOT_CLOSED = 99 };

static char here[] = "tests/unit/test_sandbox.c";
static pid_t tester; /* for those who would like to do something to it */
static int probe_channel;

/* Runs act in a closed sandbox; returns its status from wait. What act returns is its exit status, if it lives. */
static int run_inside(int (*act)(void))
{
    int ends[2], status = -1;
    pid_t pid;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    tester = getpid();
    pid = fork();
    if (pid == 0) {
        probe_channel = ends[1];
        if (sandbox_enter(&probe_channel, tester, NULL) != OK || sandbox_close(NULL) != OK)
            _exit(NOT_CLOSED);
        _exit(act());
    }
    assert_true(pid > 0);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(close(ends[0]), 0);
    return status;
}

/* The things that it must not do. Raw system calls where libc would ask for another one first. */
static int try_open(void)
{
    return open(here, O_RDONLY) >= 0;
}
static int try_open_old(void)
{
#ifdef SYS_open
    return syscall(SYS_open, here, O_RDONLY) >= 0;
#else
    return try_open();
#endif
}
static int try_create(void)
{
    return open("/tmp/test_sandbox_was_here", O_WRONLY | O_CREAT, 0600) >= 0;
}
static int try_unlink(void)
{
    return unlink("/tmp/test_sandbox_was_here");
}
static int try_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}
static int try_socket_inet(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}
static int try_connect(void)
{
    const struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/x"};

    return connect(probe_channel, (const struct sockaddr *)&to, sizeof(to)) == 0;
}
static int try_sendmsg(void)
{
    const struct msghdr m = {0};

    return sendmsg(probe_channel, &m, 0) >= 0;
}
static int try_recvmsg(void)
{
    struct msghdr m = {0};

    return recvmsg(probe_channel, &m, MSG_DONTWAIT) >= 0;
}
static int try_exec(void)
{
    static char name[] = "/bin/true";
    char *argv[] = {name, NULL};

    return execve(name, argv, NULL);
}
static int try_fork(void)
{
    return fork() >= 0;
}
static int try_clone(void)
{
    return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) >= 0;
}
static int try_clone3(void)
{
    return syscall(SYS_clone3, NULL, 0) >= 0;
}
static int try_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}
static int try_attach(void)
{
    return ptrace(PTRACE_SEIZE, tester, NULL, NULL) == 0;
}
static int try_mmap_exec(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}
static int try_mmap_exec_alone(void)
{
    return mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}
static int try_mmap_file(void)
{
    return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, STDERR_FILENO, 0) != MAP_FAILED;
}
static int try_mprotect_exec(void)
{
    static char page[8192];

    return mprotect((void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095), 4096, PROT_READ | PROT_EXEC) == 0;
}
static int try_madvise(void)
{
    static char page[8192];

    return madvise((void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095), 4096, MADV_DONTFORK) == 0;
}
static int try_kill(void)
{
    return kill(tester, 0) == 0;
}
static int try_prctl(void)
{
    return prctl(PR_SET_DUMPABLE, 1) == 0;
}
static int try_prctl_vma(void) /* another option of PR_SET_VMA; the kernel has none so far */
{
    return prctl(PR_SET_VMA, 1, here, sizeof(here), NULL) == 0;
}
static int try_limits(void)
{
    struct rlimit none;

    return getrlimit(RLIMIT_AS, &none) == 0;
}
static int try_dup(void)
{
    return dup(probe_channel) >= 0;
}
static int try_fcntl(void)
{
    return fcntl(probe_channel, F_GETFL) >= 0;
}
static int try_read_other(void)
{
    char byte;

    return read(STDIN_FILENO, &byte, 1) >= 0;
}
static int try_write_other(void)
{
    return write(STDOUT_FILENO, "x", 1) >= 0;
}
static int try_read_memory(void)
{
    return syscall(SYS_process_vm_readv, tester, NULL, 0, NULL, 0, 0) >= 0;
}
static int try_getpid(void)
{
    return syscall(SYS_getpid) > 0;
}
static int try_memfd(void)
{
    return syscall(SYS_memfd_create, "x", 0) >= 0;
}
static int try_io_uring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL) >= 0;
}
static int try_bpf(void)
{
    return syscall(SYS_bpf, 0, NULL, 0) >= 0;
}
static int try_pidfd(void)
{
    return syscall(SYS_pidfd_open, tester, 0) >= 0;
}
static int try_nonsense(void)
{
    return syscall(100000) >= 0;
}
#ifdef __x86_64__
static int try_x32(void) /* the same calls by another door: bit 30, and the gate of 32-bit programs */
{
    return syscall(SYS_openat | 0x40000000, AT_FDCWD, here, O_RDONLY) >= 0;
}
static int try_gate32(void)
{
    long got = 20; /* getpid there */

    __asm__ volatile("int $0x80" : "+a"(got) : : "memory", "r8", "r9", "r10", "r11");
    return got > 0;
}
#endif

static const struct {
    const char *name;
    int (*act)(void);
} FORBIDDEN[] = {
    {"open", try_open},
    {"open, the old call", try_open_old},
    {"create a file", try_create},
    {"unlink", try_unlink},
    {"socket", try_socket},
    {"socket inet", try_socket_inet},
    {"connect", try_connect},
    {"sendmsg", try_sendmsg},
    {"recvmsg", try_recvmsg},
    {"execve", try_exec},
    {"fork", try_fork},
    {"clone", try_clone},
    {"clone3", try_clone3},
    {"ptrace traceme", try_ptrace},
    {"ptrace seize", try_attach},
    {"mmap rwx", try_mmap_exec},
    {"mmap x", try_mmap_exec_alone},
    {"mmap a file", try_mmap_file},
    {"mprotect x", try_mprotect_exec},
    {"madvise, another advice", try_madvise},
    {"kill", try_kill},
    {"prctl", try_prctl},
    {"prctl vma", try_prctl_vma},
    {"getrlimit", try_limits},
    {"dup", try_dup},
    {"fcntl", try_fcntl},
    {"read 0", try_read_other},
    {"write 1", try_write_other},
    {"process_vm_readv", try_read_memory},
    {"getpid", try_getpid},
    {"memfd_create", try_memfd},
    {"io_uring_setup", try_io_uring},
    {"bpf", try_bpf},
    {"pidfd_open", try_pidfd},
    {"a number without a call", try_nonsense},
#ifdef __x86_64__
    {"openat by x32", try_x32},
    {"getpid by int 0x80", try_gate32},
#endif
};

static bool whole(void)
{
    if (!sandbox_is_whole())
        print_message("a sanitizer's build: no RLIMIT_AS, no filter\n");
    return sandbox_is_whole();
}

/* The deaths that a forbidden call may end in. A kernel without 32-bit calls has no gate for them: int 0x80 is a fault
 * there before any filter is asked, and as deadly. */
static bool is_right_death(int (*act)(void), int status)
{
#ifdef __x86_64__
    if (act == try_gate32 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
        return true;
#else
    (void)act;
#endif
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

/* Fails when a machine decides what is right: a death by SIGSYS always is, one by SIGSEGV at the gate alone, and no
 * exit and no other signal ever. (A status as wait gives it: a signal's number, or an exit status 8 bits up.) */
static void test_right_deaths(void **state)
{
    (void)state;
    assert_true(is_right_death(try_open, SIGSYS));
    assert_false(is_right_death(try_open, SIGSEGV));
    assert_false(is_right_death(try_open, SIGKILL));
    assert_false(is_right_death(try_open, 0));
    assert_false(is_right_death(try_open, SIGSYS << 8));
#ifdef __x86_64__
    assert_true(is_right_death(try_gate32, SIGSYS));
    assert_true(is_right_death(try_gate32, SIGSEGV));
    assert_false(is_right_death(try_gate32, SIGBUS));
    assert_false(is_right_death(try_gate32, 0));
    assert_false(is_right_death(try_gate32, SIGSEGV << 8));
#endif
}

/* R36. Fails when a call that a picture has no use for gets through, even once in ten times. */
static void test_forbidden(void **state)
{
    (void)state;
    assert_int_equal(sandbox_is_whole(), !SANITIZED);
    for (size_t i = 0; whole() && i < sizeof(FORBIDDEN) / sizeof(FORBIDDEN[0]); i++)
        for (int time = 0; time < TIMES; time++) {
            int status = run_inside(FORBIDDEN[i].act);

            if (!is_right_death(FORBIDDEN[i].act, status))
                fail_msg("%s, time %d: expected SIGSYS (31), the status is %#x", FORBIDDEN[i].name, time, status);
        }
}

static int use_memory(void)
{
    enum { MIB = 1 << 20 };

    for (int i = 0; i < 200; i++) {
        char *small = malloc(100), *large = malloc(5 * MIB), *grown;

        if (small == NULL || large == NULL)
            return 1;
        memset(small, 1, 100);
        memset(large, 2, 5 * MIB);
        grown = realloc(large, 40 * MIB);
        if (grown == NULL)
            return 2;
        free(grown);
        free(small);
    }
    return 0;
}

static int use_stderr(void)
{
    return fprintf(stderr, "libpng warning: %s %d\n", "as libpng prints them", 7) > 0 ? 0 : 1;
}

static int use_channel(void)
{
    uint64_t message = 7;

    return write(probe_channel, &message, sizeof(message)) == (ssize_t)sizeof(message) ? 0 : 1;
}

/* Fails when the list is too short: memory small and large, libpng's warnings, the channel. */
static void test_allowed(void **state)
{
    (void)state;
    assert_int_equal(run_inside(use_memory), 0);
    assert_int_equal(run_inside(use_stderr), 0);
    assert_int_equal(run_inside(use_channel), 0);
}

/* As libgd has its rows: many blocks of a few kilobytes, together more than a huge page. */
static int use_rows(void)
{
    enum { ROWS = 2000, ROW_BYTES = 4800 };
    static char *row[ROWS];

    for (int i = 0; i < ROWS; i++) {
        row[i] = calloc(1, ROW_BYTES);
        if (row[i] == NULL)
            return 3;
        memset(row[i], i, ROW_BYTES);
    }
    for (int i = 0; i < ROWS; i++)
        free(row[i]);
    return 0;
}

static int use_any_memory(void)
{
    const int rows = use_rows();

    return rows != 0 ? rows : use_memory();
}

static int use_advice(void)
{
    static char pages[8192];
    void *page = (void *)(((uintptr_t)pages + 4095) & ~(uintptr_t)4095);

    (void)madvise(page, 4096, MADV_HUGEPAGE); /* a kernel without huge pages says no; what counts is to live */
    return madvise(page, 4096, MADV_DONTNEED) == 0 ? 0 : 1;
}

static char use_memory_word[] = "use-memory";

/* Fails when a setting of malloc's, or a newer default, makes an ordinary allocation an attack. */
static void test_tunables(void **state)
{
    (void)state;
    assert_int_equal(run_inside(use_advice), 0);
    run_tuned_all(use_memory_word);
}

static int take_too_much(void)
{
    void *volatile much = malloc((size_t)DECODER_AREA_MAX_BYTES); /* or clang leaves it out */

    return much == NULL ? 0 : 1;
}

/* R31. Fails when a picture may take more memory than the limit: no death, a NULL that the codec can tell. */
static void test_memory_limit(void **state)
{
    (void)state;
    if (whole())
        assert_int_equal(run_inside(take_too_much), 0);
}

static int same_file(int a, int b)
{
    struct stat x, y;

    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_rdev == y.st_rdev && x.st_ino == y.st_ino;
}

/* R4. In a process that has opened this and that: fails when any of it is still there behind sandbox_enter. */
static void test_descriptors(void **state)
{
    int ends[2], status = -1;
    pid_t pid;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    tester = getpid();
    pid = fork();
    if (pid == 0) {
        const long most = sysconf(_SC_OPEN_MAX); /* ulimit -n: 256 here, a million there */
        int channel, null, open_ones = 0;

        for (int fd = 10; fd < 500; fd += 7)
            (void)dup2(STDOUT_FILENO, fd);
        channel = dup2(ends[1], most < 900 ? (int)most - 1 : 900);
        if (sandbox_enter(&channel, tester, NULL) != OK || channel != 3)
            _exit(1);
        for (int fd = 0; fd < 1024; fd++)
            open_ones += fcntl(fd, F_GETFD) >= 0;
        if (open_ones != 4)
            _exit(2);
        null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++)
            if (!same_file(fd, null))
                _exit(3);
        _exit(write(channel, "y", 1) == 1 ? 0 : 4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
}

/* Fails when a parent that had 0 to 2 closed loses its channel under /dev/null. */
static void test_low_channel(void **state)
{
    int status = -1;
    pid_t pid;

    (void)state;
    tester = getpid();
    pid = fork();
    if (pid == 0) {
        int ends[2], channel;
        char byte = 0;

        close(0);
        close(1);
        close(2);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0 || write(ends[0], "z", 1) != 1)
            _exit(1);
        channel = ends[1];
        if (channel > 2 || sandbox_enter(&channel, tester, NULL) != OK)
            _exit(2);
        _exit(channel == 3 && read(channel, &byte, 1) == 1 && byte == 'z' ? 0 : 3);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Fails when a child whose parent died in the moment between fork and prctl would live on for ever. */
static void test_orphan(void **state)
{
    int status = -1;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        int channel = dup(0);
        struct why why = {""};

        _exit(sandbox_enter(&channel, 1 + getppid(), &why) == ERR_IO && strstr(why.text, "gone") != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forbidden),    cmocka_unit_test(test_allowed),      cmocka_unit_test(test_tunables),
        cmocka_unit_test(test_memory_limit), cmocka_unit_test(test_descriptors),  cmocka_unit_test(test_low_channel),
        cmocka_unit_test(test_orphan),       cmocka_unit_test(test_right_deaths),
    };

    if (argc == 2 && strcmp(argv[1], use_memory_word) == 0) {
        int status = run_inside(use_any_memory);

        return WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    }
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
