/* digit: the network without the service. One word chooses what to do; the rest is that command's. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"classify", command_classify, "tell which digit is in each picture file"},
    {"train", command_train, "make a weights file from MNIST's training pictures"},
    {"evaluate", command_evaluate, "measure a weights file on MNIST's test or validation pictures"},
    {"calibrate", command_calibrate, "fit what a weights file's answers are worth, and what it refuses"},
    {"join", command_join, "make one network of several of the same layers: an ensemble"},
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void help(FILE *out)
{
    fputs("usage: digit COMMAND [OPTION...] [FILE...]\n\n", out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    fputs("\n`digit COMMAND --help` lists a command's options; `digit --version` tells the version.\n", out);
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
    fprintf(stderr, "digit: %.60s: no such command (digit --help lists them)\n", argv[1]);
    return EXIT_USAGE;
}
