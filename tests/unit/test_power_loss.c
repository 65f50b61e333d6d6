/* The power fails: at any point of what is asked of the disk, in each way that fixture_loss.h has, the database opens,
 * is whole, and has all that anybody was told of. What is told of is whatever is in the table of fixture_visit.h, a
 * backup, a restore, housekeeping and a first start; after each the test knows which state the database has, and a disk
 * may have that one or a later one, and no other. */
#include "fixture_disk.h"
#include "fixture_loss.h"

#include "fixture_visit.h"

#include "store/admin/store_admin.h"

enum { STATES_MAX = 4096, SHORT_IMAGES = 240 };

static uint64_t states[STATES_MAX]; /* of the database, one for each commit */
static sqlite3 *reader;             /* looks at it between commits */
static char place[80], backup_path[120];
static struct why why;
static struct {
    int images, lost, damaged;
    char first[300]; /* what the first loss was */
} seen;

static void state_next(void)
{
    disk.mark.states++;
    assert_in_range(disk.mark.states, 1, STATES_MAX - 1);
    states[disk.mark.states] = state_of(reader);
}

static int on_commit(void *ctx, sqlite3 *base, const char *name, int pages)
{
    (void)ctx;
    (void)base;
    (void)name;
    (void)pages;
    state_next();
    return SQLITE_OK;
}

/* Somebody was told of all until now. */
static void tell(void)
{
    disk.mark.told = disk.mark.states;
}

static void open_watched(void)
{
    int on;

    db.store = app.store = fixture_open(&db);
    assert_int_equal(sqlite3_open_v2(db.path, &reader, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_db_config(reader, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &on), SQLITE_OK);
    (void)sqlite3_wal_hook(db.store->db, on_commit, NULL);
}

static void close_watched(void)
{
    store_close(db.store);
    db.store = app.store = NULL;
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    reader = NULL;
}

/* A disk that has nothing yet. */
static void watch(void)
{
    store_close(db.store);
    loss_clear(db.dir);
    (void)snprintf(place, sizeof(place), "%s/digitd-loss-XXXXXX", fixture_place());
    assert_non_null(mkdtemp(place));
    (void)snprintf(backup_path, sizeof(backup_path), "%s/copy.db", db.dir);
    memset(states, 0, sizeof(states));
    memset(&seen, 0, sizeof(seen));
    db.store = app.store = NULL;
    disk_watch(db.dir, true);
}

/* The first start of all. */
static void start(void)
{
    watch();
    assert_int_equal(store_prepare(db.path, &why), OK);
    open_watched();
    state_next();
    tell();
    disk.mark.ready = true;
}

/* Also after a test that failed half-way. */
static void finish(void)
{
    if (reader != NULL)
        close_watched();
    disk_leave();
    if (place[0] != '\0') {
        loss_clear(place);
        (void)rmdir(place);
        place[0] = '\0';
    }
}

static int tear_down(void **state)
{
    finish();
    return app_tear_down(state);
}

/* Each request that writes, once; what is told of it must be a state that was not there before. */
static void visit_all(void)
{
    for (int i = 0; i < VISITS; i++) {
        int before;

        if (!visits[i].writes)
            continue;
        visit_new();
        if (visits[i].before != NULL)
            visits[i].before();
        tell();
        before = disk.mark.states;
        if (visits[i].ask() != visits[i].status)
            fail_msg("%s: %s", visits[i].name, got.bytes);
        if (strcmp(visits[i].name, "read and keep") != 0 && states[before] == states[disk.mark.states])
            fail_msg("%s: nothing was written", visits[i].name);
        tell();
        if (i % 8 == 0)
            assert_int_equal(store_housekeep(db.store, &fixture_rule, NULL), OK);
    }
}

static void back_up_and_restore(void)
{
    char kept[160];

    assert_int_equal(store_backup(db.store, backup_path, &why), OK);
    disk.mark.copied = disk.mark.states;
    visit_new();
    tell();
    close_watched();
    assert_int_equal(store_restore(db.path, backup_path, &why), OK);
    open_watched();
    state_next();
    assert_true(states[disk.mark.states] == states[disk.mark.copied]);
    tell();
    disk.mark.copied = 0;
    assert_int_equal(unlink(backup_path), 0); /* as its owner may */
    (void)snprintf(kept, sizeof(kept), "%s.before-restore", db.path);
    assert_int_equal(unlink(kept), 0);
}

/* Sessions run out, and housekeeping deletes them in commits of its own. */
static void clean_up(void)
{
    visit_new();
    tell();
    clock_step(30 * 86400);
    assert_int_equal(store_housekeep(db.store, &fixture_rule, NULL), OK);
    assert_int_equal(sql_int(db.store, "SELECT count(*) FROM sessions"), 0);
    tell();
}

static void count_as(int *what, const struct disk_mark *m, int point, enum loss how, const char *said)
{
    static const char *const ways[LOSSES] = {"none", "half", "all", "torn"};

    ++*what;
    if (seen.first[0] == '\0')
        (void)snprintf(seen.first, sizeof(seen.first),
                       "at %d of %d, %s of what was not synced, told of state %d of %d: %s", point, disk.events,
                       ways[how], m->told, m->states, said);
}

/* The state of a database, 0 where it is damaged; closes it. */
static uint64_t state_of_whole(struct store *s)
{
    const uint64_t state = integrity_ok(s) ? state_of(s->db) : 0;

    store_close(s);
    return state;
}

/* Of a backup, which is no database that the service has open. */
static uint64_t state_of_backup(const char *path)
{
    struct store *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->lock_fd = -1;
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        store_close(s);
        return 0;
    }
    return state_of_whole(s);
}

