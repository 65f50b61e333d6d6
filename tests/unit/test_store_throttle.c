/* Failures that are counted, devices that are known. */
#include "fixture_own.h"

#include "store/store_mail.h"

static int64_t wait_of(int key)
{
    int64_t wait_s = -1;

    assert_int_equal(store_throttle_wait(f.store, token_hash(key), &wait_s), OK);
    return wait_s;
}

static int64_t fail_key(int key)
{
    assert_int_equal(store_throttle_fail_each(f.store, (const uint8_t(*)[DIGEST_BYTES])token_hash(key), 1), OK);
    return wait_of(key);
}

/* R51. Breaks when the free tries are too few or too many, the delays do not double, end elsewhere than at 15 minutes,
 * are lost with the connection (a restart), or touch another key. */
static void failures_make_an_account_rest(void **state)
{
    static const int expected_s[] = {0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900};

    (void)state;
    assert_int_equal(wait_of(1), 0);
    for (size_t i = 0; i < sizeof(expected_s) / sizeof(expected_s[0]); i++) {
        assert_int_equal(fail_key(1), expected_s[i]);
        assert_in_range(wait_of(1), expected_s[i] > 0 ? expected_s[i] - 1 : 0, expected_s[i]);
    }
    assert_int_equal(wait_of(2), 0);
    store_close(f.store);
    f.store = fixture_open(&f);
    assert_in_range(wait_of(1), 890, 900);
    clock_step(600);
    assert_in_range(wait_of(1), 290, 300);
    clock_step(300);
    assert_int_equal(wait_of(1), 0);
    assert_int_equal(fail_key(1), 900); /* what was counted still counts */
    assert_int_equal(store_throttle_clear(f.store, token_hash(1)), OK);
    assert_int_equal(wait_of(1), 0);
    assert_int_equal(fail_key(1), 0);
    assert_int_equal(store_throttle_clear(f.store, token_hash(9)), OK); /* there was none */
}

/* R51. Breaks when failures are remembered for ever, or forgotten after the first and not the last. */
static void failures_are_forgotten_after_a_day(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        (void)fail_key(1);
        clock_step(3 * 3600);
    }
    clock_step(STORE_THROTTLE_S - 4 * 3600);
    assert_int_equal(fail_key(1), 8);
    clock_step(STORE_THROTTLE_S);
    assert_int_equal(wait_of(1), 0);
    assert_int_equal(fail_key(1), 0);
    clock_step(STORE_THROTTLE_S);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM throttles"), 0);
}

/* Breaks when a clock that was set back locks an account for as long as it was ahead. */
static void set_clocks_lock_nobody_out(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++)
        (void)fail_key(1);
    clock_step(-30 * 86400);
    assert_in_range(wait_of(1), 1, 2);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    clock_step(3);
    assert_int_equal(wait_of(1), 0);
    assert_int_equal(fail_key(1), 4); /* nothing was forgotten */
    clock_step(30 * 86400);
}

/* R51. Breaks when a flood of addresses fills the disk, or drives out the failures of a moment ago and not the oldest.
 */
static void throttles_are_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++)
        (void)fail_key(1);
    (void)fail_key(2);
    sql_do(f.store,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)"
           "INSERT INTO throttles (key_hash, failures, failed_at) SELECT randomblob(32), 1, unixepoch() FROM n");
    (void)fail_key(1); /* again: now the latest */
    assert_true(sql_int(f.store, "SELECT count(*) FROM throttles") <= STORE_THROTTLE_MAX);
    assert_int_equal(fail_key(1), 4);
    for (int i = 10; i < 200; i++)
        (void)fail_key(i);
    assert_true(sql_int(f.store, "SELECT count(*) FROM throttles") <= STORE_THROTTLE_MAX);
    assert_int_equal(fail_key(1), 8);
    sql_do(f.store, "UPDATE throttles SET failures = 6 WHERE failures = 1");
    assert_int_equal(wait_of(2), 0); /* the oldest went first */
}

