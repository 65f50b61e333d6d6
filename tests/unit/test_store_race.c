/* The store under many processes at a time. Nothing here shares memory: children tell by pipes and exit codes. The
 * forms are short; LONG=1 in the environment (make faults) asks for the long ones: 10^6 commits, 300 kills. */
#include "fixture_store.h"

#include <sys/prctl.h>

#include <time.h>

#include "pace.h"
static struct fixture f;

static int setup(void **state)
{
    (void)state;
    fixture_dir(&f);
    assert_int_equal(store_prepare(f.path, NULL), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_free(&f);
    return 0;
}

/* In a child: a store of its own, or the end. */
static struct store *child_open(void)
{
    struct store *s = NULL;
    struct why why = {""};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody writing */
    if (store_open(&s, f.path, &why) != OK) {
        (void)fprintf(stderr, "child: %s\n", why.text);
        _exit(90);
    }
    return s;
}

static void nap_us(long us)
{
    (void)nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

static enum err add_numbered(struct store *s, int writer, int n)
{
    struct store_user user;
    char email[60];

    (void)snprintf(email, sizeof(email), "w%d.n%d@example.org", writer, n);
    return store_user_add(s, email, FIXTURE_HASH, &user);
}

/* One of 100 visitors who sign up with the same address at the same moment. Exit code: 0 got it, 1 taken, 2 other. */
static void sign_up(int start)
{
    struct store *s = child_open();
    struct store_user user;
    enum err e;
    char byte;

    (void)!read(start, &byte, 1); /* all begin when the parent closes its end */
    do
        e = store_user_add(s, "same@example.org", FIXTURE_HASH, &user);
    while (e == ERR_BUSY); /* a 503: the visitor tries again */
    store_close(s);
    _exit(e == OK ? 0 : e == ERR_EXISTS ? 1 : 2);
}

/* R54. Breaks when two processes can both find an address free and take it. */
static void parallel_sign_ups_make_one_account(void **state)
{
    enum { VISITORS = 100 };
    int ends[2], count[3] = {0};
    pid_t pid[VISITORS];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < VISITORS; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            (void)close(ends[1]);
            sign_up(ends[0]);
        }
        assert_true(pid[i] > 0);
    }
    nap_us(300000);
    (void)close(ends[1]);
    (void)close(ends[0]);
    for (int i = 0; i < VISITORS; i++) {
        int status = -1;

        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 2);
        count[WEXITSTATUS(status)]++;
    }
    assert_int_equal(count[0], 1);
    assert_int_equal(count[1], VISITORS - 1);
    f.store = fixture_open(&f);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 1);
}

/* Makes so many users, each with a session that is used and every other time ended. Exit code 0: all was answered as it
 * should be. Busy is tried again, as a client would. */
static void stress_writer(int writer, int commits)
{
    struct store *s = child_open();
    struct store_user user;
    char token[40];
    uint8_t hash[DIGEST_BYTES];
    enum err e;

    for (int n = 0; n < commits; n++) {
        while ((e = add_numbered(s, writer, n)) == ERR_BUSY)
            ;
        if (e != OK)
            _exit(1);
        if (n % 4 != 0)
            continue;
        (void)snprintf(token, sizeof(token), "%d-%d", writer, n);
        digest_sha256(token, strlen(token), hash);
        while ((e = store_session_add(s, hash, 1 + n, "::1", "stress", &fixture_rule)) == ERR_BUSY)
            ;
        if (e != OK || store_session_user(s, hash, &fixture_rule, &user) != OK || user.id != 1 + n)
            _exit(2);
        while (n % 8 == 0 && (e = store_session_end(s, hash)) == ERR_BUSY)
            ;
        if (e != OK || (n % 8 == 0 && store_session_user(s, hash, &fixture_rule, &user) != ERR_NOT_FOUND))
            _exit(3);
    }
    store_close(s);
    _exit(0);
}

