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
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "store/store_account.h"
#include "store/history/store_history.h"
#include "web/api/routes.h"
#include "web/dispatch.h"
#include "fill_store.h"

enum { ASKED = 20000, VISITS = 4000, VISIT = 10, LOG_INS = 500, WARM_UP = 20000, ROW_BYTES = 1100, USER_BYTES = 1500 };

static const struct store_session_rule rule = {.idle_s = 24 * 3600, .max_s = 14 * 86400, .per_user = 20};

struct side {
    const char *name;
    char path[256];
    int64_t users;
    struct store *store;
    struct app app;
};

static void side_make(struct side *side, int64_t rows)
{
    struct why why = {""};

    fill_store(side->path, side->users, rows);
    fill_warm(side->path);
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
    fill_email(user, email);
    e = store_user_by_email(side->store, email, &found);
    if (e != OK || found.id != user)
        wrong("user_by_email", e);
}

static void ask_session(struct side *side, int64_t user, int n)
{
    struct store_user found;
    enum err e = store_session_user(side->store, fill_hash(user, n & 1), &rule, &found);

    if (e != OK || found.id != user)
        wrong("session_user", e);
}

static void ask_token(struct side *side, int64_t user, int n)
{
    struct store_user found;
    struct store_token token;
    enum err e = store_token_user(side->store, fill_hash(user, 2), &found, &token);

    (void)n;
    if (e != OK || found.id != user)
        wrong("token_user", e);
}

static bool answer_seen(const struct store_answer *answer, void *ctx)
{
    (void)answer;
    (void)ctx;
    return true;
}

/* A page of one digit: most of what the index tells is passed over. */
static void ask_history(struct side *side, int64_t user, int n)
{
    const struct store_history_filter filter = {n % 10, -1, -1};
    enum err e = store_history_each(side->store, user, &filter, INT64_MAX, 20, answer_seen, NULL);

    if (e != OK)
        wrong("history_each", e);
}

static void ask_whole_log_in(struct side *side, int64_t user, int n)
{
    enum err e;

    ask_log_in(side, user, n);
    e = store_session_add_checked(side->store, fill_hash(user, 100 + n), user, fill_password_hash, "::1", "bench",
                                  &rule);
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
    const struct dispatch_peer peer = {request_param, request_body, request_reply, &visit};
    char secret[SESSION_TOKEN_CHARS + 1];

    fill_secret(user, n & 1, secret);
    (void)snprintf(visit.cookie, sizeof(visit.cookie), "digitd_session=%s", secret);
    dispatch_answer(&side->app, &peer);
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
    side->app = (struct app){.routes = &api_routes,
                             .pool = POOL_MAIN,
                             .conf = conf,
                             .store = side->store,
                             .reply = reply_new(),
                             .body = buf_new(1024)};
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
            const int64_t user = 1 + (int64_t)(fill_mix((uint64_t)(n + warm_up)) % (uint64_t)side[k].users);
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
