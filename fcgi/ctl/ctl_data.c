/* digitctl backup|restore. */
#include <sys/stat.h>

#include <unistd.h>

#include "files/run_dir.h"
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
