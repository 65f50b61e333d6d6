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
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, OPTION_SESSION, "weights file to measure"},
    {"data", "DIR", OPTION_TEXT, AT(data), 0, 0, OPTION_SESSION,
     "directory with MNIST's IDX files (weights/fetch-mnist downloads them)"},
    {"split", "test|validation", OPTION_TEXT, AT(split), 0, 0, OPTION_SESSION,
     "which pictures to use [test; with --reject: validation]"},
    {"errors", "DIR", OPTION_TEXT, AT(errors), 0, 0, OPTION_SESSION,
     "save every misread picture there, as INDEX-truthT-answerA-CONFIDENCE.png"},
    {"reject", NULL, OPTION_FLAG, AT(reject), 0, 0, OPTION_SESSION,
     "also measure rejection of clothes, noise, blank paper, letters and shapes"},
    {"fashion", "DIR", OPTION_TEXT, AT(fashion), 0, 0, OPTION_SESSION,
     "directory with Fashion-MNIST (Debian package dataset-fashion-mnist)"},
    {"seed", "N", OPTION_SEED, AT(seed), 0, 0, OPTION_SESSION, "seed for the noise, paper, letters and shapes"},
    {"threads", "N", OPTION_INT, AT(threads), 0, 64, OPTION_SESSION, "number of threads; 0: one per processor"},
    {"json", NULL, OPTION_FLAG, AT(json), 0, 0, OPTION_SESSION,
     "print one JSON object, with the misread pictures in it, instead of text"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, OPTION_SESSION, "show this help"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void help(void)
{
    puts(
        "usage: digit evaluate [OPTION...]\n"
        "\n"
        "Measures a network the way the service runs it (normaliser, then network): accuracy with its 95 %\n"
        "confidence interval, loss, calibration error, confusion matrix, precision and recall for each digit, and how\n"
        "many pictures are unsure or rejected.\n");
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
        printf("\n%zu misread pictures saved in %s\n", wrong, set->errors);
    if (e == OK && (fflush(stdout) != 0 || ferror(stdout)))
        e = err_why(why, ERR_IO, "cannot write the output");
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
        fprintf(stderr, "digit evaluate: %s (see digit evaluate --help)\n", why.text);
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
