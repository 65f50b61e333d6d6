/* Text from clients: email addresses, and the stored part of a User-Agent. Pure functions on bytes and a length. */
#include "store_internal.h"

#include <string.h>

enum { LOCAL_PART_MAX = 64, LABEL_MAX = 63 }; /* RFC 5321 4.5.3.1.1; RFC 1035 2.3.4 */

/* One code point of s[n], n > 0 (Unicode 15, table 3-7: no overlong form, no surrogate). Its length, or 0. */
static size_t utf8_read(const char *s, size_t n, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s;
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    uint32_t c = len <= 1 ? p[0] : p[0] & (0xffU >> (len + 1));

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fU);
    }
    if (c < least[len] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
        return 0;
    *point = c;
    return len;
}

/* Controls, spaces other than U+0020, and what has no width or turns the direction of writing: two texts that look
 * alike must not differ by these, and a log line or a header must not be bent by them. */
static bool point_invisible(uint32_t c)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = {
        {0x0000, 0x001f}, {0x007f, 0x00a0},   {0x00ad, 0x00ad},   {0x034f, 0x034f}, {0x061c, 0x061c}, {0x115f, 0x1160},
        {0x1680, 0x1680}, {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f},
        {0x3000, 0x3000}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
        {0xfffe, 0xffff}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    return false;
}

void store_text_keep(const char *in, char *out, size_t room)
{
    size_t n = in == NULL ? 0 : strlen(in), len = 0;

    while (n > 0) {
        uint32_t point = 0;
        size_t step = utf8_read(in, n, &point), keep = step;

        if (step == 0 || point_invisible(point))
            keep = 0;
        if (len + (keep == 0 ? 1 : keep) >= room)
            break;
        if (keep == 0)
            out[len++] = '?';
        memcpy(out + len, in, keep);
        len += keep;
        step = step == 0 ? 1 : step;
        in += step;
        n -= step;
    }
    out[len] = '\0';
}

static bool ascii_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits and what else HTML's type=email takes before the @. Quotes, brackets, commas and the like are out:
 * they would need care wherever an address is written. So is all beyond ASCII: the same letters composed and
 * decomposed, or full-width, would be two accounts, and the stored form is for ever. */
static bool email_char(char c, bool in_domain)
{
    if (ascii_letter_or_digit(c) || c == '-' || c == '.')
        return true;
    return !in_domain && c != '\0' && strchr("!#$%&'*+/=?^_`{|}~", c) != NULL;
}

/* Labels between dots: not empty, up to 63 bytes, no hyphen at either end. */
static enum err domain_check(const char *domain)
{
    for (const char *label = domain;; label++) {
        size_t n = strcspn(label, ".");

        if (n > LABEL_MAX)
            return ERR_LIMIT;
        if (n == 0 || label[0] == '-' || label[n - 1] == '-')
            return ERR_FORMAT;
        label += n;
        if (*label == '\0')
            return OK;
    }
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum err store_email_normalise(const char *in, size_t n, char out[STORE_EMAIL_MAX + 1])
{
    size_t at = 0;
    enum err e;

    out[0] = '\0';
    for (; n > 0 && blank(in[0]); in++)
        n--;
    while (n > 0 && blank(in[n - 1]))
        n--;
    if (n > STORE_EMAIL_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < n; i++) {
        if (in[i] == '@' && at == 0 && i > 0)
            at = i;
        else if (!email_char(in[i], at > 0))
            return ERR_FORMAT;
    }
    if (at == 0)
        return ERR_FORMAT;
    if (at > LOCAL_PART_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < n; i++)
        out[i] = in[i] >= 'A' && in[i] <= 'Z' ? (char)(in[i] - 'A' + 'a') : in[i];
    out[n] = '\0';
    e = domain_check(out + at + 1);
    if (e != OK)
        out[0] = '\0';
    return e;
}
