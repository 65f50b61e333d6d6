/* Single-use links. They are looked up by the hash of their secret, and deleted in the same commit as the change that
 * they make. */
#include "store_internal.h"

#include <string.h>

#include "base/clock.h"
#include "store_mail.h"

struct link {
    int64_t id, user_id;
    int kind; /* enum store_mail_kind */
    bool invited, expired;
    char email[STORE_EMAIL_MAX + 1];
    uint8_t invite_hash[DIGEST_BYTES];
};

/* Finds a link of this kind that has not expired. ERR_NOT_FOUND: then link->expired says whether that is why. */
static enum err link_find(struct store *s, const uint8_t link_hash[DIGEST_BYTES], enum store_mail_kind kind,
                          struct link *link)
{
    sqlite3_stmt *st = s->sql[SQL_LINK_FIND];
    int64_t created_at_s, expires_at_s;
    enum err e = store_row(s, SQL_LINK_FIND, "link_find", VALUES(value_hash(link_hash)));

    memset(link, 0, sizeof(*link));
    if (e != OK)
        return e;
    link->id = sqlite3_column_int64(st, 0);
    link->kind = sqlite3_column_int(st, 1);
    created_at_s = sqlite3_column_int64(st, 2);
    expires_at_s = sqlite3_column_int64(st, 3);
    link->user_id = sqlite3_column_int64(st, 4);
    store_column_text(st, 5, link->email, sizeof(link->email));
    link->invited = sqlite3_column_bytes(st, 6) == DIGEST_BYTES;
    if (link->invited)
        memcpy(link->invite_hash, sqlite3_column_blob(st, 6), DIGEST_BYTES);
    store_reset(st);
    link->expired = store_expired(created_at_s, expires_at_s, clock_wall_s());
    return link->kind != (int)kind || link->expired ? ERR_NOT_FOUND : OK;
}

/* What somebody saw expired goes at once, lest the clock be set back (R91). Outside any transaction. */
static void link_forget(struct store *s, const uint8_t link_hash[DIGEST_BYTES], enum store_mail_kind kind)
{
    struct link link;

    if (link_find(s, link_hash, kind, &link) == ERR_NOT_FOUND && link.expired)
        store_change_idle(s, SQL_LINK_DROP, "link_forget", VALUES(value_int(link.id)));
}

enum err store_link_reset_add(struct store *s, const uint8_t link_hash[DIGEST_BYTES], int64_t user_id)
{
    int64_t now_s = clock_wall_s();

    return store_change(s, SQL_LINK_ADD_RESET, "link_reset_add",
                        VALUES(value_hash(link_hash), value_int(user_id), value_int(0), value_int(now_s),
                               value_int(now_s + STORE_RESET_S)));
}

/* Inside the transaction. */
static enum err link_make_user(struct store *s, const struct link *link, const char *password_hash,
                               struct store_user *user)
{
    enum err e = store_user_insert(s, link->email, password_hash, user);

    if (e == OK && link->invited)
        e = store_invite_take(s, link->invite_hash);
    /* Deletes other links for the address too: an old letter must not bring back a deleted account. */
    if (e == OK)
        e = store_do(s, SQL_USER_DROP_SIGN_UP_LINKS, "user_drop_sign_up_links", VALUES(value_int(user->id)));
    if (e == OK)
        e = store_do(s, SQL_USER_DROP_SIGN_UPS, "user_drop_sign_ups", VALUES(value_int(user->id)));
    return e;
}

enum err store_link_sign_up(struct store *s, const uint8_t link_hash[DIGEST_BYTES], char email[STORE_EMAIL_MAX + 1])
{
    struct link link;
    enum err e = link_find(s, link_hash, STORE_MAIL_SIGN_UP, &link);

    if (e == ERR_NOT_FOUND)
        link_forget(s, link_hash, STORE_MAIL_SIGN_UP);
    memcpy(email, e == OK ? link.email : "", e == OK ? sizeof(link.email) : 1);
    return e;
}

enum err store_link_confirm(struct store *s, const uint8_t link_hash[DIGEST_BYTES], const char *password_hash,
                            struct store_user *user)
{
    struct link link;
    enum err e;

    memset(user, 0, sizeof(*user));
    e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    e = link_find(s, link_hash, STORE_MAIL_SIGN_UP, &link);
    if (e == OK)
        e = link_make_user(s, &link, password_hash, user);
    e = store_end(s, e);
    if (e == ERR_NOT_FOUND)
        link_forget(s, link_hash, STORE_MAIL_SIGN_UP);
    if (e != OK)
        memset(user, 0, sizeof(*user));
    return e;
}

/* The user that a reset link is for, in or outside a transaction. */
static enum err link_reset_find(struct store *s, const uint8_t link_hash[DIGEST_BYTES], struct store_user *user)
{
    struct link link;
    enum err e = link_find(s, link_hash, STORE_MAIL_RESET, &link);

    memset(user, 0, sizeof(*user));
    if (e == OK)
        e = store_row(s, SQL_USER_BY_ID, "user_by_id", VALUES(value_int(link.user_id)));
    if (e != OK)
        return e;
    store_user_read(s->sql[SQL_USER_BY_ID], 0, user);
    store_reset(s->sql[SQL_USER_BY_ID]);
    if (!user->disabled)
        return OK;
    memset(user, 0, sizeof(*user));
    return ERR_NOT_FOUND;
}

enum err store_link_reset_user(struct store *s, const uint8_t link_hash[DIGEST_BYTES], struct store_user *user)
{
    enum err e = link_reset_find(s, link_hash, user);

    if (e == ERR_NOT_FOUND)
        link_forget(s, link_hash, STORE_MAIL_RESET);
    return e;
}

enum err store_link_reset_use(struct store *s, const uint8_t link_hash[DIGEST_BYTES], const char *password_hash)
{
    struct store_user user;
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    e = link_reset_find(s, link_hash, &user);
    if (e == OK)
        e = store_user_renew(s, user.id, NULL, password_hash); /* this link is one of those it voids */
    e = store_end(s, e);
    if (e == ERR_NOT_FOUND)
        link_forget(s, link_hash, STORE_MAIL_RESET);
    return e;
}
