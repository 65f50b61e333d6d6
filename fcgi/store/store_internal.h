/* What the parts of the store share. Nobody outside fcgi/store (and its tests) includes this.
 *
 *   store.c            opening, closing, the settings of a connection
 *   store_schema.c     the schema and its migrations
 *   store_sql.c        every statement
 *   store_write.c      the writer's lock, transactions, the mapping and logging of failures
 *   store_housekeep.c  purging, checkpoints, readiness
 *   store_user.c, store_session.c   the questions
 *   store_text.c       e-mail addresses, and text that clients send */
#ifndef DIGITD_STORE_STORE_INTERNAL_H
#define DIGITD_STORE_STORE_INTERNAL_H

#include <sys/types.h>

#include <sqlite3.h>

#include "store.h"

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

/* Every statement, prepared when the store is opened. */
enum store_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_TRY_WRITE,
    SQL_USER_ADD,
    SQL_USER_BY_EMAIL,
    SQL_USER_SET_HASH,
    SQL_SESSION_ADD,
    SQL_SESSION_TRIM,
    SQL_SESSION_FIND,
    SQL_SESSION_TOUCH,
    SQL_SESSION_END,
    SQL_SESSION_PURGE_FIND,
    SQL_SESSION_PURGE,
    SQL_COUNT
};
extern const char *const store_sql_text[SQL_COUNT];

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

/* Binds in order: i int64_t, t const char *, h const uint8_t[DIGEST_BYTES]. Nothing is copied: the values must live
 * until store_reset. */
bool store_bind(sqlite3_stmt *st, const char *kinds, ...);
void store_reset(sqlite3_stmt *st);
/* Runs a bound statement that answers no rows, and resets it. A broken UNIQUE is ERR_EXISTS. */
enum err store_run(struct store *s, enum store_sql which, const char *op);
/* The error that SQLite's result code means, logged with SQLite's message. */
enum err store_fail(struct store *s, int rc, const char *op);

/* Columns id, email, created_at, disabled from column first on. */
void store_user_read(sqlite3_stmt *st, int first, struct store_user *user);

/* Copies what a client sent, cut at a character to fit; what is not UTF-8 or not visible becomes '?'. NULL is "". */
void store_text_keep(const char *in, char *out, size_t room);

#endif
