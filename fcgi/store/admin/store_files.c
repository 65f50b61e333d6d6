/* Creates, syncs and renames files safely. Never use this on an open database: closing any descriptor of it drops
 * SQLite's own locks. */
#include "store_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/fs.h"
#include "store/store_internal.h"

enum err store_sync_file(const char *path, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err e = OK;

    if (fd < 0 || fsync(fd) != 0)
        e = err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return e;
}

enum err store_sync_directory_of(const char *path, struct why *why)
{
    return fs_sync_directory_of(path)
               ? OK
               : err_why(why, ERR_IO, "%s: cannot sync its directory: %s", path, strerror(errno));
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
    if (*fd < 0) {
        name[0] = '\0';
        return err_why(why, ERR_IO, "%s: cannot be created: %s", path, strerror(errno));
    }
    (void)fs_make_private(*fd); /* where that cannot be, who made the file looks at its mode and says so */
    return OK;
}
