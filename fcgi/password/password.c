/* Passwords. Pitfalls: crypt_r returns "*0" or "*1" on failure, and such text may also be in the database; neither may
 * ever match. libutf8proc does not wipe what it allocates, so only its functions that work in a given buffer are used.
 * The plaintext is in struct plain and struct crypt_data; both are wiped on every return. */
#include "password.h"

#include <sys/random.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <crypt.h>
#include <utf8proc.h>

#include "base/digest.h"
#include "password_common.h"

enum {
    COST_MIN = 5, /* 13 ms and 16 MiB */
    COST_MAX = 11,
    SALT_BYTES = 16,
    /* A canonical composite replaces at most 4 code points of at most 4 bytes: longer text cannot become 256 code
     * points. */
    RAW_POINTS_MAX = PASSWORD_POINTS_MAX * 4,
    RAW_BYTES_MAX = RAW_POINTS_MAX * 4
};

_Static_assert((int)PASSWORD_HASH_MAX >= CRYPT_OUTPUT_SIZE, "a hash fits");
_Static_assert((int)PASSWORD_BYTES_MAX < CRYPT_MAX_PASSPHRASE_SIZE, "a password and its NUL fit");

static const char dummy_salt[SALT_BYTES + 1] = "of a dummy hash.";

/* A password after NFKC. */
struct plain {
    char text[PASSWORD_BYTES_MAX + 1];
    size_t n, points;
};

/* ERR_FORMAT: NUL or not UTF-8; ERR_LIMIT: too long. */
static enum err plain_make(struct plain *p, const char *password, size_t n)
{
    const utf8proc_option_t nfkc = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    utf8proc_int32_t points[RAW_POINTS_MAX + 1]; /* and a NUL, that utf8proc_reencode sets */
    utf8proc_ssize_t len;
    enum err e = OK;

    memset(p, 0, sizeof(*p));
    if (n > RAW_BYTES_MAX)
        return ERR_LIMIT;
    if (n == 0)
        return OK;
    if (memchr(password, '\0', n) != NULL)
        return ERR_FORMAT;
    len = utf8proc_decompose((const utf8proc_uint8_t *)password, (utf8proc_ssize_t)n, points, RAW_POINTS_MAX, nfkc);
    if (len < 0)
        e = ERR_FORMAT;
    else if (len > RAW_POINTS_MAX)
        e = ERR_LIMIT;
    else if ((len = utf8proc_normalize_utf32(points, len, nfkc)) < 0)
        e = ERR_FORMAT;
    else if ((p->points = (size_t)len) > PASSWORD_POINTS_MAX)
        e = ERR_LIMIT;
    else if ((len = utf8proc_reencode(points, len, nfkc)) < 0)
        e = ERR_FORMAT;
    else if ((p->n = (size_t)len) > PASSWORD_BYTES_MAX)
        e = ERR_LIMIT;
    else
        memcpy(p->text, points, p->n);
    explicit_bzero(points, sizeof(points));
    return e;
}

enum err password_check_new(const char *password, size_t n, int min_points, const char *email, struct why *why)
{
    struct plain p;
    const char *reason;
    enum err e = plain_make(&p, password, n);

    if (e == ERR_FORMAT)
        e = err_why(why, e, "The password must be text in UTF-8, without a NUL character.");
    else if (e == ERR_LIMIT)
        e = err_why(why, e, "The password is too long: it may have up to %d characters and %d bytes.",
                    PASSWORD_POINTS_MAX, PASSWORD_BYTES_MAX);
    else if ((int)p.points < min_points)
        e = err_why(why, ERR_RANGE, "The password is too short: it needs at least %d characters.", min_points);
    else if ((reason = password_common_reason(p.text, p.n, email)) != NULL)
        e = err_why(why, ERR_DENIED, "%s", reason);
    explicit_bzero(&p, sizeof(p));
    return e;
}

/* hash[] = crypt(text, setting). libxcrypt returns EINVAL also if it is out of memory, so for a setting that looks
 * right every failure is ERR_NOMEM: "could not be checked" must not become "wrong". */
static enum err crypt_text(const char *text, const char *setting, char hash[PASSWORD_HASH_MAX])
{
    struct crypt_data *data = calloc(1, sizeof(*data));
    const char *made;
    enum err e = OK;

    hash[0] = '\0';
    if (data == NULL)
        return ERR_NOMEM;
    made = crypt_r(text, setting, data);
    if (made == NULL || made[0] == '*')
        e = ERR_NOMEM;
    else
        memcpy(hash, made, strlen(made) + 1); /* at most CRYPT_OUTPUT_SIZE */
    explicit_bzero(data, sizeof(*data));
    free(data);
    return e;
}

/* Makes a setting for new hashes; salt NULL: from the system's random source. Libcrypt would take it from arc4random,
 * which ends the process where there is none. */
