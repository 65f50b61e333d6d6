/* Passes a message to a sendmail-compatible program, on its standard input, with the recipients in the header (-t). */
#ifndef DIGITD_CTL_CTL_SENDMAIL_H
#define DIGITD_CTL_CTL_SENDMAIL_H

#include <stddef.h>

#include "base/conf.h"
#include "base/err.h"

enum { SENDMAIL_ARGS_MAX = 32 };

/* mail_command, split into words at spaces and tabs. No shell sees it, so quotes, backslashes and the like would have
 * no effect; they are refused to avoid misunderstandings. Use a script if you need them. */
struct sendmail {
    char text[CONF_TEXT_MAX];
    char *argv[SENDMAIL_ARGS_MAX + 1]; /* into text */
};
enum err sendmail_parse(struct sendmail *s, const char *command, struct why *why);

/* Runs it on message[n] and waits. OK: it exited with status 0, so the message is accepted. ERR_IO: it could not be
 * started; ERR_DENIED: another status, or a signal; ERR_BUSY: it took longer than deadline_ms and was killed with its
 * children. One line in why, without anything from the message. SIGCHLD must be blocked, and not ignored. The program
 * gets the environment without DIGITD_*, standard error for its output, no other descriptor, and its own process group.
 */
enum err sendmail_run(const struct sendmail *s, const char *message, size_t n, int deadline_ms, struct why *why);

#endif
