/* Housekeeping: deletes what has expired, in small steps so that a login never waits long for the lock; has the WAL
 * copied back; checks readiness. */
#include "store_internal.h"

#include <sys/statvfs.h>

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store_mail.h"

enum { WAL_ALARM_EVERY_US = 60 * 1000000 };

/* What is deleted or repaired: one statement checks whether there is anything, so that the lock is taken only then, and
 * one does a small step of it. */
static const struct purge {
    enum store_sql find, step;
    const char *op;
} purges[] = {
    {SQL_SESSION_PURGE_FIND, SQL_SESSION_PURGE, "session_purge"},
    {SQL_TOKEN_PURGE_FIND, SQL_TOKEN_PURGE, "token_purge"},
    {SQL_INVITE_PURGE_FIND, SQL_INVITE_PURGE, "invite_purge"},
    {SQL_LINK_PURGE_FIND, SQL_LINK_PURGE, "link_purge"},
    {SQL_MAIL_PURGE_FIND, SQL_MAIL_PURGE, "mail_purge"},
    {SQL_DEVICE_PURGE_FIND, SQL_DEVICE_PURGE, "device_purge"},
    {SQL_THROTTLE_PURGE_FIND, SQL_THROTTLE_PURGE, "throttle_purge"},
    {SQL_THROTTLE_MEND_FIND, SQL_THROTTLE_MEND, "throttle_mend"},
};

/* The numbers listed in store_sql.c; each statement binds as many as it uses. */
static void purge_bind(sqlite3_stmt *st, const struct store_session_rule *rule)
{
    const int64_t now_s = clock_wall_s();
    const int64_t value[] = {now_s,
                             now_s + STORE_CLOCK_SLACK_S,
                             STORE_PURGE_ROWS,
                             now_s - rule->idle_s,
                             now_s - rule->max_s,
                             now_s - STORE_DEVICE_S,
                             now_s - STORE_THROTTLE_S,
                             now_s - STORE_MAIL_KEPT_S};
    int n = sqlite3_bind_parameter_count(st);

    for (int i = 0; i < n && i < (int)(sizeof(value) / sizeof(value[0])); i++)
        (void)sqlite3_bind_int64(st, i + 1, value[i]);
}

static enum err purge_wanted(struct store *s, const struct purge *p, const struct store_session_rule *rule,
                             bool *wanted)
{
    sqlite3_stmt *st = s->sql[p->find];
    enum err e = OK;
    int rc;

    purge_bind(st, rule);
    rc = sqlite3_step(st);
    *wanted = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        e = store_fail(s, rc, p->op);
    store_reset(st);
    return e;
}

static enum err purge_run(struct store *s, const struct purge *p, const struct store_session_rule *rule)
{
    bool wanted = true;
    enum err e = OK;

    for (int step = 0; e == OK && step < STORE_PURGE_STEPS; step++) {
        e = purge_wanted(s, p, rule, &wanted);
        if (e != OK || !wanted)
            break;
        e = store_begin(s, STORE_BUSY_MS);
        if (e != OK)
            break;
        purge_bind(s->sql[p->step], rule);
        e = store_end(s, store_run(s, p->step, p->op));
    }
    return e;
}

/* Each kind gets its turn, also when another one failed. */
static enum err purge_all(struct store *s, const struct store_session_rule *rule)
{
    enum err first = OK;

    for (size_t i = 0; i < sizeof(purges) / sizeof(purges[0]); i++) {
        enum err e = purge_run(s, &purges[i], rule);

        if (first == OK)
            first = e;
        if (e == ERR_BUSY)
            break; /* the others would wait as long */
    }
    return first;
}

/* A reader that never ends makes the WAL grow without limit, and no checkpoint can help: alert the administrator. */
static void wal_alarm(struct store *s, int64_t bytes)
{
    int64_t now_us = clock_mono_us();
    struct log_line l;

    if (bytes <= STORE_WAL_ALARM_BYTES) {
        s->wal_alarm_us = 0;
        return;
    }
    if (s->wal_alarm_us != 0 && now_us - s->wal_alarm_us < WAL_ALARM_EVERY_US)
        return;
    s->wal_alarm_us = now_us;
    log_begin(&l, LOG_ERROR, "wal_too_large");
    log_int(&l, "bytes", bytes);
    log_str(
        &l, "detail",
        "the write-ahead log cannot be truncated: a process keeps a read transaction open, or the disk is slower than "
        "what is written");
    log_end(&l);
}

enum err store_housekeep(struct store *s, const struct store_session_rule *rule, int64_t *wal_bytes)
{
    enum err e = store_present(s), purged;
    int64_t left = 0;

    if (e == OK) {
        purged = purge_all(s, rule);
        if (store_wal_bytes(s) > 0)
            e = store_checkpoint(s); /* also when nothing could be purged: a full disk may be short of just this */
        left = store_wal_bytes(s);
        wal_alarm(s, left);
        if (e == OK)
            e = purged;
    }
    if (wal_bytes != NULL)
        *wal_bytes = left;
    return e;
}

/* Without a write: a volume that is read-only, or has no block left. */
static enum err volume_check(const struct store *s)
{
    struct statvfs v;

    if (access(s->path, W_OK) != 0 || statvfs(s->path, &v) != 0 || v.f_bavail == 0) {
        log_text(LOG_ERROR, "database_volume", "the file system of the database is read-only or full");
        return ERR_IO;
    }
    return OK;
}

/* Only a commit tells whether commits succeed: a write that is rolled back never touches the disk. It costs a page of
 * the WAL and its sync, so success is believed for a while; a failure is not, so that recovery shows at once. */
enum err store_check_writable(struct store *s)
{
    const int64_t now_us = clock_mono_us();
    enum err e = volume_check(s);

    if (e == OK)
        e = store_present(s);
    if (e == OK && s->written_us != 0 && now_us - s->written_us < STORE_WRITTEN_US)
        return OK;
    s->written_us = 0;
    if (e == OK)
        e = store_begin(s, STORE_BUSY_MS);
    if (e != OK)
        return e;
    e = store_end(s, store_run(s, SQL_TRY_WRITE, "check_writable"));
    if (e == OK)
        s->written_us = now_us;
    return e;
}
