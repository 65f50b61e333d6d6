/* digit train: options, signals, the command line for the record. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "train.h"

static volatile sig_atomic_t stop;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

/* First signal: stop after this step. SA_RESETHAND: a second one ends the process at once. */
static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

static void join(int argc, char **argv, char *text, size_t n)
{
    size_t used = (size_t)snprintf(text, n, "digit");
    for (int i = 0; i < argc && used < n; i++)
        used += (size_t)snprintf(text + used, n - used, " %s", argv[i]);
}

static void help(void)
{
    puts("usage: digit train [--data DIR] [--out FILE] [OPTION...]\n"
         "\n"
         "Trains a network on MNIST's 55,000 training pictures, validates on the other 5,000, and writes a weights\n"
         "file. The test pictures are never read. The same seed gives the same file to the bit, on any number of\n"
         "threads of one kind of processor. Ctrl-C stops after the step under way and keeps a checkpoint.\n");
    options_help(train_options, train_options_n, &train_defaults, stdout);
}

int command_train(int argc, char **argv)
{
    struct train_settings set = train_defaults;
    struct why why = {0};
    char command[4 * OPTION_TEXT_MAX];
    int rest;
    enum train_end end;
    enum err e = options_parse(train_options, train_options_n, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && rest < argc)
        e = err_why(&why, ERR_RANGE, "%.60s: train takes no files", argv[rest]);
    if (e != OK) {
        fprintf(stderr, "digit train: %s (--help tells more)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    join(argc, argv, command, sizeof(command));
    catch_signals();
    e = train_run(&set, command, &stop, stderr, &end, &why);
    if (e != OK) {
        fprintf(stderr, "digit train: %s\n", why.text);
        return EXIT_FAILED;
    }
    if (end == TRAIN_STOPPED) {
        fprintf(stderr,
                "\ndigit train: stopped; `digit train --run %s --resume` goes on, --finish writes the best so far\n",
                set.run);
        return EXIT_STOPPED;
    }
    return EXIT_DONE;
}
