/* What several commands of `digit` do alike. */
#ifndef DIGITD_WEIGHTS_COMMAND_SHARED_H
#define DIGITD_WEIGHTS_COMMAND_SHARED_H

#include <signal.h>
#include <stddef.h>

#include "base/err.h"

/* Set by the first SIGINT or SIGTERM after command_catch_signals, so that the current step can end. Because of
 * SA_RESETHAND, a second one ends the process at once; the next run removes what that leaves half-written. A limit on
 * file sizes shows as a failed write, not as a signal. */
extern volatile sig_atomic_t command_stop;
void command_catch_signals(void);

/* The command line as one text. ERR_LIMIT when it is too long for the metadata: half of one would be of no use. */
enum err command_line_join(int argc, char **argv, char *text, size_t n, struct why *why);

/* The index of text in words, which a NULL ends; -1 where it is none of them. */
int command_word_find(const char *const *words, const char *text);

#endif
