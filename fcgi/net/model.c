/* A model in memory: its list of tensors, its metadata, freeing it. The other files of the model build on this one. */
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_parts.h"

static struct model_tensor *add_tensor(struct model_tensor *t, const char *name, const char *part, int n_dims,
                                       const size_t dim[MODEL_DIMS_MAX])
{
    *t = (struct model_tensor){.layer = -1, .n_dims = n_dims, .n = 1};
    snprintf(t->name, sizeof(t->name), "%s.%s", name, part);
    for (int i = 0; i < n_dims; i++) {
        t->dim[i] = dim[i];
        t->n *= dim[i];
    }
    return t;
}

static int add_reject(const struct model *m, struct model_tensor *t)
{
    const struct model_reject *r = &m->reject;
    const size_t hidden = (size_t)r->hidden, features = (size_t)r->features;
    if (r->hidden == 0)
        return 0;
    add_tensor(&t[0], "reject.hidden", "weight", 2, (size_t[4]){hidden, features})->f32 = r->hidden_weight;
    add_tensor(&t[1], "reject.hidden", "bias", 1, (size_t[4]){hidden})->f32 = r->hidden_bias;
    add_tensor(&t[2], "reject.out", "weight", 2, (size_t[4]){1, hidden})->f32 = r->out_weight;
    add_tensor(&t[3], "reject.out", "bias", 1, (size_t[4]){1})->f32 = r->out_bias;
    return 4;
}

int model_tensors(const struct model *m, struct model_tensor t[MODEL_TENSORS_MAX])
{
    int n = 0;
    for (int i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layers[i];
        const size_t out = (size_t)l->out_c, in = (size_t)layer_fan_c(l), k = (size_t)l->kernel;
        const int before = n;
        if (l->kind == LAYER_CONV2D || l->kind == LAYER_DENSE)
            add_tensor(&t[n++], l->name, "weight", l->kind == LAYER_CONV2D ? 4 : 2, (size_t[4]){out, in, k, k})->f32 =
                l->weight;
        if (l->has_bias)
            add_tensor(&t[n++], l->name, "bias", 1, (size_t[4]){out})->f32 = l->bias;
        for (int own = before; own < n; own++)
            t[own].layer = i;
    }
    if (m->n_golden > 0) {
        const size_t g = (size_t)m->n_golden;
        add_tensor(&t[n++], "golden", "logits", 2, (size_t[4]){g, MODEL_CLASSES})->f32 = m->golden_logits;
        add_tensor(&t[n++], "golden", "input", 3, (size_t[4]){g, DIGIT_SIDE_PX, DIGIT_SIDE_PX})->u8 = m->golden_input;
    }
    return n + add_reject(m, t + n);
}

bool model_digits_find(const uint8_t *header, size_t header_n, const char digits[DIGEST_HEX], size_t *at)
{
    const uint8_t *first = memmem(header, header_n, digits, DIGEST_HEX);
    if (!first)
        return false;
    *at = (size_t)(first - header);
    return memmem(first + 1, header_n - *at - 1, digits, DIGEST_HEX) == NULL;
}

enum err model_digest(const uint8_t *bytes, size_t n, size_t zero_at, char hex[DIGEST_HEX + 1])
{
    if (zero_at == n) {
        digest_sha256_hex(bytes, n, hex);
        return OK;
    }
    uint8_t *copy = malloc(n);
    if (!copy)
        return ERR_NOMEM;
    memcpy(copy, bytes, n);
    memset(copy + zero_at, '0', DIGEST_HEX);
    digest_sha256_hex(copy, n, hex);
    free(copy);
    return OK;
}

bool model_numbers_ok(const struct model *m)
{
    return m->temperature > 0 && m->temperature <= 1000 && m->look_again_below >= 0 && m->look_again_below <= 1 &&
           m->unsure_below >= 0 && m->unsure_below <= 1;
}

bool model_all_finite(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

static bool copy_string(const char *key, struct json *value, void *to)
{
    json_set_str(to, key, json_str(value, NULL));
    return true;
}

void model_copy_strings(const struct json *from, struct json *to)
{
    json_each(from, copy_string, to);
}

const char *model_printable(const char *text, char to[64])
{
    size_t i = 0;
    for (; i < 63 && text[i] != '\0'; i++)
        to[i] = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    to[i] = '\0';
    return to;
}

const char *model_meta(const struct model *m, const char *key)
{
    return json_get_str(m->meta, key, NULL);
}

void model_set_meta(struct model *m, const char *key, const char *value)
{
    json_set_str(m->meta, key, value);
}

void model_reject_clear(struct model *m)
{
    free(m->reject.hidden_weight);
    m->reject = (struct model_reject){0};
}

void model_free(struct model *m)
{
    if (!m)
        return;
    free(m->block);
    free(m->golden_input);
    free(m->golden_logits);
    model_reject_clear(m);
    json_free(m->meta);
    free(m);
}
