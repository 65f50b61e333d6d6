/* digit learn: options, signals, the table of before and after, and what came of it in a sentence. */
#include <stdio.h>
#include <string.h>

#include "common/files.h"
#include "measure/reject_fit.h"
#include "run/learn.h"
#include "command_shared.h"
#include "commands.h"

enum { COMMAND_MAX = 4096 };

static const struct learn_settings defaults = {.weights = WEIGHTS_DEFAULT,
                                               .data = "data",
                                               .seed = 1,
                                               .epochs = 20,
                                               .mix = 9,
                                               .rate = 1e-4F,
                                               .reject_examples = REJECT_EXAMPLES};

#define AT(field) offsetof(struct learn_settings, field)
static const struct option options[] = {
    {"corrections", "DIR", OPTION_TEXT, AT(corrections), 0, 0, OPTION_SESSION,
     "directory with digits that people corrected or confirmed, as `digitctl learn export` writes it"},
    {"out", "FILE", OPTION_TEXT, AT(out), 0, 0, OPTION_SESSION, "weights file to write, if it is not worse"},
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, OPTION_SESSION,
     "weights file to start from, which has learnt from no site yet; it is not changed"},
    {"data", "DIR", OPTION_TEXT, AT(data), 0, 0, OPTION_SESSION,
     "directory with MNIST's IDX files (weights/fetch-mnist downloads them)"},
    {"epochs", "N", OPTION_INT, AT(epochs), 1, 1000, OPTION_SESSION, "passes over the corrections"},
    {"mix", "N", OPTION_INT, AT(mix), 1, 100, OPTION_SESSION, "MNIST's pictures for each correction"},
    {"rate", "RATE", OPTION_FLOAT, AT(rate), 1e-7, 0.1, OPTION_SESSION, "peak learning rate (AdamW)"},
    {"seed", "N", OPTION_SEED, AT(seed), 0, 0, OPTION_SESSION,
     "seed for the order of pictures, distortions, dropout and the rejection head"},
    {"reject-examples", "N", OPTION_INT, AT(reject_examples), 0, REJECT_EXAMPLES_MAX, OPTION_SESSION,
     "digits the rejection head learns from, drawn anew for each step; 0: no rejection head"},
    {"threads", "N", OPTION_INT, AT(threads), 0, 64, OPTION_SESSION,
     "number of threads; 0: one per processor; does not change the result"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, OPTION_SESSION, "show this help"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void help(void)
{
    printf(
        "usage: digit learn --corrections DIR --out FILE [OPTION...]\n"
        "\n"
        "Trains a copy of a network a little further on a site's own digits, with MNIST's mixed in, and fits its\n"
        "temperature, thresholds and rejection head anew. Every fifth correction is held back from the training. On\n"
        "these, and on MNIST's validation pictures, the network and its copy are compared. FILE is written only if\n"
        "the copy reads no fewer of the corrections, and at most one in %d of MNIST's pictures fewer.\n"
        "\n"
        "At least %d different corrections are needed. Any directory with IDX files will do, such as a history\n"
        "exported from the page. `digitctl reload --weights FILE` makes the site use the result.\n"
        "\n"
        "Exit status: 0 written; 1 failure; 2 wrong usage; 3 nothing written: too few corrections, or the copy\n"
        "would be worse; 130 stopped by Ctrl-C or SIGTERM.\n"
        "\n",
        LEARN_WORSE_PART, LEARN_LEAST);
    options_help(options, OPTIONS, &defaults, stdout);
}

/* ---- the table ---- */

static void row(const char *name, const struct learn_figures *f[4], size_t offset)
{
    printf("%-22s", name);
    for (int i = 0; i < 4; i++) {
        size_t v;
        memcpy(&v, (const char *)f[i] + offset, sizeof(v));
        printf("%s%9zu", i == 2 ? "    " : "", v);
    }
    putchar('\n');
}

static void table(const struct learn_result *r)
{
    const struct learn_figures *f[4] = {&r->held[0], &r->held[1], &r->mnist[0], &r->mnist[1]};
    printf("%-22s%18s    %18s\n", "", "corrections held", "MNIST's validation");
    printf("%-22s%18s    %18s\n", "", "back", "pictures");
    printf("%-22s%9s%9s    %9s%9s\n", "", "before", "after", "before", "after");
    row("pictures", f, offsetof(struct learn_figures, n));
    row("read right", f, offsetof(struct learn_figures, right));
    printf("%-22s", "  in percent");
    for (int i = 0; i < 4; i++)
        printf("%s%9.2f", i == 2 ? "    " : "", f[i]->n > 0 ? 100 * (double)f[i]->right / (double)f[i]->n : 0);
    putchar('\n');
    row("unsure", f, offsetof(struct learn_figures, unsure));
    row("rejected", f, offsetof(struct learn_figures, refused));
    row("wrong without doubt", f, offsetof(struct learn_figures, sure_wrong));
}

static void tell_corrections(const struct learn_result *r)
{
    printf("%zu corrections", r->given);
    if (r->same > 0)
        printf(", %zu the same as another", r->same);
    if (r->spoilt > 0)
        printf(", %zu blank or blots", r->spoilt);
    printf("; %zu to learn from, %zu held back\n", r->n_learn, r->n_held);
}

/* What came of it; the exit status. */
static int tell(const struct learn_result *r, const struct learn_settings *set)
{
    if (r->end == LEARN_STOPPED) {
        fputs("digit learn: stopped; nothing was written\n", stderr);
        return EXIT_STOPPED;
    }
    if (r->end == LEARN_NONE) {
        fprintf(
            stderr,
            "digit learn: no corrections in %s (%d are needed); `digitctl learn export %s` writes those of a site\n",
            set->corrections, LEARN_LEAST, set->corrections);
        return EXIT_NOTHING;
    }
    tell_corrections(r);
    if (r->end == LEARN_TOO_FEW) {
        fflush(stdout);
        fprintf(stderr, "digit learn: %zu different corrections are too few: %d are needed; nothing was written\n",
                r->n_learn + r->n_held, LEARN_LEAST);
        return EXIT_NOTHING;
    }
    table(r);
    fflush(stdout);
    if (r->end == LEARN_DONE) {
        printf("%s: written; `digitctl reload --weights %s` makes the site use it\n", set->out, set->out);
        return EXIT_DONE;
    }
    if (r->end == LEARN_WORSE_HELD)
        fprintf(stderr,
                "digit learn: the new network would be worse: it reads %zu fewer of the corrections held back; nothing "
                "was written\n",
                r->held[0].right - r->held[1].right);
    else
        fprintf(stderr,
                "digit learn: the new network would be worse: it reads %zu fewer of MNIST's validation pictures, and "
                "%zu may be lost; nothing was written\n",
                r->mnist[0].right - r->mnist[1].right, r->mnist[1].n / LEARN_WORSE_PART);
    return EXIT_NOTHING;
}

int command_learn(int argc, char **argv)
{
    struct learn_settings set = defaults;
    struct learn_result result;
    struct why why = {0};
    char command[COMMAND_MAX];
    int rest;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && rest < argc)
        e = err_why(&why, ERR_RANGE, "%.60s: learn takes no file arguments", argv[rest]);
    if (e == OK && !set.help && (!set.out[0] || !set.corrections[0]))
        e = err_why(&why, ERR_RANGE, "--%s is missing", set.out[0] ? "corrections DIR" : "out FILE");
    if (e != OK) {
        fprintf(stderr, "digit learn: %s (see digit learn --help)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    command_catch_signals();
    e = command_line_join(argc, argv, command, sizeof(command), &why);
    if (e == OK)
        e = learn_run(&result, &set, command, &command_stop, stderr, &why);
    if (e != OK) {
        fprintf(stderr, "digit learn: %s\n", why.text);
        return EXIT_FAILED;
    }
    return tell(&result, &set);
}
