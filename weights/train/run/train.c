/* The loop of a training run: steps, validation, the best so far, checkpoints, a line of progress. */
#include "train.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "run_state.h"

enum { PROGRESS_EVERY_US = 500 * 1000 }; /* half a second: a step takes a few hundredths, and nobody reads faster */

/* A mean loss of ln 10 = 2.3 is guessing. A million is out of reach of anything but weights on their way to
 * infinity. */
#define LOSS_MAX 1e6

/* ---- progress ---- */

struct progress {
    FILE *out;        /* NULL: silent */
    bool terminal;    /* a line that is written over, which would fill a log file */
    int64_t begun_us; /* of this session: what is left is told from its own speed, not from an earlier machine's */
    int64_t last_us;  /* when the line was written */
    int64_t begun_step;
};

static void progress_begin(struct progress *p, FILE *out, const struct run *r)
{
    int64_t now = clock_mono_us();
    *p = (struct progress){out, out && isatty(fileno(out)), now, now, r->trainer->step};
}

static double seconds_left(const struct progress *p, const struct run *r)
{
    /* Before the first step there is no speed to go by. */
    int64_t done = r->trainer->step - p->begun_step, all = r->trainer->steps_per_epoch * r->set.trainer.epochs;
    double spent = (double)(clock_mono_us() - p->begun_us) / 1e6;
    return done > 0 ? spent / (double)done * (double)(all - r->trainer->step) : 0;
}

static void progress_step(struct progress *p, const struct run *r)
{
    int64_t now = clock_mono_us();
    /* A file or a pipe gets a line for each epoch only. */
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
    fprintf(p->out, "%sepoch %d/%d  loss %.4f  validation %.2f %%%s loss %.4f%s  %.1f s  %d min %02d s left\n",
            p->terminal ? "\r" : "", e->number, r->set.trainer.epochs, e->loss,
            100 * (double)e->validation_right / (double)r->validation.n, r->set.all ? " (trained on)" : "",
            e->validation_loss, r->best_epoch == e->number ? " *" : "", e->seconds, (int)(left / 60), (int)left % 60);
    fflush(p->out);
}

/* ---- an epoch ---- */

/* Whether the epoch just validated beats the best so far: more right, or as many at a lower loss. Where the validation
 * pictures cannot decide, because they are trained on or because --last says so, every epoch does, so the last is
 * kept. */
static bool is_best(const struct run *r, const struct epoch *e)
{
    if (r->best_epoch == 0 || r->set.last || r->set.all)
        return true;
    const struct epoch *best = &r->history[r->best_epoch - 1];
    return e->validation_right > best->validation_right ||
           (e->validation_right == best->validation_right && e->validation_loss < best->validation_loss);
}

static enum err validate(struct run *r, struct score *s, struct why *why)
{
    struct trainer *t = r->trainer;
    /* The average is what would be shipped. It was never trained itself, so batch norm has no statistics of it yet. */
    enum err e = trainer_stats(t, t->average, &r->stats);
    if (e != OK)
        return err_why(why, e, "out of memory");
    trainer_logits(t, t->average, &r->stats, r->validation, r->logits);
    *s = score_logits(r->logits, r->validation, 1); /* temperature 1: it is fitted once, at the end */
    return OK;
}

static enum err diverged(const struct run *r, struct why *why)
{
    return err_why(why, ERR_RANGE, "training diverged in epoch %d; try a lower --rate", r->n_history + 1);
}

static enum err end_epoch(struct run *r, int64_t begun_us, struct why *why)
{
    struct trainer *t = r->trainer;
    struct score s;
    enum err e = validate(r, &s, why);
    /* Before anything is kept: a checkpoint of such weights could not be resumed to any use. */
    if (e == OK && !isfinite(s.loss))
        e = diverged(r, why);
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
    /* A copy, since training goes on in the same arrays. Statistics belong to the weights that they were measured with.
     */
    if (is_best(r, now)) {
        r->best_epoch = now->number;
        memcpy(r->best, t->average, t->graph->n_params * sizeof(float));
        memcpy(r->best_stats.mean, r->stats.mean, 2 * t->graph->n_channels * sizeof(float));
    }
    r->loss_sum = r->seconds = 0; /* the next epoch's */
    /* The checkpoint first: it cannot be made again, while the log is written anew from its history every time. */
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
        /* Between steps, where all state is whole. The seconds of the unfinished epoch go into the checkpoint, so that
         * its line in the log counts every session. */
        if (*stop || t->step >= last) {
            *end = TRAIN_STOPPED;
            r->seconds += (double)(clock_mono_us() - begun_us) / 1e6;
            return checkpoint_save(r, why);
        }
        enum err e = teacher_answers_for_epoch(&r->teacher_answers, t, &r->set, stop, out, why);
        if (e != OK)
            return e;
        /* Asking teachers can take minutes; a stop in between leaves without answers, and no step may be taken. */
        if (*stop)
            continue;
        double loss = trainer_step(t);
        if (atomic_load(&t->no_memory))
            return err_why(why, ERR_NOMEM, "out of memory");
        if (!(loss < LOSS_MAX)) /* NaN is not less than anything */
            return diverged(r, why);
        r->loss_sum += loss;
        progress_step(&p, r);
        if (t->step % t->steps_per_epoch != 0)
            continue; /* in the middle of an epoch */
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
    /* --finish exports what an earlier session trained. */
    if (e == OK && !set->finish)
        e = train_loop(&r, stop, progress, end, why);
    if (e == OK && *end == TRAIN_DONE)
        e = run_export(&r, stop, progress, why);
    if (e == ERR_STOPPED) {
        *end = TRAIN_STOPPED; /* the checkpoint of the last epoch is there */
        e = OK;
    }
    run_close(&r);
    return e;
}

enum err train_run(const struct train_settings *set, const char *command, const volatile sig_atomic_t *stop,
                   FILE *progress, enum train_end *end, struct why *why)
{
    return train_run_on(set, NULL, command, stop, progress, end, why);
}
