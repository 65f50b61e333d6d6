/* The small things all rooms use: buf, digest, log, clock, err. (conf and json have files of their own.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above it */
#include <cmocka.h>

#include <sys/mman.h>

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/log.h"

/* Breaks when growing loses bytes, the NUL is missing, or a format is cut. */
static void buf_keeps_what_is_added(void **state)
{
    struct buf *b = buf_new(100000);
    char big[3000];

    (void)state;
    assert_non_null(b);
    assert_string_equal(buf_data(b), "");
    assert_int_equal(buf_len(b), 0);
    assert_int_equal(buf_add(b, NULL, 0), OK);
    assert_int_equal(buf_add(b, "a\0b", 3), OK);
    assert_int_equal(buf_add_str(b, "cd"), OK);
    assert_int_equal(buf_add_fmt(b, "%d-%s", 42, "x"), OK);
    assert_int_equal(buf_add_fmt(b, "%s", ""), OK);
    assert_memory_equal(buf_data(b), "a\0bcd42-x", 10); /* with its NUL */
    assert_int_equal(buf_len(b), 9);
    memset(big, 'q', sizeof(big));
    for (int i = 0; i < 20; i++)
        assert_int_equal(buf_add(b, big, sizeof(big)), OK);
    assert_int_equal(buf_add_fmt(b, "%3000d", 7), OK);
    assert_int_equal(buf_len(b), 9 + 20 * 3000 + 3000);
    assert_memory_equal(buf_data(b), "a\0bcd42-xq", 10);
    assert_string_equal(buf_data(b) + buf_len(b) - 3, "  7");
    buf_free(b);
    buf_free(NULL);
}

/* Breaks when the maximum is off by one, a failed append changes the bytes, or the failure is forgotten. */
static void buf_stops_at_its_maximum(void **state)
{
    struct buf *b = buf_new(10);

    (void)state;
    assert_int_equal(buf_add_str(b, "0123456789"), OK); /* exactly */
    assert_int_equal(buf_add(b, "", 0), OK);
    assert_int_equal(buf_add_str(b, "x"), ERR_LIMIT);
    assert_int_equal(buf_add(b, "", 0), ERR_LIMIT); /* remembered */
    assert_int_equal(buf_add_fmt(b, "%s", ""), ERR_LIMIT);
    assert_int_equal(buf_status(b), ERR_LIMIT);
    assert_string_equal(buf_data(b), "0123456789");
    assert_int_equal(buf_len(b), 10);
    buf_reset(b);
    assert_int_equal(buf_status(b), OK);
    assert_int_equal(buf_len(b), 0);
    assert_string_equal(buf_data(b), "");
    assert_int_equal(buf_add_fmt(b, "%d", 1234567890), OK);
    assert_int_equal(buf_add_fmt(b, "%d", 1), ERR_LIMIT);
    assert_string_equal(buf_data(b), "1234567890");
    buf_free(b);
    b = buf_new(0);
    assert_int_equal(buf_add_str(b, ""), OK);
    assert_int_equal(buf_add_str(b, "x"), ERR_LIMIT);
    buf_free(b);
    b = buf_new(SIZE_MAX);
    assert_int_equal(buf_add_str(b, "ab"), OK);
    assert_int_equal(buf_add(b, "", SIZE_MAX - 2), ERR_LIMIT); /* no size wraps; nothing is read */
    buf_free(b);
}

/* Breaks when a reset leaves a secret in the block that it keeps. */
static void buf_reset_wipes(void **state)
{
    struct buf *b = buf_new(100);
    const char *where;

    (void)state;
    assert_int_equal(buf_add_str(b, "a secret"), OK);
    where = buf_data(b);
    buf_reset(b);
    for (int i = 0; i < 8; i++)
        assert_int_equal(where[i], 0); /* still the buffer's own memory */
    buf_free(b);
}

