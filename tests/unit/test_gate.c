/* The gate itself, in a process of its own, between this test's nginx and this test's pools. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture_gate.h"

/* ---- tests */

/* Breaks when a hash waits though a worker is free, more are at work than there are workers, the next one is not whom
 * it should be, or a client that has left frees its worker. */
static void test_passwords(void **state)
{
    char body[1024];
    int first, second, known, work, left;

    (void)state;
    gate_start(1);
    first = ask("hash", "192.0.2.1", "", "first", true);
    work = take(HASH, body, sizeof(body));
    assert_string_equal(body, "first");
    left = ask("hash", "192.0.2.1", "", "again", true); /* its client has tried twice by now */
    second = ask("hash", "192.0.2.2", "", "second", true);
    known = ask("hash", "192.0.2.1", "digitd_device=x", "known", true);
    serve(__LINE__, MAIN, "known", ACCOUNT(1));
    assert_false(readable(listening[HASH], QUIET_MS));
    give(work, OK_ANSWER);
    expect_answer(__LINE__, first, "Status: 200");
    work = take(HASH, body, sizeof(body));
    assert_string_equal(body, "known");
    (void)close(known); /* it leaves; its hash goes on */
    assert_false(readable(listening[HASH], QUIET_MS));
    give(work, OK_ANSWER);
    serve(__LINE__, HASH, "second", OK_ANSWER);
    expect_answer(__LINE__, second, "Status: 200");
    serve(__LINE__, HASH, "again", OK_ANSWER);
    expect_answer(__LINE__, left, "Status: 200");
    gate_stop();
}

/* Breaks when somebody waits for longer than ten seconds, or a refusal is none of ours. */
static void test_too_late(void **state)
{
    char body[1024];
    int first, second, work;

    (void)state;
    gate_start(1);
    first = ask("hash", "192.0.2.1", "", "first", true);
    work = take(HASH, body, sizeof(body));
    second = ask("hash", "192.0.2.2", "", "second", true);
    assert_false(readable(second, QUIET_MS));
    order('1');
    expect_answer(__LINE__, second, "Status: 503");
    give(work, OK_ANSWER);
    expect_answer(__LINE__, first, "Status: 200");
    /* One hash took ten seconds: whoever would have to wait for one is told so at once. */
    first = ask("hash", "192.0.2.1", "", "first", true);
    work = take(HASH, body, sizeof(body));
    second = ask("hash", "192.0.2.2", "", "second", true);
    expect_answer(__LINE__, second, "Status: 503");
    give(work, OK_ANSWER);
    expect_answer(__LINE__, first, "Status: 200");
    gate_stop();
}

/* Breaks when a body is taken before it is known whose it is, or the refusal is lost on a client that still sends. */
static void test_nobody(void **state)
{
    int upload, worker;
    char body[1024];
    char much[60000];

    (void)state;
    gate_start(1);
    upload = ask("main", "192.0.2.1", "", "begins", false);
    worker = take(MAIN, body, sizeof(body));
    assert_string_equal(body, "");
    memset(much, 'x', sizeof(much));
    record_head((uint8_t *)much, RECORD_STDIN, sizeof(much) - RECORD_HEAD_BYTES);
    assert_int_equal(send(upload, much, sizeof(much), MSG_DONTWAIT), sizeof(much)); /* nobody keeps it */
    give(worker, "Status: 401 Unauthorized\r\n\r\nwho?");
    assert_false(readable(upload, QUIET_MS)); /* its body has not ended */
    upload_end(upload);
    expect_answer(__LINE__, upload, "Status: 401");
    upload = ask("main", "192.0.2.1", "", "never ends", false);
    serve(__LINE__, MAIN, "", "Status: 401 Unauthorized\r\n\r\nwho?");
    assert_false(readable(upload, QUIET_MS));
    order('1');
    expect_answer(__LINE__, upload, "Status: 401");
    assert_false(readable(listening[MAIN], QUIET_MS));
    gate_stop();
}

/* Breaks when an account has more than four uploads at a time, or others pay for it. */
static void test_uploads(void **state)
{
    int fd[5], other;

    (void)state;
    gate_start(1);
    for (int i = 0; i < 5; i++)
        fd[i] = upload_begin("192.0.2.1", "a", ACCOUNT(7));
    expect_answer(__LINE__, fd[4], "Status: 429");
    other = upload_begin("192.0.2.1", "b", ACCOUNT(8));
    upload_end(other);
    serve(__LINE__, MAIN, "b", OK_ANSWER);
    expect_answer(__LINE__, other, "Status: 200");
    upload_end(fd[0]);
    serve(__LINE__, MAIN, "a", OK_ANSWER);
    expect_answer(__LINE__, fd[0], "Status: 200");
    fd[4] = upload_begin("192.0.2.1", "e", ACCOUNT(7)); /* one has ended: there is room */
    upload_end(fd[4]);
    serve(__LINE__, MAIN, "e", OK_ANSWER);
    expect_answer(__LINE__, fd[4], "Status: 200");
    for (int i = 1; i < 4; i++)
        (void)close(fd[i]);
    gate_stop();
}