/* Checkpoints without pause, as no program should, until the parent closes the pipe. */
static void stress_housekeeper(int stop)
{
    struct store *s = child_open();
    int calls = 0;
    char byte;

    (void)fcntl(stop, F_SETFL, O_NONBLOCK);
    while (read(stop, &byte, 1) < 0) {
        enum err e = store_housekeep(s, &fixture_rule, NULL);

        if (e != OK && e != ERR_BUSY)
            _exit(1);
        calls++;
        nap_us(500);
    }
    store_close(s);
    _exit(calls > 10 ? 0 : 2);
}

/* R69, R72. Breaks when a commit is lost, doubled or torn while others write and the WAL is truncated under them: the
 * count would not be exact, or the file not whole. */
static void commits_and_checkpoints_lose_nothing(void **state)
{
    enum { WRITERS = 4 };
    int commits = (test_is_long() ? 1000000 : SANITIZED ? 2000 : 10000) / WRITERS, ends[2];
    pid_t writer[WRITERS], housekeeper;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < WRITERS; i++) {
        writer[i] = fork();
        if (writer[i] == 0)
            stress_writer(i, commits);
    }
    housekeeper = fork();
    if (housekeeper == 0) {
        (void)close(ends[1]);
        stress_housekeeper(ends[0]);
    }
    for (int i = 0; i < WRITERS; i++)
        child_ok(writer[i]);
    (void)close(ends[1]);
    child_ok(housekeeper);
    (void)close(ends[0]);
    f.store = fixture_open(&f);
    assert_true(integrity_ok(f.store));
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), commits * WRITERS);
    for (int i = 0; i < WRITERS; i++)
        for (int n = 0; n < commits; n += commits / 50)
            assert_int_equal(add_numbered(f.store, i, n), ERR_EXISTS); /* each is there, by its index too */
}

/* Writes without end and tells the number of each user as soon as it was acknowledged. */
static void acknowledging_writer(int writer, int out)
{
    struct store *s = child_open();

    for (int n = 0;; n++) {
        enum err e = add_numbered(s, writer, n);

        if (e == OK && write(out, &n, sizeof(n)) != sizeof(n))
            _exit(1);
        if (e != OK && e != ERR_BUSY)
            _exit(2);
    }
}

/* R71. Breaks when OK is said before the commit is safe from the end of the process: a row that was acknowledged would
 * be missing after kill -9. A second process checkpoints meanwhile and is killed too. */
static void killed_writers_lose_nothing(void **state)
{
    const int rounds = test_is_long() ? 300 : SANITIZED ? 8 : 30;
    int acknowledged = 0, stop[2];

    (void)state;
    assert_int_equal(pipe(stop), 0);
    for (int round = 0; round < rounds; round++) {
        int ends[2], n, last = -1, status;
        pid_t writer, housekeeper;

        assert_int_equal(pipe(ends), 0);
        writer = fork();
        if (writer == 0)
            acknowledging_writer(round, ends[1]);
        housekeeper = fork();
        if (housekeeper == 0)
            stress_housekeeper(stop[0]);
        (void)close(ends[1]);
        nap_us((SANITIZED ? 60000 : 15000) + round * 1777L % 20000);
        assert_int_equal(kill(round % 2 == 0 ? writer : housekeeper, SIGKILL), 0);
        nap_us(round % 3 * 1000);
        (void)kill(writer, SIGKILL);
        (void)kill(housekeeper, SIGKILL);
        while (read(ends[0], &n, sizeof(n)) == sizeof(n))
            last = n;
        (void)close(ends[0]);
        assert_int_equal(waitpid(writer, &status, 0), writer);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(waitpid(housekeeper, &status, 0), housekeeper);
        assert_true(WIFSIGNALED(status));
        f.store = fixture_open(&f);
        assert_true(integrity_ok(f.store));
        for (n = 0; n <= last; n++)
            if (add_numbered(f.store, round, n) != ERR_EXISTS)
                fail_msg("round %d: number %d of %d was acknowledged and is gone", round, n, last);
        store_close(f.store);
        f.store = NULL;
        acknowledged += last + 1;
    }
    (void)close(stop[0]);
    (void)close(stop[1]);
    assert_true(acknowledged > rounds); /* something was at stake */
}

