/* Accounts. Addresses are normalised here, so that no caller can create two accounts for one address. */
#include "store_internal.h"

#include <string.h>

#include "base/clock.h"
#include "store_account.h"

enum { USERS_AT_ONCE = 100 };

void store_user_read(sqlite3_stmt *st, int first, struct store_user *user)
{
    user->id = sqlite3_column_int64(st, first);
    store_column_text(st, first + 1, user->email, sizeof(user->email));
    user->created_at_s = sqlite3_column_int64(st, first + 2);
    user->disabled = sqlite3_column_int(st, first + 3) != 0;
}

enum err store_user_insert(struct store *s, const char *email, const char *password_hash, struct store_user *user)
{
    int64_t now_s = clock_wall_s();
    enum err e =
        store_do(s, SQL_USER_ADD, "user_add", VALUES(value_text(email), value_text(password_hash), value_int(now_s)));

    if (e != OK)
        return e;
    memset(user, 0, sizeof(*user));
    user->id = sqlite3_last_insert_rowid(s->db);
    user->created_at_s = now_s;
    memcpy(user->email, email, strlen(email) + 1);
    return OK;
}

enum err store_user_add(struct store *s, const char *email, const char *password_hash, struct store_user *user)
{
    char address[STORE_EMAIL_MAX + 1];
    enum err e;

    memset(user, 0, sizeof(*user));
    e = store_email_normalise(email, strlen(email), address);
    if (e == OK)
        e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    return store_end(s, store_user_insert(s, address, password_hash, user));
}

enum err store_user_add_invited(struct store *s, const char *email, const char *password_hash,
                                const uint8_t invite_hash[DIGEST_BYTES], struct store_user *user)
{
    char address[STORE_EMAIL_MAX + 1];
    enum err e;

    memset(user, 0, sizeof(*user));
    e = store_email_normalise(email, strlen(email), address);
    if (e == OK)
        e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    e = store_user_insert(s, address, password_hash, user);
    if (e == OK)
        e = store_invite_take(s, invite_hash);
    e = store_end(s, e);
    if (e == ERR_DENIED)
        (void)store_invite_check(s, invite_hash); /* deletes one that has expired */
    if (e != OK)
        memset(user, 0, sizeof(*user));
    return e;
}

/* The row that store_row stepped to, or nothing. */
static enum err user_take(struct store *s, enum store_sql which, enum err e, struct store_user *user)
{
    memset(user, 0, sizeof(*user));
    if (e != OK)
        return e;
    store_user_read(s->sql[which], 0, user);
    store_column_text(s->sql[which], 4, user->password_hash, sizeof(user->password_hash));
    store_reset(s->sql[which]);
    return OK;
}

enum err store_user_by_email(struct store *s, const char *email, struct store_user *user)
{
    char address[STORE_EMAIL_MAX + 1];
    enum err e = ERR_NOT_FOUND; /* nobody has what is no address */

    if (store_email_normalise(email, strlen(email), address) == OK)
        e = store_row(s, SQL_USER_BY_EMAIL, "user_by_email", VALUES(value_text(address)));
    return user_take(s, SQL_USER_BY_EMAIL, e, user);
}

enum err store_user_by_id(struct store *s, int64_t user_id, struct store_user *user)
{
    return user_take(s, SQL_USER_BY_ID, store_row(s, SQL_USER_BY_ID, "user_by_id", VALUES(value_int(user_id))), user);
}

/* From one cost to the next by the index: as many steps as there are costs, however many users. */
enum err store_user_costs(struct store *s, struct password_costs *costs)
{
    sqlite3_stmt *st = s->sql[SQL_USER_NEXT_COST];
    const char *last = "";
    enum err e = OK;

    costs->n = 0;
    while (e == OK && costs->n < PASSWORD_COSTS_MAX) {
        char *next = costs->begin[costs->n];

        e = store_row(s, SQL_USER_NEXT_COST, "user_costs", VALUES(value_text(last)));
        if (e != OK)
            break;
        store_column_text(st, 0, next, sizeof(costs->begin[0]));
        store_reset(st);
        if (next[0] == '\0')
            break; /* there was none */
        last = next;
        costs->n++;
    }
    return e;
}

