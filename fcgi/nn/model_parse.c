/* Bytes to a model. Pure: no I/O, no globals; every byte of the input is hostile until it was checked.
 *
 * In order: the header's length; the header as JSON; __metadata__ and its digest; the layers, which say what tensors
 * there must be; the tensors' types, shapes and places, which must cover the data without a hole or an overlap; the
 * numbers themselves. Nothing is allocated by a size that the file claims before the file was seen to be that long.
 *
 * The digest. __metadata__.sha256 is 64 lower-case hexadecimal digits, which occur once in the header. It is the
 * SHA-256 of the whole file with these 64 characters taken as '0' (0x30). Whoever edits a file may leave it out, unless
 * __metadata__.writer is "digitd": a file of our own that lost its digest was damaged. */
#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model_parts.h"

enum { ENTRIES_MAX = 1024, JSON_DEPTH = 4 };

/* One tensor as the header has it. */
struct entry {
    const char *name; /* borrowed from the JSON */
    bool u8;          /* otherwise float32 */
    bool used;
    int n_dims;
    size_t dim[MODEL_DIMS_MAX];
    size_t begin, end; /* bytes, from the end of the header */
};

struct parse {
    const char *file; /* for messages */
    struct why *why;
    const uint8_t *bytes;
    size_t n;
    size_t header_n;
    const uint8_t *data;
    size_t data_n;
    struct json *header;
    struct model *model;
    enum err e; /* the first failure of a callback */
    int n_entries;
    struct entry entry[ENTRIES_MAX];
};

static uint64_t little_endian(const uint8_t *b, int n)
{
    uint64_t v = 0;
    for (int i = n - 1; i >= 0; i--)
        v = v << 8 | b[i];
    return v;
}

static enum err read_header(struct parse *p)
{
    struct why inner = {0};
    if (p->n < MODEL_LENGTH_BYTES)
        return err_why(p->why, ERR_TRUNCATED, "%s: too short for a safetensors file", p->file);
    const uint64_t length = little_endian(p->bytes, MODEL_LENGTH_BYTES);
    if (length > MODEL_HEADER_MAX)
        return err_why(p->why, ERR_LIMIT, "%s: not a safetensors file, or its header is over %d bytes", p->file,
                       MODEL_HEADER_MAX);
    if (length > p->n - MODEL_LENGTH_BYTES)
        return err_why(p->why, ERR_TRUNCATED, "%s: ends within its header", p->file);
    p->header_n = (size_t)length;
    p->data = p->bytes + MODEL_LENGTH_BYTES + p->header_n;
    p->data_n = p->n - MODEL_LENGTH_BYTES - p->header_n;
    const char *text = (const char *)p->bytes + MODEL_LENGTH_BYTES;
    if (p->header_n == 0 || text[0] != '{')
        return err_why(p->why, ERR_FORMAT, "%s: not a safetensors file: its header is not a JSON object", p->file);
    const enum err e = json_parse(&p->header, text, p->header_n, JSON_DEPTH, &inner);
    if (e)
        return err_why(p->why, e, "%s: header: %s", p->file, inner.text);
    return OK;
}

static bool only_string(const char *key, struct json *value, void *ctx)
{
    (void)key;
    *(bool *)ctx = json_str(value, NULL) != NULL;
    return *(bool *)ctx;
}

static enum err check_metadata(struct parse *p, const struct json *meta)
{
    bool strings = true;
    if (!json_is_object(meta))
        return err_why(p->why, ERR_FORMAT, "%s: no __metadata__, which must tell the layers", p->file);
    json_each(meta, only_string, &strings);
    if (!strings)
        return err_why(p->why, ERR_FORMAT, "%s: __metadata__ has a value that is not a string", p->file);
    return OK;
}

static bool hex_digits(const char *s, size_t n)
{
    return n == DIGEST_HEX && strspn(s, "0123456789abcdef") == n;
}

