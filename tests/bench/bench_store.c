/* Whether the questions that every visitor asks get slower as the database grows.
 *
 *     bench_store [USERS [HISTORY]]        10,000 and 100,000; `make bench-scale` asks for 1,000,000 and 10,000,000
 *
 * Fills one database with so many users, two sessions and a token each, and so many rows of history of their full size
 * (about a kilobyte each: 10,000,000 take 10 GB and some minutes), spread over the users as time would; and makes
 * another with 100 users and nothing else: a new installation. (With a single user all that is asked stays in the
 * processor's nearest cache, and one would measure that.) Then asks both in turn, so that what else the machine does
 * hits both alike, and prints the medians in microseconds:
 *
 *   single look-ups, each of another random user: of an address, a session, a token, a page of history (the new one has
 *     none), GET /session as a worker answers it. Nobody asks so: it is the worst case, in which every look-up reads
 * two or three pages that no cache of the process has. At a million users that is some 10 us more than in a new one
 *   what visitors do: a visit of ten requests, and a whole log-in less its hash, commit included
 *
 * Ends with 1 if one of the latter takes over 1.5 times as long in the large one. The system's cache is warm, as it is
 * on a machine that serves: the files are held in memory (as root), and a round of questions is asked before the clock
 * starts. With less memory than the indexes take (about 100 bytes a row of history and 400 a user), look-ups wait for
 * the disk and this says nothing of them. BENCH_DIR (/var/tmp) is where the files are made; they are removed. */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "store/store_account.h"
#include "store/store_history.h"
#include "store/store_internal.h"
#include "web/app.h"
#include "web/session.h"

enum { ASKED = 20000, VISITS = 4000, VISIT = 10, LOG_INS = 500, WARM_UP = 20000, ROW_BYTES = 1100, USER_BYTES = 1500 };

static const struct store_session_rule rule = {.idle_s = 24 * 3600, .max_s = 14 * 86400, .per_user = 20};
static const char hash_text[] = "$y$j9T$abcdefgh$0123456789abcdefghijklmnopqrstuvwxyz.ABCDE";

struct side {
    const char *name;
    char path[256];
    int64_t users;
    struct store *store;
    struct app app;
};

/* Numbers that look random (SplitMix64), the same on each run. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void email_of(int64_t user, char out[64])
{
    (void)snprintf(out, 64, "u%016" PRIx64 "@example.org", mix((uint64_t)user));
}

/* kind: 0 and 1 are sessions, 2 a token, from 100 on what log-ins make. */
static void secret_of(int64_t user, int kind, char out[SESSION_TOKEN_CHARS + 1])
{
    (void)snprintf(out, SESSION_TOKEN_CHARS + 1, "%016" PRIx64 "-%026d", mix((uint64_t)user), kind);
}

static const uint8_t *hash_of(int64_t user, int kind)
{
    static uint8_t hash[DIGEST_BYTES];
    char secret[SESSION_TOKEN_CHARS + 1];

    secret_of(user, kind, secret);
    session_token_hash(secret, SESSION_TOKEN_CHARS, hash);
    return hash;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "bench_store: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
    return st;
}

static void step(sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE) {
        (void)fprintf(stderr, "bench_store: %s\n", sqlite3_errmsg(sqlite3_db_handle(st)));
        exit(1);
    }
    (void)sqlite3_reset(st);
}

static void fill_users(sqlite3 *db, int64_t users, int64_t now_s)
{
    sqlite3_stmt *user = prepare(db, "INSERT INTO users (email, password_hash, created_at) VALUES (?1, ?2, ?3)");
    char email[64];

    for (int64_t i = 1; i <= users; i++) {
        email_of(i, email);
        (void)store_bind(user, "tti", email, hash_text, now_s - (int64_t)(mix((uint64_t)i) % 10000000));
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
            (void)store_bind(session, "hiiit", hash_of(i, k), i, now_s - k * 3600, now_s + STORE_CLOCK_SLACK_S / 2,
                             "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
            step(session);
        }
        (void)store_bind(token, "hii", hash_of(i, 2), i, now_s);
        step(token);
    }
    (void)sqlite3_finalize(session);
    (void)sqlite3_finalize(token);
}

