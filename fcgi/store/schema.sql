-- Version 1 of the database. Released versions are never edited: a change is a further migration (store_schema.c).
-- Times are whole seconds since 1970-01-01 UTC. Rows are numbered by AUTOINCREMENT, so that the number of a deleted
-- account never comes to mean somebody else.

PRAGMA application_id = 1684501604; -- "dgtd"

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    email         TEXT    NOT NULL UNIQUE CHECK (length(email) > 0), -- as store_email_normalise leaves it
    password_hash TEXT    NOT NULL,                                  -- of crypt(3)
    created_at    INTEGER NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1))
) STRICT;

-- The cookie's value is not here, only its SHA-256: who reads this table cannot log in with it.
CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash   BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL, -- up to 5 minutes late
    address      TEXT    NOT NULL,
    agent        TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id);
-- These two are for housekeeping, which looks for what has expired.
CREATE INDEX sessions_by_created ON sessions (created_at);
CREATE INDEX sessions_by_last_seen ON sessions (last_seen_at);

PRAGMA user_version = 1;
