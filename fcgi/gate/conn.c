/* A request on its way: what it owns, and what epoll is to tell of it. */
#include <sys/epoll.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate_parts.h"

static void end_watch(struct gate *g, struct end *end, uint32_t wants)
{
    struct epoll_event event = {.events = wants, .data.ptr = end};
    int how = EPOLL_CTL_MOD;

    if (end->fd < 0 || wants == end->wants)
        return;
    if (end->wants == 0)
        how = EPOLL_CTL_ADD;
    else if (wants == 0) /* or it would be told of an end that it cannot do anything about yet, for ever */
        how = EPOLL_CTL_DEL;
    (void)epoll_ctl(g->epoll, how, end->fd, &event);
    end->wants = wants;
}

bool conn_has_output(const struct conn *c)
{
    return c->out_open && c->out_sent < buf_len(c->out);
}

void conn_watch(struct conn *c)
{
    const bool reads =
        c->stage == STAGE_PARAMS || c->stage == STAGE_BODY || c->stage == STAGE_WASTE || c->stage == STAGE_LINGER;
    const bool hears = buf_len(c->out) < GATE_OUT_HIGH_BYTES;

    end_watch(c->gate, &c->client,
              (uint32_t)EPOLLRDHUP | (reads ? (uint32_t)EPOLLIN : 0) | (conn_has_output(c) ? (uint32_t)EPOLLOUT : 0));
    end_watch(c->gate, &c->worker, (c->sent_all ? 0 : (uint32_t)EPOLLOUT) | (hears ? (uint32_t)EPOLLIN : 0));
}

void conn_enter(struct conn *c, enum stage stage)
{
    c->stage = stage;
    c->stage_us = c->gate->now_us;
    conn_watch(c);
}

void conn_free_body(struct conn *c)
{
    if (c->body == NULL)
        return;
    c->gate->counts.held_bytes -= buf_len(c->body);
    buf_free(c->body);
    c->body = NULL;
}

void conn_free(struct conn *c)
{
    buf_free(c->params);
    buf_free(c->pairs);
    buf_free(c->body);
    buf_free(c->head);
    buf_free(c->out);
    explicit_bzero(c, sizeof(*c)); /* told has the head of an answer */
    free(c);
}

void conn_remove(struct conn *c)
{
    struct gate *g = c->gate;

    conn_free_body(c);
    *(c->before == NULL ? &g->first : &c->before->after) = c->after;
    if (c->after != NULL)
        c->after->before = c->before;
    g->n_conns--;
    c->after = g->gone;
    g->gone = c;
}

struct conn *conn_new(struct gate *g, int fd)
{
    struct conn *c = calloc(1, sizeof(*c));

    if (c == NULL)
        goto out;
    c->params = buf_new(GATE_PARAMS_MAX_BYTES);
    c->pairs = buf_new(2 * GATE_PARAMS_MAX_BYTES);
    c->body = buf_new(GATE_PICTURES_MAX_BYTES);
    c->head = buf_new(2 * GATE_PARAMS_MAX_BYTES);
    c->out = buf_new(GATE_OUT_MAX_BYTES);
    if (c->params == NULL || c->pairs == NULL || c->body == NULL || c->head == NULL || c->out == NULL) {
        conn_free(c);
        c = NULL;
        goto out;
    }
    c->gate = g;
    c->client = (struct end){c, fd, 0};
    c->worker = (struct end){c, -1, 0};
    record_reader_init(&c->reader, RECORD_REQUEST);
    c->after = g->first;
    if (g->first != NULL)
        g->first->before = c;
    g->first = c;
    g->n_conns++;
    conn_enter(c, STAGE_PARAMS);
out:
    if (c == NULL)
        (void)close(fd);
    return c;
}

int conn_uploads(const struct gate *g, uint64_t account, size_t *bytes)
{
    int n = 0;

    *bytes = 0;
    for (const struct conn *c = g->first; c != NULL; c = c->after)
        if (c->kind == GATE_PICTURES && c->account == account && c->body != NULL) {
            *bytes += buf_len(c->body);
            n++;
        }
    return n;
}
