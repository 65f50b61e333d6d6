/* The WAL copied back to a slow disk while others write (R108). A page takes 8 ms to reach the database's file:
 * SQLite's own write is replaced by one that waits. LONG=1 (make faults) asks for a WAL of 1.5 GB; the short form has a
 * few megabytes, which still take longer than a writer waits for the lock. */
#include "fixture_file.h"

#include <sys/prctl.h>

#include <time.h>

#include "pace.h"

enum { SLOW_US = 8000, PAGE_BYTES = 4096 };

static long slow_us; /* a page; 0: as fast as it is */
static ino_t slow_ino;

static void nap_us(long us)
{
    struct timespec left = {us / 1000000, us % 1000000 * 1000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static ssize_t slow_write(int fd, const void *bytes, size_t n, off_t at)
{
    struct stat st;

    if (slow_us > 0 && fstat(fd, &st) == 0 && st.st_ino == slow_ino)
        nap_us(slow_us);
    return pwrite(fd, bytes, n, at);
}

static int setup_slow(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    struct stat st;

    (void)setup(state);
    assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)slow_write), SQLITE_OK);
    assert_int_equal(stat(f.path, &st), 0);
    slow_ino = st.st_ino;
    slow_us = 0;
    return 0;
}

static int teardown_slow(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    (void)vfs->xSetSystemCall(vfs, "pwrite64", NULL);
    return teardown(state);
}

static int64_t wal_bytes(void)
{
    struct stat st;

    return stat(beside("-wal"), &st) == 0 ? (int64_t)st.st_size : 0;
}

/* A WAL of about this size, with so many pages of the database in it. */
static void wal_fill(struct store *s, int pages, int64_t bytes)
{
    char sql[200];

    sql_do(s, "CREATE TABLE fill (id INTEGER PRIMARY KEY, b BLOB NOT NULL) STRICT");
    (void)snprintf(sql, sizeof(sql),
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
                   "INSERT INTO fill SELECT i, zeroblob(4000) FROM n",
                   pages);
    sql_do(s, sql);
    while (wal_bytes() < bytes)
        sql_do(s, "UPDATE fill SET b = randomblob(4000)");
}

struct written {
    int saves, refused;
    double slowest_ms;
};

/* Saves ten times a second until the parent closes the pipe, and tells how it went. */
static void saver(int stop, int out)
{
    struct store *s = fixture_open(&f);
    struct written w = {0, 0, 0};
    struct store_user user;
    char email[60], byte;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)fcntl(stop, F_SETFL, O_NONBLOCK);
    while (read(stop, &byte, 1) < 0) {
        const double began_ms = pace_wall_ms();
        double took_ms;

        (void)snprintf(email, sizeof(email), "n%d@example.org", w.saves);
        w.refused += store_user_add(s, email, FIXTURE_HASH, &user) != OK;
        took_ms = pace_wall_ms() - began_ms;
        w.slowest_ms = took_ms > w.slowest_ms ? took_ms : w.slowest_ms;
        w.saves++;
        nap_us(100000);
    }
    store_close(s);
    _exit(write(out, &w, sizeof(w)) == (ssize_t)sizeof(w) ? 0 : 1);
}

/* R108. Breaks when a WAL whose copy takes longer than anybody waits is not shortened in one pass, or when a save is
 * refused or held up meanwhile. */
static void long_copies_hold_nobody_up(void **state)
{
    const bool is_long = test_is_long();
    const int pages = is_long ? 8000 : 500;
    const int64_t bytes = is_long ? INT64_C(1500) << 20 : (int64_t)pages * PAGE_BYTES;
    int stop[2], told[2];
    int64_t left = -1;
    struct written w;
    double began_ms, took_ms;
    pid_t pid;

    (void)state;
    wal_fill(f.store, pages, bytes);
    slow_us = SLOW_US;
    assert_int_equal(pipe(stop), 0);
    assert_int_equal(pipe(told), 0);
    pid = fork();
    if (pid == 0) {
        (void)close(stop[1]);
        saver(stop[0], told[1]);
    }
    began_ms = pace_wall_ms();
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &left), OK);
    took_ms = pace_wall_ms() - began_ms;
    (void)close(stop[1]);
    assert_int_equal(read(told[0], &w, sizeof(w)), (ssize_t)sizeof(w));
    child_ok(pid);
    print_message("# %lld MiB of WAL, %d pages at 8 ms: one pass of %.1f s left %lld bytes; %d saves meanwhile, %d "
                  "refused, the slowest in %.0f ms\n",
                  (long long)(bytes >> 20), pages, took_ms / 1000, (long long)left, w.saves, w.refused, w.slowest_ms);
    assert_true(took_ms > pages * SLOW_US / 1000.0); /* the disk was slow indeed */
    assert_int_equal(left, 0);
    assert_true(w.saves > 10);
    assert_int_equal(w.refused, 0);
    assert_true(pace_wall_within(w.slowest_ms, 800)); /* 250 ms, and what is synced and sorted under the lock */
    slow_us = 0;
    assert_true(integrity_ok(f.store));
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), w.saves);
    assert_true(fixture_logged(&f, "wal_copied") >= 1);
    (void)close(stop[0]);
    (void)close(told[0]);
    (void)close(told[1]);
}