static void judge_backup(const char *path, const struct disk_mark *m, int point, enum loss how)
{
    const bool is_there = access(path, F_OK) == 0;
    const uint64_t state = is_there ? state_of_backup(path) : 0;

    if (!is_there && m->copied != 0)
        count_as(&seen.lost, m, point, how, "the backup is gone");
    if (is_there && state == 0)
        count_as(&seen.damaged, m, point, how, "the backup has a name and is not whole");
    if (state != 0 && m->copied != 0 && state != states[m->copied])
        count_as(&seen.lost, m, point, how, "the backup is not what it was");
}

/* What a start finds after the loss. */
static void judge_service(int point, enum loss how)
{
    const struct disk_mark *m = point == disk.events ? &disk.mark : &disk.event[point].mark;
    char path[120], copy[120];
    struct store *s = NULL;
    uint64_t state;

    seen.images++;
    (void)snprintf(path, sizeof(path), "%s/test.db", place);
    (void)snprintf(copy, sizeof(copy), "%s/copy.db", place);
    judge_backup(copy, m, point, how);
    if (access(path, F_OK) != 0 && m->ready) {
        count_as(&seen.lost, m, point, how, "the database is gone");
        return;
    }
    if (store_prepare(path, &why) != OK) {
        count_as(&seen.damaged, m, point, how, why.text);
        return;
    }
    if (store_open(&s, path, &why) != OK || (state = state_of_whole(s)) == 0) {
        count_as(&seen.damaged, m, point, how, "damaged");
        return;
    }
    for (int i = m->told; m->ready && i <= m->states + 1; i++)
        if (states[i] == state)
            return;
    if (m->ready)
        count_as(&seen.lost, m, point, how, "it has a state from before what was told, or that never was");
}

/* Loses the power at every point in every way, or at so many, chosen by a seed. */
static void lose_power(bool lies, int images, void (*judge)(int point, enum loss how))
{
    static struct loss_disk d;
    const int all = (disk.events + 1) * LOSSES, step = all > images ? all / images : 1;

    disk.recording = false;
    disk.root_n = 0;
    memset(&d, 0, sizeof(d));
    memset(&seen, 0, sizeof(seen));
    d.lies = lies;
    d.seed = UINT64_C(0x9e3779b97f4a7c15);
    log_init(2, LOG_ERROR + 1);
    for (int i = 0; i < all; i += step) {
        loss_advance(&d, i / LOSSES);
        loss_image(&d, (enum loss)(i % LOSSES), place);
        judge(i / LOSSES, (enum loss)(i % LOSSES));
    }
    loss_free(&d);
}

