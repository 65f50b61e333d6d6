/* Base64. Only encoding: no input is base64. */
#include "base64.h"

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* Three bytes become four characters; a rest of one or two becomes two or three. Returns where it stopped. */
static char *encode(const uint8_t *bytes, size_t n, const char *alphabet, char *out)
{
    size_t i = 0;

    for (; i + 2 < n; i += 3) {
        *out++ = alphabet[bytes[i] >> 2];
        *out++ = alphabet[(bytes[i] & 3) << 4 | bytes[i + 1] >> 4];
        *out++ = alphabet[(bytes[i + 1] & 15) << 2 | bytes[i + 2] >> 6];
        *out++ = alphabet[bytes[i + 2] & 63];
    }
    if (i < n) {
        unsigned second = i + 1 < n ? bytes[i + 1] : 0;

        *out++ = alphabet[bytes[i] >> 2];
        *out++ = alphabet[(bytes[i] & 3U) << 4 | second >> 4];
        if (i + 1 < n)
            *out++ = alphabet[(second & 15) << 2];
    }
    *out = '\0';
    return out;
}

void base64_encode(const uint8_t *bytes, size_t n, char *out)
{
    char *end = encode(bytes, n, ALPHABET "+/", out);

    while ((end - out) % 4 != 0)
        *end++ = '=';
    *end = '\0';
}

void base64_encode_url(const uint8_t *bytes, size_t n, char *out)
{
    (void)encode(bytes, n, ALPHABET "-_", out);
}
