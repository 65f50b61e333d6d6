/* Lock files, and the secrets of base/: what digitd, digitctl and the web share. */
#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "files/lock.h"
#include "base/secret.h"
#include "fixture_root.h"

static char dir[64], path[96], other[96];
static struct why why;

static int dir_new(void **state)
{
    (void)state;
    memcpy(dir, "/tmp/digitd-test-XXXXXX", sizeof("/tmp/digitd-test-XXXXXX"));
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/x.lock", dir);
    (void)snprintf(other, sizeof(other), "%s/other", dir);
    why.text[0] = '\0';
    return 0;
}

static int dir_free(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    return rmdir(dir);
}

static void write_other(void)
{
    int fd = open(other, O_CREAT | O_EXCL | O_WRONLY, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "precious", 8), 8);
    assert_int_equal(close(fd), 0);
}

static void assert_other_whole(void)
{
    struct stat st;

    assert_int_equal(stat(other, &st), 0);
    assert_int_equal(st.st_size, 8);
}

/* Breaks if looking takes the lock for longer than the look, or makes the file. */
static void test_look(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(lock_look(path), ERR_NOT_FOUND);
    assert_int_equal(lock_look(path), ERR_NOT_FOUND);
    assert_int_equal(lock_take(path, dir, &fd, &why), OK);
    assert_int_equal(lock_look(path), ERR_BUSY);
    assert_int_equal(close(fd), 0);
    assert_int_equal(lock_look(path), OK);
    assert_int_equal(lock_take(path, dir, &fd, &why), OK);
    assert_int_equal(close(fd), 0);
}

/* Breaks if root, locking in a directory of somebody else's, writes into a file that was linked there. */
static void test_links(void **state)
{
    int fd;

    (void)state;
    write_other();
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(lock_take(path, dir, &fd, &why), ERR_IO);
    assert_int_equal(fd, -1);
    assert_int_equal(lock_look(path), ERR_IO);
    assert_other_whole();
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(other, path), 0);
    assert_int_equal(lock_take(path, dir, &fd, &why), ERR_IO);
    assert_non_null(strstr(why.text, "not a lock file"));
    assert_other_whole();
}

/* Breaks if a lock that root made keeps the service, which runs as another user, from ever starting. Without root there
 * is nobody else to be. */
static void test_owner(void **state)
{
    const uid_t owner = root_is_whole() ? OTHER_USER : geteuid();
    const gid_t group = root_is_whole() ? OTHER_GROUP : getegid();
    struct stat st;
    int fd;

    (void)state;
    assert_int_equal(chown(dir, owner, group), 0);
    assert_int_equal(lock_take(path, dir, &fd, &why), OK);
    assert_int_equal(close(fd), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, owner);
    assert_int_equal(st.st_gid, group);
}

/* R57. Breaks when a token lacks the mark that scanners look for, or is short. */
static void test_token(void **state)
{
    char token[SECRET_TOKEN_CHARS + 1], again[SECRET_TOKEN_CHARS + 1];

    (void)state;
    assert_int_equal(secret_token_make(token), OK);
    assert_int_equal(secret_token_make(again), OK);
    assert_int_equal(strlen(token), 47);
    assert_memory_equal(token, "dgt_", 4);
    assert_string_not_equal(token, again);
}

/* Breaks when a time is told in local time or without its zone. */
static void test_clock_text(void **state)
{
    char text[CLOCK_TEXT_MAX];

    (void)state;
    assert_string_equal(clock_text(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(clock_text(1709210096, text), "2024-02-29T12:34:56Z");
    assert_string_equal(clock_text(INT64_MAX, text), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_look, dir_new, dir_free),
        cmocka_unit_test_setup_teardown(test_links, dir_new, dir_free),
        cmocka_unit_test_setup_teardown(test_owner, dir_new, dir_free),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_clock_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
