/* More about accounts: lists of sessions, changes to an account, API tokens, invitations. The rules and errors of
 * store.h hold here too (OK only after COMMIT; ERR_BUSY, ERR_IO, ERR_NOMEM everywhere). Secrets are passed only as
 * SHA-256. Times are seconds since 1970-01-01 UTC, 0 for never.
 *
 * Lists call row for each row, in the order stated, until it returns false. The row is valid only during the call. */
#ifndef DIGITD_STORE_STORE_ACCOUNT_H
#define DIGITD_STORE_STORE_ACCOUNT_H

#include "store.h"

enum { STORE_NAME_MAX = 60, STORE_TOKENS_PER_USER = 50 };

/* ---- sessions ---- */
struct store_session {
    int64_t id, created_at_s, last_seen_at_s;
    bool current; /* its hash is current_hash */
    char address[STORE_ADDRESS_MAX + 1], agent[STORE_AGENT_MAX + 1];
};
/* The user's valid sessions, the last seen first. current_hash may be NULL. */
enum err store_session_each(struct store *s, int64_t user_id, const struct store_session_rule *rule,
                            const uint8_t *current_hash, bool (*row)(const struct store_session *, void *), void *ctx);
/* ERR_NOT_FOUND: no such session of this user. */
enum err store_session_end_id(struct store *s, int64_t user_id, int64_t session_id);
/* Ends all sessions of the user except the one with keep_hash (NULL: all). *n (may be NULL): how many. */
enum err store_session_end_all(struct store *s, int64_t user_id, const uint8_t *keep_hash, int64_t *n);

/* store_session_add for a login whose password was checked against this hash. ERR_NOT_FOUND also if the account has a
 * different hash by now: if the password is changed during a login, that login must not get a session. */
enum err store_session_add_checked(struct store *s, const uint8_t token_hash[DIGEST_BYTES], int64_t user_id,
                                   const char *password_hash, const char *address, const char *agent,
                                   const struct store_session_rule *rule);

/* ---- changes to an account ---- */
/* In one commit: sets the hash, ends all sessions, forgets all devices (the caller adds a new session and device) and
 * voids reset links and resets waiting in the outbox. ERR_NOT_FOUND: no such user, or the hash is not old_hash, against
 * which the current password was checked: another change came first, and wins. */
enum err store_user_change_password(struct store *s, int64_t user_id, const char *old_hash, const char *password_hash);
enum err store_user_set_disabled(struct store *s, int64_t user_id, bool disabled);    /* ends sessions, voids links */
enum err store_user_by_id(struct store *s, int64_t user_id, struct store_user *user); /* with password_hash */
/* Whether the site may learn from the digits that the user corrected or confirmed: not, until they allow it.
 * ERR_NOT_FOUND. */
enum err store_user_learn(struct store *s, int64_t user_id, bool *learn);
enum err store_user_set_learn(struct store *s, int64_t user_id, bool learn);

/* All users whose address contains text (NULL: all), by id, starting after after_id. */
enum err store_user_each(struct store *s, const char *text, int64_t after_id,
                         bool (*row)(const struct store_user *, void *), void *ctx);

/* ---- API tokens ---- */
enum { STORE_SCOPE_CLASSIFY = 1, STORE_SCOPE_HISTORY = 2 };
/* Their names: store_scope_name(0, ...), (1, ...), then NULL. And back: 0 if there is no such scope. */
const char *store_scope_name(int i, int *scope);
int store_scope_of(const char *name);
struct store_token {
    int64_t id, user_id, created_at_s, expires_at_s,
        last_used_at_s; /* expires_at_s 0: never; last_used_at_s is up to 5 minutes late */
    int scopes;         /* STORE_SCOPE_... or-ed */
    char name[STORE_NAME_MAX + 1];
};
/* Adds a token and fills *token (id, created). name is cut and cleaned like store_session_add's agent. ERR_NOT_FOUND:
 * no such user; ERR_LIMIT: the user already has STORE_TOKENS_PER_USER; ERR_EXISTS: the hash is in use. */
enum err store_token_add(struct store *s, const uint8_t hash[DIGEST_BYTES], int64_t user_id, const char *name,
                         int scopes, int64_t expires_at_s, struct store_token *token);
/* The user of a valid token. ERR_NOT_FOUND if the token has expired or been revoked, or the user is disabled. */
enum err store_token_user(struct store *s, const uint8_t hash[DIGEST_BYTES], struct store_user *user,
                          struct store_token *token);
enum err store_token_each(struct store *s, int64_t user_id, bool (*row)(const struct store_token *, void *), void *ctx);
enum err store_token_revoke(struct store *s, int64_t user_id, int64_t token_id); /* ERR_NOT_FOUND */

/* ---- invitations ---- */
struct store_invite {
    int64_t id, created_at_s, expires_at_s;
    int uses_left;
    char note[STORE_NAME_MAX + 1];
};
enum err store_invite_add(struct store *s, const uint8_t hash[DIGEST_BYTES], const char *note, int uses,
                          int64_t expires_at_s, struct store_invite *invite);
/* ERR_NOT_FOUND: unknown, used up or expired. */
enum err store_invite_check(struct store *s, const uint8_t hash[DIGEST_BYTES]);
enum err store_invite_each(struct store *s, bool (*row)(const struct store_invite *, void *), void *ctx);
enum err store_invite_revoke(struct store *s, int64_t id);
/* store_user_add that also uses up one use of an invitation, in the same commit. ERR_DENIED: the invitation is no
 * longer valid. */
enum err store_user_add_invited(struct store *s, const char *email, const char *password_hash,
                                const uint8_t invite_hash[DIGEST_BYTES], struct store_user *user);

#endif
