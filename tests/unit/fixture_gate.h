/* The gate in a process of its own, between a test that is its nginx and a test that is its pools. */
#ifndef DIGITD_TESTS_FIXTURE_GATE_H
#define DIGITD_TESTS_FIXTURE_GATE_H

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/gate.h"
#include "gate/record.h"
#include "fixture_dir.h"

enum { WAIT_MS = 60000, QUIET_MS = 250 };

enum { MAIN, HASH, LARGE, GATE, SOCKETS };
static const char *const names[SOCKETS] = {"main", "hash", "large", "gate"};

static char dir[64];
static int listening[SOCKETS];
static int orders_to; /* 'd', 'r': orders; a digit: so many times ten seconds pass for the gate */
static pid_t gate_pid;
static struct gate_counts *told; /* what the gate last said of itself, in memory that it shares */
static rlim_t files_max;         /* of the gate, before it starts; 0: as many as this process */
static int files_more;           /* how many it may open once it has started; 0: no such limit */

static inline struct sockaddr_un address(int which)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s.sock", dir, names[which]);
    return a;
}

static inline enum gate_order orders(void *ctx)
{
    const int *from = ctx;
    char c = 0;

    if (read(*from, &c, 1) != 1)
        _exit(3); /* the test is gone */
    if (c >= '0' && c <= '9')
        clock_step((c - '0') * INT64_C(10));
    return c == 'd' ? GATE_DRAIN : c == 'r' ? GATE_RETIRE : GATE_GO;
}

static inline void rests(void *ctx, bool is, const struct gate_counts *counts)
{
    (void)ctx;
    if (is)
        memcpy(told, counts, sizeof(*told));
}

static inline void files_limit(rlim_t n)
{
    const struct rlimit l = {n, n};

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
}

/* So that so many descriptors more can be opened: those below the limit that are free. */
static inline void files_leave(int more)
{
    int fd = 0;

    for (int left = more; left > 0; fd++)
        left -= fcntl(fd, F_GETFD) < 0;
    files_limit((rlim_t)fd);
}

/* The gate before a hash pool of n and a large pool of one. */
static inline void gate_start(int n)
{
    int ends[2];
    struct gate_settings s = {
        .hash_workers = n, .large_workers = 1, .deadline_s = 20, .run_dir = dir, .orders = orders, .rests = rests};
    struct gate *g;

    (void)snprintf(dir, sizeof(dir), "/tmp/digitd-gate-XXXXXX");
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i < SOCKETS; i++) {
        const struct sockaddr_un a = address(i);

        listening[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(listening[i], (const struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(listen(listening[i], 64), 0);
    }
    assert_int_equal(pipe(ends), 0);
    orders_to = ends[1];
    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(told != MAP_FAILED);
    gate_pid = fork();
    if (gate_pid == 0) {
        (void)close(ends[1]);
        log_init(open("/dev/null", O_WRONLY), LOG_INFO);
        s.listen_fd = listening[GATE];
        s.signal_fd = ends[0];
        s.ctx = &s.signal_fd;
        for (int i = 0; i < GATE; i++)
            (void)close(listening[i]);
        if (files_max > 0)
            files_limit(files_max);
        if (gate_new(&g, &s) != OK)
            _exit(1);
        if (files_more > 0)
            files_leave(files_more);
        if (gate_run(g) != OK)
            _exit(2);
        gate_free(g);
        exit(0); /* the leak checker looks */
    }
    (void)close(ends[0]);
}

static inline void order(char c)
{
    assert_int_equal(write(orders_to, &c, 1), 1);
}

/* The gate has ended. */
static inline void gate_clear(void)
{
    (void)close(orders_to);
    for (int i = 0; i < SOCKETS; i++) {
        const struct sockaddr_un a = address(i);

        (void)close(listening[i]);
        (void)unlink(a.sun_path);
    }
    assert_int_equal(munmap(told, sizeof(*told)), 0);
    assert_int_equal(dir_remove(dir), 0);
}

static inline void gate_stop(void)
{
    int status = -1;

    order('d');
    assert_int_equal(waitpid(gate_pid, &status, 0), gate_pid);
    assert_int_equal(status, 0);
    gate_clear();
}

static inline bool readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, ms) == 1;
}

/* ---- nginx's side */