static void fill_history(sqlite3 *db, int64_t users, int64_t rows, int64_t now_s)
{
    static uint8_t picture[784], probabilities[40];
    sqlite3_stmt *st = prepare(db, "INSERT INTO history (user_id, created_at, name, status, digit, label, confidence, "
                                   "probabilities, picture) VALUES (?1, ?2, 'digit.png', ?3, ?4, NULL, 0.99, ?5, ?6)");

    for (int64_t i = 0; i < rows; i++) {
        const uint64_t r = mix((uint64_t)i);

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
        (void)fprintf(stderr, "bench_store: %s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
}

/* Holds the whole file in the system's cache, as far as there is memory, until this program ends: a machine that serves
 * has warm what it is asked for, and some kernels take back at once what a bench has written. In a process of its own:
 * closing a file by hand drops SQLite's locks. Returns when the file is there. */
static void warm(const char *path)
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
            (void)fprintf(stderr, "bench_store: %s cannot be held in memory; look-ups may wait for the disk\n", path);
        (void)close(ready[1]); /* the parent's read ends */
        for (;;)
            pause();
    }
    (void)close(ready[1]);
    while (read(ready[0], &told, 1) > 0)
        ;
    (void)close(ready[0]);
}

/* Makes and fills a database, without the care that a service needs, and opens it with it. */
static void side_make(struct side *side, int64_t rows)
{
    const int64_t now_s = clock_wall_s();
    struct why why = {""};
    sqlite3 *db = NULL;

    if (store_prepare(side->path, &why) != OK || sqlite3_open(side->path, &db) != SQLITE_OK) {
        (void)fprintf(stderr, "bench_store: %s\n", why.text);
        exit(1);
    }
    run(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; BEGIN");
    fill_users(db, side->users, now_s);
    fill_history(db, side->users, rows, now_s);
    fill_sessions(db, side->users);
    run(db, "COMMIT; PRAGMA journal_mode = WAL");
    (void)sqlite3_close(db);
    warm(side->path);
    if (store_open(&side->store, side->path, &why) != OK) {
        (void)fprintf(stderr, "bench_store: %s\n", why.text);
        exit(1);
    }
}

static void side_remove(struct side *side)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char path[300];

    reply_free(side->app.reply);
    buf_free(side->app.body);
    store_close(side->store);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", side->path, ends[i]);
        (void)unlink(path);
    }
}

/* ---- the questions: each asks about one user, and ends the program if the answer is wrong ---- */
static void wrong(const char *what, enum err e)
{
    (void)fprintf(stderr, "bench_store: %s: %s\n", what, err_str(e));
    exit(1);
}

static void ask_log_in(struct side *side, int64_t user, int n)
{
    struct store_user found;
    char email[64];
    enum err e;

    (void)n;
    email_of(user, email);
    e = store_user_by_email(side->store, email, &found);
    if (e != OK || found.id != user)
        wrong("user_by_email", e);
}

static void ask_session(struct side *side, int64_t user, int n)
{
    struct store_user found;
    enum err e = store_session_user(side->store, hash_of(user, n & 1), &rule, &found);

    if (e != OK || found.id != user)
        wrong("session_user", e);
}

static void ask_token(struct side *side, int64_t user, int n)
{
    struct store_user found;
    struct store_token token;
    enum err e = store_token_user(side->store, hash_of(user, 2), &found, &token);

    (void)n;
    if (e != OK || found.id != user)
        wrong("token_user", e);
}

static bool row_seen(const struct store_history *row, void *ctx)
{
    (void)row;
    (void)ctx;
    return true;
}