/* Works out the digest of the file and compares it with the one that the file carries. */
static enum err check_digest(struct parse *p, const struct json *meta, bool *in_file, char hex[DIGEST_HEX + 1])
{
    size_t n = 0, at = p->n;
    const char *told = json_get_str(meta, "sha256", &n), *writer = json_get_str(meta, "writer", NULL);
    *in_file = told != NULL;
    if (!told && writer && strcmp(writer, MODEL_WRITER) == 0)
        return err_why(p->why, ERR_FORMAT, "%s: its sha256 is missing: the file was damaged", p->file);
    if (told) {
        if (!hex_digits(told, n) || !model_digits_find(p->bytes + MODEL_LENGTH_BYTES, p->header_n, told, &at))
            return err_why(p->why, ERR_FORMAT, "%s: sha256 must be 64 hexadecimal digits that occur once", p->file);
        at += MODEL_LENGTH_BYTES;
    }
    if (model_digest(p->bytes, p->n, at, hex))
        return err_why(p->why, ERR_NOMEM, "%s: out of memory", p->file);
    if (told && memcmp(told, hex, DIGEST_HEX) != 0)
        return err_why(p->why, ERR_FORMAT, "%s: sha256 is wrong: the file was damaged or edited", p->file);
    return OK;
}

/* A list [..] of 1 to max (or, for shapes, 0 to max) sizes. Returns how many, or -1. */
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

/* Bytes that the shape of t takes; MODEL_FILE_MAX + 1 when they are more than a file can have. */
static size_t entry_bytes(const struct entry *t)
{
    size_t n = t->u8 ? sizeof(uint8_t) : sizeof(float);
    for (int i = 0; i < t->n_dims; i++) {
        if (t->dim[i] != 0 && n > MODEL_FILE_MAX / t->dim[i])
            return (size_t)MODEL_FILE_MAX + 1;
        n *= t->dim[i];
    }
    return n;
}

static enum err read_entry(struct parse *p, const char *name, const struct json *value, struct entry *t)
{
    char shown[64];
    size_t span[2] = {0};
    const char *dtype = json_get_str(value, "dtype", NULL);
    model_printable(name, shown);
    if (!dtype || json_members(value) != 3)
        return err_why(p->why, ERR_FORMAT, "%s: tensor \"%s\": must have dtype, shape and data_offsets", p->file,
                       shown);
    if (strcmp(dtype, "F32") != 0 && strcmp(dtype, "U8") != 0)
        return err_why(p->why, ERR_UNSUPPORTED, "%s: tensor \"%s\": its dtype must be F32 (U8 for golden.input)",
                       p->file, shown);
    *t = (struct entry){.name = name, .u8 = dtype[0] == 'U'};
    t->n_dims = read_sizes(json_get(value, "shape"), MODEL_DIMS_MAX, t->dim);
    if (t->n_dims < 0 || read_sizes(json_get(value, "data_offsets"), 2, span) != 2)
        return err_why(p->why, ERR_FORMAT, "%s: tensor \"%s\": shape or data_offsets are not lists of sizes", p->file,
                       shown);
    t->begin = span[0];
    t->end = span[1];
    if (t->begin > t->end || t->end > p->data_n)
        return err_why(p->why, ERR_TRUNCATED, "%s: tensor \"%s\": lies outside the file", p->file, shown);
    if (t->end - t->begin != entry_bytes(t))
        return err_why(p->why, ERR_FORMAT, "%s: tensor \"%s\": its length does not match its shape", p->file, shown);
    return OK;
}

static bool add_entry(const char *key, struct json *value, void *ctx)
{
    struct parse *p = ctx;
    if (strcmp(key, "__metadata__") == 0)
        return true;
    if (p->n_entries == ENTRIES_MAX)
        p->e = err_why(p->why, ERR_LIMIT, "%s: more than %d tensors", p->file, ENTRIES_MAX);
    else
        p->e = read_entry(p, key, value, &p->entry[p->n_entries++]);
    return p->e == OK;
}

