/* Checks that a loaded network computes the right numbers: compares with the golden logits in its file, or with the
 * plain layers. Runs once at start-up and at a reload; it takes milliseconds. */
#include "cnn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cnn_parts.h"
#include "layers.h"

enum { SELF_TEST_PICTURES = 4 };

/* The largest difference from the double-precision reference that the self test allows, relative to 1 + the largest
 * logit. Measured: at most 2e-6 over trained and random networks of up to ten layers, on every path. A wrong kernel is
 * off by 1e-1 and more. */
static const double self_test_tolerance = 1e-4;

/* Noise in a square in the middle, from a linear congruential generator: the same in every run. */
static void seeded_picture(uint32_t seed, uint8_t image[DIGIT_PIXELS])
{
    memset(image, 0, DIGIT_PIXELS);
    for (int y = 4; y < DIGIT_SIDE_PX - 4; y++)
        for (int x = 4; x < DIGIT_SIDE_PX - 4; x++) {
            seed = seed * 1664525U + 1013904223U;
            image[y * DIGIT_SIDE_PX + x] = (uint8_t)(seed >> 24);
        }
}

/* Largest difference, relative to 1 + the largest logit; not finite if any logit is not. */
static double difference(const float got[MODEL_CLASSES], const double want[MODEL_CLASSES])
{
    double worst = 0, scale = 1;
    for (int i = 0; i < MODEL_CLASSES; i++) {
        const double d = fabs((double)got[i] - want[i]);
        worst = d > worst || isnan(d) ? d : worst;
        scale = fmax(scale, 1 + fabs(want[i]));
    }
    return worst / scale;
}

/* Test picture i, and the logits that the network should give. */
static enum err expected(const struct model *m, int i, uint8_t image[DIGIT_PIXELS], double want[MODEL_CLASSES])
{
    if (m->n_golden == 0) {
        seeded_picture((uint32_t)i + 1, image);
        return layers_forward(m, image, want);
    }
    memcpy(image, m->golden_input + (size_t)i * DIGIT_PIXELS, DIGIT_PIXELS);
    for (int k = 0; k < MODEL_CLASSES; k++)
        want[k] = (double)m->golden_logits[i * MODEL_CLASSES + k];
    return OK;
}

/* How far the score of the picture that cnn_forward has just read is from plain sums over the last layer's input. */
static double score_difference(const struct cnn *c, const struct model *m, float *features, void *scratch)
{
    const struct model_reject *r = &m->reject;
    cnn_features_get(c, scratch, features);
    const double got = (double)cnn_score(c, scratch);
    double score = (double)r->out_bias[0], scale = 1 + fabs(score);
    for (int h = 0; h < r->hidden; h++) {
        const float *weight = r->hidden_weight + (size_t)h * (size_t)r->features;
        double sum = (double)r->hidden_bias[h];
        for (int i = 0; i < r->features; i++)
            sum += (double)weight[i] * (double)features[i];
        const double part = (double)r->out_weight[h] * (sum > 0 ? sum : 0);
        score += part;
        scale += fabs(part);
    }
    return fabs(got - score) / scale;
}

enum err cnn_self_test(const struct cnn *c, const struct model *m, struct why *why)
{
    uint8_t image[DIGIT_PIXELS];
    float got[MODEL_CLASSES];
    double want[MODEL_CLASSES], worst = 0;
    void *scratch = cnn_scratch_new(c);
    float *features = calloc(cnn_features(c) + 1, sizeof(*features));
    enum err e = scratch && features ? OK : ERR_NOMEM;
    for (int i = 0; e == OK && i < (m->n_golden ? m->n_golden : SELF_TEST_PICTURES); i++) {
        e = expected(m, i, image, want);
        if (e != OK)
            break;
        cnn_forward(c, image, got, scratch);
        double d = difference(got, want);
        worst = d > worst || isnan(d) ? d : worst;
        d = m->reject.hidden > 0 ? score_difference(c, m, features, scratch) : 0;
        worst = d > worst || isnan(d) ? d : worst;
    }
    const bool off = !e && !(worst <= self_test_tolerance);
    const char *form = off && m->n_golden > 0 ? cnn_golden_form(c, m, scratch) : NULL;
    free(features);
    free(scratch);
    if (e != OK)
        return err_why(why, e, "self test: %s", err_str(e));
    if (form)
        return err_why(
            why, ERR_FORMAT,
            "self test: the golden logits do not match the golden pictures in the form used here (pixel / 255), but "
            "do as %s: the network was trained on such pictures (MODEL.md, A network from elsewhere)",
            form);
    if (off)
        return err_why(why, ERR_FORMAT, "self test: the %s path is off by %.3g (relative; %.0e is allowed) from %s",
                       cnn_path_name(c), worst, self_test_tolerance,
                       m->n_golden ? "the golden logits" : "the naive layers");
    return OK;
}
