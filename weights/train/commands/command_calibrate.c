/* digit calibrate: thresholds and reject rule for a network that was trained somewhere else, or without them. */
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
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, OPTION_SESSION, "the network to begin with"},
    {"out", "FILE", OPTION_TEXT, AT(out), 0, 0, OPTION_SESSION, "the weights file to write"},
    {"data", "DIR", OPTION_TEXT, AT(data), 0, 0, OPTION_SESSION,
     "where MNIST's IDX files are (weights/fetch-mnist DIR)"},
    {"like", "FILE", OPTION_TEXT, AT(like), 0, 0, OPTION_SESSION,
     "take temperature and thresholds from this weights file: fit the reject rule alone; for digit train --all"},
    {"no-reject", NULL, OPTION_FLAG, AT(no_reject), 0, 0, OPTION_SESSION,
     "no rule for what is no digit, only the rest"},
    {"seed", "N", OPTION_SEED, AT(reject.seed), 0, 0, OPTION_SESSION, "of the reject rule's examples and beginning"},
    {"hidden", "N", OPTION_INT, AT(reject.hidden), 1, MODEL_REJECT_MAX, OPTION_SESSION,
     "hidden units of the reject rule"},
    {"examples", "N", OPTION_INT, AT(reject.examples), 64, REJECT_EXAMPLES_MAX, OPTION_SESSION,
     "digits that it learns from, drawn anew for each step, and as many other pictures"},
    {"threads", "N", OPTION_INT, AT(reject.threads), 0, 64, OPTION_SESSION,
     "0: one a processor; does not change the result"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, OPTION_SESSION, "this text"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void help(const struct settings *defaults)
{
    puts("usage: digit calibrate --out FILE [OPTION...]\n"
         "\n"
         "Fits what a network's answers are worth and leaves the network as it is: the temperature of its\n"
         "probabilities, when it looks again, the confidence under which it is unsure, and what it takes for no\n"
         "digit. Decided on the 5,000 validation pictures of MNIST's training set, learnt from the other 55,000. A\n"
         "network that learnt from all of them (digit train --all) takes what they decide from one that did not: "
         "--like.\n"
         "For networks brought from elsewhere (PyTorch's state_dict as safetensors); `digit train` does it by\n"
         "itself.\n");
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

/* Those in the file are of the thresholds before. Whether the network was trained on these pictures stays as it is. */
static enum err metadata_set_figures(struct model *m, const struct metrics *v)
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
        return err_why(why, ERR_RANGE,
                       "the network learnt from the validation pictures, which cannot tell now what its answers are "
                       "worth: --like FILE takes that from one of the same recipe that did not");
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
    if (e == OK && (e = metadata_set_figures(m, &v)) != OK)
        err_why(why, e, "%s: %s", set->out, err_str(e));
    if (e == OK) {
        metadata_set_name(m, set->out); /* visitors are told it: not that of the file to begin with */
        e = model_save(m, set->out, why);
    }
    if (e == OK) {
        printf("%s: validation %zu of %zu right, loss %.5f, ECE %.2f %%, temperature %.4f\n", set->out, v.right, v.n,
               v.loss, 100 * v.ece, (double)m->temperature);
        printf("unsure under %.4f: %zu, of them wrong: %zu; not a digit: %zu, of them wrong anyway: %zu\n",
               (double)m->unsure_below, v.unsure, v.unsure_wrong, v.refused, v.refused_wrong);
        if (m->reject.hidden == 0 && !set->no_reject)
            puts(like && like->reject.hidden == 0 ? "no reject rule: the file of --like has none"
                                                  : "no reject rule: the network does not end with a dense layer");
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
        e = err_why(&why, ERR_RANGE, "%.60s: calibrate takes no files", argv[rest]);
    if (e == OK && !set.help && !set.out[0])
        e = err_why(&why, ERR_RANGE, "--out: which file to write?");
    if (e != OK) {
        fprintf(stderr, "digit calibrate: %s (--help tells more)\n", why.text);
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
