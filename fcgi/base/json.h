/* JSON (RFC 8259): the only user of jansson.
 *
 * Lies in base/, not in web/, because the weights file carries JSON as well and rooms depend one way.
 * Reading is strict: UTF-8, no duplicate keys, no NUL, a depth limit. Building never needs a check in between: setting
 * a member that could not be allocated marks the root, and json_write reports it. */
#ifndef DIGITD_BASE_JSON_H
#define DIGITD_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct json;

/* Parses text[n] into *out (freed with json_free). ERR_FORMAT with a line in why, ERR_LIMIT when nested deeper than
 * depth_max, ERR_NOMEM. *out is NULL on failure. */
enum err json_parse(struct json **out, const char *text, size_t n, int depth_max, struct why *why);
void json_free(struct json *v);

bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);
bool json_is_null(const struct json *v); /* the value null; false for what is not there */

/* Members of an object. They return borrowed pointers, NULL (or false) when the member is missing or of another type.
 */
struct json *json_get(const struct json *obj, const char *key);
const char *json_get_str(const struct json *obj, const char *key, size_t *n); /* n may be NULL */
bool json_get_int(const struct json *obj, const char *key, int64_t *out);
bool json_get_num(const struct json *obj, const char *key, double *out);
bool json_get_bool(const struct json *obj, const char *key, bool *out);

/* Members in the order of the text: fn gets each; stops when it returns false. */
void json_each(const struct json *obj, bool (*fn)(const char *key, struct json *value, void *ctx), void *ctx);
size_t json_members(const struct json *obj); /* how many members an object has; 0 for others */

/* Elements of an array, and values by themselves. */
size_t json_len(const struct json *arr);
struct json *json_at(const struct json *arr, size_t i);
bool json_int(const struct json *v, int64_t *out);
bool json_num(const struct json *v, double *out);
const char *json_str(const struct json *v, size_t *n);

/* Building. A new root; containers made inside a parent belong to it. A NULL parent is ignored, so that out of memory
 * falls through to json_write. Text that is not UTF-8 marks the root as failed. */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_set_object(struct json *obj, const char *key);
struct json *json_set_array(struct json *obj, const char *key);
void json_set_str(struct json *obj, const char *key, const char *utf8);
void json_set_strn(struct json *obj, const char *key, const char *utf8, size_t n);
void json_set_int(struct json *obj, const char *key, int64_t v);
void json_set_num(struct json *obj, const char *key, double v); /* NaN and infinities mark a failure */
void json_set_bool(struct json *obj, const char *key, bool v);
void json_set_time(struct json *obj, const char *key, int64_t wall_s); /* RFC 3339 in UTC; null for 0: never */
void json_set_null(struct json *obj, const char *key);
void json_set_own(struct json *obj, const char *key, struct json *child); /* takes child over, also on failure */
/* value (NULL: null) stays the caller's too; nothing may change it while obj is there. */
void json_set_shared(struct json *obj, const char *key, struct json *value);
void json_remove(struct json *obj, const char *key); /* a member that is not there is fine */
struct json *json_add_object(struct json *arr);
struct json *json_add_array(struct json *arr);
void json_add_str(struct json *arr, const char *utf8);
void json_add_int(struct json *arr, int64_t v);
void json_add_num(struct json *arr, double v);

/* Compact text of v appended to out, members in the order they were set; numbers with `digits` significant digits
 * (1 to 17). Reports whatever failed while v was built. */
enum err json_write(const struct json *v, int digits, struct buf *out);

enum err json_write_str(const char *utf8, struct buf *out); /* text by itself, in quotes */

/* Whether anything failed while v was built: what json_write reports as ERR_FORMAT. */
bool json_failed(const struct json *v);

/* ---- json_stream.c ----
 * The same text, written while it is made, for what would be too large as a tree. A stack of scopes knows what is open,
 * so that commas and ends come by themselves. The first failure stays, and json_stream_end reports it: ERR_FORMAT for a
 * key in an array, none in an object, a second value at the top, deeper than JSON_STREAM_DEPTH_MAX, or a scope that was
 * closed too often; else as json_write. */
enum { JSON_STREAM_DEPTH_MAX = 8 };
struct json_stream {
    struct buf *out;
    int digits, depth; /* depth: scopes that are open; scope[0] is the text itself, which takes one value */
    struct {
        char end; /* '}', ']' */
        bool begun;
    } scope[JSON_STREAM_DEPTH_MAX + 1];
    enum err e;
};
void json_stream_begin(struct json_stream *s, struct buf *out, int digits);
/* key: of what is put into an object; NULL elsewhere. v stays the caller's. */
void json_stream_open_object(struct json_stream *s, const char *key);
void json_stream_open_array(struct json_stream *s, const char *key);
void json_stream_put(struct json_stream *s, const char *key, const struct json *v);
void json_stream_put_members(struct json_stream *s, const struct json *obj); /* all of obj's, into an object */
void json_stream_close(struct json_stream *s);                               /* the innermost scope */
enum err json_stream_end(struct json_stream *s);                             /* closes all that is open */

#endif
