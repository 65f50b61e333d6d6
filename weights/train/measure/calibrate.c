/* Shares of the validation set decide. LOOK_AGAIN_SHARE of the pictures get a second look (cnn.h): more than are wrong
 * or unsure, few enough to cost little. UNSURE_SHARE lie below unsure_below, second looks included. ink_above is
 * slightly more ink than any training digit has, so it rejects none of them.
 *
 * The score's thresholds come from the validation set and as many digits drawn by other hands (hands.h), since MNIST's
 * digits resemble each other more than those of people with other pens: REJECT_SHARE of all of these are rejected as
 * not a digit and DOUBT_SHARE rejected or unsure by score, over all rules together. */
#include "calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/hands.h"
#include "engine_answers.h"

#define LOOK_AGAIN_SHARE 0.02
#define UNSURE_SHARE     0.01
#define DOUBT_SHARE      0.0175
#define REJECT_SHARE     0.0004
#define INK_MARGIN       1.1
#define HANDS_HELD_BACK  UINT64_C(0x68656c64) /* a seed; what training uses is its own */

static const char *const look_again_rule =
    "the confidence of a first look under which 2 % of the validation pictures lie";
static const char *const unsure_rule =
    "the confidence under which 1 % of the validation pictures lie after second looks";
static const char *const reject_rule =
    "two dense layers on the features, fitted to tell training digits and digits drawn by other hands from examples of "
    "other things; of the validation pictures and as many drawn ones, 0.04 % are under reject_below, 1.75 % under "
    "doubt_below";

/* Slightly less than v, a picture's confidence, so that this picture stays above it even where another instruction set
 * rounds differently. */
static float a_little_under(double v)
{
    return (float)(v * (1 - 1e-5));
}

