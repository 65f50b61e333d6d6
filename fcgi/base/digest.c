/* SHA-256 from libmd, which Debian's dpkg uses too. */
#include "digest.h"

#include <sys/types.h>

#include <string.h>

#include <sha2.h>

void digest_sha256(const void *bytes, size_t n, uint8_t out[DIGEST_BYTES])
{
    SHA2_CTX ctx;

    SHA256Init(&ctx);
    if (n > 0)
        SHA256Update(&ctx, bytes, n);
    SHA256Final(out, &ctx);
    explicit_bzero(&ctx, sizeof(ctx));
}

void digest_sha256_hex(const void *bytes, size_t n, char out[DIGEST_HEX + 1])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t sum[DIGEST_BYTES];

    digest_sha256(bytes, n, sum);
    for (int i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = hex[sum[i] >> 4];
        out[2 * i + 1] = hex[sum[i] & 15];
    }
    out[DIGEST_HEX] = '\0';
}

int digest_equal(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    unsigned diff = 0;

    for (size_t i = 0; i < n; i++)
        diff |= (unsigned)(x[i] ^ y[i]);
    return diff == 0;
}
