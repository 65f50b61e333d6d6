-- Version 2: tokens for programs, mail and its links, invitations, failures that are counted, devices, the history.
-- The rules of schema.sql hold. A time that is 0 where that is said means never. Every secret is kept as SHA-256 only,
-- and every column that housekeeping asks for has an index.

-- Every request of a visitor looks its session up: by this index alone, without reading the session's row, which at a
-- million users lies on a page of its own.
CREATE INDEX sessions_lookup ON sessions (token_hash, user_id, created_at, last_seen_at);

-- What a program shows instead of a cookie.
CREATE TABLE tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash   BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    scopes       INTEGER NOT NULL CHECK (scopes BETWEEN 1 AND 3), -- 1 classify, 2 history
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL, -- 0: never
    last_used_at INTEGER NOT NULL  -- 0: never; up to 5 minutes late
) STRICT;
CREATE INDEX tokens_by_user ON tokens (user_id);
CREATE INDEX tokens_by_created ON tokens (created_at) WHERE expires_at > 0;
CREATE INDEX tokens_by_expires ON tokens (expires_at) WHERE expires_at > 0;

-- An invitation that has no use left is deleted.
CREATE TABLE invites (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    invite_hash BLOB    NOT NULL UNIQUE CHECK (length(invite_hash) = 32),
    note        TEXT    NOT NULL,
    uses_left   INTEGER NOT NULL CHECK (uses_left > 0),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL -- 0: never
) STRICT;
CREATE INDEX invites_by_created ON invites (created_at) WHERE expires_at > 0;
CREATE INDEX invites_by_expires ON invites (expires_at) WHERE expires_at > 0;

-- Mail that waits for `digitctl mail run`. A row says nothing of whether the address has an account.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        INTEGER NOT NULL CHECK (kind IN (0, 1)), -- 0 sign-up, 1 reset
    email       TEXT    NOT NULL CHECK (length(email) > 0),
    invite_hash BLOB    CHECK (length(invite_hash) = 32), -- of a sign-up by invitation
    created_at  INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0,
    CHECK (kind = 0 OR invite_hash IS NULL)
) STRICT;
-- Two that are alike in these are the same mail, whoever asked for them.
CREATE UNIQUE INDEX outbox_same ON outbox (email, kind, ifnull(invite_hash, x''));
CREATE INDEX outbox_by_created ON outbox (created_at);
CREATE INDEX outbox_by_due ON outbox (due_at);

-- What a mail's link is known by. One that was used is deleted. A sign-up's has no password: whoever opens the link
-- chooses it, since whoever asked for it may be somebody else.
CREATE TABLE links (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    link_hash   BLOB    NOT NULL UNIQUE CHECK (length(link_hash) = 32),
    kind        INTEGER NOT NULL CHECK (kind IN (0, 1)),
    user_id     INTEGER REFERENCES users (id) ON DELETE CASCADE, -- of a reset
    email       TEXT,                                            -- of a sign-up, as the next one
    invite_hash BLOB    CHECK (length(invite_hash) = 32),
    mail_id     INTEGER, -- the row of the outbox that it was made for; that row goes before
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    CHECK ((kind = 0) = (email IS NOT NULL)),
    CHECK ((kind = 1) = (user_id IS NOT NULL)),
    CHECK (kind = 0 OR invite_hash IS NULL)
) STRICT;
CREATE INDEX links_by_user ON links (user_id);
CREATE INDEX links_by_email ON links (email);
CREATE INDEX links_by_mail ON links (mail_id);
CREATE INDEX links_by_created ON links (created_at);
CREATE INDEX links_by_expires ON links (expires_at);

-- Failed tries. A further failure gives its row the highest number, so that the numbers are in order of age, whatever
-- the clock did, and a row number tells how many failures came after it.
CREATE TABLE throttles (
    id        INTEGER PRIMARY KEY,
    key_hash  BLOB    NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    failures  INTEGER NOT NULL CHECK (failures > 0),
    failed_at INTEGER NOT NULL -- the last of them
) STRICT;
CREATE INDEX throttles_by_failed ON throttles (failed_at);

-- Browsers that have signed in before. One that two people use has a row for each.
CREATE TABLE devices (
    id          INTEGER PRIMARY KEY, -- ascends with use, as that of throttles
    device_hash BLOB    NOT NULL CHECK (length(device_hash) = 32),
    user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    used_at     INTEGER NOT NULL,
    UNIQUE (user_id, device_hash)
) STRICT;
CREATE INDEX devices_by_used ON devices (used_at);

-- What was read, where the visitor wanted it kept. Never the upload, only what the network saw of it.
CREATE TABLE history (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at    INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    status        INTEGER NOT NULL CHECK (status IN (0, 1, 2)), -- 0 digit, 1 unsure, 2 not a digit
    digit         INTEGER CHECK (digit BETWEEN 0 AND 9),        -- NULL: not a digit
    label         INTEGER CHECK (label BETWEEN 0 AND 9),        -- the visitor's correction
    confidence    REAL    NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    probabilities BLOB    NOT NULL CHECK (length(probabilities) = 40), -- ten floats, little-endian
    picture       BLOB    NOT NULL CHECK (length(picture) = 784),      -- [28][28]
    CHECK ((status = 2) = (digit IS NULL))
) STRICT;
-- One index for every question: newest first by id, and the filters are decided without reading the rows, of which a
-- page holds four. Nothing is asked across users.
CREATE INDEX history_by_user ON history (user_id, id, status, digit, label);

PRAGMA user_version = 2;
