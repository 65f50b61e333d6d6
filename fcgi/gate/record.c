/* Reads and writes records. What a web server sends is not hostile by itself, but it holds what clients sent, and a
 * mistake here would mix up two of them: everything that is not as it must be is refused. */
#include "record.h"

#include <string.h>

enum { ROLE_RESPONDER = 1, REQUEST_ID = 1, BEGIN_BYTES = 8, END_BYTES = 8 };

void record_reader_init(struct record_reader *r, enum record_side side)
{
    memset(r, 0, sizeof(*r));
    r->side = side;
    r->stream = side == RECORD_REQUEST ? RECORD_BEGIN : RECORD_STDOUT;
}

static size_t content_of(const struct record_reader *r)
{
    return (size_t)r->head[4] << 8 | r->head[5];
}

static enum err head_check(const struct record_reader *r)
{
    const unsigned type = r->head[1];

    if (r->head[0] != 1 || r->head[2] != 0 || r->head[3] != REQUEST_ID)
        return ERR_FORMAT;
    if (r->side == RECORD_RESPONSE) {
        if (type == RECORD_END && content_of(r) != END_BYTES)
            return ERR_FORMAT;
        return type == RECORD_STDOUT || type == RECORD_STDERR || type == RECORD_END ? OK : ERR_FORMAT;
    }
    if (type == RECORD_BEGIN && content_of(r) != BEGIN_BYTES)
        return ERR_FORMAT;
    return type == (unsigned)r->stream ? OK : ERR_FORMAT;
}

/* The record that ends a request's stream: what may come after it. */
static void stream_ended(struct record_reader *r)
{
    if (r->side == RECORD_RESPONSE)
        return;
    if (r->stream == RECORD_PARAMS)
        r->stream = RECORD_STDIN;
    else
        r->ended = true;
}

/* The content of BEGIN_REQUEST is not handed out: its role is checked here. */
static enum err begin_take(struct record_reader *r, const uint8_t *bytes, size_t n, struct record_part *part)
{
    memcpy(r->begin + r->at, bytes, n);
    if (r->at + n < BEGIN_BYTES)
        return OK;
    if (r->begin[0] != 0 || r->begin[1] != ROLE_RESPONDER)
        return ERR_FORMAT;
    r->stream = RECORD_PARAMS;
    part->type = RECORD_BEGIN;
    return OK;
}

/* Some bytes of the content, at least one of which is missing. */
static enum err content_take(struct record_reader *r, const uint8_t *bytes, size_t n, size_t *used,
                             struct record_part *part)
{
    const enum record_type type = (enum record_type)r->head[1];
    const size_t left = content_of(r) - r->at;
    enum err e = OK;

    *used = n < left ? n : left;
    if (type == RECORD_BEGIN)
        e = begin_take(r, bytes, *used, part);
    else if (type == RECORD_END)
        r->ended = *used == left;
    else
        *part = (struct record_part){type, bytes, *used};
    if (type == RECORD_END && r->ended)
        part->type = RECORD_END;
    r->at += *used;
    return e;
}

static void record_done(struct record_reader *r)
{
    if (r->head_n == RECORD_HEAD_BYTES && r->at == content_of(r) + r->head[6])
        r->head_n = r->at = 0;
}

enum err record_read(struct record_reader *r, const uint8_t *bytes, size_t n, size_t *used, struct record_part *part)
{
    enum err e = OK;
    size_t left;

    *used = 0;
    *part = (struct record_part){.type = RECORD_NONE};
    if (n == 0)
        return OK;
    if (r->head_n < RECORD_HEAD_BYTES) {
        if (r->ended)
            return ERR_FORMAT;
        *used = n < RECORD_HEAD_BYTES - r->head_n ? n : RECORD_HEAD_BYTES - r->head_n;
        memcpy(r->head + r->head_n, bytes, *used);
        r->head_n += *used;
        if (r->head_n < RECORD_HEAD_BYTES)
            return OK;
        e = head_check(r);
        if (e == OK && content_of(r) == 0) {
            part->type = (enum record_type)r->head[1];
            stream_ended(r);
        }
    } else if (r->at < content_of(r)) {
        e = content_take(r, bytes, n, used, part);
    } else {
        left = content_of(r) + r->head[6] - r->at;
        *used = n < left ? n : left;
        r->at += *used;
    }
    record_done(r);
    return e;
}

void record_head(uint8_t head[RECORD_HEAD_BYTES], enum record_type type, size_t content_n)
{
    memset(head, 0, RECORD_HEAD_BYTES);
    head[0] = 1;
    head[1] = (uint8_t)type;
    head[3] = REQUEST_ID;
    head[4] = (uint8_t)(content_n >> 8);
    head[5] = (uint8_t)content_n;
}

static void add_one(struct buf *out, enum record_type type, const void *content, size_t n)
{
    uint8_t head[RECORD_HEAD_BYTES];

    record_head(head, type, n);
    (void)buf_add(out, head, sizeof(head));
    (void)buf_add(out, content, n);
}

void record_add_begin(struct buf *out)
{
    static const uint8_t begin[BEGIN_BYTES] = {0, ROLE_RESPONDER};

    add_one(out, RECORD_BEGIN, begin, sizeof(begin));
}

void record_add(struct buf *out, enum record_type type, const void *content, size_t n)
{
    const uint8_t *p = content;

    while (n > 0) {
        size_t part = n < RECORD_CONTENT_MAX ? n : RECORD_CONTENT_MAX;

        add_one(out, type, p, part);
        p += part;
        n -= part;
    }
}

void record_add_end(struct buf *out, enum record_type type)
{
    static const uint8_t end[END_BYTES] = {0};

    add_one(out, type, end, type == RECORD_END ? sizeof(end) : 0);
}

void record_add_param(struct buf *out, const char *name, const char *value)
{
    const size_t name_n = strlen(name), value_n = strlen(value);
    uint8_t head[RECORD_HEAD_BYTES];
    const uint8_t lengths[2] = {(uint8_t)(name_n & 0x7f), (uint8_t)(value_n & 0x7f)};

    record_head(head, RECORD_PARAMS, sizeof(lengths) + name_n + value_n);
    (void)buf_add(out, head, sizeof(head));
    (void)buf_add(out, lengths, sizeof(lengths));
    (void)buf_add(out, name, name_n);
    (void)buf_add(out, value, value_n);
}

const uint8_t *record_stdin_at(const uint8_t *body, size_t n, size_t at, uint8_t head[RECORD_HEAD_BYTES],
                               size_t *n_piece)
{
    const size_t whole = RECORD_HEAD_BYTES + RECORD_CONTENT_MAX;
    const size_t records = (n + RECORD_CONTENT_MAX - 1) / RECORD_CONTENT_MAX, all = n + records * RECORD_HEAD_BYTES;
    const size_t before = at / whole * RECORD_CONTENT_MAX, in = at % whole;
    size_t content;

    if (at >= all) { /* the record that ends the stream */
        record_head(head, RECORD_STDIN, 0);
        *n_piece = at - all < RECORD_HEAD_BYTES ? RECORD_HEAD_BYTES - (at - all) : 0;
        return head + (RECORD_HEAD_BYTES - *n_piece);
    }
    content = n - before < RECORD_CONTENT_MAX ? n - before : RECORD_CONTENT_MAX;
    if (in < RECORD_HEAD_BYTES) {
        record_head(head, RECORD_STDIN, content);
        *n_piece = RECORD_HEAD_BYTES - in;
        return head + in;
    }
    *n_piece = content - (in - RECORD_HEAD_BYTES);
    return body + before + (in - RECORD_HEAD_BYTES);
}
