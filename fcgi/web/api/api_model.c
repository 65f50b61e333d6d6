/* GET /model: the model card. The weights file's metadata are strings; those that contain JSON are sent as JSON. */
#include <ctype.h>
#include <string.h>

#include "answer/card.h"
#include "web/call.h"
#include "routes.h"

enum { META_DEPTH_MAX = 16, META_NUMBER_MAX = 24 };

static void add_shape(struct json *arr, int channels, int h, int w)
{
    json_add_int(arr, channels);
    json_add_int(arr, h);
    json_add_int(arr, w);
}

/* As in the file's own list of layers, with shapes and counts worked out. */
static void add_layer(struct json *arr, const struct layer *l)
{
    struct json *v = json_add_object(arr);
    int64_t weights = (int64_t)layer_fan_c(l) * l->out_c;

    json_set_str(v, "type", layer_kind_name(l->kind));
    if (l->name[0] != '\0')
        json_set_str(v, "name", l->name);
    json_set_int(v, "in", l->in_c);
    json_set_int(v, "out", l->out_c);
    add_shape(json_set_array(v, "in_shape"), l->in_c, l->in_h, l->in_w);
    add_shape(json_set_array(v, "out_shape"), l->out_c, l->out_h, l->out_w);
    if (l->kind == LAYER_VIEWS) {
        struct json *of = json_set_array(v, "of");
        for (int i = 0; i < l->out_c; i++)
            json_add_str(of, layer_view_name(l, i));
    }
    if (l->kind == LAYER_CONV2D) {
        json_set_int(v, "kernel", l->kernel);
        json_set_str(v, "padding", l->same ? "same" : "valid");
        json_set_int(v, "groups", layer_groups(l));
        weights *= (int64_t)l->kernel * l->kernel;
    }
    if (l->kind == LAYER_CONV2D || l->kind == LAYER_DENSE) {
        json_set_str(v, "activation", l->relu ? "relu" : "none");
        json_set_int(v, "parameters", weights + (l->bias != NULL ? l->out_c : 0));
    }
}

/* An object, an array, a number or a boolean: not text that happens to look like one, such as a digest of only digits.
 */
static bool looks_like_json(const char *text, size_t n)
{
    if (n == 0)
        return false;
    if (text[0] == '{' || text[0] == '[' || strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return true;
    return n <= META_NUMBER_MAX && (isdigit((unsigned char)text[0]) || text[0] == '-');
}

static bool add_metadata(const char *key, struct json *value, void *ctx)
{
    static const char *const told_elsewhere[] = {"layers",           "name",         "sha256",    "temperature",
                                                 "look_again_below", "unsure_below", "ink_above", "reject_below",
                                                 "doubt_below"};
    struct json *parsed = NULL;
    size_t n;
    const char *text = json_str(value, &n);

    for (size_t i = 0; i < sizeof(told_elsewhere) / sizeof(told_elsewhere[0]); i++)
        if (strcmp(key, told_elsewhere[i]) == 0)
            return true;
    if (text != NULL && looks_like_json(text, n) && json_parse(&parsed, text, n, META_DEPTH_MAX, NULL) == OK)
        json_set_own(ctx, key, parsed);
    else
        json_set_str(ctx, key, text == NULL ? "" : text);
    return true;
}

void api_model(struct call *c)
{
    const struct model *m = c->app->model;
    struct json *v = json_new_object(), *layers;

    card_identify(v, m, c->app->conf->weights);
    json_set_str(v, "format", "safetensors");
    json_set_str(v, "kernels", cnn_path_name(c->app->cnn));
    json_set_int(v, "parameters", (int64_t)m->n_params);
    json_set_num(v, "temperature", (double)m->temperature);
    json_set_num(v, "look_again_below", (double)m->look_again_below);
    json_set_num(v, "unsure_below", (double)m->unsure_below);
    json_set_num(v, "ink_above", (double)m->ink_above);
    if (m->reject.hidden > 0) {
        json_set_num(v, "reject_below", (double)m->reject.below);
        json_set_num(v, "doubt_below", (double)m->reject.doubt);
    } else {
        json_set_null(v, "reject_below");
        json_set_null(v, "doubt_below");
    }
    layers = json_set_array(v, "layers");
    for (int i = 0; i < m->n_layers; i++)
        add_layer(layers, &m->layers[i]);
    json_each(m->meta, add_metadata, json_set_object(v, "metadata"));
    json_set_shared(v, "card", c->app->card);
    reply_status(c->app->reply, 200);
    reply_json(c->app->reply, v);
}
