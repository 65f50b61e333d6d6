/* The letters of `digitctl mail run`, and the program that takes them. */
#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/ctl_letter.h"
#include "ctl/ctl_sendmail.h"
#include "fixture_dir.h"
#include "pace.h"

#define SECRET "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE"

enum { MESSAGE_MAX = 64 * 1024 };

static struct conf conf;
static char dir[64], taken[128], text[MESSAGE_MAX + 1];

static int set_up(void **state)
{
    sigset_t child;
    struct why why;

    (void)state;
    memcpy(dir, "/tmp/digitd-test-XXXXXX", sizeof("/tmp/digitd-test-XXXXXX"));
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(taken, sizeof(taken), "%s/taken", dir);
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* what the test's parent left open */
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL);
    return conf_load(
               &conf, NULL,
               (char *[]){(char *)(uintptr_t) "DIGITD_SITE_URL=https://digits.example.org:444/sub http://localhost",
                          (char *)(uintptr_t) "DIGITD_MAIL_FROM=Digits <noreply@example.org>", NULL},
               &why) == OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return dir_remove(dir);
}

static const char *letter(enum letter kind)
{
    struct buf *out = buf_new(LETTER_BYTES_MAX);
    struct why why = {""};

    assert_int_equal(letter_write(out, kind, &conf, "me@example.org", SECRET, 1709210096, &why), OK);
    assert_true(buf_len(out) < sizeof(text));
    memcpy(text, buf_data(out), buf_len(out) + 1);
    buf_free(out);
    return text;
}

static int count(const char *where, const char *what)
{
    int n = 0;

    for (const char *p = where; (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

/* Breaks when a header that a receiver needs is missing, stands twice, or lies behind the empty line. */
static void test_head(void **state)
{
    static const char *const lines[] = {"From: Digits <noreply@example.org>\n",
                                        "\nTo: me@example.org\n",
                                        "\nSubject: ",
                                        "\nDate: Thu, 29 Feb 2024 12:34:56 +0000\n",
                                        "\nMessage-ID: <",
                                        "@digits.example.org>\n",
                                        "\nAuto-Submitted: auto-generated\n",
                                        "\nMIME-Version: 1.0\n",
                                        "\nContent-Type: text/plain; charset=us-ascii\n",
                                        "\nContent-Transfer-Encoding: 7bit\n"};

    (void)state;
    for (int kind = LETTER_CONFIRM; kind <= LETTER_RESET; kind++) {
        const char *message = letter((enum letter)kind), *end = strstr(message, "\n\n");

        assert_non_null(end);
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
            const char *at = strstr(message, lines[i]);

            assert_non_null(at);
            assert_true(at < end);
            assert_int_equal(count(message, lines[i]), 1);
        }
    }
}

/* Breaks when a lone dot ends a message early (sendmail without -i), or a line is longer than mail allows. */
static void test_lines(void **state)
{
    (void)state;
    for (int kind = LETTER_CONFIRM; kind <= LETTER_RESET; kind++) {
        const char *message = letter((enum letter)kind);
        size_t n;

        assert_int_equal(count(message, "\n.\n"), 0);
        assert_int_equal(message[strlen(message) - 1], '\n');
        for (const char *p = message; *p != '\0'; p += n + 1) {
            n = strcspn(p, "\n");
            assert_true(n <= 100 && p[n] == '\n');
            for (size_t i = 0; i < n; i++)
                assert_in_range(p[i], 0x20, 0x7e);
        }
    }
}

/* Breaks when a letter has another's link, or a secret that it has no use for. */
static void test_links(void **state)
{
    (void)state;
    assert_int_equal(count(letter(LETTER_CONFIRM), "    https://digits.example.org:444/sub/#confirm=" SECRET "\n"), 1);
    assert_int_equal(count(letter(LETTER_RESET), "    https://digits.example.org:444/sub/#reset=" SECRET "\n"), 1);
    for (int kind = LETTER_CONFIRM; kind <= LETTER_RESET; kind++)
        assert_int_equal(count(letter((enum letter)kind), SECRET), kind == LETTER_TAKEN ? 0 : 1);
    assert_int_equal(count(letter(LETTER_TAKEN), "https://digits.example.org:444/sub/\n"), 1);
}

/* Breaks when an address, or a setting, could begin a header of its own. */
static void test_injection(void **state)
{
    static const char *const bad[] = {"a@b\nBcc: c@d", "a@b\r", "a\x01@b", "\xc3\xa4@b", "a@b\x7f"};
    struct buf *out = buf_new(LETTER_BYTES_MAX);
    struct why why;
    struct conf odd = conf;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why.text[0] = '\0';
        assert_int_equal(letter_write(out, LETTER_RESET, &conf, bad[i], SECRET, 0, &why), ERR_FORMAT);
        assert_int_not_equal(why.text[0], '\0');
        assert_int_equal(buf_len(out), 0);
        memcpy(odd.mail_from, bad[i], strlen(bad[i]) + 1);
        assert_int_equal(letter_check_from(&odd, &why), ERR_FORMAT);
        assert_int_equal(letter_write(out, LETTER_RESET, &odd, "a@b", SECRET, 0, &why), ERR_FORMAT);
        assert_int_equal(buf_len(out), 0);
    }
    buf_free(out);
}

/* Breaks when words are cut elsewhere, or what looks like shell is run as if it were none. */
static void test_parse(void **state)
{
    static const char *const refused[] = {"/a \"b c\"", "/a 'b'", "/a $B",  "/a | /b", "/a > /b",
                                          "/a b\\ c",   "/a;b",   "/a `b`", "/a &",    "/a < /b"};
    struct sendmail s;
    struct why why;
    char many[200] = "/a";

    (void)state;
    assert_int_equal(sendmail_parse(&s, "/usr/sbin/sendmail  -t\t-i ", &why), OK);
    assert_string_equal(s.argv[0], "/usr/sbin/sendmail");
    assert_string_equal(s.argv[1], "-t");
    assert_string_equal(s.argv[2], "-i");
    assert_null(s.argv[3]);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(sendmail_parse(&s, refused[i], &why), ERR_FORMAT);
    assert_int_equal(sendmail_parse(&s, "", &why), ERR_NOT_FOUND);
    for (int i = 0; i < SENDMAIL_ARGS_MAX; i++)
        memcpy(many + 2 + 2 * i, " x", 3);
    assert_int_equal(sendmail_parse(&s, many, &why), ERR_LIMIT);
}

/* Runs a script of these lines on text[n]. */
static enum err run(const char *lines, size_t n, int deadline_ms, struct why *why)
{
    char path[128], command[160];
    struct sendmail s;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/program", dir);
    (void)snprintf(command, sizeof(command), "/bin/sh %s", path); /* /tmp may be mounted noexec */
    (void)unlink(path);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fprintf(f, "cd %s\n%s\n", dir, lines) > 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(sendmail_parse(&s, command, why), OK);
    return sendmail_run(&s, text, n, deadline_ms, why);
}

/* Reads a file of the script's into text. */
static const char *read_back(const char *name)
{
    char path[128];
    FILE *f;
    size_t n;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "r");
    assert_non_null(f);
    n = fread(text, 1, MESSAGE_MAX, f);
    text[n] = '\0';
    assert_int_equal(fclose(f), 0);
    return text;
}

