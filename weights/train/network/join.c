/* Layer by layer: shapes compared, then weights laid side by side. */
#include "join.h"

#include <stdlib.h>
#include <string.h>

#include "common/metadata.h"

static bool same_layer(const struct layer *a, const struct layer *b)
{
    return a->kind == b->kind && a->out_c == b->out_c && a->kernel == b->kernel && a->same == b->same &&
           layer_groups(a) == layer_groups(b) && a->relu == b->relu && !a->bias == !b->bias;
}

/* Index of the first layer behind the views. */
static int body(const struct model *m)
{
    return m->layers[0].kind == LAYER_VIEWS;
}

static enum err check_members(struct model *const *members, int n, struct why *why)
{
    const struct model *first = members[0];
    int convs = 0, denses = 0;
    bool bent = false; /* by a ReLU after the logits */
    for (int i = body(first); i < first->n_layers; i++) {
        const struct layer *l = &first->layers[i];
        convs += l->kind == LAYER_CONV2D;
        denses += l->kind == LAYER_DENSE;
        bent |= l->kind == LAYER_DENSE && l->relu;
    }
    if (convs == 0 || denses != 1)
        return err_why(why, ERR_UNSUPPORTED, "only networks of convolutions, pools and one dense layer can be joined");
    if (bent)
        return err_why(why, ERR_UNSUPPORTED,
                       "the last dense layer has a ReLU, so its outputs are not logits to average");
    for (int k = 0; k < n; k++) {
        for (int i = 0; i < members[k]->n_layers; i++)
            if (layer_groups(&members[k]->layers[i]) > 1)
                return err_why(
                    why, ERR_UNSUPPORTED,
                    "network %d, layer %d has groups: a network that is joined already cannot be joined again", k + 1,
                    i + 1);
        const int n_layers = first->n_layers - body(first), from = body(members[k]);
        if (body(members[k]) && members[k]->layers[0].out_c > 1)
            return err_why(why, ERR_UNSUPPORTED, "network %d has several views of the picture: it cannot be joined",
                           k + 1);
        bool same = members[k]->n_layers - from == n_layers;
        for (int i = 0; same && i < n_layers; i++)
            same = same_layer(&first->layers[body(first) + i], &members[k]->layers[from + i]);
        if (!same)
            return err_why(why, ERR_UNSUPPORTED, "network %d has other layers than the first one", k + 1);
    }
    return OK;
}

/* What the members see, in *l: one view where they agree, else one for each. false where that is the picture itself. */
static bool join_views(struct layer *l, struct model *const *members, int n)
{
    const uint64_t all = ((uint64_t)1 << n) - 1;
    *l = (struct layer){.kind = LAYER_VIEWS, .out_c = n};
    for (int k = 0; k < n; k++)
        l->moments |= members[k]->layers[0].moments << k;
    if (l->moments == all)
        *l = (struct layer){.kind = LAYER_VIEWS, .out_c = 1, .moments = 1};
    return l->moments != 0;
}

static enum err make_model(struct model **out, struct model *const *members, int n, struct why *why)
{
    const struct model *first = members[0];
    struct layer spec[MODEL_LAYERS_MAX + 1];
    int at = join_views(&spec[0], members, n), groups = at && spec[0].out_c > 1 ? n : 1;
    for (int i = body(first); i < first->n_layers; i++, at++) {
        spec[at] = first->layers[i];
        if (spec[at].kind != LAYER_CONV2D)
            continue;
        spec[at].out_c *= n;
        spec[at].groups = groups;
        groups = n;
    }
    return model_create(out, spec, at, why);
}

/* A convolution's weights begin with the output channel, and so do groups: the members' blocks, one after another. */
static void join_conv(const struct layer *to, const struct layer *from, int member)
{
    const size_t outs = (size_t)from->out_c, n = outs * (size_t)(from->in_c * from->kernel * from->kernel);
    memcpy(to->weight + (size_t)member * n, from->weight, n * sizeof(float));
    if (from->bias)
        memcpy(to->bias + (size_t)member * outs, from->bias, outs * sizeof(float));
}

/* What flatten gives is channel-first: each row is the members' rows, one after another. */
static void join_dense(const struct layer *to, const struct layer *from, int member, double share)
{
    const size_t ins = (size_t)from->in_c;
    for (size_t o = 0; o < (size_t)from->out_c; o++) {
        for (size_t i = 0; i < ins; i++)
            to->weight[o * (size_t)to->in_c + (size_t)member * ins + i] =
                (float)(share * (double)from->weight[o * ins + i]);
        if (from->bias)
            to->bias[o] += (float)(share * (double)from->bias[o]);
    }
}

static enum err take_golden(struct model *m, const struct model *from)
{
    const size_t n = (size_t)from->n_golden;
    if (n == 0)
        return OK;
    m->golden_input = malloc(n * DIGIT_PIXELS);
    m->golden_logits = malloc(n * MODEL_CLASSES * sizeof(float));
    if (!m->golden_input || !m->golden_logits)
        return ERR_NOMEM;
    memcpy(m->golden_input, from->golden_input, n * DIGIT_PIXELS);
    m->n_golden = from->n_golden;
    return metadata_golden_logits(m);
}

enum err join_models(struct model **out, struct model *const *members, int n, struct why *why)
{
    *out = NULL;
    if (n < 2 || n > JOIN_MEMBERS_MAX)
        return err_why(why, ERR_RANGE, "2 to %d networks can be joined, not %d", JOIN_MEMBERS_MAX, n);
    struct model *m = NULL;
    enum err e = check_members(members, n, why);
    if (e == OK)
        e = make_model(&m, members, n, why);
    if (e != OK)
        return e;
    for (int k = 0; k < n; k++)
        for (int i = body(m); i < m->n_layers; i++) {
            const struct layer *from = &members[k]->layers[i - body(m) + body(members[k])];
            if (from->kind == LAYER_CONV2D)
                join_conv(&m->layers[i], from, k);
            else if (from->kind == LAYER_DENSE)
                join_dense(&m->layers[i], from, k, 1 / (n * (double)members[k]->temperature));
        }
    e = take_golden(m, members[0]);
    if (e != OK) {
        model_free(m);
        return err_why(why, e, "%s", err_str(e));
    }
    *out = m;
    return OK;
}
