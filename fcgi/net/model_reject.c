/* A model's rejection head: its memory and its limits. */
#include "model.h"

#include <math.h>
#include <stdlib.h>

#include "model_parts.h"

static const double threshold_max = 1e6;

/* The layer before softmax, or the last one. */
static const struct layer *last_layer(const struct model *m)
{
    const struct layer *l = &m->layers[m->n_layers - 1];
    return l->kind == LAYER_SOFTMAX && m->n_layers > 1 ? l - 1 : l;
}

enum err model_reject_new(struct model *m, int hidden, struct why *why)
{
    const struct layer *last = last_layer(m);
    if (last->kind != LAYER_DENSE)
        return err_why(why, ERR_UNSUPPORTED, "a reject rule needs a network that ends with a dense layer");
    if (hidden < 1 || hidden > MODEL_REJECT_MAX)
        return err_why(why, ERR_RANGE, "a reject rule has 1 to %d hidden units", MODEL_REJECT_MAX);
    const size_t rows = (size_t)hidden, features = (size_t)last->in_c;
    float *block = calloc(rows * features + 2 * rows + 1, sizeof(*block));
    if (!block)
        return err_why(why, ERR_NOMEM, "out of memory");
    model_reject_clear(m);
    m->reject = (struct model_reject){.hidden = hidden, .features = last->in_c, .hidden_weight = block};
    m->reject.hidden_bias = block + rows * features;
    m->reject.out_weight = m->reject.hidden_bias + rows;
    m->reject.out_bias = m->reject.out_weight + rows;
    return OK;
}

bool model_limits_ok(const struct model *m)
{
    const double below = (double)m->reject.below, doubt = (double)m->reject.doubt;
    return m->ink_above > 0 && m->ink_above <= 1 && fabs(below) <= threshold_max && fabs(doubt) <= threshold_max &&
           below <= doubt;
}

bool model_reject_finite(const struct model *m)
{
    const struct model_reject *r = &m->reject;
    const size_t rows = (size_t)r->hidden;
    return rows == 0 || model_all_finite(r->hidden_weight, rows * (size_t)r->features + 2 * rows + 1);
}
