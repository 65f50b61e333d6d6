/* digit calibrate: temperature, thresholds and rejection head for a network that was trained elsewhere or without
 * them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/metadata.h"
#include "common/options.h"
#include "measure/calibrate.h"
#include "measure/reading.h"
#include "commands.h"

struct settings {
    char weights[OPTION_TEXT_MAX], data[OPTION_TEXT_MAX], out[OPTION_TEXT_MAX], like[OPTION_TEXT_MAX];
    struct reject_settings reject;
    bool no_reject, help;
};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, OPTION_SESSION, "weights file to start from"},
    {"out", "FILE", OPTION_TEXT, AT(out), 0, 0, OPTION_SESSION, "weights file to write"},
    {"data", "DIR", OPTION_TEXT, AT(data), 0, 0, OPTION_SESSION,
     "directory with MNIST's IDX files (weights/fetch-mnist downloads them)"},
    {"like", "FILE", OPTION_TEXT, AT(like), 0, 0, OPTION_SESSION,
     "copy temperature and thresholds from this file and fit only the rejection head (for digit train --all)"},
    {"no-reject", NULL, OPTION_FLAG, AT(no_reject), 0, 0, OPTION_SESSION, "fit no rejection head"},
    {"seed", "N", OPTION_SEED, AT(reject.seed), 0, 0, OPTION_SESSION,
     "seed for the rejection head's examples and first weights"},
    {"hidden", "N", OPTION_INT, AT(reject.hidden), 1, MODEL_REJECT_MAX, OPTION_SESSION,
     "hidden units of the rejection head"},
    {"examples", "N", OPTION_INT, AT(reject.examples), 64, REJECT_EXAMPLES_MAX, OPTION_SESSION,
     "digits the rejection head learns from, drawn anew for each step, plus as many non-digits"},
    {"threads", "N", OPTION_INT, AT(reject.threads), 0, 64, OPTION_SESSION,
     "number of threads; 0: one per processor; does not change the result"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, OPTION_SESSION, "show this help"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void help(const struct settings *defaults)
{
    puts(
        "usage: digit calibrate --out FILE [OPTION...]\n"
        "\n"
        "Makes a network's confidence match its accuracy, without changing the network. Fits the temperature, the\n"
        "confidence below which it takes a second look, the one below which it answers \"unsure\", and the rejection\n"
        "head, which flags pictures that are not digits. The rejection head learns from 55,000 of MNIST's training\n"
        "pictures; everything else is fitted on the validation set, the other 5,000.\n"
        "\n"
        "`digit train` does this at its end. Use this command for a network from elsewhere, such as a PyTorch\n"
        "state_dict saved as safetensors. A network trained on all 60,000 pictures (digit train --all) has no\n"
        "validation set left: --like copies temperature and thresholds from one trained the same way without --all.\n");
    options_help(options, OPTIONS, defaults, stdout);
}

static enum err calibrate_on(struct model *m, const struct dataset *d, const struct settings *set, struct metrics *v,
                             const struct model *like, struct why *why)
{
    uint32_t *train = NULL, *validation = NULL;
    struct calibration c = {
        .data = d, .like = like, .reject = set->no_reject ? NULL : &set->reject, .threads = set->reject.threads};
    enum err e = dataset_split(d, &train, &c.n_train, &validation, &c.n_validation);
    c.train = train;
    c.validation = validation;
    if (e != OK)
        err_why(why, e, "%s", err_str(e));
    if (e == OK)
        e = calibrate(m, &c, v, why);
    free(train);
    free(validation);
    return e;
}

/* The figures in the file belong to the old thresholds. Whether the network was trained on these pictures does not
 * change. */
static enum err note_figures(struct model *m, const struct metrics *v)
{
    struct json *figures = json_new_object();
    bool trained_on;
    metrics_json(v, figures);
    if (metadata_trained_on(m, &trained_on))
        json_set_bool(figures, "trained_on", trained_on);
    return metadata_set_json(m, "validation", figures);
}

/* *like stays NULL where everything is to be fitted. */
static enum err load_like(const struct settings *set, const struct model *m, struct model **like, struct why *why)
{
    bool trained_on;
    if (set->like[0])
        return calibration_load(like, set->like, why);
    metadata_trained_on(m, &trained_on);
    if (trained_on)
        return err_why(
            why, ERR_RANGE,
            "this network was trained on the validation set, so it cannot be calibrated on it; use --like FILE "
            "to copy the calibration of a network with the same settings that was not");
    return OK;
}

static enum err run(const struct settings *set, struct why *why)
{
    struct model *m = NULL, *like = NULL;
    struct dataset d = {0};
    struct metrics v;
    enum err e = model_load(&m, weights_find(set->weights), why);
    if (e == OK)
        reading_warn("calibrate", m, weights_find(set->weights));
    if (e == OK)
        e = load_like(set, m, &like, why);
    if (e == OK)
        e = dataset_load(&d, set->data, IDX_TRAIN, why);
    if (e == OK)
        e = calibrate_on(m, &d, set, &v, like, why);
    if (e == OK && (e = note_figures(m, &v)) != OK)
        err_why(why, e, "%s: %s", set->out, err_str(e));
    if (e == OK) {
        metadata_set_name(m, set->out); /* visitors see this name, so it must not be that of the input file */
        e = model_save(m, set->out, why);
    }
    if (e == OK) {
        printf("%s: %zu of %zu correct on the validation set, loss %.5f, ECE %.2f %%, temperature %.4f\n", set->out,
               v.right, v.n, v.loss, 100 * v.ece, (double)m->temperature);
        printf("unsure below %.4f: %zu, %zu of them wrong; rejected: %zu, %zu of them wrong\n", (double)m->unsure_below,
               v.unsure, v.unsure_wrong, v.refused, v.refused_wrong);
        if (m->reject.hidden == 0 && !set->no_reject)
            puts(like && like->reject.hidden == 0 ? "no rejection head: the --like file has none"
                                                  : "no rejection head: the network does not end in a dense layer");
    }
    dataset_free(&d);
    model_free(like);
    model_free(m);
    return e;
}

int command_calibrate(int argc, char **argv)
{
    const struct settings defaults = {.weights = WEIGHTS_DEFAULT, .data = "data", .reject = reject_defaults};
    struct settings set = defaults;
    set.reject.progress = stderr;
    struct why why = {0};
    int rest;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && rest < argc)
        e = err_why(&why, ERR_RANGE, "%.60s: calibrate takes no file arguments", argv[rest]);
    if (e == OK && !set.help && !set.out[0])
        e = err_why(&why, ERR_RANGE, "--out FILE is missing");
    if (e != OK) {
        fprintf(stderr, "digit calibrate: %s (see digit calibrate --help)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help(&defaults);
        return EXIT_DONE;
    }
    e = run(&set, &why);
    if (e == OK)
        return EXIT_DONE;
    fprintf(stderr, "digit calibrate: %s\n", why.text);
    return EXIT_FAILED;
}
