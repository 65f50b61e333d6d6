/* digit classify: picture files take the same way as an upload, through the decoder child, the network and the report.
 *
 * A picture that ends its decoder costs that picture alone: the next one gets a new child. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/card.h"
#include "answer/numbers.h"
#include "base/buf.h"
#include "common/files.h"
#include "common/options.h"
#include "measure/reading.h"
#include "net/cnn.h"
#include "command_shared.h"
#include "commands.h"
#include "step_files.h"

enum { PICTURE_MAX_BYTES = 64 * 1024 * 1024, DIGITS = 6, JSON_MAX = 64 * 1024 * 1024 };

struct settings {
    char weights[OPTION_TEXT_MAX], steps[OPTION_TEXT_MAX], invert[OPTION_TEXT_MAX], center[OPTION_TEXT_MAX];
    bool json, help;
};

static const struct settings defaults = {.weights = WEIGHTS_DEFAULT, .invert = "auto", .center = "mass"};

#define AT(field) offsetof(struct settings, field)
static const struct option options[] = {
    {"weights", "FILE", OPTION_TEXT, AT(weights), 0, 0, false, "weights file to use"},
    {"invert", "WORD", OPTION_TEXT, AT(invert), 0, 0, false, "dark ink on light paper: yes, no, or auto (detect)"},
    {"center", "WORD", OPTION_TEXT, AT(center), 0, 0, false,
     "center the digit by its mass or its box, or none to leave it where it is"},
    {"steps", "DIR", OPTION_TEXT, AT(steps), 0, 0, false,
     "save the picture after each processing step there, as NAME-1-grey.png ..."},
    {"json", NULL, OPTION_FLAG, AT(json), 0, 0, false, "print one JSON object instead of text"},
    {"help", NULL, OPTION_FLAG, AT(help), 0, 0, false, "show this help"},
};
enum { OPTIONS = sizeof(options) / sizeof(*options) };

/* What every file needs. */
struct reader {
    struct decoder *decoder; /* NULL: to be made */
    const char *weights;     /* the file of the model */
    struct model *model;
    struct cnn *cnn;
    struct numbers_eye eye;
    struct numbers *numbers;        /* of the last picture */
    struct decoder_request request; /* what is the same for all files */
    struct step_files *step_files;  /* NULL: not asked for */
    struct json *results;           /* NULL: lines of text */
};

static enum err decoder_renew(struct reader *r, struct why *why)
{
    if (r->decoder && !decoder_lost(r->decoder))
        return OK;
    decoder_free(r->decoder);
    r->decoder = NULL;
    return decoder_new(&r->decoder, PICTURE_MAX_BYTES, why);
}

/* steps gets the pictures between the steps; NULL where nobody asks. */
static enum err read_file(struct reader *r, const char *path, struct reading *out, struct json *steps, struct why *why)
{
    uint8_t *bytes = NULL;
    struct decoder_request request = r->request;
    int tries = 2;
    enum err e = file_read(&bytes, &request.n, path, PICTURE_MAX_BYTES, why);
    if (e != OK)
        return e;
    struct why reason = {0};
    request.bytes = bytes;
    request.lattice = &r->numbers->lattice;
    do /* ERR_BUSY: the child had ended before it took the picture, so the picture is not to blame */
        if ((e = decoder_renew(r, &reason)) == OK)
            e = decoder_read(r->decoder, &request, &out->decoded, &reason);
    while (e == ERR_BUSY && --tries > 0);
    free(bytes);
    if (e != OK)
        return err_why(why, e, "%s: %s", path, reason.text[0] ? reason.text : err_str(e));
    cnn_answer(r->cnn, out->decoded.input, &out->answer, r->eye.scratch);
    e = numbers_classify(r->numbers, out, &r->eye);
    if (e != OK)
        return err_why(why, e, "%s: %s", path, err_str(e));
    return r->step_files ? step_files_write(r->step_files, path, &out->decoded, steps, why) : OK;
}

/* Where a picture has no ink: which stage of the normaliser found none, and why. */
static void tell_refusal(struct json *result, enum normalise_refusal refusal)
{
    if (refusal == NORMALISE_NOT_REFUSED)
        return;
    struct json *o = json_set_object(result, "refused");
    json_set_str(o, "stage", normalise_refusal_stage(refusal));
    json_set_str(o, "reason", normalise_refusal_reason(refusal));
}

/* Takes steps over; NULL: none were asked for. */
static enum err tell_json(const struct reader *r, enum err e, const struct reading *v, struct json *steps,
                          const struct why *why)
{
    struct json *o = json_add_object(r->results);
    if (e != OK) {
        reading_set_error(o, v->name);
        json_set_str(o, "error", why->text);
        json_free(steps);
        return OK;
    }
    e = numbers_set_classified(o, r->numbers, v);
    tell_refusal(o, v->decoded.steps.refusal);
    if (steps)
        json_set_own(o, "steps", steps);
    return e;
}

/* The rows of several digits, in one line. */
static void tell_rows(const struct numbers *n, const struct reading *v)
{
    char text[NUMBERS_CELL_MAX];
    for (int i = 0; i < numbers_rows(n); i++) {
        numbers_row(n, v, i, false, text);
        printf("%s %s", i > 0 ? "," : "", text);
    }
}

