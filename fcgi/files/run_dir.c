/* The run directory. No file in it is assumed to be what its name says. */
#include "run_dir.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
