/* digitctl: administration by command line, on the database that digitd serves from. What its commands share.
 *
 * One table (ctl_commands.c) says for each command its words, handler, arguments, options and help; ctl_run.c reads the
 * command line by it, the settings, and opens the database where the command needs it. All but restore work while
 * digitd runs: what they write goes through the store, under the one writer's lock.
 *
 * What a program reads goes to standard output: with --json one object a line, without it text, and a secret that was
 * made is a line of its own. What a person reads besides goes to standard error. */
#ifndef DIGITD_CTL_CTL_H
#define DIGITD_CTL_CTL_H

#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/json.h"
#include "store/admin/store_admin.h"
#include "store/store_account.h"

#define CTL_CONF_PATH "/etc/digitd/digitd.conf"

enum ctl_status {
    CTL_DONE = 0,
    CTL_FAILED = 1,    /* it could not be done; `check` found what is bad; a mail was not taken */
    CTL_USAGE = 2,     /* the command line is wrong, or names what cannot be an address */
    CTL_NOT_FOUND = 3, /* no such account, session, token, invitation, file */
    CTL_BUSY = 4       /* another process is in the way: digitd (restore), another `mail run`, a busy database */
};

/* The options on the command line; 0, false or NULL where it has none, but -1 for days and uses. */
struct ctl_options {
    bool json, help, version;
    bool all, link, once, password_stdin, yes;
    const char *config, *name, *note, *scope;
    int days, uses;
};

enum ctl_needs { NEEDS_NOTHING, NEEDS_CONF, NEEDS_STORE };

struct ctl {
    struct ctl_options opt;
    struct conf conf;      /* NEEDS_CONF and above */
    const char *conf_path; /* the file that was read; NULL: none */
    char *const *environ_vars;
    struct store *store;    /* NEEDS_STORE */
    const char *arg[2];     /* what follows the command's words; NULL: not given */
    struct store_user user; /* of the address in arg[0], where the command says that it is one */
};

struct ctl_command {
    const char *words; /* "user add" */
    const char *args;  /* "ADDRESS", for the usage line; "" */
    const char *takes; /* names of the options it takes besides those that all take, spaces between; "" */
    int min_args, max_args;
    enum ctl_needs needs;
    bool of_user; /* arg[0] is the address of an account that must be there: c->user is filled */
    enum ctl_status (*run)(struct ctl *c);
    const char *help; /* one line */
    const char *more; /* further lines for its own --help; "" */
};
extern const struct ctl_command ctl_commands[]; /* the last one's words are NULL */

/* The whole of digitctl. argv as main's, environ_vars as environ. Returns the exit status. */
enum ctl_status ctl_run(int argc, char **argv, char *const *environ_vars);

/* ---- ctl_options.c ---- */
/* Reads the command line: *command, opt and arg. *command is NULL after --help or --version without a command. One line
 * in why. */
enum ctl_status ctl_options_read(int argc, char **argv, const struct ctl_command **command, struct ctl *c,
                                 struct why *why);
void ctl_help_all(void);
void ctl_help(const struct ctl_command *command);

/* ---- ctl_out.c ---- */
/* A line on standard error, "digitctl: ...". Returns status, so that a caller can `return ctl_fail(...)`. */
enum ctl_status ctl_fail(enum ctl_status status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for what the store or the system answered: what names the thing ("token 7"). why may be NULL or empty. */
enum ctl_status ctl_fail_err(enum err e, const char *what, const struct why *why);
/* A line for a person: on standard output, or where something else is there, on standard error. */
void ctl_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ctl_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints v as one line and frees it (NULL: out of memory). */
enum ctl_status ctl_print(struct json *v);

/* ---- handlers ---- */
enum ctl_status ctl_user_add(struct ctl *c);
enum ctl_status ctl_user_list(struct ctl *c);
enum ctl_status ctl_user_show(struct ctl *c);
enum ctl_status ctl_user_disable(struct ctl *c);
enum ctl_status ctl_user_enable(struct ctl *c);
enum ctl_status ctl_user_reset(struct ctl *c);
enum ctl_status ctl_user_delete(struct ctl *c);
enum ctl_status ctl_session_list(struct ctl *c);
enum ctl_status ctl_session_end(struct ctl *c);
enum ctl_status ctl_token_add(struct ctl *c);
enum ctl_status ctl_token_list(struct ctl *c);
enum ctl_status ctl_token_revoke(struct ctl *c);
enum ctl_status ctl_invite_add(struct ctl *c);
enum ctl_status ctl_invite_list(struct ctl *c);
enum ctl_status ctl_invite_revoke(struct ctl *c);
enum ctl_status ctl_mail_run(struct ctl *c);
enum ctl_status ctl_backup(struct ctl *c);
enum ctl_status ctl_restore(struct ctl *c);
enum ctl_status ctl_check(struct ctl *c);

#endif
