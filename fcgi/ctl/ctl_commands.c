/* The table of commands: docs/man/digitctl.8 describes them in this order. */
#include "ctl.h"

#define AN_HOUR                                                                                                        \
    "The link works once and expires in an hour. Anyone who has it can set the password: send it privately.\n"

const struct ctl_command ctl_commands[] = {
    {"user add", "ADDRESS", "link password-stdin", 1, 1, NEEDS_STORE, false, ctl_user_add, "create an account",
     "Asks for the password twice at the terminal. It is never taken from the command line, where others could read "
     "it.\n"
     "Sends no email, and works even with `sign_up = closed`.\n"},
    {"user list", "[TEXT]", "", 0, 1, NEEDS_STORE, false, ctl_user_list,
     "list accounts, or those whose address contains TEXT", ""},
    {"user show", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_user_show, "show an account", ""},
    {"user disable", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_user_disable, "disable an account",
     "Ends its sessions at once and refuses its logins, tokens and links. Keeps its data.\n"},
    {"user enable", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_user_enable, "enable a disabled account", ""},
    {"user reset", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_user_reset, "print a link that sets a new password",
     AN_HOUR "Until it is used, the old password and all sessions keep working.\n"},
    {"user delete", "ADDRESS", "yes", 1, 1, NEEDS_STORE, true, ctl_user_delete, "delete an account and all its data",
     "Asks you to type the address to confirm.\n"},
    {"session list", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_session_list, "list an account's sessions", ""},
    {"session end", "ADDRESS [ID]", "all", 1, 2, NEEDS_STORE, true, ctl_session_end, "end one session, or --all", ""},
    {"token add", "ADDRESS", "name scope days", 1, 1, NEEDS_STORE, true, ctl_token_add,
     "create an API token and print it once", ""},
    {"token list", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_token_list, "list an account's API tokens", ""},
    {"token revoke", "ADDRESS ID", "", 2, 2, NEEDS_STORE, true, ctl_token_revoke, "revoke an API token", ""},
    {"invite add", "", "uses days note", 0, 0, NEEDS_STORE, false, ctl_invite_add,
     "create an invitation and print its code once", "Sign-up asks for a code when `sign_up = invitation`.\n"},
    {"invite list", "", "", 0, 0, NEEDS_STORE, false, ctl_invite_list, "list the invitations", ""},
    {"invite revoke", "ID", "", 1, 1, NEEDS_STORE, false, ctl_invite_revoke, "revoke an invitation", ""},
    {"mail run", "", "once", 0, 0, NEEDS_CONF, false, ctl_mail_run, "send waiting email until stopped",
     "Passes each email to mail_command. If that fails, tries again after 1 minute, 2, 4 ... 6 hours, for 3 days.\n"
     "SIGTERM stops it after the email in progress. Only one can run at a time.\n"},
    {"backup", "FILE", "", 1, 1, NEEDS_STORE, false, ctl_backup, "copy the database to FILE while it is in use",
     "FILE must not exist. It gets mode 0600, because it holds everything that the database does.\n"},
    {"restore", "FILE", "", 1, 1, NEEDS_CONF, false, ctl_restore, "replace the database with a backup",
     "Refuses while digitd runs. The current database is kept beside it as NAME.before-restore.\n"
     "Sessions, tokens and passwords are restored too: revoke those that should no longer work.\n"},
    {"learn export", "DIR", "", 1, 1, NEEDS_STORE, false, ctl_learn_export,
     "write the digits that a site may learn from, as IDX files",
     "These are the 28x28 pictures whose answers users corrected or confirmed, if they allowed it on their Account "
     "page.\n"
     "At most 5 % of them are from one account, so at least 20 accounts are needed. `digit learn` learns from them.\n"},
    {"reload", "", "weights undo", 0, 0, NEEDS_CONF, false, ctl_reload,
     "have digitd load its settings and network again, or another network",
     "A new network is tested before anything changes. It must have the place that the setting weights names, in the\n"
     "database's directory; the network before it is kept there as NAME.before.safetensors. No request is lost.\n"},
    {"check", "", "", 0, 0, NEEDS_NOTHING, false, ctl_check, "look for problems: settings, files, database, email",
     "Prints one line per finding: ok, warn or bad. Exit status 1 if anything is bad. Changes nothing.\n"},
    {NULL, NULL, NULL, 0, 0, NEEDS_NOTHING, false, NULL, NULL, NULL},
};