/* R52. Breaks when a browser that has signed in is not known, is known for an account where it has not, or for ever. */
static void devices_are_known(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org"), bob = add_user(f.store, "bob@example.org");

    (void)state;
    assert_int_equal(store_device_check(f.store, token_hash(1), "ada@example.org"), ERR_NOT_FOUND);
    assert_int_equal(store_device_add(f.store, token_hash(1), ada), OK);
    assert_int_equal(store_device_check(f.store, token_hash(1), " ADA@example.org"), OK);
    assert_int_equal(store_device_check(f.store, token_hash(1), "bob@example.org"), ERR_NOT_FOUND);
    assert_int_equal(store_device_check(f.store, token_hash(1), "nobody@example.org"), ERR_NOT_FOUND);
    assert_int_equal(store_device_check(f.store, token_hash(1), "no address"), ERR_NOT_FOUND);
    assert_int_equal(store_device_add(f.store, token_hash(1), bob), OK); /* a browser that two people use */
    assert_int_equal(store_device_check(f.store, token_hash(1), "bob@example.org"), OK);
    assert_int_equal(store_device_check(f.store, token_hash(1), "ada@example.org"), OK);
    assert_int_equal(store_device_add(f.store, token_hash(2), 12345), ERR_NOT_FOUND);
    for (int i = 2; i <= 21; i++) {
        assert_int_equal(store_device_add(f.store, token_hash(i), ada), OK);
        assert_int_equal(store_device_add(f.store, token_hash(2), ada), OK); /* in use: never the oldest */
    }
    assert_int_equal(store_device_check(f.store, token_hash(1), "ada@example.org"), ERR_NOT_FOUND);
    assert_int_equal(store_device_check(f.store, token_hash(2), "ada@example.org"), OK);
    assert_int_equal(store_device_check(f.store, token_hash(21), "ada@example.org"), OK);
    assert_int_equal(store_device_check(f.store, token_hash(1), "bob@example.org"), OK);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM devices"), 21);
}

/* R91. Breaks when a device is known longer than a year after its last log-in, or comes back because a clock was set.
 */
static void devices_are_forgotten_for_good(void **state)
{
    int64_t ada = add_user(f.store, "ada@example.org");

    (void)state;
    assert_int_equal(store_device_add(f.store, token_hash(1), ada), OK);
    assert_int_equal(store_device_add(f.store, token_hash(2), ada), OK);
    clock_step(STORE_DEVICE_S - 5);
    assert_int_equal(store_device_check(f.store, token_hash(1), "ada@example.org"), OK);
    clock_step(5);
    assert_int_equal(store_device_check(f.store, token_hash(1), "ada@example.org"), ERR_NOT_FOUND);
    assert_int_equal(sql_int(f.store, "SELECT count(*) FROM devices"), 1);
    assert_int_equal(store_housekeep(f.store, &fixture_rule, NULL), OK);
    clock_step(-STORE_DEVICE_S);
    assert_int_equal(store_device_check(f.store, token_hash(1), "ada@example.org"), ERR_NOT_FOUND);
    assert_int_equal(store_device_check(f.store, token_hash(2), "ada@example.org"), ERR_NOT_FOUND);
    clock_step(86400);
    assert_int_equal(store_device_add(f.store, token_hash(3), ada), OK);
    clock_step(-86400);
    assert_int_equal(store_device_check(f.store, token_hash(3), "ada@example.org"), ERR_NOT_FOUND);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(failures_make_an_account_rest),
        TEST(failures_are_forgotten_after_a_day),
        TEST(set_clocks_lock_nobody_out),
        TEST(throttles_are_bounded),
        TEST(devices_are_known),
        TEST(devices_are_forgotten_for_good),
    };

    return cmocka_run_group_tests_name("store_throttle", tests, NULL, NULL);
}
