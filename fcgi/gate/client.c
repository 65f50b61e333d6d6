/* A request, from the side of nginx: its bytes become parameters and a body, and an answer becomes bytes.
 *
 * Pitfall: what is behind the answer must be read. nginx may still send a body, and a connection that is closed with
 * unread bytes in it takes the answer with it. */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "gate_parts.h"

enum { READ_FIRST_BYTES = 4 * 1024 }; /* hardly more than parameters, before it is known whose the body is */

static bool params_take(struct conn *c)
{
    const char *pool;

    if (params_split((const uint8_t *)buf_data(c->params), buf_len(c->params), c->pairs) != OK)
        return false;
    pool = params_find(c->pairs, "DIGITD_POOL");
    c->kind = pool != NULL && strcmp(pool, "hash") == 0 ? GATE_PASSWORDS : GATE_PICTURES;
    c->params_ended = true;
    return true;
}

static void body_take(struct conn *c, const uint8_t *bytes, size_t n)
{
    const size_t most = c->kind == GATE_PASSWORDS ? GATE_HASH_BODY_MAX_BYTES : GATE_PICTURES_MAX_BYTES;

    if (c->body == NULL)
        return; /* it has been refused */
    if (n > most - buf_len(c->body)) {
        c->too_large = true;
        return;
    }
    if (buf_add(c->body, bytes, n) == OK) /* else it remembers */
        c->gate->counts.held_bytes += n;
}

static bool part_take(struct conn *c, const struct record_part *part)
{
    if (part->type == RECORD_PARAMS)
        return part->n > 0 ? buf_add(c->params, part->bytes, part->n) == OK : params_take(c);
    if (part->type == RECORD_STDIN && part->n > 0)
        body_take(c, part->bytes, part->n);
    else if (part->type == RECORD_STDIN)
        c->body_ended = true;
    return true;
}

static bool bytes_take(struct conn *c, const uint8_t *bytes, size_t n)
{
    while (n > 0 && !c->too_large) {
        struct record_part part;
        size_t used;

        if (record_read(&c->reader, bytes, n, &used, &part) != OK || !part_take(c, &part))
            return false;
        bytes += used;
        n -= used;
    }
    return true;
}

bool client_receive(struct conn *c)
{
    struct gate *g = c->gate;
    const size_t most = c->stage == STAGE_PARAMS ? READ_FIRST_BYTES : sizeof(g->bytes);
    ssize_t n = recv(c->client.fd, g->bytes, most, 0);
    bool good = true;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return false;
    if (c->stage < STAGE_ANSWER)
        good = bytes_take(c, g->bytes, (size_t)n);
    explicit_bzero(g->bytes, (size_t)n); /* a password may be among them */
    return good;
}

bool client_send(struct conn *c, bool *broken)
{
    *broken = false;
    while (conn_has_output(c)) {
        ssize_t n = send(c->client.fd, buf_data(c->out) + c->out_sent, buf_len(c->out) - c->out_sent, MSG_NOSIGNAL);

        if (n < 0) {
            *broken = errno != EAGAIN && errno != EINTR;
            return false;
        }
        c->out_sent += (size_t)n;
    }
    if (c->out_open) {
        buf_reset(c->out);
        c->out_sent = 0;
    }
    return true;
}
