/* Passwords: the rules for new ones, and yescrypt hashes. The only user of libcrypt and libutf8proc.
 *
 * Every password is NFKC-normalised here, so that the page, plain forms, curl and the command line agree. */
#ifndef DIGITD_PASSWORD_PASSWORD_H
#define DIGITD_PASSWORD_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    PASSWORD_BYTES_MAX = 511,  /* after NFKC; libcrypt takes 512 with the NUL */
    PASSWORD_POINTS_MAX = 256, /* code points; 127 are always accepted */
    PASSWORD_HASH_MAX = 384    /* CRYPT_OUTPUT_SIZE */
};

/* Checks a new password; why has a sentence for the visitor. Lengths are counted after NFKC. min_points: the setting.
 * email (may be NULL): its parts are refused as a password, as are common passwords and a single repeated character.
 * ERR_FORMAT: NUL or not UTF-8; ERR_LIMIT: too long; ERR_RANGE: too short; ERR_DENIED: too easy to guess. */
enum err password_check_new(const char *password, size_t n, int min_points, const char *email, struct why *why);

/* Hashes with yescrypt, cost 5 to 11, and a new salt. Takes 13 ms to over a second, so only the hash pool may call it.
 * ERR_FORMAT and ERR_LIMIT as above; ERR_RANGE: bad cost; ERR_NOMEM: it needs 16 MiB (cost 5) to 1 GiB (cost 11);
 * ERR_IO. */
enum err password_hash(const char *password, size_t n, int cost, char hash[PASSWORD_HASH_MAX]);

/* OK, ERR_DENIED (wrong), or the error that prevented the check. If hash is NULL or crypt cannot read it ("*0"), a
 * dummy of the given cost is checked instead, which takes the same time and is always ERR_DENIED. */
enum err password_verify(const char *password, size_t n, const char *hash, int dummy_cost);

/* What hashes begin with, up to and with their cost: "$y$jCT$". */
enum { PASSWORD_COST_BYTES = 7, PASSWORD_COSTS_MAX = 16 };
struct password_costs {
    int n;
    char begin[PASSWORD_COSTS_MAX][PASSWORD_COST_BYTES + 1];
};

/* The same for a log-in, whose time must not tell what is stored: a password that is not right takes one hash of each
 * of these costs, whichever of them the account has, and whether there is an account (hash NULL: none). If there are
 * none, one of dummy_cost. */
enum err password_verify_alike(const char *password, size_t n, const char *hash, const struct password_costs *costs,
                               int dummy_cost);

/* How long one hash of this cost takes here, in processor time, which other programs disturb little. Errors of
 * password_hash. */
enum err password_time(int cost, int64_t *us);

/* Whether hash has a lower cost than this, or uses another method, and should be replaced. */
bool password_needs_rehash(const char *hash, int cost);

#endif
