/* The n-th allocation fails, or the n-th open, read, write, sync or cut of a file: in every handler, and in what is
 * done at a start, in housekeeping and with backups. The reply is then the usual one or says that it could not be done;
 * nobody is taken for somebody else or for nobody, what is told of is in the database, and the next request is
 * answered as ever. Under the sanitizers this finds what a failure leaves behind as well. */
#include "fixture_disk.h"
#include "fixture_memory.h"

#include "fixture_visit.h"

#include "store/admin/store_admin.h"

enum { MEMORY_ONCE, MEMORY_FOR_GOOD, KINDS = MEMORY_FOR_GOOD + 1 + DISK_CALLS };
enum { SHORT_STEPS = 2, WRONGS_SHOWN = 20 };

static const char *const kinds[KINDS] = {"malloc", "malloc, and all after it", "open", "read", "write", "sync", "cut",
                                         "rename"};
static int tried, failures, told_all_the_same, wrongs;
static char copy[120];

static bool is_memory(int kind)
{
    return kind <= MEMORY_FOR_GOOD;
}

/* The n-th call of this kind is to fail, once it is switched on. */
static void arm(int kind, int n)
{
    memory.fail_in = is_memory(kind) ? n : -1;
    memory.for_good = kind == MEMORY_FOR_GOOD;
    memory.failed = disk.failed = false;
    disk.fail_in = -1;
    memory.on = false;
}

static void switch_on(int kind, int n)
{
    static const int errors[DISK_CALLS] = {EMFILE, EIO, ENOSPC, EIO, EIO, EIO};

    if (is_memory(kind))
        memory.on = true;
    else
        disk_fail((enum disk_call)(kind - MEMORY_FOR_GOOD - 1), n, errors[kind - MEMORY_FOR_GOOD - 1]);
}

static bool switch_off(void)
{
    memory.on = false;
    memory.fail_in = disk.fail_in = -1;
    return memory.failed || disk.failed;
}

static struct {
    int kind, n;
    bool on;
} now;

/* Only what the worker does counts, not what this test does about its reply. */
static void on_phase(void *ctx, enum phase phase)
{
    (void)ctx;
    if (phase == PHASE_READ && !now.on) {
        now.on = true;
        switch_on(now.kind, now.n);
    }
    if (phase == PHASE_IDLE) {
        memory.on = false;
        disk.fail_in = -1;
    }
}

/* A connection whose pages are all still on the disk. */
static void reopen(void)
{
    store_close(db.store);
    db.store = app.store = fixture_open(&db);
}

/* The first ones, then ever fewer: the short form soon, the long one late. */
static int next(int n)
{
    return test_is_long() ? n + 1 + n / 50 : n < SHORT_STEPS ? n + 1 : 3 * n;
}

/* One line of each is enough to begin with. */
static void wrong(const struct visit *v, const char *what)
{
    if (wrongs++ < WRONGS_SHOWN)
        print_error("%s, %s %d: %s: %s\n", v->name, kinds[now.kind], now.n, what, got.bytes);
}

static void judge(const struct visit *v, uint64_t before)
{
    const bool saved = state_of(db.store->db) != before;
    uint64_t after;

    if (got.status != v->status && got.status != 503 && got.status != 500)
        wrong(v, "a wrong answer");
    if (got.status != v->status || !v->writes)
        return;
    told_all_the_same++;
    if (!saved && strstr(got.text, "not_saved") == NULL && strcmp(v->name, "read and keep") != 0)
        wrong(v, "told of, but not written");
    after = state_of(db.store->db);
    reopen();
    /* What a failed sync was to put down is told of by nobody, but may be there after a restart. */
    if (now.kind != MEMORY_FOR_GOOD + 1 + DISK_SYNCS && state_of(db.store->db) != after)
        wrong(v, "another connection sees another state");
}

static void visit_failing(const struct visit *v, int kind)
{
    bool failed = true;

    for (int n = 0; failed; n = next(n)) {
        uint64_t before;

        app.on_phase = NULL;
        visit_new();
        if (v->before != NULL)
            v->before();
        before = state_of(db.store->db);
        if (!is_memory(kind))
            reopen();
        now.kind = kind;
        now.n = n;
        now.on = false;
        arm(kind, n);
        app.on_phase = on_phase;
        (void)v->ask();
        failed = switch_off();
        app.on_phase = NULL;
        tried++;
        failures += failed;
        if (!failed && got.status != v->status)
            wrong(v, "nothing failed");
        judge(v, before);
    }
    assert_true(integrity_ok(db.store));
    sql_do(db.store, "DELETE FROM users; DELETE FROM outbox; DELETE FROM links; DELETE FROM throttles");
    assert_int_equal(store_housekeep(db.store, &fixture_rule, NULL), OK);
}

/* Connections that are watched from the start. */
static void watch(void)
{
    store_close(db.store);
    disk_watch(db.dir, false);
    db.store = app.store = fixture_open(&db);
    (void)snprintf(copy, sizeof(copy), "%s/copy.db", db.dir);
    tried = failures = told_all_the_same = wrongs = 0;
}

