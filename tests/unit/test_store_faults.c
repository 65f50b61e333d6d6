/* The store when things go wrong: files that are not what they should be, a full disk, a file that vanishes, a reader
 * that never ends, locks that stay taken. */
#include "fixture_store.h"

#include <sys/resource.h>

#include "fixture_kill.h"
#include "store/store_account.h"
#include "store/store_mail.h"

static struct fixture f;
static struct why why;

static int setup(void **state)
{
    (void)state;
    fixture_new(&f);
    return 0;
}

static int setup_empty(void **state)
{
    (void)state;
    fixture_dir(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_free(&f);
    return 0;
}

/* A connection without any of the store's care, for making what the store should never see. */
static void raw_sql(const char *sql)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open(f.path, &db);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        print_error("%s: %s\n", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(rc, SQLITE_OK);
}

static void write_file(const char *path, const void *bytes, size_t n, off_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
    (void)close(fd);
}

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

static const char *beside(const char *end)
{
    static char path[160];

    (void)snprintf(path, sizeof(path), "%s%s", f.path, end);
    return path;
}

static enum err prepare_file(const char *path)
{
    int64_t start_us = clock_mono_us();
    enum err e;

    why.text[0] = '\0';
    e = store_prepare(path, &why);
    assert_true(clock_mono_us() - start_us < 2000000); /* R12 */
    assert_int_equal(e == OK, why.text[0] == '\0');
    return e;
}

static enum err open_file(void)
{
    struct store *s = NULL;
    enum err e;

    why.text[0] = '\0';
    e = store_open(&s, f.path, &why);
    assert_int_equal(e == OK, s != NULL);
    assert_int_equal(e == OK, why.text[0] == '\0');
    store_close(s);
    return e;
}

static enum err try_add(struct store *s, int n)
{
    struct store_user user;
    char email[40];

    (void)snprintf(email, sizeof(email), "u%d@example.org", n);
    return store_user_add(s, email, FIXTURE_HASH, &user);
}

/* Breaks when somebody else on the machine can read the hashes, or the umask decides who can. */
static void files_are_private(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    static const mode_t masks[] = {0, 0777};
    struct stat st;

    (void)state;
    for (size_t m = 0; m < 2; m++) {
        mode_t before = umask(masks[m]);

        assert_int_equal(prepare_file(f.path), OK);
        f.store = fixture_open(&f);
        assert_int_equal(try_add(f.store, 1), OK);
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            assert_int_equal(stat(beside(ends[i]), &st), 0);
            if ((st.st_mode & 07777) != 0600)
                fail_msg("umask %03o: %s has mode %03o", masks[m], beside(ends[i]), st.st_mode & 07777);
        }
        (void)umask(before);
        store_close(f.store);
        f.store = NULL;
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
            (void)unlink(beside(ends[i]));
    }
}

