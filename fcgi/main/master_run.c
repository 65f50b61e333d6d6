/* What the master does: one call waits for a signal or for 200 ms; everything else follows from what the kernel and the
 * scoreboard then report.
 *
 * Pitfalls: SIGCHLD does not queue, so waitpid is called until no dead child is left. What a worker has written to its
 * slot is logged escaped and cut, and affects only that worker. If the master itself kills a worker (at its deadline),
 * that does not count as a crash: otherwise eleven slow requests would take the site down. */
#include "master_parts.h"

#include <sys/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gatekeeper.h"
#include "keeper.h"
#include "worker.h"

enum {
    MASTER_TICK_MS = 200,
    MASTER_STOP_S = 10, /* for the workers to finish (R5) */
    MASTER_FORK_RETRY_S = 1,
    MASTER_KEEPER_S = 60 /* for a stage of housekeeping: no setting of requests may end it for ever (R108) */
};

/* The child's side of fork: keeps only its own pool's socket. It clears the sockets' names, so it can never remove one.
 */
static int master_child(struct master *m, int seat, pid_t master)
{
    const struct seat *s = &m->seats[seat];
    struct worker_place place = {
        .pool = s->pool, .index = s->index, .slot = seat, .listen_fd = m->listen_fd[s->pool], .master = master};

    (void)close(m->lock_fd);
    m->lock_fd = -1;
    for (int i = 0; i < POOL_COUNT; i++) {
        m->socket_path[i][0] = '\0';
        if (i == (int)s->pool)
            continue;
        (void)close(m->listen_fd[i]);
        m->listen_fd[i] = -1;
    }
    if (s->pool == POOL_GATE)
        return gatekeeper_main(&m->service, m->board, &place);
    if (s->pool == POOL_KEEPER)
        return keeper_main(&m->service, m->board, &place);
    return worker_main(&m->service, m->board, &place);
}

/* Fills an empty seat. Returns -1 in the master, the exit status in the child. */
static int master_spawn(struct master *m, int seat)
{
    struct seat *s = &m->seats[seat];
    pid_t self = getpid(), pid;

    score_reset(scoreboard_slot(m->board, seat));
    pid = fork();
    if (pid == 0)
        return master_child(m, seat, self);
    if (pid < 0) {
        log_text(LOG_ERROR, "fork_failed", strerror(errno));
        s->restart_us = clock_mono_us() + MASTER_FORK_RETRY_S * SECOND_US;
        return -1;
    }
    s->pid = pid;
    s->overdue = s->retired = false;
    return -1;
}

/* What a worker was doing, as its slot tells it. */
static void master_log_work(struct log_line *l, const struct seat *s, const struct score_view *v, int64_t now_us)
{
    log_str(l, "pool", pool_name(s->pool));
    log_int(l, "worker", s->pid);
    log_int(l, "requests", (int64_t)(v->requests & INT64_MAX));
    if (v->started_us == 0)
        return;
    log_str(l, "route", v->route);
    log_str(l, "request", v->id);
    log_str(l, "phase", phase_name(v->phase));
    log_int(l, "busy_ms", (now_us - v->started_us) / 1000);
}

/* The gate has a place for its successor: what delays the one delays the other. */
static void master_delay(struct master *m, const struct seat *s, int64_t until_us)
{
    for (int i = 0; i < m->n_seats; i++)
        if (&m->seats[i] == s || (s->pool == POOL_GATE && m->seats[i].pool == POOL_GATE))
            m->seats[i].restart_us = until_us;
}

static void master_exit_seen(struct master *m, int seat, int status)
{
    struct seat *s = &m->seats[seat];
    bool normal = WIFEXITED(status) && WEXITSTATUS(status) == 0, storm = m->backoff.storm;
    int64_t now_us = clock_mono_us();
    struct score_view v;
    struct log_line l;

    score_read(scoreboard_slot(m->board, seat), now_us, &v);
    log_begin(&l, normal || s->overdue || m->stopping ? LOG_INFO : LOG_ERROR, "worker_exit");
    master_log_work(&l, s, &v, now_us);
    log_int(&l, WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    log_end(&l);
    score_add(scoreboard_slot(m->board, seat), &m->past);
    memset(m->past.gate.waiting, 0, sizeof(m->past.gate.waiting)); /* what was now is no more */
    m->past.gate.held_bytes = 0;
    score_reset(scoreboard_slot(m->board, seat));
    ++*(s->overdue ? &m->past.overdue : normal ? &m->past.ended : &m->past.crashed);
    s->pid = 0;
    master_delay(m, s, now_us);
    if (normal || s->overdue || m->stopping)
        return;
    master_delay(m, s, backoff_died(&m->backoff, now_us));
    if (m->backoff.storm && !storm) {
        scoreboard_set_steady(m->board, false);
        log_text(LOG_ERROR, "crash_loop", "workers keep crashing: restarts are delayed and /readyz returns 503");
    }
}

static void master_reap(struct master *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < m->n_seats; i++)
            if (m->seats[i].pid == pid)
                master_exit_seen(m, i, status);
}

