/* All statements of the store. Values are bound, never written into the text. */
#include "store_internal.h"

/* Housekeeping binds these numbers, the same for all (purge_bind): ?1 now, ?2 what lies beyond it is in the future,
 * ?3 how many rows, ?4 sessions idle since, ?5 sessions made before, ?6 devices used before, ?7 failures before,
 * ?8 mail put before. One question a condition, so that each is a search in an index; with OR between them SQLite
 * reads the whole table. */
#define IDS(table, condition)    "SELECT id FROM " table " WHERE " condition
#define OR_IDS(table, condition) " UNION ALL " IDS(table, condition)
#define FIRST(ids)               ids " LIMIT 1"
#define SOME(ids)                " WHERE id IN (" ids " LIMIT ?3)"

#define SESSIONS_EXPIRED                                                                                               \
    IDS("sessions", "last_seen_at <= ?4")                                                                              \
    OR_IDS("sessions", "created_at <= ?5")                                                                             \
    OR_IDS("sessions", "last_seen_at > ?2") OR_IDS("sessions", "created_at > ?2")
#define LASTING         "expires_at > 0 AND "
#define TOKENS_EXPIRED  IDS("tokens", LASTING "expires_at <= ?1") OR_IDS("tokens", LASTING "created_at > ?2")
#define INVITES_EXPIRED IDS("invites", LASTING "expires_at <= ?1") OR_IDS("invites", LASTING "created_at > ?2")
#define LINKS_EXPIRED   IDS("links", "expires_at <= ?1") OR_IDS("links", "created_at > ?2")
#define MAIL_OLD        IDS("outbox", "created_at <= ?8")
#define DEVICES_OLD     IDS("devices", "used_at <= ?6") OR_IDS("devices", "used_at > ?2")
#define THROTTLES_OLD   IDS("throttles", "failed_at <= ?7")
#define THROTTLES_AHEAD IDS("throttles", "failed_at > ?2")

#define USER_COLUMNS  "id, email, created_at, disabled, password_hash"
#define TOKEN_COLUMNS "id, user_id, created_at, expires_at, last_used_at, scopes, name"
#define EMAIL_OF_USER "(SELECT email FROM users WHERE id = ?1)"
/* A label is a digit, or 10: no digit (STORE_HISTORY_NO_DIGIT). */
#define HISTORY_COLUMNS                                                                                                \
    "id, created_at, name, status, ifnull(digit, -1), iif(no_digit, 10, ifnull(label, -1)), confidence, "              \
    "probabilities, picture, ifnull(unsure_because, 0)"
#define HISTORY_IS_CHECKED "(label IS NOT NULL OR no_digit)"
/* The next id of history and numbers. Only for whoever is writing. (sqlite_sequence has a row for each table.) */
#define ANSWER_ID "(SELECT 1 + ifnull(max(seq), 0) FROM sqlite_sequence WHERE name IN ('history', 'numbers'))"
/* The same for a place, where 11 is split (NUMBER_SPLIT). */
#define PLACE_COLUMNS                                                                                                  \
    "place, digit, iif(split IS NOT NULL, 11, iif(no_digit, 10, ifnull(label, -1))), ifnull(split, '')"
#define OF_USER(table) table " INDEXED BY " table "_by_user WHERE user_id = ?1"

