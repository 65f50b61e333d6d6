/* How the store starts: files that are not what they should be, settings of a connection, migrations that are cut. */
#include "fixture_file.h"

#include "fixture_kill.h"
#include "fixture_root.h"
#include "pace.h"

#include "fixture_rows.h"

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

static enum err prepare_file(const char *path)
{
    const double began_ms = pace_wall_ms();
    enum err e;

    why.text[0] = '\0';
    e = store_prepare(path, &why);
    assert_true(pace_wall_within(pace_wall_ms() - began_ms, 2000)); /* R12 */
    assert_int_equal(e == OK, why.text[0] == '\0');
    return e;
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
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND strict"), 11);
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
    assert_non_null(strstr(why.text, "has schema version 99; this digitd supports versions up to"));
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
    assert_int_equal(chmod(f.dir, root_is_whole() ? 0755 : 0555), 0);
    pid = fork();
    if (pid == 0) {
        root_leave();
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
        root_leave();
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

/* Beyond every version of the program. */
static const struct store_migration steps_good[] = {
    {2, "SELECT 1"},
    {103, "CREATE TABLE two (x INTEGER) STRICT; PRAGMA user_version = 103;"},
    {104, "CREATE TABLE three (x INTEGER) STRICT; INSERT INTO three VALUES (3); PRAGMA user_version = 104;"},
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
        {103, "CREATE TABLE two (x INTEGER) STRICT; PRAGMA user_version = 103;"},
        {104, "CREATE TABLE three (x INTEGER) STRICT; PRAGMA user_version = 104; INSERT INTO nowhere VALUES (1);"},
    };
    static const struct store_migration forgetful[] = {{104, "CREATE TABLE three (x INTEGER) STRICT"}};

    (void)state;
    assert_int_equal(migrate(bad, 3), ERR_IO);
    assert_non_null(strstr(why.text, "nowhere"));
    assert_int_equal(sql_int(f.store, "PRAGMA user_version"), 103); /* the whole step before stands */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sqlite_schema WHERE name = 'three'"), 0);
    assert_int_equal(migrate(forgetful, 1), ERR_FORMAT); /* a step that sets no version */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM sqlite_schema WHERE name = 'three'"), 0);
    assert_int_equal(migrate(steps_good, 3), OK);
    assert_int_equal(migrate(steps_good, 3), OK); /* nothing to do */
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM three"), 1);
    assert_int_equal(migrate(steps_good, 2), ERR_UNSUPPORTED); /* a program that knows less */
}

/* R77. Breaks when a history that was kept before answers could be checked as "no digit" loses a correction or a row,
 * gains a check that nobody made, or gives a number a second time. */
static void history_of_version_2_is_kept(void **state)
{
    static const char *const rows =
        "PRAGMA journal_mode = WAL;"
        "INSERT INTO users (email, password_hash, created_at) VALUES ('ada@example.org', 'x', 1);"
        "INSERT INTO history (id, user_id, created_at, name, status, digit, label, confidence, probabilities, picture) "
        "VALUES (1, 1, 1, '', 0, 7, NULL, 0.5, zeroblob(40), zeroblob(784)),"
        "(2, 1, 1, '', 1, 7, 7, 0.5, zeroblob(40), zeroblob(784)),"
        "(3, 1, 1, '', 1, 7, 0, 0.5, zeroblob(40), zeroblob(784)),"
        "(4, 1, 1, '', 2, NULL, NULL, 0.5, zeroblob(40), randomblob(784)),"
        "(9, 1, 1, '', 2, NULL, 4, 0.5, zeroblob(40), zeroblob(784));"
        "DELETE FROM history WHERE id = 9";
    static const int labels[] = {STORE_HISTORY_NONE, 7, 0, STORE_HISTORY_NONE};
    struct store_history_counts counts;
    struct store_history row = {.status = STORE_HISTORY_DIGIT, .digit = 7, .confidence = 1};
    sqlite3 *db = NULL;

    (void)state;
    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    sql_file(db, "fcgi/store/schema.sql");
    sql_file(db, "fcgi/store/schema2.sql");
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(chmod(f.path, 0600), 0);
    assert_int_equal(prepare_file(f.path), OK);
    f.store = fixture_open(&f);
    assert_int_equal(rows_add(f.store, 1, &row, 1, 100), OK);
    assert_int_equal(row.id, 10);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(store_history_find(f.store, 1, i + 1, &row), OK);
        assert_int_equal(row.label, labels[i]);
        assert_int_equal(row.unsure_because, 0);
    }
    assert_int_equal(store_history_count(f.store, 1, &counts), OK);
    assert_true(counts.kept == 5 && counts.checked == 2 && counts.right == 1);
    assert_int_equal(store_history_label(f.store, 1, 4, STORE_HISTORY_NO_DIGIT), OK);
    assert_true(integrity_ok(f.store));
}

/* R77. Breaks when a migration that is killed leaves anything but the version before. */
static void killed_migrations_leave_the_old_version(void **state)
{
    static const struct store_migration killed[] = {
        {103,
         "CREATE TABLE two (x INTEGER) STRICT; DROP TABLE sessions; PRAGMA user_version = 103; SELECT kill_here();"}};
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
 * that is between two versions, that has lost a row, or that the next start cannot finish. */
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
        if (version < 1 || version > store_schema_version())
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
        TEST(history_of_version_2_is_kept, setup_empty),
        TEST(killed_migrations_leave_the_old_version, setup),
        TEST(migrations_are_killed_everywhere, setup_empty),
    };

    return cmocka_run_group_tests_name("store_start", tests, NULL, NULL);
}