/* Mean pixel / 255 of the darkest training digit, and a margin. */
static float ink_limit(const struct calibration *c)
{
    uint32_t most = 0;
    for (size_t i = 0; i < c->n_train; i++) {
        const uint8_t *px = c->data->images + (size_t)c->train[i] * DIGIT_PIXELS;
        uint32_t ink = 0;
        for (int k = 0; k < DIGIT_PIXELS; k++)
            ink += px[k];
        most = ink > most ? ink : most;
    }
    return (float)fmin(1, INK_MARGIN * most / 255 / DIGIT_PIXELS);
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* What the thresholds are fitted on: the validation set, and digits that other hands drew. */
struct answered {
    struct engine_answers validation, drawn;
};

static void answered_free(struct answered *a)
{
    engine_answers_free(&a->validation);
    engine_answers_free(&a->drawn);
}

static float *put_scores(const struct engine_answers *a, float *score)
{
    for (size_t i = 0; i < a->n; i++)
        *score++ = a->refused[i] || isnan(a->of[i].score) ? -INFINITY : a->of[i].score;
    return score;
}

/* The score below which this share of the answers lies. Pictures that other rules reject count as the lowest; where
 * they are more than the share, no other is below it. */
static enum err score_limit(const struct answered *a, double share, float *out)
{
    const size_t n = a->validation.n + a->drawn.n;
    size_t at = (size_t)(share * (double)n);
    float *score = calloc(n + 1, sizeof(*score));
    if (!score)
        return ERR_NOMEM;
    put_scores(&a->drawn, put_scores(&a->validation, score));
    qsort(score, n, sizeof(*score), by_value);
    while (at < n && !isfinite(score[at]))
        at++;
    *out = at < n ? score[at] : 0;
    free(score);
    return OK;
}

/* Answers the validation set with everything fitted so far. */
static enum err answer(struct engine_answers *out, struct model *m, const struct calibration *c, struct why *why)
{
    struct cnn *cnn = NULL;
    enum err e = cnn_create(&cnn, m, CNN_AUTO, why);
    if (e == OK)
        e = engine_answers_run(out, cnn, c->data, c->validation, c->n_validation, c->threads, why);
    cnn_free(cnn);
    return e;
}

/* As many drawn digits as there are validation pictures: drawn as those of training are, with another seed. */
static enum err answer_drawn(struct engine_answers *out, struct model *m, const struct calibration *c, struct why *why)
{
    struct dataset d = {0};
    struct cnn *cnn = NULL;
    enum err e = hands_dataset(&d, HANDS_HELD_BACK, c->n_validation);
    if (e != OK)
        err_why(why, e, "%s", err_str(e));
    if (e == OK)
        e = cnn_create(&cnn, m, CNN_AUTO, why);
    if (e == OK)
        e = engine_answers_run(out, cnn, &d, NULL, d.n, c->threads, why);
    cnn_free(cnn);
    dataset_free(&d);
    return e;
}

static enum err fit_rejection_head(struct model *m, const struct calibration *c, struct why *why)
{
    const struct reject_example_source digits = {c->data, c->train, c->n_train};
    model_reject_clear(m);
    m->ink_above = 1;
    if (!c->reject || (c->like && c->like->reject.hidden == 0))
        return OK;
    const enum err e = reject_fit(m, &digits, c->reject, why);
    m->reject.below = m->reject.doubt = -1e6F;
    return e == ERR_UNSUPPORTED ? OK : e;
}

static enum err fit_thresholds(struct model *m, const struct calibration *c, const struct answered *both)
{
    const struct engine_answers *a = &both->validation;
    if (c->like) {
        m->temperature = c->like->temperature;
        m->look_again_below = c->like->look_again_below;
        m->unsure_below = c->like->unsure_below;
        m->ink_above = c->like->ink_above;
        m->reject.below = c->like->reject.below;
        m->reject.doubt = c->like->reject.doubt;
        return OK;
    }
    m->temperature = (float)metrics_fit_temperature(a->n, a->logits, a->labels);
    m->look_again_below = a_little_under(metrics_quantile(a->n, a->logits, (double)m->temperature, LOOK_AGAIN_SHARE));
    m->ink_above = ink_limit(c);
    if (m->reject.hidden == 0)
        return OK;
    const enum err e = score_limit(both, REJECT_SHARE, &m->reject.below);
    return e == OK ? score_limit(both, DOUBT_SHARE, &m->reject.doubt) : e;
}

/* The settings of the rejection head, so that it can be made again. */
static void tell_settings(struct model *m, const struct reject_settings *set)
{
    char text[128];
    snprintf(text, sizeof(text), "{\"seed\":\"%llu\",\"hidden\":%d,\"examples\":%d}", (unsigned long long)set->seed,
             set->hidden, set->examples);
    model_set_meta(m, "reject_settings", text);
}

static void tell(struct model *m, const struct calibration *c)
{
    static const char *const borrowed = "that of the file calibrated_as";
    const char *rule = c->like ? model_meta(c->like, "unsure_rule") : unsure_rule;
    model_set_meta(m, "look_again_rule", c->like ? borrowed : look_again_rule);
    model_set_meta(m, "unsure_rule", rule ? rule : borrowed);
    json_remove(m->meta, "reject_rule");
    json_remove(m->meta, "reject_settings");
    json_remove(m->meta, "calibrated_as");
    if (m->reject.hidden > 0) {
        model_set_meta(m, "reject_rule", c->like ? borrowed : reject_rule);
        tell_settings(m, c->reject);
    }
    if (c->like)
        model_set_meta(m, "calibrated_as", c->like->sha256);
}

enum err calibrate(struct model *m, const struct calibration *c, struct metrics *v, struct why *why)
{
    struct answered a = {0};
    struct engine_answers *on = &a.validation;
    enum err e = fit_rejection_head(m, c, why);
    m->look_again_below = 0;
    if (e == OK)
        e = answer(on, m, c, why); /* first looks */
    if (e == OK && m->reject.hidden > 0 && !c->like)
        e = answer_drawn(&a.drawn, m, c, why);
    if (e == OK && (e = fit_thresholds(m, c, &a)) != OK)
        err_why(why, e, "calibration: %s", err_str(e));
    engine_answers_free(on);
    if (e == OK)
        e = answer(on, m, c, why);
    if (e == OK && !c->like)
        m->unsure_below = a_little_under(metrics_quantile(on->n, on->logits, (double)m->temperature, UNSURE_SHARE));
    if (e == OK && v)
        metrics_count(v, on->n, on->logits, on->labels, on->refused, on->doubted, (double)m->temperature,
                      (double)m->unsure_below);
    if (e == OK)
        tell(m, c);
    answered_free(&a);
    return e;
}

enum err calibration_load(struct model **out, const char *path, struct why *why)
{
    enum err e = model_load(out, path, why);
    if (e == OK && !model_meta(*out, "unsure_rule"))
        e = err_why(why, ERR_FORMAT, "%s was never calibrated, so it has no thresholds to copy", path);
    return e;
}
