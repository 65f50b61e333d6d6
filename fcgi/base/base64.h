/* Base64 (RFC 4648): with padding for pictures in JSON (section 4), URL-safe without padding for tokens (section 5). */
#ifndef DIGITD_BASE_BASE64_H
#define DIGITD_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* How many characters n bytes become, with padding, without the NUL. */
#define BASE64_CHARS(n) (((n) + 2) / 3 * 4)

/* out[BASE64_CHARS(n) + 1] = bytes[n] as text and a NUL. */
void base64_encode(const uint8_t *bytes, size_t n, char *out);

/* The same with the URL-safe alphabet and no padding: at most BASE64_CHARS(n) characters and a NUL. */
void base64_encode_url(const uint8_t *bytes, size_t n, char *out);

#endif
