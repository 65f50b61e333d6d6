/* digit classify: the digit in each picture file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/options.h"
#include "command_shared.h"
#include "commands.h"
#include "picture_files.h"

struct settings {
    char weights[OPTION_TEXT_MAX], steps[OPTION_TEXT_MAX], invert[OPTION_TEXT_MAX], center[OPTION_TEXT_MAX];
    bool json, help;
};

static const struct settings defaults = {.weights = WEIGHTS_DEFAULT, .invert = "auto", .center = "mass"};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, false, "weights file to use"},
    {"invert", "WORD", OPTION_TEXT, AT(invert), 0, 0, false, "dark ink on light paper: yes, no, or auto (detect)"},
    {"center", "WORD", OPTION_TEXT, AT(center), 0, 0, false,
     "center the digit by its mass or its box, or none to leave it where it is"},
    {"steps", "DIR", OPTION_TEXT, AT(steps), 0, 0, false,
     "save the picture after each processing step there, as NAME-1-grey.png ..."},
    {"json", NULL, OPTION_FLAG, AT(json), 0, 0, false, "print one JSON object instead of text"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "show this help"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

/* Where a picture has no ink: which stage of the normaliser found none, and why. */
static void tell_refusal(struct json *result, enum normalise_refusal refusal)
{
    if (refusal == NORMALISE_NOT_REFUSED)
        return;
    struct json *o = json_set_object(result, "refused");
    json_set_str(o, "stage", normalise_refusal_stage(refusal));
    json_set_str(o, "reason", normalise_refusal_reason(refusal));
}

/* The rows of several digits, in one line. */
static void tell_rows(const struct numbers *n, const struct reading *v)
{
    char text[NUMBERS_CELL_MAX];
    for (int i = 0; i < numbers_rows(n); i++) {
        numbers_row(n, v, i, false, text);
        printf("%s %s", i > 0 ? "," : "", text);
    }
}

static void tell_digit(const struct answer *a)
{
    const int second = verdict_runner_up(a->probability, a->digit);
    printf("%d (%.2f %%", a->digit, 100 * (double)a->confidence);
    if (a->verdict == VERDICT_UNSURE)
        fputs(", unsure:", stdout);
    if (a->unsure_because & UNSURE_CONFIDENCE)
        printf(" may be %d, %.2f %%", second, 100 * (double)a->probability[second]);
    if (a->unsure_because & UNSURE_UNFAMILIAR)
        printf("%s unlike the digits it was trained on", a->unsure_because == UNSURE_BOTH ? ";" : "");
    fputs(")", stdout);
}

static void tell_line(const struct numbers *n, const struct reading *v)
{
    const struct answer *a = &v->answer;
    printf("%s: ", v->name);
    if (numbers_are_several(n)) {
        fputs("several digits:", stdout);
        tell_rows(n, v);
        printf(" (%.2f %%)", 100 * (double)numbers_confidence(n, v));
    } else if (a->verdict == VERDICT_NOT_A_DIGIT) {
        fputs("not a digit", stdout);
    } else {
        tell_digit(a);
    }
    if (numbers_may_be_several(n, a)) {
        fputs(", or several:", stdout);
        tell_rows(n, v);
    }
    putchar('\n');
}

static enum err tell(void *ctx, struct reading *one, struct json *result, struct why *why)
{
    struct picture_files *files = ctx;
    enum err e = numbers_classify(files->numbers, one, &files->eye);

    if (e == OK && result)
        e = numbers_set_classified(result, files->numbers, one);
    if (e != OK)
        return err_why(why, e, "%s: %s", one->name, err_str(e));
    if (result)
        tell_refusal(result, one->decoded.steps.refusal);
    else
        tell_line(files->numbers, one);
    return OK;
}

static void help(void)
{
    puts("usage: digit classify [OPTION...] FILE...\n"
         "\n"
         "Reads the digit in each picture (PNG, JPEG, GIF, BMP, WebP, TIFF, AVIF). Files that cannot be read are\n"
         "reported, the others are still answered, and the exit status is 1. --steps overwrites files of an\n"
         "earlier run; two pictures with the same name in one run are saved as NAME and NAME~2.\n");
    options_help(options, OPTIONS, &defaults, stdout);
}

/* The options' words as settings of the request. */
static enum err wishes_take(const struct settings *set, struct picture_files *files, struct why *why)
{
    const int center = command_word_find(reading_center_words, set->center);
    const enum err e = picture_files_invert(files, set->invert, why);

    if (e == OK && center < 0)
        return err_why(why, ERR_RANGE, "--center must be mass, box or none");
    files->request.center = (enum normalise_center)center;
    return e;
}

int command_classify(int argc, char **argv)
{
    struct settings set = defaults;
    struct picture_files files = {.command = "classify"};
    struct why why = {0};
    int rest, status = EXIT_FAILED;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && !set.help && rest == argc)
        e = err_why(&why, ERR_RANGE, "name at least one picture file");
    if (e == OK)
        e = wishes_take(&set, &files, &why);
    if (e != OK) {
        fprintf(stderr, "digit classify: %s (see digit classify --help)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    e = picture_files_open(&files, set.weights, set.steps, argc - rest, &why);
    if (e == OK)
        e = picture_files_open_numbers(&files, &why);
    if (e != OK)
        fprintf(stderr, "digit classify: %s\n", why.text);
    else
        status = picture_files_run(&files, argc - rest, argv + rest, set.json, tell, &files);
    if (fflush(stdout) != 0 || ferror(stdout))
        status = EXIT_FAILED;
    picture_files_close(&files);
    return status;
}
