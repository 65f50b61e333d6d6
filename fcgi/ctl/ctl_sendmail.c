/* Runs the mail program. The message is passed in a memory file, not a pipe: so a program that exits without reading,
 * or reads slowly, can neither cause SIGPIPE nor delay us beyond the deadline. */
#include "ctl_sendmail.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum err sendmail_parse(struct sendmail *s, const char *command, struct why *why)
{
    size_t n = strlen(command);
    char *save = NULL;
    int words = 0;

    memset(s, 0, sizeof(*s));
    if (n >= sizeof(s->text) || strpbrk(command, "\"'\\`$|&;<>") != NULL)
        return err_why(why, ERR_FORMAT,
                       "mail_command: it is not run by a shell, so quotes, $, |, > and the like do not work; put them "
                       "in a script and name that");
    memcpy(s->text, command, n + 1);
    for (char *word = strtok_r(s->text, " \t", &save); word != NULL; word = strtok_r(NULL, " \t", &save)) {
        if (words == SENDMAIL_ARGS_MAX)
            return err_why(why, ERR_LIMIT, "mail_command: more than %d words", SENDMAIL_ARGS_MAX);
        s->argv[words++] = word;
    }
    return words > 0 ? OK : err_why(why, ERR_NOT_FOUND, "mail_command is not set: this site sends no email");
}

/* The environment without our settings, which may contain secrets. The caller frees the array. */
static char **environment(void)
{
    size_t n = 0, kept = 0;
    char **vars;

    while (environ[n] != NULL)
        n++;
    vars = calloc(n + 1, sizeof(*vars));
    for (size_t i = 0; vars != NULL && i < n; i++)
        if (strncmp(environ[i], "DIGITD_", sizeof("DIGITD_") - 1) != 0)
            vars[kept++] = environ[i];
    return vars;
}

/* A memory file with message[n], positioned at its beginning; -1 and errno on failure. */
static int message_file(const char *message, size_t n)
{
    int fd = memfd_create("message", MFD_CLOEXEC);

    if (fd >= 0 && (write(fd, message, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)) {
        (void)close(fd);
        errno = EIO;
        fd = -1;
    }
    return fd;
}

static int spawn(const struct sendmail *s, int message_fd, pid_t *pid)
{
    const short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
    char **vars = environment();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, ours;
    int rc = ENOMEM;

    if (vars == NULL)
        return rc;
    (void)sigemptyset(&none);
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGPIPE);
    if (posix_spawn_file_actions_init(&actions) != 0)
        goto out;
    if (posix_spawnattr_init(&attr) == 0) {
        (void)posix_spawnattr_setflags(&attr, flags); /* process group 0: its own */
        (void)posix_spawnattr_setsigmask(&attr, &none);
        (void)posix_spawnattr_setsigdefault(&attr, &ours);
        rc = posix_spawn_file_actions_adddup2(&actions, message_fd, STDIN_FILENO);
        if (rc == 0)
            rc = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
        if (rc == 0)
            rc = posix_spawn(pid, s->argv[0], &actions, &attr, s->argv, vars);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
out:
    free(vars);
    return rc;
}

/* Waits until pid ends; false: not by the deadline. */
static bool wait_until(pid_t pid, int64_t deadline_us, int *status)
{
    sigset_t child;

    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    for (;;) {
        pid_t ended = waitpid(pid, status, WNOHANG);
        int64_t left_us = deadline_us - clock_mono_us();
        struct timespec wait;

        if (ended == pid || (ended < 0 && errno != EINTR))
            return ended == pid;
        if (left_us <= 0)
            return false;
        wait = (struct timespec){.tv_sec = (time_t)(left_us / 1000000), .tv_nsec = (long)(left_us % 1000000) * 1000};
        (void)sigtimedwait(&child, NULL, &wait);
    }
}

static enum err judge(const struct sendmail *s, int status, struct why *why)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return OK;
    if (WIFEXITED(status))
        return err_why(why, ERR_DENIED, "%s exited with status %d", s->argv[0], WEXITSTATUS(status));
    return err_why(why, ERR_DENIED, "%s was killed by signal %d", s->argv[0], WTERMSIG(status));
}

enum err sendmail_run(const struct sendmail *s, const char *message, size_t n, int deadline_ms, struct why *why)
{
    int fd = message_file(message, n), status = 0, rc;
    pid_t pid = -1;

    if (fd < 0)
        return err_why(why, ERR_IO, "the message: %s", strerror(errno));
    rc = spawn(s, fd, &pid);
    (void)close(fd);
    if (rc != 0)
        return err_why(why, ERR_IO, "%s: %s", s->argv[0], strerror(rc));
    if (wait_until(pid, clock_mono_us() + (int64_t)deadline_ms * 1000, &status))
        return judge(s, status, why);
    (void)kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return err_why(why, ERR_BUSY, "%s took longer than %d s and was killed", s->argv[0], deadline_ms / 1000);
}
