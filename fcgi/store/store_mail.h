/* Mail that waits, links that mail carries, failures that are counted. A part of store.h's door; the same rules hold.
 *
 * A request that wants a mail writes one row to the outbox, the same for a known and an unknown address. Who the
 * address belongs to, and the link's secret, are looked up and made by `digitctl mail run`: neither the reply's time
 * nor the database ever holds the secret. */
#ifndef DIGITD_STORE_STORE_MAIL_H
#define DIGITD_STORE_STORE_MAIL_H

#include "store.h"

enum store_mail_kind { STORE_MAIL_SIGN_UP, STORE_MAIL_RESET };

enum {
    STORE_CONFIRM_S = 24 * 3600,
    STORE_RESET_S = 3600,
    STORE_MAIL_KEPT_S = 3 * 86400,
    STORE_OUTBOX_MAX = 10000,
    STORE_THROTTLE_S = 86400,
    STORE_THROTTLE_MAX = 100000, /* keys; the least recent failures go first */
    STORE_DEVICE_S = 365 * 86400 /* a device is forgotten so long after its last log-in */
};

struct store_mail {
    int64_t id, created_at_s;
    enum store_mail_kind kind;
    int tries;
    char email[STORE_EMAIL_MAX + 1];
};

/* Puts a mail into the outbox. One of a kind, address and invitation waits at a time: the newer takes the older's
 * place, and says the same. invite_hash: of a sign-up, or NULL. ERR_LIMIT: STORE_OUTBOX_MAX wait; ERR_FORMAT,
 * ERR_LIMIT: store_email_normalise's. */
enum err store_mail_put(struct store *s, enum store_mail_kind kind, const char *email, const uint8_t *invite_hash);
/* The oldest that is due, or ERR_NOT_FOUND. */
enum err store_mail_next(struct store *s, struct store_mail *mail);
/* Makes the link of a mail: its secret's hash is what a click brings back. The outbox row stays until store_mail_sent.
 * A mail has one link: that of an earlier run is void. ERR_EXISTS: a
 * sign-up of a taken address; ERR_NOT_FOUND: a reset of an unknown or disabled one (drop or write another letter; no
 * link is made). */
enum err store_mail_link(struct store *s, int64_t mail_id, const uint8_t link_hash[DIGEST_BYTES]);
/* OK also when a newer one took its place. */
enum err store_mail_sent(struct store *s, int64_t mail_id);
/* Not sent: its link is void; it is due again after doubling pauses from 1 minute to 6 hours; dropped after 3 days. */
enum err store_mail_failed(struct store *s, int64_t mail_id);

/* A one-use link without a mail, for `digitctl user reset`. ERR_NOT_FOUND. */
enum err store_link_reset_add(struct store *s, const uint8_t link_hash[DIGEST_BYTES], int64_t user_id);
/* The address a sign-up's link is for, without using it: for the check of the password. ERR_NOT_FOUND. */
enum err store_link_sign_up(struct store *s, const uint8_t link_hash[DIGEST_BYTES], char email[STORE_EMAIL_MAX + 1]);
/* Uses it: the account is made. ERR_NOT_FOUND: unknown, used, expired; ERR_EXISTS: taken since; ERR_DENIED: its
 * invitation is good no more. */
enum err store_link_confirm(struct store *s, const uint8_t link_hash[DIGEST_BYTES], const char *password_hash,
                            struct store_user *user);
/* The user a reset link is for, without using it: for the check of the new password. ERR_NOT_FOUND. */
enum err store_link_reset_user(struct store *s, const uint8_t link_hash[DIGEST_BYTES], struct store_user *user);
/* Uses it, as store_user_change_password: the user's other reset links are void too. ERR_NOT_FOUND. */
enum err store_link_reset_use(struct store *s, const uint8_t link_hash[DIGEST_BYTES], const char *password_hash);

/* ---- failures (R51, R52) ----
 * Keyed by a hash: of an address (known or not), or of a device. 5 are free; then the account rests 1, 2, 4 ... 900 s
 * after each further one. Forgotten 24 h after the last. */
/* Seconds until the next try is allowed; 0: now. */
enum err store_throttle_wait(struct store *s, const uint8_t key[DIGEST_BYTES], int64_t *wait_s);
enum err store_throttle_fail(struct store *s, const uint8_t key[DIGEST_BYTES], int64_t *wait_s);
enum err store_throttle_clear(struct store *s, const uint8_t key[DIGEST_BYTES]);

/* A browser that has signed in to this account before: its cookie's hash. At most 20 a user, the oldest go. A browser
 * may be a device of several accounts. Call it at each log-in. ERR_NOT_FOUND: no such user. */
enum err store_device_add(struct store *s, const uint8_t hash[DIGEST_BYTES], int64_t user_id);
/* ERR_NOT_FOUND unless it is a device of the account with this address. */
enum err store_device_check(struct store *s, const uint8_t hash[DIGEST_BYTES], const char *email);

#endif
