/* What the visitor is told: one look, a second one if the confidence is low, thresholds.
 *
 * The second look is for the few pictures on which the network is undecided: there a shift by one pixel, which changes
 * no digit, often changes the answer, and the mean over several shifts is right more often than a single answer
 * (test-time averaging: Krizhevsky et al. 2012, section 4.1). All other pictures cost one pass. */
#include <math.h>

#include "cnn_parts.h"
#include "layers.h"

/* Not a digit: no ink, too much ink, or rejected by the head. "not at least" instead of "below", here and for unsure,
 * because NaN (which weights near the end of the float range can produce) must not pass as a digit. Such a picture gets
 * no second look. */
static bool is_refused(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], float score)
{
    unsigned ink = 0;
    for (int i = 0; i < DIGIT_PIXELS; i++)
        ink += image[i];
    return ink == 0 || ink > c->ink_max || !(score >= c->reject_below);
}

static void set_probabilities(const struct cnn *c, struct answer *a)
{
    double scaled[MODEL_CLASSES], probability[MODEL_CLASSES];
    for (int i = 0; i < MODEL_CLASSES; i++)
        scaled[i] = (double)a->logits[i] / (double)c->temperature;
    layer_softmax_forward(MODEL_CLASSES, scaled, probability);
    a->digit = 0;
    for (int i = 0; i < MODEL_CLASSES; i++) {
        a->probability[i] = (float)probability[i];
        if (a->probability[i] > a->probability[a->digit])
            a->digit = i;
    }
    a->confidence = a->probability[a->digit];
}

/* What is moved out is lost, what comes in is 0. */
static void move_picture(const uint8_t in[DIGIT_PIXELS], int right, int down, uint8_t out[DIGIT_PIXELS])
{
    for (int y = 0; y < DIGIT_SIDE_PX; y++)
        for (int x = 0; x < DIGIT_SIDE_PX; x++) {
            const int fx = x - right, fy = y - down;
            const bool inside = fx >= 0 && fx < DIGIT_SIDE_PX && fy >= 0 && fy < DIGIT_SIDE_PX;
            out[y * DIGIT_SIDE_PX + x] = inside ? in[fy * DIGIT_SIDE_PX + fx] : 0;
        }
}

/* Sets a->logits to the mean over the picture and its eight shifted copies. */
static void look_again(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], struct answer *a, void *scratch)
{
    uint8_t moved[DIGIT_PIXELS];
    float logits[MODEL_CLASSES];
    double sum[MODEL_CLASSES];
    for (int i = 0; i < MODEL_CLASSES; i++)
        sum[i] = (double)a->logits[i];
    for (int down = -1; down <= 1; down++)
        for (int right = -1; right <= 1; right++) {
            if (down == 0 && right == 0)
                continue;
            move_picture(image, right, down, moved);
            cnn_forward(c, moved, logits, scratch);
            a->looks++;
            for (int i = 0; i < MODEL_CLASSES; i++)
                sum[i] += (double)logits[i];
        }
    for (int i = 0; i < MODEL_CLASSES; i++)
        a->logits[i] = (float)(sum[i] / a->looks);
}

void cnn_answer(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], struct answer *a, void *scratch)
{
    *a = (struct answer){.verdict = VERDICT_DIGIT, .looks = 1};
    cnn_forward(c, image, a->logits, scratch);
    a->score = cnn_score(c, scratch);
    if (is_refused(c, image, a->score))
        a->verdict = VERDICT_NOT_A_DIGIT;
    a->doubted = a->verdict == VERDICT_NOT_A_DIGIT || !(a->score >= c->doubt_below);
    set_probabilities(c, a);
    if (a->verdict == VERDICT_DIGIT && a->confidence < c->look_again_below) {
        look_again(c, image, a, scratch);
        set_probabilities(c, a);
    }
    if (a->verdict == VERDICT_DIGIT) {
        a->unsure_because = (a->confidence >= c->unsure_below ? UNSURE_NOT : UNSURE_CONFIDENCE) |
                            (a->doubted ? UNSURE_UNFAMILIAR : UNSURE_NOT);
        a->verdict = a->unsure_because == UNSURE_NOT ? VERDICT_DIGIT : VERDICT_UNSURE;
    }
}

void cnn_look(const struct cnn *c, const uint8_t image[DIGIT_PIXELS], float log_probability[MODEL_CLASSES],
              float *margin, void *scratch)
{
    float logits[MODEL_CLASSES], most;
    double sum = 0;

    cnn_forward(c, image, logits, scratch);
    *margin = c->n_reject > 0 ? cnn_score(c, scratch) - c->doubt_below : 0;
    most = logits[0];
    for (int i = 1; i < MODEL_CLASSES; i++)
        most = logits[i] > most ? logits[i] : most;
    for (int i = 0; i < MODEL_CLASSES; i++)
        sum += exp((double)((logits[i] - most) / c->temperature));
    for (int i = 0; i < MODEL_CLASSES; i++)
        log_probability[i] = (logits[i] - most) / c->temperature - (float)log(sum);
}
