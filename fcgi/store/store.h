/* The only door to data: one function a question, no SQL anywhere else (store.c and its parts are the only users of
 * sqlite3).
 *
 * The one-writer rule (docs/ARCHITECTURE.md): WAL; wal_autocheckpoint=0; every write transaction and the checkpoint run
 * under one advisory lock on a separate file (DATABASE.lock), opened by each process after fork; BEGIN IMMEDIATE;
 * synchronous=FULL. A struct store belongs to the process that opened it. A write returns OK only after COMMIT did.
 *
 * Errors everywhere: ERR_BUSY (the lock or the database stayed busy for STORE_BUSY_MS: answer 503), ERR_IO (disk full,
 * damaged, vanished: answer 503), ERR_NOMEM; others where stated. */
#ifndef DIGITD_STORE_STORE_H
#define DIGITD_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/digest.h"
#include "base/err.h"
#include "password/password.h"

enum {
    STORE_BUSY_MS = 2000,
    STORE_EMAIL_MAX = 254,  /* RFC 5321 4.5.3.1.3, less the angle brackets */
    STORE_ADDRESS_MAX = 64, /* a client's network address as text */
    STORE_AGENT_MAX = 200   /* bytes kept of a User-Agent */
};

struct store;

struct store_user {
    int64_t id;
    char email[STORE_EMAIL_MAX + 1];
    char password_hash[PASSWORD_HASH_MAX]; /* filled by store_user_by_email and store_user_by_id only */
    int64_t created_at_s;                  /* since 1970-01-01 UTC */
    bool disabled;
};

/* Limits of sessions: how long one lasts unused and in all, and how many an account has. */
struct store_session_rule {
    int64_t idle_s, max_s;
    int per_user;
};
/* As the settings have them. */
struct store_session_rule store_session_rule_of(const struct conf *conf);

/* Master, once, before fork: creates the file (0600) and its schema, or migrates it step by step in transactions, and
 * closes it. A schema newer than this program is refused. One line in why. */
enum err store_prepare(const char *path, struct why *why);

/* Each process after fork. Checks journal_mode, synchronous, foreign_keys, trusted_schema and the schema version; never
 * creates: a file that vanished is ERR_NOT_FOUND. */
enum err store_open(struct store **out, const char *path, struct why *why);
void store_close(struct store *s);

/* email is normalised by store_email_normalise, whose errors it returns. ERR_EXISTS when the address is taken. *user is
 * filled. */
enum err store_user_add(struct store *s, const char *email, const char *password_hash, struct store_user *user);
/* ERR_NOT_FOUND, also for what is no address. */
enum err store_user_by_email(struct store *s, const char *email, struct store_user *user);
/* Another hash of the same password. ERR_NOT_FOUND: no such user, or the hash is old_hash no more, because the password
 * was changed while the new one was computed. (A new password: store_user_change_password.) */
enum err store_user_set_hash(struct store *s, int64_t user_id, const char *old_hash, const char *password_hash);

/* A new session; token_hash is SHA-256 of the cookie's value. Drops the user's oldest beyond rule->per_user.
 * address and agent (NULL: none) are cut to fit, and what is not visible UTF-8 becomes '?'. ERR_NOT_FOUND: no such
 * user, or disabled; ERR_EXISTS: the token is in use. */
enum err store_session_add(struct store *s, const uint8_t token_hash[DIGEST_BYTES], int64_t user_id,
                           const char *address, const char *agent, const struct store_session_rule *rule);
/* The live session's user. ERR_NOT_FOUND when there is none, it has expired (idle or absolute; then it is deleted), it
 * lies over 5 minutes in the future because the clock was set back, or the user is disabled. last_seen is written when
 * it is over 5 minutes old, waiting 50 ms at most, and a failure to write it is not an error. */
enum err store_session_user(struct store *s, const uint8_t token_hash[DIGEST_BYTES],
                            const struct store_session_rule *rule, struct store_user *user);
/* OK also when there was none. */
enum err store_session_end(struct store *s, const uint8_t token_hash[DIGEST_BYTES]);

/* Readiness: the volume takes writes and has room; takes the writer's lock, begins and rolls back a write. */
enum err store_check_writable(struct store *s);
/* Housekeeping, from one process of the main pool every few seconds: deletes expired sessions in small steps and
 * checkpoints the WAL (TRUNCATE where no reader is in the way). *wal_bytes (may be NULL) tells what is left. */
enum err store_housekeep(struct store *s, const struct store_session_rule *rule, int64_t *wal_bytes);

/* Trims, checks against the grammar of HTML's type=email (ASCII, one @, no quotes, commas or brackets, a dot-less
 * domain is fine; an international domain in its xn-- form) and lower-cases, so that one address is one account. Up to
 * 64 bytes before the @ and STORE_EMAIL_MAX in all. out is empty on ERR_FORMAT, ERR_LIMIT. */
enum err store_email_normalise(const char *in, size_t n, char out[STORE_EMAIL_MAX + 1]);

#endif
