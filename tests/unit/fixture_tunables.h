/* The C library's malloc as an administrator may have set it: this test program once more, with GLIBC_TUNABLES, which
 * are read before main. What a version of the C library does not know it passes over. */
#ifndef DIGITD_TESTS_FIXTURE_TUNABLES_H
#define DIGITD_TESTS_FIXTURE_TUNABLES_H

#include <sys/wait.h>

#include <stdlib.h>
#include <unistd.h>

static const char *const TUNABLES[] = {
    "glibc.malloc.hugetlb=0",
    "glibc.malloc.hugetlb=1", /* madvise */
    "glibc.malloc.hugetlb=2", /* MAP_HUGETLB, and without where the machine has no such pages to give */
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1024",
    "glibc.malloc.hugetlb=1:glibc.malloc.top_pad=33554432",
    "glibc.malloc.mmap_threshold=1024",
    "glibc.malloc.mmap_max=0",
    "glibc.malloc.trim_threshold=0:glibc.malloc.top_pad=0",
    "glibc.malloc.arena_max=1",
    "glibc.malloc.mxfast=0",
    "glibc.malloc.tcache_count=0",
    "glibc.malloc.perturb=85",
    "glibc.mem.decorate_maps=1", /* prctl(PR_SET_VMA), from glibc 2.39 on */
    "glibc.mem.tagging=3",       /* where the processor tags memory */
};

/* Runs this program with the one argument `word`; returns its status from wait. */
static inline int run_tuned(const char *tunables, char *word)
{
    static char self[] = "/proc/self/exe";
    char *argv[] = {self, word, NULL};
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        if (setenv("GLIBC_TUNABLES", tunables, 1) == 0)
            (void)execv(self, argv);
        _exit(98);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* Every setting, and what the program says of it: its exit status is to be 0. */
static inline void run_tuned_all(char *word)
{
    for (size_t i = 0; i < sizeof(TUNABLES) / sizeof(TUNABLES[0]); i++) {
        int status = run_tuned(TUNABLES[i], word);

        if (status != 0)
            fail_msg("GLIBC_TUNABLES=%s: the status is %#x", TUNABLES[i], status);
    }
}

#endif
