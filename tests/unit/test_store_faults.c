/* The store when things go wrong while it serves: a full disk, a file that vanishes, a damaged page, a reader that
 * never ends, locks that stay taken. */
#include "fixture_file.h"

#include <sys/resource.h>

#include "store/store_account.h"
#include "store/store_mail.h"
#include "pace.h"

/* In a child, since closing the file in this process would drop SQLite's locks on it. */
static void overwrite_database(const void *bytes, size_t n, off_t at)
{
    pid_t pid = fork();

    if (pid == 0) {
        write_file(f.path, bytes, n, at);
        _exit(0);
    }
    child_ok(pid);
}

/* Every question that lets somebody in must fail with ERR_IO, not with an answer. */
static void nothing_is_answered(struct store *s)
{
    struct store_token token;
    struct store_user user;
    int64_t wait_s = 0;

    assert_int_equal(store_user_by_email(s, "ada@example.org", &user), ERR_IO);
    assert_int_equal(store_user_by_id(s, 1, &user), ERR_IO);
    assert_int_equal(ask_session(s, 1), ERR_IO);
    assert_int_equal(store_token_user(s, token_hash(2), &user, &token), ERR_IO);
    assert_int_equal(store_invite_check(s, token_hash(3)), ERR_IO);
    assert_int_equal(store_link_reset_user(s, token_hash(4), &user), ERR_IO);
    assert_int_equal(store_link_confirm(s, token_hash(4), FIXTURE_HASH, &user), ERR_IO);
    assert_int_equal(store_throttle_wait(s, token_hash(5), &wait_s), ERR_IO);
    assert_int_equal(store_throttle_fail_each(s, (const uint8_t(*)[DIGEST_BYTES])token_hash(5), 1), ERR_IO);
    assert_int_equal(store_device_check(s, token_hash(6), "ada@example.org"), ERR_IO);
    assert_int_equal(try_add(s, 1), ERR_IO);
}

/* R75. Breaks when a vanished or replaced database goes unnoticed, is made anew, or is not taken back when it returns.
 */
static void vanished_databases_are_an_alarm(void **state)
{
    char away[200];

    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    (void)snprintf(away, sizeof(away), "%s.away", f.path);
    assert_int_equal(rename(f.path, away), 0);
    for (int i = 0; i < 3; i++) {
        nothing_is_answered(f.store); /* not "there is no such session" */
        assert_int_equal(store_session_end(f.store, token_hash(1)), ERR_IO);
        assert_int_equal(store_check_writable(f.store), ERR_IO);
        assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), ERR_IO);
    }
    assert_int_equal(fixture_logged(&f, "database_vanished"), 1); /* one alarm, not one a request */
    assert_int_equal(access(f.path, F_OK), -1);
    assert_int_equal(open_file(), ERR_NOT_FOUND);
    assert_int_equal(access(f.path, F_OK), -1);
    write_file(f.path, "", 0, 0); /* something else in its place */
    assert_int_equal(try_add(f.store, 2), ERR_IO);
    assert_int_equal(unlink(f.path), 0);
    assert_int_equal(rename(away, f.path), 0);
    assert_int_equal(ask_session(f.store, 1), OK);
    assert_int_equal(try_add(f.store, 2), OK);
    assert_int_equal(fixture_logged(&f, "database_back"), 1);
    assert_int_equal(unlink(beside("-wal")), 0); /* what is written now would be lost with the last connection */
    assert_int_equal(try_add(f.store, 3), ERR_IO);
    assert_int_equal(fixture_logged(&f, "database_vanished"), 2);
}

