/* What the master owns: the lock, the sockets, the scoreboard, the log. master_new takes the lock first and touches
 * nothing before.
 *
 * Signals are blocked here, before the first worker starts, and stay blocked in every process, so none is lost in
 * between. */
#include "master_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "files/run_dir.h"
#include "socket.h"
#include "worker.h"

enum {
    /* As many as a pool answers in about 5 s (R10): a longer queue would only wait. */
    MASTER_BACKLOG_MAIN = 1024,
    MASTER_BACKLOG_GATE = 1024,
    MASTER_BACKLOG_INNER = 64, /* the gate sends no more than a pool has processes, but some that it has given up */
    MASTER_BACKLOG_HEALTH = 64,
    MASTER_INNER_MODE = 0600 /* of those that only the gate connects to */
};

static int log_file_fd = -1; /* the only thing that belongs to the process and not to a master */

enum err master_log_open(const struct conf *c, struct why *why)
{
    int fd = -1;

    if (c->log_file[0] != '\0') {
        fd = open(c->log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        if (fd < 0)
            return err_why(why, ERR_IO, "log_file %s: %s", c->log_file, strerror(errno));
    }
    log_init(fd >= 0 ? fd : STDERR_FILENO, (enum log_level)log_level_parse(c->log_level));
    if (log_file_fd >= 0)
        (void)close(log_file_fd);
    log_file_fd = fd;
    return OK;
}

static enum err master_sockets_open(struct master *m, struct why *why)
{
    const struct conf *c = &m->service.conf;
    const int backlog[POOL_COUNT] = {[POOL_MAIN] = MASTER_BACKLOG_MAIN,
                                     [POOL_HASH] = MASTER_BACKLOG_INNER,
                                     [POOL_LARGE] = MASTER_BACKLOG_INNER,
                                     [POOL_GATE] = MASTER_BACKLOG_GATE,
                                     [POOL_HEALTH] = MASTER_BACKLOG_HEALTH};

    for (int i = 0; i < POOL_COUNT; i++) {
        char path[sizeof(m->socket_path[0])];
        enum err e;

        if (i == POOL_KEEPER)
            continue; /* nobody calls it */
        (void)snprintf(path, sizeof(path), "%s/%s.sock", c->run_dir, pool_name((enum pool)i));
        e = socket_listen(path, i == POOL_HASH || i == POOL_LARGE ? MASTER_INNER_MODE & c->socket_mode : c->socket_mode,
                          backlog[i], &m->listen_fd[i], why);
        if (e != OK)
            return e;
        memcpy(m->socket_path[i], path, sizeof(path)); /* ours to remove, from now on */
    }
    return OK;
}

void master_socket_remove(struct master *m, enum pool pool)
{
    if (m->socket_path[pool][0] != '\0')
        (void)unlink(m->socket_path[pool]);
    m->socket_path[pool][0] = '\0';
}

void master_sockets_remove(struct master *m)
{
    for (int i = 0; i < POOL_COUNT; i++)
        master_socket_remove(m, (enum pool)i);
}

static enum err master_seats_new(struct master *m, struct why *why)
{
    for (int i = 0; i < POOL_COUNT; i++)
        m->n_seats += service_pool_size(&m->service.conf, (enum pool)i);
    m->seats = calloc((size_t)m->n_seats, sizeof(*m->seats));
    if (m->seats == NULL || scoreboard_new(&m->board, m->n_seats) != OK)
        return err_why(why, ERR_NOMEM, "out of memory for %d workers", m->n_seats);
    for (int i = 0, seat = 0; i < POOL_COUNT; i++) {
        int size = service_pool_size(&m->service.conf, (enum pool)i);

        for (int index = 0; index < size; index++)
            m->seats[seat++] = (struct seat){.pool = (enum pool)i, .index = index};
    }
    return OK;
}

static void master_signals_block(struct master *m)
{
    static const int ours[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    sigset_t blocked;

    (void)sigemptyset(&m->signals);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        (void)sigaddset(&m->signals, ours[i]);
    blocked = m->signals;
    (void)sigaddset(&blocked, WORKER_SIGNAL_DRAIN); /* a worker that is not yet listening must not die of them */
    (void)sigaddset(&blocked, WORKER_SIGNAL_RETIRE);
    (void)sigprocmask(SIG_SETMASK, &blocked, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL); /* if the parent ignored it, that is inherited, and wait would never see a death */
}

enum err master_new(struct master **out, struct service *service, const char *conf_path, struct why *why)
{
    struct master *m = calloc(1, sizeof(*m));
    enum err e;

    *out = NULL;
    if (m == NULL) {
        service_free(service);
        return err_why(why, ERR_NOMEM, "out of memory");
    }
    m->service = *service;
    memset(service, 0, sizeof(*service));
    m->conf_path = conf_path;
    m->lock_fd = -1;
    m->past.started_s = (uint64_t)clock_wall_s();
    for (int i = 0; i < POOL_COUNT; i++)
        m->listen_fd[i] = -1;
    master_signals_block(m);
    e = run_dir_make(m->service.conf.run_dir, why);
    if (e == OK)
        e = run_dir_lock(m->service.conf.run_dir, &m->lock_fd, why);
    if (e == OK)
        e = store_prepare(m->service.conf.database, why);
    if (e == OK)
        e = master_seats_new(m, why);
    if (e == OK)
        e = master_sockets_open(m, why);
    if (e != OK) {
        master_free(m);
        return e;
    }
    *out = m;
    return OK;
}

void master_free(struct master *m)
{
    if (m == NULL)
        return;
    master_sockets_remove(m);
    for (int i = 0; i < POOL_COUNT; i++)
        if (m->listen_fd[i] >= 0)
            (void)close(m->listen_fd[i]);
    if (m->lock_fd >= 0)
        (void)close(m->lock_fd);
    scoreboard_free(m->board);
    service_free(&m->service);
    free(m->seats);
    free(m);
}
