/* Restoring a backup: one that was taken while others wrote, over a database that is sound, lost or ruined; and killed
 * on the way. */
#include "fixture_copy.h"

#include <sys/prctl.h>

#include <time.h>

#include "fixture_kill.h"
#include "fixture_refuse.h"
#include "fixture_root.h"

/* Adds users without end; each is paired with a session in a second commit, so the two counts differ by one at most. */
static void writer(int writer_number)
{
    struct store *s = open_file(f.path);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int n = 0;; n++) {
        enum err e = try_add(s, writer_number == 0 ? "a" : "b", n);

        if (e != OK && e != ERR_BUSY)
            _exit(1);
        if (n % 16 == 0)
            (void)store_housekeep(s, &fixture_rule, NULL);
    }
}

/* R76. Breaks when a backup taken while others write is torn or old, or a restored one cannot be opened and used. */
static void backups_while_writing_are_restored(void **state)
{
    pid_t pid[2];
    int n[4] = {0}, status;
    char path[200];

    (void)state;
    close_store();
    for (int i = 0; i < 2; i++) {
        pid[i] = fork();
        if (pid[i] == 0)
            writer(i);
    }
    f.store = fixture_open(&f);
    for (int i = 0; i < 4; i++) {
        int before;

        (void)nanosleep(&(struct timespec){0, 100000000}, NULL);
        before = sql_int(f.store, "SELECT count(*) FROM users");
        (void)snprintf(path, sizeof(path), "%s.%d", copy, i);
        assert_int_equal(store_backup(f.store, path, &why), OK);
        n[i] = before;
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kill(pid[i], SIGKILL), 0);
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFSIGNALED(status)); /* it wrote to the end */
    }
    close_store();
    for (int i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof(path), "%s.%d", copy, i);
        assert_int_equal(store_restore(f.path, path, &why), OK);
        f.store = fixture_open(&f);
        assert_true(integrity_ok(f.store));
        assert_true(sql_int(f.store, "SELECT count(*) FROM users") >= n[i]); /* all that was committed before */
        assert_true(sql_int(f.store, "SELECT count(*) = max(id) FROM users"));
        assert_int_equal(try_add(f.store, "new", 0), OK);
        close_store();
        assert_int_equal(unlink(beside(".before-restore")), 0);
    }
    assert_true(n[3] > n[0]); /* they did write meanwhile */
}

/* A backup with one user, and a database with two more since; *left: the files there are. */
static void backup_and_go_on(int *left)
{
    assert_int_equal(try_add(f.store, "old", 0), OK);
    assert_int_equal(store_backup(f.store, copy, &why), OK);
    assert_int_equal(try_add(f.store, "new", 0), OK);
    assert_int_equal(try_add(f.store, "new", 1), OK);
    assert_true(sql_int(f.store, "SELECT 1") && exists(beside("-wal")));
    *left = files();
}

/* R76. Breaks when the old WAL is replayed into the restored database, when the old database is not kept whole, or
 * files are left that nobody asked for. */
static void restores_replace_the_database(void **state)
{
    struct stat st;
    struct store *old;
    int left;

    (void)state;
    backup_and_go_on(&left);
    close_store();
    assert_int_equal(stat(beside("-wal"), &st), 0);
    assert_true(st.st_size > 0); /* the old database's last commits are in its WAL alone */
    assert_int_equal(store_restore(f.path, copy, &why), OK);
    assert_false(exists(beside("-wal")));
    assert_false(exists(beside("-shm")));
    assert_int_equal(stat(f.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    f.store = fixture_open(&f);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 1);
    assert_true(integrity_ok(f.store));
    assert_int_equal(try_add(f.store, "new", 0), OK);
    old = open_file(beside(".before-restore"));
    assert_int_equal(sql_int(old, "SELECT count(*) FROM users"), 3);
    store_close(old);
    close_store();
    assert_int_equal(store_restore(f.path, copy, &why), ERR_EXISTS); /* the first one kept is not lost to a second */
    assert_non_null(strstr(why.text, ".before-restore: left by an earlier restore"));
    f.store = fixture_open(&f);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 2);
    assert_int_equal(exists(copy), 1);
}