/* Breaks when a byte is lost, or a program that reads nothing, or ends badly, counts otherwise than by its status. */
static void test_run(void **state)
{
    struct why why = {""};

    (void)state;
    memset(text, 'x', MESSAGE_MAX); /* more than a pipe holds */
    assert_int_equal(run("cat > taken", MESSAGE_MAX, 20000, &why), OK);
    text[0] = '\0';
    assert_int_equal(strlen(read_back("taken")), MESSAGE_MAX);
    assert_int_equal(strspn(text, "x"), MESSAGE_MAX);
    assert_int_equal(run("exit 0", MESSAGE_MAX, 20000, &why), OK);
    assert_int_equal(run("cat > taken; exit 75", 100, 20000, &why), ERR_DENIED);
    assert_non_null(strstr(why.text, "status 75"));
    assert_int_equal(run("kill -9 $$", 100, 20000, &why), ERR_DENIED);
    assert_non_null(strstr(why.text, "signal 9"));
    assert_int_equal(
        sendmail_run(&(struct sendmail){.argv = {(char *)(uintptr_t) "/nowhere/sendmail", NULL}}, "x", 1, 20000, &why),
        ERR_IO);
}

/* Breaks when a mail program that hangs holds all mail, or leaves something running behind. */
static void test_deadline(void **state)
{
    struct why why = {""};
    double took_ms = -pace_wall_ms();
    int left;

    (void)state;
    assert_int_equal(run("sleep 60 & echo $! > left; wait", 10, 1000, &why), ERR_BUSY);
    took_ms += pace_wall_ms();
    assert_true(took_ms > 900 && pace_wall_within(took_ms, 20000));
    assert_non_null(strstr(why.text, "longer than 1 s"));
    left = atoi(read_back("left"));
    assert_true(left > 0);
    for (int i = 0; i < 1000 && kill(left, 0) == 0; i++) /* its parent is gone: whoever adopted it reaps it */
        (void)usleep(20000);
    (void)snprintf(text, sizeof(text), "/proc/%d/cmdline", left);
    if (kill(left, 0) == 0) { /* nobody reaps here, as in a container without an init: then it is a zombie */
        FILE *f = fopen(text, "r");

        assert_true(f == NULL || fgetc(f) == EOF);
        if (f != NULL)
            assert_int_equal(fclose(f), 0);
    }
}

/* Breaks when the program inherits our secrets, the database's descriptors or blocked signals. */
static void test_inheritance(void **state)
{
    struct why why = {""};
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const char *ignored;

    (void)state;
    assert_int_equal(setenv("DIGITD_SITE_URL", "http://secret.example", 1), 0);
    assert_int_equal(setenv("PLAIN", "kept", 1), 0);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(run("env > vars; ls /proc/self/fd > fds; grep -i '^SigBlk\\|^SigIgn' /proc/self/status > signals",
                         1, 20000, &why),
                     OK);
    assert_int_equal(unsetenv("DIGITD_SITE_URL"), 0);
    assert_null(strstr(read_back("vars"), "DIGITD_"));
    assert_non_null(strstr(text, "PLAIN=kept"));
    assert_int_equal(count(read_back("fds"), "\n"), 4); /* 0, 1, 2, and the directory that ls reads */
    assert_int_equal(count(read_back("signals"), "SigBlk:\t0000000000000000\n"), 1);
    ignored = strstr(text, "SigIgn:\t");
    assert_non_null(ignored);
    assert_int_equal(strtoull(ignored + 8, NULL, 16) >> (SIGPIPE - 1) & 1, 0);
    assert_int_equal(close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),      cmocka_unit_test(test_lines),       cmocka_unit_test(test_links),
        cmocka_unit_test(test_injection), cmocka_unit_test(test_parse),       cmocka_unit_test(test_run),
        cmocka_unit_test(test_deadline),  cmocka_unit_test(test_inheritance),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
