/* Decodes pair by pair. A value may be a password: the buffers wipe themselves. */
#include "form_body.h"

#include <stdbool.h>
#include <string.h>

#include "text.h"

/* The value of a hexadecimal digit, -1 for none. */
static int hex_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 0x20 : c);

    return at == NULL ? -1 : (int)(at - digits);
}

/* text[n] with + and %XX undone, in out; false where that is no text. */
static bool decode(const char *text, size_t n, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < n; i++) {
        char c = text[i] == '+' ? ' ' : text[i];

        if (c == '%') {
            int high = n - i > 2 ? hex_of(text[i + 1]) : -1, low = n - i > 2 ? hex_of(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0')
            return false;
        (void)buf_add(out, &c, 1);
    }
    return buf_status(out) != OK || text_is_utf8(buf_data(out), buf_len(out));
}

static const char *text_of(const struct buf *b)
{
    return buf_len(b) == 0 ? "" : buf_data(b);
}

/* json.c keeps keys that begin with a control character to itself. */
static bool is_name(const struct buf *name)
{
    const char *text = text_of(name);

    for (size_t i = 0; text[i] != '\0'; i++)
        if ((unsigned char)text[i] < 0x20)
            return false;
    return true;
}

/* One pair[n] into v. */
static enum err pair_take(struct json *v, const char *pair, size_t n, struct buf *name, struct buf *value,
                          struct why *why)
{
    const char *equals = memchr(pair, '=', n);
    size_t name_n = equals == NULL ? n : (size_t)(equals - pair), skip = equals == NULL ? n : name_n + 1;

    if (!decode(pair, name_n, name) || !decode(pair + skip, n - skip, value))
        return err_why(why, ERR_FORMAT, "A field of the form cannot be read as text.");
    if (buf_status(name) != OK || buf_status(value) != OK)
        return ERR_NOMEM;
    if (!is_name(name))
        return err_why(why, ERR_FORMAT, "A field of the form has a name that is no text.");
    if (json_get(v, text_of(name)) != NULL)
        return err_why(why, ERR_FORMAT, "A field of the form comes twice.");
    json_set_str(v, text_of(name), text_of(value));
    return OK;
}

enum err form_body_parse(struct json **out, const char *text, size_t n, struct why *why)
{
    struct json *v = json_new_object();
    struct buf *name = buf_new(n), *value = buf_new(n);
    enum err e = v == NULL || name == NULL || value == NULL ? ERR_NOMEM : OK;

    *out = NULL;
    while (e == OK && n > 0) {
        const char *end = memchr(text, '&', n);
        size_t pair_n = end == NULL ? n : (size_t)(end - text), step = end == NULL ? n : pair_n + 1;

        if (pair_n > 0)
            e = pair_take(v, text, pair_n, name, value, why);
        text += step;
        n -= step;
    }
    if (e == OK)
        e = json_check(v);
    buf_free(name);
    buf_free(value);
    if (e == OK)
        *out = v;
    else
        json_free(v);
    return e;
}
