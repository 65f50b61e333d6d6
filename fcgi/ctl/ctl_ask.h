/* What a person is asked at the terminal. Passwords never come from the command line, where every user of the machine
 * could read them. */
#ifndef DIGITD_CTL_CTL_ASK_H
#define DIGITD_CTL_CTL_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl.h"

enum { ASK_BYTES_MAX = 4096 };

/* What was typed; wiped by the caller. */
struct answer {
    char text[ASK_BYTES_MAX + 1];
    size_t n;
};

/* A new password: asked twice at the terminal without echo, or the first line of standard input. ERR_FORMAT: the two
 * differ, or there was none; ERR_LIMIT: longer than ASK_BYTES_MAX; ERR_IO: no terminal. One line in why. */
enum err ask_password(bool from_stdin, struct answer *a, struct why *why);

/* One line at the terminal, with echo. The same errors. */
enum err ask_line(const char *prompt, struct answer *a, struct why *why);

#endif