/* Breaks when a file that is no backup, or no whole one, takes the place of a working database. */
static void unfit_backups_are_refused(void **state)
{
    static unsigned char junk[4096];
    char other[200], wal[240];
    struct stat st;
    sqlite3 *db = NULL;
    char sql[80];
    int left, fd;

    (void)state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(try_add(f.store, "u", i), OK);
    backup_and_go_on(&left);
    (void)snprintf(other, sizeof(other), "%s/other.db", f.dir);
    assert_int_equal(store_restore(f.path, copy, &why), ERR_BUSY); /* it is open: in this very process */
    close_store();
    assert_int_equal(store_restore(f.path, other, &why), ERR_NOT_FOUND);
    assert_int_equal(store_restore(f.path, f.dir, &why), ERR_FORMAT);
    assert_int_equal(store_restore(f.path, f.path, &why), ERR_RANGE);
    assert_int_equal(store_restore("/nonexistent/x.db", copy, &why), ERR_IO);
    fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(store_restore(f.path, other, &why), ERR_FORMAT); /* empty */
    memset(junk, 0x5a, sizeof(junk));
    assert_int_equal(write(fd, junk, sizeof(junk)), sizeof(junk));
    (void)close(fd);
    assert_int_equal(store_restore(f.path, other, &why), ERR_FORMAT);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(sqlite3_open(other, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE photos (x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(store_restore(f.path, other, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "another program"));
    assert_int_equal(unlink(other), 0);
    (void)snprintf(wal, sizeof(wal), "%s-wal", copy);
    fd = open(wal, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, junk, 100), 100);
    (void)close(fd);
    assert_int_equal(store_restore(f.path, copy, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "-wal"));
    assert_int_equal(unlink(wal), 0);
    assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_restore(f.path, copy, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.text, "copy.db: has schema version 99"));
    (void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d; CREATE TABLE loose (x)", store_schema_version());
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_restore(f.path, copy, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "STRICT"));
    assert_int_equal(sqlite3_exec(db, "DROP TABLE loose", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(stat(copy, &st), 0);
    fd = open(copy, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, junk, sizeof(junk), st.st_size - 4096), sizeof(junk));
    (void)close(fd);
    assert_int_equal(store_restore(f.path, copy, &why), ERR_FORMAT); /* damaged */
    assert_int_equal(truncate(copy, st.st_size - 8192), 0);
    assert_int_equal(store_restore(f.path, copy, &why), ERR_FORMAT); /* cut short */
    assert_int_equal(files(), left);
    f.store = fixture_open(&f);
    assert_true(integrity_ok(f.store));
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 203);
}

/* Breaks when a backup cannot take the place of a lost or ruined database. */
static void restores_mend_what_is_lost(void **state)
{
    static unsigned char junk[8192];
    int left, fd;

    (void)state;
    backup_and_go_on(&left);
    close_store();
    assert_int_equal(unlink(f.path), 0); /* its WAL is left, and must not be replayed */
    assert_int_equal(store_restore(f.path, copy, &why), OK);
    f.store = fixture_open(&f);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 1);
    assert_true(integrity_ok(f.store));
    close_store();
    assert_int_equal(unlink(beside(".before-restore-wal")), 0);
    memset(junk, 0x5a, sizeof(junk));
    fd = open(f.path, O_WRONLY | O_CLOEXEC | O_TRUNC);
    assert_int_equal(write(fd, junk, sizeof(junk)), sizeof(junk));
    (void)close(fd);
    assert_int_equal(store_restore(f.path, copy, &why), OK);
    assert_true(exists(beside(".before-restore")));
    f.store = fixture_open(&f);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 1);
}

/* Breaks when a backup of the version before is not migrated on the way in. */
static void old_backups_are_migrated(void **state)
{
    (void)state;
    close_store();
    make_version_1(copy);
    assert_int_equal(store_restore(f.path, copy, &why), OK);
    f.store = fixture_open(&f);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users WHERE email = 'ada@example.org'"), 1);
    assert_int_equal(sql_int(f.store, "PRAGMA user_version"), store_schema_version());
}

static void child_of_root(void (*what)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        what();
        _exit(0);
    }
    child_ok(pid);
}

static void as_root(void)
{
    struct store *s = open_file(f.path);

    if (try_add(s, "root", 0) != OK || store_housekeep(s, &fixture_rule, NULL) != OK)
        _exit(1);
    store_close(s);
}

static void restore_as_root(void)
{
    if (store_restore(f.path, copy, &why) != OK)
        _exit(1);
}

static void as_owner(void)
{
    struct store *s;

    root_leave();
    s = open_file(f.path);
    if (try_add(s, "owner", (int)getpid()) != OK || store_housekeep(s, &fixture_rule, NULL) != OK)
        _exit(1);
    store_close(s);
}

