/* The table of commands: docs/man/digitctl.8 describes them in this order. */
#include "ctl.h"

#define AN_HOUR "The link is good once and for an hour; whoever has it sets the password. Hand it over in private.\n"

const struct ctl_command ctl_commands[] = {
    {"user add", "ADDRESS", "link password-stdin", 1, 1, NEEDS_STORE, false, ctl_user_add, "make an account",
     "The password is asked for at the terminal, twice. It is never taken from the command line, which others can "
     "read.\n"
     "No mail is sent, and `sign_up = closed` does not matter here.\n"},
    {"user list", "[TEXT]", "", 0, 1, NEEDS_STORE, false, ctl_user_list, "list the accounts, or those with TEXT in it",
     ""},
    {"user show", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_user_show, "tell about one account", ""},
    {"user disable", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_user_disable, "shut an account out",
     "Ends its sessions at once, refuses its log-ins and tokens, and keeps its data.\n"},
    {"user enable", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_user_enable, "let a disabled account in again", ""},
    {"user reset", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_user_reset, "print a link that sets a new password",
     AN_HOUR "The old password works, and sessions last, until the link is used.\n"},
    {"user delete", "ADDRESS", "yes", 1, 1, NEEDS_STORE, true, ctl_user_delete,
     "delete an account and all that is its owner's", "Asks for the address once more at the terminal.\n"},
    {"session list", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_session_list, "list an account's sessions", ""},
    {"session end", "ADDRESS [ID]", "all", 1, 2, NEEDS_STORE, true, ctl_session_end, "end a session, or --all", ""},
    {"token add", "ADDRESS", "name scope days", 1, 1, NEEDS_STORE, true, ctl_token_add,
     "make an API token and print it once", ""},
    {"token list", "ADDRESS", "", 1, 1, NEEDS_STORE, true, ctl_token_list, "list an account's tokens", ""},
    {"token revoke", "ADDRESS ID", "", 2, 2, NEEDS_STORE, true, ctl_token_revoke, "revoke a token", ""},
    {"invite add", "", "uses days note", 0, 0, NEEDS_STORE, false, ctl_invite_add,
     "make an invitation and print its code once", "Sign-up asks for one with `sign_up = invitation`.\n"},
    {"invite list", "", "", 0, 0, NEEDS_STORE, false, ctl_invite_list, "list the invitations", ""},
    {"invite revoke", "ID", "", 1, 1, NEEDS_STORE, false, ctl_invite_revoke, "revoke an invitation", ""},
    {"mail run", "", "once", 0, 0, NEEDS_CONF, false, ctl_mail_run, "send the mail that waits, until told to end",
     "Hands each to mail_command, and tries one that was not taken again after 1 minute, 2, 4 ... 6 hours, for 3 "
     "days.\n"
     "SIGTERM ends it after the mail that is just being sent. One runs at a time.\n"},
    {"backup", "FILE", "", 1, 1, NEEDS_STORE, false, ctl_backup, "copy the database to FILE while it is in use",
     "FILE must not be there yet; it gets mode 0600, since all that is in the database is in it.\n"},
    {"restore", "FILE", "", 1, 1, NEEDS_CONF, false, ctl_restore, "put a backup in the database's place",
     "Refuses while digitd runs. The database until now is kept beside it as NAME.before-restore.\n"
     "Sessions, tokens and passwords come back as well: end what must not.\n"},
    {"check", "", "", 0, 0, NEEDS_NOTHING, false, ctl_check, "look for what is wrong: settings, files, database, mail",
     "One line a finding: ok, warn or bad. Exit status 1 where anything is bad. It changes nothing.\n"},
    {NULL, NULL, NULL, 0, 0, NEEDS_NOTHING, false, NULL, NULL, NULL},
};