static int64_t seat_deadline_us(const struct master *m, const struct seat *s)
{
    return (s->pool == POOL_KEEPER ? MASTER_KEEPER_S : m->service.conf.request_deadline_s) * SECOND_US;
}

/* Ends every request that has been busy for longer than its deadline (R2). */
static void master_deadlines(struct master *m, int64_t now_us)
{
    for (int i = 0; i < m->n_seats; i++) {
        struct seat *s = &m->seats[i];
        struct score_view v;
        struct log_line l;

        if (s->pid == 0 || s->overdue)
            continue;
        score_read(scoreboard_slot(m->board, i), now_us, &v);
        if (v.started_us == 0 || now_us - v.started_us < seat_deadline_us(m, s))
            continue;
        s->overdue = true;
        (void)kill(s->pid, SIGKILL);
        log_begin(&l, LOG_ERROR, "deadline");
        master_log_work(&l, s, &v, now_us);
        log_end(&l);
    }
}

/* Once, when every worker has come as far as its loop. */
static void master_log_ready(struct master *m, int64_t now_us)
{
    struct log_line l;

    for (int i = 0; i < m->n_seats; i++) {
        struct score_view v;

        score_read(scoreboard_slot(m->board, i), now_us, &v);
        if (!v.up && (m->seats[i].pool != POOL_GATE || m->seats[i].index == 0))
            return;
    }
    m->ready = true;
    log_begin(&l, LOG_INFO, "ready");
    for (int i = 0; i < POOL_COUNT; i++)
        log_int(&l, pool_name((enum pool)i), service_pool_size(&m->service.conf, (enum pool)i));
    log_str(&l, "weights", m->service.model->sha256);
    log_str(&l, "kernels", cnn_path_name(m->service.cnn));
    log_str(&l, "version", DIGITD_VERSION);
    log_end(&l);
}

/* POOL_COUNT: all of them. */
static void master_signal(const struct master *m, enum pool pool, int signal)
{
    for (int i = 0; i < m->n_seats; i++)
        if (m->seats[i].pid > 0 && (pool == POOL_COUNT || m->seats[i].pool == pool))
            (void)kill(m->seats[i].pid, signal);
}

/* The first time: ends the gate, which needs the workers to answer those that it has; then the workers (master_empty).
 * The second time: kills at once. */
static void master_stop(struct master *m)
{
    int64_t now_us = clock_mono_us();

    if (m->stopping) {
        m->stop_us = now_us;
        return;
    }
    log_text(LOG_INFO, "stopping", "waiting for the requests in progress");
    m->stopping = true;
    m->stop_us = now_us + MASTER_STOP_S * SECOND_US;
    master_socket_remove(m, POOL_GATE);
    master_signal(m, POOL_GATE, WORKER_SIGNAL_DRAIN);
}

static bool master_has_gate(const struct master *m, bool retired_too)
{
    for (int i = 0; i < m->n_seats; i++)
        if (m->seats[i].pool == POOL_GATE && m->seats[i].pid > 0 && (retired_too || !m->seats[i].retired))
            return true;
    return false;
}

/* The gate has ended: no new connections for anybody, and the workers finish. */
static void master_empty(struct master *m)
{
    m->emptying = true;
    master_sockets_remove(m);
    master_signal(m, POOL_COUNT, WORKER_SIGNAL_DRAIN);
}

/* What a reload cannot change: the sockets, the seats, the database. */
static bool master_can_become(const struct master *m, const struct conf *c)
{
    const struct conf *now = &m->service.conf;

    return strcmp(now->run_dir, c->run_dir) == 0 && strcmp(now->database, c->database) == 0 &&
           now->socket_mode == c->socket_mode && now->main_workers == c->main_workers &&
           now->hash_workers == c->hash_workers && now->large_workers == c->large_workers;
}

/* A gate that retires may take a minute to end in peace. Where that leaves no seat for the next one, those that retired
 * before have to hurry. */
