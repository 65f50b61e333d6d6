/* What the parts of the store share. Nobody outside fcgi/store (and its tests) includes this.
 *
 *   store.c            opening, closing, the settings of a connection
 *   store_schema.c     the schema and its migrations
 *   store_sql.c        every statement
 *   store_present.c    whether the files are still there; the mapping and logging of failures
 *   store_query.c      running a statement and reading its rows
 *   store_write.c      the writer's lock, transactions, changes
 *   store_housekeep.c  purging, checkpoints, readiness
 *   store_text.c       e-mail addresses, and text that clients send
 *   store_age.c        what has expired, and how long sessions last
 *   store_user.c, store_session.c and the others   the questions
 *
 * The room admin/, what only digitctl asks, uses this header too. */
#ifndef DIGITD_STORE_STORE_INTERNAL_H
#define DIGITD_STORE_STORE_INTERNAL_H

#include <sys/types.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "store.h"
#include "store_query.h"
#include "store_sql.h"

enum {
    STORE_PATH_MAX = 1024,
    STORE_TOUCH_MS = 50,            /* how long a write that nobody waits for may wait for the lock */
    STORE_TOUCH_EVERY_S = 300,      /* last_seen is written when it is older */
    STORE_TOUCH_PAUSE_US = 5000000, /* after such a write failed */
    STORE_CLOCK_SLACK_S = 300,      /* how far ahead of the clock a time in a row may be */
    STORE_PURGE_ROWS = 200,         /* a transaction of housekeeping */
    STORE_PURGE_STEPS = 10,         /* such transactions a call */
    STORE_WAL_ALARM_BYTES = 64 * 1024 * 1024,
    STORE_QUICK_CHECK_BYTES = 64 * 1024 * 1024, /* a start checks files up to this size page by page: under a second */
    STORE_APPLICATION_ID = 0x64677464           /* "dgtd"; as in schema.sql */
};

/* The files beside the database that SQLite keeps while it is open. */
enum store_beside { BESIDE_WAL, BESIDE_SHM, BESIDE_COUNT };

struct store {
    sqlite3 *db;
    sqlite3_stmt *sql[SQL_COUNT];
    char path[STORE_PATH_MAX]; /* of the database, symbolic links followed: one file, one lock, however it is named */
    char beside[BESIDE_COUNT][STORE_PATH_MAX];
    ino_t beside_ino[BESIDE_COUNT]; /* 0: not looked at yet */
    char lock_path[STORE_PATH_MAX];
    int lock_fd;          /* -1: none */
    bool missing;         /* the alarm for a vanished file has been logged */
    bool suspect;         /* a read or write failed: pages kept in memory may be bad ones */
    int64_t try_after_us; /* no write that nobody waits for before this (clock_mono_us) */
    int64_t wal_alarm_us; /* when the alarm for a large WAL was last logged; 0: never */
};

/* One step of the schema: sql ends with PRAGMA user_version = version. */
struct store_migration {
    int version;
    const char *sql;
};
/* This program's schema. */
int store_schema_version(void);
/* Brings the database up to the schema, one transaction a step. The caller holds the writer's lock. ERR_UNSUPPORTED:
 * newer than this program; ERR_FORMAT: another program's database, or damaged. */
enum err store_schema_migrate(struct store *s, struct why *why);
/* The same with another list of steps (ascending), for tests. */
enum err store_migrate(struct store *s, const struct store_migration *steps, size_t n, struct why *why);
/* What a start says about SQLite's result code. The message is the connection's. */
enum err store_refuse(struct store *s, int rc, struct why *why);
/* The number that a PRAGMA answers. */
int store_pragma_int(sqlite3 *db, const char *pragma, int *out);

/* Opens the lock file, and takes or releases the lock. ERR_BUSY after wait_ms. */
enum err store_lock(struct store *s, int wait_ms);
void store_unlock(struct store *s);
/* OK, or ERR_IO and an alarm when the file that was opened is no longer the one at its path. */
enum err store_present(struct store *s);
/* Lock and BEGIN IMMEDIATE. After OK, store_end must follow. */
enum err store_begin(struct store *s, int wait_ms);
/* Commits when e is OK, else rolls back; releases the lock. Returns e, or the failure of the commit. */
enum err store_end(struct store *s, enum err e);
/* Like store_begin for a write that nobody waits for: gives up soon, and for a while after it gave up. */
enum err store_begin_idle(struct store *s);

/* The error that SQLite's result code means, logged with SQLite's message. */
enum err store_fail(struct store *s, int rc, const char *op);

/* Columns id, email, created_at, disabled from column first on. */
void store_user_read(sqlite3_stmt *st, int first, struct store_user *user);
/* Adds an account inside a transaction of the caller's; email is normalised already. */
enum err store_user_insert(struct store *s, const char *email, const char *password_hash, struct store_user *user);
/* Sets the hash, ends the sessions, forgets the devices, voids links and mail for a reset; inside a transaction.
 * ERR_NOT_FOUND: no such user, or the hash is not old_hash (NULL: whatever it is). */
enum err store_user_renew(struct store *s, int64_t user_id, const char *old_hash, const char *password_hash);
/* Takes one use of an invitation, inside a transaction. ERR_DENIED: it is good no more. */
enum err store_invite_take(struct store *s, const uint8_t hash[DIGEST_BYTES]);
/* Whether what was made then is to end: it has expired (0: never does), or seems made in the future, since the clock
 * was set back and nobody can tell how old it is. */
bool store_expired(int64_t created_at_s, int64_t expires_at_s, int64_t now_s);

/* Copies what a client sent, cut at a character to fit; what is not UTF-8 or not visible becomes '?'. NULL is "". */
void store_text_keep(const char *in, char *out, size_t room);

#endif
