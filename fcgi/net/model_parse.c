/* Bytes to a model. Pure: no I/O, no globals; every byte of the input is hostile until it has been checked.
 *
 * In this order: the header's length; the header as JSON; __metadata__ and its digest; the layers, which determine the
 * tensors; the tensors' types, shapes and places, which must cover the data without gaps or overlaps (model_entries.c);
 * the numbers themselves. Nothing is allocated for a size that the file claims before the file is known to be that
 * long.
 *
 * The digest. __metadata__.sha256 is 64 lower-case hexadecimal digits, which occur once in the header. It is the
 * SHA-256 of the whole file with these 64 characters taken as '0' (0x30). An edited file may leave it out, unless
 * __metadata__.writer is "digitd": one of our own files without its digest is damaged. */
#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model_entries.h"
#include "model_parts.h"

enum { JSON_DEPTH = 4 };

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
    struct model_entries entries;
};

/* What people have in place of a safetensors file. */
static const struct {
    size_t n;
    const char *begins, *is;
} others[] = {
    {4, "PK\3\4", "a zip archive, as torch.save and Keras write it; use safetensors.torch.save_file instead"},
    {4, "\x89HDF", "an HDF5 file, as Keras writes it; only safetensors files are supported"},
    {8, "version ", "a Git LFS pointer; git lfs pull fetches the file itself"},
};

static enum err not_safetensors(const struct parse *p, const char *what, enum err e)
{
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (p->n >= others[i].n && memcmp(p->bytes, others[i].begins, others[i].n) == 0)
            return err_why(p->why, ERR_FORMAT, "%s: %s", p->file, others[i].is);
    return err_why(p->why, e, "%s: %s", p->file, what);
}

static enum err read_header(struct parse *p)
{
    struct why inner = {0};
    if (p->n < MODEL_LENGTH_BYTES)
        return err_why(p->why, ERR_TRUNCATED, "%s: too short for a safetensors file (%zu bytes)", p->file, p->n);
    const uint64_t length = model_little_endian(p->bytes, MODEL_LENGTH_BYTES);
    if (length > MODEL_HEADER_MAX)
        return not_safetensors(p, "not a safetensors file, or its header is larger than 1 MiB", ERR_LIMIT);
    if (length > p->n - MODEL_LENGTH_BYTES)
        return not_safetensors(p, "ends within its header: the file was cut short or is not a safetensors file",
                               ERR_TRUNCATED);
    p->header_n = (size_t)length;
    p->data = p->bytes + MODEL_LENGTH_BYTES + p->header_n;
    p->data_n = p->n - MODEL_LENGTH_BYTES - p->header_n;
    const char *text = (const char *)p->bytes + MODEL_LENGTH_BYTES;
    if (p->header_n == 0 || text[0] != '{')
        return not_safetensors(p, "not a safetensors file: its header is not a JSON object", ERR_FORMAT);
    const enum err e = json_parse(&p->header, text, p->header_n, JSON_DEPTH, &inner);
    if (e != OK)
        return err_why(p->why, e, "%s: header: %s", p->file, inner.text);
    return OK;
}

/* What a file from elsewhere most often lacks. */
#define NO_LAYERS "\"layers\", the list of the network's layers (MODEL.md, A network from elsewhere)"

/* ctx becomes the key of a value that is not a string. */
static bool only_string(const char *key, struct json *value, void *ctx)
{
    if (json_str(value, NULL) == NULL)
        *(const char **)ctx = key;
    return *(const char **)ctx == NULL;
}

static enum err check_metadata(struct parse *p, const struct json *meta)
{
    const char *key = NULL;
    char shown[64];
    if (!json_is_object(meta))
        return err_why(p->why, ERR_FORMAT, "%s: there is no __metadata__ and therefore no " NO_LAYERS, p->file);
    json_each(meta, only_string, &key);
    if (key)
        return err_why(
            p->why, ERR_FORMAT,
            "%s: __metadata__: \"%s\" is not a string; anything else must be JSON text in a string (json.dumps)",
            p->file, model_printable(key, shown));
    return OK;
}

static bool hex_digits(const char *s, size_t n)
{
    return n == DIGEST_HEX && strspn(s, "0123456789abcdef") == n;
}

/* Computes the file's digest and compares it with the one in the file. */
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
    if (model_digest(p->bytes, p->n, at, hex) != OK)
        return err_why(p->why, ERR_NOMEM, "%s: out of memory", p->file);
    if (told && memcmp(told, hex, DIGEST_HEX) != 0)
        return err_why(p->why, ERR_FORMAT, "%s: sha256 is wrong: the file was damaged or edited", p->file);
    return OK;
}

/* Copies the tensor t out of the data. The data need not be aligned, nor this machine little-endian. */
static enum err take_tensor(struct parse *p, const struct model_tensor *t)
{
    struct model_entry *e = NULL;
    const enum err failed = model_entries_check(&p->entries, p->model, t, &e, p->why);
    if (failed != OK)
        return failed;
    e->used = true;
    if (t->u8) {
        memcpy(t->u8, p->data + e->begin, t->n);
        return OK;
    }
    for (size_t i = 0; i < t->n; i++) {
        const uint32_t bits = (uint32_t)model_little_endian(p->data + e->begin + i * sizeof(bits), sizeof(bits));
        memcpy(&t->f32[i], &bits, sizeof(bits));
    }
    if (!model_all_finite(t->f32, t->n))
        return err_why(p->why, ERR_FORMAT, "%s: the tensor \"%s\" has a value that is not a finite number", p->file,
                       t->name);
    return OK;
}

