/* Load, answer, count; the wrong pictures as files. The split of the training set is the trainer's; the test set is its
 * own files. */
#include "evaluate.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "common/files.h"
#include "common/metadata.h"
#include "common/parallel.h"
#include "image/image.h"
#include "reading.h"

enum { FILE_MAX = 256 * 1024 * 1024, PNG_MAX = 16 * 1024, PATH_BYTES = 1024 };

/* The pictures asked for: *index is NULL for all of d. The caller frees d and *index. */
static enum err load_split(struct dataset *d, uint32_t **index, size_t *n, const char *dir, enum evaluate_split split,
                           struct why *why)
{
    uint32_t *train = NULL;
    size_t n_train;
    *index = NULL;
    enum err e = dataset_load(d, dir, split == EVALUATE_TEST ? IDX_TEST : IDX_TRAIN, why);
    if (e != OK)
        return e;
    *n = d->n;
    if (split == EVALUATE_TEST)
        return OK;
    e = dataset_split(d, &train, &n_train, index, n);
    free(train);
    return e == OK ? OK : err_why(why, e, "out of memory");
}

static enum err answer_all(struct evaluation *out, const struct model *m, const uint32_t *index, size_t n,
                           struct why *why)
{
    const struct evaluate_settings *set = &out->set;
    struct cnn *cnn = NULL;
    enum err e = cnn_create(&cnn, m, CNN_AUTO, why);
    if (e != OK)
        return e;
    snprintf(out->kernels, sizeof(out->kernels), "%s", cnn_path_name(cnn));
    int64_t begun_us = clock_mono_us();
    e = engine_answers_run(&out->answers, cnn, &out->data, index, n, out->threads, why);
    out->seconds = (double)(clock_mono_us() - begun_us) / 1e6;
    if (e == OK)
        metrics_count(&out->metrics, n, out->answers.logits, out->answers.labels, out->answers.refused,
                      out->answers.doubted, out->temperature, out->unsure_below);
    if (e == OK && set->reject)
        e = rejection_rates_measure(&out->rejection, cnn, set->fashion, REJECTION_RATES_EACH, set->seed, out->threads,
                                    why);
    cnn_free(cnn);
    return e;
}

static void note_model(struct evaluation *out, const struct model *m)
{
    memcpy(out->weights_sha256, m->sha256, sizeof(out->weights_sha256));
    out->temperature = (double)m->temperature;
    out->look_again_below = (double)m->look_again_below;
    out->unsure_below = (double)m->unsure_below;
    out->ink_above = (double)m->ink_above;
    out->has_reject = m->reject.hidden > 0;
    metadata_trained_on(m, &out->trained_on);
    out->trained_on &= out->set.split == EVALUATE_VALIDATION;
    out->reject_below = (double)m->reject.below;
    out->doubt_below = (double)m->reject.doubt;
    out->n_params = m->n_params;
}

enum err evaluate_run(struct evaluation *out, const struct evaluate_settings *set, struct why *why)
{
    struct model *m = NULL;
    uint32_t *index = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0, size = 0;
    *out = (struct evaluation){.set = *set, .threads = set->threads > 0 ? set->threads : parallel_processors()};
    enum err e = file_read(&bytes, &size, set->weights, FILE_MAX, why);
    if (e == OK)
        e = model_parse(&m, bytes, size, set->weights, why);
    if (e == OK)
        e = load_split(&out->data, &index, &n, set->data, set->split, why);
    if (e != OK)
        goto out;
    reading_warn("evaluate", m, set->weights);
    digest_sha256_hex(bytes, size, out->file_sha256);
    note_model(out, m);
    e = answer_all(out, m, index, n, why);
out:
    free(bytes);
    free(index);
    model_free(m);
    return e;
}

void evaluate_free(struct evaluation *e)
{
    engine_answers_free(&e->answers);
    dataset_free(&e->data);
}

/* ---- wrong pictures ---- */

static int is_error_picture(const struct dirent *entry)
{
    return fnmatch("[0-9]*-truth[0-9]-answer[0-9]-*.png", entry->d_name, 0) == 0;
}

static enum err check_dir(const char *dir, struct why *why)
{
    struct dirent **found = NULL;
    int n = scandir(dir, &found, is_error_picture, NULL);
    for (int i = 0; i < n; i++)
        free(found[i]);
    free(found);
    if (n < 0)
        return err_why(why, ERR_IO, "cannot read %s", dir);
    return n == 0 ? OK : err_why(why, ERR_EXISTS, "%s already holds %d misread pictures: remove them first", dir, n);
}

static enum err write_error(const struct evaluation *e, size_t i, const char *dir, struct buf *png, struct why *why)
{
    const struct answer *a = &e->answers.of[i];
    const struct raster r = {DIGIT_SIDE_PX, DIGIT_SIDE_PX, e->data.images + (size_t)e->answers.index[i] * DIGIT_PIXELS};
    char path[PATH_BYTES];
    int length = snprintf(path, sizeof(path), "%s/%05u-truth%d-answer%d-%.4f.png", dir, e->answers.index[i],
                          e->answers.labels[i], a->digit, (double)a->confidence);
    if (length < 0 || (size_t)length >= sizeof(path))
        return err_why(why, ERR_LIMIT, "--errors: the path is too long");
    buf_reset(png);
    enum err status = image_write_png(&r, png);
    if (status != OK)
        return err_why(why, status, "%s: %s", path, err_str(status));
    return file_write(path, &(struct file_part){buf_data(png), buf_len(png)}, 1, why);
}

enum err evaluate_errors_write(const struct evaluation *e, const char *dir, size_t *n, struct why *why)
{
    struct buf *png = NULL;
    *n = 0;
    enum err status = dir_make(dir, why);
    if (status == OK)
        status = check_dir(dir, why);
    if (status == OK && !(png = buf_new(PNG_MAX)))
        status = err_why(why, ERR_NOMEM, "out of memory");
    for (size_t i = 0; status == OK && i < e->answers.n; i++) {
        if (e->answers.of[i].digit == e->answers.labels[i])
            continue;
        status = write_error(e, i, dir, png, why);
        *n += status == OK;
    }
    buf_free(png);
    return status;
}
