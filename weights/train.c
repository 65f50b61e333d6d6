/* The loop of a training run: steps, validation, the best so far, checkpoints, a line of progress. */
#include "train.h"

#include <sys/stat.h>

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fcgi/base/clock.h"
#include "arch.h"
#include "files.h"
#include "metrics.h"
#include "run.h"

enum { PROGRESS_EVERY_US = 500 * 1000 };

static void run_close(struct run *r)
{
    bank_close(&r->bank);
    trainer_free(r->trainer);
    model_free(r->model);
    free(r->stats.mean);
    free(r->best_stats.mean);
    free(r->best);
    free(r->history);
    free(r->logits);
    free(r->train_index);
    free(r->validation_index);
}

static enum err split_data(struct run *r, struct why *why)
{
    enum err e = dataset_split(r->data, &r->train_index, &r->train.n, &r->validation_index, &r->validation.n);
    if (e != OK)
        return err_why(why, e, "out of memory");
    if (r->set.train_first > 0 && (size_t)r->set.train_first < r->train.n)
        r->train.n = (size_t)r->set.train_first;
    r->train.data = r->validation.data = r->data;
    r->train.index = r->train_index;
    r->validation.index = r->validation_index;
    return OK;
}

/* The weights file comes hours from now: that its place can be written is asked first. */
static enum err check_out(const char *path, struct why *why)
{
    char copy[OPTION_TEXT_MAX];
    snprintf(copy, sizeof(copy), "%s", path);
    struct stat st;
    if (path[strlen(path) - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return err_why(why, ERR_IO, "%s cannot be written: it is a directory, not a file", path);
    const char *place = dirname(copy);
    if (access(place, W_OK | X_OK) != 0)
        return err_why(why, ERR_IO, "%s cannot be written: %s: %s", path, place, strerror(errno));
    return OK;
}

/* Split, trainer, buffers; with the state of a checkpoint where one is gone on with. */
static enum err run_open(struct run *r, const char *command, struct why *why)
{
    bool exists, finished;
    struct train_settings found = r->set;
    enum err e = check_out(r->set.out, why);
    if (e != OK)
        return e;
    e = checkpoint_settings(&found, r->command, sizeof(r->command), &exists, &finished, why);
    bool go_on = r->set.resume || r->set.finish;
    if (e != OK)
        return e;
    if (go_on && !exists)
        return err_why(why, ERR_NOT_FOUND, "%s holds no run", r->set.run);
    if (!go_on && exists && !finished)
        return err_why(why, ERR_EXISTS, "%s holds an unfinished run: --resume goes on with it, --finish takes its best",
                       r->set.run);
    if (go_on)
        r->set = found;
    else
        snprintf(r->command, sizeof(r->command), "%s", command);
    r->set.trainer.bn = !r->set.no_bn;
    if ((e = bank_open(&r->bank, &r->set, why)) != OK || (e = dir_make(r->set.run, why)) != OK ||
        (e = arch_model(&r->model, r->set.layers, why)) != OK || (e = split_data(r, why)) != OK ||
        (e = trainer_new(&r->trainer, &r->set.trainer, r->model, r->train, why)) != OK)
        return e;
    const struct graph *g = r->trainer->graph;
    r->stats = graph_stats_new(g);
    r->best_stats = graph_stats_new(g);
    r->best = calloc(g->n_params, sizeof(float));
    r->history = calloc((size_t)r->set.trainer.epochs, sizeof(*r->history));
    r->logits = calloc(r->validation.n * MODEL_CLASSES, sizeof(float));
    if (!r->stats.mean || !r->best_stats.mean || !r->best || !r->history || !r->logits)
        return err_why(why, ERR_NOMEM, "out of memory");
    return go_on ? checkpoint_load(r, why) : OK;
}

/* ---- progress ---- */

struct progress {
    FILE *out;
    bool terminal;
    int64_t begun_us, last_us, begun_step;
};

static void progress_begin(struct progress *p, FILE *out, const struct run *r)
{
    int64_t now = clock_mono_us();
    *p = (struct progress){out, out && isatty(fileno(out)), now, now, r->trainer->step};
}

static double seconds_left(const struct progress *p, const struct run *r)
{
    int64_t done = r->trainer->step - p->begun_step, all = r->trainer->steps_per_epoch * r->set.trainer.epochs;
    double spent = (double)(clock_mono_us() - p->begun_us) / 1e6;
    return done > 0 ? spent / (double)done * (double)(all - r->trainer->step) : 0;
}

static void progress_step(struct progress *p, const struct run *r)
{
    int64_t now = clock_mono_us();
    if (!p->terminal || now - p->last_us < PROGRESS_EVERY_US)
        return;
    p->last_us = now;
    int64_t at = r->trainer->step % r->trainer->steps_per_epoch;
    double left = seconds_left(p, r);
    fprintf(p->out, "\repoch %d/%d  %3d %%  loss %.4f  %d min %02d s left ", r->n_history + 1, r->set.trainer.epochs,
            (int)(100 * at / r->trainer->steps_per_epoch), at > 0 ? r->loss_sum / (double)at : 0, (int)(left / 60),
            (int)left % 60);
    fflush(p->out);
}

static void progress_epoch(struct progress *p, const struct run *r)
{
    if (!p->out)
        return;
    const struct epoch *e = &r->history[r->n_history - 1];
    double left = seconds_left(p, r);
    fprintf(p->out, "%sepoch %d/%d  loss %.4f  validation %.2f %% loss %.4f%s  %.1f s  %d min %02d s left\n",
            p->terminal ? "\r" : "", e->number, r->set.trainer.epochs, e->loss,
            100 * (double)e->validation_right / (double)r->validation.n, e->validation_loss,
            r->best_epoch == e->number ? " *" : "", e->seconds, (int)(left / 60), (int)left % 60);
    fflush(p->out);
}

/* ---- an epoch ---- */

/* Whether the epoch just validated beats the best so far: more right, or as many at a lower loss. */
static bool is_best(const struct run *r, const struct epoch *e)
{
    if (r->best_epoch == 0 || r->set.last)
        return true;
    const struct epoch *best = &r->history[r->best_epoch - 1];
    return e->validation_right > best->validation_right ||
           (e->validation_right == best->validation_right && e->validation_loss < best->validation_loss);
}

static enum err validate(struct run *r, struct score *s, struct why *why)
{
    struct trainer *t = r->trainer;
    enum err e = trainer_stats(t, t->average, &r->stats);
    if (e != OK)
        return err_why(why, e, "out of memory");
    trainer_logits(t, t->average, &r->stats, r->validation, r->logits);
    *s = score_logits(r->logits, r->validation, 1);
    return OK;
}

static enum err end_epoch(struct run *r, int64_t begun_us, struct why *why)
{
    struct trainer *t = r->trainer;
    struct score s;
    enum err e = validate(r, &s, why);
    if (e != OK)
        return e;
    int64_t steps = t->steps_per_epoch * r->set.trainer.epochs;
    r->history[r->n_history] = (struct epoch){.number = r->n_history + 1,
                                              .loss = r->loss_sum / (double)t->steps_per_epoch,
                                              .validation_loss = s.loss,
                                              .validation_right = s.right,
                                              .rate = (double)optim_rate(&r->set.trainer.optim, t->step - 1, steps),
                                              .seconds = r->seconds + (double)(clock_mono_us() - begun_us) / 1e6};
    const struct epoch *now = &r->history[r->n_history++];
    if (is_best(r, now)) {
        r->best_epoch = now->number;
        memcpy(r->best, t->average, t->graph->n_params * sizeof(float));
        memcpy(r->best_stats.mean, r->stats.mean, 2 * t->graph->n_channels * sizeof(float));
    }
    r->loss_sum = r->seconds = 0;
    e = checkpoint_save(r, why);
    return e == OK ? run_log_write(r, why) : e;
}

/* Steps until all epochs are done or *stop is set. */
static enum err train_loop(struct run *r, const volatile sig_atomic_t *stop, FILE *out, enum train_end *end,
                           struct why *why)
{
    struct trainer *t = r->trainer;
    struct progress p;
    progress_begin(&p, out, r);
    int64_t begun_us = clock_mono_us(), last = r->set.stop_after > 0 ? t->step + r->set.stop_after : INT64_MAX;
    while (r->n_history < r->set.trainer.epochs) {
        if (*stop || t->step >= last) {
            *end = TRAIN_STOPPED;
            r->seconds += (double)(clock_mono_us() - begun_us) / 1e6;
            return checkpoint_save(r, why);
        }
        enum err e = bank_turn(&r->bank, t, &r->set, stop, out, why);
        if (e != OK)
            return e;
        if (*stop)
            continue;
        double loss = trainer_step(t);
        if (!(loss < 1e6))
            return err_why(why, ERR_RANGE, "the loss has left all bounds in epoch %d: a lower --rate may help",
                           r->n_history + 1);
        r->loss_sum += loss;
        progress_step(&p, r);
        if (t->step % t->steps_per_epoch != 0)
            continue;
        if ((e = end_epoch(r, begun_us, why)) != OK)
            return e;
        progress_epoch(&p, r);
        begun_us = clock_mono_us();
    }
    *end = TRAIN_DONE;
    return OK;
}

enum err train_run_on(const struct train_settings *set, const struct dataset *data, const char *command,
                      const volatile sig_atomic_t *stop, FILE *progress, enum train_end *end, struct why *why)
{
    struct run r = {.set = *set, .data = data};
    *end = TRAIN_DONE;
    enum err e = run_open(&r, command, why);
    if (e == OK && !set->finish)
        e = train_loop(&r, stop, progress, end, why);
    if (e == OK && *end == TRAIN_DONE)
        e = run_finish(&r, progress, why);
    run_close(&r);
    return e;
}

enum err train_run(const struct train_settings *set, const char *command, const volatile sig_atomic_t *stop,
                   FILE *progress, enum train_end *end, struct why *why)
{
    struct dataset data;
    *end = TRAIN_DONE;
    enum err e = dataset_load(&data, set->data, IDX_TRAIN, why);
    if (e == OK)
        e = train_run_on(set, &data, command, stop, progress, end, why);
    dataset_free(&data);
    return e;
}