/* Breaks when a large picture does not reach the large pool whole, two are at work there, or one account's are all
 * before another's. */
static void test_large(void **state)
{
    int a[3], b, work;
    char body[1024];

    (void)state;
    gate_start(1);
    for (int i = 0; i < 3; i++) {
        a[i] = upload_begin("192.0.2.1", i == 0 ? "a0" : i == 1 ? "a1" : "a2", ACCOUNT(7));
        upload_end(a[i]);
        serve(__LINE__, MAIN, i == 0 ? "a0" : i == 1 ? "a1" : "a2", LARGE_ANSWER);
    }
    work = take(LARGE, body, sizeof(body));
    assert_string_equal(body, "a0");
    b = upload_begin("192.0.2.1", "b", ACCOUNT(8));
    upload_end(b);
    serve(__LINE__, MAIN, "b", LARGE_ANSWER);
    assert_false(readable(listening[LARGE], QUIET_MS));
    give(work, OK_ANSWER);
    expect_answer(__LINE__, a[0], "Status: 200");
    serve(__LINE__, LARGE, "a1", OK_ANSWER);
    serve(__LINE__, LARGE, "b", OK_ANSWER);
    serve(__LINE__, LARGE, "a2", OK_ANSWER);
    expect_answer(__LINE__, b, "Status: 200");
    expect_answer(__LINE__, a[1], "Status: 200");
    expect_answer(__LINE__, a[2], "Status: 200");
    gate_stop();
}

/* Breaks when a slow body keeps its place, or one that comes fast enough loses it. */
static void test_slow(void **state)
{
    int slow, steady;
    char much[RECORD_HEAD_BYTES + 60000];

    (void)state;
    gate_start(1);
    slow = upload_begin("192.0.2.1", "s", ACCOUNT(7));
    steady = upload_begin("192.0.2.1", "t", ACCOUNT(8));
    memset(much, 'x', sizeof(much));
    for (int i = 0; i < 3; i++) {
        record_head((uint8_t *)much, RECORD_STDIN, 60000);
        assert_int_equal(send(steady, much, sizeof(much), 0), sizeof(much));
    }
    assert_false(readable(slow, QUIET_MS));
    order('2');
    expect_answer(__LINE__, slow, "Status: 408");
    assert_false(readable(steady, QUIET_MS)); /* 180,000 bytes give it 32 s */
    order('2');
    expect_answer(__LINE__, steady, "Status: 408");
    gate_stop();
}

/* Breaks when a worker's death is answered with anything but a connection that ends (nginx makes a 503 of it), costs
 * the pool its place, or a pool that is not there is waited for. */
static void test_deaths(void **state)
{
    char body[1024];
    int one, work;
    struct sockaddr_un a;

    (void)state;
    gate_start(1);
    one = ask("hash", "192.0.2.1", "", "one", true);
    work = take(HASH, body, sizeof(body));
    (void)close(work);
    expect_answer(__LINE__, one, "");
    one = ask("hash", "192.0.2.1", "", "two", true);
    serve(__LINE__, HASH, "two", OK_ANSWER);
    expect_answer(__LINE__, one, "Status: 200");
    a = address(HASH);
    (void)unlink(a.sun_path);
    one = ask("hash", "192.0.2.1", "", "three", true);
    expect_answer(__LINE__, one, "Status: 503");
    one = ask("hash", "192.0.2.1", "", "garbage", false);
    assert_int_equal(send(one, "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    expect_answer(__LINE__, one, "");
    gate_stop();
}

/* Breaks when an order to end loses whom it has, or one that retires still takes new ones. */
static void test_orders(void **state)
{
    char body[1024];
    int one, two, work, status;

    (void)state;
    gate_start(1);
    one = ask("hash", "192.0.2.1", "", "one", true);
    work = take(HASH, body, sizeof(body));
    two = ask("hash", "192.0.2.2", "", "two", true);
    assert_false(readable(listening[HASH], QUIET_MS));
    order('r');
    assert_false(readable(one, QUIET_MS));
    (void)close(ask("hash", "192.0.2.3", "", "three", true)); /* for a successor */
    give(work, OK_ANSWER);
    expect_answer(__LINE__, one, "Status: 200");
    serve(__LINE__, HASH, "two", OK_ANSWER);
    expect_answer(__LINE__, two, "Status: 200");
    assert_int_equal(waitpid(gate_pid, &status, 0), gate_pid);
    assert_int_equal(status, 0);
    assert_true(readable(listening[GATE], 0));
    assert_false(readable(listening[HASH], 0));
    gate_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passwords), cmocka_unit_test(test_too_late), cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_uploads),   cmocka_unit_test(test_large),    cmocka_unit_test(test_slow),
        cmocka_unit_test(test_deaths),    cmocka_unit_test(test_orders),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