enum err store_user_set_hash(struct store *s, int64_t user_id, const char *old_hash, const char *password_hash)
{
    return store_change(s, SQL_USER_UPGRADE_HASH, "user_set_hash",
                        VALUES(value_int(user_id), value_text(old_hash), value_text(password_hash)));
}

enum err store_user_renew(struct store *s, int64_t user_id, const char *old_hash, const char *password_hash)
{
    enum err e = store_do(s, SQL_USER_CHANGE_HASH, "user_change_hash",
                          VALUES(value_int(user_id), value_text(old_hash), value_text(password_hash)));

    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    if (e == OK)
        e = store_do(s, SQL_SESSION_END_ALL, "session_end_all", VALUES(value_int(user_id), value_hash(NULL)));
    if (e == OK)
        e = store_do(s, SQL_USER_DROP_DEVICES, "user_drop_devices", VALUES(value_int(user_id)));
    if (e == OK)
        e = store_do(s, SQL_USER_DROP_RESET_LINKS, "user_drop_reset_links", VALUES(value_int(user_id)));
    if (e == OK)
        e = store_do(s, SQL_USER_DROP_RESETS, "user_drop_resets", VALUES(value_int(user_id)));
    return e;
}

enum err store_user_change_password(struct store *s, int64_t user_id, const char *old_hash, const char *password_hash)
{
    enum err e = store_begin(s, STORE_BUSY_MS);

    return e != OK ? e : store_end(s, store_user_renew(s, user_id, old_hash, password_hash));
}

enum err store_user_set_disabled(struct store *s, int64_t user_id, bool disabled)
{
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    e = store_do(s, SQL_USER_SET_DISABLED, "user_set_disabled", VALUES(value_int(user_id), value_int(disabled)));
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    if (e == OK && disabled)
        e = store_do(s, SQL_SESSION_END_ALL, "session_end_all", VALUES(value_int(user_id), value_hash(NULL)));
    if (e == OK && disabled)
        e = store_do(s, SQL_USER_DROP_RESET_LINKS, "user_drop_reset_links", VALUES(value_int(user_id)));
    return store_end(s, e);
}

enum err store_user_learn(struct store *s, int64_t user_id, bool *learn)
{
    enum err e = store_row(s, SQL_USER_LEARN, "user_learn", VALUES(value_int(user_id)));

    *learn = false;
    if (e == OK) {
        *learn = sqlite3_column_int(s->sql[SQL_USER_LEARN], 0) != 0;
        store_reset(s->sql[SQL_USER_LEARN]);
    }
    return e;
}

enum err store_user_set_learn(struct store *s, int64_t user_id, bool learn)
{
    return store_change(s, SQL_USER_SET_LEARN, "user_set_learn", VALUES(value_int(user_id), value_int(learn)));
}

static void user_item(sqlite3_stmt *st, void *item)
{
    store_user_read(st, 0, item);
}

enum err store_user_each(struct store *s, const char *text, int64_t after_id,
                         bool (*row)(const struct store_user *, void *), void *ctx)
{
    struct buf *rows = buf_new(USERS_AT_ONCE * sizeof(struct store_user));
    size_t n = USERS_AT_ONCE;
    enum err e = rows == NULL ? ERR_NOMEM : OK;

    while (e == OK && n == USERS_AT_ONCE) {
        const struct store_user *user;

        (void)store_bind(s->sql[SQL_USER_EACH],
                         VALUES(value_int(after_id), value_text(text), value_int(USERS_AT_ONCE)));
        e = store_rows(s, SQL_USER_EACH, "user_each", sizeof(*user), user_item, rows);
        n = buf_len(rows) / sizeof(*user);
        user = (const void *)buf_data(rows);
        for (size_t i = 0; e == OK && i < n; i++) {
            after_id = user[i].id;
            if (!row(&user[i], ctx)) {
                n = 0;
                break;
            }
        }
    }
    buf_free(rows);
    return e;
}
