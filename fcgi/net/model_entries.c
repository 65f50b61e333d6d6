/* The tensors in a header: where they are, and what is wrong with them. Most files that are refused here come from
 * other programs, so the error names the tensor, what it is, what it should be, and how to fix it. Pure, like
 * model_parse.c, and every byte is just as hostile. */
#include "model_entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a name that comes from the file, as it may stand in a message; and of a shape. */
enum { SHOWN = 64, SHAPE_TEXT = 96, NAMES_TEXT = 120 };

/* safetensors' types with the bytes of an element. F32 and U8 are the ones that are used. */
static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {{"F32", 4}, {"U8", 1},  {"F16", 2}, {"BF16", 2}, {"F64", 8},     {"I64", 8},     {"I32", 4}, {"I16", 2},
              {"I8", 1},  {"U16", 2}, {"U32", 4}, {"U64", 8},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"C64", 8}, {"BOOL", 1}};

uint64_t model_little_endian(const uint8_t *b, int n)
{
    uint64_t v = 0;
    for (int i = n - 1; i >= 0; i--)
        v = v << 8 | b[i];
    return v;
}

/* A list [..] of up to max sizes. Returns how many, or -1. */
static int read_sizes(const struct json *list, int max, size_t *to)
{
    const size_t n = json_len(list);
    if (!json_is_array(list) || n > (size_t)max)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int64_t v = 0;
        if (!json_int(json_at(list, i), &v) || v < 0 || v > MODEL_FILE_MAX)
            return -1;
        to[i] = (size_t)v;
    }
    return (int)n;
}

/* The size of t's shape in bytes; MODEL_FILE_MAX + 1 if that is more than a file can have. */
static size_t entry_bytes(const struct model_entry *t)
{
    size_t n = t->item_bytes;
    for (int i = 0; i < t->n_dims; i++) {
        if (t->dim[i] != 0 && n > MODEL_FILE_MAX / t->dim[i])
            return (size_t)MODEL_FILE_MAX + 1;
        n *= t->dim[i];
    }
    return n;
}

/* The name and size of a type; false if safetensors has no such type. */
static bool take_dtype(struct model_entry *t, const char *dtype)
{
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(*dtypes); i++)
        if (strcmp(dtypes[i].name, dtype) == 0) {
            t->dtype = dtypes[i].name;
            t->item_bytes = dtypes[i].bytes;
            return true;
        }
    return false;
}

/* What is being read. */
struct reading {
    struct model_entries *to;
    size_t data_n;
    struct why *why;
    enum err e; /* the first failure */
};

static enum err read_entry(const struct reading *r, const char *name, const struct json *value, struct model_entry *t)
{
    char shown[SHOWN], type[SHOWN];
    size_t span[2] = {0};
    const char *file = r->to->file, *dtype = json_get_str(value, "dtype", NULL);
    model_printable(name, shown);
    if (!dtype || json_members(value) != 3)
        return err_why(r->why, ERR_FORMAT, "%s: tensor \"%s\": must have dtype, shape and data_offsets", file, shown);
    *t = (struct model_entry){.name = name};
    if (!take_dtype(t, dtype))
        return err_why(r->why, ERR_UNSUPPORTED, "%s: tensor \"%s\": dtype \"%s\" is not supported", file, shown,
                       model_printable(dtype, type));
    t->n_dims = read_sizes(json_get(value, "shape"), MODEL_DIMS_MAX, t->dim);
    if (t->n_dims < 0 || read_sizes(json_get(value, "data_offsets"), 2, span) != 2)
        return err_why(r->why, ERR_FORMAT,
                       "%s: tensor \"%s\": shape must be a list of up to %d sizes, and data_offsets a list of two",
                       file, shown, MODEL_DIMS_MAX);
    t->begin = span[0];
    t->end = span[1];
    if (t->end > r->data_n)
        return err_why(r->why, ERR_TRUNCATED,
                       "%s: tensor \"%s\" ends %zu bytes past the end of the file, which was cut short", file, shown,
                       t->end - r->data_n);
    if (t->begin > t->end || t->end - t->begin != entry_bytes(t))
        return err_why(r->why, ERR_FORMAT, "%s: tensor \"%s\": its data_offsets do not match its shape and dtype", file,
                       shown);
    return OK;
}

