-- Version 5: numbers in the history: answers of several digits, a row for each number and one for each of its digits.
-- The rules of schema.sql hold. The ids of history and numbers are one sequence (store_sql.c), so that an answer is
-- known by its id alone, whichever kind it is of, and the newest is the one with the highest.

CREATE TABLE numbers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    status     INTEGER NOT NULL CHECK (status IN (0, 1)), -- 0 read, 1 unsure
    confidence REAL    NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    text       TEXT    NOT NULL CHECK (length(text) BETWEEN 1 AND 2112), -- as it was read, with marks, spaces and rows
    -- The whole text, where the user has sent it; its digits are then those of number_digits, unless it is loose: then
    -- it has more or fewer, and says nothing of any one of them.
    label      TEXT    CHECK (length(label) BETWEEN 1 AND 2112),
    loose      INTEGER NOT NULL DEFAULT 0 CHECK (loose IN (0, 1) AND (loose = 0 OR label IS NOT NULL)),
    -- What pages filter by and counts add up, so that neither reads a digit. number_text.h says how they follow.
    digits     INTEGER NOT NULL CHECK (digits BETWEEN 1 AND 256),
    checked    INTEGER NOT NULL DEFAULT 0 CHECK (checked BETWEEN 0 AND digits),
    confirmed  INTEGER NOT NULL DEFAULT 0 CHECK (confirmed BETWEEN 0 AND checked),
    holds      INTEGER NOT NULL CHECK (holds BETWEEN 0 AND 1023) -- bit d: the corrected text has the digit d
) STRICT;
-- One index for every question, as history_by_user is.
CREATE INDEX numbers_by_user ON numbers (user_id, id, status, holds, digits, checked, confirmed);

-- Not WITHOUT ROWID: a row is near a kilobyte, of which an inner page of such a tree would hold four.
CREATE TABLE number_digits (
    number_id     INTEGER NOT NULL REFERENCES numbers (id) ON DELETE CASCADE,
    place         INTEGER NOT NULL CHECK (place BETWEEN 0 AND 255), -- in the text, marks not counted
    line          INTEGER NOT NULL CHECK (line BETWEEN 0 AND 63),   -- of the text
    digit         INTEGER NOT NULL CHECK (digit BETWEEN 0 AND 9),   -- as it was read
    -- What the user says the box shows: a digit, or none, or (split) two or three of them. All NULL and 0: nothing.
    label         INTEGER CHECK (label BETWEEN 0 AND 9),
    no_digit      INTEGER NOT NULL DEFAULT 0 CHECK (no_digit IN (0, 1) AND (no_digit = 0 OR label IS NULL)),
    split         TEXT    CHECK (split IS NULL OR (label IS NULL AND no_digit = 0 AND
                                 (split GLOB '[0-9][0-9]' OR split GLOB '[0-9][0-9][0-9]'))),
    confidence    REAL    NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    probabilities BLOB    NOT NULL CHECK (length(probabilities) = 40), -- ten floats, little-endian
    picture       BLOB    NOT NULL CHECK (length(picture) = 784),      -- [28][28]
    -- Its box in the picture that was sent, in px.
    x             INTEGER NOT NULL CHECK (x >= 0),
    y             INTEGER NOT NULL CHECK (y >= 0),
    width         INTEGER NOT NULL CHECK (width >= 0),
    height        INTEGER NOT NULL CHECK (height >= 0),
    PRIMARY KEY (number_id, place)
) STRICT;

PRAGMA user_version = 5;
