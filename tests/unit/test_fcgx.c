/* FastCGI over a real Unix socket, with a client made by hand (specification, section 3.3: records of 8 bytes of
 * header, content, padding). The client writes its side into the socket's buffer before the server reads, or from a
 * thread where that is too small; then it closes its sending half, so that libfcgi's wait for the peer's end is over at
 * once. */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "web/http/fcgx.h"
#include "fixture_memory.h"
#include "pace.h"

enum { BEGIN = 1, ABORT = 2, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };
enum { RESPONDER = 1, AUTHORIZER = 2, KEEP_CONN = 1, WIRE_MAX = 8 * 1024 * 1024 };

static char dir[64], path[96];
static int listen_fd = -1;
static struct fcgx *server;

static int server_new(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    memcpy(dir, "/tmp/digitd-test-XXXXXX", sizeof("/tmp/digitd-test-XXXXXX"));
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/x.sock", dir);
    memcpy(address.sun_path, path, strlen(path) + 1);
    listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listen_fd < 0 || bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listen_fd, 8) != 0)
        return -1;
    return fcgx_new(&server, listen_fd) == OK ? 0 : -1;
}

static int server_free(void **state)
{
    (void)state;
    fcgx_free(server);
    (void)close(listen_fd);
    (void)unlink(path);
    return rmdir(dir);
}

static int client_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void send_all(int fd, const void *bytes, size_t n)
{
    for (const char *p = bytes; n > 0;) {
        ssize_t done = write(fd, p, n);

        if (done <= 0)
            return; /* the server has left: the test looks at what the server says */
        p += done;
        n -= (size_t)done;
    }
}

/* One record of request 1, with padding. */
static void send_record(int fd, int type, const void *content, size_t n, int padding)
{
    unsigned char header[8] = {
        1, (unsigned char)type, 0, 1, (unsigned char)(n >> 8), (unsigned char)n, (unsigned char)padding, 0};
    static const char zeros[256];

    send_all(fd, header, sizeof(header));
    send_all(fd, content, n);
    send_all(fd, zeros, (size_t)padding);
}

static void send_begin(int fd, int role, int flags)
{
    const unsigned char body[8] = {0, (unsigned char)role, (unsigned char)flags, 0, 0, 0, 0, 0};

    send_record(fd, BEGIN, body, sizeof(body), 0);
}

/* A short parameter, and the end of them. */
static void send_param(int fd, const char *name, const char *value)
{
    char pair[600];
    size_t a = strlen(name), b = strlen(value), n = 0;

    assert_true(a < 128 && b < 300);
    pair[n++] = (char)a;
    if (b >= 128) {
        const char length[4] = {(char)0x80, 0, (char)(b >> 8), (char)b};

        memcpy(pair + n, length, 4);
        n += 4;
    } else
        pair[n++] = (char)b;
    memcpy(pair + n, name, a);
    memcpy(pair + n + a, value, b);
    send_record(fd, PARAMS, pair, n + a + b, 3);
}

static void send_head(int fd)
{
    send_begin(fd, RESPONDER, 0);
    send_param(fd, "REQUEST_METHOD", "POST");
    send_record(fd, PARAMS, "", 0, 0);
}

/* Reads records to the end of the connection; out gets the content of STDOUT. Returns how many END_REQUEST came. */
static int receive_reply(int fd, struct buf *out)
{
    unsigned char *wire = malloc(WIRE_MAX);
    size_t have = 0, at = 0;
    ssize_t n;
    int ends = 0;

    while ((n = read(fd, wire + have, WIRE_MAX - have)) > 0)
        have += (size_t)n;
    while (at + 8 <= have) {
        size_t length = (size_t)(wire[at + 4] << 8 | wire[at + 5]);

        if (wire[at + 1] == STDOUT)
            (void)buf_add(out, wire + at + 8, length);
        ends += wire[at + 1] == END;
        at += 8 + length + wire[at + 6];
    }
    free(wire);
    return ends;
}

/* A request whose body is what `send` puts on the wire after the head, read as n bytes. */
static enum err read_sent(void (*send)(int fd), size_t n, size_t max, char *got, size_t size)
{
    struct buf *body = buf_new(max);
    int fd = client_connect();
    enum err e;