const char *const store_sql_text[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    /* What it is already: a commit of one page, which changes nothing. */
    [SQL_TRY_WRITE] = "PRAGMA application_id = 0x64677464",

    [SQL_USER_ADD] = "INSERT INTO users (email, password_hash, created_at) VALUES (?1, ?2, ?3)",
    [SQL_USER_BY_EMAIL] = "SELECT " USER_COLUMNS " FROM users WHERE email = ?1",
    [SQL_USER_BY_ID] = "SELECT " USER_COLUMNS " FROM users WHERE id = ?1",
    [SQL_USER_NEXT_COST] = "SELECT min(substr(password_hash, 1, 7)) FROM users WHERE substr(password_hash, 1, 7) > ?1",
    [SQL_USER_EACH] = "SELECT " USER_COLUMNS " FROM users WHERE id > ?1 AND (?2 IS NULL OR instr(email, lower(?2)) > 0)"
                      " ORDER BY id LIMIT ?3",
    /* Only in the place of the hash that was checked: the password may have been changed meanwhile. */
    [SQL_USER_UPGRADE_HASH] = "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2",
    [SQL_USER_CHANGE_HASH] = "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND (?2 IS NULL OR password_hash = ?2)",
    [SQL_USER_SET_DISABLED] = "UPDATE users SET disabled = ?2 WHERE id = ?1",
    [SQL_USER_LEARN] = "SELECT learn FROM users WHERE id = ?1",
    [SQL_USER_SET_LEARN] = "UPDATE users SET learn = ?2 WHERE id = ?1",
    [SQL_USER_DELETE] = "DELETE FROM users WHERE id = ?1",
    [SQL_USER_DROP_MAIL] = "DELETE FROM outbox WHERE email = " EMAIL_OF_USER,
    [SQL_USER_DROP_RESETS] = "DELETE FROM outbox WHERE kind = 1 AND email = " EMAIL_OF_USER,
    [SQL_USER_DROP_SIGN_UPS] = "DELETE FROM outbox WHERE kind = 0 AND email = " EMAIL_OF_USER,
    [SQL_USER_DROP_RESET_LINKS] = "DELETE FROM links WHERE user_id = ?1",
    [SQL_USER_DROP_SIGN_UP_LINKS] = "DELETE FROM links WHERE email = " EMAIL_OF_USER,
    [SQL_USER_DROP_DEVICES] = "DELETE FROM devices WHERE user_id = ?1",

    /* From users, so that an account that was disabled, deleted or given another password a moment ago gets none. */
    [SQL_SESSION_ADD] = "INSERT INTO sessions (token_hash, user_id, created_at, last_seen_at, address, agent) "
                        "SELECT ?1, id, ?3, ?3, ?4, ?5 FROM users "
                        "WHERE id = ?2 AND disabled = 0 AND (?6 IS NULL OR password_hash = ?6)",
    /* Ids ascend, whatever the clock did. */
    [SQL_SESSION_TRIM] = "DELETE FROM sessions WHERE user_id = ?1 AND id NOT IN "
                         "(SELECT id FROM sessions WHERE user_id = ?1 ORDER BY id DESC LIMIT ?2)",
    [SQL_SESSION_FIND] =
        "SELECT u.id, u.email, u.created_at, u.disabled, s.id, s.created_at, s.last_seen_at "
        "FROM sessions AS s INDEXED BY sessions_lookup JOIN users AS u ON u.id = s.user_id WHERE s.token_hash = ?1",
    [SQL_SESSION_EACH] = "SELECT id, created_at, last_seen_at, token_hash = ?2, address, agent FROM sessions "
                         "WHERE user_id = ?1 ORDER BY last_seen_at DESC, id DESC",
    [SQL_SESSION_TOUCH] = "UPDATE sessions SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at < ?2",
    [SQL_SESSION_END] = "DELETE FROM sessions WHERE token_hash = ?1",
    [SQL_SESSION_END_ID] = "DELETE FROM sessions WHERE id = ?2 AND user_id = ?1",
    [SQL_SESSION_END_ALL] = "DELETE FROM sessions WHERE user_id = ?1 AND (?2 IS NULL OR token_hash <> ?2)",

    [SQL_TOKEN_COUNT] = "SELECT count(*) FROM tokens WHERE user_id = ?1",
    [SQL_TOKEN_ADD] = "INSERT INTO tokens (token_hash, user_id, name, scopes, created_at, expires_at, last_used_at) "
                      "SELECT ?1, id, ?3, ?4, ?5, ?6, 0 FROM users WHERE id = ?2",
    [SQL_TOKEN_FIND] = "SELECT u.id, u.email, u.created_at, u.disabled, t.id, t.user_id, t.created_at, t.expires_at, "
                       "t.last_used_at, t.scopes, t.name "
                       "FROM tokens AS t JOIN users AS u ON u.id = t.user_id WHERE t.token_hash = ?1",
    [SQL_TOKEN_EACH] = "SELECT " TOKEN_COLUMNS " FROM tokens WHERE user_id = ?1 ORDER BY id",
    [SQL_TOKEN_TOUCH] = "UPDATE tokens SET last_used_at = ?2 WHERE id = ?1",
    [SQL_TOKEN_REVOKE] = "DELETE FROM tokens WHERE id = ?2 AND user_id = ?1",

    [SQL_INVITE_ADD] = "INSERT INTO invites (invite_hash, note, uses_left, created_at, expires_at) "
                       "VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_INVITE_FIND] = "SELECT id, created_at, expires_at, uses_left, note FROM invites WHERE invite_hash = ?1",
    [SQL_INVITE_EACH] = "SELECT id, created_at, expires_at, uses_left, note FROM invites WHERE id > ?1 "
                        "ORDER BY id LIMIT ?2",
    [SQL_INVITE_TAKE] = "UPDATE invites SET uses_left = uses_left - 1 WHERE id = ?1",
    [SQL_INVITE_REVOKE] = "DELETE FROM invites WHERE id = ?1",

    [SQL_MAIL_COUNT] = "SELECT count(*) FROM outbox", /* never more than STORE_OUTBOX_MAX */
    [SQL_MAIL_PUT] = "INSERT INTO outbox (kind, email, invite_hash, created_at, due_at) VALUES (?1, ?2, ?3, ?4, ?4)",
    [SQL_MAIL_DROP_SAME] = "DELETE FROM outbox WHERE email = ?1 AND kind = ?2 AND invite_hash IS ?3",
    /* Due, or due so far ahead that the clock must have been set back since. */
    [SQL_MAIL_NEXT] = "SELECT id FROM outbox WHERE due_at > ?2 UNION ALL "
                      "SELECT id FROM (SELECT id FROM outbox WHERE due_at <= ?1 ORDER BY due_at, id LIMIT 1) LIMIT 1",
    [SQL_MAIL_FIND] = "SELECT id, created_at, kind, tries, email FROM outbox WHERE id = ?1",
    [SQL_MAIL_AGAIN] = "UPDATE outbox SET tries = tries + 1, due_at = ?2 WHERE id = ?1",
    [SQL_MAIL_DROP] = "DELETE FROM outbox WHERE id = ?1",

    [SQL_LINK_ADD_SIGN_UP] = "INSERT INTO links (link_hash, kind, email, invite_hash, mail_id, created_at, expires_at) "
                             "SELECT ?1, 0, email, invite_hash, id, ?3, ?4 FROM outbox WHERE id = ?2 AND kind = 0",
    [SQL_LINK_ADD_RESET] = "INSERT INTO links (link_hash, kind, user_id, mail_id, created_at, expires_at) "
                           "SELECT ?1, 1, id, ?3, ?4, ?5 FROM users WHERE id = ?2",
    [SQL_LINK_FIND] = "SELECT id, kind, created_at, expires_at, user_id, email, invite_hash "
                      "FROM links WHERE link_hash = ?1",
    [SQL_LINK_DROP] = "DELETE FROM links WHERE id = ?1",
    [SQL_LINK_DROP_OF_MAIL] = "DELETE FROM links WHERE mail_id = ?1",

    [SQL_THROTTLE_FIND] = "SELECT failures, failed_at FROM throttles WHERE key_hash = ?1",
    [SQL_THROTTLE_PUT] = "INSERT INTO throttles (key_hash, failures, failed_at) VALUES (?1, ?2, ?3)",
    [SQL_THROTTLE_TRIM] = "DELETE FROM throttles WHERE id <= (SELECT max(id) FROM throttles) - ?1",
    [SQL_THROTTLE_DROP] = "DELETE FROM throttles WHERE key_hash = ?1",

    [SQL_DEVICE_PUT] = "INSERT INTO devices (device_hash, user_id, used_at) SELECT ?1, id, ?3 FROM users WHERE id = ?2",
    [SQL_DEVICE_TRIM] = "DELETE FROM devices WHERE user_id = ?1 AND id NOT IN "
                        "(SELECT id FROM devices WHERE user_id = ?1 ORDER BY id DESC LIMIT ?2)",
    [SQL_DEVICE_FIND] = "SELECT d.id, d.used_at FROM users AS u JOIN devices AS d ON d.user_id = u.id "
                        "WHERE u.email = ?2 AND d.device_hash = ?1",
    [SQL_DEVICE_DROP] = "DELETE FROM devices WHERE user_id = ?2 AND device_hash = ?1",
    [SQL_DEVICE_FORGET] = "DELETE FROM devices WHERE id = ?1",

    /* A filter that is -1 is none. All of it is decided in the two indexes, whose rows come in order and are merged;
     * only what is answered is read. Of a number only the id and the digits: it is read by itself (SQL_NUMBER_FIND). */
    [SQL_ANSWER_PAGE] = "SELECT " HISTORY_COLUMNS ", 0 FROM " OF_USER(
        "history") " AND id < ?2 "
                   "AND (?3 < 0 OR (NOT no_digit AND ifnull(label, digit) = ?3)) "
                   "AND (?4 < 0 OR " HISTORY_IS_CHECKED " = ?4) AND (?5 < 0 OR status = ?5) "
                   "UNION ALL SELECT id, 0, '', 0, -1, -1, 0, NULL, NULL, 0, digits FROM " OF_USER(
                       "numbers") " AND id < ?2 "
                                  "AND (?3 < 0 OR holds & (1 << ?3)) AND (?4 < 0 OR (checked > 0) = ?4) "
                                  "AND (?5 < 0 OR status = CASE ?5 WHEN 3 THEN 0 WHEN 1 THEN 1 ELSE -1 END) ORDER BY "
                                  "id DESC LIMIT ?6",
    [SQL_ANSWER_OLDEST] = "SELECT id, 1 FROM " OF_USER("history") " AND id <= ?2 UNION ALL "
                                                                  "SELECT id, digits FROM " OF_USER(
                                                                      "numbers") " AND id <= ?2 ORDER BY id LIMIT ?3",
    [SQL_ANSWER_KEPT] =
        "SELECT count(*) + (SELECT ifnull(sum(digits), 0) FROM " OF_USER("numbers") ") FROM " OF_USER("history"),
    [SQL_ANSWER_COUNT] =
        "SELECT sum(kept), sum(checked), sum(confirmed) FROM (SELECT count(*) AS kept, "
        "ifnull(sum" HISTORY_IS_CHECKED ", 0) AS checked, "
        "ifnull(sum(iif(no_digit, digit IS NULL, label IS digit AND label IS NOT NULL)), 0) AS confirmed "
        "FROM " OF_USER("history") " UNION ALL SELECT ifnull(sum(digits), 0), ifnull(sum(checked), 0), "
                                   "ifnull(sum(confirmed), 0) FROM " OF_USER("numbers") ")",

    /* From users, so that an account that was deleted a moment ago gets none. */
    [SQL_HISTORY_ADD] =
        "INSERT INTO history (id, user_id, created_at, name, status, digit, confidence, probabilities, picture, "
        "unsure_because) SELECT " ANSWER_ID ", id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif(?9, 0) FROM users WHERE id = ?1",
    [SQL_HISTORY_FIND] = "SELECT " HISTORY_COLUMNS " FROM history WHERE id = ?2 AND user_id = ?1",
    [SQL_HISTORY_LABEL] = "UPDATE history SET label = iif(?3 BETWEEN 0 AND 9, ?3, NULL), no_digit = (?3 = 10) "
                          "WHERE id = ?2 AND user_id = ?1",
    [SQL_HISTORY_DROP] = "DELETE FROM history WHERE id = ?2 AND user_id = ?1",
    [SQL_HISTORY_DROP_TO] = "DELETE FROM history WHERE user_id = ?1 AND id <= ?2",

    [SQL_NUMBER_ADD] = "INSERT INTO numbers (id, user_id, created_at, name, status, confidence, text, digits, holds) "
                       "SELECT " ANSWER_ID ", id, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM users WHERE id = ?1",
    [SQL_NUMBER_ADD_DIGIT] = "INSERT INTO number_digits (number_id, place, line, digit, confidence, probabilities, "
                             "picture, x, y, width, height) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [SQL_NUMBER_FIND] = "SELECT id, created_at, name, status, confidence, text, ifnull(label, ''), loose, digits "
                        "FROM numbers WHERE id = ?2 AND user_id = ?1",
    [SQL_NUMBER_DIGITS] = "SELECT " PLACE_COLUMNS ", line, confidence, probabilities, picture, x, y, width, height "
                          "FROM number_digits WHERE number_id = ?1 ORDER BY place",
    [SQL_NUMBER_PLACES] = "SELECT " PLACE_COLUMNS " FROM number_digits WHERE number_id = ?1 ORDER BY place",
    [SQL_NUMBER_LABEL] = "UPDATE numbers SET label = nullif(?2, ''), loose = ?3, checked = ?4, confirmed = ?5, "
                         "holds = ?6 WHERE id = ?1",
    [SQL_NUMBER_LABEL_PLACE] = "UPDATE number_digits SET label = iif(?3 BETWEEN 0 AND 9, ?3, NULL), "
                               "no_digit = (?3 = 10), split = nullif(?4, '') WHERE number_id = ?1 AND place = ?2",
    [SQL_NUMBER_DROP] = "DELETE FROM numbers WHERE id = ?2 AND user_id = ?1",
    [SQL_NUMBER_DROP_TO] = "DELETE FROM numbers WHERE user_id = ?1 AND id <= ?2",

    [SQL_SESSION_PURGE_FIND] = FIRST(SESSIONS_EXPIRED),
    [SQL_SESSION_PURGE] = "DELETE FROM sessions" SOME(SESSIONS_EXPIRED),
    [SQL_TOKEN_PURGE_FIND] = FIRST(TOKENS_EXPIRED),
    [SQL_TOKEN_PURGE] = "DELETE FROM tokens" SOME(TOKENS_EXPIRED),
    [SQL_INVITE_PURGE_FIND] = FIRST(INVITES_EXPIRED),
    [SQL_INVITE_PURGE] = "DELETE FROM invites" SOME(INVITES_EXPIRED),
    [SQL_LINK_PURGE_FIND] = FIRST(LINKS_EXPIRED),
    [SQL_LINK_PURGE] = "DELETE FROM links" SOME(LINKS_EXPIRED),
    [SQL_MAIL_PURGE_FIND] = FIRST(MAIL_OLD),
    [SQL_MAIL_PURGE] = "DELETE FROM outbox" SOME(MAIL_OLD),
    [SQL_DEVICE_PURGE_FIND] = FIRST(DEVICES_OLD),
    [SQL_DEVICE_PURGE] = "DELETE FROM devices" SOME(DEVICES_OLD),
    [SQL_THROTTLE_PURGE_FIND] = FIRST(THROTTLES_OLD),
    [SQL_THROTTLE_PURGE] = "DELETE FROM throttles" SOME(THROTTLES_OLD),
    [SQL_THROTTLE_MEND_FIND] = FIRST(THROTTLES_AHEAD),
    [SQL_THROTTLE_MEND] = "UPDATE throttles SET failed_at = ?1" SOME(THROTTLES_AHEAD),
};