static void visits_fail(int first, int last)
{
    watch();
    for (int kind = first; kind <= last; kind++)
        for (int i = 0; i < VISITS; i++)
            visit_failing(&visits[i], kind);
    print_message("# R116: %d handlers, %s to %s: %d failures in %d requests, %d answered all the same\n", VISITS,
                  kinds[first], kinds[last], failures, tried, told_all_the_same);
    assert_int_equal(wrongs, 0);
    assert_true(failures > 2 * VISITS);
    disk_leave();
}

/* R116, R93. Breaks when a handler crashes, leaks, lies or stays broken without memory. */
static void memory_runs_out(void **state)
{
    (void)state;
    visits_fail(MEMORY_ONCE, MEMORY_FOR_GOOD);
}

/* R116, R74. Breaks when a handler takes a failed read for "there is none", or a failed write for done. */
static void disks_fail(void **state)
{
    (void)state;
    visits_fail(MEMORY_FOR_GOOD + 1, KINDS - 1);
}

static struct why why;

static enum err chore_start(void)
{
    return store_prepare(db.path, &why);
}

static enum err chore_open(void)
{
    struct store *s = NULL;
    enum err e = store_open(&s, db.path, &why);

    assert_int_equal(e == OK, s != NULL);
    store_close(s);
    return e;
}

static enum err chore_housekeep(void)
{
    struct store *s = NULL;
    enum err e = store_open(&s, db.path, &why);

    if (e == OK)
        e = store_housekeep(s, &fixture_rule, NULL);
    store_close(s);
    return e;
}

static enum err chore_backup(void)
{
    struct store *s = NULL;
    enum err e = store_open(&s, db.path, &why);

    if (e == OK)
        e = store_backup(s, copy, &why);
    store_close(s);
    return e;
}

static enum err chore_restore(void)
{
    return store_restore(db.path, copy, &why);
}

static const struct {
    const char *name;
    enum err (*run)(void);
} chores[] = {
    {"start", chore_start},   {"open", chore_open},       {"housekeeping", chore_housekeep},
    {"backup", chore_backup}, {"restore", chore_restore}, /* of what the backup before it made */
};

static uint64_t state_of_file(const char *path)
{
    sqlite3 *base = NULL;
    uint64_t state;

    assert_int_equal(sqlite3_open_v2(path, &base, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    state = state_of(base);
    assert_int_equal(sqlite3_close(base), SQLITE_OK);
    return state;
}

/* What there is after a chore that may have failed: all that there was, or the backup that was to take its place. */
static void judge_chore(int chore, enum err e, uint64_t before, bool failed)
{
    const bool is_restore = chores[chore].run == chore_restore, is_backup = chores[chore].run == chore_backup;
    char kept[160];
    uint64_t after, copied;

    if (!failed && e != OK)
        fail_msg("%s, %s %d: nothing failed: %s", chores[chore].name, kinds[now.kind], now.n, why.text);
    db.store = app.store = fixture_open(&db);
    after = state_of(db.store->db);
    copied = access(copy, F_OK) == 0 ? state_of_file(copy) : 0;
    if (after != (is_restore && e == OK ? copied : before) && !(is_restore && after == copied))
        fail_msg("%s, %s %d: %s, and the database is another", chores[chore].name, kinds[now.kind], now.n, err_str(e));
    assert_true(integrity_ok(db.store));
    if (is_backup && (e == OK || copied != 0) && copied != before)
        fail_msg("backup, %s %d: %s, and the copy is not whole", kinds[now.kind], now.n, err_str(e));
    if (is_backup && failed)
        (void)unlink(copy);
    (void)snprintf(kept, sizeof(kept), "%s.before-restore", db.path);
    (void)unlink(kept);
    (void)snprintf(kept, sizeof(kept), "%s.before-restore-wal", db.path); /* where it could not be written back */
    (void)unlink(kept);
}

/* R116, R74, R76. Breaks when a start, a backup or a restore that fails half-way takes something with it. */
static void chores_fail(void **state)
{
    (void)state;
    watch();
    for (int kind = 0; kind < KINDS; kind++) {
        for (int i = 0; i < (int)(sizeof(chores) / sizeof(chores[0])); i++) {
            bool failed = true;

            for (int n = 0; failed; n = next(n)) {
                uint64_t before;
                enum err e;

                visit_new();
                before = state_of(db.store->db);
                store_close(db.store);
                db.store = app.store = NULL;
                now.kind = kind;
                now.n = n;
                arm(kind, n);
                switch_on(kind, n);
                e = chores[i].run();
                failed = switch_off();
                failures += failed;
                tried++;
                told_all_the_same += failed && e == OK;
                judge_chore(i, e, before, failed);
            }
        }
        assert_int_equal(unlink(copy), 0);
    }
    print_message("# R116: start, open, housekeeping, backup, restore: %d failures in %d, %d done all the same\n",
                  failures, tried, told_all_the_same);
    assert_true(failures > 50);
    disk_leave();
}

static int tear_down(void **state)
{
    (void)switch_off();
    disk_leave();
    return app_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_runs_out, app_set_up, tear_down),
        cmocka_unit_test_setup_teardown(disks_fail, app_set_up, tear_down),
        cmocka_unit_test_setup_teardown(chores_fail, app_set_up, tear_down),
    };

    return cmocka_run_group_tests_name("each_fails", tests, seven_read, seven_free);
}
