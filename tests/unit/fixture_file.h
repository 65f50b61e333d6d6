/* What tests of the database as a file share: one of their own for each test, and what is done to it behind the store's
 * back. */
#ifndef DIGITD_TESTS_FIXTURE_FILE_H
#define DIGITD_TESTS_FIXTURE_FILE_H

#include "fixture_store.h"

static struct fixture f;
static struct why why;

static inline int setup(void **state)
{
    (void)state;
    fixture_new(&f);
    return 0;
}

static inline int setup_empty(void **state)
{
    (void)state;
    fixture_dir(&f);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    fixture_free(&f);
    return 0;
}

static inline void write_file(const char *path, const void *bytes, size_t n, off_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
    (void)close(fd);
}

static inline const char *beside(const char *end)
{
    static char path[160];

    (void)snprintf(path, sizeof(path), "%s%s", f.path, end);
    return path;
}

static inline enum err open_file(void)
{
    struct store *s = NULL;
    enum err e;

    why.text[0] = '\0';
    e = store_open(&s, f.path, &why);
    assert_int_equal(e == OK, s != NULL);
    assert_int_equal(e == OK, why.text[0] == '\0');
    store_close(s);
    return e;
}

static inline enum err try_add(struct store *s, int n)
{
    struct store_user user;
    char email[40];

    (void)snprintf(email, sizeof(email), "u%d@example.org", n);
    return store_user_add(s, email, FIXTURE_HASH, &user);
}

#endif
