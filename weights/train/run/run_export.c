/* Exports the best epoch as a weights file: folds batch norm, calibrates, adds golden pictures and metadata, saves.
 *
 * Everything is decided on the validation set (calibrate.h); the metadata have the figures on it. */
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/metadata.h"
#include "measure/calibrate.h"
#include "network/graph_params.h"
#include "run_state.h"

enum { GOLDEN_EACH = 2, GOLDEN = GOLDEN_EACH * MODEL_CLASSES };

static const char fixed_rule[] = "shuffled, grouped by class, every 12th validates",
                  all_rule[] = "all are trained on; the validation figures say nothing of new pictures";

/* The first GOLDEN_EACH validation pictures of each class, and their logits by the naive layers. */
static enum err add_golden(struct model *m, const struct pictures *p)
{
    int seen[MODEL_CLASSES] = {0}, n = 0;
    m->golden_input = calloc(GOLDEN, DIGIT_PIXELS);
    m->golden_logits = calloc(GOLDEN * MODEL_CLASSES, sizeof(float));
    if (!m->golden_input || !m->golden_logits)
        return ERR_NOMEM;
    for (size_t i = 0; i < p->n; i++)
        if (seen[p->data->labels[p->index[i]]]++ < GOLDEN_EACH)
            memcpy(m->golden_input + (size_t)n++ * DIGIT_PIXELS, p->data->images + (size_t)p->index[i] * DIGIT_PIXELS,
                   DIGIT_PIXELS);
    m->n_golden = n;
    return metadata_golden_logits(m);
}

static struct json *curves_json(const struct run *r)
{
    struct json *obj = json_new_object();
    struct json *loss = json_set_array(obj, "loss"), *v_loss = json_set_array(obj, "validation_loss");
    struct json *accuracy = json_set_array(obj, "validation_accuracy"), *rate = json_set_array(obj, "rate");
    struct json *seconds = json_set_array(obj, "seconds");
    for (int i = 0; i < r->n_history; i++) {
        const struct epoch *e = &r->history[i];
        json_add_num(loss, e->loss);
        json_add_num(v_loss, e->validation_loss);
        json_add_num(accuracy, (double)e->validation_right / (double)r->validation.n);
        json_add_num(rate, e->rate);
        json_add_num(seconds, e->seconds);
    }
    return obj;
}

static enum err add_metadata(struct run *r, const struct metrics *v)
{
    struct model *m = r->model;
    char number[32];
    struct json *data = json_new_object(), *split = json_new_object(), *settings = json_new_object();
    json_set_str(data, "name", "MNIST");
    json_set_str(data, "train_images_sha256", r->data->images_sha256);
    json_set_str(data, "train_labels_sha256", r->data->labels_sha256);
    if (r->data->n_more > 0) {
        json_set_str(data, "name", "MNIST and more");
        json_set_int(data, "more", (int64_t)r->data->n_more);
        json_set_str(data, "more_sha256", r->data->more_sha256);
    }
    json_set_str(split, "rule", r->set.all ? all_rule : r->set.writers ? METADATA_WRITERS_RULE : fixed_rule);
    if (!r->set.writers)
        json_set_int(split, "seed", IDX_SPLIT_SEED);
    json_set_int(split, "train", (int64_t)r->train.n);
    json_set_int(split, "validation", (int64_t)r->validation.n);
    run_settings_json(&r->set, OPTION_RECIPE, settings);
    struct json *validation = json_new_object(), *teachers = json_new_array();
    teachers_write(&r->teacher_answers.teachers, teachers);
    metrics_json(v, validation);
    json_set_bool(validation, "trained_on", r->set.all);
    enum err e[] = {metadata_set_json(m, "dataset", data),          metadata_set_json(m, "split", split),
                    metadata_set_json(m, "settings", settings),     metadata_set_json(m, "validation", validation),
                    metadata_set_json(m, "curves", curves_json(r)), metadata_set_json(m, "teachers", teachers)};
    for (size_t i = 0; i < sizeof(e) / sizeof(*e); i++)
        if (e[i] != OK)
            return e[i];
    model_set_meta(m, "command", r->command);
    model_set_meta(m, "kernels", r->kernels);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)r->set.trainer.seed);
    model_set_meta(m, "seed", number);
    metadata_set_program(m);
    snprintf(number, sizeof(number), "%d", r->best_epoch);
    model_set_meta(m, "epoch", number);
    return OK;
}

/* Fits temperature, thresholds and rejection head, or, with --like, copies temperature and thresholds of another
 * network. v gets the figures on the validation set. */
static enum err fit(const struct run *r, struct metrics *v, const volatile sig_atomic_t *stop, FILE *progress,
                    struct why *why)
{
    struct reject_settings reject = reject_defaults;
    reject.seed = r->set.trainer.seed;
    reject.examples = r->set.reject_examples;
    reject.threads = r->set.trainer.threads;
    reject.progress = progress;
    reject.stop = stop;
    const struct calibration c = {.data = r->data,
                                  .train = r->train.index,
                                  .n_train = r->train.n,
                                  .validation = r->validation.index,
                                  .n_validation = r->validation.n,
                                  .like = r->like,
                                  .reject = r->set.reject_examples > 0 ? &reject : NULL,
                                  .threads = r->set.trainer.threads};
    return calibrate(r->model, &c, v, why);
}

enum err run_export(struct run *r, const volatile sig_atomic_t *stop, FILE *progress, struct why *why)
{
    struct metrics v;
    if (r->best_epoch == 0)
        return err_why(why, ERR_NOT_FOUND, "%s: no epoch is finished yet", r->set.run);
    graph_export(r->trainer->graph, r->best, &r->best_stats, r->model);
    enum err e = fit(r, &v, stop, progress, why);
    if (e != OK)
        return e;
    e = add_golden(r->model, &r->validation);
    if (e == OK)
        e = add_metadata(r, &v);
    if (e != OK)
        return err_why(why, e, "%s: %s", r->set.out, err_str(e));
    metadata_set_name(r->model, r->set.out);
    file_sweep(r->set.out);
    e = model_save(r->model, r->set.out, why);
    if (e == OK && progress)
        fprintf(progress,
                "%s: epoch %d, %zu of %zu correct on the validation set (%.2f %%), loss %.4f, ECE %.2f %%, temperature "
                "%.3f; "
                "%zu unsure below %.3f, %zu of them wrong; %zu rejected\n",
                r->set.out, r->best_epoch, v.right, v.n, 100 * (double)v.right / (double)v.n, v.loss, 100 * v.ece,
                (double)r->model->temperature, v.unsure, (double)r->model->unsure_below, v.unsure_wrong, v.refused);
    return e;
}
