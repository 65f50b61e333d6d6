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

#if defined(__SANITIZE_ADDRESS__)
#define FIXTURE_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIXTURE_SLOW 1
#endif
#endif
#ifndef FIXTURE_SLOW
#define FIXTURE_SLOW 0
#endif

struct fixture {
    char dir[64], path[128];
    struct store *store; /* NULL: not opened */
    int log_fd;          /* memory that the log goes to */
};

/* A hash that no password has: these tests hash nothing. */
#define FIXTURE_HASH "$y$j9T$abcdefgh$0123456789abcdefghijklmnopqrstuvwxyz.ABCDE"

static const struct store_session_rule fixture_rule = {.idle_s = 24 * 3600, .max_s = 14 * 86400, .per_user = 20};

static inline void fixture_dir(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    (void)snprintf(f->dir, sizeof(f->dir), "%s/digitd-test-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
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

/* How many lines with this event the log has. */
static inline int fixture_logged(const struct fixture *f, const char *event)
{
    static char text[1 << 20];
    ssize_t n = pread(f->log_fd, text, sizeof(text) - 1, 0);
    char wanted[80];
    int count = 0;

    assert_true(n >= 0);
    text[n] = '\0';
    (void)snprintf(wanted, sizeof(wanted), " event=%s", event);
    for (const char *p = text; (p = strstr(p, wanted)) != NULL; p++)
        count++;
    return count;
}

static inline int sql_int(struct store *s, const char *sql)
{
    int value, rc = store_pragma_int(s->db, sql, &value);

    if (rc != SQLITE_OK)
        print_error("%s: %s\n", sql, sqlite3_errmsg(s->db));
    assert_int_equal(rc, SQLITE_OK);
    return value;
}

static inline void sql_do(struct store *s, const char *sql)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

    if (rc != SQLITE_OK)
        print_error("%s: %s\n", sql, sqlite3_errmsg(s->db));
    assert_int_equal(rc, SQLITE_OK);
}

static inline int integrity_ok(struct store *s)
{
    return sql_int(s, "SELECT count(*) = 1 AND max(integrity_check) = 'ok' FROM pragma_integrity_check") &&
           sql_int(s, "SELECT count(*) = 0 FROM pragma_foreign_key_check");
}

/* The SHA-256 of the n-th test token. */
static inline const uint8_t *token_hash(int n)
{
    static uint8_t hash[DIGEST_BYTES];
    char token[32];

    (void)snprintf(token, sizeof(token), "token-%d", n);
    digest_sha256(token, strlen(token), hash);
    return hash;
}

static inline int64_t add_user(struct store *s, const char *email)
{
    struct store_user user;

    assert_int_equal(store_user_add(s, email, FIXTURE_HASH, &user), OK);
    return user.id;
}

static inline void add_session(struct store *s, int token, int64_t user_id)
{
    assert_int_equal(store_session_add(s, token_hash(token), user_id, "127.0.0.1", "test", &fixture_rule), OK);
}

static inline enum err ask_session(struct store *s, int token)
{
    struct store_user user;

    return store_session_user(s, token_hash(token), &fixture_rule, &user);
}

/* Waits for a child that must have exited with 0. */
static inline void child_ok(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#endif
