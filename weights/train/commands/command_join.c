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
    {"out", "FILE", OPTION_TEXT, AT(out), 0, 0, OPTION_SESSION, "the weights file to write"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, OPTION_SESSION, "this text"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void help(const struct settings *defaults)
{
    puts("usage: digit join --out FILE WEIGHTS WEIGHTS...\n"
         "\n"
         "Makes one network of several of the same layers: an ensemble, whose logits are the mean of its members',\n"
         "each over its own temperature. It is a weights file as any other, as large and as slow as its members "
         "together, and right more often than\n"
         "each. `digit calibrate` fits afterwards what its answers are worth and what it takes for no digit.\n");
    options_help(options, OPTIONS, defaults, stdout);
}

/* What is known of where the members come from, as they tell it themselves. */
static enum err metadata_set_members(struct model *m, struct model *const *members, int n)
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

/* What one member learnt from, the joined network knows. */
static void keep_trained_on(struct model *m, struct model *const *members, int n)
{
    bool trained_on = false;
    for (int i = 0; !trained_on && i < n; i++)
        metadata_trained_on(members[i], &trained_on);
    if (trained_on)
        model_set_meta(m, "validation", "{\"trained_on\":true}");
}

/* Metadata that all members agree on are the joined network's too. */
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
        e = metadata_set_members(m, members, n);
        if (e != OK)
            err_why(why, e, "%s", err_str(e));
    }
    if (e == OK)
        e = model_save(m, set->out, why);
    if (e == OK)
        printf("%s: %d networks, %zu weights; digit calibrate --weights %s --out %s fits its thresholds\n", set->out, n,
               m->n_params, set->out, set->out);
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
        e = err_why(&why, ERR_RANGE, "--out: which file to write?");
    if (e == OK && !set.help && (argc - rest < 2 || argc - rest > JOIN_MEMBERS_MAX))
        e = err_why(&why, ERR_RANGE, "which networks? It takes 2 to %d", JOIN_MEMBERS_MAX);
    if (e != OK) {
        fprintf(stderr, "digit join: %s (--help tells more)\n", why.text);
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
