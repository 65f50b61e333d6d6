/* The list of layers: shapes worked out and checked one after another. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "model_parts.h"

enum { BLOCK_ALIGN = 64 };

/* What is known between two layers while a list is checked. */
struct shape {
    int c, h, w;
    bool flat;  /* a flatten layer was passed */
    int groups; /* of the last conv2d; 0 before the first */
};

/* Letters, digits, '_', '-' and '.', which PyTorch has between a module and its part. "golden" and what begins with
 * "golden." or "reject." is kept for the tensors that are no layer's. */
static bool name_ok(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    return name[0] != '\0' && name[strspn(name, allowed)] == '\0' && strcmp(name, "golden") != 0 &&
           strncmp(name, "golden.", 7) != 0 && strncmp(name, "reject.", 7) != 0;
}

static enum err check_name(const struct model *m, int at, struct why *why)
{
    const char *name = m->layers[at].name;
    if (!name_ok(name))
        return err_why(why, ERR_FORMAT,
                       "layer %d: its name is missing, is reserved (golden, golden., reject.) or has characters other "
                       "than letters, digits, _, - and .",
                       at + 1);
    for (int i = 0; i < at; i++)
        if (strcmp(m->layers[i].name, name) == 0)
            return err_why(why, ERR_FORMAT, "layer %d: the name \"%s\" is already used", at + 1, name);
    return OK;
}

static enum err check_conv2d(struct layer *l, struct shape *s, int at, struct why *why)
{
    if (l->kernel != 3 && l->kernel != 5)
        return err_why(why, ERR_UNSUPPORTED, "layer %d: a kernel must be 3 or 5, not %d", at + 1, l->kernel);
    if (s->flat)
        return err_why(why, ERR_FORMAT, "layer %d: conv2d after flatten", at + 1);
    const int groups = layer_groups(l);
    if (groups > MODEL_GROUPS_MAX)
        return err_why(why, ERR_LIMIT, "layer %d: at most %d groups, not %d", at + 1, MODEL_GROUPS_MAX, groups);
    if (s->c % groups != 0 || l->out_c % groups != 0)
        return err_why(why, ERR_FORMAT, "layer %d: %d inputs and %d outputs do not make %d equal groups", at + 1, s->c,
                       l->out_c, groups);
    if (s->groups > 1 && groups != s->groups)
        return err_why(why, ERR_UNSUPPORTED,
                       "layer %d: after a layer with %d groups, all later layers must have as many", at + 1, s->groups);
    const int lost = l->same ? 0 : l->kernel - 1;
    if (s->h <= lost || s->w <= lost)
        return err_why(why, ERR_FORMAT, "layer %d: a %dx%d picture is too small for it", at + 1, s->h, s->w);
    *s = (struct shape){.c = l->out_c, .h = s->h - lost, .w = s->w - lost, .groups = groups};
    return OK;
}

static enum err check_maxpool2(struct shape *s, int at, struct why *why)
{
    if (s->flat)
        return err_why(why, ERR_FORMAT, "layer %d: maxpool2 after flatten", at + 1);
    if (s->h < 2 || s->w < 2)
        return err_why(why, ERR_FORMAT, "layer %d: a %dx%d picture is too small for it", at + 1, s->h, s->w);
    s->h /= 2;
    s->w /= 2;
    return OK;
}

static enum err check_dense(const struct layer *l, struct shape *s, int at, struct why *why)
{
    if (!s->flat)
        return err_why(why, ERR_FORMAT, "layer %d: dense needs a flatten layer before it", at + 1);
    *s = (struct shape){.c = l->out_c, .h = 1, .w = 1, .flat = true};
    return OK;
}

/* Layer `at` of m: takes the input shape in s and sets s to the output shape. */
static enum err check_layer(struct model *m, int at, struct shape *s, struct why *why)
{
    struct layer *l = &m->layers[at];
    const bool has_weights = l->kind == LAYER_CONV2D || l->kind == LAYER_DENSE;
    enum err e = has_weights ? check_name(m, at, why) : OK;
    if (e != OK)
        return e;
    if (has_weights && (l->out_c < 1 || l->out_c > MODEL_CHANNELS_MAX))
        return err_why(why, ERR_LIMIT, "layer %d: it must have 1 to %d outputs", at + 1, MODEL_CHANNELS_MAX);
    l->in_c = s->c;
    l->in_h = s->h;
    l->in_w = s->w;
    switch (l->kind) {
    case LAYER_CONV2D:
        e = check_conv2d(l, s, at, why);
        break;
    case LAYER_MAXPOOL2:
        e = check_maxpool2(s, at, why);
        break;
    case LAYER_FLATTEN:
        *s = (struct shape){.c = s->c * s->h * s->w, .h = 1, .w = 1, .flat = true};
        break;
    case LAYER_DENSE:
        e = check_dense(l, s, at, why);
        break;
    case LAYER_SOFTMAX:
        if (at + 1 < m->n_layers)
            e = err_why(why, ERR_FORMAT, "layer %d: softmax must be the last one", at + 1);
        break;
    case LAYER_VIEWS:
        if (at > 0)
            e = err_why(why, ERR_FORMAT, "layer %d: views must be the first one", at + 1);
        else if (l->out_c < 1 || l->out_c > MODEL_GROUPS_MAX)
            e = err_why(why, ERR_LIMIT, "layer %d: 1 to %d views, not %d", at + 1, MODEL_GROUPS_MAX, l->out_c);
        else
            l->moments &= UINT64_MAX >> (MODEL_GROUPS_MAX - l->out_c);
        s->c = l->out_c;
        break;
    }
    l->out_c = s->c;
    l->out_h = s->h;
    l->out_w = s->w;
    return e;
}