/* Breaks when what root's digitctl leaves beside the database locks the service out of it. */
static void files_made_by_root_are_the_owners(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    const uid_t owner =
        root_is_whole() ? OTHER_USER : geteuid(); /* without root, at least that nothing is in the way */
    struct stat st;

    (void)state;
    assert_int_equal(store_backup(f.store, copy, &why), OK);
    close_store();
    if (root_is_whole()) {
        assert_int_equal(chown(f.dir, OTHER_USER, OTHER_GROUP), 0);
        assert_int_equal(chown(f.path, OTHER_USER, OTHER_GROUP), 0);
    }
    for (int round = 0; round < 3; round++) {
        if (round == 2) { /* on a new machine: only the directory says whose the database is to be */
            for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
                (void)unlink(beside(ends[i]));
            (void)unlink(beside(".before-restore"));
            child_of_root(restore_as_root);
            child_of_root(as_owner);
            break;
        }
        for (size_t i = 1; i < sizeof(ends) / sizeof(ends[0]); i++)
            (void)unlink(beside(ends[i]));
        child_of_root(as_root);
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            assert_int_equal(stat(beside(ends[i]), &st), 0);
            if (st.st_uid != owner || (root_is_whole() && st.st_gid != OTHER_GROUP) || (st.st_mode & 07777) != 0600)
                fail_msg("%s: owner %d, mode %03o", beside(ends[i]), (int)st.st_uid, st.st_mode & 07777);
        }
        child_of_root(as_owner);
        if (round == 0)
            child_of_root(restore_as_root); /* and once more with the restored file */
    }
}

static int restore_child(void)
{
    return store_restore(f.path, copy, &why) == OK ? 0 : 1;
}

static int restore_child_without_links(void)
{
    refuse(ENOSYS, "link", "linkat", NULL);
    return restore_child();
}

static void restore_is_killed_everywhere(int (*child)(void))
{
    int left, old = 0, new = 0;
    bool killed = true;

    backup_and_go_on(&left);
    close_store();
    for (int n = 0; killed; n += test_is_long() ? 1 : SANITIZED ? 5 : 3) {
        int users;

        (void)unlink(beside(".before-restore"));
        (void)unlink(beside(".before-restore-wal"));
        killed = killed_before_change(child, n);
        f.store = fixture_open(&f);
        assert_true(integrity_ok(f.store));
        users = sql_int(f.store, "SELECT count(*) FROM users");
        if (users != 1 && users != 3)
            fail_msg("killed before change %d: %d users", n, users);
        old += users == 3;
        new += users == 1;
        /* Each round begins with the same things to lose in the WAL, so that n counts the same changes. */
        sql_do(f.store, "DELETE FROM users WHERE id > 1");
        assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
        assert_int_equal(try_add(f.store, "new", 0), OK);
        assert_int_equal(try_add(f.store, "new", 1), OK);
        close_store();
    }
    assert_true(old > 5 && new > 1); /* it was cut before and after the one step that counts */
}

/* R76. Breaks when a restore that is killed, before whichever change to a file, leaves neither database, or a new one
 * with the old one's WAL. */
static void killed_restores_leave_one_database(void **state)
{
    (void)state;
    restore_is_killed_everywhere(restore_child);
}

/* The same where a file has one name only, and what is kept is a copy. */
static void killed_restores_without_links_leave_one_database(void **state)
{
    (void)state;
    restore_is_killed_everywhere(restore_child_without_links);
}

/* Breaks when a file system without second names loses what the database was, or replaces what was kept before. */
static void restores_without_links_keep_the_old_database(void **state)
{
    sqlite3 *db = NULL;
    int left, users = 0;
    pid_t pid;

    (void)state;
    backup_and_go_on(&left);
    close_store();
    for (int round = 0; round < 2; round++) {
        pid = fork();
        if (pid == 0)
            _exit(restore_child_without_links() == (round == 0 ? 0 : 1) ? 0 : 1);
        child_ok(pid);
        assert_int_equal(sqlite3_open(beside(".before-restore"), &db), SQLITE_OK);
        assert_int_equal(store_pragma_int(db, "SELECT count(*) FROM users", &users), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(users, 3);
    }
    f.store = fixture_open(&f);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM users"), 1);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(backups_while_writing_are_restored),
        TEST(restores_replace_the_database),
        TEST(unfit_backups_are_refused),
        TEST(restores_mend_what_is_lost),
        TEST(old_backups_are_migrated),
        TEST(files_made_by_root_are_the_owners),
        TEST(killed_restores_leave_one_database),
        TEST(killed_restores_without_links_leave_one_database),
        TEST(restores_without_links_keep_the_old_database),
    };

    return cmocka_run_group_tests_name("store_restore", tests, NULL, NULL);
}
