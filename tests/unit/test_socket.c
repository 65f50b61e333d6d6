/* Listening sockets, the run directory and its lock (R11). Needs no privilege: everything lies in a temporary
 * directory. */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
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

#include "files/run_dir.h"
#include "main/socket.h"

static char dir[64], path[96];
static struct why why;

static int dir_new(void **state)
{
    (void)state;
    memcpy(dir, "/tmp/digitd-test-XXXXXX", sizeof("/tmp/digitd-test-XXXXXX"));
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/x.sock", dir);
    why.text[0] = '\0';
    (void)umask(022);
    return 0;
}

static int dir_free(void **state)
{
    char lock[96];

    (void)state;
    (void)snprintf(lock, sizeof(lock), "%s/digitd.lock", dir);
    (void)unlink(lock);
    (void)unlink(path);
    return rmdir(dir);
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(name, &st), 0);
    return st.st_mode;
}

/* 0, or errno. */
static int connect_errno(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;

    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        error = errno;
    assert_int_equal(close(fd), 0);
    return error;
}

/* Breaks if the mode follows the umask instead of the setting, if the umask is not put back, or if the descriptor
 * blocks or survives exec. */
static void test_modes(void **state)
{
    static const int modes[] = {0660, 0600, 0666, 0777, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        int fd;

        assert_int_equal(socket_listen(path, modes[i], 8, &fd, &why), OK);
        assert_true(S_ISSOCK(mode_of(path)));
        assert_int_equal(mode_of(path) & 07777, modes[i]);
        assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        assert_int_equal(close(fd), 0);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(umask(022), 022);
}

/* Breaks if a socket that a killed process left behind stops the next start. */
static void test_stale_socket_replaced(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(socket_listen(path, 0600, 8, &fd, &why), OK);
    assert_int_equal(close(fd), 0); /* the name stays, nobody listens */
    assert_int_equal(connect_errno(), ECONNREFUSED);
    assert_int_equal(socket_listen(path, 0660, 8, &fd, &why), OK);
    assert_int_equal(connect_errno(), 0);
    assert_int_equal(mode_of(path) & 07777, 0660);
    assert_int_equal(close(fd), 0);
}

/* Breaks if a start takes the name of a socket that somebody answers on, or of one whose backlog is full. */
static void test_live_socket_refused(void **state)
{
    int fd, second = -1, waiting[8];

    (void)state;
    assert_int_equal(socket_listen(path, 0600, 1, &fd, &why), OK);
    assert_int_equal(socket_listen(path, 0600, 1, &second, &why), ERR_BUSY);
    assert_int_equal(second, -1);
    assert_non_null(strstr(why.text, path));
    for (size_t i = 0; i < 8; i++) { /* fills the backlog */
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        memcpy(address.sun_path, path, strlen(path) + 1);
        waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(waiting[i], (struct sockaddr *)&address, sizeof(address));
    }
    assert_int_equal(socket_listen(path, 0600, 1, &second, &why), ERR_BUSY);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(close(waiting[i]), 0);
    assert_int_equal(connect_errno(), EAGAIN); /* the first one lives, its queue full of those that left */
    assert_int_equal(close(fd), 0);
}

/* Breaks if a file, a directory or a link of that name is removed. */
static void test_other_kinds_stay(void **state)
{
    int fd;

    (void)state;
    fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(socket_listen(path, 0600, 8, &fd, &why), ERR_EXISTS);
    assert_true(S_ISREG(mode_of(path)));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/nowhere", path), 0);
    assert_int_equal(socket_listen(path, 0600, 8, &fd, &why), ERR_EXISTS);
    assert_true(S_ISLNK(mode_of(path)));
}

/* Breaks if a path that does not fit is cut to another one that does. */
static void test_long_path(void **state)
{
    char name[SOCKET_PATH_MAX + 2];
    int fd, n = snprintf(name, sizeof(name), "%s/", dir);

    (void)state;
    memset(name + n, 'x', sizeof(name) - 1 - (size_t)n);
    name[sizeof(name) - 1] = '\0'; /* one byte too long */
    assert_int_equal(socket_listen(name, 0600, 8, &fd, &why), ERR_LIMIT);
    name[SOCKET_PATH_MAX] = '\0';
    assert_int_equal(socket_listen(name, 0600, 8, &fd, &why), OK);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(name), 0);
    (void)snprintf(name, sizeof(name), "%s/none/x.sock", dir);
    assert_int_equal(socket_listen(name, 0600, 8, &fd, &why), ERR_IO);
}

/* Breaks if the directory is made with another mode, if a parent is invented, or if a file passes for a directory. */
static void test_run_dir(void **state)
{
    char run[96], deep[128];
    int fd;

    (void)state;
    (void)snprintf(run, sizeof(run), "%s/run", dir);
    (void)snprintf(deep, sizeof(deep), "%s/a/b", run);
    (void)umask(0);
    assert_int_equal(run_dir_make(run, &why), OK);
    assert_int_equal(mode_of(run) & 07777, 0750);
    assert_int_equal(run_dir_make(run, &why), OK); /* again: fine */
    assert_int_equal(run_dir_make(deep, &why), ERR_IO);
    assert_int_equal(rmdir(run), 0);
    fd = open(run, O_CREAT | O_WRONLY | O_EXCL, 0600);
    assert_int_equal(run_dir_make(run, &why), ERR_IO);
    assert_non_null(strstr(why.text, "not a directory"));
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(run), 0);
}

/* Breaks if two processes can hold the lock, if it outlives its holder, or if a child that closed its copy lets go of
 * the parent's. */
static void test_lock(void **state)
{
    char name[96], text[32] = "";
    int fd, second, status;
    pid_t child;

    (void)state;
    (void)snprintf(name, sizeof(name), "%s/digitd.lock", dir);
    assert_int_equal(run_dir_lock(dir, &fd, &why), OK);
    child = fork();
    if (child == 0)
        _exit(close(fd));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(run_dir_lock(dir, &second, &why), ERR_BUSY); /* another open file, as another process has */
    assert_int_equal(second, -1);
    assert_non_null(strstr(why.text, "another digitd is running here"));
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    assert_int_equal(atoi(text), getpid());
    assert_int_equal(close(fd), 0);
    assert_int_equal(run_dir_lock(dir, &fd, &why), OK);
    assert_int_equal(close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes, dir_new, dir_free),
        cmocka_unit_test_setup_teardown(test_stale_socket_replaced, dir_new, dir_free),
        cmocka_unit_test_setup_teardown(test_live_socket_refused, dir_new, dir_free),
        cmocka_unit_test_setup_teardown(test_other_kinds_stay, dir_new, dir_free),
        cmocka_unit_test_setup_teardown(test_long_path, dir_new, dir_free),
        cmocka_unit_test_setup_teardown(test_run_dir, dir_new, dir_free),
        cmocka_unit_test_setup_teardown(test_lock, dir_new, dir_free),
    };

    return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
