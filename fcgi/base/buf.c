/* The growing buffer. One invariant, kept by every function: len < room, or both are 0; bytes[len] is NUL. */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST_ROOM = 256 };

struct buf {
    char *bytes; /* NULL until the first append */
    size_t len, room, max;
    enum err status;
};

struct buf *buf_new(size_t max)
{
    struct buf *b = calloc(1, sizeof(*b));

    if (b != NULL)
        b->max = max;
    return b;
}

void buf_free(struct buf *b)
{
    if (b == NULL)
        return;
    buf_reset(b);
    free(b->bytes);
    free(b);
}

void buf_reset(struct buf *b)
{
    if (b->bytes != NULL)
        explicit_bzero(b->bytes, b->len);
    b->len = 0;
    b->status = OK;
}

/* Makes room for n more bytes and a NUL. */
static enum err buf_reserve(struct buf *b, size_t n)
{
    size_t room = b->room == 0 ? BUF_FIRST_ROOM : b->room;
    char *bytes;

    if (b->status != OK)
        return b->status;
    if (n > b->max - b->len)
        return b->status = ERR_LIMIT;
    if (b->room > b->len + n)
        return OK;
    while (room <= b->len + n) {
        if (room > SIZE_MAX / 2)
            return b->status = ERR_LIMIT;
        room *= 2;
    }
    /* Not realloc: the old block may hold a secret and is wiped. */
    bytes = malloc(room);
    if (bytes == NULL)
        return b->status = ERR_NOMEM;
    if (b->bytes != NULL) {
        memcpy(bytes, b->bytes, b->len + 1);
        explicit_bzero(b->bytes, b->len);
        free(b->bytes);
    }
    b->bytes = bytes;
    b->room = room;
    return OK;
}

enum err buf_add(struct buf *b, const void *bytes, size_t n)
{
    enum err e = buf_reserve(b, n);

    if (e != OK)
        return e;
    if (n > 0)
        memcpy(b->bytes + b->len, bytes, n);
    b->len += n;
    b->bytes[b->len] = '\0';
    return OK;
}

enum err buf_add_str(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

enum err buf_add_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;
    enum err e;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    e = buf_reserve(b, n < 0 ? 0 : (size_t)n);
    if (e == OK && n < 0)
        e = b->status = ERR_FORMAT;
    if (e != OK)
        return e;
    va_start(ap, fmt);
    (void)vsnprintf(b->bytes + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return OK;
}

const char *buf_data(const struct buf *b)
{
    return b->bytes == NULL ? "" : b->bytes;
}

size_t buf_len(const struct buf *b)
{
    return b->len;
}

enum err buf_status(const struct buf *b)
{
    return b->status;
}
