/* struct json is jansson's json_t under another name, so that no caller sees the library. Its memory is wiped when it
 * is freed: a request's JSON may contain a password. */
#include "json.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "clock.h"
#include "json_memory.h"

/* Jansson's macros of these names; here they are functions. */
#undef json_is_object
#undef json_is_array
#undef json_is_null

/* Marks a failed set; json_write looks for this member. Its name starts with a control character, as no caller's key
 * does. */
#define JSON_FAILED "\x01"

static json_t *in(const struct json *v)
{
    return (json_t *)(uintptr_t)v;
}

static struct json *out(json_t *v)
{
    return (struct json *)v;
}

/* A text that cannot be kept ends the reading by a jump: see json_memory.h. */
static json_t *load(const char *text, size_t n, json_error_t *error)
{
    json_t *volatile v = NULL; /* the jump keeps it */

    if (setjmp(*json_memory_guard()) == 0)
        v = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);
    json_memory_leave();
    return v;
}

/* Before anything is made: jansson's own malloc notes nothing. */
static void memory_note(void)
{
    json_set_alloc_funcs(json_memory_get, json_memory_free);
}

/* Jansson's own depth limit is 2,048; ours is checked before it parses, outside strings. */
static bool json_too_deep(const char *text, size_t n, int depth_max)
{
    int depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > depth_max)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

enum err json_parse(struct json **result, const char *text, size_t n, int depth_max, struct why *why)
{
    json_error_t error;
    json_t *v;

    *result = NULL;
    memory_note();
    (void)json_memory_failed();
    if (json_too_deep(text, n, depth_max))
        return err_why(why, ERR_LIMIT, "JSON nested deeper than %d levels", depth_max);
    if (n > 0 && memchr(text, '\0', n) != NULL) /* jansson skips one that follows a number or a literal */
        return err_why(why, ERR_FORMAT, "a NUL byte");
    v = load(text, n, &error);
    if (json_memory_failed())
        return err_why(why, ERR_NOMEM, "out of memory");
    if (v == NULL)
        return err_why(why, ERR_FORMAT, "line %d, column %d: %s", error.line, error.column, error.text);
    *result = out(v);
    return OK;
}

void json_free(struct json *v)
{
    json_decref(in(v));
}

bool json_is_object(const struct json *v)
{
    return v != NULL && json_typeof(in(v)) == JSON_OBJECT;
}

bool json_is_array(const struct json *v)
{
    return v != NULL && json_typeof(in(v)) == JSON_ARRAY;
}

bool json_is_null(const struct json *v)
{
    return v != NULL && json_typeof(in(v)) == JSON_NULL;
}

struct json *json_get(const struct json *obj, const char *key)
{
    return out(json_object_get(in(obj), key));
}

const char *json_str(const struct json *v, size_t *n)
{
    if (n != NULL)
        *n = json_string_length(in(v));
    return json_string_value(in(v));
}

bool json_int(const struct json *v, int64_t *result)
{
    if (!json_is_integer(in(v)))
        return false;
    *result = json_integer_value(in(v));
    return true;
}

bool json_num(const struct json *v, double *result)
{
    if (!json_is_number(in(v)))
        return false;
    *result = json_number_value(in(v));
    return true;
}

const char *json_get_str(const struct json *obj, const char *key, size_t *n)
{
    return json_str(json_get(obj, key), n);
}

bool json_get_int(const struct json *obj, const char *key, int64_t *result)
{
    return json_int(json_get(obj, key), result);
}

bool json_get_num(const struct json *obj, const char *key, double *result)
{
    return json_num(json_get(obj, key), result);
}

bool json_get_bool(const struct json *obj, const char *key, bool *result)
{
    const json_t *v = in(json_get(obj, key));

    if (!json_is_boolean(v))
        return false;
    *result = json_boolean_value(v);
    return true;
}

void json_each(const struct json *obj, bool (*fn)(const char *key, struct json *value, void *ctx), void *ctx)
{
    json_t *o = in(obj);

    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it))
        if (!fn(json_object_iter_key(it), out(json_object_iter_value(it)), ctx))
            return;
}

size_t json_members(const struct json *obj)
{
    return json_object_size(in(obj));
}

size_t json_len(const struct json *arr)
{
    return json_array_size(in(arr));
}

struct json *json_at(const struct json *arr, size_t i)
{
    return out(json_array_get(in(arr), i));
}

struct json *json_new_object(void)
{
    memory_note();
    return out(json_object());
}

