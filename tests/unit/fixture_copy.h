/* What tests of copies of the database share: one to copy, and a place for the copy. */
#ifndef DIGITD_TESTS_FIXTURE_COPY_H
#define DIGITD_TESTS_FIXTURE_COPY_H

#include "fixture_store.h"

#include "store/admin/store_admin.h"
#include "store/store_account.h"

static struct fixture f;
static struct why why;
static char copy[160];

static int setup(void **state)
{
    (void)state;
    fixture_new(&f);
    why.text[0] = '\0';
    (void)snprintf(copy, sizeof(copy), "%s/copy.db", f.dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_free(&f);
    return 0;
}

static inline const char *beside(const char *end)
{
    static char path[200];

    (void)snprintf(path, sizeof(path), "%s%s", f.path, end);
    return path;
}

static inline bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* How many files lie in the fixture's directory: nothing temporary is to be left. */
static int files(void)
{
    DIR *d = opendir(f.dir);
    int n = 0;

    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    (void)closedir(d);
    return n;
}

static inline enum err try_add(struct store *s, const char *prefix, int n)
{
    struct store_user user;
    char email[60];

    (void)snprintf(email, sizeof(email), "%s%d@example.org", prefix, n);
    return store_user_add(s, email, FIXTURE_HASH, &user);
}

static void close_store(void)
{
    store_close(f.store);
    f.store = NULL;
}

struct seen {
    int n, stop_at;
    int64_t last;
    char text[400];
};

static inline struct store *open_file(const char *path)
{
    struct store *s = NULL;
    enum err e = store_open(&s, path, &why);

    if (e != OK)
        print_error("%s\n", why.text);
    assert_int_equal(e, OK);
    return s;
}

#endif
