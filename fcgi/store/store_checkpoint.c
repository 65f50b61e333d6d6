/* Copies the WAL back into the database and truncates it.
 *
 * The copy is made under the writer's lock for a short time only. What is too much for that is copied without the lock,
 * while others write, for as long as the disk takes; what they have added meanwhile is less, and is copied next. So
 * nobody who writes waits longer than CHECKPOINT_HOLD_US, and the WAL shrinks however slow the disk is.
 *
 * Pitfall: SQLite up to 3.51.2 can lose commits if a checkpoint reads the WAL's header while a writer resets the WAL
 * (store_write.c). A writer resets it only if all of it has been copied. Under the lock SQLite has just said that a
 * page is left to copy (SQLITE_INTERRUPT can come from nowhere else), nobody but us copies, and new commits only add to
 * it: so nobody can reset it until we have copied the rest. The truncation itself runs under the lock. */
#include "store_internal.h"

#include <sys/stat.h>
#include <sys/time.h>

#include <signal.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    CHECKPOINT_HOLD_US = 250000, /* under the lock: an eighth of what a writer waits for it */
    CHECKPOINT_TICK_US = 20000,  /* how often the time is looked at */
    CHECKPOINT_TURNS_MAX = 16    /* each copies what was written during the one before */
};

/* The checkpoint that is running, for the handler. A process has one store that it checkpoints. */
static struct {
    const struct store *store;
    int64_t until_us; /* 0: no limit */
} watched;

/* A process that was asked to end does not finish a copy: pages that were copied in vain are copied again. */
static bool must_end(const struct store *s)
{
    return s->end_is_asked != NULL && s->end_is_asked();
}

/* sqlite3_interrupt stores one flag, and the clock may be asked in a handler, too. */
static void on_tick(int signal_number)
{
    (void)signal_number;
    if ((watched.until_us != 0 && clock_mono_us() >= watched.until_us) || must_end(watched.store))
        sqlite3_interrupt(watched.store->db);
}

/* One checkpoint, for so long at most (0: until it is done). Returns SQLite's result; SQLITE_INTERRUPT: it was stopped
 * with pages left to copy. */
static int copy_back(struct store *s, int mode, int64_t limit_us)
{
    const struct itimerval tick = {{0, CHECKPOINT_TICK_US}, {0, CHECKPOINT_TICK_US}}, none = {{0, 0}, {0, 0}};
    const struct sigaction on = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    struct sigaction before;
    int rc;

    watched.store = s;
    watched.until_us = limit_us == 0 ? 0 : clock_mono_us() + limit_us;
    (void)sigaction(SIGALRM, &on, &before);
    (void)setitimer(ITIMER_REAL, &tick, NULL);
    (void)sqlite3_busy_timeout(s->db, 0); /* readers in the way are not waited for */
    rc = sqlite3_wal_checkpoint_v2(s->db, NULL, mode, NULL, NULL);
    (void)sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
    (void)setitimer(ITIMER_REAL, &none, NULL);
    (void)sigaction(SIGALRM, &before, NULL);
    return rc;
}

static enum err copied(struct store *s, int rc)
{
    return rc == SQLITE_OK || rc == SQLITE_INTERRUPT || (rc & 0xff) == SQLITE_BUSY ? OK
                                                                                   : store_fail(s, rc, "checkpoint");
}

/* Without the lock. *rc: SQLite's result. */
static enum err copy_long(struct store *s, int *rc)
{
    int64_t began_us = clock_mono_us();
    struct log_line l;

    if (s->on_long_copy != NULL)
        s->on_long_copy(s->long_copy_ctx, false);
    *rc = copy_back(s, SQLITE_CHECKPOINT_PASSIVE, 0);
    if (s->on_long_copy != NULL)
        s->on_long_copy(s->long_copy_ctx, true);
    log_begin(&l, LOG_INFO, "wal_copied");
    log_int(&l, "bytes", store_wal_bytes(s));
    log_int(&l, "ms", (clock_mono_us() - began_us) / 1000);
    log_end(&l);
    return copied(s, *rc);
}

int64_t store_wal_bytes(const struct store *s)
{
    struct stat st;

    return stat(s->beside[BESIDE_WAL], &st) == 0 ? (int64_t)st.st_size : 0;
}

void store_on_long_copy(struct store *s, void (*on)(void *ctx, bool busy), void *ctx, bool (*end_is_asked)(void))
{
    s->on_long_copy = on;
    s->long_copy_ctx = ctx;
    s->end_is_asked = end_is_asked;
}

enum err store_checkpoint_locked(struct store *s, bool *left)
{
    int rc = copy_back(s, SQLITE_CHECKPOINT_TRUNCATE, CHECKPOINT_HOLD_US);

    *left = rc == SQLITE_INTERRUPT;
    return copied(s, rc);
}

enum err store_checkpoint(struct store *s)
{
    bool left = true;
    enum err e = OK;

    for (int turn = 0; e == OK && left && turn < CHECKPOINT_TURNS_MAX; turn++) {
        int rc = SQLITE_OK;

        e = store_lock(s, STORE_BUSY_MS);
        if (e != OK)
            break;
        e = store_checkpoint_locked(s, &left);
        store_unlock(s);
        if (e == OK && left && !must_end(s))
            e = copy_long(s, &rc);
        if (rc == SQLITE_INTERRUPT || must_end(s))
            break;
    }
    return e;
}
