/* Invitations: codes that let a number of people sign up. One without any use left is deleted. */
#include "store_internal.h"

#include <string.h>

#include "base/clock.h"
#include "store_account.h"

enum { INVITES_AT_ONCE = 100 };

enum err store_invite_add(struct store *s, const uint8_t hash[DIGEST_BYTES], const char *note, int uses,
                          int64_t expires_at_s, struct store_invite *invite)
{
    enum err e;

    memset(invite, 0, sizeof(*invite));
    if (uses < 1 || expires_at_s < 0)
        return ERR_RANGE;
    store_text_keep(note, invite->note, sizeof(invite->note));
    invite->uses_left = uses;
    invite->created_at_s = clock_wall_s();
    invite->expires_at_s = expires_at_s;
    e = store_begin(s, STORE_BUSY_MS);
    if (e == OK) {
        e = store_do(s, SQL_INVITE_ADD, "invite_add",
                     VALUES(value_hash(hash), value_text(invite->note), value_int(uses),
                            value_int(invite->created_at_s), value_int(expires_at_s)));
        invite->id = e == OK ? sqlite3_last_insert_rowid(s->db) : 0;
        e = store_end(s, e);
    }
    if (e != OK)
        memset(invite, 0, sizeof(*invite));
    return e;
}

static void invite_item(sqlite3_stmt *st, void *item)
{
    struct store_invite *invite = item;

    invite->id = sqlite3_column_int64(st, 0);
    invite->created_at_s = sqlite3_column_int64(st, 1);
    invite->expires_at_s = sqlite3_column_int64(st, 2);
    invite->uses_left = sqlite3_column_int(st, 3);
    store_column_text(st, 4, invite->note, sizeof(invite->note));
}

/* Finds a valid invitation. ERR_NOT_FOUND: then a nonzero id is that of an expired one. */
static enum err invite_find(struct store *s, const uint8_t hash[DIGEST_BYTES], struct store_invite *invite)
{
    enum err e = store_row(s, SQL_INVITE_FIND, "invite_find", VALUES(value_hash(hash)));

    memset(invite, 0, sizeof(*invite));
    if (e != OK)
        return e;
    invite_item(s->sql[SQL_INVITE_FIND], invite);
    store_reset(s->sql[SQL_INVITE_FIND]);
    return store_expired(invite->created_at_s, invite->expires_at_s, clock_wall_s()) ? ERR_NOT_FOUND : OK;
}

enum err store_invite_check(struct store *s, const uint8_t hash[DIGEST_BYTES])
{
    struct store_invite invite;
    enum err e = invite_find(s, hash, &invite);

    if (e == ERR_NOT_FOUND && invite.id != 0) /* seen expired: it goes, lest the clock be set back (R91) */
        store_change_idle(s, SQL_INVITE_REVOKE, "invite_forget", VALUES(value_int(invite.id)));
    return e;
}

enum err store_invite_take(struct store *s, const uint8_t hash[DIGEST_BYTES])
{
    struct store_invite invite;
    enum err e = invite_find(s, hash, &invite);

    if (e == ERR_NOT_FOUND)
        return ERR_DENIED;
    if (e != OK)
        return e;
    return store_do(s, invite.uses_left > 1 ? SQL_INVITE_TAKE : SQL_INVITE_REVOKE, "invite_take",
                    VALUES(value_int(invite.id)));
}

enum err store_invite_each(struct store *s, bool (*row)(const struct store_invite *, void *), void *ctx)
{
    struct buf *rows = buf_new(INVITES_AT_ONCE * sizeof(struct store_invite));
    int64_t now_s = clock_wall_s(), after_id = 0;
    size_t n = INVITES_AT_ONCE;
    enum err e = rows == NULL ? ERR_NOMEM : OK;

    while (e == OK && n == INVITES_AT_ONCE) {
        const struct store_invite *invite;

        (void)store_bind(s->sql[SQL_INVITE_EACH], VALUES(value_int(after_id), value_int(INVITES_AT_ONCE)));
        e = store_rows(s, SQL_INVITE_EACH, "invite_each", sizeof(*invite), invite_item, rows);
        n = buf_len(rows) / sizeof(*invite);
        invite = (const void *)buf_data(rows);
        for (size_t i = 0; e == OK && i < n; i++) {
            after_id = invite[i].id;
            if (store_expired(invite[i].created_at_s, invite[i].expires_at_s, now_s))
                continue;
            if (!row(&invite[i], ctx)) {
                n = 0;
                break;
            }
        }
    }
    buf_free(rows);
    return e;
}

enum err store_invite_revoke(struct store *s, int64_t id)
{
    return store_change(s, SQL_INVITE_REVOKE, "invite_revoke", VALUES(value_int(id)));
}
