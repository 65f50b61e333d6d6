/* digit train: options, signals, the command line for the record. */
#include <stdio.h>
#include <string.h>

#include "run/train.h"
#include "command_shared.h"
#include "commands.h"

static void help(void)
{
    static const char *const titles[] = {"\nFiles and run control:", "\nTraining settings:",
                                         "\nRandom distortions, drawn anew for each picture and epoch:"};
    puts(
        "usage: digit train [--data DIR] [--out FILE] [OPTION...]\n"
        "       digit train --run DIR --resume | --finish\n"
        "\n"
        "Trains a network on 55,000 of MNIST's training pictures, validates it on the other 5,000, and writes a\n"
        "weights file. The test set is never read. The same options give the same file, bit for bit, on any number of\n"
        "threads with the same instruction set. Ctrl-C finishes the current step and saves a checkpoint; a kill loses\n"
        "the work since the last epoch ended. The run directory holds the checkpoint and log.jsonl: the command line,\n"
        "all settings, checksums of data and teachers, version, compiler and instruction set, and a line per epoch.\n"
        "\n"
        "With --teacher, the network also learns to match the outputs of finished networks (distillation; Hinton,\n"
        "Vinyals, Dean 2015). --answers saves those outputs for other runs with the same distortions:\n"
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
        e = err_why(&why, ERR_RANGE, "%.60s: train takes no file arguments", argv[rest]);
    if (e != OK) {
        fprintf(stderr, "digit train: %s (see digit train --help)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    command_catch_signals();
    e = command_line_join(argc, argv, command, sizeof(command), &why);
    if (e == OK)
        e = train_run(&set, command, &command_stop, stderr, &end, &why);
    if (e != OK) {
        fprintf(stderr, "digit train: %s\n", why.text);
        return EXIT_FAILED;
    }
    if (end == TRAIN_STOPPED) {
        fprintf(stderr,
                "\ndigit train: stopped; continue with `digit train --run %s --resume`, or write the best so far with "
                "--finish\n",
                set.run);
        return EXIT_STOPPED;
    }
    return EXIT_DONE;
}