/* 64 bits on every machine: two layers within their limits may have more parameters than 32 bits can count. */
static uint64_t weight_count(const struct layer *l)
{
    const uint64_t area = l->kind == LAYER_CONV2D ? (uint64_t)l->kernel * (uint64_t)l->kernel : 1;
    return (uint64_t)l->out_c * (uint64_t)layer_fan_c(l) * area;
}

/* Works out all shapes and the number of parameters. */
static enum err check_layers(struct model *m, struct why *why)
{
    struct shape s = {.c = 1, .h = DIGIT_SIDE_PX, .w = DIGIT_SIDE_PX};
    uint64_t params = 0;
    for (int i = 0; i < m->n_layers; i++) {
        struct layer *l = &m->layers[i];
        const enum err e = check_layer(m, i, &s, why);
        if (e != OK)
            return e;
        if (l->kind == LAYER_CONV2D || l->kind == LAYER_DENSE)
            params += weight_count(l) + (l->has_bias ? (uint64_t)l->out_c : 0);
        if (params > MODEL_PARAMS_MAX)
            return err_why(why, ERR_LIMIT, "layer %d: more than %d parameters", i + 1, MODEL_PARAMS_MAX);
    }
    if (!s.flat || s.c != MODEL_CLASSES)
        return err_why(why, ERR_FORMAT, "the layers must end in a flat vector of %d, not in %d x %d x %d%s",
                       MODEL_CLASSES, s.c, s.h, s.w, s.flat ? "" : " without flatten");
    m->n_params = (size_t)params;
    return OK;
}

enum err model_allocate(struct model *m)
{
    const size_t bytes = (m->n_params * sizeof(*m->block) / BLOCK_ALIGN + 1) * BLOCK_ALIGN;
    m->block = aligned_alloc(BLOCK_ALIGN, bytes);
    if (!m->block)
        return ERR_NOMEM;
    memset(m->block, 0, bytes);
    float *next = m->block;
    for (int i = 0; i < m->n_layers; i++) {
        struct layer *l = &m->layers[i];
        if (l->kind != LAYER_CONV2D && l->kind != LAYER_DENSE)
            continue;
        l->weight = next;
        next += (size_t)weight_count(l);
        if (l->has_bias) {
            l->bias = next;
            next += l->out_c;
        }
    }
    return OK;
}

/* Copies what the kind needs from spec; the rest is computed or stays zero. */
static void take_spec(struct layer *l, const struct layer *spec)
{
    *l = (struct layer){.kind = spec->kind};
    if (spec->kind == LAYER_VIEWS) {
        l->out_c = spec->out_c;
        l->moments = spec->moments;
    }
    if (spec->kind != LAYER_CONV2D && spec->kind != LAYER_DENSE)
        return;
    memcpy(l->name, spec->name, sizeof(l->name) - 1);
    l->out_c = spec->out_c;
    l->relu = spec->relu;
    l->has_bias = spec->has_bias;
    if (spec->kind == LAYER_CONV2D) {
        l->kernel = spec->kernel;
        l->same = spec->same;
        l->groups = layer_groups(spec);
    }
}

enum err model_shape(struct model **out, const struct layer *spec, int n, struct why *why)
{
    *out = NULL;
    if (n < 1 || n > MODEL_LAYERS_MAX)
        return err_why(why, ERR_LIMIT, "a network has 1 to %d layers, not %d", MODEL_LAYERS_MAX, n);
    struct model *m = calloc(1, sizeof(*m));
    if (!m)
        return err_why(why, ERR_NOMEM, "out of memory");
    m->n_layers = n;
    m->temperature = 1;
    m->ink_above = 1;
    m->meta = json_new_object();
    for (int i = 0; i < n; i++)
        take_spec(&m->layers[i], &spec[i]);
    enum err e = check_layers(m, why);
    if (e == OK && !m->meta)
        e = err_why(why, ERR_NOMEM, "out of memory");
    if (e != OK) {
        model_free(m);
        return e;
    }
    *out = m;
    return OK;
}

enum err model_create(struct model **out, const struct layer *spec, int n, struct why *why)
{
    enum err e = model_shape(out, spec, n, why);
    if (e == OK && (e = model_allocate(*out)) != OK) {
        err_why(why, e, "out of memory");
        model_free(*out);
        *out = NULL;
    }
    return e;
}
