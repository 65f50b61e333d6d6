/* The run directory. No file in it is assumed to be what its name says. */
#include "run_dir.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"

enum { RUN_DIR_MODE = 0750, PATH_BYTES = 4096 };

enum err run_dir_make(const char *dir, struct why *why)
{
    struct stat st;

    if (mkdir(dir, RUN_DIR_MODE) != 0 && errno != EEXIST)
        return err_why(why, ERR_IO, "run_dir %s: %s", dir, strerror(errno));
    if (stat(dir, &st) != 0)
        return err_why(why, ERR_IO, "run_dir %s: %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return err_why(why, ERR_IO, "run_dir %s: not a directory", dir);
    return OK;
}

static bool lock_name(const char *dir, char path[PATH_BYTES])
{
    return snprintf(path, PATH_BYTES, "%s/digitd.lock", dir) < PATH_BYTES;
}

enum err run_dir_lock(const char *dir, int *fd, struct why *why)
{
    char path[PATH_BYTES];
    struct why lock_why = {""};
    enum err e;

    *fd = -1;
    if (!lock_name(dir, path))
        return err_why(why, ERR_IO, "run_dir %s: the path is too long", dir);
    e = lock_take(path, dir, fd, &lock_why);
    return e == OK         ? OK
           : e == ERR_BUSY ? err_why(why, e, "%s: another digitd is running here", path)
                           : err_why(why, e, "run_dir: %s", lock_why.text);
}

enum err run_dir_look(const char *dir)
{
    char path[PATH_BYTES];

    return lock_name(dir, path) ? lock_look(path) : ERR_IO;
}

/* The first line of a small file; "" if it cannot be read. */
static void line_read(const char *path, char *text, size_t room, uid_t *uid)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    ssize_t n = -1;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        n = read(fd, text, room - 1);
        *uid = st.st_uid;
    }
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (fd >= 0)
        (void)close(fd);
}

/* What a lock file says is only text, so the process is asked for its name too. */
enum err run_dir_digitd(const char *dir, pid_t *pid, uid_t *uid)
{
    char path[PATH_BYTES], text[32], name[32];
    uid_t other;
    enum err e = run_dir_look(dir);
    long number;

    *pid = 0;
    if (e != ERR_BUSY)
        return e == OK ? ERR_NOT_FOUND : e;
    if (!lock_name(dir, path))
        return ERR_IO;
    line_read(path, text, sizeof(text), uid);
    number = strtol(text, NULL, 10);
    if (number < 1)
        return ERR_IO;
    (void)snprintf(path, sizeof(path), "/proc/%ld/comm", number);
    line_read(path, name, sizeof(name), &other);
    if (strcmp(name, "digitd") != 0)
        return ERR_BUSY;
    *pid = (pid_t)number;
    return OK;
}
