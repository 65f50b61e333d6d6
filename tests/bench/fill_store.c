#include "fill_store.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digit_size.h"
#include "store/store_internal.h"

const char fill_password_hash[] = "$y$j9T$abcdefgh$0123456789abcdefghijklmnopqrstuvwxyz.ABCDE";

uint64_t fill_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void fill_email(int64_t user, char out[64])
{
    (void)snprintf(out, 64, "u%016" PRIx64 "@example.org", fill_mix((uint64_t)user));
}

void fill_secret(int64_t user, int kind, char out[SESSION_TOKEN_CHARS + 1])
{
    (void)snprintf(out, SESSION_TOKEN_CHARS + 1, "%016" PRIx64 "-%026d", fill_mix((uint64_t)user), kind);
}

const uint8_t *fill_hash(int64_t user, int kind)
{
    static uint8_t hash[DIGEST_BYTES];
    char secret[SESSION_TOKEN_CHARS + 1];

    fill_secret(user, kind, secret);
    session_token_hash(secret, SESSION_TOKEN_CHARS, hash);
    return hash;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "fill_store: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
    return st;
}

static void step(sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE) {
        (void)fprintf(stderr, "fill_store: %s\n", sqlite3_errmsg(sqlite3_db_handle(st)));
        exit(1);
    }
    (void)sqlite3_reset(st);
}

static void fill_users(sqlite3 *db, int64_t users, int64_t now_s)
{
    sqlite3_stmt *user = prepare(db, "INSERT INTO users (email, password_hash, created_at) VALUES (?1, ?2, ?3)");
    char email[64];

    for (int64_t i = 1; i <= users; i++) {
        fill_email(i, email);
        (void)store_bind(user, VALUES(value_text(email), value_text(fill_password_hash),
                                      value_int(now_s - (int64_t)(fill_mix((uint64_t)i) % 10000000))));
        step(user);
    }
    (void)sqlite3_finalize(user);
}

/* Last, and seen just now: what was last seen over five minutes ago would be written anew by the look-up. */
static void fill_sessions(sqlite3 *db, int64_t users)
{
    sqlite3_stmt *session = prepare(db, "INSERT INTO sessions (token_hash, user_id, created_at, last_seen_at, address, "
                                        "agent) VALUES (?1, ?2, ?3, ?4, '2001:db8::1', ?5)");
    sqlite3_stmt *token = prepare(db, "INSERT INTO tokens (token_hash, user_id, name, scopes, created_at, expires_at, "
                                      "last_used_at) VALUES (?1, ?2, 'script', 1, ?3, 0, ?3)");

    for (int64_t i = 1; i <= users; i++) {
        const int64_t now_s = clock_wall_s();

        for (int k = 0; k < 2; k++) {
            (void)store_bind(
                session, VALUES(value_hash(fill_hash(i, k)), value_int(i), value_int(now_s - k * 3600),
                                value_int(now_s + STORE_CLOCK_SLACK_S / 2),
                                value_text("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")));
            step(session);
        }
        (void)store_bind(token, VALUES(value_hash(fill_hash(i, 2)), value_int(i), value_int(now_s)));
        step(token);
    }
    (void)sqlite3_finalize(session);
    (void)sqlite3_finalize(token);
}

static void fill_history(sqlite3 *db, int64_t users, int64_t rows, int64_t now_s)
{
    static uint8_t picture[DIGIT_PIXELS], probabilities[40];
    sqlite3_stmt *st = prepare(db, "INSERT INTO history (user_id, created_at, name, status, digit, label, confidence, "
                                   "probabilities, picture) VALUES (?1, ?2, 'digit.png', ?3, ?4, NULL, 0.99, ?5, ?6)");

    for (int64_t i = 0; i < rows; i++) {
        const uint64_t r = fill_mix((uint64_t)i);

        memcpy(picture + r % 700, &r, sizeof(r));
        (void)sqlite3_bind_int64(st, 1, 1 + (int64_t)(r % (uint64_t)users));
        (void)sqlite3_bind_int64(st, 2, now_s - rows + i);
        (void)sqlite3_bind_int64(st, 3, r % 50 == 0 ? 1 : 0);
        (void)sqlite3_bind_int64(st, 4, (int64_t)((r >> 32) % 10));
        (void)sqlite3_bind_blob(st, 5, probabilities, sizeof(probabilities), SQLITE_STATIC);
        (void)sqlite3_bind_blob(st, 6, picture, sizeof(picture), SQLITE_STATIC);
        step(st);
        if (rows >= 1000000 && i % (rows / 10) == 0)
            (void)fprintf(stderr, "history: %" PRId64 " of %" PRId64 "\n", i, rows);
    }
    (void)sqlite3_finalize(st);
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "fill_store: %s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
}

void fill_store(const char *path, int64_t users, int64_t rows)
{
    const int64_t now_s = clock_wall_s();
    struct why why = {""};
    sqlite3 *db = NULL;

    if (store_prepare(path, &why) != OK || sqlite3_open(path, &db) != SQLITE_OK) {
        (void)fprintf(stderr, "fill_store: %s\n", why.text);
        exit(1);
    }
    run(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; BEGIN");
    fill_users(db, users, now_s);
    fill_history(db, users, rows, now_s);
    fill_sessions(db, users);
    run(db, "COMMIT; PRAGMA journal_mode = WAL");
    (void)sqlite3_close(db);
}

/* In a process of its own: closing a file by hand drops SQLite's locks. */
void fill_warm(const char *path)
{
    int ready[2];
    char told;

    (void)fflush(NULL);
    if (pipe(ready) != 0)
        return;
    if (fork() == 0) {
        struct stat st;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        void *at = fd >= 0 && fstat(fd, &st) == 0
                       ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0)
                       : MAP_FAILED;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (at != MAP_FAILED && mlock(at, (size_t)st.st_size) != 0)
            (void)fprintf(stderr, "fill_store: %s cannot be held in memory; look-ups may wait for the disk\n", path);
        (void)close(ready[1]); /* the parent's read ends */
        for (;;)
            pause();
    }
    (void)close(ready[1]);
    while (read(ready[0], &told, 1) > 0)
        ;
    (void)close(ready[0]);
}
