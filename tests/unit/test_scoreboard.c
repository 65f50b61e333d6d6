/* The scoreboard (R2, R3) and the back-off (R8). */
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "main/backoff.h"
#include "main/scoreboard.h"

enum { SLOTS = 3 };
#define S INT64_C(1000000)

static int board_new(void **state)
{
    struct scoreboard *b = NULL;

    if (scoreboard_new(&b, SLOTS) != OK)
        return -1;
    *state = b;
    return 0;
}

static int board_free(void **state)
{
    scoreboard_free(*state);
    return 0;
}

/* Breaks if slots overlap, if a slot outside is handed out, or if a new board does not start steady and idle. */
static void test_slots(void **state)
{
    struct scoreboard *b = *state, *none;
    struct score_view v;

    assert_int_equal(scoreboard_new(&none, 0), ERR_RANGE);
    assert_null(none);
    assert_null(scoreboard_slot(b, -1));
    assert_null(scoreboard_slot(b, SLOTS));
    assert_true(scoreboard_steady(b));
    for (int i = 0; i < SLOTS; i++)
        score_begin(scoreboard_slot(b, i), 100 + i);
    for (int i = 0; i < SLOTS; i++) {
        score_read(scoreboard_slot(b, i), 1000, &v);
        assert_int_equal(v.started_us, 100 + i);
        assert_false(v.up);
    }
    assert_true(scoreboard_steady(b)); /* the slots' writes did not reach the master's page */
}

/* Breaks if a request leaves something of itself for the next one, or if only answered ones do not count. */
static void test_life_of_a_slot(void **state)
{
    struct score *s = scoreboard_slot(*state, 1);
    struct score_view v;

    score_up(s);
    score_begin(s, 5 * S);
    score_phase(s, PHASE_HASH);
    score_route(s, "/login", "0123456789abcdef0123456789abcdef");
    score_read(s, 6 * S, &v);
    assert_true(v.up);
    assert_int_equal(v.started_us, 5 * S);
    assert_int_equal(v.phase, PHASE_HASH);
    assert_string_equal(v.route, "/login");
    assert_string_equal(v.id, "0123456789abcdef0123456789abcdef");
    score_end(s, true);
    score_begin(s, 7 * S);
    score_read(s, 8 * S, &v);
    assert_string_equal(v.route, "");
    assert_string_equal(v.id, "");
    assert_int_equal(v.phase, PHASE_READ);
    score_end(s, false);
    score_read(s, 8 * S, &v);
    assert_int_equal(v.started_us, 0);
    assert_int_equal(v.phase, PHASE_IDLE);
    assert_int_equal(v.requests, 1);
    score_reset(s);
    score_read(s, 8 * S, &v);
    assert_false(v.up);
    assert_int_equal(v.requests, 0);
}

/* Breaks if text longer than its place runs over, or a missing text is read. */
static void test_long_text(void **state)
{
    struct score *s = scoreboard_slot(*state, 0);
    struct score_view v;
    char text[300];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    score_begin(s, 1);
    score_route(s, text, text);
    score_read(s, 2, &v);
    assert_int_equal(strlen(v.route), SCORE_ROUTE_MAX);
    assert_int_equal(strlen(v.id), SCORE_ID_MAX);
    score_route(s, NULL, NULL);
    score_read(s, 2, &v);
    assert_string_equal(v.route, "");
    assert_string_equal(v.id, "");
}

/* Breaks if the master believes what a worker that was taken over writes: every byte of its page set to one value. */
static void test_hostile_slot(void **state)
{
    struct score *s = scoreboard_slot(*state, 2);
    static const int fill[] = {0xff, 0x7f, 0x80, 0x41};

    for (size_t i = 0; i < sizeof(fill) / sizeof(fill[0]); i++) {
        struct score_view v;

        memset((void *)s, fill[i], 4096);
        score_read(s, 9 * S, &v);
        assert_in_range(v.started_us, 0, 9 * S);
        assert_true(v.phase >= PHASE_IDLE && v.phase < PHASE_COUNT);
        assert_true(strlen(v.route) <= SCORE_ROUTE_MAX);
        assert_true(strlen(v.id) <= SCORE_ID_MAX);
        assert_non_null(phase_name(v.phase));
    }
    assert_string_equal(phase_name((enum phase)99), "?");
    assert_string_equal(phase_name(PHASE_REPLY), "reply");
}

