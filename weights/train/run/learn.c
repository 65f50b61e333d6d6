/* The trainer does the learning: its list of pictures is all corrections and, anew for each epoch, some of MNIST's. The
 * network's batch norm is folded into its weights by now, so it is trained without. */
#include "learn.h"

#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "common/metadata.h"
#include "common/rng.h"
#include "measure/calibrate.h"
#include "measure/reading.h"
#include "network/graph_params.h"
#include "train.h"

enum { BATCH = 128, PROGRESS_TENTHS = 10 };

struct learn {
    const struct learn_settings *set;
    const char *command;
    const volatile sig_atomic_t *stop;
    FILE *progress;
    struct learn_result *result;
    struct model *before, *after;
    struct dataset data; /* MNIST's training pictures, and the corrections behind them */
    /* MNIST's split; the corrections to learn from stand behind `train`, where the fitting finds them. */
    uint32_t *train, *validation, *held;
    size_t n_mnist, n_validation;
};

/* ---- corrections ---- */

struct correction {
    uint32_t index;
    uint8_t digest[DIGEST_BYTES];
};

static int by_digest(const void *a, const void *b)
{
    const struct correction *x = a, *y = b;
    const int order = memcmp(x->digest, y->digest, sizeof(x->digest));
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* Blank, or with more ink than the network reads. One blot would also raise that limit, fitted to the darkest digit. */
static bool is_spoilt(const struct model *m, const uint8_t *px)
{
    uint32_t ink = 0;
    for (int i = 0; i < DIGIT_PIXELS; i++)
        ink += px[i];
    return ink == 0 || (float)ink / (255.0F * DIGIT_PIXELS) > m->ink_above;
}

/* Which corrections are learnt from and which are held back. In the order of their digests, equal ones are neighbours,
 * and which are held back depends on nothing but the pictures. */
static enum err split_corrections(struct learn *l, struct why *why)
{
    struct learn_result *r = l->result;
    const size_t n = l->data.n_more, first = l->data.n - n;
    struct correction *all = calloc(n + 1, sizeof(*all));
    l->held = calloc(n / LEARN_HELD_PART + 2, sizeof(*l->held));
    if (!all || !l->held) {
        free(all);
        return err_why(why, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        all[i].index = (uint32_t)(first + i);
        digest_sha256(l->data.images + (first + i) * DIGIT_PIXELS, DIGIT_PIXELS, all[i].digest);
    }
    qsort(all, n, sizeof(*all), by_digest);
    r->given = n;
    for (size_t i = 0, kept = 0; i < n; i++) {
        if (i > 0 && memcmp(all[i].digest, all[i - 1].digest, sizeof(all[i].digest)) == 0)
            r->same++;
        else if (is_spoilt(l->before, l->data.images + (size_t)all[i].index * DIGIT_PIXELS))
            r->spoilt++;
        else if (kept++ % LEARN_HELD_PART == LEARN_HELD_PART - 1)
            l->held[r->n_held++] = all[i].index;
        else
            l->train[l->n_mnist + r->n_learn++] = all[i].index;
    }
    free(all);
    return OK;
}

/* ---- files ---- */

static enum err load_network(struct learn *l, struct why *why)
{
    const char *path = weights_find(l->set->weights);
    bool trained_on;
    enum err e = model_load(&l->before, path, why);
    if (e == OK)
        e = model_load(&l->after, path, why);
    if (e != OK)
        return e;
    reading_warn("learn", l->before, path);
    if (model_meta(l->before, "learnt"))
        return err_why(
            why, ERR_RANGE,
            "%s has learnt from a site already, and what was deleted there since would stay in it: start from "
            "the network that it came from",
            path);
    metadata_trained_on(l->before, &trained_on);
    if (trained_on)
        return err_why(why, ERR_RANGE,
                       "%s was trained on MNIST's validation pictures, so nothing is left to compare by: start from a "
                       "network that was not",
                       path);
    return OK;
}

static enum err load_pictures(struct learn *l, struct why *why)
{
    size_t n_train = 0;
    enum err e = dataset_load(&l->data, l->set->data, IDX_TRAIN, why);
    if (e != OK)
        return e;
    e = dataset_append(&l->data, l->set->corrections, why);
    if (e == ERR_NOT_FOUND) { /* an export that found nothing leaves nothing */
        l->result->end = LEARN_NONE;
        return OK;
    }
    if (e == OK && (e = dataset_split(&l->data, &l->train, &n_train, &l->validation, &l->n_validation)) != OK)
        err_why(why, e, "%s", err_str(e));
    if (e != OK)
        return e;
    l->n_mnist = n_train - l->data.n_more; /* the list is in increasing order: what was appended comes last */
    return split_corrections(l, why);
}

/* ---- learning ---- */

/* The pictures of an epoch: list[n_learn] stays, the rest is the next of MNIST's in a shuffled order. */
struct epoch_list {
    uint32_t *list, *order;
    size_t n, at;
};

static enum err epoch_list_new(struct epoch_list *p, const struct learn *l, struct why *why)
{
    const size_t n_learn = l->result->n_learn;
    struct rng r;
    p->n = n_learn * (1 + (size_t)l->set->mix);
    p->list = calloc(p->n + 1, sizeof(*p->list));
    p->order = calloc(l->n_mnist + 1, sizeof(*p->order));
    if (!p->list || !p->order)
        return err_why(why, ERR_NOMEM, "out of memory");
    memcpy(p->list, l->train + l->n_mnist, n_learn * sizeof(*p->list));
    memcpy(p->order, l->train, l->n_mnist * sizeof(*p->order));
    rng_seed(&r, l->set->seed, RNG_SHUFFLE, UINT64_C(1) << 40);
    rng_shuffle(&r, p->order, l->n_mnist);
    return OK;
}

static void epoch_list_next(struct epoch_list *p, const struct learn *l)
{
    for (size_t i = l->result->n_learn; i < p->n; i++)
        p->list[i] = p->order[p->at++ % l->n_mnist];
}

static struct trainer_settings trainer_settings_of(const struct learn_settings *set)
{
    struct trainer_settings t = train_defaults.trainer;
    t.seed = set->seed;
    t.threads = set->threads;
    t.epochs = set->epochs;
    t.batch = BATCH;
    t.bn = false;
    t.optim.rate = set->rate;
    return t;
}

static enum err train_epochs(struct learn *l, struct trainer *t, struct epoch_list *p, struct why *why)
{
    const int64_t steps = t->steps_per_epoch * t->set.epochs;
    double loss = 0;
    int64_t n = 0;
    while (t->step < steps) {
        if (t->step % t->steps_per_epoch == 0)
            epoch_list_next(p, l);
        loss += trainer_step(t);
        n++;
        if (atomic_load(&t->no_memory))
            return err_why(why, ERR_NOMEM, "out of memory");
        if (!(loss < 1e6)) /* not a number is not less either */
            return err_why(why, ERR_RANGE, "learning diverged; try a lower --rate");
        if (*l->stop)
            return ERR_STOPPED;
        if (l->progress && t->step * PROGRESS_TENTHS / steps != (t->step - 1) * PROGRESS_TENTHS / steps) {
            fprintf(l->progress, "learning: %d %%, loss %.4f\n", (int)(t->step * 100 / steps), loss / (double)n);
            loss = 0;
            n = 0;
        }
    }
    return OK;
}

/* Trains from the parameters of `before`, and puts the average of the way into `after`. */
static enum err train(struct learn *l, struct why *why)
{
    const struct trainer_settings set = trainer_settings_of(l->set);
    struct epoch_list p = {0};
    struct trainer *t = NULL;
    enum err e = epoch_list_new(&p, l, why);
    if (e == OK) {
        const struct pictures list = {.data = &l->data, .index = p.list, .n = p.n};
        e = trainer_new(&t, &set, l->before, list, why);
    }
    if (e == ERR_UNSUPPORTED) {
        const struct why inner = *why;
        err_why(why, e, "%s cannot be trained further: %s", weights_find(l->set->weights), inner.text);
    }
    if (e == OK) {
        graph_import(t->graph, l->before, t->params);
        if (t->average != t->params)
            memcpy(t->average, t->params, t->graph->n_params * sizeof(*t->params));
        e = train_epochs(l, t, &p, why);
    }
    if (e == OK)
        graph_export(t->graph, t->average, NULL, l->after);
    trainer_free(t);
    free(p.list);
    free(p.order);
    return e;
}

/* The digits that the rejection head learns from: MNIST's, and the corrections as often as is needed to have the share
 * that they had in training. A few among 55,000 would go on being rejected, though the network can read them. *n: how
 * many. NULL: out of memory. */
static uint32_t *digits_new(const struct learn *l, size_t *n)
{
    const size_t n_learn = l->result->n_learn, wanted = l->n_mnist / (size_t)l->set->mix;
    uint32_t *list = calloc(l->n_mnist + (wanted > n_learn ? wanted : n_learn), sizeof(*list));
    *n = l->n_mnist + n_learn;
    if (!list)
        return NULL;
    memcpy(list, l->train, *n * sizeof(*list));
    for (; *n < l->n_mnist + wanted; ++*n)
        list[*n] = list[*n - n_learn];
    return list;
}

/* All that is fitted to a network, as at the end of digit train. The corrections held back decide nothing here. */
static enum err refit(struct learn *l, struct metrics *v, struct why *why)
{
    size_t n_digits;
    uint32_t *digits = digits_new(l, &n_digits);
    struct reject_settings reject = reject_defaults;
    reject.seed = l->set->seed;
    reject.hidden = l->before->reject.hidden;
    reject.examples = l->set->reject_examples;
    reject.threads = l->set->threads;
    reject.progress = l->progress;
    reject.stop = l->stop;
    const struct calibration c = {.data = &l->data,
                                  .train = digits,
                                  .n_train = n_digits,
                                  .validation = l->validation,
                                  .n_validation = l->n_validation,
                                  .reject = reject.hidden > 0 && reject.examples > 0 ? &reject : NULL,
                                  .threads = l->set->threads};
    enum err e = digits ? calibrate(l->after, &c, v, why) : err_why(why, ERR_NOMEM, "out of memory");
    free(digits);
    /* The same golden pictures, MNIST's, with the logits that they have now. */
    if (e == OK && (e = metadata_golden_logits(l->after)) != OK)
        err_why(why, e, "golden pictures: %s", err_str(e));
    return e;
}

/* ---- comparing ---- */

/* The service saw these very pixels, so they do not go through the normaliser again. */
static void count_answer(struct learn_figures *f, const struct answer *a, int truth)
{
    f->n++;
    f->unsure += a->verdict == VERDICT_UNSURE;
    f->refused += a->verdict == VERDICT_NOT_A_DIGIT;
    f->right += a->verdict != VERDICT_NOT_A_DIGIT && a->digit == truth;
    f->sure_wrong += a->verdict == VERDICT_DIGIT && a->digit != truth;
}

static enum err measure(const struct learn *l, const struct model *m, int which, struct why *why)
{
    struct learn_result *r = l->result;
    struct cnn *cnn = NULL;
    void *scratch = NULL;
    struct answer a;
    enum err e = cnn_create(&cnn, m, CNN_AUTO, why);
    if (e == OK && !(scratch = cnn_scratch_new(cnn)))
        e = err_why(why, ERR_NOMEM, "out of memory");
    for (size_t i = 0; e == OK && i < r->n_held + l->n_validation; i++) {
        const bool held = i < r->n_held;
        const uint32_t index = held ? l->held[i] : l->validation[i - r->n_held];
        cnn_answer(cnn, l->data.images + (size_t)index * DIGIT_PIXELS, &a, scratch);
        count_answer(held ? &r->held[which] : &r->mnist[which], &a, l->data.labels[index]);
    }
    free(scratch);
    cnn_free(cnn);
    return e;
}

static enum learn_end judge(const struct learn_result *r)
{
    if (r->held[1].right < r->held[0].right)
        return LEARN_WORSE_HELD;
    if (r->mnist[1].right + r->mnist[1].n / LEARN_WORSE_PART < r->mnist[0].right)
        return LEARN_WORSE_MNIST;
    return LEARN_DONE;
}

/* ---- the file ---- */

static void figures_json(const struct learn_figures f[2], struct json *obj)
{
    static const char *const names[] = {"before", "after"};
    for (int i = 0; i < 2; i++) {
        struct json *o = json_set_object(obj, names[i]);
        json_set_int(o, "pictures", (int64_t)f[i].n);
        json_set_int(o, "right", (int64_t)f[i].right);
        json_set_int(o, "unsure", (int64_t)f[i].unsure);
        json_set_int(o, "refused", (int64_t)f[i].refused);
        json_set_int(o, "sure_wrong", (int64_t)f[i].sure_wrong);
    }
}

static enum err note(struct learn *l, const struct metrics *v)
{
    const struct learn_result *r = l->result;
    struct json *learnt = json_new_object(), *validation = json_new_object();
    json_set_str(learnt, "from", l->before->sha256);
    json_set_str(learnt, "command", l->command);
    json_set_int(learnt, "corrections", (int64_t)r->n_learn);
    json_set_int(learnt, "held_back", (int64_t)r->n_held);
    figures_json(r->held, json_set_object(learnt, "on_corrections_held_back"));
    figures_json(r->mnist, json_set_object(learnt, "on_mnist_validation"));
    metrics_json(v, validation);
    json_set_bool(validation, "trained_on", false);
    enum err e = metadata_set_json(l->after, "learnt", learnt);
    const enum err e2 = metadata_set_json(l->after, "validation", validation);
    metadata_set_name(l->after, l->set->out);
    metadata_set_program(l->after);
    return e == OK ? e2 : e;
}

static enum err write_out(struct learn *l, const struct metrics *v, struct why *why)
{
    enum err e = note(l, v);
    if (e != OK)
        return err_why(why, e, "%s: %s", l->set->out, err_str(e));
    file_sweep(l->set->out);
    return model_save(l->after, l->set->out, why);
}

static enum err learn_all(struct learn *l, struct why *why)
{
    struct learn_result *r = l->result;
    struct metrics v;
    enum err e = train_out_check(l->set->out, why);
    if (e == OK)
        e = load_network(l, why);
    if (e == OK)
        e = load_pictures(l, why);
    if (e != OK || r->end == LEARN_NONE)
        return e;
    if (r->n_learn + r->n_held < LEARN_LEAST) {
        r->end = LEARN_TOO_FEW;
        return OK;
    }
    e = measure(l, l->before, 0, why);
    if (e == OK)
        e = train(l, why);
    if (e == OK)
        e = refit(l, &v, why);
    if (e == OK)
        e = measure(l, l->after, 1, why);
    if (e != OK)
        return e;
    r->end = judge(r);
    return r->end == LEARN_DONE ? write_out(l, &v, why) : OK;
}

enum err learn_run(struct learn_result *result, const struct learn_settings *set, const char *command,
                   const volatile sig_atomic_t *stop, FILE *progress, struct why *why)
{
    struct learn l = {.set = set, .command = command, .stop = stop, .progress = progress, .result = result};
    *result = (struct learn_result){0};
    enum err e = learn_all(&l, why);
    if (e == ERR_STOPPED) {
        result->end = LEARN_STOPPED;
        e = OK;
    }
    free(l.train);
    free(l.validation);
    free(l.held);
    dataset_free(&l.data);
    model_free(l.before);
    model_free(l.after);
    return e;
}