static bool add_entry(const char *key, struct json *value, void *ctx)
{
    struct reading *r = ctx;
    if (strcmp(key, "__metadata__") == 0)
        return true;
    if (r->to->n == MODEL_ENTRIES_MAX)
        r->e = err_why(r->why, ERR_LIMIT, "%s: more than %d tensors", r->to->file, MODEL_ENTRIES_MAX);
    else
        r->e = read_entry(r, key, value, &r->to->of[r->to->n++]);
    return r->e == OK;
}

static int by_place(const void *a, const void *b)
{
    const struct model_entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

enum err model_entries_read(struct model_entries *e, const struct json *header, size_t data_n, struct why *why)
{
    struct reading r = {.to = e, .data_n = data_n, .why = why};
    size_t at = 0;
    json_each(header, add_entry, &r);
    if (r.e)
        return r.e;
    qsort(e->of, (size_t)e->n, sizeof(*e->of), by_place);
    for (int i = 0; i < e->n; at = e->of[i++].end)
        if (e->of[i].begin != at)
            return err_why(why, ERR_FORMAT, "%s: the tensors overlap or leave a gap at byte %zu of the data", e->file,
                           at);
    if (at != data_n)
        return err_why(why, ERR_FORMAT, "%s: %zu bytes after the last tensor", e->file, data_n - at);
    return OK;
}

struct model_entry *model_entries_find(struct model_entries *e, const char *name)
{
    for (int i = 0; i < e->n; i++)
        if (strcmp(e->of[i].name, name) == 0)
            return &e->of[i];
    return NULL;
}

/* ---- what the layers want ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Finds statistics of batch normalisation, which no layer has here; NULL if the file has none. */
static const char *batch_norm(const struct model_entries *e)
{
    for (int i = 0; i < e->n; i++)
        if (ends_with(e->of[i].name, ".running_mean"))
            return e->of[i].name;
    return NULL;
}

/* What to do with them. */
#define FOLD "batch normalisation must be folded into the convolution before it (see MODEL.md)"

/* "layer 2 (conv2d "conv2")", or "the file" for what is no layer's. */
static const char *whose(const struct model *m, int layer, char to[SHOWN + SHOWN])
{
    if (layer < 0)
        return "the file";
    snprintf(to, SHOWN + SHOWN, "layer %d (%s \"%s\")", layer + 1, layer_kind_name(m->layers[layer].kind),
             m->layers[layer].name);
    return to;
}

/* "32 x 1 x 3 x 3"; "one number" where there is no dimension. */
static const char *shape_text(const size_t *dim, int n_dims, char to[SHAPE_TEXT])
{
    size_t n = 0;
    snprintf(to, SHAPE_TEXT, "one number");
    for (int i = 0; i < n_dims && n < SHAPE_TEXT; i++)
        n += (size_t)snprintf(to + n, SHAPE_TEXT - n, "%s%zu", i ? " x " : "", dim[i]);
    return to;
}

/* The names of the file's weights, as many as there is room for; biases share them. */
static const char *names_text(const struct model_entries *e, char to[NAMES_TEXT])
{
    char shown[SHOWN];
    size_t n = 0;
    snprintf(to, NAMES_TEXT, "no weights");
    for (int i = 0; i < e->n; i++) {
        if (!ends_with(e->of[i].name, ".weight") || strncmp(e->of[i].name, "reject.", 7) == 0)
            continue;
        const size_t more = strlen(model_printable(e->of[i].name, shown)) + 4;
        if (n + more + 5 > NAMES_TEXT) {
            snprintf(to + n, NAMES_TEXT - n, " ...");
            break;
        }
        n += (size_t)snprintf(to + n, NAMES_TEXT - n, "%s\"%s\"", n ? ", " : "", shown);
    }
    return to;
}

static enum err is_missing(struct model_entries *e, const struct model *m, const struct model_tensor *t,
                           struct why *why)
{
    char owner[SHOWN + SHOWN], shown[SHOWN], names[NAMES_TEXT], weight[MODEL_TENSOR_NAME + 8];
    whose(m, t->layer, owner);
    if (t->layer < 0)
        return err_why(why, ERR_FORMAT, "%s: the tensor \"%s\" is missing", e->file, t->name);
    snprintf(weight, sizeof(weight), "%s.weight", m->layers[t->layer].name);
    const char *norm = batch_norm(e);
    if (strcmp(weight, t->name) != 0 && model_entries_find(e, weight) && norm)
        return err_why(why, ERR_FORMAT, "%s: the tensor \"%s\" of %s is missing, and there is \"%s\": " FOLD, e->file,
                       t->name, owner, model_printable(norm, shown));
    if (strcmp(weight, t->name) != 0 && model_entries_find(e, weight))
        return err_why(why, ERR_FORMAT,
                       "%s: the tensor \"%s\" of %s is missing; if the layer has no bias, give it \"bias\":false in "
                       "\"layers\"",
                       e->file, t->name, owner);
    return err_why(why, ERR_FORMAT,
                   "%s: the tensor \"%s\" of %s is missing; the file has %s: a layer's \"name\" is the part before "
                   ".weight",
                   e->file, t->name, owner, names_text(e, names));
}

static int by_size(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Whether both have the same dimensions in another order. */
static bool is_turned(const struct model_entry *e, const struct model_tensor *t)
{
    size_t a[MODEL_DIMS_MAX], b[MODEL_DIMS_MAX];
    const size_t n = (size_t)t->n_dims;
    if (e->n_dims != t->n_dims)
        return false;
    memcpy(a, e->dim, n * sizeof(*a));
    memcpy(b, t->dim, n * sizeof(*b));
    qsort(a, n, sizeof(*a), by_size);
    qsort(b, n, sizeof(*b), by_size);
    return memcmp(a, b, n * sizeof(*a)) == 0;
}

enum err model_entries_check(struct model_entries *e, const struct model *m, const struct model_tensor *t,
                             struct model_entry **at, struct why *why)
{
    char owner[SHOWN + SHOWN], is[SHAPE_TEXT], wanted[SHAPE_TEXT];
    struct model_entry *found = *at = model_entries_find(e, t->name);
    const char *dtype = strcmp(t->name, "golden.input") == 0 ? "U8" : "F32";
    if (!found)
        return is_missing(e, m, t, why);
    if (strcmp(found->dtype, dtype) != 0)
        return err_why(why, ERR_UNSUPPORTED, "%s: the tensor \"%s\" has the dtype %s, but must have %s%s", e->file,
                       t->name, found->dtype, dtype,
                       dtype[0] == 'F' ? "; in PyTorch, call tensor.float() before saving it" : "");
    if (found->n_dims == t->n_dims && memcmp(found->dim, t->dim, (size_t)t->n_dims * sizeof(*t->dim)) == 0)
        return OK;
    return err_why(why, ERR_FORMAT, "%s: the tensor \"%s\" is %s, but for %s it must be %s%s", e->file, t->name,
                   shape_text(found->dim, found->n_dims, is), t->layer < 0 ? "this network" : whose(m, t->layer, owner),
                   shape_text(t->dim, t->n_dims, wanted),
                   is_turned(found, t) ? ": transpose it to PyTorch's order: outputs, inputs, rows, columns" : "");
}

/* Whether `name` is the bias of a layer that should have none. */
static bool is_bias_of_none(const struct model *m, const char *name)
{
    for (int i = 0; i < m->n_layers; i++) {
        const struct layer *l = &m->layers[i];
        const size_t n = strlen(l->name);
        if (l->weight && !l->has_bias && strncmp(name, l->name, n) == 0 && strcmp(name + n, ".bias") == 0)
            return true;
    }
    return false;
}

enum err model_entries_all_used(const struct model_entries *e, const struct model *m, struct why *why)
{
    char shown[SHOWN];
    const char *name = batch_norm(e), *advice = name ? FOLD : "remove it or list its layer";
    for (int i = 0; !name && i < e->n; i++)
        if (!e->of[i].used && strncmp(e->of[i].name, "golden.", 7) != 0)
            name = e->of[i].name;
    if (!name)
        return OK;
    if (is_bias_of_none(m, name))
        advice = "give its layer \"bias\":true in \"layers\"";
    return err_why(why, ERR_FORMAT, "%s: no layer uses the tensor \"%s\": %s", e->file, model_printable(name, shown),
                   advice);
}
