/* An evaluation as text and as JSON. `make model-card` draws its tables and plots from the JSON. */
#include <string.h>

#include "base/base64.h"
#include "evaluate.h"

enum { DIGITS = 9, JSON_MAX = 64 * 1024 * 1024 };

const char *evaluate_split_name(enum evaluate_split s)
{
    return s == EVALUATE_TEST ? "test" : "validation";
}

static double percent(size_t part, size_t n)
{
    return n > 0 ? 100 * (double)part / (double)n : 0;
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
        fprintf(out, "  %7.2f %% %7.2f %%\n", percent(m->confusion[k][k], answered),
                percent(m->confusion[k][k], truth));
    }
}

static void print_refused(const struct evaluation *e, FILE *out)
{
    const struct metrics *m = &e->metrics;
    fprintf(out, "not a digit (no ink, mean pixel above %.4f", e->ink_above);
    if (e->has_reject)
        fprintf(out, ", rejection score below %.4f", e->reject_below);
    fprintf(out, "): %zu, %.2f %%; %zu of them were misread anyway\n", m->refused, percent(m->refused, m->n),
            m->refused_wrong);
    if (!e->has_reject)
        fputs("this file has no rejection head, so letters are read as digits (digit calibrate fits one)\n", out);
}

void evaluate_print(const struct evaluation *e, FILE *out)
{
    const struct metrics *m = &e->metrics;
    double low, high;
    metrics_wilson(m->right, m->n, &low, &high);
    fprintf(out, "%s set: %zu of %zu correct, %.2f %% (95 %% confidence interval %.2f to %.2f), %zu wrong\n",
            evaluate_split_name(e->set.split), m->right, m->n, percent(m->right, m->n), 100 * low, 100 * high,
            m->n - m->right);
    if (e->trained_on)
        fputs("the network was trained on these pictures, or on most of them, so this says nothing about new ones\n",
              out);
    fprintf(out, "loss %.5f, expected calibration error (%d bins) %.2f %%, temperature %.4f\n", m->loss, METRICS_BINS,
            100 * m->ece, e->temperature);
    fprintf(out, "second looks, shifted by a pixel (first confidence below %.4f): %zu, %.2f %%\n", e->look_again_below,
            e->answers.again, percent(e->answers.again, m->n));
    fprintf(out, "unsure (confidence below %.4f", e->unsure_below);
    if (e->has_reject)
        fprintf(out, ", rejection score below %.4f", e->doubt_below);
    fprintf(out, "): %zu, %zu of them wrong\n", m->unsure, m->unsure_wrong);
    print_refused(e, out);
    fprintf(out, "%zu parameters; %.2f s on %d threads (%s kernels); the normaliser changed %zu pictures\n",
            e->n_params, e->seconds, e->threads, e->kernels, e->answers.changed);
    fprintf(out, "weights sha256 %s (the file itself %s)\nimages  sha256 %s\nlabels  sha256 %s\n", e->weights_sha256,
            e->file_sha256, e->data.images_sha256, e->data.labels_sha256);
    print_classes(m, out);
    if (e->set.reject)
        rejection_rates_print(&e->rejection, out);
}

/* The wrong pictures, in the order of the split. */
static void add_errors(const struct evaluation *e, struct json *errors)
{
    char input[BASE64_CHARS(DIGIT_PIXELS) + 1];
    for (size_t i = 0; i < e->answers.n; i++) {
        const struct answer *a = &e->answers.of[i];
        if (a->digit == e->answers.labels[i])
            continue;
        struct json *v = json_add_object(errors);
        json_set_int(v, "index", e->answers.index[i]);
        json_set_int(v, "truth", e->answers.labels[i]);
        json_set_int(v, "answer", a->digit);
        json_set_num(v, "confidence", (double)a->confidence);
        json_set_str(v, "status", verdict_name(a->verdict));
        base64_encode(e->data.images + (size_t)e->answers.index[i] * DIGIT_PIXELS, DIGIT_PIXELS, input);
        json_set_str(v, "input", input);
    }
}

static void add_thresholds(const struct evaluation *e, struct json *v)
{
    json_set_num(v, "temperature", e->temperature);
    json_set_num(v, "look_again_below", e->look_again_below);
    json_set_num(v, "unsure_below", e->unsure_below);
    json_set_num(v, "ink_above", e->ink_above);
    if (e->has_reject)
        json_set_num(v, "reject_below", e->reject_below);
    else
        json_set_null(v, "reject_below");
    if (e->has_reject)
        json_set_num(v, "doubt_below", e->doubt_below);
    else
        json_set_null(v, "doubt_below");
}

enum err evaluate_json(const struct evaluation *e, FILE *out, struct why *why)
{
    struct json *v = json_new_object();
    struct buf *text = buf_new(JSON_MAX);
    json_set_str(v, "split", evaluate_split_name(e->set.split));
    if (e->trained_on)
        json_set_bool(v, "trained_on", true);
    metrics_json(&e->metrics, v);
    add_thresholds(e, v);
    json_set_int(v, "parameters", (int64_t)e->n_params);
    json_set_int(v, "looked_again", (int64_t)e->answers.again);
    json_set_int(v, "normaliser_changed", (int64_t)e->answers.changed);
    json_set_num(v, "seconds", e->seconds);
    json_set_int(v, "threads", e->threads);
    json_set_str(v, "kernels", e->kernels);
    json_set_str(v, "weights_sha256", e->weights_sha256);
    json_set_str(v, "file_sha256", e->file_sha256);
    json_set_str(v, "images_sha256", e->data.images_sha256);
    json_set_str(v, "labels_sha256", e->data.labels_sha256);
    add_errors(e, json_set_array(v, "errors"));
    if (e->set.reject)
        rejection_rates_json(&e->rejection, json_set_object(v, "reject"));
    enum err status = v && text ? json_write(v, DIGITS, text) : ERR_NOMEM;
    if (status == OK)
        fprintf(out, "%s\n", buf_data(text));
    else
        err_why(why, status, "JSON: %s", err_str(status));
    buf_free(text);
    json_free(v);
    return status;
}
