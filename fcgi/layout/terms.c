#include "terms.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

const char layout_label_chars[LAYOUT_LABELS + 1] = "0123456789-.,:/";
enum { MINUS = LAYOUT_CLASSES, STOP, COMMA, COLON, SLASH };

/* A digit that the network gives less than this is none of its ways. */
static const float LOG_LEAST = -11;
static const float NUMBER_MOST = 1e6F;

static float clip(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}

static float best_of(const struct layout_score *s, int but)
{
    float best = -30;

    for (int i = 0; i < LAYOUT_CLASSES; i++)
        if (i != but && s->log_probability[i] > best)
            best = s->log_probability[i];
    return best;
}

void terms_inputs(const struct layout_candidate *c, const struct layout_score *s, float x[TERMS_INPUTS])
{
    const float *m = c->measure;
    float *more = x + LAYOUT_MEASURES;
    const float best = best_of(s, -1);
    int of = 0;

    while (of < LAYOUT_CLASSES - 1 && s->log_probability[of] < best)
        of++;
    x[LAYOUT_HEIGHT] = clip(2 * (m[LAYOUT_HEIGHT] - 1), -2, 3);
    x[LAYOUT_WIDTH] = clip(2 * (m[LAYOUT_WIDTH] - 0.6F), -2, 4);
    x[LAYOUT_MIDDLE] = clip(3 * m[LAYOUT_MIDDLE], -3, 3);
    x[LAYOUT_CUT_LEFT] = clip(6 * m[LAYOUT_CUT_LEFT], 0, 4);
    x[LAYOUT_CUT_RIGHT] = clip(6 * m[LAYOUT_CUT_RIGHT], 0, 4);
    x[LAYOUT_INSIDE] = clip(5 * m[LAYOUT_INSIDE], -3, 3);
    x[LAYOUT_GAP_LEFT] = clip(3 * m[LAYOUT_GAP_LEFT], -2, 3);
    x[LAYOUT_GAP_RIGHT] = clip(3 * m[LAYOUT_GAP_RIGHT], -2, 3);
    x[LAYOUT_INK] = clip(8 * m[LAYOUT_INK] - 1, -2, 3);
    x[LAYOUT_ATOMS] = clip(m[LAYOUT_ATOMS], 0, 4) / 2;
    x[LAYOUT_SLANT] = clip(2 * m[LAYOUT_SLANT], -3, 3);
    x[LAYOUT_FILL] = clip(4 * m[LAYOUT_FILL] - 1, -2, 3);
    x[LAYOUT_PIECES] = clip(m[LAYOUT_PIECES] - 1, 0, 3);
    x[LAYOUT_BORDER] = 2 * clip(m[LAYOUT_BORDER], 0, 1);
    more[0] = clip(s->digit / 4, -3, 2);
    more[1] = clip(s->digit, -1, 3);
    more[2] = clip(best, -3, 0);
    more[3] = clip(best_of(s, of) / 4, -3, 0);
    more[4] = c->cut ? 1 : 0;
}

float terms_own(const struct layout_score *s, int label)
{
    return label < LAYOUT_CLASSES ? clip(s->log_probability[label] / 2, -3, 0) : 0;
}

bool terms_may_be(const struct layout_candidate *c, const struct layout_score *s, int label)
{
    const float *m = c->measure;

    if (label < LAYOUT_CLASSES)
        return s->log_probability[label] > LOG_LEAST;
    if (c->cut)
        return false;
    switch (label) {
    case MINUS:
        return m[LAYOUT_HEIGHT] < 0.5F && m[LAYOUT_WIDTH] > m[LAYOUT_HEIGHT];
    case STOP:
    case COMMA:
        return m[LAYOUT_HEIGHT] < 0.6F && m[LAYOUT_WIDTH] < 0.5F && m[LAYOUT_MIDDLE] > 0;
    case COLON:
        return m[LAYOUT_PIECES] > 1 && m[LAYOUT_WIDTH] < 0.6F;
    case LAYOUT_NOTHING:
        return true;
    default:
        return m[LAYOUT_HEIGHT] > 0.5F && m[LAYOUT_PIECES] < 2;
    }
}

void terms_values(const struct layout_terms *t, const struct layout_candidate *c, const struct layout_score *s,
                  float value[LAYOUT_LABELS], float hidden[LAYOUT_LABELS][TERMS_HIDDEN])
{
    float x[TERMS_INPUTS], base[TERMS_HIDDEN], own;

    terms_inputs(c, s, x);
    for (int h = 0; h < TERMS_HIDDEN; h++) {
        base[h] = t->bias[h];
        for (int i = 0; i < TERMS_INPUTS; i++)
            base[h] += t->hidden[h][i] * x[i];
    }
    for (int label = 0; label < LAYOUT_LABELS; label++) {
        value[label] = -INFINITY;
        if (!terms_may_be(c, s, label))
            continue;
        value[label] = t->label_out[label] + (label < LAYOUT_CLASSES ? t->trust * s->log_probability[label] : 0);
        own = terms_own(s, label);
        for (int h = 0; h < TERMS_HIDDEN; h++) {
            const float v = tanhf(base[h] + t->label[label][h] + t->own[h] * own);

            value[label] += t->out[h] * v;
            if (hidden != NULL)
                hidden[label][h] = v;
        }
    }
}

void terms_skip_inputs(const struct layout_atom *a, float x[TERMS_SKIP])
{
    x[0] = 1;
    x[1] = clip(10 * a->ink, 0, 3);
    x[2] = clip(a->height, 0, 2);
    x[3] = a->height > 0.6F ? 1 : 0;
}

float terms_skip(const struct layout_terms *t, const struct layout_atom *a)
{
    float x[TERMS_SKIP], sum = 0;

    terms_skip_inputs(a, x);
    for (int i = 0; i < TERMS_SKIP; i++)
        sum += t->skip[i] * x[i];
    return sum;
}

enum err terms_write(const struct layout_terms *t, struct buf *out)
{
    float v[TERMS_NUMBERS];
    struct json *list = json_new_array();
    enum err e;

    memcpy(v, t, sizeof(v));
    for (int i = 0; i < TERMS_NUMBERS; i++)
        json_add_num(list, (double)v[i]);
    e = list == NULL ? ERR_NOMEM : json_write(list, 5, out);
    json_free(list);
    return e;
}

enum err terms_read(struct layout_terms *t, const char *text)
{
    float v[TERMS_NUMBERS];
    struct json *list = NULL;
    enum err e = json_parse(&list, text, strlen(text), 2, NULL);
    double number;

    if (e == OK && (!json_is_array(list) || json_len(list) != TERMS_NUMBERS))
        e = ERR_FORMAT;
    for (size_t i = 0; e == OK && i < TERMS_NUMBERS; i++) {
        if (!json_num(json_at(list, i), &number) || !(fabs(number) <= (double)NUMBER_MOST))
            e = ERR_FORMAT;
        else
            v[i] = (float)number;
    }
    if (e == OK)
        memcpy(t, v, sizeof(v));
    json_free(list);
    return e;
}