/* What a worker does after scoreboard_restrict; the child's status tells how it ended. */
static int in_worker(struct scoreboard *b, int slot, void (*act)(struct scoreboard *b))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* cmocka and the sanitizers would catch it */
        (void)signal(SIGBUS, SIG_DFL);
        if (scoreboard_restrict(b, slot) != OK)
            _exit(99);
        act(b);
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void act_own(struct scoreboard *b)
{
    score_begin(scoreboard_slot(b, 1), 42);
    if (!scoreboard_steady(b))
        _exit(1);
}

static void act_other(struct scoreboard *b)
{
    score_begin(scoreboard_slot(b, 2), 42);
}

static void act_control(struct scoreboard *b)
{
    scoreboard_set_steady(b, false);
}

/* Breaks if a worker can write anywhere but in its own slot, or if what it writes there does not reach the master. */
static void test_restricted(void **state)
{
    struct scoreboard *b = *state;
    struct score_view v;
    int status = in_worker(b, 1, act_own);

    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    score_read(scoreboard_slot(b, 1), 100, &v);
    assert_int_equal(v.started_us, 42);
    status = in_worker(b, 1, act_other);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    status = in_worker(b, 1, act_control);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    assert_true(scoreboard_steady(b));
}

/* R8. Breaks if ten deaths in a minute already delay a restart, or eleven do not. */
static void test_backoff_begins(void **state)
{
    struct backoff b = {0};

    (void)state;
    for (int i = 0; i < BACKOFF_EXITS; i++)
        assert_int_equal(backoff_died(&b, 100 * S + i), 100 * S + i);
    assert_false(b.storm);
    assert_int_equal(backoff_died(&b, 101 * S), 102 * S);
    assert_true(b.storm);
}

/* R8. Breaks if deaths that are far apart add up: one every 7 s is nine a minute, for ever. */
static void test_backoff_slow_deaths(void **state)
{
    struct backoff b = {0};

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(backoff_died(&b, i * 7 * S), i * 7 * S);
        assert_false(b.storm);
    }
}

/* R8. Breaks if the delay does not double to 30 s, if those that die together do not share a round, or if the storm
 * ends before a whole minute without a death. */
static void test_backoff_rounds(void **state)
{
    static const int delays[] = {1, 2, 4, 8, 16, 30, 30};
    struct backoff b = {0};
    int64_t now = 1000 * S;

    (void)state;
    for (int i = 0; i < BACKOFF_EXITS; i++)
        (void)backoff_died(&b, now);
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        int64_t back = backoff_died(&b, now);

        assert_int_equal(back, now + delays[i] * S);
        assert_int_equal(backoff_died(&b, now + 1), back); /* the next worker of the same pool */
        assert_false(backoff_settled(&b, back));
        now = back;
    }
    now -= 30 * S; /* the last death */
    assert_false(backoff_settled(&b, now + 60 * S));
    assert_true(backoff_settled(&b, now + 60 * S + 2));
    assert_false(b.storm);
    assert_false(backoff_settled(&b, now + 61 * S)); /* told once */
    assert_int_equal(backoff_died(&b, now + 62 * S), now + 62 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_slots, board_new, board_free),
        cmocka_unit_test_setup_teardown(test_life_of_a_slot, board_new, board_free),
        cmocka_unit_test_setup_teardown(test_long_text, board_new, board_free),
        cmocka_unit_test_setup_teardown(test_hostile_slot, board_new, board_free),
        cmocka_unit_test_setup_teardown(test_restricted, board_new, board_free),
        cmocka_unit_test(test_backoff_begins),
        cmocka_unit_test(test_backoff_slow_deaths),
        cmocka_unit_test(test_backoff_rounds),
    };

    return cmocka_run_group_tests_name("scoreboard", tests, NULL, NULL);
}
