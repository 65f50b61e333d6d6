/* What the tests of the store ask of it, and of its database behind its back. Comes with fixture_store.h. */
#ifndef DIGITD_TESTS_FIXTURE_ASK_H
#define DIGITD_TESTS_FIXTURE_ASK_H

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

/* Runs a file of SQL. The tests run in the directory of the repository. */
static inline void sql_file(sqlite3 *db, const char *path)
{
    char sql[16384];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, sql, sizeof(sql) - 1);

    assert_in_range(n, 1, sizeof(sql) - 2);
    sql[n] = '\0';
    (void)close(fd);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Makes a database of schema version 1 with a user and a session, as the program of that time left it. */
static inline void make_version_1(const char *path)
{
    static const char *const rows =
        "PRAGMA journal_mode = WAL;"
        "INSERT INTO users (email, password_hash, created_at) VALUES ('ada@example.org', 'x', 1);"
        "INSERT INTO sessions (token_hash, user_id, created_at, last_seen_at, address, agent) "
        "VALUES (zeroblob(32), 1, unixepoch(), unixepoch(), '::1', 'old')";
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sql_file(db, "fcgi/store/schema.sql");
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Waits for a child that must have exited with 0. */
static inline void child_ok(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#endif
