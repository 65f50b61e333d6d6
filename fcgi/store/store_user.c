/* Accounts. Addresses are normalised on the way in, so that no caller can make two accounts of one address. */
#include "store_internal.h"

#include <stdio.h>
#include <string.h>

#include "../base/clock.h"

void store_user_read(sqlite3_stmt *st, int first, struct store_user *user)
{
    const unsigned char *email = sqlite3_column_text(st, first + 1);

    user->id = sqlite3_column_int64(st, first);
    (void)snprintf(user->email, sizeof(user->email), "%s", email == NULL ? "" : (const char *)email);
    user->created_at_s = sqlite3_column_int64(st, first + 2);
    user->disabled = sqlite3_column_int(st, first + 3) != 0;
}

enum err store_user_add(struct store *s, const char *email, const char *password_hash, struct store_user *user)
{
    int64_t now_s = clock_wall_s();
    enum err e;

    memset(user, 0, sizeof(*user));
    e = store_email_normalise(email, strlen(email), user->email);
    if (e != OK)
        return e;
    e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    (void)store_bind(s->sql[SQL_USER_ADD], "tti", user->email, password_hash, now_s);
    e = store_run(s, SQL_USER_ADD, "user_add");
    user->id = e == OK ? sqlite3_last_insert_rowid(s->db) : 0;
    user->created_at_s = now_s;
    return store_end(s, e);
}

enum err store_user_by_email(struct store *s, const char *email, struct store_user *user)
{
    sqlite3_stmt *st = s->sql[SQL_USER_BY_EMAIL];
    char address[STORE_EMAIL_MAX + 1];
    enum err e = store_present(s);
    int rc;

    memset(user, 0, sizeof(*user));
    if (e != OK)
        return e;
    if (store_email_normalise(email, strlen(email), address) != OK)
        return ERR_NOT_FOUND; /* nobody has such an address */
    (void)store_bind(st, "t", address);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        const unsigned char *hash = sqlite3_column_text(st, 4);

        store_user_read(st, 0, user);
        (void)snprintf(user->password_hash, sizeof(user->password_hash), "%s", hash == NULL ? "" : (const char *)hash);
    } else {
        e = rc == SQLITE_DONE ? ERR_NOT_FOUND : store_fail(s, rc, "user_by_email");
    }
    store_reset(st);
    return e;
}

enum err store_user_set_hash(struct store *s, int64_t user_id, const char *password_hash)
{
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    (void)store_bind(s->sql[SQL_USER_SET_HASH], "it", user_id, password_hash);
    e = store_run(s, SQL_USER_SET_HASH, "user_set_hash");
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    return store_end(s, e);
}
