/* Cleans text. Pure. */
#include "text.h"

#include <stdint.h>
#include <string.h>

/* Length of the well-formed character at p (RFC 3629 section 4); 0 if there is none. */
static size_t utf8_size(const uint8_t *p, size_t n)
{
    uint8_t low = 0x80, high = 0xbf; /* range of the second byte: no overlong form, no surrogate, up to U+10FFFF */
    size_t size;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        size = 2;
    else if (p[0] >= 0xe0 && p[0] <= 0xef)
        size = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        size = 4;
    else
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (n < size || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

bool text_is_utf8(const char *text, size_t n)
{
    for (size_t i = 0, step; i < n; i += step) {
        step = utf8_size((const uint8_t *)text + i, n - i);
        if (step == 0)
            return false;
    }
    return true;
}

size_t text_clean(const char *text, size_t n, char *out, size_t size)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const uint8_t *p = (const uint8_t *)text;
    size_t len = 0;

    for (size_t i = 0; i < n;) {
        size_t in = utf8_size(p + i, n - i), put = in;
        const char *from = text + i;

        if (in == 0 || p[i] < 0x20 || p[i] == 0x7f) {
            from = replacement;
            put = sizeof(replacement) - 1;
        }
        if (len + put >= size)
            break;
        memcpy(out + len, from, put);
        len += put;
        i += in == 0 ? 1 : in;
    }
    out[len] = '\0';
    return len;
}
