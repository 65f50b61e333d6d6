/* digit read: the numbers in picture files, the same way as an upload: through the decoder child, the network and the
 * report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/card.h"
#include "answer/numbers.h"
#include "base/buf.h"
#include "common/files.h"
#include "common/options.h"
#include "measure/reading.h"
#include "command_shared.h"
#include "commands.h"
#include "step_files.h"

enum { PICTURE_MAX_BYTES = 64 * 1024 * 1024, DIGITS = 6, JSON_MAX = 256 * 1024 * 1024 };

struct settings {
    char weights[OPTION_TEXT_MAX], steps[OPTION_TEXT_MAX], invert[OPTION_TEXT_MAX];
    bool json, csv, plain, help;
};

static const struct settings defaults = {.weights = WEIGHTS_DEFAULT, .invert = "auto"};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, false, "weights file to use"},
    {"invert", "WORD", OPTION_TEXT, AT(invert), 0, 0, false, "dark ink on light paper: yes, no, or auto (detect)"},
    {"plain", NULL, OPTION_FLAG, AT(plain), 0, 0, false, "print digits alone, without marks and spaces"},
    {"csv", NULL, OPTION_FLAG, AT(csv), 0, 0, false,
     "print a line for each row: the file, the row's number, and the row, or a table's cells"},
    {"steps", "DIR", OPTION_TEXT, AT(steps), 0, 0, false,
     "save the picture after each processing step there, as NAME-1-grey.png ..."},
    {"json", NULL, OPTION_FLAG, AT(json), 0, 0, false, "print one JSON object instead of text"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "show this help"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

/* What every file needs. */
struct reader {
    struct decoder *decoder; /* NULL: to be made */
    struct model *model;
    struct cnn *cnn;
    struct numbers_eye eye;
    struct numbers *numbers;
    struct decoder_request request; /* what is the same for all files */
    struct step_files *step_files;  /* NULL: not asked for */
    const struct settings *set;
};

static enum err decoder_renew(struct reader *r, struct why *why)
{
    if (r->decoder && !decoder_lost(r->decoder))
        return OK;
    decoder_free(r->decoder);
    r->decoder = NULL;
    return decoder_new(&r->decoder, PICTURE_MAX_BYTES, why);
}

static enum err read_file(struct reader *r, const char *path, struct reading *one, struct json *steps, struct why *why)
{
    uint8_t *bytes = NULL;
    struct decoder_request request = r->request;
    struct why reason = {0};
    int tries = 2;
    enum err e = file_read(&bytes, &request.n, path, PICTURE_MAX_BYTES, why);

    if (e != OK)
        return e;
    request.bytes = bytes;
    request.lattice = &r->numbers->lattice;
    do /* ERR_BUSY: the child had ended before it took the picture, so the picture is not to blame */
        if ((e = decoder_renew(r, &reason)) == OK)
            e = decoder_read(r->decoder, &request, &one->decoded, &reason);
    while (e == ERR_BUSY && --tries > 0);
    free(bytes);
    if (e != OK)
        return err_why(why, e, "%s: %s", path, reason.text[0] ? reason.text : err_str(e));
    cnn_answer(r->cnn, one->decoded.input, &one->answer, r->eye.scratch);
    e = numbers_read(r->numbers, one, &r->eye);
    if (e == OK && r->numbers->status == NUMBERS_TOO_MANY)
        return err_why(why, ERR_LIMIT, "%s: %s", path, NUMBERS_TOO_MANY_SENTENCE);
    if (e != OK)
        return err_why(why, e, "%s: %s", path, err_str(e));
    return r->step_files ? step_files_write(r->step_files, path, &one->decoded, steps, why) : OK;
}

/* Takes steps over; NULL: none were asked for. */
static enum err tell_json(const struct reader *r, struct json *results, enum err e, const struct reading *one,
                          struct json *steps, const struct why *why)
{
    struct json *o = json_add_object(results);

    if (e != OK) {
        reading_set_error(o, one->name);
        json_set_str(o, "error", why->text);
        json_free(steps);
        return OK;
    }
    e = numbers_set(o, r->numbers, one, &r->eye, &(struct numbers_form){.plain = r->set->plain});
    if (steps)
        json_set_own(o, "steps", steps);
    return e;
}

