/* A database in a directory of its own, in memory where the machine has /dev/shm, and what the tests of the store ask
 * of it behind the store's back. */
#ifndef DIGITD_TESTS_FIXTURE_STORE_H
#define DIGITD_TESTS_FIXTURE_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above it */
#include <cmocka.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"
#include "store/store_internal.h"

struct fixture {
    char dir[64], path[128];
    struct store *store; /* NULL: not opened */
    int log_fd;          /* memory that the log goes to */
};

/* A hash that no password has: these tests hash nothing. */
#define FIXTURE_HASH "$y$j9T$abcdefgh$0123456789abcdefghijklmnopqrstuvwxyz.ABCDE"

static const struct store_session_rule fixture_rule = {.idle_s = 24 * 3600, .max_s = 14 * 86400, .per_user = 20};

/* LONG=1 in the environment (make faults) asks for the long form of a test. */
static inline bool test_is_long(void)
{
    const char *asked = getenv("LONG");

    return asked != NULL && strcmp(asked, "1") == 0;
}

/* Memory in place of a disk, where there is some: a container has 64 MiB of it, which a WAL fills. */
static inline const char *fixture_place(void)
{
    struct statvfs st;

    return access("/dev/shm", W_OK) == 0 && statvfs("/dev/shm", &st) == 0 &&
                   st.f_bavail * st.f_frsize > UINT64_C(256) << 20
               ? "/dev/shm"
               : "/tmp";
}

static inline void fixture_dir(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    (void)snprintf(f->dir, sizeof(f->dir), "%s/digitd-test-XXXXXX", fixture_place());
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof(f->path), "%s/test.db", f->dir);
    f->log_fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(f->log_fd >= 0);
    log_init(f->log_fd, LOG_DEBUG);
}

static inline struct store *fixture_open(const struct fixture *f)
{
    struct why why = {""};
    struct store *s = NULL;
    enum err e = store_open(&s, f->path, &why);

    if (e != OK)
        print_error("store_open: %s: %s\n", err_str(e), why.text);
    assert_int_equal(e, OK);
    return s;
}

/* The usual setup: prepared and open. */
static inline void fixture_new(struct fixture *f)
{
    struct why why = {""};

    fixture_dir(f);
    assert_int_equal(store_prepare(f->path, &why), OK);
    f->store = fixture_open(f);
}

static inline void fixture_free(struct fixture *f)
{
    DIR *d = opendir(f->dir);
    char path[512];

    store_close(f->store);
    log_init(2, LOG_INFO);
    (void)close(f->log_fd);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->dir, e->d_name);
        (void)unlink(path);
    }
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(f->dir);
}

#include "fixture_ask.h"

#endif