/* Breaks when a start waits until all of a large WAL is copied. */
static void starts_do_not_wait_for_a_copy(void **state)
{
    double began_ms;

    (void)state;
    wal_fill(f.store, 500, 0);
    store_close(f.store);
    f.store = NULL;
    slow_us = SLOW_US;
    began_ms = pace_wall_ms();
    assert_int_equal(store_prepare(f.path, &why), OK);
    assert_true(pace_wall_within(pace_wall_ms() - began_ms, 1500));
}

static bool end_is_asked(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) == 1;
}

/* Breaks when a process that was asked to end finishes a copy of minutes, or when what it had copied is lost. */
static void copies_end_when_asked(void **state)
{
    sigset_t end;
    double began_ms;
    int64_t left = -1;

    (void)state;
    wal_fill(f.store, 500, 0);
    slow_us = SLOW_US;
    (void)sigemptyset(&end);
    (void)sigaddset(&end, SIGUSR1);
    assert_int_equal(sigprocmask(SIG_BLOCK, &end, NULL), 0); /* as the keeper does */
    assert_int_equal(raise(SIGUSR1), 0);
    store_on_long_copy(f.store, NULL, NULL, end_is_asked);
    began_ms = pace_wall_ms();
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &left), OK);
    assert_true(pace_wall_within(pace_wall_ms() - began_ms, 500));
    assert_true(left > 0);
    assert_int_equal(sigtimedwait(&end, NULL, &(struct timespec){1, 0}), SIGUSR1);
    assert_int_equal(sigprocmask(SIG_UNBLOCK, &end, NULL), 0);
    slow_us = 0;
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &left), OK);
    assert_int_equal(left, 0);
    assert_true(integrity_ok(f.store));
}

/* Rewrites pages without pause, so that each copy leaves something to the next. Exit code 0: all was committed. */
static void busy_writer(int writer, int commits)
{
    struct store *s = fixture_open(&f);
    char sql[120];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int n = 0; n < commits; n++) {
        enum err e;

        while ((e = store_begin(s, STORE_BUSY_MS)) == ERR_BUSY)
            ;
        (void)snprintf(sql, sizeof(sql), "UPDATE fill SET b = zeroblob(4000) WHERE id = %d; UPDATE sums SET n = n + 1",
                       1 + (writer * 7919 + n * 31) % 400);
        if (e != OK || sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK || store_end(s, OK) != OK)
            _exit(1);
    }
    store_close(s);
    _exit(0);
}

/* Copies without pause until the parent closes the pipe. */
static void busy_keeper(int stop)
{
    struct store *s = fixture_open(&f);
    char byte;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)fcntl(stop, F_SETFL, O_NONBLOCK);
    while (read(stop, &byte, 1) < 0) {
        enum err e = store_housekeep(s, &fixture_rule, NULL);

        if (e != OK && e != ERR_BUSY)
            _exit(1);
        nap_us(500);
    }
    store_close(s);
    _exit(0);
}

/* R69, R71. Breaks when a commit is lost or torn because the WAL was copied without the lock while others wrote, or
 * because whoever copied was killed. */
static void long_copies_lose_nothing(void **state)
{
    enum { WRITERS = 3 };
    const int commits = test_is_long() ? 100000 : SANITIZED ? 1000 : 4000;
    const double kill_every_ms = 300;
    pid_t writer[WRITERS], keeper = -1;
    int stop[2], living = WRITERS, killed = 0;
    double next_ms = 0;

    (void)state;
    sql_do(f.store, "CREATE TABLE sums (n INTEGER NOT NULL) STRICT; INSERT INTO sums VALUES (0)");
    wal_fill(f.store, 400, 0);
    store_close(f.store);
    f.store = NULL;
    slow_us = 2000; /* 400 pages: longer than a copy may hold the lock */
    assert_int_equal(pipe(stop), 0);
    for (int i = 0; i < WRITERS; i++) {
        writer[i] = fork();
        if (writer[i] == 0)
            busy_writer(i, commits);
    }
    while (living > 0) {
        int status;

        if (keeper < 0 || pace_wall_ms() > next_ms) {
            if (keeper > 0 && kill(keeper, SIGKILL) == 0 && waitpid(keeper, &status, 0) == keeper)
                killed += WIFSIGNALED(status);
            keeper = fork();
            if (keeper == 0) {
                (void)close(stop[1]);
                busy_keeper(stop[0]);
            }
            next_ms = pace_wall_ms() + kill_every_ms + killed * 397 % 1100;
        }
        for (int i = 0; i < WRITERS; i++)
            if (writer[i] > 0 && waitpid(writer[i], &status, WNOHANG) == writer[i]) {
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
                writer[i] = -1;
                living--;
            }
        nap_us(10000);
    }
    (void)close(stop[1]);
    child_ok(keeper);
    (void)close(stop[0]);
    slow_us = 0;
    f.store = fixture_open(&f);
    assert_true(integrity_ok(f.store));
    assert_int_equal(sql_int(f.store, "SELECT n FROM sums"), WRITERS * commits);
    assert_true(fixture_logged(&f, "wal_copied") > 0);
    print_message("# %d commits beside copies without the lock, %d of which were killed\n", WRITERS * commits, killed);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_slow, teardown_slow)
    const struct CMUnitTest tests[] = {
        TEST(long_copies_hold_nobody_up),
        TEST(starts_do_not_wait_for_a_copy),
        TEST(copies_end_when_asked),
        TEST(long_copies_lose_nothing),
    };

    return cmocka_run_group_tests_name("store_copy", tests, NULL, NULL);
}