/* R115. Breaks when something is told of before it is on the disk, a name before its directory, or a state that never
 * was comes out of pieces of two. */
static void nothing_told_is_lost(void **state)
{
    (void)state;
    start();
    visit_all();
    back_up_and_restore();
    clean_up();
    close_watched();
    lose_power(false, test_is_long() ? INT32_MAX : SHORT_IMAGES, judge_service);
    print_message("# R115: %d operations, %d states, %d losses of power: %d lost, %d damaged\n", disk.events,
                  disk.mark.states, seen.images, seen.lost, seen.damaged);
    if (seen.lost + seen.damaged > 0)
        fail_msg("%d lost, %d damaged: %s", seen.lost, seen.damaged, seen.first);
    assert_true(disk.events > 500 && disk.mark.states > 100);
    assert_true(seen.images >= (test_is_long() ? 2000 : SHORT_IMAGES));
    finish();
}

static void sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(fsync(fd), 0);
    (void)close(fd);
}

/* What a start finds after the loss of power in a migration: a session from before it, and once the migration was told
 * of, its version. */
static void judge_migration(int point, enum loss how)
{
    const struct disk_mark *m = point == disk.events ? &disk.mark : &disk.event[point].mark;
    struct store *s = calloc(1, sizeof(*s));
    char path[120];
    int version = 0;

    assert_non_null(s);
    if (!m->ready) { /* the old program still makes its database */
        free(s);
        return;
    }
    seen.images++;
    s->lock_fd = -1;
    (void)snprintf(path, sizeof(path), "%s/test.db", place);
    assert_int_equal(sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    (void)store_pragma_int(s->db, "PRAGMA user_version", &version);
    store_close(s);
    if (version < (m->told > 0 ? store_schema_version() : 1))
        count_as(&seen.lost, m, point, how, "an older version than was told");
    if (store_prepare(path, &why) != OK || store_open(&s, path, &why) != OK || !integrity_ok(s)) {
        count_as(&seen.damaged, m, point, how, why.text);
        return;
    }
    if (sql_int(s, "SELECT count(*) FROM sessions JOIN users ON users.id = user_id WHERE email = 'ada@example.org'") !=
        1)
        count_as(&seen.lost, m, point, how, "the session is gone");
    store_close(s);
}

/* R115, R77. Breaks when a migration leaves something between two versions, or takes rows with it. */
static void migrations_are_whole(void **state)
{
    (void)state;
    watch();
    make_version_1(db.path);
    sync_file(db.path);
    sync_file(db.dir);
    disk.mark.ready = true;
    assert_int_equal(store_prepare(db.path, &why), OK);
    disk.mark.told = 1;
    lose_power(false, test_is_long() ? INT32_MAX : SHORT_IMAGES, judge_migration);
    print_message("# R115: a migration from version 1: %d losses of power, %d lost, %d damaged\n", seen.images,
                  seen.lost, seen.damaged);
    if (seen.lost + seen.damaged > 0)
        fail_msg("%d lost, %d damaged: %s", seen.lost, seen.damaged, seen.first);
    assert_true(seen.images > 50);
    finish();
}

/* Whether the tests above can fail: on a disk whose syncs do nothing, and with a database that asks for none. */
static void without_syncs_it_is_lost(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        start();
        if (way == 1)
            sql_do(db.store, "PRAGMA synchronous = OFF");
        for (int i = 0; i < 10; i++) {
            visit_new();
            assert_int_equal(ask_token_make(), 201);
            tell();
        }
        close_watched();
        lose_power(way == 0, SHORT_IMAGES, judge_service);
        print_message("# R115: %s: of %d losses of power %d lost, %d damaged\n",
                      way == 0 ? "a disk that does not sync" : "a database that does not sync", seen.images, seen.lost,
                      seen.damaged);
        assert_true(seen.lost > seen.images / 10);
        finish();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_told_is_lost, app_set_up, tear_down),
        cmocka_unit_test_setup_teardown(migrations_are_whole, app_set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_syncs_it_is_lost, app_set_up, tear_down),
    };

    return cmocka_run_group_tests_name("power_loss", tests, seven_read, seven_free);
}
