/* The mail outbox, links sent by mail, failed logins, known devices. The rules of store.h hold here too.
 *
 * A request that sends mail only writes a row to the outbox, the same for known and unknown addresses. `digitctl mail
 * run` then looks up the account and makes the link's secret. So the time of the reply does not show whether an address
 * is known, and the database never holds a secret. */
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
    STORE_THROTTLE_MAX = 100000, /* keys; the oldest failures are dropped first */
    STORE_DEVICE_S = 365 * 86400 /* a device is forgotten this long after its last login */
};

struct store_mail {
    int64_t id, created_at_s;
    enum store_mail_kind kind;
    int tries;
    char email[STORE_EMAIL_MAX + 1];
};

/* Adds a mail to the outbox. Only one of each kind, address and invitation waits: a newer one, which says the same,
 * replaces it. invite_hash: of a sign-up, or NULL. ERR_LIMIT: STORE_OUTBOX_MAX are waiting; ERR_FORMAT, ERR_LIMIT: from
 * store_email_normalise. */
enum err store_mail_put(struct store *s, enum store_mail_kind kind, const char *email, const uint8_t *invite_hash);
/* The oldest that is due, or ERR_NOT_FOUND. */
enum err store_mail_next(struct store *s, struct store_mail *mail);
/* Stores the hash of the secret in a mail's link. The outbox row stays until store_mail_sent. A mail has one link: that
 * of an earlier run becomes void. ERR_EXISTS: a sign-up with an address that is taken; ERR_NOT_FOUND: a reset for an
 * unknown or disabled one. Then no link is made; drop the mail or write another letter. */
enum err store_mail_link(struct store *s, int64_t mail_id, const uint8_t link_hash[DIGEST_BYTES]);
/* OK even if a newer one has replaced it. */
enum err store_mail_sent(struct store *s, int64_t mail_id);
/* The mail was not sent: voids its link. It is due again after a pause that doubles from 1 minute to 6 hours, and is
 * dropped after 3 days. */
enum err store_mail_failed(struct store *s, int64_t mail_id);

/* Adds a single-use link without a mail, for `digitctl user reset`. ERR_NOT_FOUND. */
enum err store_link_reset_add(struct store *s, const uint8_t link_hash[DIGEST_BYTES], int64_t user_id);
/* The address of a sign-up link, without using the link, so that the password can be checked. ERR_NOT_FOUND. */
enum err store_link_sign_up(struct store *s, const uint8_t link_hash[DIGEST_BYTES], char email[STORE_EMAIL_MAX + 1]);
/* Uses a sign-up link: creates the account. ERR_NOT_FOUND: unknown, used or expired; ERR_EXISTS: the address has been
 * taken since; ERR_DENIED: its invitation is no longer valid. */
enum err store_link_confirm(struct store *s, const uint8_t link_hash[DIGEST_BYTES], const char *password_hash,
                            struct store_user *user);
/* The user of a reset link, without using the link, so that the new password can be checked. ERR_NOT_FOUND. */
enum err store_link_reset_user(struct store *s, const uint8_t link_hash[DIGEST_BYTES], struct store_user *user);
/* Uses a reset link, like store_user_change_password: the user's other reset links become void too. ERR_NOT_FOUND. */
enum err store_link_reset_use(struct store *s, const uint8_t link_hash[DIGEST_BYTES], const char *password_hash);

/* ---- failures (R51, R52) ----
 * The key is a hash of an address (known or not), of an address and a network, or of a device. Five failures are free;
 * each further one means a wait of 1, 2, 4 ... 900 s. Forgotten 24 h after the last. */
/* Seconds until the next attempt is allowed; 0: now. */
enum err store_throttle_wait(struct store *s, const uint8_t key[DIGEST_BYTES], int64_t *wait_s);
/* The same, and how many failures there were. */
enum err store_throttle_look(struct store *s, const uint8_t key[DIGEST_BYTES], int *failures, int64_t *wait_s);
/* One more failure of each of n keys, in one commit. */
enum err store_throttle_fail_each(struct store *s, const uint8_t (*keys)[DIGEST_BYTES], int n);
enum err store_throttle_clear(struct store *s, const uint8_t key[DIGEST_BYTES]);

/* Remembers a browser that has logged in to this account, by its cookie's hash. At most 20 for each user; the oldest
 * are dropped. A browser may be a device of several accounts. Call this at each login. ERR_NOT_FOUND: no such user. */
enum err store_device_add(struct store *s, const uint8_t hash[DIGEST_BYTES], int64_t user_id);
/* ERR_NOT_FOUND unless it is a device of the account with this address. */
enum err store_device_check(struct store *s, const uint8_t hash[DIGEST_BYTES], const char *email);

#endif