    send_head(fd);
    send(fd);
    (void)shutdown(fd, SHUT_WR);
    assert_int_equal(fcgx_accept(server), OK);
    e = fcgx_read_body(server, body, n);
    (void)snprintf(got, size, "%s", buf_data(body));
    fcgx_finish(server);
    (void)close(fd);
    buf_free(body);
    return e;
}

static void send_ten(int fd)
{
    send_record(fd, STDIN, "01234", 5, 0);
    send_record(fd, STDIN, "56789", 5, 7);
    send_record(fd, STDIN, "", 0, 0);
}

static void send_nothing(int fd)
{
    send_record(fd, STDIN, "", 0, 0);
}

static void send_half_record(int fd)
{
    const unsigned char header[8] = {1, STDIN, 0, 1, 0, 10, 0, 0};

    send_all(fd, header, sizeof(header));
    send_all(fd, "01234", 5);
}

static void send_abort(int fd)
{
    send_record(fd, STDIN, "01234", 5, 0);
    send_record(fd, ABORT, "", 0, 0);
}

/* Breaks if parameters, body or reply do not arrive as they were sent, if a parameter outlives its request, or if the
 * reply is not ended. */
static void test_good_request(void **state)
{
    struct buf *body = buf_new(100), *reply = buf_new(1000);
    char value[200];
    int fd = client_connect();

    (void)state;
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    send_begin(fd, RESPONDER, 0);
    send_param(fd, "REQUEST_METHOD", "POST");
    send_param(fd, "EMPTY", "");
    send_param(fd, "LONG", value);
    send_record(fd, PARAMS, "", 0, 0);
    send_ten(fd);
    (void)shutdown(fd, SHUT_WR);
    assert_null(fcgx_param(server, "REQUEST_METHOD"));
    assert_int_equal(fcgx_accept(server), OK);
    assert_string_equal(fcgx_param(server, "REQUEST_METHOD"), "POST");
    assert_string_equal(fcgx_param(server, "EMPTY"), "");
    assert_string_equal(fcgx_param(server, "LONG"), value);
    assert_null(fcgx_param(server, "REQUEST"));
    assert_null(fcgx_param(server, ""));
    assert_int_equal(fcgx_read_body(server, body, 10), OK);
    assert_string_equal(buf_data(body), "0123456789");
    assert_int_equal(fcgx_write(server, "Status: 200\r\n", 13), OK);
    assert_int_equal(fcgx_write(server, "\r\nhello", 7), OK);
    fcgx_finish(server);
    fcgx_finish(server); /* twice is fine */
    assert_null(fcgx_param(server, "REQUEST_METHOD"));
    assert_int_equal(fcgx_write(server, "x", 1), ERR_IO);
    assert_int_equal(fcgx_read_body(server, body, 0), ERR_IO);
    assert_int_equal(receive_reply(fd, reply), 1);
    assert_string_equal(buf_data(reply), "Status: 200\r\n\r\nhello");
    (void)close(fd);
    buf_free(body);
    buf_free(reply);
}

/* R17. Breaks if a body that is not what was announced passes, or if a cut connection looks like the end of a body. */
static void test_bodies(void **state)
{
    char got[64];

    (void)state;
    assert_int_equal(read_sent(send_ten, 10, 10, got, sizeof(got)), OK);
    assert_string_equal(got, "0123456789");
    assert_int_equal(read_sent(send_ten, 9, 100, got, sizeof(got)), ERR_FORMAT);
    assert_int_equal(read_sent(send_ten, 0, 100, got, sizeof(got)), ERR_FORMAT);
    assert_int_equal(read_sent(send_ten, 11, 100, got, sizeof(got)), ERR_TRUNCATED);
    assert_int_equal(read_sent(send_ten, SIZE_MAX, 100, got, sizeof(got)), ERR_TRUNCATED);
    assert_int_equal(read_sent(send_ten, 10, 9, got, sizeof(got)), ERR_LIMIT);
    assert_int_equal(read_sent(send_nothing, 0, 100, got, sizeof(got)), OK);
    assert_string_equal(got, "");
    assert_int_equal(read_sent(send_nothing, 1, 100, got, sizeof(got)), ERR_TRUNCATED);
    assert_int_equal(read_sent(send_half_record, 10, 100, got, sizeof(got)), ERR_IO);
    assert_int_equal(read_sent(send_half_record, 5, 100, got, sizeof(got)), ERR_IO);
    assert_int_equal(read_sent(send_abort, 10, 100, got, sizeof(got)), ERR_IO);
    assert_int_equal(read_sent(send_abort, 5, 100, got, sizeof(got)), ERR_IO);
    assert_int_equal(read_sent(send_ten, 10, 10, got, sizeof(got)), OK); /* nothing of it sticks */
}