/* A page of one digit: most of what the index tells is passed over. */
static void ask_history(struct side *side, int64_t user, int n)
{
    const struct store_history_filter filter = {n % 10, -1, -1};
    enum err e = store_history_each(side->store, user, &filter, INT64_MAX, 20, row_seen, NULL);

    if (e != OK)
        wrong("history_each", e);
}

static void ask_whole_log_in(struct side *side, int64_t user, int n)
{
    enum err e;

    ask_log_in(side, user, n);
    e = store_session_add_checked(side->store, hash_of(user, 100 + n), user, hash_text, "::1", "bench", &rule);
    if (e != OK)
        wrong("session_add", e);
}

/* ---- a whole request, as a worker answers it, less the socket ---- */
struct visit {
    char cookie[100];
    bool answered;
};

static const char *request_param(const void *ctx, const char *name)
{
    static const struct {
        const char *name, *value;
    } params[] = {{"REQUEST_METHOD", "GET"},       {"DOCUMENT_URI", "/session"},
                  {"HTTP_HOST", "localhost:8080"}, {"HTTP_SEC_FETCH_SITE", "same-origin"},
                  {"HTTP_ACCEPT", "*/*"},          {"HTTP_USER_AGENT", "bench"},
                  {"REMOTE_ADDR", "192.0.2.7"},    {"REQUEST_ID", "0123456789abcdef0123456789abcdef"},
                  {"CONTENT_LENGTH", ""}};

    if (strcmp(name, "HTTP_COOKIE") == 0)
        return ((const struct visit *)ctx)->cookie;
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
        if (strcmp(name, params[i].name) == 0)
            return params[i].value;
    return NULL;
}

static enum err request_body(void *ctx, struct buf *out, size_t n)
{
    (void)ctx;
    (void)out;
    return n == 0 ? OK : ERR_TRUNCATED;
}

static enum err request_reply(void *ctx, const void *bytes, size_t n)
{
    ((struct visit *)ctx)->answered = memmem(bytes, n, "@example.org", 12) != NULL;
    return OK;
}

static void ask_request(struct side *side, int64_t user, int n)
{
    struct visit visit = {.answered = false};
    const struct app_peer peer = {request_param, request_body, request_reply, &visit};
    char secret[SESSION_TOKEN_CHARS + 1];

    secret_of(user, n & 1, secret);
    (void)snprintf(visit.cookie, sizeof(visit.cookie), "digitd_session=%s", secret);
    app_answer(&side->app, &peer);
    if (!visit.answered)
        wrong("GET /session", ERR_DENIED);
}

static void ask_visit(struct side *side, int64_t user, int n)
{
    for (int i = 0; i < VISIT; i++)
        ask_request(side, user, n);
}

