/* A child process and its output. The path goes to it as an argument behind "--", never through a shell. */
#include "gunzip.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_ROOM = 1024 * 1024 };

/* The child's output comes out of *fd. */
static enum err start(const char *path, pid_t *child, int *fd, struct why *why)
{
    char *const argv[] = {"gzip", "-dc", "--", (char *)(uintptr_t)path, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2], failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return err_why(why, ERR_NOMEM, "gzip: %s", strerror(failed));
    if (pipe2(ends, O_CLOEXEC) < 0) {
        posix_spawn_file_actions_destroy(&actions);
        return err_why(why, ERR_IO, "gzip: %s", strerror(errno));
    }
    failed = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (!failed)
        failed = posix_spawnp(child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *fd = ends[0];
    if (!failed)
        return OK;
    close(ends[0]);
    return err_why(why, ERR_IO, "gzip: %s", strerror(failed));
}

/* All that comes, up to max bytes, into *out: twice the room each time that it is full. The caller frees it, also after
 * a failure. */
static enum err read_all(int fd, uint8_t **out, size_t max, size_t *n)
{
    size_t room = 0;
    for (;;) {
        if (*n == room) {
            room = room ? 2 * room : FIRST_ROOM;
            uint8_t *more = malloc(room);
            if (!more)
                return ERR_NOMEM;
            if (*n)
                memcpy(more, *out, *n);
            free(*out);
            *out = more;
        }
        const ssize_t got = read(fd, *out + *n, room - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            return OK;
        *n += (size_t)got;
        if (*n > max)
            return ERR_LIMIT;
    }
}

enum err gunzip_read(uint8_t **out, size_t *n, const char *path, size_t max, struct why *why)
{
    uint8_t *bytes = NULL;
    pid_t child = 0;
    int fd = -1, status = 0;
    *out = NULL;
    *n = 0;
    if (access(path, R_OK) != 0)
        return err_why(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    enum err e = start(path, &child, &fd, why);
    if (e != OK)
        return e;
    e = read_all(fd, &bytes, max, n);
    close(fd); /* a child that still writes ends by SIGPIPE */
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (e == OK && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        e = ERR_FORMAT;
    if (e != OK) {
        free(bytes);
        *n = 0;
        return err_why(why, e, "%s: %s", path, e == ERR_FORMAT ? "gzip cannot unpack it" : err_str(e));
    }
    *out = bytes;
    return OK;
}
