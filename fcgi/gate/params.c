/* Takes name-value pairs apart. */
#include "params.h"

#include <string.h>

/* A length: one byte, or four if the first has its highest bit set. */
static enum err length_read(const uint8_t **p, const uint8_t *end, size_t *length)
{
    if (*p == end)
        return ERR_FORMAT;
    if ((**p & 0x80) == 0) {
        *length = *(*p)++;
        return OK;
    }
    if (end - *p < 4)
        return ERR_FORMAT;
    *length = (size_t)((*p)[0] & 0x7f) << 24 | (size_t)(*p)[1] << 16 | (size_t)(*p)[2] << 8 | (*p)[3];
    *p += 4;
    return OK;
}

static enum err text_add(struct buf *out, const uint8_t *text, size_t n)
{
    if (n > 0 && memchr(text, '\0', n) != NULL)
        return ERR_FORMAT;
    (void)buf_add(out, text, n);
    return buf_add(out, "", 1);
}

enum err params_split(const uint8_t *bytes, size_t n, struct buf *out)
{
    const uint8_t *p = bytes, *end = bytes + n;
    enum err e = OK;

    while (e == OK && p < end) {
        size_t name_n = 0, value_n = 0;

        e = length_read(&p, end, &name_n);
        if (e == OK)
            e = length_read(&p, end, &value_n);
        if (e == OK && (name_n > (size_t)(end - p) || value_n > (size_t)(end - p) - name_n))
            e = ERR_FORMAT;
        if (e == OK)
            e = text_add(out, p, name_n);
        if (e == OK)
            e = text_add(out, p + name_n, value_n);
        p += name_n + value_n;
    }
    return e;
}

const char *params_find(const struct buf *pairs, const char *name)
{
    const char *p = buf_data(pairs), *end = p + buf_len(pairs);

    while (p < end) {
        const char *value = p + strlen(p) + 1;

        if (strcmp(p, name) == 0)
            return value;
        p = value + strlen(value) + 1;
    }
    return NULL;
}