static enum err setting_make(int cost, const char *salt, char setting[CRYPT_GENSALT_OUTPUT_SIZE])
{
    char made[SALT_BYTES];

    if (salt == NULL && getrandom(made, sizeof(made), 0) != (ssize_t)sizeof(made))
        return ERR_IO;
    if (cost < COST_MIN || cost > COST_MAX)
        return ERR_RANGE;
    if (crypt_gensalt_rn("$y$", (unsigned long)cost, salt == NULL ? made : salt, SALT_BYTES, setting,
                         CRYPT_GENSALT_OUTPUT_SIZE) == NULL)
        return ERR_IO;
    return OK;
}

enum err password_hash(const char *password, size_t n, int cost, char hash[PASSWORD_HASH_MAX])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct plain p;
    enum err e = plain_make(&p, password, n);

    hash[0] = '\0';
    if (e == OK)
        e = setting_make(cost, NULL, setting);
    if (e == OK)
        e = crypt_text(p.text, setting, hash);
    explicit_bzero(&p, sizeof(p));
    return e;
}

/* Whether crypt can check against this text at all. */
static bool hash_usable(const char *hash)
{
    int kind;

    if (hash == NULL || hash[0] != '$' || strlen(hash) >= PASSWORD_HASH_MAX)
        return false;
    kind = crypt_checksalt(hash);
    return kind != CRYPT_SALT_INVALID && kind != CRYPT_SALT_METHOD_DISABLED;
}

enum err password_verify(const char *password, size_t n, const char *hash, int dummy_cost)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE], made[PASSWORD_HASH_MAX];
    struct plain p;
    enum err e = plain_make(&p, password, n);

    if (e == OK && !hash_usable(hash)) {
        hash = NULL;
        e = setting_make(dummy_cost, dummy_salt, setting);
    }
    if (e == OK)
        e = crypt_text(p.text, hash == NULL ? setting : hash, made);
    explicit_bzero(&p, sizeof(p));
    if (e != OK)
        return e;
    if (hash == NULL || strlen(made) != strlen(hash) || !digest_equal(made, hash, strlen(made)))
        e = ERR_DENIED;
    explicit_bzero(made, sizeof(made));
    return e;
}

/* One hash of a cost that others have: "$y$jCT$". What is of another method (digitd makes none) is left out. */
static enum err alike_hash(const char *text, const char *begin)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE], made[PASSWORD_HASH_MAX];
    enum err e;

    if (strlen(begin) != PASSWORD_COST_BYTES || strncmp(begin, "$y$", 3) != 0 || begin[PASSWORD_COST_BYTES - 1] != '$')
        return OK;
    e = setting_make(COST_MIN, dummy_salt, setting);
    if (e != OK)
        return e;
    memcpy(setting, begin, PASSWORD_COST_BYTES); /* all costs are written in as many characters */
    e = crypt_checksalt(setting) == CRYPT_SALT_INVALID ? OK : crypt_text(text, setting, made);
    explicit_bzero(made, sizeof(made));
    return e;
}

enum err password_verify_alike(const char *password, size_t n, const char *hash, const struct password_costs *costs,
                               int dummy_cost)
{
    const bool usable = hash_usable(hash);
    struct plain p;
    enum err e = ERR_DENIED, made;

    if (usable || costs->n == 0) {
        e = password_verify(password, n, hash, dummy_cost);
        if (e != ERR_DENIED)
            return e;
    }
    made = plain_make(&p, password, n);
    for (int i = 0; made == OK && i < costs->n; i++)
        if (!usable || strncmp(hash, costs->begin[i], PASSWORD_COST_BYTES) != 0)
            made = alike_hash(p.text, costs->begin[i]);
    explicit_bzero(&p, sizeof(p));
    return made == OK ? e : made;
}

enum err password_time(int cost, int64_t *us)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE], hash[PASSWORD_HASH_MAX];
    struct timespec began = {0}, ended = {0};
    enum err e = setting_make(cost, dummy_salt, setting); /* a start needs no random numbers */

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
    if (e == OK)
        e = crypt_text("how long does this take?", setting, hash);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
    *us = (ended.tv_sec - began.tv_sec) * INT64_C(1000000) + (ended.tv_nsec - began.tv_nsec) / 1000;
    return e;
}

/* The cost that a yescrypt hash was made with; 0: another method, or parameters that crypt_gensalt does not make. */
static int hash_cost(const char *hash)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    size_t n = sizeof("$y$") - 1;

    if (strncmp(hash, "$y$", n) != 0)
        return 0;
    n += strcspn(hash + n, "$") + 1;
    for (int cost = COST_MIN; cost <= COST_MAX; cost++)
        if (setting_make(cost, "0123456789abcdef", setting) == OK && strncmp(hash, setting, n) == 0)
            return cost;
    return 0;
}

bool password_needs_rehash(const char *hash, int cost)
{
    return hash_cost(hash) < cost;
}
