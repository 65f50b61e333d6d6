/* digit fit-numbers: fits how numbers are read (layout/terms.h) to a network, on pictures that build/golden/numbers
 * wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/numbers.h"
#include "base/buf.h"
#include "base/json.h"
#include "common/files.h"
#include "common/metadata.h"
#include "common/options.h"
#include "measure/numbers_fit.h"
#include "commands.h"
#include "picture_files.h"

enum { TRUTH_MAX_BYTES = 256 * 1024 * 1024, PATH_MAX_BYTES = 1024, TEXT_MAX = 4096 };
enum { TERMS_TEXT_MAX = 1 << 20, TRUTH_DEPTH = 8 };

struct settings {
    char weights[OPTION_TEXT_MAX], out[OPTION_TEXT_MAX], table[OPTION_TEXT_MAX];
    uint64_t seed;
    int epochs;
    float rate, decay;
    bool help;
};

static const struct settings defaults = {
    .weights = WEIGHTS_DEFAULT, .seed = 1, .epochs = 30, .rate = 0.012F, .decay = 0.05F};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, OPTION_SESSION, "weights file to start from"},
    {"out", "FILE", OPTION_TEXT, AT(out), 0, 0, OPTION_SESSION, "weights file to write"},
    {"table", "FILE", OPTION_TEXT, AT(table), 0, 0, OPTION_SESSION,
     "also write the result as C: fcgi/layout/terms_default.c, for networks without their own"},
    {"epochs", "N", OPTION_INT, AT(epochs), 1, 1000, OPTION_SESSION, "times through all pictures"},
    {"rate", "RATE", OPTION_FLOAT, AT(rate), 1e-6, 1, OPTION_SESSION, "learning rate at the start"},
    {"decay", "RATE", OPTION_FLOAT, AT(decay), 0, 1, OPTION_SESSION, "weight decay"},
    {"seed", "N", OPTION_SEED, AT(seed), 0, 0, OPTION_SESSION, "seed for the first values and the order"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, OPTION_SESSION, "show this help"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

struct fitter {
    struct picture_files files;
    struct numbers_eye eye;
    struct layout_lattice *lattice;
    struct layout_looks *looks;
    struct numbers_set *set;
};

static enum err look(struct fitter *f, const char *path, struct why *why)
{
    struct decoder_reply reply;
    enum err e = picture_files_decode(&f->files, path, &reply, why);

    if (e == OK && (e = layout_look(f->lattice, numbers_ask, &f->eye, f->looks)) != OK)
        err_why(why, e, "%s: %s", path, err_str(e));
    return e;
}

/* The text of a line of truth.jsonl without spaces and ends of rows. */
static bool truth_text(const struct json *line, char text[TEXT_MAX])
{
    const char *from = json_get_str(line, "text", NULL);
    size_t n = 0;

    for (; from && *from && n + 1 < TEXT_MAX; from++)
        if (*from != ' ' && *from != '\n')
            text[n++] = *from;
    text[n] = '\0';
    return from != NULL && *from == '\0';
}

static enum err add_line(struct fitter *f, const char *dir, const char *line, bool *possible, struct why *why)
{
    char path[PATH_MAX_BYTES], text[TEXT_MAX];
    struct json *truth = NULL;
    const char *file;
    enum err e = json_parse(&truth, line, strlen(line), TRUTH_DEPTH, why);

    file = e == OK ? json_get_str(truth, "file", NULL) : NULL;
    if (e == OK && (!file || !truth_text(truth, text)))
        e = err_why(why, ERR_FORMAT, "%s/truth.jsonl: a line without file or text", dir);
    if (e == OK) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, file);
        e = look(f, path, why);
    }
    if (e == OK && (e = numbers_set_add(f->set, f->lattice, f->looks, text, possible)) != OK)
        err_why(why, e, "%s: %s", path, err_str(e));
    json_free(truth);
    return e;
}

static enum err add_dir(struct fitter *f, const char *dir, struct why *why)
{
    char path[PATH_MAX_BYTES], *save = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;
    int all = 0, usable = 0;
    (void)snprintf(path, sizeof(path), "%s/truth.jsonl", dir);
    enum err e = file_read(&bytes, &n, path, TRUTH_MAX_BYTES, why);
    if (e != OK)
        return e;
    char *text = strndup((const char *)bytes, n);
    free(bytes);
    if (!text)
        return err_why(why, ERR_NOMEM, "out of memory");
    for (char *line = strtok_r(text, "\n", &save); e == OK && line; line = strtok_r(NULL, "\n", &save)) {
        bool possible = false;

        e = add_line(f, dir, line, &possible, why);
        all++;
        usable += possible;
    }
    free(text);
    if (e == OK)
        fprintf(stderr, "%s: %d pictures, %d of them with a way that gives their text\n", dir, all, usable);
    return e;
}

static void write_list(FILE *f, const float *v, int n, const char *end)
{
    (void)fputc('{', f);
    for (int i = 0; i < n; i++)
        (void)fprintf(f, "%s%.5eF", i == 0 ? "" : ", ", (double)v[i]);
    (void)fprintf(f, "}%s", end);
}