/* R70. Breaks when a connection lacks one of the settings that durability and safety rest on. */
static void connections_are_set_up(void **state)
{
    int on = -1;

    (void)state;
    assert_int_equal(sql_int(f.store, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    assert_int_equal(sql_int(f.store, "PRAGMA synchronous"), 2);
    assert_int_equal(sql_int(f.store, "PRAGMA foreign_keys"), 1);
    assert_int_equal(sql_int(f.store, "PRAGMA trusted_schema"), 0);
    assert_int_equal(sql_int(f.store, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(sql_int(f.store, "PRAGMA busy_timeout"), STORE_BUSY_MS);
    assert_int_equal(sql_int(f.store, "PRAGMA application_id"), STORE_APPLICATION_ID);
    assert_int_equal(sql_int(f.store, "PRAGMA user_version"), store_schema_version());
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND strict"), 9);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND "
                                      "name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"),
                     0);
    assert_int_equal(sqlite3_db_config(f.store->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1, &on), SQLITE_OK);
    assert_int_equal(on, 0);
    assert_int_equal(sqlite3_db_config(f.store->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &on), SQLITE_OK);
    assert_int_equal(on, 1);
    assert_int_equal(sqlite3_db_config(f.store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &on), SQLITE_OK);
    assert_int_equal(on, 1);
}

/* R70. Breaks when a worker serves from a database in another journal mode, with a loose table, or of another version.
 */
static void unfit_databases_are_not_opened(void **state)
{
    (void)state;
    store_close(f.store);
    f.store = NULL;
    raw_sql("PRAGMA journal_mode = DELETE");
    assert_int_equal(open_file(), ERR_FORMAT);
    assert_non_null(strstr(why.text, "journal_mode"));
    assert_int_equal(prepare_file(f.path), OK); /* the next start mends it */
    assert_int_equal(open_file(), OK);
    raw_sql("CREATE TABLE loose (x)");
    assert_int_equal(open_file(), ERR_FORMAT);
    assert_non_null(strstr(why.text, "STRICT"));
    raw_sql("DROP TABLE loose; PRAGMA user_version = 0");
    assert_int_equal(open_file(), ERR_UNSUPPORTED);
    raw_sql("PRAGMA user_version = 99");
    assert_int_equal(open_file(), ERR_UNSUPPORTED);
}

/* R12. Breaks when a start goes on with a database that it should not touch, changes it, or is not clear about why. */
static void unfit_databases_stop_the_start(void **state)
{
    static char junk[8192];
    struct stat st;

    (void)state;
    assert_int_equal(prepare_file(f.path), OK);
    raw_sql("PRAGMA user_version = 99");
    assert_int_equal(prepare_file(f.path), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "has schema version 99; this program knows up to"));
    raw_sql("PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert_int_equal(prepare_file(f.path), ERR_FORMAT);
    assert_non_null(strstr(why.text, "another program"));
    assert_int_equal(unlink(f.path), 0);
    raw_sql("CREATE TABLE photos (x)");
    assert_int_equal(prepare_file(f.path), ERR_FORMAT);
    assert_non_null(strstr(why.text, "another program"));
    assert_int_equal(unlink(f.path), 0);
    memset(junk, 'x', sizeof(junk));
    write_file(f.path, junk, sizeof(junk), 0);
    assert_int_equal(prepare_file(f.path), ERR_FORMAT);
    assert_non_null(strstr(why.text, "not a SQLite database"));
    assert_int_equal(stat(f.path, &st), 0);
    assert_int_equal(st.st_size, sizeof(junk)); /* left as it was */
    assert_int_equal(unlink(f.path), 0);
    assert_int_equal(prepare_file(f.dir), ERR_IO); /* a directory */
    assert_int_equal(prepare_file("/nonexistent/x.db"), ERR_IO);
    assert_non_null(strstr(why.text, "/nonexistent/x.db: cannot be created: No such file"));
    assert_int_equal(prepare_file(""), ERR_IO);
    memset(junk, 'y', sizeof(junk) - 1);
    junk[sizeof(junk) - 1] = '\0';
    assert_int_equal(prepare_file(junk), ERR_IO); /* a name too long */
}

/* R12. Breaks when damage inside the file is only found while serving. */
static void damaged_databases_stop_the_start(void **state)
{
    static unsigned char page[4096];
    struct stat st;

    (void)state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(try_add(f.store, i), OK);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(prepare_file(f.path), OK);
    memset(page, 0x5a, sizeof(page));
    write_file(f.path, page, sizeof(page), 4096);
    assert_int_equal(prepare_file(f.path), ERR_FORMAT);
    assert_non_null(strstr(why.text, "damaged"));
    assert_int_equal(stat(f.path, &st), 0);
    assert_int_equal(truncate(f.path, st.st_size / 2), 0);
    assert_int_equal(prepare_file(f.path), ERR_FORMAT);
    assert_int_equal(truncate(f.path, 50), 0);
    assert_int_equal(prepare_file(f.path), ERR_FORMAT);
}

/* Breaks when an ordinary user's start in a directory, or with a file, that is not theirs is not one clear line. */
static void unwritable_places_stop_the_start(void **state)
{
    pid_t pid;

    (void)state;
    assert_int_equal(chmod(f.dir, geteuid() == 0 ? 0755 : 0555), 0);
    pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(9);
        if (prepare_file(f.path) != ERR_IO || strstr(why.text, "cannot be created: Permission denied") == NULL)
            _exit(1);
        _exit(0);
    }
    child_ok(pid);
    assert_int_equal(chmod(f.dir, 0755), 0);
    assert_int_equal(prepare_file(f.path), OK);
    assert_int_equal(chmod(f.path, 0444), 0);
    pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(9);
        if (prepare_file(f.path) != ERR_IO || strstr(why.text, "not writable") == NULL || open_file() != ERR_IO)
            _exit(1);
        _exit(0);
    }
    child_ok(pid);
}

