/* What digitctl asks of the database: lists, checks, backups. */
#include "fixture_copy.h"

#include <sys/resource.h>

#include <time.h>

static bool see_user(const struct store_user *user, void *ctx)
{
    struct seen *seen = ctx;

    assert_true(user->id > seen->last);
    seen->last = user->id;
    assert_int_equal(store_begin(f.store, 100), OK); /* no read is open: a caller may write meanwhile */
    assert_int_equal(store_end(f.store, ERR_DENIED), ERR_DENIED);
    assert_non_null(strstr(user->email, "@example.org"));
    return ++seen->n != seen->stop_at;
}

/* Breaks when a list of users leaves one out at the border of a batch, tells one twice, or finds the wrong ones. */
static void users_are_listed(void **state)
{
    struct seen seen = {.stop_at = -1};

    (void)state;
    for (int i = 0; i < 250; i++)
        assert_int_equal(try_add(f.store, i % 10 == 0 ? "ten" : "one", i), OK);
    assert_int_equal(store_user_each(f.store, NULL, 0, see_user, &seen), OK);
    assert_int_equal(seen.n, 250);
    seen = (struct seen){.stop_at = -1};
    assert_int_equal(store_user_each(f.store, "TEN", 0, see_user, &seen), OK);
    assert_int_equal(seen.n, 25);
    seen = (struct seen){.stop_at = -1, .last = 100};
    assert_int_equal(store_user_each(f.store, NULL, 100, see_user, &seen), OK);
    assert_int_equal(seen.n, 150);
    seen = (struct seen){.stop_at = 7};
    assert_int_equal(store_user_each(f.store, NULL, 0, see_user, &seen), OK);
    assert_int_equal(seen.n, 7);
    seen = (struct seen){.stop_at = -1};
    assert_int_equal(store_user_each(f.store, "%", 0, see_user, &seen), OK); /* text, not a pattern */
    assert_int_equal(seen.n, 0);
}

static bool see_count(const char *table, int64_t rows, void *ctx)
{
    struct seen *seen = ctx;

    seen->n++;
    if (rows > 0)
        (void)snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%s=%d ", table,
                       (int)rows);
    return true;
}

/* Breaks when a table is forgotten (a new one too) or a count is another table's. */
static void tables_are_counted(void **state)
{
    struct seen seen = {0};

    (void)state;
    add_session(f.store, 1, add_user(f.store, "ada@example.org"));
    add_session(f.store, 2, add_user(f.store, "bob@example.org"));
    add_session(f.store, 3, 1);
    assert_int_equal(store_count_each(f.store, see_count, &seen), OK);
    assert_string_equal(seen.text, "users=2 sessions=3 ");
    assert_int_equal(seen.n, sql_int(f.store, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = "
                                              "'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"));
}

static void see_finding(void *ctx, const char *finding)
{
    struct seen *seen = ctx;

    seen->n++;
    (void)snprintf(seen->text, sizeof(seen->text), "%s", finding);
}

/* Breaks when a check says fine of a row without its parent, of a damaged page, or finds fault with a sound database.
 */
static void damage_is_found(void **state)
{
    struct seen seen = {0};
    static unsigned char junk[4096];
    int fd;

    (void)state;
    for (int i = 0; i < 300; i++)
        assert_int_equal(try_add(f.store, "u", i), OK);
    assert_int_equal(store_check_integrity(f.store, see_finding, &seen), OK);
    assert_int_equal(seen.n, 0);
    add_session(f.store, 1, 1);
    sql_do(f.store, "PRAGMA foreign_keys = OFF; DELETE FROM users WHERE id = 1; PRAGMA foreign_keys = ON");
    assert_int_equal(store_check_integrity(f.store, see_finding, &seen), OK);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.text, "row 1 of sessions refers to a row of users that does not exist");
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    close_store();
    memset(junk, 0x5a, sizeof(junk));
    fd = open(f.path, O_WRONLY | O_CLOEXEC); /* nobody has it open */
    for (int page = 3; page < 8; page++)
        assert_int_equal(pwrite(fd, junk, sizeof(junk), page * 4096), sizeof(junk));
    (void)close(fd);
    f.store = NULL;
    if (store_open(&f.store, f.path, &why) == OK) { /* where the damage does not hinder that */
        seen.n = 0;
        assert_int_equal(store_check_integrity(f.store, see_finding, &seen), OK);
        assert_true(seen.n > 0);
    }
}

