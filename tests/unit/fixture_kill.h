/* Runs something in a child that is killed just before its n-th change to a file: every place where a crash can cut it.
 * Comes after fixture_store.h. */
#ifndef DIGITD_TESTS_FIXTURE_KILL_H
#define DIGITD_TESTS_FIXTURE_KILL_H

#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <linux/ptrace.h>

/* Whether a system call can change what lies on the disk, or names it. */
static inline bool call_changes_files(unsigned long long nr)
{
    static const long changing[] = {
        SYS_write,    SYS_pwrite64,  SYS_fsync,  SYS_fdatasync, SYS_ftruncate, SYS_fallocate, SYS_openat,
        SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_fchmod,    SYS_fchown,    SYS_munmap,
#ifdef SYS_rename /* not on newer architectures */
        SYS_rename,   SYS_link,      SYS_unlink, SYS_open,
#endif
    };

    for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++)
        if (nr == (unsigned long long)changing[i])
            return true;
    return false;
}

/* Lets a stopped child go on to its next stop, and waits for that. */
static inline int child_step(pid_t pid, int signal_no)
{
    int status = -1;

    assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal_no), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* what is to answer the child's exit status. True: it was killed before its n-th change (from 0); false: it made fewer
 * and ended with 0. */
static inline bool killed_before_change(int (*what)(void), int n)
{
    pid_t pid = fork();
    int status = -1, signal_no = 0;

    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(99);
        (void)raise(SIGSTOP);
        _exit(what());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)), 0);
    for (;;) {
        struct ptrace_syscall_info info;

        status = child_step(pid, signal_no);
        if (!WIFSTOPPED(status)) {
            assert_int_equal(status, 0);
            return false;
        }
        signal_no = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
        if (signal_no != 0)
            continue;
        assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0);
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY && call_changes_files(info.entry.nr) && n-- == 0)
            break;
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return true;
}

#endif
