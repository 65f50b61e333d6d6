#include "picture_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/card.h"
#include "base/buf.h"
#include "common/files.h"
#include "measure/reading.h"
#include "command_shared.h"
#include "commands.h"

enum { PICTURE_MAX_BYTES = 64 * 1024 * 1024, JSON_MAX = 256 * 1024 * 1024, DIGITS = 6 };

static enum err decoder_renew(struct picture_files *p, struct why *why)
{
    if (p->decoder && !decoder_lost(p->decoder))
        return OK;
    decoder_free(p->decoder);
    p->decoder = NULL;
    return decoder_new(&p->decoder, PICTURE_MAX_BYTES, why);
}

/* The decoder comes first, so that its child inherits as little as possible. */
enum err picture_files_open(struct picture_files *p, const char *weights, const char *steps, int n, struct why *why)
{
    enum err e = decoder_renew(p, why);

    if (e == OK && steps[0]) {
        p->request.steps_side_px = DECODER_STEP_SIDE_MAX_PX;
        e = step_files_new(&p->step_files, steps, n, why);
    }
    if (e == OK)
        e = model_load(&p->model, p->weights = weights_find(weights), why);
    if (e == OK)
        e = cnn_create(&p->cnn, p->model, CNN_AUTO, why);
    if (e == OK && !(p->scratch = cnn_scratch_new(p->cnn)))
        e = err_why(why, ERR_NOMEM, "out of memory");
    if (e == OK)
        reading_warn(p->command, p->model, p->weights);
    return e;
}

enum err picture_files_open_numbers(struct picture_files *p, struct why *why)
{
    p->numbers = calloc(1, sizeof(*p->numbers));
    if (!p->numbers)
        return err_why(why, ERR_NOMEM, "out of memory");
    p->request.lattice = &p->numbers->lattice;
    return numbers_eye_open(&p->eye, p->model, p->cnn, p->scratch, why);
}

void picture_files_close(struct picture_files *p)
{
    free(p->numbers);
    free(p->scratch);
    cnn_free(p->cnn);
    model_free(p->model);
    step_files_free(p->step_files);
    decoder_free(p->decoder);
}

enum err picture_files_invert(struct picture_files *p, const char *word, struct why *why)
{
    const int invert = command_word_find(reading_invert_words, word);

    if (invert < 0)
        return err_why(why, ERR_RANGE, "--invert must be auto, yes or no");
    p->request.invert = (enum normalise_invert)invert;
    return OK;
}

enum err picture_files_decode(struct picture_files *p, const char *path, struct decoder_reply *out, struct why *why)
{
    uint8_t *bytes = NULL;
    struct decoder_request request = p->request;
    struct why reason = {0};
    int tries = 2;
    enum err e = file_read(&bytes, &request.n, path, PICTURE_MAX_BYTES, why);

    if (e != OK)
        return e;
    request.bytes = bytes;
    do /* ERR_BUSY: the child had ended before it took the picture, so the picture is not to blame */
        if ((e = decoder_renew(p, &reason)) == OK)
            e = decoder_read(p->decoder, &request, out, &reason);
    while (e == ERR_BUSY && --tries > 0);
    free(bytes);
    return e == OK ? OK : err_why(why, e, "%s: %s", path, reason.text[0] ? reason.text : err_str(e));
}

/* steps: NULL where nobody asks. */
static enum err read_file(struct picture_files *p, struct reading *one, struct json *steps, struct why *why)
{
    const enum err e = picture_files_decode(p, one->name, &one->decoded, why);

    if (e != OK)
        return e;
    cnn_answer(p->cnn, one->decoded.input, &one->answer, p->scratch);
    return p->step_files ? step_files_write(p->step_files, one->name, &one->decoded, steps, why) : OK;
}

/* results: NULL: lines. */
static int read_files(struct picture_files *p, int n, char **paths, struct json *results, picture_files_tell *tell,
                      void *ctx)
{
    int status = EXIT_DONE;

    for (int i = 0; i < n; i++) {
        struct reading one = {.name = paths[i]};
        struct json *result = results ? json_add_object(results) : NULL;
        struct json *steps = results && p->step_files ? json_new_array() : NULL;
        struct why why = {0};
        enum err e = read_file(p, &one, steps, &why);

        if (e == OK)
            e = tell(ctx, &one, result, &why);
        if (e != OK) {
            fprintf(stderr, "digit %s: %s\n", p->command, why.text);
            status = EXIT_FAILED;
        }
        if (results && e != OK) {
            reading_set_error(result, one.name);
            json_set_str(result, "error", why.text);
            json_free(steps);
        } else if (steps) {
            json_set_own(result, "steps", steps);
        }
    }
    return status;
}

int picture_files_run(struct picture_files *p, int n, char **paths, bool json, picture_files_tell *tell, void *ctx)
{
    if (!json)
        return read_files(p, n, paths, NULL, tell, ctx);

    struct json *root = json_new_object(), *model = json_set_object(root, "model");
    struct buf *text = buf_new(JSON_MAX);
    card_identify(model, p->model, p->weights);
    int status = read_files(p, n, paths, json_set_array(root, "results"), tell, ctx);
    if (!root || !text || json_write(root, DIGITS, text) != OK) {
        fprintf(stderr, "digit %s: cannot write the answers as JSON (is a file name not UTF-8?)\n", p->command);
        status = EXIT_FAILED;
    } else {
        puts(buf_data(text));
    }
    buf_free(text);
    json_free(root);
    return status;
}