static enum err write_table(const struct layout_terms *t, const char *path, struct why *why)
{
    FILE *f = fopen(path, "w");

    if (!f)
        return err_why(why, ERR_IO, "%s: cannot be written", path);
    (void)fputs("/* Written by digit fit-numbers --table. */\n#include \"terms.h\"\n\n/* clang-format off */\n"
                "const struct layout_terms layout_terms_default = {\n.hidden = {\n",
                f);
    for (int h = 0; h < TERMS_HIDDEN; h++)
        write_list(f, t->hidden[h], TERMS_INPUTS, ",\n");
    (void)fputs("},\n.bias = ", f);
    write_list(f, t->bias, TERMS_HIDDEN, ",\n.label = {\n");
    for (int i = 0; i < LAYOUT_LABELS; i++)
        write_list(f, t->label[i], TERMS_HIDDEN, ",\n");
    (void)fputs("},\n.own = ", f);
    write_list(f, t->own, TERMS_HIDDEN, ",\n.out = ");
    write_list(f, t->out, TERMS_HIDDEN, ",\n.label_out = ");
    write_list(f, t->label_out, LAYOUT_LABELS, ",\n.skip = ");
    write_list(f, t->skip, TERMS_SKIP, ",\n");
    (void)fprintf(f, ".trust = %.5eF};\n", (double)t->trust);
    return fclose(f) == 0 ? OK : err_why(why, ERR_IO, "%s: cannot be written", path);
}

static enum err write_weights(struct fitter *f, const struct layout_terms *t, const char *path, struct why *why)
{
    struct buf *text = buf_new(TERMS_TEXT_MAX);
    enum err e = text ? terms_write(t, text) : ERR_NOMEM;

    if (e == OK)
        e = buf_add(text, "", 1);
    if (e != OK)
        err_why(why, e, "%s", err_str(e));
    if (e == OK) {
        model_set_meta(f->files.model, "numbers_terms", buf_data(text));
        metadata_set_name(f->files.model, path);
        e = model_save(f->files.model, path, why);
    }
    buf_free(text);
    return e;
}

static enum err fitter_open(struct fitter *f, const struct settings *set, struct why *why)
{
    enum err e;

    f->files.command = "fit-numbers";
    e = picture_files_open(&f->files, set->weights, "", 0, why);
    if (e != OK)
        return e;
    f->eye = (struct numbers_eye){.cnn = f->files.cnn, .scratch = f->files.scratch};
    f->lattice = f->files.request.lattice = calloc(1, sizeof(*f->lattice));
    f->looks = calloc(1, sizeof(*f->looks));
    if (!f->lattice || !f->looks || numbers_set_new(&f->set) != OK)
        e = err_why(why, ERR_NOMEM, "out of memory");
    return e;
}

static void fitter_close(struct fitter *f)
{
    numbers_set_free(f->set);
    free(f->looks);
    free(f->lattice);
    picture_files_close(&f->files);
}

static enum err run(const struct settings *set, int n, char **dirs, struct why *why)
{
    const struct numbers_fit how = {
        .epochs = set->epochs, .seed = set->seed, .rate = set->rate, .decay = set->decay, .progress = stderr};
    struct layout_terms t = {0};
    struct fitter f = {0};
    enum err e = fitter_open(&f, set, why);

    for (int i = 0; e == OK && i < n; i++)
        e = add_dir(&f, dirs[i], why);
    if (e == OK && (e = numbers_fit(f.set, &how, &t)) != OK)
        err_why(why, e, "%s", err_str(e));
    if (e == OK && set->table[0])
        e = write_table(&t, set->table, why);
    if (e == OK && set->out[0])
        e = write_weights(&f, &t, set->out, why);
    fitter_close(&f);
    return e;
}

static void help(void)
{
    puts("usage: digit fit-numbers --out FILE [OPTION...] DIR...\n"
         "\n"
         "Fits how numbers are read (which pieces of ink are digits, which are marks, how sure a number is) to a "
         "network.\n"
         "Each DIR has pictures and truth.jsonl, as build/golden/numbers writes them; fit on one half of the "
         "validation\n"
         "digits (--half a), and measure on the other.\n");
    options_help(options, OPTIONS, &defaults, stdout);
}

int command_fit_numbers(int argc, char **argv)
{
    struct settings set = defaults;
    struct why why = {0};
    int rest;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);

    if (e == OK && !set.help && !set.out[0] && !set.table[0])
        e = err_why(&why, ERR_RANGE, "--out FILE is missing");
    if (e == OK && !set.help && rest == argc)
        e = err_why(&why, ERR_RANGE, "name at least one directory");
    if (e != OK) {
        fprintf(stderr, "digit fit-numbers: %s (see digit fit-numbers --help)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    e = run(&set, argc - rest, argv + rest, &why);
    if (e == OK)
        return EXIT_DONE;
    fprintf(stderr, "digit fit-numbers: %s\n", why.text);
    return EXIT_FAILED;
}
