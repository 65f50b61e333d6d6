/* Tests that need somebody else on this machine: root can be anybody, but for a root whose capabilities were taken, as
 * in some containers. He has what any user has, and his tests are any user's. */
#ifndef DIGITD_TESTS_FIXTURE_ROOT_H
#define DIGITD_TESTS_FIXTURE_ROOT_H

#include <sys/mman.h>
#include <sys/wait.h>

#include <stdbool.h>
#include <unistd.h>

enum { OTHER_USER = 12345, OTHER_GROUP = 23456 };

/* Whether this process may give files away and become OTHER_USER. Asked once, while it is who it was. */
static inline bool root_is_whole(void)
{
    static int known = -1;

    if (known < 0) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0) {
            int fd = memfd_create("mine", MFD_CLOEXEC);

            _exit(fd >= 0 && fchown(fd, OTHER_USER, OTHER_GROUP) == 0 && setgid(OTHER_GROUP) == 0 &&
                          setuid(OTHER_USER) == 0
                      ? 0
                      : 1);
        }
        known = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
    }
    return known == 1;
}

/* In a child: from now on somebody else, where that can be. */
static inline void root_leave(void)
{
    if (root_is_whole() && (setgid(OTHER_GROUP) != 0 || setuid(OTHER_USER) != 0))
        _exit(9);
}

#endif
