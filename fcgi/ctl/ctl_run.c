/* Runs one command: settings, database, account, handler. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl_parts.h"

static enum err database_open(struct ctl *c, struct why *why)
{
    enum err e = store_open(&c->store, c->conf.database, why);

    if (e == ERR_NOT_FOUND)
        return err_why(why, ERR_IO, "%s: there is no database yet; digitd creates it when it starts", c->conf.database);
    return e;
}

static enum ctl_status user_find(struct ctl *c)
{
    enum err e = store_user_by_email(c->store, c->arg[0], &c->user);

    explicit_bzero(c->user.password_hash, sizeof(c->user.password_hash));
    if (e == ERR_NOT_FOUND)
        return ctl_fail(CTL_NOT_FOUND, "no account has the address %.*s", STORE_EMAIL_MAX, c->arg[0]);
    return e == OK ? CTL_DONE : ctl_fail_err(e, "the account", NULL);
}

static enum ctl_status command_run(const struct ctl_command *command, struct ctl *c)
{
    enum ctl_status status = CTL_DONE;
    struct why why = {""};
    enum err e = OK;

    if (command->needs >= NEEDS_CONF)
        e = ctl_settings_read(c, &why);
    if (e == OK && command->needs >= NEEDS_STORE)
        e = database_open(c, &why);
    if (e != OK)
        return ctl_fail_err(e == ERR_BUSY ? e : ERR_IO, "start", &why);
    if (command->of_user)
        status = user_find(c);
    return status == CTL_DONE ? command->run(c) : status;
}

static enum ctl_status help_or_version(const struct ctl_command *command, const struct ctl_options *opt)
{
    if (opt->version)
        (void)puts("digitctl " DIGITD_VERSION);
    else if (command != NULL)
        ctl_help(command);
    else
        ctl_help_all();
    return CTL_DONE;
}

enum ctl_status ctl_run(int argc, char **argv, char *const *environ_vars)
{
    const struct ctl_command *command;
    struct ctl c;
    struct why why = {""};
    enum ctl_status status;

    memset(&c, 0, sizeof(c));
    c.environ_vars = environ_vars;
    log_init(STDERR_FILENO, LOG_WARN);
    status = ctl_options_read(argc, argv, &command, &c, &why);
    if (status != CTL_DONE)
        status = ctl_fail(status, "%s; see digitctl %s%s--help", why.text, command == NULL ? "" : command->words,
                          command == NULL ? "" : " ");
    else if (c.opt.help || c.opt.version)
        status = help_or_version(command, &c.opt);
    else
        status = command_run(command, &c);
    store_close(c.store);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) /* a full disk must not look like an empty list */
        status = ctl_fail(status == CTL_DONE ? CTL_FAILED : status, "cannot write to standard output");
    return status;
}
