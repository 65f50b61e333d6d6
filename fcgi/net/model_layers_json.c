/* The list of layers as JSON, as in the file.
 *
 * Anybody may have written the file, so the list is read strictly: a member that this program does not know (a stride,
 * for example) is refused, because ignoring it would compute a different network. */
#include "model.h"

#include <stdio.h>
#include <string.h>

#include "model_parts.h"

static const char *const kind_names[] = {
    [LAYER_CONV2D] = "conv2d", [LAYER_MAXPOOL2] = "maxpool2", [LAYER_FLATTEN] = "flatten",
    [LAYER_DENSE] = "dense",   [LAYER_SOFTMAX] = "softmax",   [LAYER_VIEWS] = "views"};
enum { KINDS = sizeof(kind_names) / sizeof(*kind_names) };

const char *layer_kind_name(enum layer_kind kind)
{
    return kind_names[kind];
}

static const char *const view_names[] = {"plain", "moments"};

const char *layer_view_name(const struct layer *l, int i)
{
    return view_names[l->moments >> i & 1];
}

/* Members that each kind has, spaces between. */
static const char *const members[] = {[LAYER_CONV2D] = "type name in out kernel padding groups activation bias",
                                      [LAYER_MAXPOOL2] = "type",
                                      [LAYER_FLATTEN] = "type",
                                      [LAYER_DENSE] = "type name in out activation bias",
                                      [LAYER_SOFTMAX] = "type",
                                      [LAYER_VIEWS] = "type of"};

/* One layer of the JSON list while it is read. */
struct fields {
    const struct json *obj;
    enum layer_kind kind;
    const char *wrong; /* what a member must be that is not; NULL: nothing is wrong so far */
    const char *extra; /* a member that the kind does not have; NULL: there is none */
};

static const char *field_str(struct fields *f, const char *key)
{
    return json_get_str(f->obj, key, NULL);
}

/* A number from 0 on; false, and `must` is what is wrong, where it is there and is none, or is not there and must be.
 */