/* A field of CSV (RFC 4180). */
static void print_field(const char *text)
{
    if (text[strcspn(text, "\",\n")] == '\0') {
        (void)fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void tell_csv(const struct reader *r, const struct reading *one)
{
    const struct numbers *n = r->numbers;
    char cell[NUMBERS_CELL_MAX];

    for (int row = 0; row < numbers_rows(n); row++) {
        print_field(one->name);
        printf(",%d", row + 1);
        for (int column = 0; column < numbers_columns(n); column++) {
            putchar(',');
            numbers_cell(n, one, row, column, r->set->plain, cell);
            print_field(cell);
        }
        putchar('\n');
    }
}

/* Rows of one picture begin with its name, so that each can be found by it. */
static enum err tell_lines(const struct reader *r, const struct reading *one)
{
    struct buf *text = buf_new(JSON_MAX);
    enum err e = text ? numbers_text(r->numbers, one, r->set->plain, text) : ERR_NOMEM;

    if (e != OK || buf_len(text) == 0) {
        printf("%s: %s\n", one->name, r->numbers->status == NUMBERS_BLANK ? "blank" : "no digits");
    } else {
        (void)buf_add(text, "", 1);
        for (char *save = NULL, *line = strtok_r((char *)(uintptr_t)buf_data(text), "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
            printf("%s: %s%s\n", one->name, line, r->numbers->status == NUMBERS_UNSURE ? " (unsure)" : "");
    }
    buf_free(text);
    return e;
}

/* Reads all files. EXIT_FAILED when one of them could not be read. results: NULL: lines of text. */
static int read_files(struct reader *r, struct json *results, int n, char **paths)
{
    int status = EXIT_DONE;

    for (int i = 0; i < n; i++) {
        struct reading one = {.name = paths[i]};
        struct json *steps = results && r->step_files ? json_new_array() : NULL;
        struct why why = {0};
        enum err e = read_file(r, paths[i], &one, steps, &why);

        if (e != OK) {
            fprintf(stderr, "digit read: %s\n", why.text);
            status = EXIT_FAILED;
        }
        if (results)
            e = tell_json(r, results, e, &one, steps, &why);
        else if (e == OK && r->set->csv)
            tell_csv(r, &one);
        else if (e == OK)
            e = tell_lines(r, &one);
        status = e == OK ? status : EXIT_FAILED;
    }
    return status;
}

static int read_json(struct reader *r, int n, char **paths)
{
    struct json *root = json_new_object(), *model = json_set_object(root, "model");
    struct buf *text = buf_new(JSON_MAX);
    card_identify(model, r->model, weights_find(r->set->weights));
    int status = read_files(r, json_set_array(root, "results"), n, paths);
    if (!root || !text || json_write(root, DIGITS, text) != OK) {
        fputs("digit read: cannot write the answers as JSON (is a file name not UTF-8?)\n", stderr);
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
    puts("usage: digit read [OPTION...] FILE...\n"
         "\n"
         "Reads the numbers in each picture (PNG, JPEG, GIF, BMP, WebP, TIFF, AVIF): a digit, a number, a page of "
         "rows,\n"
         "a table. Prints a line for each row. Files that cannot be read are reported, the others are still answered,\n"
         "and the exit status is 1. --steps overwrites files of an earlier run.\n");
    options_help(options, OPTIONS, &defaults, stdout);
}

static enum err wishes_take(const struct settings *set, struct decoder_request *request, struct why *why)
{
    const int invert = command_word_find(reading_invert_words, set->invert);

    if (invert < 0)
        return err_why(why, ERR_RANGE, "--invert must be auto, yes or no");
    if (set->json && set->csv)
        return err_why(why, ERR_RANGE, "--json and --csv are two ways to print; choose one");
    request->invert = (enum normalise_invert)invert;
    request->steps_side_px = set->steps[0] ? DECODER_STEP_SIDE_MAX_PX : 0;
    return OK;
}

/* The decoder comes first, so that its child inherits as little as possible. */
static enum err reader_open(struct reader *r, int n_files, struct why *why)
{
    const char *weights = weights_find(r->set->weights);
    void *scratch = NULL;
    enum err e = decoder_renew(r, why);
    if (e == OK && r->set->steps[0])
        e = step_files_new(&r->step_files, r->set->steps, n_files, why);
    if (e == OK)
        e = model_load(&r->model, weights, why);
    if (e == OK)
        e = cnn_create(&r->cnn, r->model, CNN_AUTO, why);
    if (e == OK && (!(scratch = cnn_scratch_new(r->cnn)) || !(r->numbers = calloc(1, sizeof(*r->numbers)))))
        e = err_why(why, ERR_NOMEM, "out of memory");
    if (e == OK)
        e = numbers_eye_open(&r->eye, r->model, r->cnn, scratch, why);
    if (e != OK)
        free(scratch);
    else
        reading_warn("read", r->model, weights);
    return e;
}

static void reader_close(struct reader *r)
{
    free(r->eye.scratch);
    free(r->numbers);
    cnn_free(r->cnn);
    model_free(r->model);
    step_files_free(r->step_files);
    decoder_free(r->decoder);
}

int command_read(int argc, char **argv)
{
    struct settings set = defaults;
    struct reader r = {.set = &set};
    struct why why = {0};
    int rest, status = EXIT_FAILED;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && !set.help && rest == argc)
        e = err_why(&why, ERR_RANGE, "name at least one picture file");
    if (e == OK)
        e = wishes_take(&set, &r.request, &why);
    if (e != OK) {
        fprintf(stderr, "digit read: %s (see digit read --help)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    e = reader_open(&r, argc - rest, &why);
    if (e != OK)
        fprintf(stderr, "digit read: %s\n", why.text);
    else
        status = set.json ? read_json(&r, argc - rest, argv + rest) : read_files(&r, NULL, argc - rest, argv + rest);
    if (fflush(stdout) != 0 || ferror(stdout))
        status = EXIT_FAILED;
    reader_close(&r);
    return status;
}
