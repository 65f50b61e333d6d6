/* Files that are made, synced and named with care. Never used on a database that is open: closing any descriptor of it
 * drops SQLite's own locks. */
#include "store_files.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_internal.h"

enum err store_sync_path(const char *path, int flags, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    enum err e = OK;

    if (fd < 0 || fsync(fd) != 0)
        e = err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return e;
}

enum err store_sync_directory_of(const char *path, struct why *why)
{
    char dir[STORE_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

    if (n >= sizeof(dir))
        return err_why(why, ERR_LIMIT, "%s: the path is too long", path);
    if (n == 0)
        dir[n++] = '.';
    else
        memcpy(dir, path, n);
    dir[n] = '\0';
    return store_sync_path(dir, O_DIRECTORY, why);
}

enum err store_temporary(const char *path, char *name, size_t room, int *fd, struct why *why)
{
    *fd = -1;
    /* "./" keeps "file:..." a plain name. */
    if (path[0] == '\0' || snprintf(name, room, "%s%s.XXXXXX", path[0] == '/' ? "" : "./", path) >= (int)room) {
        name[0] = '\0';
        return err_why(why, ERR_LIMIT, "the path is empty or too long");
    }
    *fd = mkostemp(name, O_CLOEXEC);
    if (*fd >= 0 && fchmod(*fd, 0600) == 0)
        return OK;
    (void)err_why(why, ERR_IO, "%s: cannot be created: %s", path, strerror(errno));
    if (*fd >= 0) {
        (void)close(*fd);
        (void)unlink(name);
    }
    *fd = -1;
    name[0] = '\0';
    return ERR_IO;
}
