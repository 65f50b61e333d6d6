/* Values are written one after another by json_write; the scopes add what goes between them. */
#include <string.h>

#include "json.h"

void json_stream_begin(struct json_stream *s, struct buf *out, int digits)
{
    memset(s, 0, sizeof(*s));
    s->out = out;
    s->digits = digits;
}

static void stream_fail(struct json_stream *s, enum err e)
{
    s->e = s->e == OK ? e : s->e;
}

/* Writes what comes before a value: a comma if it is not the first, and its key. */
static void stream_lead(struct json_stream *s, const char *key)
{
    const bool member = s->scope[s->depth].end == '}', top = s->depth == 0;

    if (member != (key != NULL) || (top && s->scope[0].begun))
        stream_fail(s, ERR_FORMAT);
    if (s->scope[s->depth].begun)
        (void)buf_add_str(s->out, ",");
    s->scope[s->depth].begun = true;
    if (member && key != NULL) {
        stream_fail(s, json_write_str(key, s->out));
        (void)buf_add_str(s->out, ":");
    }
}

static void stream_open(struct json_stream *s, const char *key, char begin, char end)
{
    if (s->depth == JSON_STREAM_DEPTH_MAX)
        stream_fail(s, ERR_FORMAT);
    if (s->e != OK)
        return;
    stream_lead(s, key);
    (void)buf_add(s->out, &begin, 1);
    s->depth++;
    s->scope[s->depth].end = end;
    s->scope[s->depth].begun = false;
}

void json_stream_open_object(struct json_stream *s, const char *key)
{
    stream_open(s, key, '{', '}');
}

void json_stream_open_array(struct json_stream *s, const char *key)
{
    stream_open(s, key, '[', ']');
}

void json_stream_put(struct json_stream *s, const char *key, const struct json *v)
{
    if (s->e != OK)
        return;
    stream_lead(s, key);
    stream_fail(s, json_write(v, s->digits, s->out));
}

static bool put_member(const char *key, struct json *value, void *ctx)
{
    json_stream_put(ctx, key, value);
    return true;
}

void json_stream_put_members(struct json_stream *s, const struct json *obj)
{
    stream_fail(s, json_check(obj));
    json_each(obj, put_member, s);
}

void json_stream_close(struct json_stream *s)
{
    if (s->depth == 0)
        stream_fail(s, ERR_FORMAT);
    else
        (void)buf_add(s->out, &s->scope[s->depth--].end, 1);
}

enum err json_stream_end(struct json_stream *s)
{
    while (s->depth > 0)
        json_stream_close(s);
    if (!s->scope[0].begun)
        stream_fail(s, ERR_FORMAT);
    stream_fail(s, buf_status(s->out));
    return s->e;
}