static int by_place(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* All tensors of the header, in the order of the data, which they must cover from end to end. */
static enum err read_entries(struct parse *p)
{
    size_t at = 0;
    json_each(p->header, add_entry, p);
    if (p->e)
        return p->e;
    qsort(p->entry, (size_t)p->n_entries, sizeof *p->entry, by_place);
    for (int i = 0; i < p->n_entries; at = p->entry[i++].end)
        if (p->entry[i].begin != at)
            return err_why(p->why, ERR_FORMAT, "%s: the tensors overlap or leave a hole at byte %zu of the data",
                           p->file, at);
    if (at != p->data_n)
        return err_why(p->why, ERR_FORMAT, "%s: %zu bytes after the last tensor", p->file, p->data_n - at);
    return OK;
}

static struct entry *find_entry(struct parse *p, const char *name)
{
    for (int i = 0; i < p->n_entries; i++)
        if (strcmp(p->entry[i].name, name) == 0)
            return &p->entry[i];
    return NULL;
}

static bool same_shape(const struct entry *e, const struct model_tensor *t)
{
    return e->n_dims == t->n_dims && memcmp(e->dim, t->dim, (size_t)t->n_dims * sizeof *t->dim) == 0;
}

/* Copies the tensor t out of the data. The data need not be aligned, nor this machine little-endian. */
static enum err take_tensor(struct parse *p, const struct model_tensor *t)
{
    struct entry *e = find_entry(p, t->name);
    if (!e)
        return err_why(p->why, ERR_FORMAT, "%s: the tensor \"%s\" is missing", p->file, t->name);
    if (e->u8 != (t->u8 != NULL) || !same_shape(e, t))
        return err_why(p->why, ERR_FORMAT, "%s: the tensor \"%s\" has another shape or type than the layers say",
                       p->file, t->name);
    e->used = true;
    if (t->u8) {
        memcpy(t->u8, p->data + e->begin, t->n);
        return OK;
    }
    for (size_t i = 0; i < t->n; i++) {
        const uint32_t bits = (uint32_t)little_endian(p->data + e->begin + i * sizeof bits, sizeof bits);
        memcpy(&t->f32[i], &bits, sizeof bits);
    }
    if (!model_all_finite(t->f32, t->n))
        return err_why(p->why, ERR_FORMAT, "%s: the tensor \"%s\" has a value that is not a finite number", p->file,
                       t->name);
    return OK;
}

/* Room for golden pictures, as many as golden.logits has rows. */
static enum err make_golden(struct parse *p)
{
    const struct entry *e = find_entry(p, "golden.logits");
    struct model *m = p->model;
    if (!e && !find_entry(p, "golden.input"))
        return OK;
    if (!e || e->n_dims != 2 || e->dim[0] < 1 || e->dim[0] > MODEL_GOLDEN_MAX)
        return err_why(p->why, ERR_FORMAT, "%s: golden.logits must be 1 to %d rows of %d", p->file, MODEL_GOLDEN_MAX,
                       MODEL_CLASSES);
    m->golden_input = calloc(e->dim[0], MODEL_PIXELS);
    m->golden_logits = calloc(e->dim[0], MODEL_CLASSES * sizeof *m->golden_logits);
    if (!m->golden_input || !m->golden_logits)
        return err_why(p->why, ERR_NOMEM, "%s: out of memory", p->file);
    m->n_golden = (int)e->dim[0];
    return OK;
}

/* Room for a reject rule, with as many hidden units as its first tensor has rows. */
static enum err make_reject(struct parse *p)
{
    struct why inner = {0};
    const struct entry *e = find_entry(p, "reject.hidden.weight");
    if (!e)
        return OK;
    const bool too_many = e->n_dims != 2 || e->dim[0] > MODEL_REJECT_MAX;
    const enum err failed = model_reject_new(p->model, too_many ? 0 : (int)e->dim[0], &inner);
    return failed ? err_why(p->why, failed, "%s: reject.hidden.weight: %s", p->file, inner.text) : OK;
}

static enum err take_tensors(struct parse *p)
{
    struct model_tensor t[MODEL_TENSORS_MAX];
    char shown[64];
    enum err e = make_golden(p);
    if (!e)
        e = make_reject(p);
    const int n = e ? 0 : model_tensors(p->model, t);
    for (int i = 0; !e && i < n; i++)
        e = take_tensor(p, &t[i]);
    for (int i = 0; !e && i < p->n_entries; i++)
        if (!p->entry[i].used && strncmp(p->entry[i].name, "golden.", 7) != 0)
            e = err_why(p->why, ERR_FORMAT, "%s: no layer uses the tensor \"%s\"", p->file,
                        model_printable(p->entry[i].name, shown));
    return e;
}

/* The number in a metadata value; fallback where there is none. false where it is not a number. */
static bool meta_number(const struct json *meta, const char *key, double fallback, double *to)
{
    struct json *v = NULL;
    size_t n = 0;
    const char *text = json_get_str(meta, key, &n);
    *to = fallback;
    if (!text)
        return true;
    const bool ok = json_parse(&v, text, n, 1, NULL) == OK && json_num(v, to);
    json_free(v);
    return ok;
}

static enum err take_metadata(struct parse *p, const struct json *meta)
{
    struct model *m = p->model;
    double temperature = 1, look_again_below = 0, unsure_below = 0;
    model_copy_strings(meta, m->meta);
    const bool numbers = meta_number(meta, "temperature", 1, &temperature) &&
                         meta_number(meta, "look_again_below", 0, &look_again_below) &&
                         meta_number(meta, "unsure_below", 0, &unsure_below);
    m->temperature = (float)temperature;
    m->look_again_below = (float)look_again_below;
    m->unsure_below = (float)unsure_below;
    if (!numbers || !model_numbers_ok(m))
        return err_why(p->why, ERR_FORMAT,
                       "%s: temperature, look_again_below or unsure_below is not a number in its range", p->file);
    return OK;
}

/* The limits of what is a digit. A threshold without its rule is a file that lost tensors, and the other way round. */
static enum err take_limits(struct parse *p, const struct json *meta)
{
    struct model *m = p->model;
    double ink_above = 1, below = 0, doubt = 0;
    if ((json_get(meta, "reject_below") != NULL) != (m->reject.hidden > 0))
        return err_why(p->why, ERR_FORMAT, "%s: reject_below and the tensors reject.* must come together", p->file);
    const bool numbers = meta_number(meta, "ink_above", 1, &ink_above) &&
                         meta_number(meta, "reject_below", 0, &below) &&
                         meta_number(meta, "doubt_below", below, &doubt);
    m->ink_above = (float)ink_above;
    m->reject.below = (float)below;
    m->reject.doubt = (float)doubt;
    if (!numbers || !model_limits_ok(m))
        return err_why(p->why, ERR_FORMAT, "%s: ink_above, reject_below or doubt_below is not a number in its range",
                       p->file);
    return OK;
}

static enum err make_model(struct parse *p, const struct json *meta)
{
    struct why inner = {0};
    size_t n = 0;
    const char *layers = json_get_str(meta, "layers", &n);
    if (!layers)
        return err_why(p->why, ERR_FORMAT, "%s: __metadata__ does not tell the layers", p->file);
    const size_t floats = p->data_n / sizeof(float);
    const enum err e =
        model_layers_read(&p->model, layers, n, floats < MODEL_PARAMS_MAX ? floats : MODEL_PARAMS_MAX, &inner);
    return e ? err_why(p->why, e, "%s: %s", p->file, inner.text) : OK;
}

enum err model_parse(struct model **out, const uint8_t *bytes, size_t n, const char *name, struct why *why)
{
    bool in_file = false;
    char hex[DIGEST_HEX + 1];

    *out = NULL;
    struct parse *p = calloc(1, sizeof *p);
    if (!p)
        return err_why(why, ERR_NOMEM, "%s: out of memory", name);
    p->file = name;
    p->why = why;
    p->bytes = bytes;
    p->n = n;
    enum err e = read_header(p);
    const struct json *meta = p->header ? json_get(p->header, "__metadata__") : NULL;
    if (!e)
        e = check_metadata(p, meta);
    if (!e)
        e = check_digest(p, meta, &in_file, hex);
    if (!e)
        e = read_entries(p);
    if (!e)
        e = make_model(p, meta);
    if (!e)
        e = take_metadata(p, meta);
    if (!e)
        e = take_tensors(p);
    if (!e)
        e = take_limits(p, meta);
    if (!e) {
        *out = p->model;
        p->model = NULL;
        (*out)->sha256_in_file = in_file;
        memcpy((*out)->sha256, hex, sizeof hex);
    }
    model_free(p->model);
    json_free(p->header);
    free(p);
    return e;
}