/* Breaks when SHA-256 is not SHA-256 (the vectors are those of FIPS 180-4's examples). */
static void digest_knows_its_vectors(void **state)
{
    static const char million_hex[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    static char million[1000000];
    char hex[DIGEST_HEX + 1];
    uint8_t raw[DIGEST_BYTES];

    (void)state;
    digest_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_sha256_hex(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    memset(million, 'a', sizeof(million));
    digest_sha256_hex(million, sizeof(million), hex);
    assert_string_equal(hex, million_hex);
    digest_sha256("abc", 3, raw);
    assert_int_equal(raw[0], 0xba);
    assert_int_equal(raw[31], 0xad);
}

/* Breaks when a difference in any bit of any byte is not seen. */
static void digest_equal_sees_every_bit(void **state)
{
    uint8_t a[DIGEST_BYTES] = {0}, b[DIGEST_BYTES] = {0};

    (void)state;
    assert_true(digest_equal(a, b, sizeof(a)));
    for (int i = 0; i < DIGEST_BYTES * 8; i++) {
        b[i / 8] = (uint8_t)(1 << i % 8);
        assert_false(digest_equal(a, b, sizeof(a)));
        b[i / 8] = 0;
    }
    assert_true(digest_equal("ab", "ac", 1));
    assert_true(digest_equal("x", "y", 0));
}

/* Breaks when the two clocks do not step, or the monotonic one goes back. */
static void clocks_step(void **state)
{
    int64_t wall_s = clock_wall_s(), mono_us = clock_mono_us();

    (void)state;
    assert_in_range(wall_s, 1700000000, 4000000000);
    clock_step(86400);
    assert_in_range(clock_wall_s() - wall_s, 86400, 86402);
    assert_in_range(clock_mono_us() - mono_us, 86400000000, 86402000000);
    clock_step(-86400);
    assert_in_range(clock_wall_s() - wall_s, 0, 2);
    assert_true(clock_mono_us() - mono_us >= 86400000000);
}

/* Breaks when an error has no phrase of its own. */
static void every_error_has_a_phrase(void **state)
{
    (void)state;
    for (int e = OK; e < ERR_COUNT; e++)
        for (int other = OK; other < e; other++)
            assert_string_not_equal(err_str((enum err)e), err_str((enum err)other));
    assert_string_equal(err_str(ERR_COUNT), "unknown error");
    assert_string_equal(err_str((enum err)999), "unknown error");
}

/* Breaks when a reason is more than one line, overruns, or its code is lost. */
static void reasons_are_one_line(void **state)
{
    struct why why;
    char big[2000];

    (void)state;
    assert_int_equal(err_why(&why, ERR_IO, "%s: %d", "a\nb\x1b\x7f", 5), ERR_IO);
    assert_string_equal(why.text, "a?b??: 5");
    assert_int_equal(err_why(NULL, ERR_BUSY, "%s", "nobody asks"), ERR_BUSY);
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    assert_int_equal(err_why(&why, OK, "%s", big), OK);
    assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
}

/* What a log of these calls says. */
static const char *logged(int fd)
{
    static char text[8192];
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

    assert_true(n >= 0);
    text[n] = '\0';
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return text;
}

/* The text after the time, level and pid, which are checked for their shape. */
static const char *log_rest(const char *line, const char *level)
{
    static const char shape[] = "ts=dddd-dd-ddTdd:dd:dd.dddZ level=";
    char pid[40];
    size_t n;

    for (size_t i = 0; i < sizeof(shape) - 1; i++)
        if (shape[i] == 'd' && i < 26 ? !isdigit((unsigned char)line[i]) : line[i] != shape[i])
            fail_msg("\"%s\" is not of the shape %s", line, shape);
    line += sizeof(shape) - 1;
    n = strlen(level);
    assert_memory_equal(line, level, n);
    n += (size_t)snprintf(pid, sizeof(pid), " pid=%d ", (int)getpid());
    assert_non_null(strstr(line, pid));
    return line + n;
}

/* R87, R88. Breaks when what a client sent makes a second line, ends a quote, or reaches a terminal raw. */
static void log_lines_are_one_line(void **state)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    struct log_line l;

    (void)state;
    log_init(fd, LOG_INFO);
    log_begin(&l, LOG_WARN, "test");
    log_str(&l, "agent", "a\r\nb\x1b[2J\"c\\ \xe2\x80\xae\x7f");
    log_bytes(&l, "bytes", "x\0y", 3);
    log_int(&l, "n", INT64_MIN);
    log_str(&l, "none", NULL);
    log_end(&l);
    assert_string_equal(log_rest(logged(fd), "warn"),
                        "event=test agent=\"a\\x0d\\x0ab\\x1b[2J\\\"c\\\\ \\xe2\\x80\\xae\\x7f\" bytes=\"x\\x00y\" "
                        "n=-9223372036854775808 none=\"\"\n");
    log_text(LOG_INFO, "short", "d");
    assert_string_equal(log_rest(logged(fd), "info"), "event=short detail=\"d\"\n");
    log_text(LOG_DEBUG, "quiet", "d");
    assert_string_equal(logged(fd), "");
    log_init(2, LOG_INFO);
    (void)close(fd);
}

/* Breaks when a line overruns, ends without a newline, keeps half a pair, or hides that it was cut: a value of every
 * length around the limit, then more keys. */
static void long_log_lines_are_cut_whole(void **state)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    char value[1200];
    int cut = 0;

    (void)state;
    log_init(fd, LOG_INFO);
    for (size_t n = 900; n < sizeof(value); n++) {
        struct log_line l;
        const char *text;
        size_t len;

        memset(value, 'v', n);
        log_begin(&l, LOG_INFO, "test");
        log_bytes(&l, "a", value, n);
        log_int(&l, "b", 12345);
        log_str(&l, "c", "\"\"\"");
        log_end(&l);
        text = logged(fd);
        len = strlen(text);
        assert_true(len > 0 && len <= sizeof(l.text));
        assert_ptr_equal(strchr(text, '\n'), text + len - 1);
        if (strstr(text, " truncated=1\n") == NULL) {
            assert_non_null(strstr(text, " c=\"\\\"\\\"\\\"\"\n"));
        } else {
            cut++;
            assert_non_null(strstr(text, "event=test"));
            assert_true(strstr(text, " a=") == NULL || strstr(text, "v\"") != NULL);
            assert_true(strstr(text, " b=") == NULL || strstr(text, " b=12345") != NULL);
            assert_null(strstr(text, " c="));
        }
    }
    assert_in_range(cut, 100, 299); /* both kinds were seen */
    log_init(2, LOG_INFO);
    (void)close(fd);
}