/* Breaks if accept blocks where nobody is or somebody left, or hands out a request that never came. */
static void test_nobody_and_leavers(void **state)
{
    const double began_ms = pace_wall_ms();
    int fd;

    (void)state;
    assert_int_equal(fcgx_accept(server), ERR_BUSY);
    fd = client_connect();
    (void)close(fd);
    assert_int_equal(fcgx_accept(server), ERR_BUSY);
    fd = client_connect();
    send_all(fd, "\1\1\0", 3); /* part of a header */
    (void)close(fd);
    assert_int_equal(fcgx_accept(server), ERR_BUSY);
    fd = client_connect();
    send_begin(fd, RESPONDER, 0); /* and no parameters */
    (void)close(fd);
    assert_int_equal(fcgx_accept(server), ERR_BUSY);
    fd = client_connect();
    send_begin(fd, RESPONDER, 0);
    send_param(fd, "REQUEST_METHOD", "POST"); /* and no end of them */
    (void)close(fd);
    assert_int_equal(fcgx_accept(server), ERR_BUSY);
    fd = client_connect();
    send_all(fd, "GET / HTTP/1.1\r\n\r\n", 18);
    (void)close(fd);
    assert_int_equal(fcgx_accept(server), ERR_BUSY);
    assert_true(pace_wall_within(pace_wall_ms() - began_ms, 1000));
}

/* Breaks if a peer that connects and says nothing holds the worker for more than libfcgi's own 2 s, or hides the next
 * one, which waits behind it. */
static void test_silent_peer(void **state)
{
    int silent = client_connect(), next = client_connect();
    const double began_ms = pace_wall_ms();

    (void)state;
    send_head(next);
    send_nothing(next);
    (void)shutdown(next, SHUT_WR);
    assert_int_equal(fcgx_accept(server), OK);
    assert_true(pace_wall_within(pace_wall_ms() - began_ms, 3000));
    assert_string_equal(fcgx_param(server, "REQUEST_METHOD"), "POST");
    fcgx_finish(server);
    (void)close(next);
    (void)close(silent);
}

/* Breaks if accept could block for ever: libfcgi would, on a socket that blocks. */
static void test_blocking_socket_refused(void **state)
{
    struct fcgx *other;
    int flags = fcntl(listen_fd, F_GETFL);

    (void)state;
    assert_int_equal(fcntl(listen_fd, F_SETFL, flags & ~O_NONBLOCK), 0);
    assert_int_equal(fcgx_new(&other, listen_fd), ERR_RANGE);
    assert_null(other);
    assert_int_equal(fcgx_new(&other, -1), ERR_IO);
    assert_int_equal(fcntl(listen_fd, F_SETFL, flags), 0);
}

/* Breaks if FCGI_KEEP_CONN ties the worker to one peer, or if a role that we do not play is served. */
static void test_flags_and_roles(void **state)
{
    struct buf *reply = buf_new(1000);
    int fd = client_connect();

    (void)state;
    send_begin(fd, RESPONDER, KEEP_CONN);
    send_param(fd, "A", "b");
    send_record(fd, PARAMS, "", 0, 0);
    send_nothing(fd);
    (void)shutdown(fd, SHUT_WR);
    assert_int_equal(fcgx_accept(server), OK);
    assert_int_equal(fcgx_write(server, "x", 1), OK);
    fcgx_finish(server);
    assert_int_equal(receive_reply(fd, reply), 1); /* returns at the end of the connection only */
    (void)close(fd);
    fd = client_connect();
    send_begin(fd, AUTHORIZER, 0);
    send_param(fd, "A", "b");
    send_record(fd, PARAMS, "", 0, 0);
    send_nothing(fd);
    (void)shutdown(fd, SHUT_WR);
    assert_int_equal(fcgx_accept(server), ERR_BUSY);
    (void)close(fd);
    buf_free(reply);
}

