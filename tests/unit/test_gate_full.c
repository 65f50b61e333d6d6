/* The gate where there is too much: too many who wait, bodies of more bytes than it holds, no descriptors; clients that
 * leave at each step, workers that say what they were not asked, one end after another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <signal.h>
#include <time.h>

#include <cmocka.h>

#include "fixture_gate.h"

enum { MIB = 1024 * 1024, HELD_MAX_BYTES = 96 * MIB, WAITING_MAX = 1024 };

/* Until the gate says so of itself. */
#define UNTIL(condition)                                                                                               \
    do {                                                                                                               \
        for (int left_ms = WAIT_MS; !(condition); left_ms -= 10) {                                                     \
            if (left_ms <= 0)                                                                                          \
                fail_msg("line %d: never: %s", __LINE__, #condition);                                                  \
            (void)poll(NULL, 0, 10);                                                                                   \
        }                                                                                                              \
    } while (0)

static const char *address_text(int i)
{
    static char text[32];

    (void)snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, 1 + i % 250);
    return text;
}

/* Breaks when more wait than 1,024, or whoever has tried most is not the one who is refused. */
static void test_waiting(void **state)
{
    static int fd[WAITING_MAX];
    const struct rlimit many = {2 * WAITING_MAX, 20000};
    char body[1024];
    int first, work, often[2], late;

    (void)state;
    if (setrlimit(RLIMIT_NOFILE, &many) != 0)
        fail_msg("this test needs ulimit -Hn to be 20,000");
    gate_start(1);
    first = ask("hash", "192.0.2.1", "", "first", true);
    work = take(HASH, body, sizeof(body));
    often[0] = ask("hash", "192.0.2.9", "", "often", true);
    often[1] = ask("hash", "192.0.2.9", "", "often", true);
    for (int i = 0; i < WAITING_MAX - 2; i++)
        fd[i] = ask("hash", address_text(i), "", "one of many", true);
    UNTIL(told->waiting[GATE_PASSWORDS] == WAITING_MAX);
    assert_int_equal(told->refused[GATE_FULL], 0);
    late = ask("hash", "192.0.2.2", "", "late", true);
    expect_answer(__LINE__, often[1], "Status: 503");
    expect_answer(__LINE__, ask("hash", "192.0.2.9", "", "again", true), "Status: 503");
    UNTIL(told->refused[GATE_FULL] == 2);
    assert_int_equal(told->waiting[GATE_PASSWORDS], WAITING_MAX);
    for (int i = 0; i < WAITING_MAX - 2; i++)
        (void)close(fd[i]);
    UNTIL(told->waiting[GATE_PASSWORDS] == 2);
    give(work, OK_ANSWER);
    expect_answer(__LINE__, first, "Status: 200");
    serve(__LINE__, HASH, "late", OK_ANSWER);
    expect_answer(__LINE__, late, "Status: 200");
    serve(__LINE__, HASH, "often", OK_ANSWER);
    expect_answer(__LINE__, often[0], "Status: 200");
    gate_stop();
}

/* Breaks when those who wait can take all places: there would be none for whoever goes before them. */
static void test_few_places(void **state)
{
    enum { FILES = 192, PLACES = (FILES - 32) / 2, WAITS = PLACES / 4 };
    int fd[WAITS], first, work, known;
    char body[1024];

    (void)state;
    files_max = FILES;
    gate_start(1);
    files_max = 0;
    first = ask("hash", "192.0.2.1", "", "first", true);
    work = take(HASH, body, sizeof(body));
    for (int i = 0; i < WAITS; i++)
        fd[i] = ask("hash", address_text(i), "", "one of many", true);
    UNTIL(told->waiting[GATE_PASSWORDS] == WAITS);
    known = ask("hash", "192.0.2.2", "digitd_device=x", "known", true);
    serve(__LINE__, MAIN, "known", ACCOUNT(1));
    expect_answer(__LINE__, fd[WAITS - 1], "Status: 503");
    give(work, OK_ANSWER);
    expect_answer(__LINE__, first, "Status: 200");
    serve(__LINE__, HASH, "known", OK_ANSWER);
    expect_answer(__LINE__, known, "Status: 200");
    for (int i = 0; i < WAITS - 1; i++)
        (void)close(fd[i]);
    gate_stop();
}