/* Breaks when a name is taken for a URI (Debian's SQLite would open a database in memory and lose it). */
static void names_are_only_names(void **state)
{
    char before[256];

    (void)state;
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(f.dir), 0);
    assert_int_equal(prepare_file("file:x.db?mode=memory"), OK);
    assert_int_equal(access("file:x.db?mode=memory", F_OK), 0);
    assert_int_equal(prepare_file(":memory:"), OK);
    assert_int_equal(access(":memory:", F_OK), 0);
    assert_int_equal(chdir(before), 0);
}

/* Breaks when a second start, or one beside running workers, changes what is there; or an empty file is refused. */
static void starts_leave_data_alone(void **state)
{
    (void)state;
    write_file(f.path, "", 0, 0);
    assert_int_equal(prepare_file(f.path), OK);
    f.store = fixture_open(&f);
    assert_int_equal(try_add(f.store, 1), OK);
    assert_int_equal(prepare_file(f.path), OK);
    assert_int_equal(try_add(f.store, 1), ERR_EXISTS);
    assert_int_equal(try_add(f.store, 2), OK);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(prepare_file(f.path), OK);
    f.store = fixture_open(&f);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 2);
}

/* Kills the process that runs a migration, at the place where its SQL asks. */
static void kill_here(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    (void)ctx;
    (void)n;
    (void)values;
    (void)kill(getpid(), SIGKILL);
}

static const struct store_migration steps_good[] = {
    {2, "SELECT 1"},
    {3, "CREATE TABLE two (x INTEGER) STRICT; PRAGMA user_version = 3;"},
    {4, "CREATE TABLE three (x INTEGER) STRICT; INSERT INTO three VALUES (3); PRAGMA user_version = 4;"},
};

static enum err migrate(const struct store_migration *steps, size_t n)
{
    why.text[0] = '\0';
    return store_migrate(f.store, steps, n, &why);
}

/* R77. Breaks when a step is half done, done twice, or in another order. */
static void migrations_are_whole(void **state)
{
    static const struct store_migration bad[] = {
        {2, "SELECT 1"},
        {3, "CREATE TABLE two (x INTEGER) STRICT; PRAGMA user_version = 3;"},
        {4, "CREATE TABLE three (x INTEGER) STRICT; PRAGMA user_version = 4; INSERT INTO nowhere VALUES (1);"},
    };
    static const struct store_migration forgetful[] = {{4, "CREATE TABLE three (x INTEGER) STRICT"}};

    (void)state;
    assert_int_equal(migrate(bad, 3), ERR_IO);
    assert_non_null(strstr(why.text, "nowhere"));
    assert_int_equal(sql_int(f.store, "PRAGMA user_version"), 3); /* the whole step before stands */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sqlite_schema WHERE name = 'three'"), 0);
    assert_int_equal(migrate(forgetful, 1), ERR_FORMAT); /* a step that sets no version */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sqlite_schema WHERE name = 'three'"), 0);
    assert_int_equal(migrate(steps_good, 3), OK);
    assert_int_equal(migrate(steps_good, 3), OK); /* nothing to do */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM three"), 1);
    assert_int_equal(migrate(steps_good, 2), ERR_UNSUPPORTED); /* a program that knows less */
}

