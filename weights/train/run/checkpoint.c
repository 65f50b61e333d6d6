/* A run to disk and back: RUN/checkpoint and RUN/log.jsonl.
 *
 * checkpoint: a block file (block_file.h) with magic DIGTRUN2 and blocks of parameters, first, second, average where
 * there is one, best parameters, best mean, best var.
 *
 * Both files are written whole, under another name, and renamed (files.h): a kill at any moment leaves the one
 * before. */
#include "run_state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/block_file.h"

#define MAGIC "DIGTRUN2"

enum {
    DIGITS = 17,    /* a double reads back as the same double */
    LOG_DIGITS = 6, /* the log is for people and plots */
    PATH_BYTES = OPTION_TEXT_MAX + 32,
    BLOCKS_MAX = 8
};

/* Channels are padded to BACK_SLICE in the blocks, so one of them may be that many times as long as the parameters. */
static const size_t FILE_MAX = sizeof(float) * BLOCKS_MAX * BACK_SLICE * (size_t)MODEL_PARAMS_MAX;

static void path_in_run(const struct train_settings *set, const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", set->run, name);
}

void run_settings_json(const struct train_settings *set, enum option_use least, struct json *obj)
{
    options_write(train_options, train_options_n, set, least, obj);
}

/* One form for the checkpoint and for the log, so that a plot can be drawn from either. */
static void epoch_json(const struct epoch *e, size_t validation, struct json *obj)
{
    json_set_int(obj, "epoch", e->number);
    json_set_num(obj, "loss", e->loss);
    json_set_num(obj, "validation_loss", e->validation_loss);
    json_set_int(obj, "validation_right", (int64_t)e->validation_right);
    /* For readers of the log; the count of right ones, which is exact, is what is read back. */
    json_set_num(obj, "validation_accuracy", validation > 0 ? (double)e->validation_right / (double)validation : 0);
    json_set_num(obj, "rate", e->rate);
    json_set_num(obj, "seconds", e->seconds);
}

/* The blocks of floats, in the order of the file. One list for writing and reading, so that the two cannot differ. */
static size_t blocks_of(const struct run *r, struct float_block b[BLOCKS_MAX])
{
    const struct trainer *t = r->trainer;
    size_t n = 0, params = t->graph->n_params, channels = t->graph->n_channels;
    b[n++] = (struct float_block){t->params, params};
    b[n++] = (struct float_block){t->first, params};
    b[n++] = (struct float_block){t->second, params};
    if (t->average != t->params) /* without an average it is the parameters, which are there already */
        b[n++] = (struct float_block){t->average, params};
    b[n++] = (struct float_block){r->best, params};
    b[n++] = (struct float_block){r->best_stats.mean, channels};
    b[n++] = (struct float_block){r->best_stats.var, channels};
    return n;
}

/* All that is not a float. The command line and settings make the run repeatable; step, sums and history let it go on
 * in the middle of an epoch; version, instruction sets and teachers are what its bits depend on besides. */
static struct json *header_of(const struct run *r)
{
    struct json *h = json_new_object();
    json_set_str(h, "command", r->command);
    run_settings_json(&r->set, OPTION_KEPT, json_set_object(h, "settings"));
    json_set_int(h, "step", r->trainer->step);
    json_set_num(h, "loss_sum", r->loss_sum);
    json_set_num(h, "seconds", r->seconds);
    json_set_int(h, "best_epoch", r->best_epoch);
    json_set_str(h, "version", DIGITD_VERSION);
    json_set_str(h, "kernels", r->kernels);
    teachers_write(&r->teacher_answers.teachers, json_set_array(h, "teachers"));
    struct json *history = json_set_array(h, "history");
    for (int i = 0; i < r->n_history; i++)
        epoch_json(&r->history[i], r->validation.n, json_add_object(history));
    return h;
}

enum err checkpoint_save(const struct run *r, struct why *why)
{
    char path[PATH_BYTES];
    struct float_block b[BLOCKS_MAX];
    struct json *head = header_of(r);
    path_in_run(&r->set, "checkpoint", path);
    enum err e = block_file_write(path, MAGIC, head, b, blocks_of(r, b), why);
    json_free(head);
    return e;
}

enum err checkpoint_settings(struct run *r, bool *exists, bool *finished, struct why *why)
{
    char path[PATH_BYTES];
    struct block_file f;
    struct why inner = {0};
    path_in_run(&r->set, "checkpoint", path);
    *exists = *finished = false;
    enum err e = block_file_read(&f, path, MAGIC, FILE_MAX, why);
    /* No file: a new run. Any other failure is one, lest a damaged run is taken for none and written over. */
    if (e == ERR_NOT_FOUND) {
        e = OK;
        goto out;
    }
    if (e != OK)
        goto out;
    *exists = true;
    e = options_read(train_options, train_options_n, &r->set, r->set.given, json_get(f.head, "settings"), &inner);
    const char *command = json_get_str(f.head, "command", NULL), *kernels = json_get_str(f.head, "kernels", NULL);
    /* Both go into the weights file, where nobody could fill them in later. */
    if (e == OK && (!command || !kernels))
        e = err_why(&inner, ERR_FORMAT, "its command line or its instruction sets are missing");
    if (e != OK) {
        err_why(why, e, "%s: %s", path, inner.text);
        goto out;
    }
    snprintf(r->command, sizeof(r->command), "%s", command);
    snprintf(r->kernels, sizeof(r->kernels), "%s", kernels);
    /* A finished run may be replaced; an unfinished one is hours of work that only --resume or --finish may touch. */
    *finished = (int)json_len(json_get(f.head, "history")) >= r->set.trainer.epochs;
out:
    block_file_free(&f);
    return e;
}