/* So many bytes more of an upload's body. */
static void upload_more(int fd, size_t n)
{
    static uint8_t much[RECORD_HEAD_BYTES + 65528];

    for (size_t part; n > 0; n -= part) {
        part = n < RECORD_CONTENT_MAX ? n : RECORD_CONTENT_MAX;
        record_head(much, RECORD_STDIN, part);
        for (size_t at = 0; at < RECORD_HEAD_BYTES + part;) {
            ssize_t sent = send(fd, much + at, RECORD_HEAD_BYTES + part - at, MSG_NOSIGNAL);

            assert_true(sent > 0);
            at += (size_t)sent;
        }
    }
}

/* Breaks when the gate holds more than 96 MiB of bodies, or when others than whoever holds most make room. */
static void test_held(void **state)
{
    enum { BIG = 9 * MIB, SMALL = 4 * MIB };
    int many[10], one, other;

    (void)state;
    gate_start(1);
    for (int i = 0; i < 10; i++) { /* 36, 36 and 18 MiB */
        many[i] = upload_begin("192.0.2.1", "", i < 4 ? ACCOUNT(1) : i < 8 ? ACCOUNT(2) : ACCOUNT(3));
        upload_more(many[i], BIG);
        UNTIL(told->held_bytes == (uint64_t)(i + 1) * BIG);
    }
    one = upload_begin("192.0.2.1", "", ACCOUNT(4));
    upload_more(one, SMALL);
    UNTIL(told->held_bytes == 10 * (uint64_t)BIG + SMALL);
    upload_more(one, SMALL); /* that is 98 MiB: the last one of those that hold 36 goes */
    UNTIL(told->held_bytes == 9 * (uint64_t)BIG + 2 * SMALL);
    UNTIL(told->refused[GATE_NO_ROOM] == 1);
    upload_end(many[7]);
    expect_answer(__LINE__, many[7], "Status: 503");
    other = upload_begin("192.0.2.1", "", ACCOUNT(5));
    upload_more(other, BIG); /* and now the first one's last */
    UNTIL(told->held_bytes == 9 * (uint64_t)BIG + 2 * SMALL);
    UNTIL(told->refused[GATE_NO_ROOM] == 2);
    upload_end(many[3]);
    expect_answer(__LINE__, many[3], "Status: 503");
    assert_true(told->held_bytes <= HELD_MAX_BYTES);
    (void)close(one);
    (void)close(other);
    for (int i = 0; i < 10; i++)
        if (i != 3 && i != 7)
            (void)close(many[i]);
    UNTIL(told->held_bytes == 0);
    gate_stop();
}

/* Breaks when bytes of nobody count among those that accounts share. */
static void test_held_for_nobody(void **state)
{
    static char much[60000];
    char body[64];
    int fd, work;

    (void)state;
    gate_start(1);
    memset(much, 'x', sizeof(much) - 1);
    fd = ask("main", "192.0.2.1", "", much, false);
    work = take(MAIN, body, sizeof(body));
    assert_true(told->held_bytes <= 4096);
    give(work, ACCOUNT(7));
    UNTIL(told->held_bytes == sizeof(much) - 1);
    (void)close(fd);
    gate_stop();
}

