/* Passwords: the rules for new ones, and yescrypt hashes. The only user of libcrypt and of libutf8proc.
 *
 * Every password is NFKC-normalised here, wherever it enters, so that the page, plain forms, curl and the command line
 * agree. */
#ifndef DIGITD_PASSWORD_PASSWORD_H
#define DIGITD_PASSWORD_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
    PASSWORD_BYTES_MAX = 511,  /* after NFKC; libcrypt takes 512 with the NUL */
    PASSWORD_POINTS_MAX = 127, /* code points; 64 are always accepted */
    PASSWORD_HASH_MAX = 384    /* CRYPT_OUTPUT_SIZE */
};

/* Whether a new password will do; why has the sentence for the visitor. Lengths are those after NFKC. min_points: the
 * setting. email (may be NULL): its parts are refused as a password. Common passwords and repeated single characters
 * are refused. ERR_FORMAT: NUL or not UTF-8; ERR_LIMIT: too long; ERR_RANGE: too short; ERR_DENIED: too easy to guess.
 */
enum err password_check_new(const char *password, size_t n, int min_points, const char *email, struct why *why);

/* yescrypt of cost 5 to 11 with a fresh salt. Takes 13 ms to over a second: for the hash pool alone. ERR_FORMAT and
 * ERR_LIMIT as above; ERR_RANGE: the cost; ERR_NOMEM: 16 MiB (cost 5) to 1 GiB (11) are not to be had; ERR_IO. */
enum err password_hash(const char *password, size_t n, int cost, char hash[PASSWORD_HASH_MAX]);

/* OK, ERR_DENIED (wrong), or what kept it from being checked. A hash of NULL, or one that crypt cannot read ("*0"), is
 * checked against a dummy of the given cost in the same time and is always ERR_DENIED. */
enum err password_verify(const char *password, size_t n, const char *hash, int dummy_cost);

/* Whether hash was made with a cheaper cost than this (or another method) and should be made again. */
bool password_needs_rehash(const char *hash, int cost);

#endif
