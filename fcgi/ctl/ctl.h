/* digitctl: command-line administration of digitd's database. What its commands share.
 *
 * One table (ctl_commands.c) has the words, handler, arguments, options and help of each command. ctl_run.c uses it to
 * read the command line, reads the settings, and opens the database if the command needs it. All commands except
 * restore work while digitd is running: their writes go through the store, under the writer's lock.
 *
 * Output for programs goes to standard output: with --json one object a line, otherwise text; a new secret is on a line
 * of its own. Everything else, for people, goes to standard error. */
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
    CTL_FAILED = 1,    /* the command failed; `check` found a problem; a mail was not accepted */
    CTL_USAGE = 2,     /* wrong command line, or not an email address */
    CTL_NOT_FOUND = 3, /* no such account, session, token, invitation or file */
    CTL_BUSY = 4       /* another process is in the way: digitd (for restore), another `mail run`, a busy database */
};

/* The options on the command line; 0, false or NULL where it has none, but -1 for days and uses. */
struct ctl_options {
    bool json, help, version;
    bool all, link, once, password_stdin, undo, yes;
    const char *config, *name, *note, *scope, *weights;
    int days, uses;
};

enum ctl_needs { NEEDS_NOTHING, NEEDS_CONF, NEEDS_STORE };

struct ctl {
    struct ctl_options opt;
    struct conf conf;      /* NEEDS_CONF and above */
    const char *conf_path; /* the file that was read; NULL: none */
    char *const *environ_vars;
    struct store *store;    /* NEEDS_STORE */
    const char *arg[2];     /* the arguments after the command's words; NULL: not given */
    struct store_user user; /* the account with the address in arg[0], if of_user is set */
};

struct ctl_command {
    const char *words; /* "user add" */
    const char *args;  /* "ADDRESS", for the usage line; "" */
    const char *takes; /* the names of its own options, separated by spaces; "" */
    int min_args, max_args;
    enum ctl_needs needs;
    bool of_user; /* arg[0] is the address of an existing account: c->user is filled */
    enum ctl_status (*run)(struct ctl *c);
    const char *help; /* one line */
    const char *more; /* further lines for its own --help; "" */
};
extern const struct ctl_command ctl_commands[]; /* the last one's words are NULL */

/* Runs digitctl with main's argv and environ. Returns the exit status. */
enum ctl_status ctl_run(int argc, char **argv, char *const *environ_vars);

/* ---- ctl_options.c ---- */
/* Reads *command, opt and arg from the command line. *command is NULL after --help or --version without a command. One
 * line in why. */
enum ctl_status ctl_options_read(int argc, char **argv, const struct ctl_command **command, struct ctl *c,
                                 struct why *why);
void ctl_help_all(void);
void ctl_help(const struct ctl_command *command);

/* ---- ctl_out.c ---- */
/* Prints a line on standard error, "digitctl: ...". Returns status, so that a caller can `return ctl_fail(...)`. */
enum ctl_status ctl_fail(enum ctl_status status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for an error of the store or the system. what: the thing it is about ("token 7"). why may be NULL or empty.
 */
enum ctl_status ctl_fail_err(enum err e, const char *what, const struct why *why);
/* Prints a line for a person: ctl_say on standard output; ctl_note on standard error, for when standard output is used
 * for data. */
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
enum ctl_status ctl_learn_export(struct ctl *c);
enum ctl_status ctl_reload(struct ctl *c);
enum ctl_status ctl_check(struct ctl *c);

#endif