/* Sends the parameters, and the body if it is not NULL; end: the body ends there. cookie may be "". */
static inline int ask(const char *pool, const char *client, const char *cookie, const char *body, bool end)
{
    const struct sockaddr_un a = address(GATE);
    struct buf *b = buf_new(1 << 20);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    record_add_begin(b);
    record_add_param(b, "REQUEST_METHOD", "POST");
    record_add_param(b, "DOCUMENT_URI", "/a");
    record_add_param(b, "REMOTE_ADDR", client);
    record_add_param(b, "DIGITD_POOL", pool);
    record_add_param(b, "HTTP_COOKIE", cookie);
    record_add_end(b, RECORD_PARAMS);
    record_add(b, RECORD_STDIN, body, strlen(body));
    if (end)
        record_add_end(b, RECORD_STDIN);
    assert_int_equal(send(fd, buf_data(b), buf_len(b), MSG_NOSIGNAL), (ssize_t)buf_len(b));
    buf_free(b);
    return fd;
}

/* Reads what the other side sends until its end, and gives the content of a stream as text. */
static inline const char *hear(int fd, enum record_side side, enum record_type type, bool to_end)
{
    static char text[1 << 16];
    struct record_reader r;
    size_t n = 0;

    record_reader_init(&r, side);
    memset(text, 0, sizeof(text));
    while (to_end || !r.ended) {
        uint8_t bytes[256];
        ssize_t got;
        const uint8_t *p = bytes;

        if (!readable(fd, WAIT_MS))
            fail_msg("nothing comes; so far: %s", text);
        got = recv(fd, bytes, sizeof(bytes), 0);
        if (got <= 0)
            break;
        while (got > 0) {
            struct record_part part;
            size_t used;

            assert_int_equal(record_read(&r, p, (size_t)got, &used, &part), OK);
            if (part.type == type) {
                assert_true(n + part.n < sizeof(text));
                if (part.n > 0)
                    memcpy(text + n, part.bytes, part.n);
                n += part.n;
            }
            p += used;
            got -= (ssize_t)used;
        }
    }
    return text;
}

/* The answer, whole; then the connection is closed. */
static inline void expect_answer(int line, int fd, const char *begins)
{
    const char *text = hear(fd, RECORD_RESPONSE, RECORD_STDOUT, true);

    if (strncmp(text, begins, strlen(begins)) != 0)
        fail_msg("line %d: expected %s, got \"%s\"", line, begins, text);
    (void)close(fd);
}

/* ---- a worker's side */

/* Takes the next connection of a pool and reads its request to the end; *body gets the text of its body. */
static inline int take(int which, char *body, size_t size)
{
    const char *text;
    int fd;

    if (!readable(listening[which], WAIT_MS))
        fail_msg("the %s pool gets nothing", names[which]);
    fd = accept(listening[which], NULL, NULL);
    assert_true(fd >= 0);
    text = hear(fd, RECORD_REQUEST, RECORD_STDIN, false);
    assert_true(strlen(text) < size);
    memcpy(body, text, strlen(text) + 1);
    return fd;
}

static inline void give(int fd, const char *answer)
{
    struct buf *b = buf_new(1 << 20);

    record_add(b, RECORD_STDOUT, answer, strlen(answer));
    record_add_end(b, RECORD_STDOUT);
    record_add_end(b, RECORD_END);
    assert_int_equal(send(fd, buf_data(b), buf_len(b), MSG_NOSIGNAL), (ssize_t)buf_len(b));
    buf_free(b);
    (void)close(fd);
}

/* Expects a request with this body, and answers it. */
static inline void serve(int line, int which, const char *body, const char *answer)
{
    char text[1024];
    int fd = take(which, text, sizeof(text));

    if (strcmp(text, body) != 0)
        fail_msg("line %d: expected \"%s\" at the %s pool, got \"%s\"", line, body, names[which], text);
    give(fd, answer);
}

#define OK_ANSWER    "Status: 200 OK\r\n\r\nfine"
#define ACCOUNT(n)   "Status: 204 No Content\r\nX-Digitd-Account: " #n "\r\n\r\n"
#define LARGE_ANSWER "Status: 204 No Content\r\nX-Accel-Redirect: @digitd_large\r\n\r\n"

static inline void upload_end(int fd)
{
    uint8_t head[RECORD_HEAD_BYTES];

    record_head(head, RECORD_STDIN, 0);
    assert_int_equal(send(fd, head, sizeof(head), MSG_NOSIGNAL), sizeof(head));
}

/* An upload of an account, as far as its body has been taken in. */
static inline int upload_begin(const char *client, const char *body, const char *account)
{
    int fd = ask("main", client, "digitd_session=x", body, false);

    serve(__LINE__, MAIN, "", account);
    return fd;
}

#endif