/* R74. Breaks when a full database is not ERR_IO, needs a restart, or loses what was acknowledged. */
static void full_databases_recover(void **state)
{
    char sql[80];
    int n = 0, kept;

    (void)state;
    (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", sql_int(f.store, "PRAGMA page_count") + 4);
    sql_do(f.store, sql);
    while (n < 10000 && try_add(f.store, n) == OK)
        n++;
    assert_in_range(n, 1, 9999);
    assert_int_equal(try_add(f.store, n), ERR_IO);
    assert_true(fixture_logged(&f, "database_error") >= 2);
    kept = sql_int(f.store, "SELECT count(*) FROM users");
    assert_int_equal(kept, n);
    assert_int_equal(try_add(f.store, 0), ERR_EXISTS); /* reads and refusals go on */
    sql_do(f.store, "PRAGMA max_page_count = 1000000");
    assert_int_equal(try_add(f.store, n), OK);
    assert_true(integrity_ok(f.store));
}

/* R74. Breaks when the system's refusal of a write is taken for success, or the connection stays broken after it. */
static void full_disks_recover(void **state)
{
    pid_t pid;

    (void)state;
    store_close(f.store);
    f.store = NULL;
    pid = fork();
    if (pid == 0) { /* in a child, for the limit on the size of its files */
        struct rlimit small = {400000, RLIM_INFINITY}, large = {RLIM_INFINITY, RLIM_INFINITY};
        struct store *s = fixture_open(&f);
        int n = 0;

        log_init(open("/dev/null", O_WRONLY), LOG_ERROR);
        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &small) != 0)
            _exit(9);
        while (n < 10000 && try_add(s, n) == OK)
            n++;
        if (n == 0 || n == 10000 || try_add(s, n) != ERR_IO || try_add(s, n) != ERR_IO)
            _exit(1);
        if (sql_int(s, "SELECT count(*) FROM users") != n)
            _exit(2);
        if (setrlimit(RLIMIT_FSIZE, &large) != 0 || try_add(s, n) != OK)
            _exit(3);
        if (store_housekeep(s, &fixture_rule, NULL) != OK || !integrity_ok(s))
            _exit(4);
        store_close(s);
        _exit(0);
    }
    child_ok(pid);
    f.store = fixture_open(&f);
    assert_true(integrity_ok(f.store));
    assert_true(sql_int(f.store, "SELECT count(*) = max(id) AND count(*) > 1 FROM users")); /* none is missing */
}

/* R74. Breaks when a read-only database lets a sign-up through, or keeps sessions from being read. */
static void read_only_databases_recover(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org");

    (void)state;
    add_session(f.store, 1, ada);
    sql_do(f.store, "PRAGMA query_only = ON");
    assert_int_equal(try_add(f.store, 1), ERR_IO);
    assert_int_equal(store_session_add(f.store, token_hash(2), ada, "", "", &fixture_rule), ERR_IO);
    assert_int_equal(store_check_writable(f.store), ERR_IO);
    clock_step(600); /* last_seen is due, and cannot be written */
    assert_int_equal(ask_session(f.store, 1), OK);
    sql_do(f.store, "PRAGMA query_only = OFF");
    assert_int_equal(try_add(f.store, 1), OK);
    assert_int_equal(store_check_writable(f.store), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 2); /* the check left nothing */
}

static int refused_errno; /* of each write to a file; 0: none is refused */
static int writes_seen;

static ssize_t refusing_write(int fd, const void *bytes, size_t n, off_t at)
{
    writes_seen++;
    if (refused_errno == 0)
        return pwrite(fd, bytes, n, at);
    errno = refused_errno;
    return -1;
}

/* R111. Breaks when the readiness check says yes while no write succeeds, writes at every probe, or needs a restart to
 * say yes again. */
static void readiness_is_a_commit(void **state)
{
    static const int errors[] = {ENOSPC, EIO, EROFS, EDQUOT};
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    (void)state;
    assert_int_equal(vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)refusing_write), SQLITE_OK);
    assert_int_equal(store_check_writable(f.store), OK);
    writes_seen = 0;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(store_check_writable(f.store), OK);
    assert_int_equal(writes_seen, 0);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        refused_errno = errors[i];
        assert_int_equal(try_add(f.store, (int)i), ERR_IO);
        clock_step(10);
        for (int probe = 0; probe < 3; probe++)
            assert_int_equal(store_check_writable(f.store), ERR_IO);
        refused_errno = 0;
        assert_int_equal(store_check_writable(f.store), OK);
        assert_int_equal(try_add(f.store, (int)i), OK);
    }
    assert_int_equal(sql_int(f.store, "PRAGMA application_id"), STORE_APPLICATION_ID);
    assert_true(integrity_ok(f.store));
    (void)vfs->xSetSystemCall(vfs, "pwrite64", NULL);
}

/* R74. Breaks when a damaged page becomes "no such user" or "no such session": a wrong 401, or a second account. */
static void damage_is_not_an_answer(void **state)
{
    static unsigned char junk[1 << 20], good[1 << 20];
    struct store_user user;
    struct stat st;
    size_t n;
    int fd;

    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(stat(f.path, &st), 0);
    n = (size_t)st.st_size - 4096; /* all but the first page */
    assert_in_range(n, 4096, sizeof(junk));
    fd = open(f.path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, good, n, 4096), (ssize_t)n);
    (void)close(fd);
    f.store = fixture_open(&f);
    memset(junk, 0xa5, sizeof(junk));
    overwrite_database(junk, n, 4096);
    nothing_is_answered(f.store);
    assert_true(fixture_logged(&f, "database_error") >= 3);
    overwrite_database(good, n, 4096);
    assert_int_equal(store_user_by_email(f.store, "ada@example.org", &user), OK);
    assert_int_equal(ask_session(f.store, 1), OK);
    assert_int_equal(try_add(f.store, 1), OK);
}

