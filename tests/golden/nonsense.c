/* nonsense: pictures that have no number in them, from a seed: OUT/KIND-NUMBER.EXT. */
#include <stdio.h>
#include <stdlib.h>

#include "common/files.h"
#include "common/options.h"
#include "make/encode.h"
#include "make/nonsense.h"
#include "make/output.h"

struct settings {
    char out[OPTION_TEXT_MAX];
    int count;
    uint64_t seed;
    bool list, help;
};

static const struct settings defaults = {.count = 4, .seed = 1};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"out", "DIR", OPTION_TEXT, AT(out), 0, 0, false, "where to write KIND-NUMBER.EXT"},
    {"count", "N", OPTION_INT, AT(count), 1, 1000, false, "pictures of each kind"},
    {"seed", "N", OPTION_SEED, AT(seed), 0, 0, false, "another seed, other pictures"},
    {"list", NULL, OPTION_FLAG, AT(list), 0, 0, false, "print the kinds"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "this text"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options), QUALITY = 85, LARGE_QUALITY = 40, LARGE_PX = 4000 };

/* Dark on light, light on dark, as a PNG, as a JPEG. What is large is a JPEG: a PNG of noise is larger than a picture
 * may be. */
static void make_picture(const struct settings *set, const struct nonsense_kind *kind, int number)
{
    static const float dark[3] = {20, 22, 30}, light[3] = {244, 243, 238};
    char path[OPTION_TEXT_MAX + 80];
    struct nonsense n = {.w = 0};
    size_t size;

    rng_seed(&n.r, set->seed ^ name_hash(kind->name), RNG_DRAW, (uint64_t)number);
    kind->make(&n);
    const bool white = rng_below(&n.r, 4) == 0;
    const enum encode_format format = n.w >= LARGE_PX || rng_below(&n.r, 2) ? ENCODE_JPEG : ENCODE_PNG;
    struct canvas c = canvas_new(n.w, n.h);
    canvas_ink(&c, n.ink, white ? dark : light, white ? light : dark);
    uint8_t *bytes = encode(&c, format, n.w >= LARGE_PX ? LARGE_QUALITY : QUALITY, 1, &size);
    (void)snprintf(path, sizeof(path), "%s/%s-%04d.%s", set->out, kind->name, number, encode_extension(format));
    write_file(path, bytes, size);
    free(bytes);
    canvas_free(&c);
    free(n.ink);
}

int main(int argc, char **argv)
{
    struct settings set = defaults;
    struct why why = {0};
    int rest;

    if (options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why) != OK || rest < argc) {
        (void)fprintf(stderr, "nonsense: %s (--help tells more)\n", why.text[0] ? why.text : "takes no files");
        return 2;
    }
    if (set.help || (!set.list && !set.out[0])) {
        puts("usage: nonsense --out DIR [OPTION...]\n\nPictures without any number in them, from a seed.\n");
        options_help(options, OPTIONS, &defaults, stdout);
        return set.help ? 0 : 2;
    }
    for (const struct nonsense_kind *k = nonsense_kinds; set.list && k->name != NULL; k++)
        puts(k->name);
    if (set.list)
        return 0;
    if (dir_make(set.out, &why) != OK)
        die("nonsense", why.text);
    for (const struct nonsense_kind *k = nonsense_kinds; k->name != NULL; k++)
        for (int i = 0; i < set.count; i++)
            make_picture(&set, k, i);
    return 0;
}
