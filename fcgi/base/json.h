/* JSON (RFC 8259): the only user of jansson.
 *
 * It is in base/, not in web/, because the weights file contains JSON too and rooms depend one way. Parsing is strict:
 * UTF-8, no duplicate keys, no NUL, a depth limit. Building needs no checks in between: if a member cannot be
 * allocated, the root is marked and json_write reports it. */
#ifndef DIGITD_BASE_JSON_H
#define DIGITD_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct json;

/* Parses text[n] into *out; free it with json_free. ERR_FORMAT with a line in why, ERR_LIMIT if nested deeper than
 * depth_max, ERR_NOMEM. *out is NULL on failure. */
enum err json_parse(struct json **out, const char *text, size_t n, int depth_max, struct why *why);
void json_free(struct json *v);

bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);
bool json_is_null(const struct json *v); /* the value null; false if v is missing */

/* Members of an object. Pointers are borrowed. NULL (or false) if the member is missing or has another type. */
struct json *json_get(const struct json *obj, const char *key);
const char *json_get_str(const struct json *obj, const char *key, size_t *n); /* n may be NULL */
bool json_get_int(const struct json *obj, const char *key, int64_t *out);
bool json_get_num(const struct json *obj, const char *key, double *out);
bool json_get_bool(const struct json *obj, const char *key, bool *out);

/* Calls fn for each member, in the order of the text, until it returns false. */
void json_each(const struct json *obj, bool (*fn)(const char *key, struct json *value, void *ctx), void *ctx);
size_t json_members(const struct json *obj); /* the number of members of an object; 0 for other values */

/* Elements of an array, and values by themselves. */
size_t json_len(const struct json *arr);
struct json *json_at(const struct json *arr, size_t i);
bool json_int(const struct json *v, int64_t *out);
bool json_num(const struct json *v, double *out);
const char *json_str(const struct json *v, size_t *n);

/* Building. These make a new root; a container made inside a parent belongs to the parent. A NULL parent is ignored, so
 * running out of memory shows in json_write. Text that is not UTF-8 marks the root as failed. */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_set_object(struct json *obj, const char *key);
struct json *json_set_array(struct json *obj, const char *key);
void json_set_str(struct json *obj, const char *key, const char *utf8);
void json_set_strn(struct json *obj, const char *key, const char *utf8, size_t n);
void json_set_int(struct json *obj, const char *key, int64_t v);
void json_set_num(struct json *obj, const char *key, double v); /* NaN and infinity count as a failure */
void json_set_bool(struct json *obj, const char *key, bool v);
void json_set_time(struct json *obj, const char *key, int64_t wall_s); /* RFC 3339 in UTC; null for 0: never */
void json_set_null(struct json *obj, const char *key);
void json_set_own(struct json *obj, const char *key,
                  struct json *child); /* takes ownership of child, even on failure */
/* Shares value (NULL: null) with the caller. Nobody may change it while obj exists. */
void json_set_shared(struct json *obj, const char *key, struct json *value);
void json_remove(struct json *obj, const char *key); /* no error if there is no such member */
struct json *json_add_object(struct json *arr);
struct json *json_add_array(struct json *arr);
void json_add_str(struct json *arr, const char *utf8);
void json_add_int(struct json *arr, int64_t v);
void json_add_num(struct json *arr, double v);

/* Appends v to out as compact text, members in the order they were set, numbers with `digits` significant digits (1 to
 * 17). Reports anything that failed while v was built. */
enum err json_write(const struct json *v, int digits, struct buf *out);

enum err json_write_str(const char *utf8, struct buf *out); /* a string alone, in quotes */

/* What failed while v was built: ERR_FORMAT for text that is not UTF-8; ERR_NOMEM, also where memory was short for
 * other JSON since something was last read or written. json_write reports it as well. */
enum err json_check(const struct json *v);

/* ---- json_stream.c ----
 * Writes the same text piece by piece, for data that would be too large as a tree. A stack of scopes knows what is open
 * and adds commas and closing brackets. The first failure is kept, and json_stream_end reports it: ERR_FORMAT for a key
 * in an array, a missing key in an object, a second value at the top, nesting deeper than JSON_STREAM_DEPTH_MAX, or a
 * scope closed too often; otherwise as json_write. */
enum { JSON_STREAM_DEPTH_MAX = 8 };
struct json_stream {
    struct buf *out;
    int digits, depth; /* depth: open scopes; scope[0] is the text itself, which takes one value */
    struct {
        char end; /* '}', ']' */
        bool begun;
    } scope[JSON_STREAM_DEPTH_MAX + 1];
    enum err e;
};
void json_stream_begin(struct json_stream *s, struct buf *out, int digits);
/* key: the member's name inside an object; NULL elsewhere. v remains the caller's. */
void json_stream_open_object(struct json_stream *s, const char *key);
void json_stream_open_array(struct json_stream *s, const char *key);
void json_stream_put(struct json_stream *s, const char *key, const struct json *v);
void json_stream_put_members(struct json_stream *s,
                             const struct json *obj); /* adds all members of obj to the open object */
void json_stream_close(struct json_stream *s);        /* the innermost scope */
enum err json_stream_end(struct json_stream *s);      /* closes all that is open */

#endif