/* A client in a thread: sends a body of n bytes in records of many sizes, then reads the reply if asked. */
struct big {
    int fd;
    size_t n;
    const char *body;
    bool reads;
    struct buf *reply;
};

static void *big_client(void *arg)
{
    struct big *b = arg;

    send_head(b->fd);
    for (size_t at = 0, step = 1; at < b->n; step = step * 3 % 65535 + 1) {
        size_t part = b->n - at < step ? b->n - at : step;

        send_record(b->fd, STDIN, b->body + at, part, (int)(step % 256));
        at += part;
    }
    send_nothing(b->fd);
    (void)shutdown(b->fd, SHUT_WR);
    if (b->reads)
        (void)receive_reply(b->fd, b->reply);
    (void)close(b->fd);
    return NULL;
}

/* Breaks if a body or a reply of many records, larger than any buffer on the way, is changed; or if a peer that left
 * before the reply is not noticed. */
static void test_large(void **state)
{
    enum { BODY = 3 * 1024 * 1024 };
    char *bytes = malloc(BODY);
    pthread_t thread;

    (void)state;
    for (size_t i = 0; i < BODY; i++)
        bytes[i] = (char)(i * 2654435761U >> 13);
    for (int reads = 0; reads < 2; reads++) {
        struct big b = {.fd = client_connect(), .n = BODY, .body = bytes, .reads = reads != 0, .reply = buf_new(BODY)};
        struct buf *body = buf_new(BODY);

        assert_int_equal(pthread_create(&thread, NULL, big_client, &b), 0);
        assert_int_equal(fcgx_accept(server), OK);
        assert_int_equal(fcgx_read_body(server, body, BODY), OK);
        assert_int_equal(buf_len(body), BODY);
        assert_memory_equal(buf_data(body), bytes, BODY);
        if (!b.reads)
            assert_int_equal(pthread_join(thread, NULL), 0); /* it has left */
        assert_int_equal(fcgx_write(server, bytes, BODY), b.reads ? OK : ERR_IO);
        fcgx_finish(server);
        if (b.reads) {
            assert_int_equal(pthread_join(thread, NULL), 0);
            assert_int_equal(buf_len(b.reply), BODY);
            assert_memory_equal(buf_data(b.reply), bytes, BODY);
        }
        buf_free(body);
        buf_free(b.reply);
    }
    free(bytes);
}

/* R93. Breaks when a worker without descriptors takes that for a request, or does not take the connection afterwards;
 * or when one that cannot be made without memory is made all the same. */
static void test_nothing_left(void **state)
{
    struct rlimit was, none;
    struct fcgx *other = server;
    int fd = client_connect();

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = (struct rlimit){0, was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(fcgx_accept(server), ERR_IO);
    assert_int_equal(fcgx_accept(server), ERR_IO);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    (void)close(fd);
    assert_int_equal(fcgx_accept(server), ERR_BUSY); /* the one that has left meanwhile */
    memory.fail_in = 0;
    memory.on = true;
    assert_int_equal(fcgx_new(&other, listen_fd), ERR_NOMEM);
    memory.on = false;
    assert_null(other);
    assert_int_equal(fcgx_new(&other, -1), ERR_IO);
    fcgx_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good_request, server_new, server_free),
        cmocka_unit_test_setup_teardown(test_bodies, server_new, server_free),
        cmocka_unit_test_setup_teardown(test_nobody_and_leavers, server_new, server_free),
        cmocka_unit_test_setup_teardown(test_silent_peer, server_new, server_free),
        cmocka_unit_test_setup_teardown(test_blocking_socket_refused, server_new, server_free),
        cmocka_unit_test_setup_teardown(test_flags_and_roles, server_new, server_free),
        cmocka_unit_test_setup_teardown(test_nothing_left, server_new, server_free),
        cmocka_unit_test_setup_teardown(test_large, server_new, server_free),
    };

    return cmocka_run_group_tests_name("fcgx", tests, NULL, NULL);
}
