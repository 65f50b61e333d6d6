/* API tokens, which programs send instead of a cookie. Jumps of the clock are handled as for sessions, but only for
 * tokens that expire; the age of the others does not matter. */
#include "store_internal.h"

#include <string.h>

#include "base/clock.h"
#include "store_account.h"

static const struct {
    const char *name;
    int scope;
} scope_names[] = {{"classify", STORE_SCOPE_CLASSIFY}, {"history", STORE_SCOPE_HISTORY}};

enum { N_SCOPES = sizeof(scope_names) / sizeof(scope_names[0]) };

const char *store_scope_name(int i, int *scope)
{
    if (i < 0 || i >= N_SCOPES)
        return NULL;
    *scope = scope_names[i].scope;
    return scope_names[i].name;
}

int store_scope_of(const char *name)
{
    for (int i = 0; i < N_SCOPES; i++)
        if (strcmp(scope_names[i].name, name) == 0)
            return scope_names[i].scope;
    return 0;
}

/* The user's tokens, counted inside the transaction. */
static enum err token_room(struct store *s, int64_t user_id)
{
    enum err e = store_row(s, SQL_TOKEN_COUNT, "token_count", VALUES(value_int(user_id)));

    if (e != OK)
        return e;
    if (sqlite3_column_int(s->sql[SQL_TOKEN_COUNT], 0) >= STORE_TOKENS_PER_USER)
        e = ERR_LIMIT;
    store_reset(s->sql[SQL_TOKEN_COUNT]);
    return e;
}

enum err store_token_add(struct store *s, const uint8_t hash[DIGEST_BYTES], int64_t user_id, const char *name,
                         int scopes, int64_t expires_at_s, struct store_token *token)
{
    enum err e;

    memset(token, 0, sizeof(*token));
    if (scopes < 1 || scopes > (STORE_SCOPE_CLASSIFY | STORE_SCOPE_HISTORY) || expires_at_s < 0)
        return ERR_RANGE;
    store_text_keep(name, token->name, sizeof(token->name));
    token->user_id = user_id;
    token->scopes = scopes;
    token->created_at_s = clock_wall_s();
    token->expires_at_s = expires_at_s;
    e = store_begin(s, STORE_BUSY_MS);
    if (e == OK) {
        e = token_room(s, user_id);
        if (e == OK)
            e = store_do(s, SQL_TOKEN_ADD, "token_add",
                         VALUES(value_hash(hash), value_int(user_id), value_text(token->name), value_int(scopes),
                                value_int(token->created_at_s), value_int(expires_at_s)));
        if (e == OK && sqlite3_changes(s->db) == 0)
            e = ERR_NOT_FOUND;
        token->id = e == OK ? sqlite3_last_insert_rowid(s->db) : 0;
        e = store_end(s, e);
    }
    if (e != OK)
        memset(token, 0, sizeof(*token));
    return e;
}

/* The columns of a token from column first on. */
static void token_read(sqlite3_stmt *st, int first, struct store_token *token)
{
    token->id = sqlite3_column_int64(st, first);
    token->user_id = sqlite3_column_int64(st, first + 1);
    token->created_at_s = sqlite3_column_int64(st, first + 2);
    token->expires_at_s = sqlite3_column_int64(st, first + 3);
    token->last_used_at_s = sqlite3_column_int64(st, first + 4);
    token->scopes = sqlite3_column_int(st, first + 5);
    store_column_text(st, first + 6, token->name, sizeof(token->name));
}

static void token_item(sqlite3_stmt *st, void *item)
{
    token_read(st, 0, item);
}

enum err store_token_user(struct store *s, const uint8_t hash[DIGEST_BYTES], struct store_user *user,
                          struct store_token *token)
{
    int64_t now_s = clock_wall_s();
    enum err e;

    memset(user, 0, sizeof(*user));
    memset(token, 0, sizeof(*token));
    e = store_row(s, SQL_TOKEN_FIND, "token_user", VALUES(value_hash(hash)));
    if (e != OK)
        return e;
    store_user_read(s->sql[SQL_TOKEN_FIND], 0, user);
    token_read(s->sql[SQL_TOKEN_FIND], 4, token);
    store_reset(s->sql[SQL_TOKEN_FIND]);
    if (store_expired(token->created_at_s, token->expires_at_s, now_s)) {
        store_change_idle(s, SQL_TOKEN_REVOKE, "token_forget", VALUES(value_int(token->user_id), value_int(token->id)));
        e = ERR_NOT_FOUND;
    } else if (user->disabled) {
        e = ERR_NOT_FOUND;
    } else if (now_s - token->last_used_at_s > STORE_TOUCH_EVERY_S || token->last_used_at_s > now_s) {
        store_change_idle(s, SQL_TOKEN_TOUCH, "token_touch", VALUES(value_int(token->id), value_int(now_s)));
    }
    if (e != OK) {
        memset(user, 0, sizeof(*user));
        memset(token, 0, sizeof(*token));
    }
    return e;
}

enum err store_token_each(struct store *s, int64_t user_id, bool (*row)(const struct store_token *, void *), void *ctx)
{
    const struct store_token *token;
    struct buf *rows = buf_new(STORE_TOKENS_PER_USER * sizeof(*token));
    int64_t now_s = clock_wall_s();
    enum err e;

    if (rows == NULL)
        return ERR_NOMEM;
    (void)store_bind(s->sql[SQL_TOKEN_EACH], VALUES(value_int(user_id)));
    e = store_rows(s, SQL_TOKEN_EACH, "token_each", sizeof(*token), token_item, rows);
    token = (const void *)buf_data(rows);
    for (size_t i = 0; e == OK && i < buf_len(rows) / sizeof(*token); i++)
        if (!store_expired(token[i].created_at_s, token[i].expires_at_s, now_s) && !row(&token[i], ctx))
            break;
    buf_free(rows);
    return e;
}

enum err store_token_revoke(struct store *s, int64_t user_id, int64_t token_id)
{
    return store_change(s, SQL_TOKEN_REVOKE, "token_revoke", VALUES(value_int(user_id), value_int(token_id)));
}
