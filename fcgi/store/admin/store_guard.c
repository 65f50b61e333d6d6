/* The child that removes a copy whose maker has gone, however it went: SIGKILL cannot be handled by whom it hits. */
#include "store_files.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* What SQLite and the store keep beside a database. */
static const char *const copy_ends[] = {"", "-wal", "-shm", "-journal", ".lock"};

void store_guard_remove(const char *name)
{
    char path[STORE_COPY_PATH_MAX + 16];

    for (size_t i = 0; i < sizeof(copy_ends) / sizeof(copy_ends[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", name, copy_ends[i]);
        (void)unlink(path);
    }
}

/* The child: waits until its parent closes the pipe or is gone, whatever signals the two of them get. It closes all
 * else, because it must not hold a lock for longer than its parent does. */
static _Noreturn void guard_run(int pipe_fd, const char *name)
{
    char byte;

    (void)setsid();
    if (pipe_fd != STDIN_FILENO)
        (void)dup2(pipe_fd, STDIN_FILENO);
    (void)close_range(STDIN_FILENO + 1, ~0U, 0);
    while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
        ;
    store_guard_remove(name);
    _exit(0);
}

void store_guard_start(struct store_temporary *t)
{
    sigset_t all, before;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &before);
    t->guard = fork();
    if (t->guard == 0) {
        (void)close(ends[1]);
        guard_run(ends[0], t->name);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close(ends[0]);
    if (t->guard > 0)
        t->guard_fd = ends[1];
    else
        (void)close(ends[1]);
}

void store_guard_end(struct store_temporary *t)
{
    if (t->guard_fd < 0)
        return;
    (void)close(t->guard_fd);
    t->guard_fd = -1;
    (void)waitpid(t->guard, NULL, 0);
}
