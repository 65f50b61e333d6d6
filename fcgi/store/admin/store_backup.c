/* Copies the database while others write, with VACUUM INTO: a consistent state, without deleted data. The copy gets its
 * name when all of it is on the disk. */
#include "store_admin.h"

#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "files/fs.h"
#include "store_files.h"
#include "store/store_internal.h"

static enum err vacuum_into(struct store *s, const char *to, const char *path, struct why *why)
{
    sqlite3_stmt *st = NULL;
    enum err e = OK;
    int rc = sqlite3_prepare_v2(s->db, "VACUUM INTO ?1", -1, &st, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(st, 1, to, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc != SQLITE_DONE) {
        e = (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED ? ERR_BUSY
            : (rc & 0xff) == SQLITE_NOMEM                              ? ERR_NOMEM
                                                                       : ERR_IO;
        (void)err_why(why, e, "%s: the copy failed: %s", path, sqlite3_errmsg(s->db));
    }
    (void)sqlite3_finalize(st);
    return e;
}

/* Gives the finished file its name, unless another file has taken it meanwhile. */
static enum err backup_name(const char *from, const char *path, struct why *why)
{
    enum err e = fs_name_new(from, path);

    return e == OK           ? OK
           : e == ERR_EXISTS ? err_why(why, e, "%s: already exists", path)
                             : err_why(why, e, "%s: %s", path, strerror(errno));
}

enum err store_backup(struct store *s, const char *path, struct why *why)
{
    struct store_temporary t;
    struct stat st;
    enum err e;

    if (lstat(path, &st) == 0)
        return err_why(why, ERR_EXISTS, "%s: already exists", path);
    e = store_present(s);
    if (e != OK)
        return err_why(why, e, "%s: has disappeared", s->path);
    e = store_temporary(path, &t, why);
    if (e == OK) {
        (void)close(t.fd); /* SQLite takes an empty file, and with it its mode */
        t.fd = -1;
        e = vacuum_into(s, t.name, path, why);
    }
    if (e == OK)
        e = store_sync_file(t.name, why);
    if (e == OK)
        e = backup_name(t.name, path, why);
    if (e == OK)
        e = store_sync_directory_of(path, why);
    store_temporary_end(&t);
    return e;
}
