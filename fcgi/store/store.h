/* The only access to the database: one function for each question, and no SQL anywhere else (store.c and its parts are
 * the only users of sqlite3).
 *
 * The one-writer rule (docs/ARCHITECTURE.md): WAL; wal_autocheckpoint=0; every write transaction and the checkpoint run
 * under one advisory lock on a separate file (DATABASE.lock), opened by each process after fork; BEGIN IMMEDIATE;
 * synchronous=FULL. A struct store belongs to the process that opened it. A write returns OK only after COMMIT did.
 *
 * All functions may return ERR_BUSY (the lock or the database stayed busy for STORE_BUSY_MS: answer 503), ERR_IO (disk
 * full, file damaged or gone: answer 503) and ERR_NOMEM; other errors as stated. */
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
    STORE_EMAIL_MAX = 254,  /* RFC 5321 4.5.3.1.3, without the angle brackets */
    STORE_ADDRESS_MAX = 64, /* a client's network address as text */
    STORE_AGENT_MAX = 200   /* bytes kept of a User-Agent */
};

struct store;

struct store_user {
    int64_t id;
    char email[STORE_EMAIL_MAX + 1];
    char password_hash[PASSWORD_HASH_MAX]; /* set by store_user_by_email and store_user_by_id only */
    int64_t created_at_s;                  /* since 1970-01-01 UTC */
    bool disabled;
};

/* Limits of sessions: how long one lasts unused and in total, and how many an account may have. */
struct store_session_rule {
    int64_t idle_s, max_s;
    int per_user;
};
/* The limits in the settings. */
struct store_session_rule store_session_rule_of(const struct conf *conf);

/* Called once by the master, before fork: creates the file (0600) and its schema, or migrates it step by step in
 * transactions, and closes it. Refuses a schema that is newer than this program. One line in why. */
enum err store_prepare(const char *path, struct why *why);

/* Called by each process, after fork. Checks journal_mode, synchronous, foreign_keys, trusted_schema and the schema
 * version. Never creates the file: if it is gone, ERR_NOT_FOUND. */
enum err store_open(struct store **out, const char *path, struct why *why);
void store_close(struct store *s);

/* Adds an account and fills *user. Errors of store_email_normalise, which normalises email; ERR_EXISTS if the address
 * is taken. */
enum err store_user_add(struct store *s, const char *email, const char *password_hash, struct store_user *user);
/* ERR_NOT_FOUND, also if email is not an address. */
enum err store_user_by_email(struct store *s, const char *email, struct store_user *user);
/* The costs that occur among all stored hashes, as password_verify_alike takes them. */
enum err store_user_costs(struct store *s, struct password_costs *costs);
/* Stores a new hash of the same password. ERR_NOT_FOUND: no such user, or the hash is no longer old_hash, because the
 * password was changed meanwhile. (For a new password: store_user_change_password.) */
enum err store_user_set_hash(struct store *s, int64_t user_id, const char *old_hash, const char *password_hash);

/* Adds a session; token_hash is the SHA-256 of the cookie's value. Deletes the user's oldest sessions beyond
 * rule->per_user. address and agent (NULL: none) are cut to fit, and anything but visible UTF-8 becomes '?'.
 * ERR_NOT_FOUND: no such user, or disabled; ERR_EXISTS: the token is in use. */
enum err store_session_add(struct store *s, const uint8_t token_hash[DIGEST_BYTES], int64_t user_id,
                           const char *address, const char *agent, const struct store_session_rule *rule);
/* The user of a valid session. ERR_NOT_FOUND if there is no such session, it has expired (idle or absolute; then it is
 * deleted), it is over 5 minutes in the future because the clock was set back, or the user is disabled. Updates
 * last_seen if that is over 5 minutes old; this waits 50 ms at most, and a failure is not an error. */
enum err store_session_user(struct store *s, const uint8_t token_hash[DIGEST_BYTES],
                            const struct store_session_rule *rule, struct store_user *user);
/* OK even if there was none. */
enum err store_session_end(struct store *s, const uint8_t token_hash[DIGEST_BYTES]);

/* For readiness: whether writes succeed. Commits one page that changes nothing, unless it did so less than 10 s ago. */
enum err store_check_writable(struct store *s);
/* Housekeeping, by one process every few seconds: deletes what has expired in small steps, and copies the WAL back and
 * truncates it if no reader is in the way. This takes as long as the disk does, but holds writers up for 250 ms at a
 * time at most. *wal_bytes (may be NULL): the size that is left. */
enum err store_housekeep(struct store *s, const struct store_session_rule *rule, int64_t *wal_bytes);
/* on(ctx, false) is called when store_housekeep begins to copy without the writer's lock, for however long, and
 * on(ctx, true) when it has ended. end_is_asked(): whether it is to stop copying; called in a signal handler, too.
 * Either may be NULL. */
void store_on_long_copy(struct store *s, void (*on)(void *ctx, bool busy), void *ctx, bool (*end_is_asked)(void));

/* Trims the address, checks it against the grammar of HTML's type=email (ASCII, one @, no quotes, commas or brackets; a
 * domain without a dot is fine, an international one must be in its xn-- form) and lower-cases it, so that one address
 * is one account. Up to 64 bytes before the @, and STORE_EMAIL_MAX in total. out is empty on ERR_FORMAT and ERR_LIMIT.
 */
enum err store_email_normalise(const char *in, size_t n, char out[STORE_EMAIL_MAX + 1]);

#endif
