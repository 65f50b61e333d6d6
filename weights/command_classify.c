/* digit classify: picture files through the same rooms as an upload: image, normalise, network.
 *
 * It decodes in its own process: the sandbox of the service is for pictures of strangers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fcgi/image/image.h"
#include "../fcgi/nn/cnn.h"
#include "commands.h"
#include "files.h"
#include "options.h"

enum { PICTURE_MAX_BYTES = 64 * 1024 * 1024, DIGITS = 6, JSON_MAX = 64 * 1024 * 1024 };

struct settings {
    char weights[OPTION_TEXT_MAX];
    bool json, help;
};

static const struct settings defaults = {.weights = "weights/digits.safetensors"};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, false, "the network"},
    {"json", NULL, OPTION_FLAG, AT(json), 0, 0, false, "one JSON object instead of lines"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "this text"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

/* What every file needs. */
struct reader {
    struct model *model;
    struct cnn *cnn;
    void *scratch;
    struct json *results; /* NULL: lines of text */
};

static enum err answer_file(const struct reader *r, const char *path, struct answer *a, struct normalise_steps *steps,
                            struct why *why)
{
    uint8_t *bytes = NULL, px[MODEL_PIXELS];
    size_t n = 0;
    struct image img = {0};
    enum err e = file_read(&bytes, &n, path, PICTURE_MAX_BYTES, why);
    if (e != OK)
        return e;
    struct why reason = {0};
    e = image_decode(bytes, n, &img, &reason);
    if (e == OK)
        e = normalise(&img.raster, px, steps);
    if (e == OK)
        cnn_answer(r->cnn, px, a, r->scratch);
    else
        err_why(why, e, "%s: %s", path, reason.text[0] ? reason.text : err_str(e));
    image_free(&img);
    free(bytes);
    return e;
}

static void tell_json(struct json *results, const char *path, enum err e, const struct answer *a,
                      const struct normalise_steps *steps, const struct why *why)
{
    struct json *v = json_add_object(results);
    json_set_str(v, "name", path);
    json_set_str(v, "status", e == OK ? verdict_name(a->verdict) : "error");
    if (e != OK) {
        json_set_str(v, "error", why->text);
        return;
    }
    if (a->verdict == VERDICT_NOT_A_DIGIT)
        json_set_null(v, "digit");
    else
        json_set_int(v, "digit", a->digit);
    json_set_num(v, "confidence", (double)a->confidence);
    struct json *p = json_set_array(v, "probabilities");
    for (int k = 0; k < MODEL_CLASSES; k++)
        json_add_num(p, (double)a->probability[k]);
    struct json *s = json_set_object(v, "preprocessing");
    json_set_int(s, "width", steps->width);
    json_set_int(s, "height", steps->height);
    json_set_bool(s, "inverted", steps->inverted);
    struct json *box = json_set_array(s, "box"), *shift = json_set_array(s, "shift");
    for (int i = 0; i < 4; i++)
        json_add_int(box, steps->box[i]);
    for (int i = 0; i < 2; i++)
        json_add_num(shift, steps->shift[i]);
}

static void tell_line(const char *path, const struct answer *a)
{
    if (a->verdict == VERDICT_NOT_A_DIGIT)
        printf("%s: not a digit\n", path);
    else
        printf("%s: %d (%.2f %%%s)\n", path, a->digit, 100 * (double)a->confidence,
               a->verdict == VERDICT_UNSURE ? ", unsure" : "");
}

/* All files; EXIT_FAILED where one of them could not be read. */
static int classify_files(struct reader *r, int n, char **paths)
{
    int status = EXIT_DONE;
    for (int i = 0; i < n; i++) {
        struct answer a;
        struct normalise_steps steps;
        struct why why = {0};
        enum err e = answer_file(r, paths[i], &a, &steps, &why);
        if (e != OK) {
            fprintf(stderr, "digit classify: %s\n", why.text);
            status = EXIT_FAILED;
        }
        if (r->results)
            tell_json(r->results, paths[i], e, &a, &steps, &why);
        else if (e == OK)
            tell_line(paths[i], &a);
    }
    return status;
}

static int classify_json(struct reader *r, int n, char **paths)
{
    struct json *root = json_new_object(), *model = json_set_object(root, "model");
    struct buf *text = buf_new(JSON_MAX);
    const char *name = model_meta(r->model, "name");
    json_set_str(model, "name", name ? name : "");
    json_set_str(model, "sha256", r->model->sha256);
    r->results = json_set_array(root, "results");
    int status = classify_files(r, n, paths);
    if (!root || !text || json_write(root, DIGITS, text) != OK) {
        fputs("digit classify: the answers cannot be written as JSON (is a name not UTF-8?)\n", stderr);
        status = EXIT_FAILED;
    } else {
        puts(buf_data(text));
    }
    buf_free(text);
    json_free(root);
    return status;
}

static void help(void)
{
    puts("usage: digit classify [OPTION...] FILE...\n"
         "\n"
         "Tells which digit is in each picture (PNG, JPEG, GIF, BMP, WebP). Exit status 1 where a file cannot be\n"
         "read; the others are answered all the same.\n");
    options_help(options, OPTIONS, &defaults, stdout);
}

int command_classify(int argc, char **argv)
{
    struct settings set = defaults;
    struct reader r = {0};
    struct why why = {0};
    int rest, status = EXIT_FAILED;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && !set.help && rest == argc)
        e = err_why(&why, ERR_RANGE, "no picture was named");
    if (e != OK) {
        fprintf(stderr, "digit classify: %s (--help tells more)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    e = model_load(&r.model, set.weights, &why);
    if (e == OK)
        e = cnn_create(&r.cnn, r.model, CNN_AUTO, &why);
    if (e == OK && !(r.scratch = cnn_scratch_new(r.cnn)))
        e = err_why(&why, ERR_NOMEM, "out of memory");
    if (e != OK)
        fprintf(stderr, "digit classify: %s\n", why.text);
    else
        status = (set.json ? classify_json : classify_files)(&r, argc - rest, argv + rest);
    if (fflush(stdout) != 0 || ferror(stdout))
        status = EXIT_FAILED;
    free(r.scratch);
    cnn_free(r.cnn);
    model_free(r.model);
    return status;
}