static void tell_digit(const struct answer *a)
{
    const int second = verdict_runner_up(a->probability, a->digit);
    printf("%d (%.2f %%", a->digit, 100 * (double)a->confidence);
    if (a->verdict == VERDICT_UNSURE)
        fputs(", unsure:", stdout);
    if (a->unsure_because & UNSURE_CONFIDENCE)
        printf(" may be %d, %.2f %%", second, 100 * (double)a->probability[second]);
    if (a->unsure_because & UNSURE_UNFAMILIAR)
        printf("%s unlike the digits it was trained on", a->unsure_because == UNSURE_BOTH ? ";" : "");
    fputs(")", stdout);
}

static void tell_line(const struct numbers *n, const struct reading *v)
{
    const struct answer *a = &v->answer;
    printf("%s: ", v->name);
    if (numbers_are_several(n)) {
        fputs("several digits:", stdout);
        tell_rows(n, v);
        printf(" (%.2f %%)", 100 * (double)numbers_confidence(n, v));
    } else if (a->verdict == VERDICT_NOT_A_DIGIT) {
        fputs("not a digit", stdout);
    } else {
        tell_digit(a);
    }
    if (numbers_may_be_several(n, a)) {
        fputs(", or several:", stdout);
        tell_rows(n, v);
    }
    putchar('\n');
}

/* Classifies all files. EXIT_FAILED when one of them could not be read. */
static int classify_files(struct reader *r, int n, char **paths)
{
    int status = EXIT_DONE;
    for (int i = 0; i < n; i++) {
        struct reading v = {.name = paths[i]};
        struct json *steps = r->results && r->step_files ? json_new_array() : NULL;
        struct why why = {0};
        enum err e = read_file(r, paths[i], &v, steps, &why);
        if (e != OK) {
            fprintf(stderr, "digit classify: %s\n", why.text);
            status = EXIT_FAILED;
        }
        if (r->results)
            e = tell_json(r, e, &v, steps, &why);
        else if (e == OK)
            tell_line(r->numbers, &v);
        status = e == OK ? status : EXIT_FAILED;
    }
    return status;
}

static int classify_json(struct reader *r, int n, char **paths)
{
    struct json *root = json_new_object(), *model = json_set_object(root, "model");
    struct buf *text = buf_new(JSON_MAX);
    card_identify(model, r->model, r->weights);
    r->results = json_set_array(root, "results");
    int status = classify_files(r, n, paths);
    if (!root || !text || json_write(root, DIGITS, text) != OK) {
        fputs("digit classify: cannot write the answers as JSON (is a file name not UTF-8?)\n", stderr);
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
         "Reads the digit in each picture (PNG, JPEG, GIF, BMP, WebP, TIFF, AVIF). Files that cannot be read are\n"
         "reported, the others are still answered, and the exit status is 1. --steps overwrites files of an\n"
         "earlier run; two pictures with the same name in one run are saved as NAME and NAME~2.\n");
    options_help(options, OPTIONS, &defaults, stdout);
}

/* The options' words as settings of the request. */
static enum err wishes_take(const struct settings *set, struct decoder_request *request, struct why *why)
{
    int invert = command_word_find(reading_invert_words, set->invert);
    int center = command_word_find(reading_center_words, set->center);
    if (invert < 0)
        return err_why(why, ERR_RANGE, "--invert must be auto, yes or no");
    if (center < 0)
        return err_why(why, ERR_RANGE, "--center must be mass, box or none");
    request->invert = (enum normalise_invert)invert;
    request->center = (enum normalise_center)center;
    request->steps_side_px = set->steps[0] ? DECODER_STEP_SIDE_MAX_PX : 0;
    return OK;
}

/* The decoder comes first, so that its child inherits as little as possible. */
static enum err reader_open(struct reader *r, const struct settings *set, int n_files, struct why *why)
{
    void *scratch = NULL;
    enum err e = decoder_renew(r, why);
    if (e == OK && set->steps[0])
        e = step_files_new(&r->step_files, set->steps, n_files, why);
    if (e == OK)
        e = model_load(&r->model, r->weights = weights_find(set->weights), why);
    if (e == OK)
        e = cnn_create(&r->cnn, r->model, CNN_AUTO, why);
    if (e == OK && (!(scratch = cnn_scratch_new(r->cnn)) || !(r->numbers = calloc(1, sizeof(*r->numbers)))))
        e = err_why(why, ERR_NOMEM, "out of memory");
    if (e == OK)
        e = numbers_eye_open(&r->eye, r->model, r->cnn, scratch, why);
    if (e != OK)
        free(scratch);
    else
        reading_warn("classify", r->model, weights_find(set->weights));
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

int command_classify(int argc, char **argv)
{
    struct settings set = defaults;
    struct reader r = {0};
    struct why why = {0};
    int rest, status = EXIT_FAILED;
    enum err e = options_parse(options, OPTIONS, &set, argc, argv, &rest, NULL, &why);
    if (e == OK && !set.help && rest == argc)
        e = err_why(&why, ERR_RANGE, "name at least one picture file");
    if (e == OK)
        e = wishes_take(&set, &r.request, &why);
    if (e != OK) {
        fprintf(stderr, "digit classify: %s (see digit classify --help)\n", why.text);
        return EXIT_USAGE;
    }
    if (set.help) {
        help();
        return EXIT_DONE;
    }
    e = reader_open(&r, &set, argc - rest, &why);
    if (e != OK)
        fprintf(stderr, "digit classify: %s\n", why.text);
    else
        status = (set.json ? classify_json : classify_files)(&r, argc - rest, argv + rest);
    if (fflush(stdout) != 0 || ferror(stdout))
        status = EXIT_FAILED;
    reader_close(&r);
    return status;
}
