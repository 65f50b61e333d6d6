/* Every statement of the store. Values are bound, never printed into the text. */
#include "store_internal.h"

/* ?1: idle since, ?2: made before, ?3: in the future. Four questions, so that each is a search in an index; with OR
 * between them SQLite reads the whole table. */
#define EXPIRED_IDS                                                                                                    \
    "SELECT id FROM sessions WHERE last_seen_at <= ?1 UNION ALL SELECT id FROM sessions WHERE created_at <= ?2 "       \
    "UNION ALL SELECT id FROM sessions WHERE last_seen_at > ?3 UNION ALL SELECT id FROM sessions WHERE created_at > "  \
    "?3"

const char *const store_sql_text[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    /* Dirties a page, which a rollback then forgets. */
    [SQL_TRY_WRITE] = "INSERT INTO users (email, password_hash, created_at) VALUES ('?', '*', 0)",

    [SQL_USER_ADD] = "INSERT INTO users (email, password_hash, created_at) VALUES (?1, ?2, ?3)",
    [SQL_USER_BY_EMAIL] = "SELECT id, email, created_at, disabled, password_hash FROM users WHERE email = ?1",
    [SQL_USER_SET_HASH] = "UPDATE users SET password_hash = ?2 WHERE id = ?1",

    /* From users, so that an account that was disabled or deleted a moment ago gets none. */
    [SQL_SESSION_ADD] = "INSERT INTO sessions (token_hash, user_id, created_at, last_seen_at, address, agent) "
                        "SELECT ?1, id, ?3, ?3, ?4, ?5 FROM users WHERE id = ?2 AND disabled = 0",
    /* Ids ascend, whatever the clock did. */
    [SQL_SESSION_TRIM] = "DELETE FROM sessions WHERE user_id = ?1 AND id NOT IN "
                         "(SELECT id FROM sessions WHERE user_id = ?1 ORDER BY id DESC LIMIT ?2)",
    [SQL_SESSION_FIND] = "SELECT u.id, u.email, u.created_at, u.disabled, s.id, s.created_at, s.last_seen_at "
                         "FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.token_hash = ?1",
    [SQL_SESSION_TOUCH] = "UPDATE sessions SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at < ?2",
    [SQL_SESSION_END] = "DELETE FROM sessions WHERE token_hash = ?1",

    [SQL_SESSION_PURGE_FIND] = EXPIRED_IDS " LIMIT 1",
    [SQL_SESSION_PURGE] = "DELETE FROM sessions WHERE id IN (" EXPIRED_IDS " LIMIT ?4)",
};
