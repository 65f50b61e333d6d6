/* What a worker is asked for: the request as it came, with a parameter or two of the gate's own behind it.
 *
 * Pitfalls:
 * - A worker may answer before it has read the whole body (a refusal), and then closes: what is still to be sent fails,
 *   which means nothing. What counts is what can be read until the end.
 * - connect to a Unix socket never waits: EAGAIN says that the backlog is full. It is tried again. */
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "web/ask.h"
#include "gate_parts.h"

static int queue_of(enum errand errand)
{
    return errand == ERRAND_HASH ? GATE_PASSWORDS : errand == ERRAND_LARGE ? GATE_PICTURES : -1;
}

static const struct sockaddr_un *address_of(const struct conn *c)
{
    const int q = queue_of(c->errand);

    return q >= 0 ? &c->gate->pool[q] : &c->gate->main;
}

/* Without a Content-Length (chunked, or HTTP/2) nginx sends none: by now it is known. */
static void head_make(struct conn *c)
{
    const char *length = params_find(c->pairs, "CONTENT_LENGTH");
    char text[24];

    buf_reset(c->head);
    record_add_begin(c->head);
    record_add(c->head, RECORD_PARAMS, buf_data(c->params), buf_len(c->params));
    if (c->errand == ERRAND_ASK)
        record_add_param(c->head, ASK_PARAM, "1");
    if (c->body_ended && (length == NULL || length[0] == '\0')) {
        (void)snprintf(text, sizeof(text), "%zu", buf_len(c->body));
        record_add_param(c->head, ASK_LENGTH_PARAM, text);
    }
    record_add_end(c->head, RECORD_PARAMS);
}

enum err errand_try(struct conn *c)
{
    const struct sockaddr_un *to = address_of(c);
    int fd, error;

    if (buf_status(c->head) != OK)
        return buf_status(c->head);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0) {
        c->worker.fd = fd;
        return OK;
    }
    error = errno;
    if (fd >= 0)
        (void)close(fd);
    return error == EAGAIN || error == EMFILE || error == ENFILE ? ERR_BUSY : ERR_IO;
}

void errand_begin(struct conn *c, enum errand errand)
{
    const int q = queue_of(errand);

    c->errand = errand;
    c->sent = 0;
    c->sent_all = c->heard = c->out_open = false;
    c->with_body = errand != ERRAND_ASK || c->kind == GATE_PASSWORDS;
    told_init(&c->told);
    if (q >= 0) {
        c->gate->running[q]++;
        c->told.kind = TOLD_CLIENT;
        c->out_open = true;
    }
    head_make(c);
}

void errand_end(struct conn *c)
{
    const int q = queue_of(c->errand);

    if (c->worker.fd >= 0)
        (void)close(c->worker.fd);
    c->worker.fd = -1;
    c->worker.wants = 0;
    c->errand = ERRAND_NONE;
    if (q >= 0)
        c->gate->running[q]--;
}

/* The next pieces of head and body; 0: all has been given. */
static int pieces(const struct conn *c, struct iovec v[2], uint8_t head[RECORD_HEAD_BYTES])
{
    const size_t head_n = buf_len(c->head);
    const uint8_t *piece;
    size_t n = 0;

    if (c->sent < head_n) {
        v[0] = (struct iovec){(char *)(uintptr_t)buf_data(c->head) + c->sent, head_n - c->sent};
        return 1;
    }
    piece = record_stdin_at((const uint8_t *)buf_data(c->body), c->with_body ? buf_len(c->body) : 0, c->sent - head_n,
                            head, &n);
    v[0] = (struct iovec){(uint8_t *)(uintptr_t)piece, n};
    return n > 0;
}

void errand_send(struct conn *c)
{
    uint8_t head[RECORD_HEAD_BYTES];
    struct iovec v[2];
    int n;

    while ((n = pieces(c, v, head)) > 0) {
        struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
        ssize_t sent = sendmsg(c->worker.fd, &m, MSG_NOSIGNAL);

        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (sent < 0)
            break; /* it has answered, or died: reading will tell */
        c->sent += (size_t)sent;
    }
    c->sent_all = true;
}

static enum heard bytes_take(struct conn *c, const uint8_t *bytes, size_t n)
{
    c->heard = true;
    if (c->client.fd < 0)
        return HEARD_SOME; /* nobody is there to hear it */
    told_look(&c->told, bytes, n);
    /* What was not asked is no news for the gate. */
    if (c->told.kind == (c->errand == ERRAND_ASK ? TOLD_WHO : TOLD_LARGE))
        return HEARD_TOLD;
    /* A refusal before the body is kept until it is whole: see answered in steps.c. */
    c->out_open = c->out_open || (c->told.kind != TOLD_OPEN && c->errand != ERRAND_ASK);
    return buf_add(c->out, bytes, n) == OK ? HEARD_SOME : HEARD_BROKEN;
}

/* The next bytes. HEARD_SOME: there may be more. *empty: not for now. */
static enum heard bytes_hear(struct conn *c, bool *empty)
{
    struct gate *g = c->gate;
    ssize_t n = recv(c->worker.fd, g->bytes, sizeof(g->bytes), 0);
    enum heard heard;

    *empty = n < 0 && (errno == EAGAIN || errno == EINTR);
    if (*empty)
        return HEARD_SOME;
    if (n <= 0)
        return HEARD_END;
    heard = bytes_take(c, g->bytes, (size_t)n);
    explicit_bzero(g->bytes, (size_t)n); /* a new session may be among them */
    return heard;
}

enum heard errand_receive(struct conn *c)
{
    enum heard heard = HEARD_SOME;
    bool empty = false;

    while (heard == HEARD_SOME && !empty && buf_len(c->out) < GATE_OUT_HIGH_BYTES)
        heard = bytes_hear(c, &empty);
    return heard;
}
