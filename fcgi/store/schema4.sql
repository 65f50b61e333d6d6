-- Version 4: whether the site may learn from an account's digits. The rules of schema.sql hold.

-- 1: the user has allowed it. Nobody has, until they say so.
ALTER TABLE users ADD COLUMN learn INTEGER NOT NULL DEFAULT 0 CHECK (learn IN (0, 1));

PRAGMA user_version = 4;