struct json *json_new_array(void)
{
    memory_note();
    return out(json_array());
}

/* Puts child under key, or at the end of an array if key is NULL; takes ownership and returns it, borrowed. If child is
 * NULL (out of memory, or text that is not UTF-8), it leaves the mark that json_write reports. */
static json_t *json_put(struct json *parent, const char *key, json_t *child)
{
    json_t *p = in(parent);
    int failed = key == NULL ? json_array_append(p, child) : json_object_set(p, key, child);

    if (failed != 0) {
        json_t *mark = key == NULL ? json_object() : json_incref(p);

        (void)json_object_set_new(mark, JSON_FAILED, json_true());
        if (key == NULL)
            (void)json_array_append(p, mark);
        json_decref(mark);
    }
    json_decref(child);
    return failed != 0 ? NULL : child;
}

struct json *json_set_object(struct json *obj, const char *key)
{
    return out(json_put(obj, key, json_object()));
}

struct json *json_set_array(struct json *obj, const char *key)
{
    return out(json_put(obj, key, json_array()));
}

void json_set_str(struct json *obj, const char *key, const char *utf8)
{
    (void)json_put(obj, key, json_string(utf8));
}

void json_set_strn(struct json *obj, const char *key, const char *utf8, size_t n)
{
    (void)json_put(obj, key, json_stringn(utf8, n));
}

void json_set_int(struct json *obj, const char *key, int64_t v)
{
    (void)json_put(obj, key, json_integer(v));
}

void json_set_num(struct json *obj, const char *key, double v)
{
    (void)json_put(obj, key, json_real(v)); /* NULL for NaN and infinities */
}

void json_set_bool(struct json *obj, const char *key, bool v)
{
    (void)json_put(obj, key, json_boolean(v));
}

void json_set_time(struct json *obj, const char *key, int64_t wall_s)
{
    char text[CLOCK_TEXT_MAX];

    if (wall_s == 0)
        json_set_null(obj, key);
    else
        json_set_str(obj, key, clock_text(wall_s, text));
}

void json_set_null(struct json *obj, const char *key)
{
    (void)json_put(obj, key, json_null());
}

void json_remove(struct json *obj, const char *key)
{
    (void)json_object_del(in(obj), key);
}

void json_set_own(struct json *obj, const char *key, struct json *child)
{
    (void)json_put(obj, key, in(child));
}

void json_set_shared(struct json *obj, const char *key, struct json *value)
{
    (void)json_put(obj, key, value == NULL ? json_null() : json_incref(in(value)));
}

struct json *json_add_object(struct json *arr)
{
    return out(json_put(arr, NULL, json_object()));
}

struct json *json_add_array(struct json *arr)
{
    return out(json_put(arr, NULL, json_array()));
}

void json_add_str(struct json *arr, const char *utf8)
{
    (void)json_put(arr, NULL, json_string(utf8));
}

void json_add_int(struct json *arr, int64_t v)
{
    (void)json_put(arr, NULL, json_integer(v));
}

void json_add_num(struct json *arr, double v)
{
    (void)json_put(arr, NULL, json_real(v));
}

/* Whether v contains the mark of a failed set. */
static bool json_has_failed(json_t *v)
{
    bool failed = v == NULL || json_object_get(v, JSON_FAILED) != NULL;
    const char *key;
    json_t *child;

    for (size_t i = 0; !failed && i < json_array_size(v); i++)
        failed = json_has_failed(json_array_get(v, i));
    json_object_foreach(v, key, child)
    {
        failed = failed || json_has_failed(child);
    }
    return failed;
}

enum err json_check(const struct json *v)
{
    return json_memory_failed() ? ERR_NOMEM : json_has_failed(in(v)) ? ERR_FORMAT : OK;
}

static int json_write_part(const char *part, size_t n, void *ctx)
{
    return buf_add(ctx, part, n) == OK ? 0 : -1;
}

enum err json_write(const struct json *v, int digits, struct buf *result)
{
    enum err e = json_check(v);

    if (e != OK)
        return e;
    if (json_dump_callback(in(v), json_write_part, result,
                           JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION((size_t)digits)) != 0)
        return buf_status(result) != OK ? buf_status(result) : ERR_NOMEM;
    return OK;
}

enum err json_write_str(const char *utf8, struct buf *result)
{
    json_t *text = json_string(utf8);
    enum err e = json_write(out(text), 1, result);

    json_decref(text);
    return e;
}
