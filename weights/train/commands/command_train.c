/* digit train: options, signals, the command line for the record. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run/train.h"
#include "commands.h"

static volatile sig_atomic_t stop;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

/* First signal: stop after this step. SA_RESETHAND: a second one ends the process at once; what that leaves
 * half-written the next run removes. A limit on file sizes is a failed write, not a signal. */
static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

/* The command line as one text; ERR_LIMIT where it is too long to be put on record whole. */
static enum err join(int argc, char **argv, char *text, size_t n, struct why *why)
{
    size_t used = (size_t)snprintf(text, n, "digit");
    for (int i = 0; i < argc && used < n; i++)
        used += (size_t)snprintf(text + used, n - used, " %s", argv[i]);
    return used < n ? OK : err_why(why, ERR_LIMIT, "a command line of more than %zu bytes", n - 1);
}

static void help(void)
{
    static const char *const titles[] = {"\nPlaces, and what is done:", "\nThe recipe:",
                                         "\nDistortions of the pictures, drawn anew for each picture and epoch:"};
    puts("usage: digit train [--data DIR] [--out FILE] [OPTION...]\n"
         "       digit train --run DIR --resume | --finish\n"
         "\n"
         "Trains a network on MNIST's 55,000 training pictures, validates on the other 5,000, and writes a weights\n"
         "file. The test pictures are never read. The same options give the same file to the bit, on any number of\n"
         "threads of one instruction set. Ctrl-C stops after the step under way and keeps a checkpoint; a kill loses\n"
         "what was done since the last epoch's end. The run directory holds the command line, all settings, digests\n"
         "of data and teachers, program, compiler and instruction set, and a line for each epoch (log.jsonl).\n"
         "\n"
         "With --teacher the student also learns what finished networks answer to the same distorted picture\n"
         "(Hinton, Vinyals, Dean 2015); --answers keeps that for runs with the same distortions:\n"
         "  digit train --teacher a.safetensors,b.safetensors --answers answers --distort-seed 1 --distort-epochs 40 "
         "\\\n"
         "              --seed 2 --run run2 --out student2.safetensors");
    for (size_t i = 0, from = 0, part = 0; part < 3; from = i, part++) {
        while (i < train_options_n && (part == 0   ? train_options[i].use < OPTION_RECIPE
                                       : part == 1 ? train_options[i].use < OPTION_DISTORTION
                                                   : true))
            i++;
        puts(titles[part]);
        options_help(train_options + from, i - from, &train_defaults, stdout);
    }
}

int command_train(int argc, char **argv)
{
    struct train_settings set = train_defaults;
    struct why why = {0};
    char command[TRAIN_COMMAND_MAX];
    int rest;
    enum train_end end;
    enum err e = options_parse(train_options, train_options_n, &set, argc, argv, &rest, set.given, &why);
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
    catch_signals();
    e = join(argc, argv, command, sizeof(command), &why);
    if (e == OK)
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
