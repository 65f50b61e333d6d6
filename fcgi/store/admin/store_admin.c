/* Checks of the whole database for `digitctl check`. They read everything, which takes seconds to minutes; meanwhile
 * the WAL cannot shrink. Their statements are used once, so they are prepared here and not with the others. */
#include "store_admin.h"

#include <stdio.h>
#include <string.h>

#include "store/store_internal.h"

struct findings {
    void (*tell)(void *ctx, const char *finding);
    void *ctx;
};

/* Reports each row of a check; damage that stops the check is a finding too. */
static enum err check_run(struct store *s, const char *sql, void (*row)(sqlite3_stmt *, char *, size_t),
                          const struct findings *f)
{
    sqlite3_stmt *st = NULL;
    char text[512];
    enum err e = OK;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(st);
        if (rc != SQLITE_ROW)
            break;
        row(st, text, sizeof(text));
        if (strcmp(text, "ok") != 0)
            f->tell(f->ctx, text);
    }
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
        f->tell(f->ctx, sqlite3_errmsg(s->db));
    else if (rc != SQLITE_DONE)
        e = store_fail(s, rc, "check");
    (void)sqlite3_finalize(st);
    return e;
}

static void integrity_row(sqlite3_stmt *st, char *text, size_t room)
{
    store_column_text(st, 0, text, room);
}

static void foreign_key_row(sqlite3_stmt *st, char *text, size_t room)
{
    (void)snprintf(text, room, "row %lld of %s refers to a row of %s that does not exist",
                   (long long)sqlite3_column_int64(st, 1), (const char *)sqlite3_column_text(st, 0),
                   (const char *)sqlite3_column_text(st, 2));
}

enum err store_check_integrity(struct store *s, void (*tell)(void *ctx, const char *finding), void *ctx)
{
    const struct findings f = {tell, ctx};
    enum err e = store_present(s);

    if (e == OK)
        e = check_run(s, "PRAGMA integrity_check", integrity_row, &f);
    if (e == OK)
        e = check_run(s, "PRAGMA foreign_key_check", foreign_key_row, &f);
    return e;
}

enum err store_count_each(struct store *s, bool (*row)(const char *table, int64_t rows, void *ctx), void *ctx)
{
    static const struct {
        const char *table, *sql;
    } counts[] = {
        {"users", "SELECT count(*) FROM users"},
        {"sessions", "SELECT count(*) FROM sessions"},
        {"tokens", "SELECT count(*) FROM tokens"},
        {"invites", "SELECT count(*) FROM invites"},
        {"outbox", "SELECT count(*) FROM outbox"},
        {"links", "SELECT count(*) FROM links"},
        {"throttles", "SELECT count(*) FROM throttles"},
        {"devices", "SELECT count(*) FROM devices"},
        {"history", "SELECT count(*) FROM history"},
        {"numbers", "SELECT count(*) FROM numbers"},
        {"number_digits", "SELECT count(*) FROM number_digits"},
    };
    enum err e = store_present(s);

    for (size_t i = 0; e == OK && i < sizeof(counts) / sizeof(counts[0]); i++) {
        sqlite3_stmt *st = NULL;
        int64_t n = 0;
        int rc = sqlite3_prepare_v2(s->db, counts[i].sql, -1, &st, NULL);

        if (rc == SQLITE_OK)
            rc = sqlite3_step(st);
        if (rc == SQLITE_ROW)
            n = sqlite3_column_int64(st, 0);
        else
            e = store_fail(s, rc, "count");
        (void)sqlite3_finalize(st);
        if (e == OK && !row(counts[i].table, n, ctx))
            break;
    }
    return e;
}
