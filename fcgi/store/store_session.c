/* Sessions. An expired session is deleted as soon as it is seen, and so is one from the future (the clock was set
 * back), because its age is unknown. So a clock that jumps, either way, never revives a session. */
#include "store_internal.h"

#include <string.h>

#include "base/clock.h"
#include "store_account.h"

enum { SESSIONS_BYTES_MAX = 4 << 20 }; /* some 10,000: a list is longer than per_user only after that was lowered */

enum err store_session_add_checked(struct store *s, const uint8_t token_hash[DIGEST_BYTES], int64_t user_id,
                                   const char *password_hash, const char *address, const char *agent,
                                   const struct store_session_rule *rule)
{
    char kept_address[STORE_ADDRESS_MAX + 1], kept_agent[STORE_AGENT_MAX + 1];
    int64_t keep = rule->per_user < 1 ? 1 : rule->per_user;
    enum err e;

    store_text_keep(address, kept_address, sizeof(kept_address));
    store_text_keep(agent, kept_agent, sizeof(kept_agent));
    e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    e = store_do(s, SQL_SESSION_ADD, "session_add",
                 VALUES(value_hash(token_hash), value_int(user_id), value_int(clock_wall_s()), value_text(kept_address),
                        value_text(kept_agent), value_text(password_hash)));
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    if (e == OK)
        e = store_do(s, SQL_SESSION_TRIM, "session_trim", VALUES(value_int(user_id), value_int(keep)));
    return store_end(s, e);
}

enum err store_session_add(struct store *s, const uint8_t token_hash[DIGEST_BYTES], int64_t user_id,
                           const char *address, const char *agent, const struct store_session_rule *rule)
{
    return store_session_add_checked(s, token_hash, user_id, NULL, address, agent, rule);
}

/* A session's times, as read from its row. */
struct session_times {
    int64_t id, created_at_s, last_seen_at_s;
};

static bool session_expired(const struct session_times *t, const struct store_session_rule *rule, int64_t now_s)
{
    int64_t future_s = now_s + STORE_CLOCK_SLACK_S;

    return now_s - t->last_seen_at_s >= rule->idle_s || now_s - t->created_at_s >= rule->max_s ||
           t->last_seen_at_s > future_s || t->created_at_s > future_s;
}

enum err store_session_user(struct store *s, const uint8_t token_hash[DIGEST_BYTES],
                            const struct store_session_rule *rule, struct store_user *user)
{
    sqlite3_stmt *st = s->sql[SQL_SESSION_FIND];
    struct session_times t = {0};
    int64_t now_s = clock_wall_s();
    enum err e;

    memset(user, 0, sizeof(*user));
    e = store_row(s, SQL_SESSION_FIND, "session_user", VALUES(value_hash(token_hash)));
    if (e != OK)
        return e;
    store_user_read(st, 0, user);
    t.id = sqlite3_column_int64(st, 4);
    t.created_at_s = sqlite3_column_int64(st, 5);
    t.last_seen_at_s = sqlite3_column_int64(st, 6);
    store_reset(st); /* before any write: an open read would pin the WAL */
    if (session_expired(&t, rule, now_s)) {
        store_change_idle(s, SQL_SESSION_END, "session_forget", VALUES(value_hash(token_hash)));
        e = ERR_NOT_FOUND;
    }
    if (e == OK && user->disabled)
        e = ERR_NOT_FOUND;
    if (e == OK && now_s - t.last_seen_at_s > STORE_TOUCH_EVERY_S)
        store_change_idle(s, SQL_SESSION_TOUCH, "session_touch", VALUES(value_int(t.id), value_int(now_s)));
    if (e != OK)
        memset(user, 0, sizeof(*user));
    return e;
}

enum err store_session_end(struct store *s, const uint8_t token_hash[DIGEST_BYTES])
{
    enum err e = store_change(s, SQL_SESSION_END, "session_end", VALUES(value_hash(token_hash)));

    return e == ERR_NOT_FOUND ? OK : e;
}

enum err store_session_end_id(struct store *s, int64_t user_id, int64_t session_id)
{
    return store_change(s, SQL_SESSION_END_ID, "session_end_id", VALUES(value_int(user_id), value_int(session_id)));
}

enum err store_session_end_all(struct store *s, int64_t user_id, const uint8_t *keep_hash, int64_t *n)
{
    enum err e = store_begin(s, STORE_BUSY_MS);
    int64_t ended = 0;

    if (e == OK) {
        e = store_do(s, SQL_SESSION_END_ALL, "session_end_all", VALUES(value_int(user_id), value_hash(keep_hash)));
        ended = e == OK ? sqlite3_changes(s->db) : 0;
        e = store_end(s, e);
    }
    if (n != NULL)
        *n = e == OK ? ended : 0;
    return e;
}

static void session_item(sqlite3_stmt *st, void *item)
{
    struct store_session *session = item;

    session->id = sqlite3_column_int64(st, 0);
    session->created_at_s = sqlite3_column_int64(st, 1);
    session->last_seen_at_s = sqlite3_column_int64(st, 2);
    session->current = sqlite3_column_int(st, 3) != 0;
    store_column_text(st, 4, session->address, sizeof(session->address));
    store_column_text(st, 5, session->agent, sizeof(session->agent));
}

enum err store_session_each(struct store *s, int64_t user_id, const struct store_session_rule *rule,
                            const uint8_t *current_hash, bool (*row)(const struct store_session *, void *), void *ctx)
{
    const struct store_session *session;
    struct buf *rows = buf_new(SESSIONS_BYTES_MAX);
    int64_t now_s = clock_wall_s();
    enum err e;

    if (rows == NULL)
        return ERR_NOMEM;
    (void)store_bind(s->sql[SQL_SESSION_EACH], VALUES(value_int(user_id), value_hash(current_hash)));
    e = store_rows(s, SQL_SESSION_EACH, "session_each", sizeof(*session), session_item, rows);
    session = (const void *)buf_data(rows);
    for (size_t i = 0; e == OK && i < buf_len(rows) / sizeof(*session); i++) {
        const struct session_times t = {session[i].id, session[i].created_at_s, session[i].last_seen_at_s};

        if (!session_expired(&t, rule, now_s) && !row(&session[i], ctx))
            break;
    }
    buf_free(rows);
    return e;
}
