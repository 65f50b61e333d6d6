/* Signals, the command line for the record, and words of options. */
#include "command_shared.h"

#include <stdio.h>
#include <string.h>

volatile sig_atomic_t command_stop;

static void on_signal(int signal_number)
{
    (void)signal_number;
    command_stop = 1;
}

void command_catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

enum err command_line_join(int argc, char **argv, char *text, size_t n, struct why *why)
{
    size_t used = (size_t)snprintf(text, n, "digit");
    for (int i = 0; i < argc && used < n; i++)
        used += (size_t)snprintf(text + used, n - used, " %s", argv[i]);
    return used < n ? OK : err_why(why, ERR_LIMIT, "the command line is longer than %zu bytes", n - 1);
}

int command_word_find(const char *const *words, const char *text)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return -1;
}