static void master_hurry_gates(const struct master *m)
{
    bool is_free = false;

    for (int i = 0; i < m->n_seats; i++)
        is_free = is_free || (m->seats[i].pool == POOL_GATE && m->seats[i].pid == 0);
    for (int i = 0; !is_free && i < m->n_seats; i++)
        if (m->seats[i].pool == POOL_GATE && m->seats[i].retired)
            (void)kill(m->seats[i].pid, WORKER_SIGNAL_DRAIN);
}

/* SIGHUP: loads new settings and weights and tests them before use; then each worker finishes its request and is
 * replaced. The sockets stay open, so nobody is refused. On failure the old ones stay in use. */
static void master_reload(struct master *m)
{
    struct service fresh;
    struct why why = {""};
    struct log_line l;
    enum err e = service_load(&fresh, m->conf_path, &why);

    if (e == OK && !master_can_become(m, &fresh.conf))
        e = err_why(&why, ERR_UNSUPPORTED,
                    "changes to run_dir, database, socket_mode, main_workers, hash_workers and large_workers need "
                    "a restart");
    if (e == OK)
        e = master_log_open(&fresh.conf, &why);
    if (e != OK) {
        log_text(LOG_ERROR, "reload_failed", why.text);
        service_free(&fresh);
        return;
    }
    service_free(&m->service);
    m->service = fresh;
    service_log_warnings(&m->service);
    log_begin(&l, LOG_INFO, "reload");
    log_str(&l, "weights", m->service.model->sha256);
    log_end(&l);
    master_hurry_gates(m);
    master_signal(m, POOL_COUNT, WORKER_SIGNAL_RETIRE);
    for (int i = 0; i < m->n_seats; i++)
        m->seats[i].retired = m->seats[i].pid > 0;
}

/* Fills the seats that are due. Returns -1, or in a child its exit status. */
static int master_fill(struct master *m, int64_t now_us)
{
    for (int i = 0; i < m->n_seats; i++) {
        int status = -1;

        if (m->seats[i].pool == POOL_GATE && master_has_gate(m, false))
            continue;
        if (m->seats[i].pid == 0 && m->seats[i].restart_us <= now_us)
            status = master_spawn(m, i);
        if (status >= 0)
            return status;
    }
    return -1;
}

/* What /metrics tells: at most a tick old. */
static void master_publish(struct master *m, int64_t now_us)
{
    struct counts all = m->past;

    for (int i = 0; i < m->n_seats; i++) {
        struct score_view v;

        if (m->seats[i].pid == 0)
            continue;
        score_add(scoreboard_slot(m->board, i), &all);
        score_read(scoreboard_slot(m->board, i), now_us, &v);
        all.workers += v.up ? 1 : 0;
        all.busy += v.started_us != 0 ? 1 : 0;
    }
    scoreboard_publish(m->board, &all);
}

/* Everything that depends on the time. Returns -1, or in a child its exit status. */
static int master_tick(struct master *m)
{
    int64_t now_us = clock_mono_us();

    master_publish(m, now_us);
    master_deadlines(m, now_us);
    if (m->stopping) {
        if (!m->emptying && !master_has_gate(m, true))
            master_empty(m);
        if (now_us >= m->stop_us)
            master_signal(m, POOL_COUNT, SIGKILL);
        return -1;
    }
    if (backoff_settled(&m->backoff, now_us)) {
        scoreboard_set_steady(m->board, true);
        log_text(LOG_INFO, "crash_loop_over", "no worker has crashed for a minute");
    }
    if (!m->ready)
        master_log_ready(m, now_us);
    return master_fill(m, now_us);
}

static bool master_has_workers(const struct master *m)
{
    for (int i = 0; i < m->n_seats; i++)
        if (m->seats[i].pid > 0)
            return true;
    return false;
}

int master_run(struct master *m)
{
    const struct timespec tick = {.tv_nsec = MASTER_TICK_MS * 1000000L};
    int status;

    service_log_warnings(&m->service);
    status = master_tick(m);
    while (status < 0) {
        switch (sigtimedwait(&m->signals, NULL, &tick)) {
        case SIGTERM:
        case SIGINT:
            master_stop(m);
            break;
        case SIGHUP:
            if (!m->stopping)
                master_reload(m);
            break;
        default: /* SIGCHLD, a tick */
            break;
        }
        master_reap(m);
        status = master_tick(m);
        if (m->stopping && !master_has_workers(m))
            status = EXIT_SUCCESS;
    }
    return status;
}