static bool epoch_read(const struct json *obj, struct epoch *e)
{
    int64_t number, right;
    if (!json_get_int(obj, "epoch", &number) || !json_get_int(obj, "validation_right", &right) ||
        !json_get_num(obj, "loss", &e->loss) || !json_get_num(obj, "validation_loss", &e->validation_loss) ||
        !json_get_num(obj, "rate", &e->rate) || !json_get_num(obj, "seconds", &e->seconds))
        return false;
    e->number = (int)number;
    e->validation_right = (size_t)right;
    return true;
}

/* The digest holds, so a header that does not add up was written by another program, or by hand. It is refused: a step
 * that does not fit the history would train the wrong epoch. */
static bool header_read(struct run *r, const struct json *head)
{
    int64_t step, best;
    const struct json *history = json_get(head, "history");
    if (!json_get_int(head, "step", &step) || !json_get_int(head, "best_epoch", &best) ||
        !json_get_num(head, "loss_sum", &r->loss_sum) || !json_get_num(head, "seconds", &r->seconds) ||
        !json_is_array(history) || json_len(history) > (size_t)r->set.trainer.epochs)
        return false;
    r->n_history = (int)json_len(history);
    r->best_epoch = (int)best;
    for (int i = 0; i < r->n_history; i++)
        if (!epoch_read(json_at(history, (size_t)i), &r->history[i]))
            return false;
    /* As many whole epochs in the history as steps for them, and the best one among them. */
    if (step < 0 || step / r->trainer->steps_per_epoch != r->n_history || best < 0 || best > r->n_history)
        return false;
    trainer_go_to(r->trainer, step);
    return true;
}

enum err checkpoint_load(struct run *r, struct why *why)
{
    char path[PATH_BYTES];
    struct block_file f;
    struct float_block b[BLOCKS_MAX];
    path_in_run(&r->set, "checkpoint", path);
    enum err e = block_file_read(&f, path, MAGIC, FILE_MAX, why);
    /* Teachers are named by path, and a path can hold another file by now: only digests tell. */
    if (e == OK && !teachers_same(&r->teacher_answers.teachers, json_get(f.head, "teachers")))
        e = err_why(why, ERR_FORMAT, "%s: this run was started with other teachers (%s/log.jsonl has their SHA-256)",
                    path, r->set.run);
    if (e == OK && (!block_file_fill(&f, b, blocks_of(r, b)) || !header_read(r, f.head)))
        e = err_why(why, ERR_FORMAT, "%s does not match its own settings", path);
    block_file_free(&f);
    return e;
}

enum err run_log_write(const struct run *r, struct why *why)
{
    char path[PATH_BYTES];
    struct buf *text = buf_new(BLOCK_FILE_HEADER_MAX);
    /* Written anew each time, from the history: a session that died in the middle of a line leaves no half of one. */
    struct json *start = json_new_object();
    json_set_str(start, "event", "start");
    json_set_str(start, "version", DIGITD_VERSION);
    json_set_str(start, "command", r->command);
    run_settings_json(&r->set, OPTION_KEPT, json_set_object(start, "settings"));
    json_set_str(start, "train_images_sha256", r->data->images_sha256);
    json_set_str(start, "train_labels_sha256", r->data->labels_sha256);
    json_set_int(start, "train_pictures", (int64_t)r->train.n);
    json_set_int(start, "validation_pictures", (int64_t)r->validation.n);
    teachers_write(&r->teacher_answers.teachers, json_set_array(start, "teachers"));
    /* Another compiler may round otherwise: of use to whoever gets other bits from the same settings. */
    json_set_str(start, "compiler", __VERSION__);
    json_set_str(start, "kernels", r->kernels);
    json_set_int(start, "threads", parallel_threads(r->trainer->pool));
    enum err e = text ? json_write(start, DIGITS, text) : ERR_NOMEM;
    json_free(start);
    for (int i = 0; e == OK && i < r->n_history; i++) {
        struct json *line = json_new_object();
        json_set_str(line, "event", "epoch");
        epoch_json(&r->history[i], r->validation.n, line);
        buf_add_str(text, "\n");
        e = json_write(line, LOG_DIGITS, text);
        json_free(line);
    }
    if (e == OK)
        e = buf_add_str(text, "\n");
    path_in_run(&r->set, "log.jsonl", path);
    e = e == OK ? file_write(path, (struct file_part[]){{buf_data(text), buf_len(text)}}, 1, why)
                : err_why(why, e, "%s: %s", path, err_str(e));
    buf_free(text);
    return e;
}

enum err checkpoint_remove(const struct run *r, struct why *why)
{
    char path[PATH_BYTES];
    path_in_run(&r->set, "checkpoint", path);
    /* Most runs begin where there is none. */
    return unlink(path) == 0 || errno == ENOENT ? OK : err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
}
