/* draw: labelled pictures of digits, made from a seed, none of them from MNIST.
 *
 * Writes OUT/KIND/LABEL-NUMBER.EXT. Number n of a kind has label n % 10 and is by writer n / 10, and is the same
 * however many are made. The writers are the same people in every kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/options.h"
#include "make/kinds.h"
#include "make/output.h"

enum { WRITERS = 60, WRITER_STEP = 5 };

struct settings {
    char out[OPTION_TEXT_MAX], kind[OPTION_TEXT_MAX];
    int count;
    uint64_t seed;
    bool list, help;
};

static const struct settings defaults = {.count = 40, .seed = 1};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"out", "DIR", OPTION_TEXT, AT(out), 0, 0, false, "where to write KIND/LABEL-NUMBER.EXT"},
    {"kind", "NAME", OPTION_TEXT, AT(kind), 0, 0, false, "one kind alone; empty: all"},
    {"count", "N", OPTION_INT, AT(count), 1, 100000, false, "pictures of each kind"},
    {"seed", "N", OPTION_SEED, AT(seed), 0, 0, false, "another seed, other writers and pictures"},
    {"list", NULL, OPTION_FLAG, AT(list), 0, 0, false, "print the kinds"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "this text"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

static void make_picture(const struct settings *set, const struct kind *kind, int number)
{
    const uint64_t hash = name_hash(kind->name);
    struct job j = {.label = number % 10, .number = number, .format = ENCODE_PNG, .quality = 90, .orientation = 1};
    char path[OPTION_TEXT_MAX + 80];
    struct rng r;
    size_t n;

    rng_seed(&r, set->seed, RNG_DRAW, (hash % WRITERS + (uint64_t)(number / 10) * WRITER_STEP) % WRITERS);
    writer_make(&j.writer, &r);
    rng_seed(&j.r, set->seed ^ hash, RNG_DRAW, (uint64_t)number);
    kind->make(&j);
    uint8_t *bytes = encode(&j.canvas, j.format, j.quality, j.orientation, &n);
    (void)snprintf(path, sizeof(path), "%s/%s/%d-%04d.%s", set->out, kind->name, j.label, number,
                   encode_extension(j.format));
    write_file(path, bytes, n);
    free(bytes);
    canvas_free(&j.canvas);
}

/* How many kinds were wanted. */
static int make_kinds(const struct settings *set, const struct kind *kinds)
{
    char dir[OPTION_TEXT_MAX + 80];
    struct why why = {0};
    int made = 0;

    for (const struct kind *k = kinds; k->name != NULL; k++) {
        if (set->kind[0] && strcmp(set->kind, k->name) != 0)
            continue;
        made++;
        if (set->list) {
            puts(k->name);
            continue;
        }
        (void)snprintf(dir, sizeof(dir), "%s/%s", set->out, k->name);
        if (dir_make(dir, &why) != OK)
            die("draw", why.text);
        for (int i = 0; i < set->count; i++)
            make_picture(set, k, i);
    }
    return made;
}

int main(int argc, char **argv)
{
    static const struct kind *const all[] = {kinds_drawn, kinds_photographed, kinds_company, kinds_cells, kinds_faint};
    struct settings set = defaults;
    struct why why = {0};
    int rest;

    if (options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why) != OK || rest < argc) {
        (void)fprintf(stderr, "draw: %s (--help tells more)\n", why.text[0] ? why.text : "takes no files");
        return 2;
    }
    if (set.help || (!set.list && !set.out[0])) {
        puts("usage: draw --out DIR [OPTION...]\n\nLabelled pictures of digits, from a seed.\n");
        options_help(options, OPTIONS, &defaults, stdout);
        return set.help ? 0 : 2;
    }
    int made = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        made += make_kinds(&set, all[i]);
    if (made == 0)
        die("draw", "no such kind (--list prints them)");
    return 0;
}