/* R76. Breaks when a backup is not private, replaces a file, leaves a part behind, or holds what was deleted. */
static void backups_are_whole_and_private(void **state)
{
    const mode_t before = umask(0);
    struct stat st;
    char text[200];
    sqlite3 *db = NULL;
    int fd, n, left;

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(try_add(f.store, "u", i), OK);
    assert_int_equal(try_add(f.store, "gone-for-good", 0), OK);
    sql_do(f.store, "DELETE FROM users WHERE id > 100");
    left = files();
    assert_int_equal(store_backup(f.store, copy, &why), OK);
    (void)umask(before);
    assert_int_equal(files(), left + 1);
    assert_int_equal(stat(copy, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(store_backup(f.store, copy, &why), ERR_EXISTS);
    assert_non_null(strstr(why.text, "already exists"));
    (void)snprintf(text, sizeof(text), "%s/nowhere/copy.db", f.dir);
    assert_int_equal(store_backup(f.store, text, &why), ERR_IO);
    assert_int_equal(store_backup(f.store, "", &why), ERR_LIMIT);
    assert_int_equal(symlink(text, beside(".link")), 0);
    assert_int_equal(store_backup(f.store, beside(".link"), &why), ERR_EXISTS); /* nor through a link */
    assert_int_equal(files(), left + 2);
    assert_int_equal(sqlite3_open_v2(copy, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(store_pragma_int(db, "SELECT count(*) FROM users", &n), SQLITE_OK);
    assert_int_equal(n, 100);
    assert_int_equal(store_pragma_int(db, "PRAGMA application_id", &n), SQLITE_OK);
    assert_int_equal(n, STORE_APPLICATION_ID);
    assert_int_equal(store_pragma_int(db, "PRAGMA user_version", &n), SQLITE_OK);
    assert_int_equal(n, store_schema_version());
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    fd = open(copy, O_RDONLY | O_CLOEXEC);
    while ((n = (int)read(fd, text, sizeof(text) - 1)) > 0) /* crude, and enough: pieces of 199 bytes overlap not */
        assert_null(memmem(text, (size_t)n, "gone-for", 8));
    (void)close(fd);
    assert_int_equal(try_add(f.store, "later", 1), OK); /* the connection is as before */
}

/* Stops the process the first time. */
static int stop_here(void *ctx)
{
    static bool stopped;

    (void)ctx;
    if (!stopped)
        (void)raise(SIGSTOP);
    stopped = true;
    return 0;
}

/* Not every kernel lists a process's children, so all are asked for their parent. */
static void kill_children_of(pid_t pid)
{
    DIR *d = opendir("/proc");
    int killed = 0;

    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[300], text[200] = "";
        const char *after;
        int fd, parent = 0;

        (void)snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
        fd = atoi(e->d_name) > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0)
            continue;
        if (read(fd, text, sizeof(text) - 1) > 0 && (after = strrchr(text, ')')) != NULL &&
            sscanf(after, ") %*c %d", &parent) == 1 && parent == (int)pid)
            killed += kill((pid_t)atoi(e->d_name), SIGKILL) == 0;
        (void)close(fd);
    }
    (void)closedir(d);
    assert_int_equal(killed, 1);
}

/* Breaks when a full disk leaves half a backup under its name, or an error that nobody can read. */
static void failed_backups_leave_nothing(void **state)
{
    int left = files();
    pid_t pid;

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(try_add(f.store, "u", i), OK);
    close_store();
    pid = fork();
    if (pid == 0) {
        const struct rlimit small = {50000, RLIM_INFINITY};
        struct store *s = fixture_open(&f);

        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &small) != 0)
            _exit(9);
        if (store_backup(s, copy, &why) != ERR_IO || strstr(why.text, copy) != why.text)
            _exit(1);
        store_close(s);
        _exit(0);
    }
    child_ok(pid);
    assert_false(exists(copy));
    assert_int_equal(files(), left);
}

static bool is_whole(const char *path)
{
    sqlite3 *db = NULL;
    int n = 0;
    bool whole = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                 store_pragma_int(db, "SELECT count(*) FROM users", &n) == SQLITE_OK && n == 3000;

    (void)sqlite3_close(db);
    return whole;
}

/* In a child of its own group: a backup that is cut off by this signal once there is something of it. */
static void cut_backup_off(int signal_no, bool guard_too, int left)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct store *s = fixture_open(&f);

        (void)setpgid(0, 0);
        sqlite3_progress_handler(s->db, 1000, stop_here, NULL); /* in the middle of VACUUM INTO */
        (void)store_backup(s, copy, &why);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    assert_true(files() > left); /* the copy is on its way */
    if (guard_too)
        kill_children_of(pid);
    assert_int_equal(kill(pid, signal_no), 0);
    (void)kill(pid, SIGCONT);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signal_no);
}

/* R110. Breaks when a backup that ends by a signal leaves a copy of everybody's data, or when what a crash of the whole
 * machine leaves is still there after the next backup, or when that removes what somebody else is making. */
static void cut_off_backups_leave_nothing(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGKILL};
    int left;

    (void)state;
    sql_do(f.store, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO users "
                    "(email, password_hash, created_at) SELECT i || '@example.org', '" FIXTURE_HASH "', 0 FROM n");
    close_store();
    left = files();
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        cut_backup_off(signals[i], false, left);
        for (int wait = 0; files() > left && wait < 1000; wait++)
            (void)nanosleep(&(struct timespec){0, 10000000}, NULL);
        assert_int_equal(files(), left);
    }
    cut_backup_off(SIGKILL, true, left);
    assert_true(files() > left);
    f.store = fixture_open(&f);
    assert_int_equal(store_backup(f.store, copy, &why), OK);
    assert_int_equal(files(), left + 1);
    assert_true(is_whole(copy));
}

/* Breaks when a backup takes away the copy that another one is making in the same directory. */
static void backups_do_not_disturb_each_other(void **state)
{
    char second[200];
    pid_t pid;
    int status;

    (void)state;
    sql_do(f.store, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO users "
                    "(email, password_hash, created_at) SELECT i || '@example.org', '" FIXTURE_HASH "', 0 FROM n");
    close_store();
    pid = fork();
    if (pid == 0) {
        struct store *s = fixture_open(&f);

        sqlite3_progress_handler(s->db, 1000, stop_here, NULL);
        _exit(store_backup(s, copy, &why) == OK ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    f.store = fixture_open(&f);
    (void)snprintf(second, sizeof(second), "%s.second", copy);
    assert_int_equal(store_backup(f.store, second, &why), OK);
    assert_int_equal(kill(pid, SIGCONT), 0);
    child_ok(pid);
    assert_true(is_whole(copy) && is_whole(second));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(users_are_listed),
        TEST(tables_are_counted),
        TEST(damage_is_found),
        TEST(backups_are_whole_and_private),
        TEST(failed_backups_leave_nothing),
        TEST(cut_off_backups_leave_nothing),
        TEST(backups_do_not_disturb_each_other),
    };

    return cmocka_run_group_tests_name("store_admin", tests, NULL, NULL);
}
