/* digit evaluate: options, and which split. */
#include <stdio.h>
#include <string.h>

#include "common/files.h"
#include "common/options.h"
#include "measure/evaluate.h"
#include "commands.h"

struct settings {
    char weights[OPTION_TEXT_MAX], data[OPTION_TEXT_MAX], split[OPTION_TEXT_MAX], errors[OPTION_TEXT_MAX];
    char fashion[OPTION_TEXT_MAX];
    uint64_t seed;
    int threads;
    bool reject, json, help;
};

static const struct settings defaults = {
    .weights = WEIGHTS_DEFAULT, .data = "data", .fashion = REJECTION_RATES_FASHION_DIR, .seed = 1};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, OPTION_SESSION, "the network"},
    {"data", "DIR", OPTION_TEXT, AT(data), 0, 0, OPTION_SESSION,
     "where MNIST's IDX files are (weights/fetch-mnist DIR)"},
    {"split", "test|validation", OPTION_TEXT, AT(split), 0, 0, OPTION_SESSION,
     "which pictures [test; with --reject validation]"},
    {"errors", "DIR", OPTION_TEXT, AT(errors), 0, 0, OPTION_SESSION,
     "write every wrong picture as a PNG named INDEX-truthT-answerA-CONFIDENCE"},
    {"reject", NULL, OPTION_FLAG, AT(reject), 0, 0, OPTION_SESSION,
     "also tell how much is refused of clothes, noise, paper, letters, shapes"},
    {"fashion", "DIR", OPTION_TEXT, AT(fashion), 0, 0, OPTION_SESSION,
     "where Fashion-MNIST is (Debian: dataset-fashion-mnist)"},
    {"seed", "N", OPTION_SEED, AT(seed), 0, 0, OPTION_SESSION, "of noise, paper, letters and shapes"},
    {"threads", "N", OPTION_INT, AT(threads), 0, 64, OPTION_SESSION, "0: one a processor"},
    {"json", NULL, OPTION_FLAG, AT(json), 0, 0, OPTION_SESSION,
     "one JSON object instead of text, with the wrong pictures in it"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, OPTION_SESSION, "this text"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void help(void)
{
    puts("usage: digit evaluate [OPTION...]\n"
         "\n"
         "Measures a weights file by the service's own path (normaliser, then network): accuracy with its 95 %\n"
         "interval, loss, calibration, confusion, precision and recall of each class, and what is refused as no\n"
         "digit.\n");
    options_help(options, OPTIONS, &defaults, stdout);
}

/* The split that is asked for; false for a word that is none. */
static bool find_split(const struct settings *set, enum evaluate_split *split)
{
    *split = set->reject ? EVALUATE_VALIDATION : EVALUATE_TEST;
    if (strcmp(set->split, "test") == 0)
        *split = EVALUATE_TEST;
    else if (strcmp(set->split, "validation") == 0)
        *split = EVALUATE_VALIDATION;
    else
        return set->split[0] == '\0';
    return true;
}

static enum err tell(const struct evaluation *result, const struct settings *set, struct why *why)
{
    size_t wrong = 0;
    enum err e = set->errors[0] ? evaluate_errors_write(result, set->errors, &wrong, why) : OK;
    if (e == OK && set->json)
        e = evaluate_json(result, stdout, why);
    else if (e == OK)
        evaluate_print(result, stdout);
    if (e == OK && set->errors[0] && !set->json)
        printf("\n%zu wrong pictures in %s\n", wrong, set->errors);
    if (e == OK && (fflush(stdout) != 0 || ferror(stdout)))
        e = err_why(why, ERR_IO, "the output cannot be written");
    return e;
}

int command_evaluate(int argc, char **argv)
{
    struct settings set = defaults;
    struct evaluation result = {0};
    struct why why = {0};
    enum evaluate_split split = EVALUATE_TEST;
    int rest;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && rest < argc)
        e = err_why(&why, ERR_RANGE, "%.60s: evaluate takes no files", argv[rest]);
    if (e == OK && !find_split(&set, &split))
        e = err_why(&why, ERR_RANGE, "--split: \"%.60s\" is neither test nor validation", set.split);
    if (e != OK) {
        fprintf(stderr, "digit evaluate: %s (--help tells more)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    const struct evaluate_settings what = {.weights = weights_find(set.weights),
                                           .data = set.data,
                                           .split = split,
                                           .threads = set.threads,
                                           .reject = set.reject,
                                           .fashion = set.fashion,
                                           .seed = set.seed};
    e = evaluate_run(&result, &what, &why);
    if (e == OK)
        e = tell(&result, &set, &why);
    evaluate_free(&result);
    if (e == OK)
        return EXIT_DONE;
    fprintf(stderr, "digit evaluate: %s\n", why.text);
    return EXIT_FAILED;
}
