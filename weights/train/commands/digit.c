/* digit: the network without the service. The first word chooses the command, which reads the rest. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"classify", command_classify, "read the digit in each picture file"},
    {"read", command_read, "read the numbers in each picture file"},
    {"fit-numbers", command_fit_numbers, "fit"},
    {"train", command_train, "train a network on MNIST and write a weights file"},
    {"evaluate", command_evaluate, "measure a network on MNIST's test or validation set"},
    {"calibrate", command_calibrate, "fit confidence, thresholds and rejection head of a trained network"},
    {"join", command_join, "combine networks with the same layers into one ensemble"},
    {"learn", command_learn, "train a copy of a network further on a site's own digits"},
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void help(FILE *out)
{
    fputs("usage: digit COMMAND [OPTION...] [FILE...]\n\n", out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    fputs("\n`digit COMMAND --help` lists the options of a command; `digit --version` prints the version.\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return EXIT_USAGE;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("digit " DIGITD_VERSION);
        return EXIT_DONE;
    }
    fprintf(stderr, "digit: %.60s: unknown command (see digit --help)\n", argv[1]);
    return EXIT_USAGE;
}
