/* What file systems lack: second names, modes, owners, directories that can be synced. Each refusal is the kernel's, in
 * a child under a seccomp filter. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "files/fs.h"
#include "files/whole.h"
#include "fixture_dir.h"
#include "fixture_refuse.h"

static char dir[64], from[96], to[96];

static int dir_new(void **state)
{
    (void)state;
    memcpy(dir, "/tmp/digitd-test-XXXXXX", sizeof("/tmp/digitd-test-XXXXXX"));
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(from, sizeof(from), "%s/from", dir);
    (void)snprintf(to, sizeof(to), "%s/to", dir);
    return 0;
}

static int dir_free(void **state)
{
    (void)state;
    return dir_remove(dir);
}

static void put(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static const char *get(const char *path)
{
    static char text[32];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        (void)close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return n < 0 ? "(none)" : text;
}

/* What a child that lacks something answers. */
static int in_child(void (*lack)(void), int (*what)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        lack();
        _exit(what());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void nothing(void)
{
}
static void noreplace(void)
{
    refuse(EINVAL, "renameat2", NULL);
}
static void noreplace_and_links(void)
{
    refuse(EINVAL, "renameat2", NULL);
    refuse(EPERM, "link", "linkat", NULL);
}
static void all_names(void)
{
    refuse(EROFS, "renameat2", "link", "linkat", "rename", "renameat", NULL);
}
static void modes(void)
{
    refuse(ENOSYS, "fchmod", "chmod", "fchmodat", NULL);
}
static void modes_in_silence(void) /* exFAT: answers 0, does nothing */
{
    refuse(0, "fchmod", "chmod", "fchmodat", NULL);
}
static void owners(void)
{
    refuse(EPERM, "fchown", "chown", "fchownat", NULL);
}
static void synced_directories(void)
{
    refuse(EINVAL, "fsync", NULL);
}
static void disk(void)
{
    refuse(EIO, "fsync", NULL);
}

static int name_new(void)
{
    return (int)fs_name_new(from, to);
}

/* Breaks when a name is given away twice, a file is lost on the way, or something of ours is left at a failure. */
static void test_names(void **state)
{
    static void (*const lacks[])(void) = {nothing, noreplace, noreplace_and_links};

    (void)state;
    for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
        put(from, "new", 0600);
        assert_int_equal(in_child(lacks[i], name_new), OK);
        assert_string_equal(get(to), "new");
        assert_int_equal(access(from, F_OK), -1);
        put(from, "second", 0600);
        assert_int_equal(in_child(lacks[i], name_new), ERR_EXISTS);
        assert_string_equal(get(to), "new");
        assert_string_equal(get(from), "second");
        assert_int_equal(unlink(to), 0);
    }
    assert_int_equal(in_child(all_names, name_new), ERR_IO);
    assert_string_equal(get(from), "second");
    assert_int_equal(access(to, F_OK), -1);
}

static int make_private(void)
{
    int fd = open(from, O_RDWR);

    return fs_make_private(fd);
}

/* Breaks when a mode that could not be set is taken for set, or one that is good already for a fault. */
static void test_modes(void **state)
{
    struct stat st;

    (void)state;
    put(from, "x", 0640);
    assert_false(in_child(modes, make_private));
    assert_false(in_child(modes_in_silence, make_private));
    assert_true(in_child(nothing, make_private));
    assert_int_equal(stat(from, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true(in_child(modes, make_private));
    put(from, "x", 0700); /* FAT, mounted for one user */
    assert_true(in_child(modes, make_private));
    put(from, "x", 0400);
    assert_true(in_child(nothing, make_private));
    assert_int_equal(stat(from, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static int give_to_whose_it_is(void)
{
    return fs_give(open(from, O_RDWR), geteuid(), getegid());
}
static int give_to_another(void)
{
    return fs_give(open(from, O_RDWR), geteuid() + 1, getegid()) ? 1 : errno == EPERM ? 0 : 2;
}

/* Breaks when a mount whose files are all one user's stops that user, or when a file that stays another's passes. */
static void test_owners(void **state)
{
    (void)state;
    put(from, "x", 0600);
    assert_int_equal(in_child(owners, give_to_whose_it_is), 1);
    assert_int_equal(in_child(owners, give_to_another), 0);
}

static int sync_directory(void)
{
    return fs_sync_directory_of(from) ? 0 : errno;
}

/* Breaks when a directory that cannot be synced fails what is written, or a disk that fails does not. */
static void test_directories(void **state)
{
    (void)state;
    assert_int_equal(in_child(nothing, sync_directory), 0);
    assert_int_equal(in_child(synced_directories, sync_directory), 0);
    assert_int_equal(in_child(disk, sync_directory), EIO);
    (void)snprintf(from, sizeof(from), "%s/none/x", dir);
    assert_int_equal(in_child(nothing, sync_directory), ENOENT);
    assert_true(chdir(dir) == 0);
    (void)snprintf(from, sizeof(from), "x");
    assert_int_equal(in_child(nothing, sync_directory), 0);
    assert_true(chdir("/") == 0);
}

/* Breaks when what a person cannot change is named in place of what they can. */
static void test_words(void **state)
{
    static const int lacking[] = {ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL};

    (void)state;
    for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++)
        assert_non_null(strstr(fs_lock_refused(lacking[i]), "on a local disk"));
    assert_string_equal(fs_lock_refused(EACCES), "Permission denied");
    assert_non_null(strstr(fs_socket_refused(EPERM), "put run_dir on a local disk"));
    assert_string_equal(fs_socket_refused(EACCES), "Permission denied");
}

/* Breaks when a file that is written is half there, is readable by others, goes through a link that lies in its place,
 * or leaves something behind; when more than was asked for is read, or what is no file. */
static void test_whole_files(void **state)
{
    struct buf *bytes = buf_new(100), *back = NULL;
    struct why why = {""};
    struct stat st;

    (void)state;
    assert_int_equal(buf_add_str(bytes, "new bytes"), OK);
    put(from, "a file of root's", 0644);
    assert_int_equal(symlink(from, to), 0);
    assert_int_equal(whole_write(to, bytes, dir, &why), OK);
    assert_string_equal(get(from), "a file of root's");
    assert_string_equal(get(to), "new bytes");
    assert_int_equal(lstat(to, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(whole_write(to, bytes, dir, &why), OK); /* and over itself */
    assert_int_equal(whole_write("/nonexistent/x", bytes, dir, &why), ERR_IO);
    assert_int_equal(whole_write(dir, bytes, dir, &why), ERR_IO); /* a directory */
    assert_int_equal(whole_read(&back, to, 9, &why), OK);
    assert_string_equal(buf_data(back), "new bytes");
    buf_free(back);
    assert_int_equal(whole_read(&back, to, 8, &why), ERR_LIMIT);
    assert_null(back);
    assert_int_equal(whole_read(&back, dir, 100, &why), ERR_FORMAT);
    assert_int_equal(unlink(to), 0);
    assert_int_equal(whole_read(&back, to, 100, &why), ERR_NOT_FOUND);
    assert_int_equal(mkfifo(to, 0600), 0);
    assert_int_equal(whole_read(&back, to, 100, &why), ERR_FORMAT);
    buf_free(bytes);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, dir_new, dir_free)
    const struct CMUnitTest tests[] = {
        TEST(test_names),       TEST(test_modes), TEST(test_owners),
        TEST(test_directories), TEST(test_words), TEST(test_whole_files),
    };

    return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