static int64_t wal_bytes(void)
{
    struct stat st;
    char path[200];

    (void)snprintf(path, sizeof(path), "%s-wal", f.path);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* R73. Breaks when five writes a second under a reader that stays fill 64 MiB within five minutes, or when the WAL is
 * not truncated within 5 s of the reader's end. The writes are sessions, which change the most pages. */
static void the_wal_shrinks_after_a_reader(void **state)
{
    const int writes = test_is_long() ? 300 : 15;
    int stop[2];
    sqlite3 *reader = NULL;
    pid_t housekeeper;
    int64_t bytes;
    double began_ms;

    (void)state;
    f.store = fixture_open(&f);
    for (int i = 0; i < 500; i++)
        assert_int_equal(add_numbered(f.store, 0, i), OK);
    assert_int_equal(pipe(stop), 0);
    housekeeper = fork();
    if (housekeeper == 0) {
        (void)close(stop[1]);
        stress_housekeeper(stop[0]);
    }
    assert_int_equal(sqlite3_open_v2(f.path, &reader, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM users", NULL, NULL, NULL), SQLITE_OK);
    bytes = wal_bytes();
    for (int i = 0; i < writes; i++) {
        assert_int_equal(store_session_add(f.store, token_hash(i), 1 + i * 37 % 500, "::1", "a browser", &fixture_rule),
                         OK);
        nap_us(200000);
    }
    bytes = (wal_bytes() - bytes) / writes;
    assert_in_range(bytes, 4096, STORE_WAL_ALARM_BYTES / (5 * 60 * 5));
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    began_ms = pace_wall_ms();
    while (wal_bytes() > 0 && pace_wall_ms() - began_ms < 60000)
        nap_us(10000);
    assert_int_equal(wal_bytes(), 0);
    assert_true(pace_wall_within(pace_wall_ms() - began_ms, 5000));
    (void)close(stop[1]);
    child_ok(housekeeper);
    (void)close(stop[0]);
}

/* Breaks when the lock of a killed process stays taken. */
static void killed_holders_release_the_lock(void **state)
{
    int ends[2], status;
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        struct store *s = child_open();

        if (store_begin(s, STORE_BUSY_MS) != OK || write(ends[1], "x", 1) != 1)
            _exit(1);
        (void)pause();
        _exit(2);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    f.store = fixture_open(&f);
    assert_int_equal(store_lock(f.store, 10), ERR_BUSY);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(add_numbered(f.store, 0, 0), OK);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* Breaks when sessions made at once by many processes of the hash pool exceed the cap, or one of them fails (R61). */
static void parallel_log_ins_stay_capped(void **state)
{
    enum { POOL = 8, LOG_INS = 25 };
    const struct store_session_rule rule = {.idle_s = 3600, .max_s = 86400, .per_user = 20};
    pid_t pid[POOL];

    (void)state;
    f.store = fixture_open(&f);
    assert_int_equal(add_numbered(f.store, 0, 0), OK);
    store_close(f.store);
    f.store = NULL;
    for (int i = 0; i < POOL; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            struct store *s = child_open();
            enum err e = OK;

            for (int n = 0; e == OK && n < LOG_INS; n++)
                while ((e = store_session_add(s, token_hash(i * 1000 + n), 1, "", "", &rule)) == ERR_BUSY)
                    ;
            store_close(s);
            _exit(e == OK ? 0 : 1);
        }
    }
    for (int i = 0; i < POOL; i++)
        child_ok(pid[i]);
    f.store = fixture_open(&f);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sessions"), rule.per_user);
    assert_true(integrity_ok(f.store));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parallel_sign_ups_make_one_account, setup, teardown),
        cmocka_unit_test_setup_teardown(commits_and_checkpoints_lose_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(killed_writers_lose_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_wal_shrinks_after_a_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(killed_holders_release_the_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(parallel_log_ins_stay_capped, setup, teardown),
    };

    return cmocka_run_group_tests_name("store_race", tests, NULL, NULL);
}
