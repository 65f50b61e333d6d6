/* digit evaluate: options, and which split. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "evaluate.h"
#include "options.h"

struct settings {
    char weights[OPTION_TEXT_MAX], data[OPTION_TEXT_MAX], split[OPTION_TEXT_MAX];
    int threads;
    bool json, help;
};

static const struct settings defaults = {.weights = "weights/digits.safetensors", .data = "data", .split = "test"};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, false, "the network"},
    {"data", "DIR", OPTION_TEXT, AT(data), 0, 0, false, "where MNIST's IDX files are (weights/fetch-mnist DIR)"},
    {"split", "test|validation", OPTION_TEXT, AT(split), 0, 0, false, "which pictures"},
    {"threads", "N", OPTION_INT, AT(threads), 0, 64, false, "0: one a processor"},
    {"json", NULL, OPTION_FLAG, AT(json), 0, 0, false, "one JSON object instead of text"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "this text"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void help(void)
{
    puts("usage: digit evaluate [OPTION...]\n"
         "\n"
         "Measures a weights file by the service's own path (normaliser, then network): accuracy with its 95 %\n"
         "interval, loss, calibration, confusion, precision and recall of each class.\n");
    options_help(options, OPTIONS, &defaults, stdout);
}

int command_evaluate(int argc, char **argv)
{
    struct settings set = defaults;
    struct evaluation result;
    struct why why = {0};
    int rest;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    bool test = strcmp(set.split, "test") == 0;
    if (e == OK && rest < argc)
        e = err_why(&why, ERR_RANGE, "%.60s: evaluate takes no files", argv[rest]);
    if (e == OK && !test && strcmp(set.split, "validation") != 0)
        e = err_why(&why, ERR_RANGE, "--split: \"%.60s\" is neither test nor validation", set.split);
    if (e != OK) {
        fprintf(stderr, "digit evaluate: %s (--help tells more)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    e = evaluate_run(&result, set.weights, set.data, test ? EVALUATE_TEST : EVALUATE_VALIDATION, set.threads, &why);
    if (e == OK && set.json)
        e = evaluate_json(&result, stdout, &why);
    else if (e == OK)
        evaluate_print(&result, stdout);
    if (e == OK && (fflush(stdout) != 0 || ferror(stdout)))
        e = err_why(&why, ERR_IO, "the output cannot be written");
    if (e == OK)
        return EXIT_DONE;
    fprintf(stderr, "digit evaluate: %s\n", why.text);
    return EXIT_FAILED;
}
