/* SHA-256 (FIPS 180-4). The only user of libmd. */
#ifndef DIGITD_BASE_DIGEST_H
#define DIGITD_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BYTES = 32, DIGEST_HEX = 64 };

/* out[32] = SHA-256(bytes[n]). */
void digest_sha256(const void *bytes, size_t n, uint8_t out[DIGEST_BYTES]);

/* The same as 64 lower-case hexadecimal digits and a NUL. */
void digest_sha256_hex(const void *bytes, size_t n, char out[DIGEST_HEX + 1]);

/* Whether a[n] and b[n] are equal. The time it takes depends only on n. */
int digest_equal(const void *a, const void *b, size_t n);

#endif
