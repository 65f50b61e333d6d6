/* Load, answer, count, tell. The split of the training set is the trainer's; the test set is its own files. */
#include "evaluate.h"

#include <stdlib.h>
#include <string.h>

#include "../fcgi/base/clock.h"
#include "answers.h"
#include "files.h"
#include "parallel.h"

enum { FILE_MAX = 256 * 1024 * 1024, DIGITS = 9, JSON_MAX = 1024 * 1024 };

static const char *split_name(enum evaluate_split s)
{
    return s == EVALUATE_TEST ? "test" : "validation";
}

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

static enum err answer_all(struct evaluation *out, const struct model *m, const struct dataset *d,
                           const uint32_t *index, size_t n, struct why *why)
{
    struct cnn *cnn = NULL;
    float *logits = calloc(n * MODEL_CLASSES + 1, sizeof(*logits));
    uint8_t *labels = calloc(n + 1, 1);
    enum err e = logits && labels ? cnn_create(&cnn, m, CNN_AUTO, why) : err_why(why, ERR_NOMEM, "out of memory");
    if (e != OK)
        goto out;
    snprintf(out->kernels, sizeof(out->kernels), "%s", cnn_path_name(cnn));
    int64_t begun_us = clock_mono_us();
    e = answers_run(cnn, d, index, n, out->threads, logits, labels, &out->changed, why);
    out->seconds = (double)(clock_mono_us() - begun_us) / 1e6;
    if (e == OK)
        metrics_count(&out->metrics, n, logits, labels, out->temperature, out->unsure_below);
out:
    cnn_free(cnn);
    free(logits);
    free(labels);
    return e;
}

enum err evaluate_run(struct evaluation *out, const char *weights, const char *data, enum evaluate_split split,
                      int threads, struct why *why)
{
    struct model *m = NULL;
    struct dataset d = {0};
    uint32_t *index = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0, size = 0;
    *out = (struct evaluation){.split = split, .threads = threads > 0 ? threads : parallel_processors()};
    enum err e = file_read(&bytes, &size, weights, FILE_MAX, why);
    if (e == OK)
        e = model_parse(&m, bytes, size, weights, why);
    if (e == OK)
        e = load_split(&d, &index, &n, data, split, why);
    if (e != OK)
        goto out;
    digest_sha256_hex(bytes, size, out->file_sha256);
    memcpy(out->weights_sha256, m->sha256, sizeof(out->weights_sha256));
    memcpy(out->images_sha256, d.images_sha256, sizeof(out->images_sha256));
    memcpy(out->labels_sha256, d.labels_sha256, sizeof(out->labels_sha256));
    out->temperature = (double)m->temperature;
    out->unsure_below = (double)m->unsure_below;
    out->n_params = m->n_params;
    e = answer_all(out, m, &d, index, n, why);
out:
    free(bytes);
    free(index);
    dataset_free(&d);
    model_free(m);
    return e;
}

static void print_classes(const struct metrics *m, FILE *out)
{
    fputs("\nconfusion (row: truth, column: answer)        precision    recall\n    ", out);
    for (int k = 0; k < METRICS_CLASSES; k++)
        fprintf(out, "%5d", k);
    fputc('\n', out);
    for (int k = 0; k < METRICS_CLASSES; k++) {
        size_t truth = 0, answered = 0;
        fprintf(out, "  %d ", k);
        for (int j = 0; j < METRICS_CLASSES; j++) {
            truth += m->confusion[k][j];
            answered += m->confusion[j][k];
            fprintf(out, "%5zu", m->confusion[k][j]);
        }
        double hit = 100 * (double)m->confusion[k][k];
        fprintf(out, "  %7.2f %% %7.2f %%\n", answered > 0 ? hit / (double)answered : 0,
                truth > 0 ? hit / (double)truth : 0);
    }
}

void evaluate_print(const struct evaluation *e, FILE *out)
{
    const struct metrics *m = &e->metrics;
    double low, high;
    metrics_wilson(m->right, m->n, &low, &high);
    fprintf(out, "%s pictures: %zu of %zu right, %.2f %% (95 %% interval %.2f to %.2f), %zu wrong\n",
            split_name(e->split), m->right, m->n, m->n > 0 ? 100 * (double)m->right / (double)m->n : 0, 100 * low,
            100 * high, m->n - m->right);
    fprintf(out, "loss %.5f, calibration error (ECE, %d bins) %.2f %%, temperature %.4f\n", m->loss, METRICS_BINS,
            100 * m->ece, e->temperature);
    fprintf(out, "unsure (confidence under %.4f): %zu, of them wrong: %zu\n", e->unsure_below, m->unsure,
            m->unsure_wrong);
    fprintf(out, "%zu parameters; %.2f s on %d threads (%s kernels); the normaliser changed %zu pictures\n",
            e->n_params, e->seconds, e->threads, e->kernels, e->changed);
    print_classes(m, out);
    fprintf(out, "\nSHA-256\n  weights %s\n  file    %s\n  images  %s\n  labels  %s\n", e->weights_sha256,
            e->file_sha256, e->images_sha256, e->labels_sha256);
}

enum err evaluate_json(const struct evaluation *e, FILE *out, struct why *why)
{
    struct json *v = json_new_object();
    struct buf *text = buf_new(JSON_MAX);
    json_set_str(v, "split", split_name(e->split));
    metrics_json(&e->metrics, v);
    json_set_num(v, "temperature", e->temperature);
    json_set_num(v, "unsure_below", e->unsure_below);
    json_set_int(v, "parameters", (int64_t)e->n_params);
    json_set_int(v, "normaliser_changed", (int64_t)e->changed);
    json_set_num(v, "seconds", e->seconds);
    json_set_int(v, "threads", e->threads);
    json_set_str(v, "kernels", e->kernels);
    json_set_str(v, "weights_sha256", e->weights_sha256);
    json_set_str(v, "file_sha256", e->file_sha256);
    json_set_str(v, "images_sha256", e->images_sha256);
    json_set_str(v, "labels_sha256", e->labels_sha256);
    enum err status = v && text ? json_write(v, DIGITS, text) : ERR_NOMEM;
    if (status == OK)
        fprintf(out, "%s\n", buf_data(text));
    else
        err_why(why, status, "JSON: %s", err_str(status));
    buf_free(text);
    json_free(v);
    return status;
}