/* Allocates the layers' weights, once it is known that the file has them. */
static enum err make_weights(struct parse *p)
{
    struct model_tensor t[MODEL_TENSORS_MAX];
    struct model_entry *at;
    enum err e = OK;
    const int n = model_tensors(p->model, t);
    for (int i = 0; e == OK && i < n; i++)
        e = model_entries_check(&p->entries, p->model, &t[i], &at, p->why);
    if (e == OK && (e = model_allocate(p->model)) != OK)
        err_why(p->why, e, "%s: out of memory", p->file);
    return e;
}

/* Allocates the golden pictures, as many as golden.logits has rows. */
static enum err make_golden(struct parse *p)
{
    const struct model_entry *e = model_entries_find(&p->entries, "golden.logits");
    struct model *m = p->model;
    if (e == OK && !model_entries_find(&p->entries, "golden.input"))
        return OK;
    if (e == NULL || e->n_dims != 2 || e->dim[0] < 1 || e->dim[0] > MODEL_GOLDEN_MAX)
        return err_why(p->why, ERR_FORMAT, "%s: golden.logits must be 1 to %d rows of %d", p->file, MODEL_GOLDEN_MAX,
                       MODEL_CLASSES);
    m->golden_input = calloc(e->dim[0], DIGIT_PIXELS);
    m->golden_logits = calloc(e->dim[0], MODEL_CLASSES * sizeof(*m->golden_logits));
    if (!m->golden_input || !m->golden_logits)
        return err_why(p->why, ERR_NOMEM, "%s: out of memory", p->file);
    m->n_golden = (int)e->dim[0];
    return OK;
}

/* Allocates a rejection head, with as many hidden units as its first tensor has rows. */
static enum err make_reject(struct parse *p)
{
    struct why inner = {0};
    const struct model_entry *e = model_entries_find(&p->entries, "reject.hidden.weight");
    if (e == OK)
        return OK;
    const bool too_many = e->n_dims != 2 || e->dim[0] > MODEL_REJECT_MAX;
    const enum err failed = model_reject_new(p->model, too_many ? 0 : (int)e->dim[0], &inner);
    return failed != OK ? err_why(p->why, failed, "%s: reject.hidden.weight: %s", p->file, inner.text) : OK;
}

static enum err take_tensors(struct parse *p)
{
    struct model_tensor t[MODEL_TENSORS_MAX];
    enum err e = make_weights(p);
    if (e == OK)
        e = make_golden(p);
    if (e == OK)
        e = make_reject(p);
    const int n = e != OK ? 0 : model_tensors(p->model, t);
    for (int i = 0; e == OK && i < n; i++)
        e = take_tensor(p, &t[i]);
    return e != OK ? e : model_entries_all_used(&p->entries, p->model, p->why);
}

/* The number in a metadata value; fallback if there is none. False if it is not a number. */
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
                       "%s: temperature, look_again_below or unsure_below is not a number or out of range", p->file);
    return OK;
}

/* The thresholds for digits. If the rejection head has no threshold, or the other way round, the file is incomplete. */
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
        return err_why(p->why, ERR_FORMAT, "%s: ink_above, reject_below or doubt_below is not a number or out of range",
                       p->file);
    return OK;
}

static enum err make_model(struct parse *p, const struct json *meta)
{
    struct why inner = {0};
    size_t n = 0;
    const char *layers = json_get_str(meta, "layers", &n);
    if (!layers)
        return err_why(p->why, ERR_FORMAT, "%s: __metadata__ has no " NO_LAYERS, p->file);
    const enum err e = model_layers_read(&p->model, layers, n, &inner);
    return e != OK ? err_why(p->why, e, "%s: %s", p->file, inner.text) : OK;
}

enum err model_parse(struct model **out, const uint8_t *bytes, size_t n, const char *name, struct why *why)
{
    bool in_file = false;
    char hex[DIGEST_HEX + 1];

    *out = NULL;
    struct parse *p = calloc(1, sizeof(*p));
    if (!p)
        return err_why(why, ERR_NOMEM, "%s: out of memory", name);
    p->file = p->entries.file = name;
    p->why = why;
    p->bytes = bytes;
    p->n = n;
    enum err e = read_header(p);
    const struct json *meta = p->header ? json_get(p->header, "__metadata__") : NULL;
    if (e == OK)
        e = check_metadata(p, meta);
    if (e == OK)
        e = check_digest(p, meta, &in_file, hex);
    if (e == OK)
        e = model_entries_read(&p->entries, p->header, p->data_n, why);
    if (e == OK)
        e = make_model(p, meta);
    if (e == OK)
        e = take_metadata(p, meta);
    if (e == OK)
        e = take_tensors(p);
    if (e == OK)
        e = take_limits(p, meta);
    if (e == OK) {
        *out = p->model;
        p->model = NULL;
        (*out)->sha256_in_file = in_file;
        memcpy((*out)->sha256, hex, sizeof(hex));
    }
    model_free(p->model);
    json_free(p->header);
    free(p);
    return e;
}