/* R90. Breaks when a log that nobody reads, or whose reader is gone, or a full disk holds up or ends the process. */
static void log_never_waits(void **state)
{
    int ends[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0); /* blocking */
    log_init(ends[1], LOG_INFO);
    (void)alarm(200); /* a test that hangs must end */
    for (int i = 0; i < 5000; i++)
        log_text(LOG_ERROR, "flood", "a line that fills the pipe some day, since nobody reads it");
    (void)alarm(0);
    (void)close(ends[0]);
    log_text(LOG_ERROR, "nobody", "SIGPIPE would end this process");
    log_init(full, LOG_INFO);
    log_text(LOG_ERROR, "full", "no space");
    log_init(-1, LOG_INFO);
    log_text(LOG_ERROR, "closed", "no file");
    log_init(2, LOG_INFO);
    (void)close(ends[1]);
    (void)close(full);
}

/* Breaks when a level of the settings is unknown to the log, or anything else is taken for one. */
static void log_levels_are_named(void **state)
{
    (void)state;
    assert_int_equal(log_level_parse("debug"), LOG_DEBUG);
    assert_int_equal(log_level_parse("info"), LOG_INFO);
    assert_int_equal(log_level_parse("warn"), LOG_WARN);
    assert_int_equal(log_level_parse("error"), LOG_ERROR);
    assert_int_equal(log_level_parse("ERROR"), -1);
    assert_int_equal(log_level_parse(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_keeps_what_is_added),
        cmocka_unit_test(buf_stops_at_its_maximum),
        cmocka_unit_test(buf_reset_wipes),
        cmocka_unit_test(digest_knows_its_vectors),
        cmocka_unit_test(digest_equal_sees_every_bit),
        cmocka_unit_test(clocks_step),
        cmocka_unit_test(every_error_has_a_phrase),
        cmocka_unit_test(reasons_are_one_line),
        cmocka_unit_test(log_lines_are_one_line),
        cmocka_unit_test(long_log_lines_are_cut_whole),
        cmocka_unit_test(log_never_waits),
        cmocka_unit_test(log_levels_are_named),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