static int64_t gate_cpu_us(void)
{
    struct timespec t;
    clockid_t id;

    assert_int_equal(clock_getcpuclockid(gate_pid, &id), 0);
    assert_int_equal(clock_gettime(id, &t), 0);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Breaks when a gate without descriptors loses a request, or turns round and round (R93). */
static void test_no_files(void **state)
{
    char body[1024];
    int one, two, three, work;
    int64_t cpu_us;

    (void)state;
    files_more = 3;
    gate_start(2);
    files_more = 0;
    one = ask("hash", "192.0.2.1", "", "one", true);
    work = take(HASH, body, sizeof(body));
    two = ask("hash", "192.0.2.2", "", "two", true);     /* has no descriptor for its worker */
    three = ask("hash", "192.0.2.3", "", "three", true); /* has none at all */
    assert_false(readable(listening[HASH], QUIET_MS));
    cpu_us = gate_cpu_us();
    assert_false(readable(listening[HASH], 1000));
    assert_true(gate_cpu_us() - cpu_us < 300000);
    give(work, OK_ANSWER);
    expect_answer(__LINE__, one, "Status: 200");
    serve(__LINE__, HASH, "two", OK_ANSWER);
    expect_answer(__LINE__, two, "Status: 200");
    serve(__LINE__, HASH, "three", OK_ANSWER);
    expect_answer(__LINE__, three, "Status: 200");
    gate_stop();
}

/* Breaks when those who are refused, and send no more of their bodies, keep others out: nobody's uploads are free. */
static void test_crowd(void **state)
{
    enum { FILES = 72, PLACES = (FILES - 32) / 2, PATIENCE_MS = 2500 }; /* one alone is waited for, 3 s */
    int fd[PLACES];

    (void)state;
    files_max = FILES;
    gate_start(1);
    files_max = 0;
    for (int i = 0; i < PLACES; i++) {
        fd[i] = ask("main", "192.0.2.1", "", "never ends", false);
        serve(__LINE__, MAIN, "", "Status: 401 Unauthorized\r\n\r\nwho?");
    }
    assert_true(readable(fd[PLACES - 1], PATIENCE_MS)); /* half of the places are taken: it is let go at once */
    assert_true(readable(fd[PLACES / 2], 0));
    for (int i = 0; i < PLACES; i++)
        expect_answer(__LINE__, fd[i], "Status: 401");
    gate_stop();
}

/* Breaks when what a worker says without being asked does something. */
static void test_not_asked(void **state)
{
    int fd;

    (void)state;
    gate_start(1);
    fd = ask("hash", "192.0.2.1", "digitd_device=x", "password", true);
    serve(__LINE__, MAIN, "password", LARGE_ANSWER);
    expect_answer(__LINE__, fd, "Status: 204");
    fd = upload_begin("192.0.2.1", "a", ACCOUNT(7));
    upload_end(fd);
    serve(__LINE__, MAIN, "a", ACCOUNT(8));
    expect_answer(__LINE__, fd, "Status: 204");
    fd = ask("hash", "192.0.2.1", "", "password", true);
    serve(__LINE__, HASH, "password", LARGE_ANSWER);
    expect_answer(__LINE__, fd, "Status: 204");
    assert_false(readable(listening[LARGE], QUIET_MS));
    gate_stop();
}

/* A worker's other side has left. */
static void gone(int work)
{
    char byte;

    assert_true(readable(work, WAIT_MS));
    assert_int_equal(recv(work, &byte, 1, 0), 0);
    (void)close(work);
}

/* Breaks when a client that leaves at any step leaves something of itself behind. */
static void test_leaving(void **state)
{
    struct sockaddr_un a;
    char body[1024];
    int fd, work;

    (void)state;
    gate_start(1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); /* before a whole header */
    a = address(GATE);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(send(fd, "\1\1\0", 3, MSG_NOSIGNAL), 3);
    (void)close(fd);
    (void)close(ask("hash", "192.0.2.1", "", "half a pass", false)); /* before its body has ended */
    fd = ask("main", "192.0.2.1", "", "never asked", false);         /* while it is asked whose it is */
    work = take(MAIN, body, sizeof(body));
    (void)close(fd);
    gone(work);
    fd = upload_begin("192.0.2.1", "half", ACCOUNT(7)); /* in the middle of its body */
    UNTIL(told->held_bytes == 4);
    (void)close(fd);
    UNTIL(told->held_bytes == 0);
    fd = upload_begin("192.0.2.1", "read", ACCOUNT(7)); /* while it is read */
    upload_end(fd);
    work = take(MAIN, body, sizeof(body));
    (void)close(fd);
    gone(work);
    UNTIL(told->held_bytes == 0);
    fd = upload_begin("192.0.2.1", "large", ACCOUNT(7)); /* while the large pool has it: its place stays taken */
    upload_end(fd);
    serve(__LINE__, MAIN, "large", LARGE_ANSWER);
    work = take(LARGE, body, sizeof(body));
    (void)close(fd);
    fd = upload_begin("192.0.2.1", "waits", ACCOUNT(7)); /* while it waits */
    upload_end(fd);
    serve(__LINE__, MAIN, "waits", LARGE_ANSWER);
    UNTIL(told->waiting[GATE_PICTURES] == 1);
    (void)close(fd);
    UNTIL(told->waiting[GATE_PICTURES] == 0);
    assert_false(readable(listening[LARGE], QUIET_MS));
    assert_int_equal(told->held_bytes, 5);
    give(work, OK_ANSWER);
    UNTIL(told->held_bytes == 0);
    gate_stop();
}

/* Sends on with an answer of so many bytes, of which some have left, until it is whole or nobody takes more for so
 * long. Returns how many have left. */
static size_t answer_on(int work, size_t sent, size_t all, int ms)
{
    static uint8_t record[RECORD_HEAD_BYTES + RECORD_CONTENT_MAX];
    struct pollfd p = {.fd = work, .events = POLLOUT};

    record_head(record, RECORD_STDOUT, RECORD_CONTENT_MAX);
    while (sent < all && poll(&p, 1, ms) == 1) {
        const size_t at = sent % sizeof(record);
        ssize_t n = send(work, record + at, sizeof(record) - at, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    return sent;
}

/* Breaks when a client that leaves in the middle of a long answer leaves the worker with the rest of it. */
static void test_leaving_an_answer(void **state)
{
    enum { PATIENCE_MS = 2500 };
    const size_t all = (size_t)32 * (RECORD_HEAD_BYTES + RECORD_CONTENT_MAX);
    char body[1024];
    size_t sent;
    int fd, work;

    (void)state;
    gate_start(1);
    fd = upload_begin("192.0.2.1", "long", ACCOUNT(7));
    upload_end(fd);
    serve(__LINE__, MAIN, "long", LARGE_ANSWER);
    work = take(LARGE, body, sizeof(body));
    sent = answer_on(work, 0, all, QUIET_MS); /* the client takes nothing of it */
    assert_true(sent < all);
    (void)close(fd);
    assert_int_equal(answer_on(work, sent, all, PATIENCE_MS), all);
    (void)close(work);
    UNTIL(told->held_bytes == 0);
    gate_stop();
}

/* Breaks when a large pool's process that dies costs more than the picture it had, or the pool its place. */
static void test_large_deaths(void **state)
{
    char body[1024];
    int one, two, work;
    uint8_t part[RECORD_HEAD_BYTES + 32];

    (void)state;
    gate_start(1);
    one = upload_begin("192.0.2.1", "one", ACCOUNT(7));
    upload_end(one);
    serve(__LINE__, MAIN, "one", LARGE_ANSWER);
    work = take(LARGE, body, sizeof(body));
    two = upload_begin("192.0.2.1", "two", ACCOUNT(8));
    upload_end(two);
    serve(__LINE__, MAIN, "two", LARGE_ANSWER);
    record_head(part, RECORD_STDOUT, 64); /* and dies in the middle of a record */
    memcpy(part + RECORD_HEAD_BYTES, "Status: 200 OK\r\n\r\nhalf an answer!", 32);
    assert_int_equal(send(work, part, sizeof(part), MSG_NOSIGNAL), sizeof(part));
    (void)close(work);
    expect_answer(__LINE__, one, "Status: 200 OK\r\n\r\nhalf an answer"); /* and no end: nginx sees that */
    work = take(LARGE, body, sizeof(body));
    assert_string_equal(body, "two");
    (void)close(work);
    expect_answer(__LINE__, two, "");
    one = upload_begin("192.0.2.1", "three", ACCOUNT(7));
    upload_end(one);
    serve(__LINE__, MAIN, "three", LARGE_ANSWER);
    serve(__LINE__, LARGE, "three", OK_ANSWER);
    expect_answer(__LINE__, one, "Status: 200");
    gate_stop();
}

/* Breaks when a gate that has retired, and is then told to hurry, still takes its minute, or takes what is for its
 * successor. */
static void test_hurry(void **state)
{
    int upload, next, status = -1;

    (void)state;
    gate_start(1);
    upload = upload_begin("192.0.2.1", "slow", ACCOUNT(7));
    order('r');
    assert_false(readable(upload, QUIET_MS));
    next = ask("hash", "192.0.2.2", "", "next", true);
    order('d');
    assert_int_equal(waitpid(gate_pid, &status, 0), gate_pid); /* in 4 s of its own */
    assert_int_equal(status, 0);
    assert_true(readable(listening[GATE], 0));
    assert_false(readable(listening[HASH], 0));
    expect_answer(__LINE__, upload, "");
    (void)close(next);
    gate_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiting),      cmocka_unit_test(test_few_places),
        cmocka_unit_test(test_held),         cmocka_unit_test(test_held_for_nobody),
        cmocka_unit_test(test_no_files),     cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_not_asked),    cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_large_deaths), cmocka_unit_test(test_leaving_an_answer),
        cmocka_unit_test(test_hurry),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("gate_full", tests, NULL, NULL);
}
