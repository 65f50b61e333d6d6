-- Version 3: what a visitor says of an answer may also be that it shows no digit, and an answer keeps why it was unsure.
-- Columns of their own, so that the table need not be copied: label stays a digit, which is what a network is trained
-- with. An answer is checked if it has a label or no_digit is 1.

ALTER TABLE history ADD COLUMN no_digit INTEGER NOT NULL DEFAULT 0
    CHECK (no_digit IN (0, 1) AND (no_digit = 0 OR label IS NULL));
-- 1 confidence, 2 unfamiliar, 3 both; NULL: not unsure, or from before this version.
ALTER TABLE history ADD COLUMN unsure_because INTEGER
    CHECK (unsure_because IS NULL OR (unsure_because IN (1, 2, 3) AND status = 1));

-- The filters are decided in the index.
DROP INDEX history_by_user;
CREATE INDEX history_by_user ON history (user_id, id, status, digit, label, no_digit);

PRAGMA user_version = 3;
