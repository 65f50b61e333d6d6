/* digit join: networks of the same shape, trained apart, as one weights file. */
#include <stdio.h>
#include <string.h>

#include "common/metadata.h"
#include "common/options.h"
#include "measure/reading.h"
#include "network/join.h"
#include "commands.h"

struct settings {
    char out[OPTION_TEXT_MAX];
    bool help;
};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"out", "FILE", OPTION_TEXT, AT(out), 0, 0, OPTION_SESSION, "weights file to write"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, OPTION_SESSION, "show this help"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void help(const struct settings *defaults)
{
    puts(
        "usage: digit join --out FILE WEIGHTS WEIGHTS...\n"
        "\n"
        "Combines networks with the same layers into one ensemble, whose logits are the mean of its members' logits,\n"
        "each divided by its temperature. The result is an ordinary weights file, as large and as slow as its members\n"
        "together, and usually more accurate than any of them. Run `digit calibrate` on it afterwards.\n");
    options_help(options, OPTIONS, defaults, stdout);
}

/* Where the members come from, according to their own metadata. */
static enum err note_members(struct model *m, struct model *const *members, int n)
{
    static const char *const told[] = {"name", "command", "epoch"};
    struct json *list = json_new_array();
    for (int i = 0; i < n; i++) {
        struct json *one = json_add_object(list);
        for (size_t k = 0; k < sizeof(told) / sizeof(*told); k++)
            if (model_meta(members[i], told[k]))
                json_set_str(one, told[k], model_meta(members[i], told[k]));
        json_set_str(one, "sha256", members[i]->sha256);
    }
    return metadata_set_json(m, "members", list);
}

/* What one member was trained on, the ensemble was trained on. */
static void keep_trained_on(struct model *m, struct model *const *members, int n)
{
    bool trained_on = false;
    for (int i = 0; !trained_on && i < n; i++)
        metadata_trained_on(members[i], &trained_on);
    if (trained_on)
        model_set_meta(m, "validation", "{\"trained_on\":true}");
}

/* Metadata that all members share hold for the ensemble as well. */
static void keep_common(struct model *m, struct model *const *members, int n)
{
    static const char *const keys[] = {"dataset", "split"};
    for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
        const char *value = model_meta(members[0], keys[k]);
        bool common = value;
        for (int i = 1; common && i < n; i++) {
            const char *other = model_meta(members[i], keys[k]);
            common = other && strcmp(other, value) == 0;
        }
        if (common)
            model_set_meta(m, keys[k], value);
    }
}

static enum err run(const struct settings *set, char **files, int n, struct why *why)
{
    struct model *members[JOIN_MEMBERS_MAX] = {NULL}, *m = NULL;
    enum err e = OK;
    for (int i = 0; e == OK && i < n; i++)
        if ((e = model_load(&members[i], files[i], why)) == OK)
            reading_warn("join", members[i], files[i]);
    if (e == OK)
        e = join_models(&m, members, n, why);
    if (e == OK) {
        keep_common(m, members, n);
        keep_trained_on(m, members, n);
        metadata_set_name(m, set->out);
        metadata_set_program(m);
        e = note_members(m, members, n);
        if (e != OK)
            err_why(why, e, "%s", err_str(e));
    }
    if (e == OK)
        e = model_save(m, set->out, why);
    if (e == OK)
        printf("%s: %d networks, %zu weights; next: digit calibrate --weights %s --out %s\n", set->out, n, m->n_params,
               set->out, set->out);
    for (int i = 0; i < n; i++)
        model_free(members[i]);
    model_free(m);
    return e;
}

int command_join(int argc, char **argv)
{
    const struct settings defaults = {.out = ""};
    struct settings set = defaults;
    struct why why = {0};
    int rest;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && !set.help && !set.out[0])
        e = err_why(&why, ERR_RANGE, "--out FILE is missing");
    if (e == OK && !set.help && (argc - rest < 2 || argc - rest > JOIN_MEMBERS_MAX))
        e = err_why(&why, ERR_RANGE, "name 2 to %d weights files", JOIN_MEMBERS_MAX);
    if (e != OK) {
        fprintf(stderr, "digit join: %s (see digit join --help)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help(&defaults);
        return EXIT_DONE;
    }
    e = run(&set, argv + rest, argc - rest, &why);
    if (e == OK)
        return EXIT_DONE;
    fprintf(stderr, "digit join: %s\n", why.text);
    return EXIT_FAILED;
}
