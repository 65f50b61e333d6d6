/* Asks questions at the terminal. Passwords are never given on the command line, where every user of the machine could
 * read them. */
#ifndef DIGITD_CTL_CTL_ASK_H
#define DIGITD_CTL_CTL_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl.h"

enum { ASK_BYTES_MAX = 4096 };

/* The text entered; the caller wipes it. */
struct answer {
    char text[ASK_BYTES_MAX + 1];
    size_t n;
};

/* Reads a new password: twice from the terminal without echo, or the first line of standard input. ERR_FORMAT: the two
 * differ, or it is empty; ERR_LIMIT: longer than ASK_BYTES_MAX; ERR_IO: no terminal. One line in why. */
enum err ask_password(bool from_stdin, struct answer *a, struct why *why);

/* Reads a line from the terminal, with echo. The same errors. */
enum err ask_line(const char *prompt, struct answer *a, struct why *why);

#endif
