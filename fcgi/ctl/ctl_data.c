/* digitctl backup|restore|learn export. */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digit_size.h"
#include "files/fs.h"
#include "files/idx_head.h"
#include "files/run_dir.h"
#include "files/whole.h"
#include "ctl_parts.h"

enum ctl_status ctl_backup(struct ctl *c)
{
    struct why why = {""};
    struct stat st = {.st_size = 0, .st_mode = 0};
    enum err e = store_backup(c->store, c->arg[0], &why);

    if (e != OK)
        return ctl_fail_err(e == ERR_NOT_FOUND ? ERR_IO : e, c->arg[0], &why);
    (void)stat(c->arg[0], &st);
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        ctl_note("%s: other users may be able to read it: its file system does not support modes (it reports %04o)",
                 c->arg[0], (unsigned)st.st_mode & 07777);
    if (c->opt.json) {
        struct json *v = json_new_object();

        json_set_str(v, "backup", c->arg[0]);
        json_set_int(v, "bytes", (int64_t)st.st_size);
        return ctl_print(v);
    }
    ctl_say("%s: %lld bytes", c->arg[0], (long long)st.st_size);
    return CTL_DONE;
}

/* Takes digitd's lock, so that no digitd is running and none can start. If the run directory is missing, because
 * systemd removes it when the service stops, it is created as the service would: root creates it for the owner of the
 * database. */
static enum err service_lock_out(const struct conf *conf, int *fd, struct why *why)
{
    char dir[CONF_TEXT_MAX + 2];
    struct stat st;
    bool made = stat(conf->run_dir, &st) != 0;
    enum err e = run_dir_make(conf->run_dir, why);

    *fd = -1;
    if (e != OK)
        return e;
    ctl_directory_of(conf->database, dir);
    if (made && geteuid() == 0 && (stat(conf->database, &st) == 0 || stat(dir, &st) == 0) &&
        chown(conf->run_dir, st.st_uid, st.st_gid) != 0)
        return err_why(why, ERR_IO, "run_dir %s: cannot give it to the owner of the database", conf->run_dir);
    return run_dir_lock(conf->run_dir, fd, why);
}

enum ctl_status ctl_restore(struct ctl *c)
{
    struct why why = {""};
    const bool kept = access(c->conf.database, F_OK) == 0;
    int lock_fd;
    enum err e = service_lock_out(&c->conf, &lock_fd, &why);

    if (e == ERR_BUSY)
        return ctl_fail(CTL_BUSY, "digitd is running (%s): stop it first", why.text);
    if (e != OK)
        return ctl_fail_err(e, "the lock", &why);
    e = store_restore(c->conf.database, c->arg[0], &why);
    (void)close(lock_fd);
    if (e != OK)
        return ctl_fail_err(e, c->arg[0], &why);
    if (c->opt.json) {
        struct json *v = json_new_object();

        json_set_str(v, "restored", c->conf.database);
        json_set_str(v, "from", c->arg[0]);
        return ctl_print(v);
    }
    ctl_say("%s was restored from %s%s", c->conf.database, c->arg[0],
            kept ? "; the previous database is kept beside it as .before-restore" : "");
    ctl_note(
        "sessions, tokens and passwords were restored too: what was ended or changed since the backup is valid again");
    return CTL_DONE;
}

enum { IDX_HEAD_BYTES_MAX = 16 };

/* The names that MNIST has, which `digit` looks for: pictures, labels. */
static const char *const learn_names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"};

/* The directory, for the owner of the database alone. */
static enum err learn_dir_make(const struct conf *conf, const char *dir, struct why *why)
{
    struct stat st, owner;

    if (mkdir(dir, 0700) == 0 && geteuid() == 0 && stat(conf->database, &owner) == 0 &&
        lchown(dir, owner.st_uid, owner.st_gid) != 0)
        return err_why(why, ERR_IO, "%s: cannot give it to the owner of the database: %s", dir, strerror(errno));
    if (stat(dir, &st) != 0)
        return err_why(why, ERR_IO, "%s: %s", dir, strerror(errno));
    return S_ISDIR(st.st_mode) ? OK : err_why(why, ERR_IO, "%s: not a directory", dir);
}

/* Writes both files into the working directory, or, of nothing, removes those of an earlier time: what they have may
 * have been deleted since. */
static enum err learn_write(const struct buf *data[2], size_t n, struct why *why)
{
    const uint32_t dims[3] = {(uint32_t)n, DIGIT_SIDE_PX, DIGIT_SIDE_PX};
    enum err e = OK;

    for (int i = 0; e == OK && i < 2; i++) {
        const size_t bytes = n * (i == 0 ? (size_t)DIGIT_PIXELS : 1);
        struct buf *file = buf_new(bytes + IDX_HEAD_BYTES_MAX);
        const char *path = learn_names[i];

        if (file == NULL)
            return err_why(why, ERR_NOMEM, "out of memory");
        if (n == 0 && unlink(path) != 0 && errno != ENOENT)
            e = err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
        (void)idx_head_add(file, dims, i == 0 ? 3 : 1);
        if (e == OK && buf_add(file, buf_data(data[i]), bytes) != OK)
            e = err_why(why, ERR_NOMEM, "out of memory");
        if (e == OK && n > 0)
            e = whole_write(path, file, ".", why);
        buf_free(file);
    }
    return e;
}

/* The same in dir. Pitfall: root may be told a directory in one of the service's user, who could make it a link to any
 * other at any moment. So root goes there first (and needs no path from before any more), and the files are the owner's
 * of wherever that is: a file of the service's user appears in no directory of root's. */
static enum err learn_write_in(const char *dir, const struct buf *data[2], size_t n, struct why *why)
{
    struct why inner = {""};
    enum err e;

    if (chdir(dir) != 0)
        return err_why(why, ERR_IO, "%s: %s", dir, strerror(errno));
    e = learn_write(data, n, &inner);
    return e == OK ? OK : err_why(why, e, "%s: %s", dir, inner.text);
}

static enum ctl_status learn_told(const struct ctl *c, const struct store_learn *found)
{
    if (found->n == 0)
        return ctl_fail(
            CTL_NOT_FOUND,
            "nothing to learn from: %lld accounts with corrected or confirmed digits allow it, and at least %d "
            "must, with different pictures, so that no account has more than 5 %% of them",
            (long long)found->accounts, STORE_LEARN_PART);
    if (c->opt.json) {
        struct json *v = json_new_object();

        json_set_str(v, "exported", c->arg[0]);
        json_set_int(v, "pictures", (int64_t)found->n);
        json_set_int(v, "accounts", found->accounts);
        return ctl_print(v);
    }
    ctl_say("%s: %zu digits of %lld accounts", c->arg[0], found->n, (long long)found->accounts);
    return CTL_DONE;
}

enum ctl_status ctl_learn_export(struct ctl *c)
{
    struct buf *pictures = buf_new((size_t)STORE_LEARN_MAX * DIGIT_PIXELS), *labels = buf_new(STORE_LEARN_MAX);
    struct store_learn found = {.n = 0};
    struct why why = {""};
    enum err e = pictures == NULL || labels == NULL ? ERR_NOMEM : learn_dir_make(&c->conf, c->arg[0], &why);

    if (e == OK)
        e = store_learn_read(c->store, pictures, labels, &found);
    if (e == OK)
        e = learn_write_in(c->arg[0], (const struct buf *[]){pictures, labels}, found.n, &why);
    buf_free(pictures);
    buf_free(labels);
    return e == OK ? learn_told(c, &found) : ctl_fail_err(e == ERR_NOT_FOUND ? ERR_IO : e, "the history", &why);
}