static bool field_int(struct fields *f, const char *key, bool optional, const char *must, int *to)
{
    int64_t v = 0;
    if (optional && !json_get(f->obj, key))
        return true;
    if (!json_get_int(f->obj, key, &v) || v < 0 || v > INT32_MAX) {
        f->wrong = must;
        return false;
    }
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

/* What a conv2d has beside a dense layer's. */
static bool read_conv2d(struct fields *f, struct layer *l)
{
    static const char *const paddings[] = {"valid", "same"};
    const int padding = index_of(field_str(f, "padding"), paddings, 2);
    l->same = padding == 1;
    l->groups = 1;
    if (padding < 0)
        f->wrong = "\"padding\" must be \"valid\" or \"same\"";
    else if (field_int(f, "groups", true, "\"groups\" must be a number from 1 on", &l->groups) && l->groups < 1)
        f->wrong = "\"groups\" must be a number from 1 on";
    return !f->wrong && field_int(f, "kernel", false, "\"kernel\" must be 3 or 5", &l->kernel);
}

/* The members of conv2d and dense. in_c is the "in" of the file, or 0. */
static bool read_weighted(struct fields *f, struct layer *l)
{
    static const char *const activations[] = {"none", "relu"};
    const char *name = field_str(f, "name");
    const int activation = index_of(field_str(f, "activation"), activations, 2);
    if (!name || strlen(name) >= sizeof(l->name))
        f->wrong = "\"name\" must be the prefix of its tensors' names, up to 31 characters";
    else if (activation < 0)
        f->wrong = "\"activation\" must be \"relu\" or \"none\"";
    else if (json_get(f->obj, "bias") && !json_get_bool(f->obj, "bias", &l->has_bias))
        f->wrong = "\"bias\" must be true or false";
    else if (field_int(f, "out", false, "\"out\" must be a number", &l->out_c))
        (void)field_int(f, "in", true, "\"in\" must be a number", &l->in_c);
    if (f->wrong)
        return false;
    memcpy(l->name, name, strlen(name) + 1);
    l->relu = activation == 1;
    return l->kind == LAYER_DENSE || read_conv2d(f, l);
}

/* "of": a name for each channel, with commas between. */
static bool read_views(struct fields *f, struct layer *l)
{
    const char *p = field_str(f, "of");
    f->wrong = "\"of\" must be \"plain\" or \"moments\" for each of up to 64 channels, with commas between";
    for (; p && l->out_c < MODEL_GROUPS_MAX; p++) {
        const size_t n = strcspn(p, ",");
        int view = 0;
        while (view < 2 && (strlen(view_names[view]) != n || memcmp(p, view_names[view], n) != 0))
            view++;
        if (view == 2)
            return false;
        l->moments |= (uint64_t)view << l->out_c++;
        p += n;
        if (*p == '\0') {
            f->wrong = NULL;
            return true;
        }
    }
    return false;
}

/* Whether `key` is one of f's kind's members; stops at the first that is not. */
static bool is_known(const char *key, struct json *value, void *ctx)
{
    struct fields *f = ctx;
    const size_t n = strlen(key);
    (void)value;
    for (const char *p = members[f->kind]; p && !strchr(key, ' '); p = strchr(p, ' ')) {
        p += *p == ' ';
        if (strncmp(p, key, n) == 0 && (p[n] == ' ' || p[n] == '\0') && n > 0)
            return true;
    }
    f->extra = key;
    return false;
}

static enum err no_such_type(const char *type, int at, struct why *why)
{
    char shown[64];
    if (type && strcmp(type, "relu") == 0)
        return err_why(why, ERR_UNSUPPORTED,
                       "layer %d: \"relu\" is not a layer: give the layer before it \"activation\":\"relu\"", at + 1);
    return err_why(why, ERR_UNSUPPORTED,
                   "layer %d: \"%s\" is not a supported type (conv2d, maxpool2, flatten, dense, softmax, "
                   "views)",
                   at + 1, model_printable(type ? type : "", shown));
}

static enum err read_layer(const struct json *obj, int at, struct layer *l, struct why *why)
{
    struct fields f = {.obj = obj};
    char shown[64];
    *l = (struct layer){0};
    const int kind = index_of(field_str(&f, "type"), kind_names, KINDS);
    if (kind < 0)
        return no_such_type(field_str(&f, "type"), at, why);
    l->kind = f.kind = (enum layer_kind)kind;
    const bool weighted = l->kind == LAYER_CONV2D || l->kind == LAYER_DENSE;
    if ((weighted && !read_weighted(&f, l)) || (l->kind == LAYER_VIEWS && !read_views(&f, l)))
        return err_why(why, ERR_FORMAT, "layer %d (%s): %s", at + 1, kind_names[kind], f.wrong);
    json_each(obj, is_known, &f);
    if (f.extra)
        return err_why(why, ERR_UNSUPPORTED, "layer %d (%s): \"%s\" is not a supported member (supported: %s)", at + 1,
                       kind_names[kind], model_printable(f.extra, shown), members[kind]);
    return OK;
}

enum err model_layers_read(struct model **out, const char *text, size_t n, struct why *why)
{
    struct json *list = NULL;
    struct layer spec[MODEL_LAYERS_MAX];
    struct why inner = {0};

    *out = NULL;
    if (json_parse(&list, text, n, 2, &inner) != OK || !json_is_array(list)) {
        json_free(list);
        return err_why(why, ERR_FORMAT, "\"layers\" is not a JSON list%s%s", inner.text[0] ? ": " : "", inner.text);
    }
    const size_t count = json_len(list);
    enum err e = OK;
    if (count > MODEL_LAYERS_MAX)
        e = err_why(why, ERR_LIMIT, "more than %d layers", MODEL_LAYERS_MAX);
    for (size_t i = 0; e == OK && i < count; i++)
        e = read_layer(json_at(list, i), (int)i, &spec[i], why);
    if (e == OK)
        e = model_shape(out, spec, (int)count, why);
    for (int i = 0; e == OK && i < (int)count; i++)
        if (spec[i].in_c != 0 && spec[i].in_c != (*out)->layers[i].in_c)
            e = err_why(why, ERR_FORMAT, "layer %d: \"in\" is %d, but the layer gets %d inputs", i + 1, spec[i].in_c,
                        (*out)->layers[i].in_c);
    if (e != OK) {
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
        n += (size_t)snprintf(of + n, sizeof(of) - n, "%s%s", i ? "," : "", layer_view_name(l, i));
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
    json_set_bool(obj, "bias", l->has_bias);
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