/* Whether somebody waited for as long as he should, and hardly longer. */
static void expect_patience(int line, double waited_ms, double least_ms)
{
    if (waited_ms < least_ms || !pace_wall_within(waited_ms, STORE_BUSY_MS + 1000))
        fail_msg("line %d: waited for %.1f ms, and should for %.1f", line, waited_ms, least_ms);
}

/* R72. Breaks when a lock that stays taken hangs a request, fails a reader, or is reported as anything but busy. */
static void taken_locks_are_busy(void **state)
{
    struct store *other = fixture_open(&f);
    double began_ms;

    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    assert_int_equal(store_lock(other, 0), OK);
    began_ms = pace_wall_ms();
    assert_int_equal(try_add(f.store, 1), ERR_BUSY);
    expect_patience(__LINE__, pace_wall_ms() - began_ms, STORE_BUSY_MS);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), ERR_BUSY); /* a checkpoint needs it as well */
    clock_step(600);
    began_ms = pace_wall_ms();
    for (int i = 0; i < 100; i++)
        assert_int_equal(ask_session(f.store, 1), OK); /* the write of last_seen gives up, and not each time */
    assert_true(pace_wall_within(pace_wall_ms() - began_ms, 500));
    store_unlock(other);
    assert_int_equal(try_add(f.store, 1), OK);
    sql_do(other, "BEGIN IMMEDIATE"); /* another program, which knows nothing of our lock */
    began_ms = pace_wall_ms();
    assert_int_equal(try_add(f.store, 2), ERR_BUSY);
    expect_patience(__LINE__, pace_wall_ms() - began_ms, STORE_BUSY_MS - 200);
    sql_do(other, "ROLLBACK");
    assert_int_equal(try_add(f.store, 2), OK);
    store_close(other);
}

/* Breaks when two processes can hold the lock at a time because somebody deleted its file. */
static void deleted_lock_files_still_exclude(void **state)
{
    struct store *other = fixture_open(&f);

    (void)state;
    assert_int_equal(try_add(f.store, 1), OK); /* both have the file open */
    assert_int_equal(try_add(other, 2), OK);
    assert_int_equal(unlink(beside(".lock")), 0);
    assert_int_equal(store_lock(f.store, 0), OK);
    assert_int_equal(store_lock(other, 0), ERR_BUSY);
    store_unlock(f.store);
    assert_int_equal(store_lock(other, 0), OK);
    store_unlock(other);
    store_close(other);
}

/* Breaks when two names of one database are two locks. */
static void links_share_the_lock(void **state)
{
    char link_path[200];
    struct store *other = NULL;

    (void)state;
    (void)snprintf(link_path, sizeof(link_path), "%s/link.db", f.dir);
    assert_int_equal(symlink(f.path, link_path), 0);
    assert_int_equal(store_open(&other, link_path, &why), OK);
    assert_int_equal(store_lock(f.store, 0), OK);
    assert_int_equal(store_lock(other, 0), ERR_BUSY);
    store_unlock(f.store);
    store_close(other);
}

/* R73. Breaks when a WAL that a reader holds is not reported, or not truncated once the reader has gone. */
static void readers_hold_the_wal(void **state)
{
    sqlite3 *reader = NULL;
    int64_t bytes = -1;

    (void)state;
    assert_int_equal(try_add(f.store, 0), OK);
    assert_int_equal(sqlite3_open_v2(f.path, &reader, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM users", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 1; i <= 50; i++) {
        assert_int_equal(try_add(f.store, i), OK);
        assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    }
    assert_in_range(bytes, 50 * 4096, 4 << 20); /* 50 commits lie in it */
    assert_int_equal(fixture_logged(&f, "wal_too_large"), 0);
    sql_do(f.store, "CREATE TABLE big (b BLOB) STRICT; INSERT INTO big VALUES (zeroblob(70000000))");
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    assert_true(bytes > STORE_WAL_ALARM_BYTES);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    assert_int_equal(fixture_logged(&f, "wal_too_large"), 1); /* once a minute */
    clock_step(61);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    assert_int_equal(fixture_logged(&f, "wal_too_large"), 2);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    assert_int_equal(bytes, 0);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 51);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(vanished_databases_are_an_alarm),
        TEST(full_databases_recover),
        TEST(full_disks_recover),
        TEST(read_only_databases_recover),
        TEST(damage_is_not_an_answer),
        TEST(taken_locks_are_busy),
        TEST(deleted_lock_files_still_exclude),
        TEST(links_share_the_lock),
        TEST(readers_hold_the_wal),
        TEST(readiness_is_a_commit),
    };

    return cmocka_run_group_tests_name("store_faults", tests, NULL, NULL);
}
