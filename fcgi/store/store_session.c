/* Sessions. What has expired is deleted as soon as anybody sees it, and a row from the future (the clock was set back)
 * is ended, since nobody can tell how old it is: so a clock that jumps, either way, never revives a session. */
#include "store_internal.h"

#include <string.h>

#include "../base/clock.h"

enum err store_session_add(struct store *s, const uint8_t token_hash[DIGEST_BYTES], int64_t user_id,
                           const char *address, const char *agent, const struct store_session_rule *rule)
{
    char kept_address[STORE_ADDRESS_MAX + 1], kept_agent[STORE_AGENT_MAX + 1];
    int64_t keep = rule->per_user < 1 ? 1 : rule->per_user;
    enum err e;

    store_text_keep(address, kept_address, sizeof(kept_address));
    store_text_keep(agent, kept_agent, sizeof(kept_agent));
    e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    (void)store_bind(s->sql[SQL_SESSION_ADD], "hiitt", token_hash, user_id, clock_wall_s(), kept_address, kept_agent);
    e = store_run(s, SQL_SESSION_ADD, "session_add");
    if (e == OK && sqlite3_changes(s->db) == 0)
        e = ERR_NOT_FOUND;
    if (e == OK) {
        (void)store_bind(s->sql[SQL_SESSION_TRIM], "ii", user_id, keep);
        e = store_run(s, SQL_SESSION_TRIM, "session_trim");
    }
    return store_end(s, e);
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

/* Writes that nobody waits for: when they fail, the next request tries again. */
static void session_forget(struct store *s, const uint8_t token_hash[DIGEST_BYTES])
{
    if (store_begin_idle(s) != OK)
        return;
    (void)store_bind(s->sql[SQL_SESSION_END], "h", token_hash);
    (void)store_end(s, store_run(s, SQL_SESSION_END, "session_forget"));
}

static void session_touch(struct store *s, int64_t id, int64_t now_s)
{
    if (store_begin_idle(s) != OK)
        return;
    (void)store_bind(s->sql[SQL_SESSION_TOUCH], "ii", id, now_s);
    (void)store_end(s, store_run(s, SQL_SESSION_TOUCH, "session_touch"));
}

enum err store_session_user(struct store *s, const uint8_t token_hash[DIGEST_BYTES],
                            const struct store_session_rule *rule, struct store_user *user)
{
    sqlite3_stmt *st = s->sql[SQL_SESSION_FIND];
    struct session_times t = {0};
    int64_t now_s = clock_wall_s();
    enum err e = store_present(s);
    int rc;

    memset(user, 0, sizeof(*user));
    if (e != OK)
        return e;
    (void)store_bind(st, "h", token_hash);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        store_user_read(st, 0, user);
        t.id = sqlite3_column_int64(st, 4);
        t.created_at_s = sqlite3_column_int64(st, 5);
        t.last_seen_at_s = sqlite3_column_int64(st, 6);
    } else {
        e = rc == SQLITE_DONE ? ERR_NOT_FOUND : store_fail(s, rc, "session_user");
    }
    store_reset(st); /* before any write: an open read would pin the WAL */
    if (e == OK && session_expired(&t, rule, now_s)) {
        session_forget(s, token_hash);
        e = ERR_NOT_FOUND;
    }
    if (e == OK && user->disabled)
        e = ERR_NOT_FOUND;
    if (e == OK && now_s - t.last_seen_at_s > STORE_TOUCH_EVERY_S)
        session_touch(s, t.id, now_s);
    if (e != OK)
        memset(user, 0, sizeof(*user));
    return e;
}

enum err store_session_end(struct store *s, const uint8_t token_hash[DIGEST_BYTES])
{
    enum err e = store_begin(s, STORE_BUSY_MS);

    if (e != OK)
        return e;
    (void)store_bind(s->sql[SQL_SESSION_END], "h", token_hash);
    return store_end(s, store_run(s, SQL_SESSION_END, "session_end"));
}
