-- Version 6: the costs of the passwords' hashes. Every wrong password takes one hash of each cost that occurs, so that its
-- time does not tell an account whose hash is older than the setting from an address without one; they are looked up at
-- every one of them. A yescrypt hash begins with its cost: "$y$jCT$".

CREATE INDEX users_by_cost ON users (substr(password_hash, 1, 7));

PRAGMA user_version = 6;
