/* image/decoder: what is said of a child that dies, stalls or is asked for too much; what it can reach, and what is
 * left behind in the shared area. R4, R31, R33, R34, R35, R36. */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <gd.h>

#include "base/clock.h"
#include "base/log.h"
#include "image/decoder_wire.h"
#include "image/sandbox.h"
#include "fixture_decoder.h"
#include "pace.h"

enum { CANARIES = SANITIZED ? 1000 : 10000 };

static bool is_gone(int pid)
{
    return kill(pid, 0) != 0;
}

static void sleep_ms(int ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

    (void)nanosleep(&t, NULL);
}

/* R1. Fails when a child that was killed while idle is not noticed on its descriptor, costs the next picture a 422, or
 * leaves a zombie. */
static void test_killed_idle(void **state)
{
    size_t n;
    uint8_t *bytes = file_read(PICTURES "digit-7.png", &n);

    (void)state;
    for (int heard = 0; heard < 2; heard++) {
        struct decoder *d = new_decoder(BYTES_MAX);
        const int pid = decoder_pid(d);
        struct pollfd at = {.fd = decoder_fd(d), .events = POLLIN};
        struct decoder_reply reply;
        struct why why = {""};

        assert_int_equal(poll(&at, 1, 0), 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        if (heard) {
            assert_int_equal(poll(&at, 1, 60000), 1);
            decoder_heard(d);
            assert_true(decoder_lost(d));
            assert_true(is_gone(pid));
        }
        sleep_ms(heard ? 0 : 50);
        assert_int_equal(ask(d, bytes, n, &reply, &why), ERR_BUSY);
        assert_true(decoder_lost(d));
        assert_true(is_gone(pid));
        assert_int_equal(decoder_fd(d), -1);
        assert_int_equal(decoder_pid(d), 0);
        assert_int_equal(ask(d, bytes, n, &reply, &why), ERR_BUSY);
        decoder_free(d);
    }
    free(bytes);
}

/* Processor time that a process has had, in clock ticks; -1 where it is gone. */
static long ticks_of(int pid)
{
    char name[64];
    unsigned long user = 0, system = 0;
    int got = 0;
    FILE *f;

    (void)snprintf(name, sizeof(name), "/proc/%d/stat", pid);
    f = fopen(name, "r");
    if (f != NULL) {
        got = fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
        (void)fclose(f);
    }
    return got == 2 ? (long)(user + system) : -1;
}

/* Runs a process that kills pid once it is at work: three ticks are 30 ms of a processor. */
static pid_t kills_at_work(int pid)
{
    const long idle = ticks_of(pid);
    pid_t other = fork();

    if (other == 0) {
        while (ticks_of(pid) >= 0 && ticks_of(pid) < idle + 3)
            sleep_ms(1);
        (void)kill(pid, SIGKILL);
        _exit(0);
    }
    assert_true(idle >= 0 && other > 0);
    return other;
}

/* Runs a process that does something to pid after ms. */
static pid_t later(int ms, int pid, int signal)
{
    pid_t other = fork();

    if (other == 0) {
        sleep_ms(ms);
        _exit(kill(pid, signal) == 0 ? 0 : 1);
    }
    assert_true(other > 0);
    return other;
}

/* A picture that takes a while; free with gdFree. */
static uint8_t *slow_picture(size_t *n)
{
    gdImagePtr im = gdImageCreate(4000, 4000);
    int bytes;
    void *png;

    (void)gdImageColorAllocate(im, 255, 255, 255);
    gdImageFilledRectangle(im, 1500, 500, 2000, 3000, gdImageColorAllocate(im, 0, 0, 0));
    png = gdImagePngPtr(im, &bytes);
    gdImageDestroy(im);
    *n = (size_t)bytes;
    return png;
}

/* R31. Fails when a child that dies over a picture is anything but that picture's fault; and the next child must read
 * the same as ever (R34). */
static void test_killed_at_work(void **state)
{
    size_t n, seven_n;
    uint8_t *slow = slow_picture(&n), *seven = file_read(PICTURES "digit-7.png", &seven_n);
    struct decoder *d = new_decoder(BYTES_MAX);
    int pid = decoder_pid(d), late = 0;
    enum err e;
    pid_t killer;
    struct decoder_reply reply, want;
    struct why why = {""};

    (void)state;
    assert_int_equal(kill(pid, SIGSTOP), 0); /* it has taken the ask, or not: with a stop it stays where it is */
    killer = later(100, pid, SIGCONT);
    assert_int_equal(ask(d, slow, n, &reply, &why), OK); /* a pause is no death */
    expect_done(killer);
    for (;; late++) {
        killer = kills_at_work(pid);
        e = ask(d, slow, n, &reply, &why);
        if (e != OK)
            break;
        assert_true(late < 20); /* the killer was late, as it may be on a busy machine */
        assert_int_equal(kill(killer, SIGKILL), 0);
        assert_int_equal(waitpid(killer, NULL, 0), killer);
        decoder_free(d);
        d = new_decoder(BYTES_MAX);
        pid = decoder_pid(d);
    }
    expect_done(killer);
    assert_int_equal(e, ERR_FORMAT);
    assert_true(strlen(why.text) > 20);
    assert_int_equal(reply.steps.width, 0);
    assert_true(decoder_lost(d));
    assert_true(is_gone(pid));
    decoder_free(d);
    d = new_decoder(BYTES_MAX);
    assert_int_equal(read_here(seven, seven_n, &want, &why), OK);
    assert_int_equal(ask(d, seven, seven_n, &reply, &why), OK);
    expect_same("after a crash", &want, &reply);
    decoder_free(d);
    free(seven);
    gdFree(slow);
}

/* R31. Fails when a good picture is called damaged because the machine has no time for it: the child stands still for
 * longer than it may work. */
static void test_no_time(void **state)
{
    struct decoder *d = new_decoder(BYTES_MAX);
    const int pid = decoder_pid(d);
    size_t n;
    uint8_t *bytes = file_read(PICTURES "digit-7.png", &n);
    struct decoder_reply reply;
    struct why why = {""};
    pid_t waker;

    (void)state;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    waker = later(DECODER_CPU_MS + 500, pid, SIGCONT);
    assert_int_equal(ask(d, bytes, n, &reply, &why), OK);
    assert_false(decoder_lost(d));
    expect_done(waker);
    decoder_free(d);
    free(bytes);
}

/* R31. Fails when a child that has not answered in time is waited for longer, is left alive, or costs its picture more
 * than another try. */
static void test_late(void **state)
{
    struct decoder *d = new_decoder(BYTES_MAX);
    const int pid = decoder_pid(d);
    size_t n;
    uint8_t *bytes = file_read(PICTURES "digit-7.png", &n);
    const struct decoder_request request = {.bytes = bytes, .n = n, .until_us = clock_mono_us() + 2500000};
    struct decoder_reply reply;
    struct why why = {""};
    double took_ms;

    (void)state;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    took_ms = -pace_wall_ms();
    assert_int_equal(decoder_read(d, &request, &reply, &why), ERR_BUSY);
    took_ms += pace_wall_ms();
    assert_true(took_ms > 900 && pace_wall_within(took_ms, 2600));
    assert_non_null(strstr(why.text, "busy"));
    assert_true(decoder_lost(d));
    assert_true(is_gone(pid));
    decoder_free(d);
    free(bytes);
}

/* Fails when a child lives on after its parent was killed, which no one would ever end. */
static void test_ends_with_its_parent(void **state)
{
    int ends[2], pid = 0, waited_ms = 0;
    pid_t parent;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* so that the orphan can be waited for here */
    parent = fork();
    if (parent == 0) {
        struct decoder *d;

        if (decoder_new(&d, 1000, NULL) != OK)
            _exit(1);
        pid = decoder_pid(d);
        if (write(ends[1], &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
            _exit(1);
        (void)pause();
    }
    assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
    assert_true(pid > 0 && !is_gone(pid));
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    while (waitpid(pid, NULL, WNOHANG) != pid && ++waited_ms < 60000)
        sleep_ms(1);
    assert_true(waited_ms < 60000);
    close(ends[0]);
    close(ends[1]);
}

/* Fails when a signal for the whole service (a terminal's Ctrl-C, a supervisor's SIGTERM) ends the child under a worker
 * that still has pictures to read. */
static void test_signals_pass_by(void **state)
{
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE};
    struct decoder *d = new_decoder(BYTES_MAX);
    size_t n;
    uint8_t *bytes = file_read(PICTURES "digit-7.png", &n);
    struct decoder_reply reply;
    struct why why = {""};

    (void)state;
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++)
        assert_int_equal(kill(decoder_pid(d), SIGNALS[i]), 0);
    assert_int_equal(ask(d, bytes, n, &reply, &why), OK);
    decoder_free(d);
    free(bytes);
}

static long status_number(int pid, const char *field)
{
    char path[64], line[200];
    long value = -1;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            value = strtol(line + strlen(field) + 1, NULL, 10);
    fclose(f);
    return value;
}

static void expect_limit(int pid, int resource, rlim_t most)
{
    struct rlimit l;

    assert_int_equal(prlimit(pid, (__rlimit_resource_t)resource, NULL, &l), 0);
    assert_int_equal(l.rlim_cur, most);
    assert_int_equal(l.rlim_max, most);
}

/* R31, R33, R36. Fails when the child that decoder_new makes lacks one of its walls: no byte may be written to a file,
 * no descriptor opened, no process made. */
static void test_walls(void **state)
{
    struct decoder *d = new_decoder(BYTES_MAX);
    const int pid = decoder_pid(d);

    (void)state;
    expect_limit(pid, RLIMIT_CORE, 0);
    expect_limit(pid, RLIMIT_FSIZE, 0);
    expect_limit(pid, RLIMIT_NPROC, 0);
    expect_limit(pid, RLIMIT_NOFILE, 4);
    if (sandbox_is_whole()) {
        expect_limit(pid, RLIMIT_AS, DECODER_AREA_MAX_BYTES);
        assert_int_equal(status_number(pid, "Seccomp:"), 2);
        assert_int_equal(status_number(pid, "NoNewPrivs:"), 1);
    }
    decoder_free(d);
}

/* A user's picture: a stroke on 28x28 px, as PNG, with the canary behind its end, where bytes are allowed. Free it. */
static uint8_t *canary_picture(bool upright, const void *canary, size_t canary_n, size_t *n)
{
    gdImagePtr im = gdImageCreateTrueColor(28, 28);
    int png_n;
    void *png;
    uint8_t *file;

    gdImageFilledRectangle(im, upright ? 12 : 4, upright ? 4 : 12, upright ? 15 : 23, upright ? 23 : 15, 0xf0f0f0);
    png = gdImagePngPtr(im, &png_n);
    file = malloc((size_t)png_n + canary_n);
    assert_non_null(file);
    memcpy(file, png, (size_t)png_n);
    memcpy(file + png_n, canary, canary_n);
    *n = (size_t)png_n + canary_n;
    gdFree(png);
    gdImageDestroy(im);
    return file;
}

/* R35: two users turn about. Fails when anything of the one's picture is in the other's answer, or lies in the shared
 * area once his own is given: file, step pictures, answer. */
static void test_canary(void **state)
{
    static const char CANARY[] = "a canary that sings of one user alone";
    static const uint8_t nothing[28 * 28];
    struct decoder *d = new_decoder(BYTES_MAX);
    struct decoder_reply want[2], got;
    uint8_t *file[2];
    size_t n[2];
    struct why why = {""};
    const uint8_t *map = NULL;
    const size_t map_n = sizeof(struct decoder_answer) + BYTES_MAX;

    (void)state;
    for (int u = 0; u < 2; u++) {
        file[u] = canary_picture(u == 0, CANARY, sizeof(CANARY), &n[u]);
        assert_int_equal(read_here(file[u], n[u], &want[u], &why), OK);
    }
    assert_true(memcmp(want[0].input, want[1].input, 784) != 0);
    for (int i = 0; i < CANARIES; i++) {
        const int u = i & 1;
        const bool look = i % 200 < 2; /* a search through 10 MiB takes its time */
        const struct decoder_request request = {.bytes = file[u], .n = n[u], .steps_side_px = i % 200 == 0 ? 28 : 0};

        assert_int_equal(decoder_read(d, &request, &got, &why), OK);
        expect_same("canary", &want[u], &got);
        if (i % 200 == 0)
            map = got.pictures[0].px - map_n;
        if (look) {
            assert_null(memmem(map, map_n, CANARY, sizeof(CANARY)));
            assert_null(memmem(map, map_n, got.input, 784)); /* it was handed over, not left there */
        }
        if (i % 200 == 1) /* the step pictures of the last reply are gone when the next one has come */
            for (int k = 0; k < DECODER_STEPS_MAX; k++)
                assert_memory_equal(map + map_n + (size_t)k * DECODER_STEP_MAX_BYTES, nothing, sizeof(nothing));
    }
    free(file[0]);
    free(file[1]);
    decoder_free(d);
}

/* Fails when a picture that is within the limits but asks for more memory than is left kills the child, or gets any
 * other answer than a refusal with a sentence. The area is made so large that little is left of the 512 MiB. */
static void test_out_of_memory(void **state)
{
    gdImagePtr im = gdImageCreateTrueColor(3000, 3000);
    struct decoder *d;
    int held_mib;

    (void)state;
    if (!sandbox_is_whole()) {
        print_message("a sanitizer's build: no RLIMIT_AS\n");
        gdImageDestroy(im);
        return;
    }
    d = new_decoder(BYTES_MAX);
    held_mib = (int)(status_number(decoder_pid(d), "VmSize:") / 1024);
    decoder_free(d);
    d = new_decoder(BYTES_MAX + (size_t)(512 - held_mib - 24) * 1024 * 1024); /* 24 MiB are left */
    gdImageFilledRectangle(im, 0, 0, 2999, 2999, 0xffffff);
    gdImageFilledRectangle(im, 1500, 500, 2000, 2500, 0);
    for (int format = 0; format < 5; format++) {
        struct decoder_reply reply;
        struct why why = {""};
        int n = 0;
        void *bytes = format == 0   ? gdImagePngPtr(im, &n)
                      : format == 1 ? gdImageJpegPtr(im, &n, 90)
                      : format == 2 ? gdImageGifPtr(im, &n)
                      : format == 3 ? gdImageWebpPtrEx(im, &n, 80)
                                    : gdImageWebpPtrEx(im, &n, gdWebpLossless);
        enum err e = ask(d, bytes, (size_t)n, &reply, &why);

        assert_false(decoder_lost(d));
        if (e != ERR_FORMAT && format != 2) /* a GIF takes one byte a pixel, and may just fit */
            fail_msg("format %d: %s", format, err_str(e));
        assert_true(e == OK || strlen(why.text) > 20);
        gdFree(bytes);
    }
    gdImageDestroy(im);
    decoder_free(d);
}

/* R87. Fails when the log does not tell how a child was lost, or for which request. */
static void test_log(void **state)
{
    struct decoder *d = new_decoder(BYTES_MAX);
    char text[2000] = "";
    FILE *f = tmpfile();
    struct pollfd at = {.fd = decoder_fd(d), .events = POLLIN};

    (void)state;
    assert_non_null(f);
    log_init(fileno(f), LOG_DEBUG);
    assert_int_equal(kill(decoder_pid(d), SIGSYS), 0); /* as a filter kills */
    assert_int_equal(poll(&at, 1, 1000), 1);
    decoder_heard(d);
    decoder_log_loss(d, "c0ffee");
    decoder_free(d);
    log_init(2, LOG_INFO);
    assert_true(pread(fileno(f), text, sizeof(text) - 1, 0) > 0);
    fclose(f);
    assert_non_null(strstr(text, " event=sandbox_kill "));
    assert_non_null(strstr(text, "\"c0ffee\""));
    assert_non_null(strstr(text, "signal=31"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_idle),
        cmocka_unit_test(test_killed_at_work),
        cmocka_unit_test(test_no_time),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_ends_with_its_parent),
        cmocka_unit_test(test_signals_pass_by),
        cmocka_unit_test(test_walls),
        cmocka_unit_test(test_canary),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_log),
    };

    return cmocka_run_group_tests_name("decoder lost", tests, NULL, NULL);
}