/* R77. Breaks when a migration that is killed leaves anything but the version before. */
static void killed_migrations_leave_the_old_version(void **state)
{
    static const struct store_migration killed[] = {
        {3, "CREATE TABLE two (x INTEGER) STRICT; DROP TABLE sessions; PRAGMA user_version = 3; SELECT kill_here();"}};
    pid_t pid;
    int status = 0;

    (void)state;
    assert_int_equal(try_add(f.store, 1), OK);
    store_close(f.store);
    f.store = NULL;
    pid = fork();
    if (pid == 0) {
        f.store = fixture_open(&f);
        (void)sqlite3_create_function(f.store->db, "kill_here", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, kill_here,
                                      NULL, NULL);
        (void)migrate(killed, 1);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    f.store = fixture_open(&f);
    assert_true(integrity_ok(f.store));
    assert_int_equal(try_add(f.store, 1), ERR_EXISTS);
    assert_int_equal(migrate(steps_good, 3), OK);
}

static int prepare_child(void)
{
    return store_prepare(f.path, NULL) == OK ? 0 : 1;
}

/* R77. Breaks when the migration to this program's schema, killed before whichever change to a file, leaves a database
 * that is neither the old nor the new version, that has lost a row, or that the next start cannot finish. */
static void migrations_are_killed_everywhere(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    int old = 0, new = 0;
    bool killed = true;

    (void)state;
    for (int n = 0; killed; n += test_is_long() ? 1 : SANITIZED ? 5 : 2) {
        sqlite3 *db = NULL;
        int version = 0, tables = 0;

        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
            (void)unlink(beside(ends[i]));
        make_version_1(f.path);
        killed = killed_before_change(prepare_child, n);
        assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
        assert_int_equal(store_pragma_int(db, "PRAGMA user_version", &version), SQLITE_OK);
        assert_int_equal(store_pragma_int(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", &tables),
                         SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        if (version != 1 && version != store_schema_version())
            fail_msg("killed before change %d: version %d", n, version);
        assert_int_equal(version == 1, tables == 3); /* one is SQLite's own */
        old += version == 1;
        new += version != 1;
        assert_int_equal(store_prepare(f.path, NULL), OK);
        f.store = fixture_open(&f);
        assert_true(integrity_ok(f.store));
        assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users JOIN sessions ON user_id = users.id"), 1);
        assert_int_equal(try_add(f.store, 1), OK);
        store_close(f.store);
        f.store = NULL;
    }
    assert_true(old > 5 && new > 1); /* it was cut before and after the commit */
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
    assert_int_equal(store_throttle_fail(s, token_hash(5), &wait_s), ERR_IO);
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
        struct rlimit small = {200000, RLIM_INFINITY}, large = {RLIM_INFINITY, RLIM_INFINITY};
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

/* R72. Breaks when a lock that stays taken hangs a request, fails a reader, or is reported as anything but busy. */
static void taken_locks_are_busy(void **state)
{
    struct store *other = fixture_open(&f);
    int64_t start_us;

    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    assert_int_equal(store_lock(other, 0), OK);
    start_us = clock_mono_us();
    assert_int_equal(try_add(f.store, 1), ERR_BUSY);
    assert_in_range(clock_mono_us() - start_us, STORE_BUSY_MS * 1000, (STORE_BUSY_MS + 1000) * 1000);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), ERR_BUSY); /* a checkpoint needs it as well */
    clock_step(600);
    start_us = clock_mono_us();
    for (int i = 0; i < 100; i++)
        assert_int_equal(ask_session(f.store, 1), OK); /* the write of last_seen gives up, and not each time */
    assert_true(clock_mono_us() - start_us < 500000);
    store_unlock(other);
    assert_int_equal(try_add(f.store, 1), OK);
    sql_do(other, "BEGIN IMMEDIATE"); /* another program, which knows nothing of our lock */
    start_us = clock_mono_us();
    assert_int_equal(try_add(f.store, 2), ERR_BUSY);
    assert_in_range(clock_mono_us() - start_us, (STORE_BUSY_MS - 200) * 1000, (STORE_BUSY_MS + 1000) * 1000);
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
    assert_int_equal(fixture_logged(&f, "database_wal_large"), 0);
    sql_do(f.store, "CREATE TABLE big (b BLOB) STRICT; INSERT INTO big VALUES (zeroblob(70000000))");
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    assert_true(bytes > STORE_WAL_ALARM_BYTES);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    assert_int_equal(fixture_logged(&f, "database_wal_large"), 1); /* once a minute */
    clock_step(61);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    assert_int_equal(fixture_logged(&f, "database_wal_large"), 2);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, &bytes), OK);
    assert_int_equal(bytes, 0);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 51);
}

int main(void)
{
#define TEST(fn, set) cmocka_unit_test_setup_teardown(fn, set, teardown)
    const struct CMUnitTest tests[] = {
        TEST(files_are_private, setup_empty),
        TEST(connections_are_set_up, setup),
        TEST(unfit_databases_are_not_opened, setup),
        TEST(unfit_databases_stop_the_start, setup_empty),
        TEST(damaged_databases_stop_the_start, setup),
        TEST(unwritable_places_stop_the_start, setup_empty),
        TEST(names_are_only_names, setup_empty),
        TEST(starts_leave_data_alone, setup_empty),
        TEST(migrations_are_whole, setup),
        TEST(killed_migrations_leave_the_old_version, setup),
        TEST(migrations_are_killed_everywhere, setup_empty),
        TEST(vanished_databases_are_an_alarm, setup),
        TEST(full_databases_recover, setup),
        TEST(full_disks_recover, setup),
        TEST(read_only_databases_recover, setup),
        TEST(damage_is_not_an_answer, setup),
        TEST(taken_locks_are_busy, setup),
        TEST(deleted_lock_files_still_exclude, setup),
        TEST(links_share_the_lock, setup),
        TEST(readers_hold_the_wal, setup),
    };

    return cmocka_run_group_tests_name("store_faults", tests, NULL, NULL);
}
