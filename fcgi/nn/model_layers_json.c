/* The list of layers in its JSON form, as the file has it.
 *
 * A list comes from a file that anybody may have written. It is read strictly: a member that this program does not know
 * (say, a stride) is refused, since to ignore it would be to compute another network. */
#include "model.h"

#include <stdio.h>
#include <string.h>

#include "model_parts.h"

static const char *const kind_names[] = {
    [LAYER_CONV2D] = "conv2d", [LAYER_MAXPOOL2] = "maxpool2", [LAYER_FLATTEN] = "flatten",
    [LAYER_DENSE] = "dense",   [LAYER_SOFTMAX] = "softmax",   [LAYER_VIEWS] = "views"};
enum { KINDS = sizeof kind_names / sizeof *kind_names };

const char *layer_kind_name(enum layer_kind kind)
{
    return kind_names[kind];
}

static const char *const view_names[] = {"plain", "moments"};

const char *layer_view_name(const struct layer *l, int i)
{
    return view_names[l->moments >> i & 1];
}

/* One layer of the JSON list while it is read: how many of its members were asked for and found. */
struct fields {
    const struct json *obj;
    size_t found;
};

static const char *field_str(struct fields *f, const char *key)
{
    const char *s = json_get_str(f->obj, key, NULL);
    f->found += s != NULL;
    return s;
}

static bool field_int(struct fields *f, const char *key, int *to)
{
    int64_t v = 0;
    if (!json_get_int(f->obj, key, &v) || v < 0 || v > INT32_MAX)
        return false;
    f->found++;
    *to = (int)v;
    return true;
}

/* Index of s in names[n], or -1; also for NULL. */
static int index_of(const char *s, const char *const *names, int n)
{
    for (int i = 0; s && i < n; i++)
        if (strcmp(s, names[i]) == 0)
            return i;
    return -1;
}

static char has_bias_mark; /* &has_bias_mark: any pointer that is not NULL */

/* The members of conv2d and dense. in_c is the "in" of the file, or 0. */
static bool read_weighted(struct fields *f, struct layer *l)
{
    static const char *const activations[] = {"none", "relu"}, *const paddings[] = {"valid", "same"};
    const char *name = field_str(f, "name");
    const int activation = index_of(field_str(f, "activation"), activations, 2);
    bool bias = false;
    if (!name || strlen(name) >= sizeof l->name || activation < 0 || !field_int(f, "out", &l->out_c))
        return false;
    memcpy(l->name, name, strlen(name) + 1);
    l->relu = activation == 1;
    (void)field_int(f, "in", &l->in_c);
    f->found += json_get_bool(f->obj, "bias", &bias);
    l->bias = bias ? (float *)(void *)&has_bias_mark : NULL;
    if (l->kind == LAYER_DENSE)
        return true;
    const int padding = index_of(field_str(f, "padding"), paddings, 2);
    l->same = padding == 1;
    l->groups = 1;
    if (json_get(f->obj, "groups") && (!field_int(f, "groups", &l->groups) || l->groups < 1))
        return false;
    return padding >= 0 && field_int(f, "kernel", &l->kernel);
}

/* "of": a name for each channel, with commas between. */
static bool read_views(struct fields *f, struct layer *l)
{
    const char *p = field_str(f, "of");
    for (; p && l->out_c < MODEL_GROUPS_MAX; p++) {
        const size_t n = strcspn(p, ",");
        int view = 0;
        while (view < 2 && (strlen(view_names[view]) != n || memcmp(p, view_names[view], n) != 0))
            view++;
        if (view == 2)
            return false;
        l->moments |= (uint64_t)view << l->out_c++;
        p += n;
        if (*p == '\0')
            return true;
    }
    return false;
}

static enum err read_layer(const struct json *obj, int at, struct layer *l, struct why *why)
{
    struct fields f = {.obj = obj};
    *l = (struct layer){0};
    const int kind = index_of(field_str(&f, "type"), kind_names, KINDS);
    if (kind < 0)
        return err_why(why, ERR_UNSUPPORTED, "layer %d: not a type that this program knows", at + 1);
    l->kind = (enum layer_kind)kind;
    const bool weighted = l->kind == LAYER_CONV2D || l->kind == LAYER_DENSE;
    if ((weighted && !read_weighted(&f, l)) || (l->kind == LAYER_VIEWS && !read_views(&f, l)))
        return err_why(why, ERR_FORMAT, "layer %d (%s): a member is missing or wrong", at + 1, kind_names[kind]);
    if (f.found != json_members(obj))
        return err_why(why, ERR_UNSUPPORTED, "layer %d (%s): a member that this program does not know", at + 1,
                       kind_names[kind]);
    return OK;
}

enum err model_layers_read(struct model **out, const char *text, size_t n, size_t params_max, struct why *why)
{
    struct json *list = NULL;
    struct layer spec[MODEL_LAYERS_MAX];
    struct why inner = {0};

    *out = NULL;
    if (json_parse(&list, text, n, 2, &inner) || !json_is_array(list)) {
        json_free(list);
        return err_why(why, ERR_FORMAT, "layers: not a JSON list%s%s", inner.text[0] ? ": " : "", inner.text);
    }
    const size_t count = json_len(list);
    enum err e = OK;
    if (count > MODEL_LAYERS_MAX)
        e = err_why(why, ERR_LIMIT, "more than %d layers", MODEL_LAYERS_MAX);
    for (size_t i = 0; !e && i < count; i++)
        e = read_layer(json_at(list, i), (int)i, &spec[i], why);
    if (!e)
        e = model_create_within(out, spec, (int)count, params_max, why);
    for (int i = 0; !e && i < (int)count; i++)
        if (spec[i].in_c != 0 && spec[i].in_c != (*out)->layers[i].in_c)
            e = err_why(why, ERR_FORMAT, "layer %d: \"in\" is %d, but %d come in", i + 1, spec[i].in_c,
                        (*out)->layers[i].in_c);
    if (e) {
        model_free(*out);
        *out = NULL;
    }
    json_free(list);
    return e;
}

static void write_views(const struct layer *l, struct json *obj)
{
    char of[MODEL_GROUPS_MAX * 8] = ""; /* a name has up to seven characters, and a comma */
    size_t n = 0;
    for (int i = 0; i < l->out_c; i++)
        n += (size_t)snprintf(of + n, sizeof of - n, "%s%s", i ? "," : "", layer_view_name(l, i));
    json_set_str(obj, "of", of);
}

static void write_layer(const struct layer *l, struct json *obj)
{
    json_set_str(obj, "type", kind_names[l->kind]);
    if (l->kind == LAYER_VIEWS)
        write_views(l, obj);
    if (!l->weight)
        return;
    json_set_str(obj, "name", l->name);
    json_set_int(obj, "in", l->in_c);
    json_set_int(obj, "out", l->out_c);
    if (l->kind == LAYER_CONV2D) {
        json_set_int(obj, "kernel", l->kernel);
        json_set_str(obj, "padding", l->same ? "same" : "valid");
        if (layer_groups(l) > 1)
            json_set_int(obj, "groups", l->groups);
    }
    json_set_str(obj, "activation", l->relu ? "relu" : "none");
    json_set_bool(obj, "bias", l->bias != NULL);
}

enum err model_layers_write(const struct model *m, struct buf *out)
{
    struct json *list = json_new_array();
    for (int i = 0; i < m->n_layers; i++)
        write_layer(&m->layers[i], json_add_object(list));
    const enum err e = list ? json_write(list, 17, out) : ERR_NOMEM;
    json_free(list);
    return e;
}
