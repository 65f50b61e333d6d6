/* Who is next at the gate, who has tried how often, and who is slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/queue.h"
#include "gate/rate.h"

#define S INT64_C(1000000)

static char order[64]; /* one letter for each that was taken */

static void take_all(struct queue *q, const struct queue_entry *entries, int64_t now_us)
{
    const struct queue_entry *e;
    size_t n = 0;

    memset(order, 0, sizeof(order));
    while ((e = queue_take(q, now_us)) != NULL)
        order[n++] = (char)('a' + (e - entries));
    assert_int_equal(q->n, 0);
    assert_null(q->first);
    assert_null(q->last);
}

static void add(struct queue *q, struct queue_entry *e, uint64_t who, bool known)
{
    *e = (struct queue_entry){.who = who, .known = known};
    queue_add(q, e);
}

/* Breaks when an account that sends many keeps others waiting for all of them. */
static void test_in_turn(void **state)
{
    struct queue q = {.tries = NULL};
    struct queue_entry e[8] = {{0}};

    (void)state;
    for (int i = 0; i < 4; i++)
        add(&q, &e[i], 1, false);
    add(&q, &e[4], 2, false);
    add(&q, &e[5], 2, false);
    add(&q, &e[6], 3, false);
    assert_int_equal(queue_ahead(&q, &e[6], 0), 2);
    assert_int_equal(queue_ahead(&q, &e[3], 0), 6);
    assert_ptr_equal(queue_final(&q, 0), &e[3]);
    take_all(&q, e, 0);
    assert_string_equal(order, "aegbfcd");
    /* Who comes back at once has no turn before those who wait since. */
    add(&q, &e[0], 1, false);
    add(&q, &e[1], 1, false);
    add(&q, &e[2], 2, false);
    assert_ptr_equal(queue_take(&q, 0), &e[0]);
    add(&q, &e[3], 3, false);
    add(&q, &e[0], 3, false);
    take_all(&q, e, 0);
    assert_string_equal(order, "cdba");
}

/* Breaks when a known browser waits for strangers, or somebody who tries all the time is served before who does not. */
static void test_passwords(void **state)
{
    struct rate_tries *tries = rate_tries_new(7);
    struct queue q = {.tries = tries};
    struct queue_entry e[8] = {{0}};

    (void)state;
    for (int i = 0; i < 5; i++)
        rate_tries_add(tries, 1, 0);
    rate_tries_add(tries, 2, 0);
    rate_tries_add(tries, 3, 0);
    add(&q, &e[0], 1, false);
    add(&q, &e[1], 3, false);
    add(&q, &e[2], 2, false);
    add(&q, &e[3], 1, true);
    assert_ptr_equal(queue_final(&q, 0), &e[0]);
    assert_int_equal(queue_ahead(&q, &e[0], 0), 3);
    assert_int_equal(queue_ahead(&q, &e[2], 0), 2);
    /* While they wait, client 3 tries again: that counts. */
    rate_tries_add(tries, 3, S);
    take_all(&q, e, S);
    assert_string_equal(order, "dcba");
    rate_tries_free(tries);
}

/* Breaks when an entry that is taken out leaves a hole. */
static void test_drop(void **state)
{
    struct queue q = {.tries = NULL};
    struct queue_entry e[4] = {{0}};

    (void)state;
    for (int first = 0; first < 4; first++)
        for (int second = 0; second < 4; second++) {
            for (int i = 0; i < 4; i++)
                add(&q, &e[i], (uint64_t)i, false);
            queue_drop(&q, &e[first]);
            queue_drop(&q, &e[second]);
            queue_drop(&q, &e[second]); /* it does not wait */
            assert_int_equal(q.n, first == second ? 3 : 2);
            take_all(&q, e, 0);
            assert_int_equal(strlen(order), first == second ? 3 : 2);
            assert_null(strchr(order, 'a' + first));
            assert_null(strchr(order, 'a' + second));
        }
    assert_null(queue_take(&q, 0));
    assert_null(queue_final(&q, 0));
}

/* Breaks when tries are never forgotten, at once, or taken for another client's. */
static void test_tries(void **state)
{
    struct rate_tries *t = rate_tries_new(99);

    (void)state;
    for (int i = 0; i < 120; i++)
        rate_tries_add(t, 5, i * S / 2); /* two a second, for a minute */
    assert_true(rate_tries_of(t, 5, 60 * S) > 80 && rate_tries_of(t, 5, 60 * S) < 90);
    assert_true(rate_tries_of(t, 5, 120 * S) > 40 && rate_tries_of(t, 5, 120 * S) < 45);
    assert_true(rate_tries_of(t, 5, 1200 * S) < 0.1);
    assert_true(rate_tries_of(t, 6, 60 * S) == 0);
    /* More clients than there is room for: who tries most is still known. */
    for (uint64_t i = 1000; i < 101000; i++)
        rate_tries_add(t, i, 60 * S);
    assert_true(rate_tries_of(t, 5, 60 * S) > 80);
    assert_true(rate_tries_of(t, 100999, 60 * S) > 0.9);
    rate_tries_free(t);
}

/* Breaks when one subscriber is many clients, or many are one. */
static void test_client(void **state)
{
    (void)state;
    assert_int_equal(rate_client("192.0.2.1"), rate_client("192.0.2.1"));
    assert_int_not_equal(rate_client("192.0.2.1"), rate_client("192.0.2.2"));
    assert_int_equal(rate_client("::ffff:192.0.2.1"), rate_client("192.0.2.1"));
    assert_int_equal(rate_client("::ffff:c000:201"), rate_client("192.0.2.1"));
    assert_int_equal(rate_client("2001:db8:1:2::1"), rate_client("2001:db8:1:2:ffff::2"));
    assert_int_not_equal(rate_client("2001:db8:1:2::1"), rate_client("2001:db8:1:3::1"));
    assert_int_not_equal(rate_client("::1"), 0);
    assert_int_equal(rate_client(""), 0);
    assert_int_equal(rate_client("unix:"), 0);
    assert_int_equal(rate_client("1.2.3"), 0);
}

/* Breaks when a slow body may stay, or a body that is only slow at first, or large, may not. */
static void test_late(void **state)
{
    (void)state;
    assert_false(rate_is_late(5 * S, 15 * S, 0));
    assert_true(rate_is_late(5 * S, 15 * S + 1, 0));
    assert_false(rate_is_late(0, 11 * S, 8 * 1024));
    assert_true(rate_is_late(0, 11 * S + 1, 8 * 1024));
    assert_false(rate_is_late(0, 1290 * S, 10 * 1024 * 1024));
    assert_true(rate_is_late(0, 1290 * S + 1, 10 * 1024 * 1024));
}

/* Breaks when the mean starts from nothing, or never moves. */
static void test_mean(void **state)
{
    struct rate_mean m = {0};

    (void)state;
    rate_mean_add(&m, 144000);
    assert_true(m.us > 143999 && m.us < 144001);
    for (int i = 0; i < 40; i++)
        rate_mean_add(&m, 20000);
    assert_true(m.us > 20000 && m.us < 21000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_turn), cmocka_unit_test(test_passwords), cmocka_unit_test(test_drop),
        cmocka_unit_test(test_tries),   cmocka_unit_test(test_client),    cmocka_unit_test(test_late),
        cmocka_unit_test(test_mean),
    };

    return cmocka_run_group_tests_name("gate queue", tests, NULL, NULL);
}