static void side_app(struct side *side, const struct conf *conf)
{
    side->app = (struct app){
        .pool = POOL_MAIN, .conf = conf, .store = side->store, .reply = reply_new(), .body = buf_new(1024)};
    if (side->app.reply == NULL || side->app.body == NULL)
        wrong("app", ERR_NOMEM);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Asks both sides in turn, prints the medians; the ratio. */
static double compare(const char *name, struct side side[2], void (*ask)(struct side *, int64_t, int), int asked,
                      int warm_up)
{
    static double took_us[2][ASKED];
    double median[2];

    for (int n = -warm_up; n < asked; n++)
        for (int turn = 0; turn < 2; turn++) {
            const int k = (n ^ turn) & 1; /* each goes first every other time */
            const int64_t user = 1 + (int64_t)(mix((uint64_t)(n + warm_up)) % (uint64_t)side[k].users);
            const double start = now_us();

            ask(&side[k], user, n < 0 ? n + warm_up : n);
            if (n >= 0)
                took_us[k][n] = now_us() - start;
        }
    for (int k = 0; k < 2; k++) {
        qsort(took_us[k], (size_t)asked, sizeof(double), by_value);
        median[k] = took_us[k][asked / 2];
    }
    printf("%-26s %10.1f %10.1f %8.2f\n", name, median[0], median[1], median[1] / median[0]);
    return median[1] / median[0];
}

static bool room_for(const char *dir, int64_t users, int64_t rows)
{
    const double need = (double)rows * ROW_BYTES + (double)users * USER_BYTES;
    struct statvfs v;

    if (statvfs(dir, &v) != 0 || (double)v.f_bavail * (double)v.f_frsize < need * 1.1) {
        (void)fprintf(stderr, "bench_store: %s has not the %.1f GB that this takes (BENCH_DIR moves it)\n", dir,
                      need * 1.1 / 1e9);
        return false;
    }
    return true;
}

/* What is asked, and whether the limit holds for it. */
static const struct question {
    const char *name;
    void (*ask)(struct side *, int64_t, int);
    int asked, warm_up;
    bool limited;
} questions[] = {
    {"look-up of an address", ask_log_in, ASKED, WARM_UP, false},
    {"look-up of a session", ask_session, ASKED, WARM_UP, false},
    {"look-up of a token", ask_token, ASKED, WARM_UP, false},
    {"a page of history", ask_history, ASKED, WARM_UP, false},
    {"GET /session", ask_request, ASKED, WARM_UP, false},
    {"GET /session, a visit's 10", ask_visit, VISITS, VISITS, true},
    {"log-in less its hash", ask_whole_log_in, LOG_INS, 0, true},
};

/* The large one first: what is seen in the new one is to be seen just now too. */
static void sides_make(struct side side[2], const struct conf *conf, int64_t rows)
{
    const char *asked = getenv("BENCH_DIR"), *dir = asked != NULL ? asked : "/var/tmp";
    const double start = now_us();
    struct stat st = {0};

    if (!room_for(dir, side[1].users, rows))
        exit(1);
    for (int k = 1; k >= 0; k--) {
        (void)snprintf(side[k].path, sizeof(side[k].path), "%s/bench_store.%ld.%s.db", dir, (long)getpid(),
                       side[k].name);
        side_make(&side[k], k == 0 ? 0 : rows);
        side_app(&side[k], conf);
    }
    (void)stat(side[1].path, &st);
    printf("%" PRId64 " users, %" PRId64 " sessions, %" PRId64 " rows of history: %.2f GB, filled in %.0f s\n",
           side[1].users, side[1].users * 2, rows, (double)st.st_size / 1e9, (now_us() - start) / 1e6);
}

int main(int argc, char **argv)
{
    struct side side[2] = {{.name = "new", .users = 100}, {.name = "full"}};
    const int64_t rows = argc > 2 ? atoll(argv[2]) : 100000;
    char url[] = "DIGITD_SITE_URL=http://localhost:8080", *vars[] = {url, NULL};
    struct conf conf;
    struct why why = {""};
    double worst = 0;

    side[1].users = argc > 1 ? atoll(argv[1]) : 10000;
    log_init(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_INFO); /* lines are made, as in service */
    if (conf_load(&conf, NULL, vars, &why) != OK || side[1].users < 1 || rows < 0) {
        (void)fprintf(stderr, "bench_store [USERS [HISTORY]]: %s\n", why.text);
        return 1;
    }
    sides_make(side, &conf, rows);
    printf("%-26s %10s %10s %8s   (median, us)\n", "", "new", "full", "ratio");
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        const struct question *q = &questions[i];
        const double ratio = compare(q->name, side, q->ask, q->asked, q->warm_up);

        if (q->limited && ratio > worst)
            worst = ratio;
    }
    for (int k = 0; k < 2; k++)
        side_remove(&side[k]);
    printf("%s: the slower of a visit and a log-in takes %.2f times as long (limit 1.5)\n",
           worst <= 1.5 ? "ok" : "TOO SLOW", worst);
    return worst <= 1.5 ? 0 : 1;
}
