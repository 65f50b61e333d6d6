/* Shared by the parts of the store. Nobody outside fcgi/store and its tests includes this.
 *
 *   store.c            opening, closing, the settings of a connection
 *   store_schema.c     the schema and its migrations
 *   store_sql.c        every statement
 *   store_present.c    whether the files are still there; the mapping and logging of failures
 *   store_query.c      running a statement and reading its rows
 *   store_write.c      the writer's lock, transactions, changes
 *   store_housekeep.c  purging, readiness
 *   store_checkpoint.c copying the WAL back
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
    STORE_TOUCH_MS = 50,            /* how long a background write may wait for the lock */
    STORE_TOUCH_EVERY_S = 300,      /* last_seen is updated if it is older than this */
    STORE_TOUCH_PAUSE_US = 5000000, /* after a background write failed */
    STORE_CLOCK_SLACK_S = 300,      /* how far in the future a time in a row may be */
    STORE_PURGE_ROWS = 200,         /* in one transaction of housekeeping */
    STORE_PURGE_STEPS = 10,         /* such transactions in one call */
    STORE_WRITTEN_US = 10000000,    /* how long a commit proves that the disk takes writes */
    STORE_WAL_ALARM_BYTES = 64 * 1024 * 1024,
    STORE_QUICK_CHECK_BYTES =
        64 * 1024 * 1024,             /* at start-up, files up to this size are checked page by page: under a second */
    STORE_APPLICATION_ID = 0x64677464 /* "dgtd"; as in schema.sql */
};

/* The files that SQLite keeps next to the database while it is open. */
enum store_beside { BESIDE_WAL, BESIDE_SHM, BESIDE_COUNT };

struct store {
    sqlite3 *db;
    sqlite3_stmt *sql[SQL_COUNT];
    char
        path[STORE_PATH_MAX]; /* of the database, with symbolic links resolved: one file, one lock, whatever its name */
    char beside[BESIDE_COUNT][STORE_PATH_MAX];
    ino_t beside_ino[BESIDE_COUNT]; /* 0: not known yet */
    char lock_path[STORE_PATH_MAX];
    int lock_fd;                                /* -1: none */
    bool missing;                               /* the alarm for a missing file has been logged */
    bool suspect;                               /* a read or write failed: cached pages may be bad */
    int64_t try_after_us;                       /* no background write before this (clock_mono_us) */
    int64_t written_us;                         /* when store_check_writable last committed; 0: it has not, or failed */
    int64_t wal_alarm_us;                       /* when the alarm for a large WAL was last logged; 0: never */
    void (*on_long_copy)(void *ctx, bool busy); /* NULL: nobody wants to know */
    void *long_copy_ctx;
    bool (*end_is_asked)(void); /* NULL: never */
};

/* One migration step; sql ends with PRAGMA user_version = version. */
struct store_migration {
    int version;
    const char *sql;
};
/* The schema version of this program. */
int store_schema_version(void);
/* Migrates the database to the current schema, one transaction for each step. The caller holds the writer's lock.
 * ERR_UNSUPPORTED: newer than this program; ERR_FORMAT: another program's database, or damaged. */
enum err store_schema_migrate(struct store *s, struct why *why);
/* The same with other steps (in ascending order), for tests. */
enum err store_migrate(struct store *s, const struct store_migration *steps, size_t n, struct why *why);
/* The error for SQLite's result code at start-up, with the connection's message in why. */
enum err store_refuse(struct store *s, int rc, struct why *why);
/* Reads the number that a PRAGMA returns. */
int store_pragma_int(sqlite3 *db, const char *pragma, int *out);

/* Opens the lock file if necessary, and takes the lock. ERR_BUSY after wait_ms. store_unlock releases it. */
enum err store_lock(struct store *s, int wait_ms);
void store_unlock(struct store *s);
/* OK, or ERR_IO and an alarm if the open file is no longer the one at its path. */
enum err store_present(struct store *s);
/* Takes the lock and runs BEGIN IMMEDIATE. After OK, call store_end. */
enum err store_begin(struct store *s, int wait_ms);
/* Commits if e is OK, otherwise rolls back; releases the lock. Returns e, or the error of the commit. */
enum err store_end(struct store *s, enum err e);
/* store_begin for a background write: gives up soon, and then does not try again for a while. */
enum err store_begin_idle(struct store *s);

/* Copies the WAL back and truncates it (store_housekeep). store_checkpoint_locked: as much as can be done in 250 ms;
 * the caller holds the writer's lock. *left: there is more. */
enum err store_checkpoint(struct store *s);
enum err store_checkpoint_locked(struct store *s, bool *left);
int64_t store_wal_bytes(const struct store *s); /* 0: none */

/* Maps SQLite's result code to an error, and logs it with SQLite's message. */
enum err store_fail(struct store *s, int rc, const char *op);

/* Reads the columns id, email, created_at, disabled, starting at column first. */
void store_user_read(sqlite3_stmt *st, int first, struct store_user *user);
/* Adds an account inside the caller's transaction; email must be normalised. */
enum err store_user_insert(struct store *s, const char *email, const char *password_hash, struct store_user *user);
/* Inside a transaction: sets the hash, ends the sessions, forgets the devices, voids reset links and reset mail.
 * ERR_NOT_FOUND: no such user, or the hash is not old_hash (NULL: any). */
enum err store_user_renew(struct store *s, int64_t user_id, const char *old_hash, const char *password_hash);
/* Uses up one use of an invitation, inside a transaction. ERR_DENIED: it is no longer valid. */
enum err store_invite_take(struct store *s, const uint8_t hash[DIGEST_BYTES]);
/* Whether something has expired (expires_at_s 0: never does), or seems to have been created in the future: then the
 * clock was set back and its age is unknown. */
bool store_expired(int64_t created_at_s, int64_t expires_at_s, int64_t now_s);

/* Copies text that a client sent, cut at a character boundary to fit; anything but visible UTF-8 becomes '?'. NULL is
 * "". */
void store_text_keep(const char *in, char *out, size_t room);

#endif
